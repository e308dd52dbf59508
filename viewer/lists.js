/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces that several pages show: tokens, links to clusters, what they are. */
'use strict';

Act.lists = (() => {
  const {h} = Act.dom;
  const {count, number, percent, plural} = Act.format;

  const HELP = {
    size: 'How many components are in the cluster.',
    frequency: 'Position rate: at how many of all positions of the run the cluster is active, which is above the ' +
        'threshold of the settings.',
    samples: 'Sample rate: in how many of all samples it is active at one position at least.',
    max: 'The largest activation in the run.',
    mean: 'Mean activation over the stored samples, zeros included.',
    entropy: 'Of the tokens that it is active at, in nats: 0 if it is always the same one, ln (n) if it is n ' +
        'tokens equally often. Low means that the cluster is about few tokens.',
    concentration: 'The share of active positions that the most frequent tenth of its tokens has. Near 1 means that ' +
        'a few tokens make up nearly all; one tenth means that all are equally frequent.',
    lift: 'How many times as frequent the token is where the cluster is active as it is in the run. 1: the ' +
        'two have nothing to do with each other.',
    jaccard: 'Of the positions at which one of the two is above 0, the part at which both are.',
    mass: 'Sum of the absolute activations of components over the stored samples.',
  };

  const tokens = (ids) => h('span', {class: 'chips'}, ids.map((id) => Act.tokens.chip(Act.tokens.of(id))));

  const cluster = (line, params) =>
      h('a', {href: Act.route.cluster(line, params), class: 'name'}, Act.model.columns.name[line]);

  const component = (label) => h('a', {href: Act.route.href('component', label), class: 'label'}, label);

  function brief(line) {
    const c = Act.model.columns;
    return [
      h('strong', {}, c.name[line]), h('div', {}, tokens(c.top_tokens[line])),
      h('div', {class: 'note'}, plural(c.size[line], 'component') + ', active at ' + percent(c.position_rate[line]))
    ];
  }

  /* clusters one below the other: columns of words at the end */
  function clusters(lines, value, which = 'top_tokens') {
    return h(
        'ol', {class: 'list'},
        lines.map(
            (line, i) =>
                h('li', {}, cluster(line), tokens(Act.model.columns[which][line].slice(0, 3)),
                  value ? h('span', {class: 'value'}, value(line, i)) : null)));
  }

  function stats(items) {
    return h(
        'dl', {class: 'stats'},
        items.filter(Boolean).map(
            ([name, value, help]) =>
                h('div', {}, h('dt', {}, name, help ? Act.tips.help(name, help) : null), h('dd', {}, value))));
  }

  /* columns [title, row => cell, is a number] */
  function table(label, columns, rows, {limit = 12} = {}) {
    const body = h('tbody');
    const add = (from, to) => body.append(...rows.slice(from, to).map(
        (row, i) =>
            h('tr', {},
              columns.map(([, cell, numeric]) => h('td', {class: numeric ? 'num' : null}, cell(row, from + i))))));
    add(0, limit);
    const more = rows.length > limit ? h('button', {
      type: 'button',
      class: 'more',
      onclick: (event) => {
        add(limit, rows.length);
        event.currentTarget.remove();
      }
    },
                                         'Show all ' + count(rows.length)) :
                                       null;
    return h(
        'div', {class: 'table-frame'},
        h('table', {'aria-label': label},
          h('thead', {},
            h('tr', {},
              columns.map(([title, , numeric]) => h('th', {scope: 'col', class: numeric ? 'num' : null}, title)))),
          body),
        more);
  }

  /* a ranking's lists of equal length as objects */
  const ranked = (ranking) => ranking[Object.keys(ranking)[0]].map(
      (_, i) => Object.fromEntries(Object.entries(ranking).map(([key, list]) => [key, list[i]])));

  return {tokens, cluster, component, brief, clusters, stats, table, ranked, HELP, number};
})();
