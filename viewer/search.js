/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A word: the samples that have it, and the clusters that fire on it. A word
 * that is a token is looked up; any other text is looked for in the texts. */
'use strict';

Act.route.pages.search = (() => {
  const {h, card, fill} = Act.dom;
  const {count, number, percent, plural} = Act.format;
  const MOST = 30;
  const AROUND = 24;

  /* where the text is in a list of tokens: their positions, or null */
  function occurrence(ids, wanted) {
    let text = '';
    const starts = ids.map((id) => {
      const token = Act.tokens.of(id);
      if (!token.joins && text !== '') text += ' ';
      text += token.text.toLowerCase();
      return text.length - token.text.length;
    });
    const at = text.indexOf(wanted);
    if (at < 0) return null;
    const found = [];
    starts.forEach((start, p) => {
      const end = start + Act.tokens.of(ids[p]).text.length;
      if (start < at + wanted.length && end > at) found.push(p);
    });
    return found;
  }

  async function byToken(ids) {
    let total = null;
    const wanted = new Set(ids);
    const numbers = new Set();
    const clusters = [];
    /* of a frequent token not all texts are listed */
    let cut = false;
    for (const id of ids) {
      const uses = await Act.model.uses(id);
      cut = cut || uses.nTexts > uses.texts.length;
      if (ids.length === 1) total = uses.nTexts;
      uses.texts.forEach((number) => numbers.add(number));
      clusters.push({id, lines: uses.clusters});
    }
    const texts = [];
    for (const number of [...numbers].sort((a, b) => a - b).slice(0, MOST)) {
      const text = await Act.model.text(number);
      texts.push({...text, marked: text.tokens.flatMap((id, p) => (wanted.has(id) ? [p] : []))});
    }
    if (total === null && !cut) total = numbers.size;
    return {texts, clusters, total};
  }

  async function byText(word, stopped) {
    const texts = [];
    const ids = new Set();
    const wanted = word.toLowerCase();
    for (let number = 0; number < Act.model.run.n_texts && texts.length < MOST; number++) {
      if (stopped()) return null;
      const text = await Act.model.text(number);
      const marked = occurrence(text.tokens, wanted);
      if (!marked) continue;
      texts.push({...text, marked});
      marked.forEach((p) => ids.add(text.tokens[p]));
    }
    const clusters = [];
    for (const id of [...ids].slice(0, 12)) clusters.push({id, lines: (await Act.model.uses(id)).clusters});
    return {texts, clusters, total: texts.length < MOST ? texts.length : null};
  }

  /* total: null if it is not known */
  function howMany(shown, total) {
    if (total === shown) return plural(total, 'text') + ' among those shown of some cluster.';
    return 'The first ' + shown + (total === null ? '' : ' of ' + count(total)) +
        ' texts among those shown of some cluster.';
  }

  function sample({number, hash, tokens, marked}) {
    return h(
        'li', {class: 'sample', 'data-text': number},
        h('div', {class: 'sample-head'}, h('code', {}, hash),
          h('span', {class: 'note'}, plural(marked.length, 'place'))),
        Act.samples.line(tokens, [], {
          window: AROUND,
          marked: new Set(marked),
          tip: (p) => [h(
              'div', {class: 'tip-head'}, Act.tokens.chip(Act.tokens.of(tokens[p])), h('span', {}, 'position ' + p))]
        }));
  }

  function clustersOf({id, lines}) {
    const c = Act.model.columns;
    return [
      h('h3', {}, Act.tokens.chip(Act.tokens.of(id)),
        h('span', {class: 'note'}, ' ' + plural(lines.length, 'cluster'))),
      Act.lists.table(
          'Clusters',
          [
            ['Cluster', (line) => Act.lists.cluster(line)],
            ['Tokens', (line) => Act.lists.tokens(c.top_tokens[line].slice(0, 4))],
            ['Size', (line) => count(c.size[line]), true], ['Freq', (line) => percent(c.position_rate[line]), true],
            ['Max', (line) => number(c.max[line]), true]
          ],
          lines, {limit: 6})
    ];
  }

  function results({texts, clusters, total}) {
    if (texts.length === 0 && clusters.every(({lines}) => lines.length === 0)) {
      return h(
          'p', {class: 'notice'},
          'Nothing found: no token of the vocabulary is that, and no text that is shown has it.');
    }
    return [
      h('p', {class: 'sr', role: 'status'},
        plural(texts.length, 'sample') + ' shown, ' + plural(clusters.length, 'token') + ' with clusters'),
      h('div', {class: 'columns found'},
        card(
            'Clusters that fire on it', {
              help:
                  'Those that have it among their most frequent tokens or those of highest lift, the highest lift first.'
            },
            clusters.map(clustersOf)),
        card(
            'Samples', {class: 'samples-card'}, h('p', {class: 'note'}, howMany(texts.length, total)),
            h('ol', {class: 'samples'}, texts.map(sample))))
    ];
  }

  let turn = 0;

  async function find(word, raw, body, left) {
    const mine = ++turn;
    const stopped = () => mine !== turn || left();
    if (word === '' && raw === null)
      return fill(
          body,
          h('p', {class: 'note'},
            'A word or a piece of text. Blanks in front count: “ the” is another token than “the”.'));
    const ids = await (raw !== null ? Act.tokens.named(raw) : Act.tokens.matching(word.replace(/\*/g, '')));
    const found = ids.length > 0 ? await byToken(ids) : await byText(word, stopped);
    if (found && !stopped()) {
      fill(body, results(found));
      body.dataset.q = word;
    }
    return body;
  }

  async function make({params}, stale) {
    const raw = params.get('raw');
    const word = params.get('q') || '';
    const body = h('div');
    const input = h('input', {
      type: 'search',
      id: 'search',
      value: raw === null ? word : Act.tokens.ofString(raw).text,
      placeholder: 'license',
      'aria-label': 'Word',
      spellcheck: 'false',
      autocomplete: 'off'
    });
    let wait = 0;
    let left = false;
    input.addEventListener('input', () => {
      clearTimeout(wait);
      wait = setTimeout(() => {
        Act.route.adjust({q: input.value, raw: ''});
        find(input.value, null, body, () => left);
      }, 150);
    });
    await find(word, raw, body, stale);
    return {
      title: 'Search',
      content: [h('div', {class: 'title'}, h('h1', {}, 'Search')), h('div', {class: 'filter'}, input), body],
      leave: () => {
        left = true;
        clearTimeout(wait);
      },
      ready: () => {
        Act.keys.page({'/': () => input.focus()});
        if (word === '' && raw === null) input.focus();
      },
    };
  }

  return {make};
})();
