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
  const EXAMPLES =
      ['size>3 freq<1%', 'layer:1', 'module:*.mlp.*', 'token:license', 'h.1.mlp.c_fc:*', '-token:the conc>0.9'];

  function row(line, params) {
    const c = Act.model.columns;
    const cell = (key, text) => h('span', {role: 'gridcell', class: 'cell-' + key, 'data-key': key}, text);
    return h(
        'div', {class: 'row', 'data-line': line}, cell('name', Act.lists.cluster(line, params)),
        cell('spark', Act.charts.spark(c.histogram[line])), cell('tokens', Act.lists.tokens(c.top_tokens[line])),
        cell('size', count(c.size[line])), cell('position_rate', percent(c.position_rate[line])),
        cell('sample_rate', percent(c.sample_rate[line])), cell('max', number(c.max[line])),
        cell('mean', number(c.mean[line])), cell('entropy', number(c.entropy[line])),
        cell('concentration', number(c.concentration[line])));
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
    let asked = 0;
    const head = h('div', {class: 'head-holder', role: 'rowgroup'});
    const said = h('p', {class: 'note', role: 'status'});
    const params = () => ({q, sort: order});
    const open = (number) => Act.route.go(Act.route.cluster(found[number], params()));
    const list = Act.rows.view({label: 'Clusters', head, open, make: (number) => row(found[number], params())});
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
      const lines = await Act.query.lines(q);
      if (mine !== asked) return;
      found = Act.query.sort(lines, order);
      fill(head, header(order, sort));
      said.textContent = found.length === Act.model.n ?
          Act.format.plural(found.length, 'cluster') :
          count(found.length) + ' of ' + Act.format.plural(Act.model.n, 'cluster');
      list.set(found.length);
      list.element.dataset.q = q;
    }

    function change() {
      Act.route.adjust(params());
      update();
    }

    function sort(key) {
      order = turned(order, key);
      change();
      const button = head.querySelector('[data-sort="' + key + '"]');
      if (button) button.focus();
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
        h('div', {class: 'filter'}, input,
          h('button', {type: 'button', onclick: () => Act.csv.save(found, 'clusters.csv')}, 'Save as CSV'));
    await update();
    return {
      title: 'Clusters',
      content:
          h('div', {class: 'table-page'}, h('div', {class: 'title'}, h('h1', {}, 'Clusters'), said), tools,
            h('p', {class: 'examples'}, 'Such as ',
              EXAMPLES.map((text) => h('button', {type: 'button', class: 'example', onclick: () => put(text)}, text))),
            list.element),
      leave: list.stop,
      ready: () => {
        Act.keys.page({...list.keys, '/': () => input.focus()});
        list.start();
        list.draw();
      },
    };
  }

  return {make};
})();
