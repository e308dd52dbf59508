/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of all clusters: filter, order, rows, CSV. */
'use strict';

Act.route.pages.clusters = (() => {
  const {h, fill} = Act.dom;
  const {count, number, percent} = Act.format;
  const {HELP} = Act.lists;
  const COLUMNS = [
    ['name', 'Cluster'],
    [null, 'Activation', 'How often which activation is, from 0 to the largest; log scale.'],
    [null, 'Tokens', 'The tokens with the highest lift. ' + HELP.lift],
    ['size', 'Size', HELP.size],
    ['position_rate', 'Freq', HELP.frequency],
    ['sample_rate', 'Samples', HELP.samples],
    ['max', 'Max', HELP.max],
    ['mean', 'Mean', HELP.mean],
    ['entropy', 'Entropy', HELP.entropy],
    ['concentration', 'Conc.', HELP.concentration],
  ];
  const SYNTAX = [
    ['size>3  freq<1%', 'numbers: size freq samples rows max mean entropy conc'],
    ['size=2..5', 'from .. to'],
    ['layer:1  module:*.mlp.*', 'where components are'],
    ['h.1.mlp.c_fc:17', 'this component; * is anything'],
    ['token:the', 'clusters that list the token'],
    ['words', 'in name, tokens or modules'],
    ['-word', 'turns a word round; all words must hold'],
  ];
  const MOST_TOKENS = 5;

  const syntax = () =>
      h('dl', {class: 'pairs'},
        SYNTAX.map(([word, does]) => h('div', {}, h('dt', {}, h('code', {}, word)), h('dd', {}, does))));

  /* filters that this run has clusters for */
  async function examples() {
    const c = Act.model.columns;
    const {run} = Act.model;
    const counted = new Map();
    for (const ids of c.top_tokens || []) {
      for (const id of ids) {
        const {text, word} = Act.tokens.of(id);
        if (/^[a-z]{4,}$/.test(word) && (text.startsWith(' ') || Act.tokens.habit() === 'pieces'))
          counted.set(id, (counted.get(id) || 0) + 1);
      }
    }
    const token = [...counted].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([id]) => Act.tokens.of(id).word)[0];
    const layers = run.modules.map((_, module) => Act.model.layer(module)).filter((layer) => layer !== null);
    const module = run.modules[run.modules.length - 1];
    const entropies = [...(c.entropy || [])].sort((a, b) => a - b);
    const low = Number((entropies[entropies.length >> 3] || 0).toPrecision(2));
    const wanted = [
      'size>3 freq<1%', layers.length > 0 ? 'layer:' + Math.max(...layers) : null,
      'module:*' + module.slice(module.lastIndexOf('.')), token ? 'token:' + token : null, module + ':*',
      (token ? '-' + token + ' ' : '') + 'entropy<' + low
    ];
    const useful = [];
    for (const text of wanted.filter(Boolean)) {
      /* the token is one that a cluster lists: to look it up would load the vocabulary */
      if (text.startsWith('token:') || (await Act.query.lines(text)).length > 0) useful.push(text);
    }
    return useful;
  }

  /* what the filter asked for comes first */
  function tokens(line, hits) {
    const first = [...new Set(hits.get(line) || [])].slice(0, MOST_TOKENS);
    const rest = Act.model.columns.top_tokens[line].filter((id) => !first.includes(id));
    return h(
        'span', {class: 'chips'}, first.map((id) => Act.tokens.chip(Act.tokens.of(id), {class: 'chip hit'})),
        rest.slice(0, MOST_TOKENS - first.length).map((id) => Act.tokens.chip(Act.tokens.of(id))));
  }

  function row(line, params, hits) {
    const c = Act.model.columns;
    const cell = (key, text) => h('span', {role: 'gridcell', class: 'cell-' + key, 'data-key': key}, text);
    return h(
        'div', {class: 'row', 'data-line': line}, cell('name', Act.lists.cluster(line, params)),
        cell('spark', Act.charts.spark(c.histogram[line])), cell('tokens', tokens(line, hits)),
        cell('size', count(c.size[line])), cell('position_rate', percent(c.position_rate[line])),
        cell('sample_rate', percent(c.sample_rate[line])), cell('max', number(c.max[line])),
        cell('mean', number(c.mean[line])), cell('entropy', number(c.entropy[line])),
        cell('concentration', percent(c.concentration[line])));
  }

  function header(order, sort) {
    return h('div', {class: 'row head', role: 'row', 'aria-rowindex': '1'}, COLUMNS.map(([key, title, help]) => {
      const direction = order === key ? 'ascending' : order === '-' + key ? 'descending' : 'none';
      const cell =
          h('span', {
            role: 'columnheader',
            class: 'cell-' + (key || (title === 'Tokens' ? 'tokens' : 'spark')),
            'aria-sort': key ? direction : null
          },
            key ? h('button', {type: 'button', 'data-sort': key, onclick: () => sort(key)}, title,
                    h('span', {class: 'arrow', 'aria-hidden': 'true'},
                      {ascending: ' ↑', descending: ' ↓', none: ''}[direction])) :
                  title);
      return help ? Act.tips.bind(cell, () => help) : cell;
    }));
  }

  /* a click: falling first, but names rising; again turns it round */
  function turned(order, key) {
    if (order === '-' + key) return key;
    if (order === key) return '-' + key;
    return key === 'name' ? key : '-' + key;
  }

  async function make(state) {
    let q = state.params.get('q') || '';
    let order = state.params.get('sort') || '';
    let found = [];
    let hits = new Map();
    let asked = 0;
    let left = false;
    const head = h('div', {class: 'head-holder', role: 'rowgroup'});
    const said = h('p', {class: 'note', role: 'status'});
    const params = () => ({q, sort: order});
    const name = (number) => Act.model.columns.name[found[number]];
    const open = (number, aside) => {
      const to = Act.route.cluster(found[number], params());
      return aside ? window.open(to, '_blank') : Act.route.go(to);
    };
    /* the way back leads to the row that was opened */
    const taken = (number) => Act.route.adjust({...params(), at: name(number)});
    const list =
        Act.rows.view({label: 'Clusters', head, open, taken, make: (number) => row(found[number], params(), hits)});
    const nothing = h('div', {class: 'nothing', hidden: true});
    const such = h('p', {class: 'examples', hidden: true});
    const input = h('input', {
      type: 'search',
      id: 'filter',
      value: q,
      placeholder: 'size>3 freq<1% token:license',
      'aria-label': 'Filter clusters',
      spellcheck: 'false',
      autocomplete: 'off'
    });

    async function update() {
      const mine = ++asked;
      const [lines, tokensAsked] = await Promise.all([Act.query.lines(q), Act.query.tokensOf(q)]);
      if (mine !== asked) return;
      found = Act.query.sort(lines, order);
      hits = tokensAsked;
      fill(head, header(order, sort));
      said.textContent = found.length === Act.model.n ?
          Act.format.plural(found.length, 'cluster') :
          count(found.length) + ' of ' + Act.format.plural(Act.model.n, 'cluster');
      list.set(found.length);
      list.element.dataset.q = q;
      explain();
    }

    function explain() {
      nothing.hidden = found.length > 0;
      list.element.hidden = found.length === 0;
      if (found.length > 0) return;
      fill(
          nothing, h('p', {}, Act.model.n === 0 ? 'No cluster was active in this run.' : 'No cluster is like that.'),
          Act.query.complaints(q).map((text) => h('p', {}, text)),
          q === '' ? null : h('button', {type: 'button', onclick: () => put('')}, 'Clear the filter'));
    }

    function change() {
      Act.route.adjust({...params(), at: ''});
      update();
    }

    function sort(key) {
      order = turned(order, key);
      change();
      const button = head.querySelector('[data-sort="' + key + '"]');
      if (button) button.focus();
    }

    async function suggest(stale) {
      const some = await examples();
      if (stale() || some.length === 0) return;
      fill(
          such, 'Such as ',
          some.map((text) => h('button', {type: 'button', class: 'example', onclick: () => put(text)}, text)));
      such.hidden = false;
      list.draw();
    }

    /* where the table's head has no room for all columns */
    function orders() {
      const options =
          COLUMNS.filter(([key]) => key).flatMap(([key, title]) => [[key, title + ' ↑'], ['-' + key, title + ' ↓']]);
      return h(
          'select', {
            class: 'orders',
            'aria-label': 'Order',
            onchange: (event) => {
              order = event.currentTarget.value;
              change();
            }
          },
          [['', 'Order'], ...options].map(([key, title]) => h('option', {value: key, selected: key === order}, title)));
    }

    const put = (text) => {
      q = text;
      input.value = text;
      change();
    };
    input.addEventListener('input', () => {
      q = input.value;
      change();
    });
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && found.length > 0) list.element.focus();
    });
    const tools =
        h('div', {class: 'filter'}, input, Act.tips.help('the filter', syntax), orders(),
          h('button', {type: 'button', onclick: () => Act.csv.save(found, 'clusters.csv')}, 'Save as CSV'));
    await update();
    return {
      title: 'Clusters',
      content:
          h('div', {class: 'table-page'}, h('div', {class: 'title'}, h('h1', {}, 'Clusters'), said), tools, such,
            list.element, nothing),
      leave: () => {
        left = true;
        list.stop();
      },
      ready: () => {
        Act.keys.page({...list.keys, '/': () => input.focus()});
        list.start();
        list.draw();
        const at = found.indexOf(Act.model.lineOf(state.params.get('at')));
        if (at >= 0) list.reveal(at);
        suggest(() => left);
      },
    };
  }

  return {make};
})();
