/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One cluster: its samples, and all that the files say of it. */
'use strict';

Act.route.pages.cluster = (() => {
  const {h, card} = Act.dom;
  const {count, number, percent, plural} = Act.format;
  const {HELP, component, table} = Act.lists;

  function neighbours(line, params) {
    return Act.query.lines(params.get('q') || '').then((lines) => {
      const found = Act.query.sort(lines, params.get('sort') || '');
      const at = found.indexOf(line);
      if (at < 0) return {before: line - 1, after: line + 1 < Act.model.n ? line + 1 : -1, words: ''};
      return {
        before: at > 0 ? found[at - 1] : -1,
        after: at + 1 < found.length ? found[at + 1] : -1,
        words: count(at + 1) + ' of ' + count(found.length)
      };
    });
  }

  const kept = (params) => ({q: params.get('q'), sort: params.get('sort')});

  function heading(line, params, {before, after, words}) {
    const link = (to, text, label) =>
        (to < 0 ? h('span', {class: 'button off', 'aria-hidden': 'true'}, text) :
                  h('a', {class: 'button', href: Act.route.cluster(to, kept(params)), 'aria-label': label}, text));
    return h(
        'div', {class: 'title'}, h('h1', {}, 'Cluster ', h('bdi', {}, Act.model.columns.name[line])),
        h('nav', {class: 'steps', 'aria-label': 'Clusters'}, link(before, '← Previous', 'previous cluster'),
          h('span', {class: 'note'}, words), link(after, 'Next →', 'next cluster'),
          h('a', {
            class: 'note',
            href: Act.route.href('clusters', null, {...kept(params), at: Act.model.columns.name[line]})
          },
            'Table')));
  }

  function figures({line, facts}) {
    const {stats} = line;
    const {size, entropy} = Act.model.columns;
    const i = Act.model.lineOf(line.cluster_hash);
    return Act.lists.stats([
      ['Components', count(size[i]), HELP.size],
      ['Frequency', percent(facts.activation.position_rate), HELP.frequency],
      ['Samples', percent(facts.activation.sample_rate), HELP.samples],
      ['Max', number(stats.max_activation), HELP.max],
      ['Mean', number(stats.mean_activation), HELP.mean],
      ['Entropy', number(entropy[i]), HELP.entropy],
      ['Concentration', percent(stats.token_activations.concentration_ratio), HELP.concentration],
    ]);
  }

  function matrix({line, shown}, stops) {
    const counts = shown.coactivations;
    if (!counts || counts.length < 2) return null;
    /* of a cluster that was cut only some members have counts */
    const names = counts.length === line.components.length ?
        line.components.map(({label}) => label) :
        line.components.filter((_, m) => shown.members && shown.members[m]).map(({label}) => label);
    const jaccard = (i, j) => counts[i][j] / ((counts[i][i] + counts[j][j] - counts[i][j]) || 1);
    const order = Act.order.byLikeness(counts.length, jaccard);
    const picture = Act.matrix.view({
      n: counts.length,
      label: 'Coactivation of components. Arrow keys move, Enter opens the row.',
      value: (r, c) => jaccard(order[r], order[c]),
      words: (r, c) =>
          [h('div', {}, names[order[r]]), r === c ? null : h('div', {}, names[order[c]]),
           h('div', {class: 'note'},
             'together at ' + plural(counts[order[r]][order[c]], 'position') + ', Jaccard index ' +
                 number(jaccard(order[r], order[c])))],
      open: (r) => Act.route.go(Act.route.href('component', names[order[r]])),
    });
    stops.push(picture.stop);
    return h(
        'div', {class: 'small-matrix'}, h('h3', {}, 'Coactivation', Act.tips.help('the colour', HELP.jaccard)),
        picture.element);
  }

  function components(detail, stops) {
    const {line, facts} = detail;
    const listed = facts.members || line.components;
    return card(
        'Components', {help: HELP.mass},
        table(
            'Components',
            [
              ['Component', (row) => component(row.label)],
              ...(facts.members ?
                      [
                        ['Mass', (row) => percent(row.mass_share), true],
                        ['Freq', (row) => percent(row.position_rate), true], ['Max', (row) => number(row.max), true],
                        ['Mean', (row) => number(row.mean), true]
                      ] :
                      []),
            ],
            listed),
        facts.members ? matrix(detail, stops) : h('p', {class: 'note'}, 'This run has no records of components.'));
  }

  async function make({argument, params}, stale) {
    const line = Act.model.lineOf(argument);
    if (line < 0) throw new Error('This run has no cluster “' + argument + '”, or it was never active.');
    const [detail, beside] = await Promise.all([Act.model.detail(line), neighbours(line, params)]);
    /* what follows changes the address, which is another page's by now */
    if (stale()) return null;
    const step = (to) => (to < 0 ? false : Act.route.go(Act.route.cluster(to, kept(params))));
    const stops = [];
    return {
      title: 'Cluster ' + argument,
      content: [
        heading(line, params, beside), figures(detail), detail.cut ? h('p', {class: 'notice'}, detail.cut) : null,
        h('div', {class: 'columns'}, h('div', {}, Act.evidence.ofCluster(detail, params)),
          h('div', {}, Act.evidence.tokens(detail.facts), components(detail, stops),
            Act.evidence.together(
                detail.facts, 'Fires together with',
                'At positions where both are above 0: more than those where it counts as active.')))
      ],
      leave: () => stops.forEach((stop) => stop()),
      ready: () => Act.keys.page(
          {'[': () => step(beside.before), ']': () => step(beside.after), '/': () => Act.route.go('#/clusters')}),
    };
  }

  return {make};
})();
