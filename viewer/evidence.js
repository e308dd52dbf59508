/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What shows what something does, a cluster or a component: its samples, how
 * its activations are distributed, its tokens, and what fires with it. */
'use strict';

Act.evidence = (() => {
  const {h, card, choice, fill} = Act.dom;
  const {count, number, percent, plural} = Act.format;
  const {HELP, ranked, table} = Act.lists;
  const FIRST = 12;
  const NEAR = 12;
  const PICKED = 64;

  function picker(detail, state, draw) {
    const {line, facts, shown} = detail;
    if (!shown.members) return null;
    const share = (m) => (facts.members ? facts.members[m].mass_share : null);
    const mass = (m) => (facts.members ? facts.members[m].mass : 0);
    const all = line.components.map((_, m) => m).filter((m) => shown.members[m]);
    const some = all.sort((a, b) => mass(b) - mass(a) || a - b).slice(0, PICKED);
    const n = Act.model.columns.members[Act.model.lineOf(line.cluster_hash)].length;
    return h(
        'details', {class: 'picker', open: state.picks.length > 0}, h('summary', {}, 'By component'),
        some.length < n ? h('p', {class: 'note'}, 'of ' + count(n) + ' the ' + count(some.length) + ' of most mass') :
                          null,
        h('div', {class: 'picks', role: 'group', 'aria-label': 'Components to show'},
          some.map(
              (m) =>
                  h('button', {
                    type: 'button',
                    'aria-pressed': String(state.picks.includes(m)),
                    'data-pick': m,
                    class: state.picks.includes(m) ? 'pick c' + state.picks.indexOf(m) : 'pick',
                    onclick: () => {
                      const others = state.picks.filter((p) => p !== m);
                      state.picks =
                          others.length < state.picks.length ? others : [...others, m].slice(-Act.samples.BANDS);
                      draw();
                      document.querySelector('[data-pick="' + m + '"]').focus();
                    },
                  },
                    h('i', {class: 'swatch', 'aria-hidden': 'true'}), line.components[m].label,
                    share(m) === null ? null : h('span', {class: 'note'}, ' ', percent(share(m)))))));
  }

  /* what is chosen is in the address */
  function chosen(params, lists, members) {
    const list = params.get('list');
    return {
      list: lists.includes(list) ? list : lists[0],
      all: params.get('all') === '1',
      window: params.get('window') === 'all' ? null : NEAR,
      picks: (params.get('pick') || '')
                 .split(',')
                 .filter((p) => /^\d+$/.test(p))
                 .map(Number)
                 .filter((m) => m < members)
                 .slice(0, Act.samples.BANDS),
    };
  }

  /* of one component in its colour, of several in theirs */
  function ramp(shown, picks) {
    const bands = picks.length === 0 ? [''] : picks.map((_, i) => 'c' + i);
    return h(
        'p', {class: 'ramp', 'aria-hidden': 'true'}, h('span', {}, '0'), bands.map((band) => h('i', {class: band})),
        h('span', {}, number(picks.length === 0 ? shown.scale : shown.member_scale)));
  }

  /* listed: by key, which of the shown samples, in order */
  function samples(detail, listed, params) {
    const {shown} = detail;
    const lists = Object.keys(listed);
    const state = chosen(params, lists, detail.line.components.length);
    const body = h('div');
    const name = (key) => (key === 'random' ? 'At random' : Act.format.criterion(key));
    const tools =
        h('div', {class: 'card-tools'},
          choice(
              'Which samples', lists.map((key) => [key, name(key)]), state.list,
              (list) => {
                state.list = list;
                draw();
              }),
          choice('How much of them', [[NEAR, 'Near the maximum'], [null, 'Whole samples']], state.window, (around) => {
            state.window = around;
            draw();
          }));

    function draw() {
      Act.route.adjust({
        list: state.list === lists[0] ? '' : state.list,
        window: state.window === null ? 'all' : '',
        pick: state.picks.join(','),
        all: state.all ? '1' : ''
      });
      const rows = listed[state.list];
      const some = state.all ? rows : rows.slice(0, FIRST);
      fill(
          body, ramp(shown, state.picks), picker(detail, state, draw),
          h('ol', {class: 'samples'}, some.map((k, i) => Act.samples.item(detail, k, {...state, rank: i + 1}))),
          rows.length === 0 ? h('p', {class: 'note'}, 'None.') : null,
          some.length < rows.length ? h('button', {
            type: 'button',
            class: 'more',
            onclick: () => {
              state.all = true;
              draw();
            }
          },
                                        'Show all ' + rows.length) :
                                      null);
    }
    draw();
    return card('Samples', {tools, class: 'samples-card'}, body);
  }

  /* [title, histogram or null, logarithmic] */
  function distributions(shown) {
    return card(
        'Distributions', {},
        h('div', {class: 'charts'},
          shown.filter(([, histogram]) => histogram).map(([
                                                           title, {bin_edges: edges, bin_counts: counts}, log
                                                         ]) => Act.charts.histogram(title, edges, counts, {log}))));
  }

  function tokens(facts) {
    const kinds = {lift: ['tokens', 'by_lift'], count: ['tokens', 'by_count'], next: ['next_tokens', 'by_lift']};
    const body = h('div');
    const draw = (kind) => {
      const [which, order] = kinds[kind];
      fill(
          body,
          table(
              'Tokens',
              [
                [
                  'Token',
                  (row) =>
                      h('a', {href: Act.route.href('search', null, {raw: row.token})},
                        Act.tokens.chip(Act.tokens.ofString(row.token)))
                ],
                ['Lift', (row) => number(row.lift), true],
                ['Count', (row) => count(row.count), true],
                ['In the run', (row) => count(row.run_count), true],
                ['Share', (row) => percent(row.p_token_given_active), true],
              ],
              ranked(facts[which][order])),
          h('p', {class: 'note'},
            plural(facts[which].n_unique, 'different token') + ' at ' +
                plural(facts[which].n_active_positions, 'active position')));
    };
    draw('lift');
    return card(
        'Tokens', {
          help: HELP.lift,
          tools: choice(
              'Which tokens', [['lift', 'Highest lift'], ['count', 'Most frequent'], ['next', 'Next token']], 'lift',
              draw)
        },
        body);
  }

  function together(facts, title = 'Fires together with', words = null) {
    const body = h('div');
    const draw = (order) => fill(body, table('Clusters that fire together with this one', [
      ['Cluster', (row) => h('a', { href: Act.route.cluster(row.line) }, row.cluster_hash)],
      ['Tokens', (row) => Act.lists.tokens(Act.model.columns.top_tokens[row.line].slice(0, 3))],
      ['Jaccard', (row) => number(row.jaccard), true],
      ['Lift', (row) => number(row.lift), true],
      ['Count', (row) => count(row.count), true],
    ], ranked(facts.coactivating[order])));
    draw('by_jaccard');
    return card(
        title, {
          help: HELP.jaccard,
          tools: choice('Order', [['by_jaccard', 'Jaccard'], ['by_count', 'Count']], 'by_jaccard', draw)
        },
        words === null ? null : h('p', {class: 'note'}, words), body);
  }

  /* by list, which of the shown samples; of long lists only the beginning is shown */
  function listed({facts, shown}) {
    const places = shown.places && new Map(shown.places.map((place, k) => [place, k]));
    const shownAt = (row) => (places ? places.get(row - shown.first_row) : row - shown.first_row);
    const begin = (found) => (found.includes(undefined) ? found.slice(0, found.indexOf(undefined)) : found);
    return Object.fromEntries(Object.entries(facts.samples).map(([key, {row}]) => [key, begin(row.map(shownAt))]));
  }

  const histograms = ({stats}) => distributions([
    ['Activation', stats.all_activations, true], ['Place of the maximum, 0 to 1', stats.max_activation_position, false],
    ...Act.model.run.criteria.map((key) => [Act.format.criterion(key) + ', of samples', stats[key], true])
  ]);

  /* a cluster's samples and distributions */
  const ofCluster = (detail, params) => [samples(detail, listed(detail), params), histograms(detail.line)];

  return {ofCluster, samples, distributions, tokens, together};
})();
