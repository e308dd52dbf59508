/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One component, as a cluster: its samples, tokens and histograms. Of a run
 * that has nothing of components by themselves, its activations at the samples
 * that are shown of its cluster; what is counted then says over what. */
'use strict';

Act.route.pages.component = (() => {
  const {h, card, choice, fill} = Act.dom;
  const {count, number, percent} = Act.format;
  const {HELP, component, table} = Act.lists;
  const FIRST = 12;

  /* member: of the cluster's facts; own: of components by themselves; or null */
  function figures(member, own) {
    return Act.lists.stats([
      ['Frequency', percent(member.position_rate), HELP.frequency.replace('the cluster', 'the component')],
      ['Samples', percent(member.sample_rate), HELP.samples],
      ['Max', number(member.max), HELP.max],
      ['Mean', number(member.mean), HELP.mean],
      ['Median', number(member.median)],
      member.mass_share === undefined ? null : ['Share of mass', percent(member.mass_share), HELP.mass],
      own ? ['Entropy', number(own.entropy), HELP.entropy] : null,
      own ? ['Concentration', percent(own.concentration), HELP.concentration.replace('cluster', 'component')] : null,
    ]);
  }

  /* as the cluster's facts have them, of which a very large one lists only some */
  function numbersOf(own) {
    const {n_samples: n, n_ctx: positions} = Act.model.run;
    return {
      position_rate: own.n_active_positions / (n * positions),
      sample_rate: own.n_active_samples / n,
      max: own.max,
      mean: own.n_samples > 0 ? own.sum / (own.n_samples * positions) : 0,
      median: own.median
    };
  }

  /* how its tokens are spread, if that is known */
  function spread(own, line) {
    if (!own || !own.same) return own;
    const {entropy, concentration} = Act.model.columns;
    const i = Act.model.lineOf(line.cluster_hash);
    return {entropy: entropy[i], concentration: concentration[i]};
  }

  /* the columns of a ranking, with the rates that a cluster's has */
  function rates(table, ranking) {
    const strings = ranking.token.map((id) => Act.tokens.of(id).raw);
    const given = ranking.count.map((n) => n / table.n_active_positions);
    return {
      ...ranking,
      token: strings,
      p_token_given_active: given,
      lift: given.map((p, i) => p / (ranking.run_count[i] / table.n_positions))
    };
  }

  const withRates = (table) =>
      ({...table, by_count: rates(table, table.by_count), by_lift: rates(table, table.by_lift)});

  /* what else fires in a sample: known where the cluster shows it too */
  function beside(detail, label) {
    return (sample) => {
      const k = detail.shown.sample.indexOf(sample);
      if (k < 0) return [];
      const {own, members} = Act.samples.ofShown(detail, k);
      return [own, ...members.filter(({name}) => name !== label)];
    };
  }

  /* all that its cluster is */
  const whole = (detail, params) =>
      [h('p', {class: 'note'}, 'Its cluster is nothing else: what follows is true of both.'),
       h('div', {class: 'columns'}, h('div', {}, Act.evidence.ofCluster(detail, params)),
         h('div', {}, Act.evidence.tokens(detail.facts), Act.evidence.together(detail.facts)))];

  function content(own, detail, label, params) {
    if (!own) return fallback(detail, label);
    return own.same ? whole(detail, params) : evidence(own, detail, label, params);
  }

  /* its own; of a run that has none, its cluster's */
  const companions = ({coactivating}, {facts, line}) =>
      (coactivating ?
           Act.evidence.together(
               {coactivating}, 'Fires together with',
               'Clusters other than its own, at positions where both it and they are above 0.') :
           Act.evidence.together(facts, 'Its cluster fires together with', line.cluster_hash + ' as a whole'));

  function evidence(own, detail, label, params) {
    const subject = {...own, name: label, line: {components: []}, beside: beside(detail, label)};
    const facts = {tokens: withRates(own.tokens), next_tokens: withRates(own.next_tokens)};
    return [
      own.cut ? h('p', {class: 'notice'}, own.cut) : null,
      h('div', {class: 'columns'},
        h('div', {}, Act.evidence.samples(subject, own.samples, params), Act.evidence.distributions([
          ['Activation', own.all_activations, true],
          ['Place of the maximum, 0 to 1', own.max_activation_position, false],
          ['Highest max activation, of samples', own.max_activation, true]
        ])),
        h('div', {}, Act.evidence.tokens(facts), together(detail, label), companions(own, detail)))
    ];
  }

  /* dense rows of the member at all shown samples, those that peak highest first */
  function rowsOf(detail, m) {
    const found = detail.shown.members && detail.shown.members[m];
    if (!found) return null;
    const rows = found.map((pair, k) => ({k, row: Act.samples.dense(pair, Act.model.run.n_ctx)}));
    for (const item of rows) item.best = item.row[Act.samples.peak(item.row)];
    return rows.sort((a, b) => b.best - a.best || a.k - b.k);
  }

  function samples(detail, m, rows) {
    const body = h('ol', {class: 'samples'});
    const draw = (around) => fill(
        body,
        rows.filter(({best}) => best > 0)
            .slice(0, FIRST)
            .map(
                ({k}, i) =>
                    Act.samples.item(detail, k, {picks: [m], around: 'component', window: around, rank: i + 1})));
    draw(FIRST);
    return card(
        'Samples', {
          class: 'samples-card',
          tools: choice('How much of them', [[FIRST, 'Near the maximum'], [null, 'Whole samples']], FIRST, draw)
        },
        h('p', {class: 'note'}, 'Of those shown of its cluster, where this component is most active.'), body);
  }

  function tokens(detail, rows) {
    const threshold = Act.model.run.model_info.settings.activation_threshold;
    const found = new Map();
    for (const {k, row} of rows) {
      row.forEach((q, p) => {
        const id = detail.tokenLists[k][p];
        const entry = found.get(id) || {id, count: 0, all: 0};
        entry.all++;
        if (q / 255 * detail.shown.member_scale > threshold) entry.count++;
        found.set(id, entry);
      });
    }
    const list = [...found.values()]
                     .filter((entry) => entry.count > 0)
                     .sort((a, b) => b.count - a.count || a.id - b.id)
                     .slice(0, 30);
    const link = (token) => h('a', {href: Act.route.href('search', null, {raw: token.raw})}, Act.tokens.chip(token));
    return card(
        'Tokens', {},
        table(
            'Tokens',
            [
              ['Token', ({id}) => link(Act.tokens.of(id))], ['Active', (entry) => count(entry.count), true],
              ['In them', (entry) => count(entry.all), true],
              ['Share', (entry) => percent(entry.count / entry.all), true]
            ],
            list),
        h('p', {class: 'note'},
          'Counted over the ' + rows.length +
              ' samples that are shown of its cluster, and about: from levels of colour.'));
  }

  function histograms(detail, rows) {
    const scale = detail.shown.member_scale || 1;
    const values = rows.flatMap(({row}) => [...row].map((q) => q / 255 * scale));
    const places = rows.filter(({best}) => best > 0).map(({row}) => Act.samples.peak(row));
    const activation = Act.charts.bins(values, 10, false);
    const position = Act.charts.bins(places, 10, false);
    return card(
        'Distributions', {},
        h('div', {class: 'charts'},
          Act.charts.histogram('Activation', activation.edges, activation.counts, {log: true}),
          places.length > 0 ? Act.charts.histogram('Position of the maximum', position.edges, position.counts) : null),
        h('p', {class: 'note'}, 'Over the ' + rows.length + ' samples that are shown of its cluster.'));
  }

  function together(detail, label) {
    const {line, shown} = detail;
    const m = line.components.findIndex((other) => other.label === label);
    const counts = shown.coactivations;
    if (m < 0 || !counts || counts.length !== line.components.length || counts.length < 2) return null;
    const list = line.components
                     .map(({label}, j) => ({
                            label,
                            n: counts[m][j],
                            jaccard: counts[m][j] / ((counts[m][m] + counts[j][j] - counts[m][j]) || 1)
                          }))
                     .filter((_, j) => j !== m)
                     .sort((a, b) => b.jaccard - a.jaccard);
    return card(
        'In the same cluster', {help: HELP.jaccard},
        table(
            'Components',
            [
              ['Component', (row) => component(row.label)], ['Jaccard', (row) => number(row.jaccard), true],
              ['Both above 0', (row) => count(row.n), true]
            ],
            list));
  }

  function heading(label, lines, line) {
    const at = Act.model.column(label);
    const size = Act.model.run.components[Act.model.moduleOf(at)];
    const index = Number(label.slice(label.lastIndexOf(':') + 1));
    const module = label.slice(0, label.lastIndexOf(':'));
    const link = (i, text) =>
        (i < 0 || i >= size ? h('span', {class: 'button off', 'aria-hidden': 'true'}, text) :
                              h('a', {class: 'button', href: Act.route.href('component', module + ':' + i)}, text));
    return [
      h('div', {class: 'title'}, h('h1', {}, 'Component ', h('bdi', {}, label)),
        h('nav', {class: 'steps', 'aria-label': 'Components'}, link(index - 1, '← Previous'),
          link(index + 1, 'Next →'))),
      h('p', {class: 'where'},
        lines.length === 0 ?
            'In no cluster that was ever active, so this run holds nothing about it.' :
            [
              'In ',
              lines.map(
                  (other, i) =>
                      [i > 0 ? ', ' : '',
                       other === line ?
                           Act.lists.cluster(other) :
                           h('a', {href: Act.route.href('component', label, {in : Act.model.columns.name[other]})},
                             Act.model.columns.name[other])]),
              '. ', h('a', {href: Act.route.href('clusters', null, {q: 'module:' + module})}, 'Clusters of ', module)
            ])
    ];
  }

  /* of a run that has nothing of components by themselves */
  function fallback(detail, label) {
    const m = detail.line.components.findIndex((other) => other.label === label);
    const rows = m < 0 ? null : rowsOf(detail, m);
    if (rows === null) return h('p', {class: 'notice'}, detail.cut || 'This run has no records of components.');
    return h(
        'div', {class: 'columns'}, h('div', {}, samples(detail, m, rows), histograms(detail, rows)),
        h('div', {}, tokens(detail, rows), together(detail, label)));
  }

  async function make({argument, params}, stale) {
    const column = Act.model.column(argument);
    if (column < 0) throw new Error('The model of this run has no component “' + argument + '”.');
    const lines = Act.model.clustersOf(column);
    const wanted = Act.model.lineOf(params.get('in'));
    const line = lines.includes(wanted) ? wanted : lines[0];
    const title = 'Component ' + argument;
    if (line === undefined) return {title, content: heading(argument, lines, line)};
    const member = Act.model.columns.members[line].indexOf(column);
    const [detail, known] = await Promise.all([Act.model.detail(line), Act.model.component(line, member)]);
    const coactivating = known && !known.same ? await Act.model.companions(line, member) : null;
    const own = known && {...known, coactivating};
    /* what follows changes the address, which is another page's by now */
    if (stale()) return null;
    const listed = (detail.facts.members || []).find(({label}) => label === argument);
    const numbers = listed || (own ? numbersOf(own) : null);
    return {
      title,
      content: [
        heading(argument, lines, line), numbers ? figures(numbers, spread(own, detail.line)) : null,
        content(own, detail, argument, params)
      ],
    };
  }

  return {make};
})();
