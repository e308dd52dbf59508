/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One cluster: its samples, and all that the files say of it. */
'use strict';

Act.route.pages.cluster = (() => {
  const {h, card, choice, fill} = Act.dom;
  const {count, number, percent, plural} = Act.format;
  const {HELP, component, ranked, table} = Act.lists;
  const FIRST = 12;
  const NEAR = 12;

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
    const tokens = stats.token_activations;
    return Act.lists.stats([
      ['Components', count(line.components.length), HELP.size],
      ['Frequency', percent(facts.activation.position_rate), HELP.frequency],
      ['Samples', percent(facts.activation.sample_rate), HELP.samples],
      ['Max', number(stats.max_activation), HELP.max],
      ['Mean', number(stats.mean_activation), HELP.mean],
      ['Entropy', number(tokens.entropy), HELP.entropy],
      ['Concentration', percent(tokens.concentration_ratio), HELP.concentration],
    ]);
  }

  function picker(detail, state, draw) {
    const {line, facts, shown} = detail;
    if (!shown.members) return null;
    const share = (m) => (facts.members ? facts.members[m].mass_share : null);
    const some = line.components.map((_, m) => m).filter((m) => shown.members[m]).slice(0, 64);
    return h(
        'details', {class: 'picker', open: state.picks.length > 0}, h('summary', {}, 'By component'),
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

  function samples(detail, params) {
    const {facts, shown} = detail;
    const lists = Object.keys(facts.samples);
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
      const rows = facts.samples[state.list].row;
      const some = state.all ? rows : rows.slice(0, FIRST);
      fill(
          body, ramp(shown, state.picks), picker(detail, state, draw),
          h('ol', {class: 'samples'},
            some.map((row, i) => Act.samples.item(detail, row - shown.first_row, {...state, rank: i + 1}))),
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

  function histograms({stats}) {
    const shown = [
      ['Activation', stats.all_activations, true],
      ['Place of the maximum, 0 to 1', stats.max_activation_position, false],
      ...Act.model.run.criteria.map((key) => [Act.format.criterion(key) + ', of samples', stats[key], true])
    ];
    return card(
        'Distributions', {},
        h('div', {class: 'charts'}, shown.map(([title, {bin_edges: edges, bin_counts: counts},
                                                log]) => Act.charts.histogram(title, edges, counts, {log}))));
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

  function together(facts) {
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
        'Fires together with', {
          help: HELP.jaccard,
          tools: choice('Order', [['by_jaccard', 'Jaccard'], ['by_count', 'Count']], 'by_jaccard', draw)
        },
        body);
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
        h('div', {class: 'columns'}, h('div', {}, samples(detail, params), histograms(detail.line)),
          h('div', {}, tokens(detail.facts), components(detail, stops), together(detail.facts)))
      ],
      leave: () => stops.forEach((stop) => stop()),
      ready: () => Act.keys.page(
          {'[': () => step(beside.before), ']': () => step(beside.after), '/': () => Act.route.go('#/clusters')}),
    };
  }

  return {make};
})();
