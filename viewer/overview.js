/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first page: what was run, and all clusters at a glance. */
'use strict';

Act.route.pages.overview = (() => {
  const {h, card, choice} = Act.dom;
  const {count, number, percent, plural} = Act.format;
  const {HELP} = Act.lists;
  const OFTEN = 20;
  const FOCUSED = 12;
  const id = (text) => (text ? h('code', {title: text}, text.slice(0, 12)) : 'not known');

  function about() {
    const {model_info: model} = Act.model.run;
    const {settings, clustering} = model;
    const rows = [
      ['Run', h('bdi', {}, Act.model.info.title || 'without a title')],
      ['Model', id(model.model)],
      ['Tokenizer', id(model.tokenizer)],
      ['Vocabulary', plural(model.vocab_size, 'token')],
      ['Texts', plural(model.n_texts, 'different text') + ' of ' + plural(model.sequence_length, 'token')],
      [
        'Clustering',
        [clustering.run + ', iteration ' + clustering.iteration + ', ' + clustering.reduction + ' of components']
      ],
      ['Active', 'above ' + number(settings.activation_threshold)],
      ['Criteria', settings.criteria.map(Act.format.criterion).join(', ')],
      ['Made', [h('time', {}, String(Act.model.info.date || '').replace('T', ' ').replace('Z', ' UTC'))]],
      ['By', model.generator],
    ];
    return card(
        'What was run', {},
        h('dl', {class: 'facts'}, rows.map(([key, value]) => h('div', {}, h('dt', {}, key), h('dd', {}, value)))));
  }

  function figures() {
    const {run} = Act.model;
    return Act.lists.stats([
      ['Clusters', h('a', {href: '#/clusters'}, count(run.n_lines))],
      ['Components', count(run.model_info.n_components)],
      ['Modules', count(run.modules.length)],
      ['Samples', count(run.n_samples)],
      ['Positions', count(run.model_info.n_positions)],
    ]);
  }

  const filter = (name, edges, i, last) => Act.route.go(
      Act.route.href('clusters', null, {q: `${name}>=${edges[i]} ${name}<${last ? '=' : ''}${edges[i + 1]}`}));

  function spread(title, key, name, log, unit, help) {
    const values = Act.model.columns[key];
    const top = values.reduce((a, b) => Math.max(a, b), 0);
    const whole = key === 'size' && top <= 24;
    const found = whole ? {
      edges: Array.from({length: top + 1}, (_, i) => i + 1),
      counts: Array.from({length: top}, (_, i) => values.filter((v) => v === i + 1).length)
    } :
                          Act.charts.bins(values, 16, log);
    const {edges, counts} = found;
    return Act.charts.histogram(title, edges, counts, {
      help,
      unit,
      log: whole,
      whole,
      choose: (i) => filter(name, edges, i, !whole && i === counts.length - 1),
    });
  }

  function top(key) {
    const all = Array.from({length: Act.model.n}, (_, line) => line);
    return Act.query.sort(all, '-' + key).slice(0, 5);
  }

  function sizes() {
    const c = Act.model.columns;
    return [
      card(
          'Clusters by size', {}, spread('Components in a cluster', 'size', 'size', true, number, HELP.size),
          h('h3', {}, 'Largest'), Act.lists.clusters(top('size'), (line) => count(c.size[line]))),
      card(
          'Clusters by frequency', {}, spread('Position rate', 'position_rate', 'freq', true, percent, HELP.frequency),
          h('h3', {}, 'Most frequent'),
          Act.lists.clusters(top('position_rate'), (line) => percent(c.position_rate[line]))),
    ];
  }

  /* where to begin: clusters that fire on few different tokens, and not just a few times */
  function focused() {
    const c = Act.model.columns;
    const all = Array.from({length: Act.model.n}, (_, line) => line);
    const often = all.filter((line) => c.position_rate[line] * Act.model.run.model_info.n_positions >= OFTEN);
    const lines = Act.query.sort(often, 'entropy').slice(0, FOCUSED);
    if (lines.length === 0) return null;
    return card(
        'Clusters about few tokens', {
          help: 'Those of lowest entropy that are active at ' + OFTEN + ' positions or more. ' + HELP.entropy,
          class: 'focused',
          tools: h('a', {href: Act.route.href('clusters', null, {sort: 'entropy'})}, 'All, by entropy')
        },
        Act.lists.clusters(lines, (line) => percent(c.position_rate[line]), 'common_tokens'));
  }

  function mass() {
    const {run} = Act.model;
    if (!run.mass) return null;
    const total = run.mass.modules.reduce((a, b) => a + b, 0) || 1;
    return card(
        'Activation mass', {help: HELP.mass}, h('h3', {}, 'By layer'),
        Act.charts.bars(
            run.mass.layers.map(([layer, value]) => ({
                                  label: layer === null ? 'no layer' : 'layer ' + layer,
                                  value: value / total,
                                  href: layer === null ? null : Act.route.href('clusters', null, {q: 'layer:' + layer}),
                                }))),
        h('h3', {}, 'By module'),
        Act.charts.bars(run.modules.map((name, i) => ({
                                          label: name,
                                          value: run.mass.modules[i] / total,
                                          href: Act.route.href('clusters', null, {q: 'module:' + name}),
                                        }))));
  }

  /* from 0 to 1 by where a value is among those of pairs; 0 on the diagonal */
  function contrast(n, value) {
    const pairs = [];
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) pairs.push(value(i, j));
    pairs.sort((a, b) => a - b);
    const low = pairs[Math.floor(pairs.length * 0.02)];
    const high = pairs[Math.floor(pairs.length * 0.995)];
    return (i, j) => (i === j ? 0 : (value(i, j) - low) / ((high - low) || 1));
  }

  function heat({lines, counts}, stops) {
    const n = lines.length;
    if (n < 2) return null;
    const jaccard = (i, j) => counts[i][j] / ((counts[i][i] + counts[j][j] - counts[i][j]) || 1);
    const order = Act.order.byLikeness(n, jaccard);
    const measures = {jaccard: contrast(n, jaccard), count: contrast(n, (i, j) => Math.log1p(counts[i][j]))};
    let measure = 'jaccard';
    const at = (k) => lines[order[k]];
    const picture = Act.matrix.view({
      n,
      label: 'Coactivation of ' + n + ' clusters. Arrow keys move, Enter opens the row.',
      value: (row, column) => measures[measure](order[row], order[column]),
      words: (row, column) =>
          [h('div', {}, h('strong', {}, Act.model.columns.name[at(row)]), ' ',
             Act.lists.tokens(Act.model.columns.top_tokens[at(row)].slice(0, 3))),
           row === column ? null :
                            h('div', {}, h('strong', {}, Act.model.columns.name[at(column)]), ' ',
                              Act.lists.tokens(Act.model.columns.top_tokens[at(column)].slice(0, 3))),
           h('div', {class: 'note'},
             row === column ? plural(counts[order[row]][order[row]], 'position') :
                              'together at ' + plural(counts[order[row]][order[column]], 'position') +
                     ', Jaccard index ' + number(jaccard(order[row], order[column]))),
    ],
      open: (row) => Act.route.go(Act.route.cluster(at(row))),
    });
    stops.push(picture.stop);
    const tools = choice('Measure', [['jaccard', 'Jaccard'], ['count', 'Count']], measure, (value) => {
      measure = value;
      picture.repaint();
    });
    return card(
        'Coactivation of clusters', {help: HELP.jaccard, tools, class: 'heat'}, picture.element,
        h('p', {class: 'note'}, `The ${n} that are active at most positions, like ones side by side.`));
  }

  async function make() {
    let left = false;
    const stops = [() => {
      left = true;
    }];
    const {clustering} = Act.model.run.model_info;
    const found = Act.model.n > 0 ? await Act.data.load('heat') : {lines: []};
    const map = Act.model.n > 1 ? Act.map.view(() => left) : null;
    if (map) stops.push(map.unwatch, map.stop);
    const content = [
      h('div', {class: 'title'}, h('h1', {}, 'Overview'),
        Act.model.info.title ? h('p', {class: 'subject'}, h('bdi', {}, Act.model.info.title)) : null,
        h('p', {class: 'note'}, 'Run ', h('bdi', {}, clustering.run), ', iteration ' + clustering.iteration)),
      Act.model.run.model_info.incomplete ?
          h('p', {class: 'problem'}, 'Incomplete: ' + Act.model.run.model_info.incomplete + '.') :
          null,
      Act.model.n === 0 ?
          h('p', {class: 'problem'},
            Act.model.run.n_samples === 0 ? 'This run has no samples: its text was shorter than one of them.' :
                                            'No cluster was ever active in this run.') :
          null,
      figures(),
      h('div', {class: 'grid'}, map ? card('Map of clusters', {class: 'wide'}, map.element) : null, heat(found, stops),
        Act.model.n > 0 ? [focused(), sizes()] : null, mass(), about()),
    ];
    return {title: 'Overview', content, ready: () => map && map.start(), leave: () => stops.forEach((stop) => stop())};
  }

  return {make};
})();
