/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small charts as SVG. Counts go up to the largest; where zeros would hide
 * all else the height is logarithmic, and the caption says so. */
'use strict';

Act.charts = (() => {
  const {h, s} = Act.dom;
  const {number, count, percent} = Act.format;

  function heights(counts, log) {
    const scale = log ? (n) => Math.log1p(n) : (n) => n;
    const top = Math.max(...counts.map(scale), 0) || 1;
    return counts.map((n) => (n > 0 ? Math.max(0.03, scale(n) / top) : 0));
  }

  /* edges: one more than counts; choose (low, high, is_last) makes bars buttons */
  function histogram(
      title, edges, counts, {log = false, whole = false, choose = null, help = null, unit = number} = {}) {
    const bars = heights(counts, log);
    const step = 100 / counts.length;
    const words = (i) =>
        (whole ? unit(edges[i]) : unit(edges[i]) + ' to ' + unit(edges[i + 1])) + ': ' + count(counts[i]);
    const svg =
        s('svg', {
          viewBox: '0 0 100 40',
          preserveAspectRatio: 'none',
          class: 'histogram',
          role: choose ? 'group' : 'img',
          'aria-label': title + '. ' + counts.map((n, i) => words(i)).join('; '),
        },
          counts.map((n, i) => {
            const bar =
                s('g',
                  choose && n > 0 ? {
                    class: 'pick',
                    role: 'button',
                    tabindex: '0',
                    'aria-label': words(i),
                    onclick: () => choose(i),
                    onkeydown: (event) => event.key === 'Enter' && choose(i),
                  } :
                                    {},
                  s('rect', {class: 'behind', x: i * step, y: 0, width: step, height: 40}), s('rect', {
                    class: 'bar',
                    x: i * step + step * 0.06,
                    y: 40 - bars[i] * 40,
                    width: step * 0.88,
                    height: bars[i] * 40
                  }));
            return Act.tips.bind(bar, () => words(i));
          }));
    return h(
        'figure', {class: 'chart'},
        h('figcaption', {}, title, log ? h('span', {class: 'note'}, ' log scale') : null,
          help ? Act.tips.help(title, help) : null),
        svg,
        h('div', {class: 'ends', 'aria-hidden': 'true'}, h('span', {}, unit(edges[0])),
          h('span', {}, unit(edges[edges.length - (whole ? 2 : 1)]))));
  }

  function spark(counts) {
    const bars = heights(counts, true);
    const step = 60 / counts.length;
    return s('svg', {viewBox: '0 0 60 20', class: 'spark', 'aria-hidden': 'true'}, s('path', {
               d: bars.map((bar, i) => `M${i * step + step * 0.08} 20V${20 - bar * 20}h${step * 0.84}V20z`).join('')
             }));
  }

  /* rows of {label (node or string), value, words, href} */
  function bars(rows, words = percent) {
    const top = Math.max(...rows.map((row) => row.value || 0), 0) || 1;
    return h(
        'ul', {class: 'bars'},
        rows.map(
            (row) =>
                h('li', {},
                  row.href ? h('a', {href: row.href, class: 'bar-name'}, row.label) :
                             h('span', {class: 'bar-name'}, row.label),
                  h('span', {class: 'track', '--part': String((row.value || 0) / top), 'aria-hidden': 'true'}),
                  h('span', {class: 'bar-value'}, row.words ?? words(row.value)))));
  }

  /* about n edges for values, at equal steps or, for log, at equal factors */
  function bins(values, n, log) {
    const kept = log ? values.filter((v) => v > 0) : values;
    if (kept.length === 0) return {edges: [0, 1], counts: [0]};
    const turn = log ? Math.log : (v) => v;
    const back = log ? Math.exp : (v) => v;
    let low = Infinity;
    let high = -Infinity;
    for (const v of kept) {
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
    const [from, to] = low === high ? [low, low * 2 || 1] : [low, high];
    const edges = Array.from({length: n + 1}, (_, i) => back(turn(from) + (turn(to) - turn(from)) * i / n));
    edges[0] = from;
    edges[n] = to;
    const counts = new Array(n).fill(0);
    for (const v of kept) {
      let i = n - 1;
      while (i > 0 && v < edges[i]) i--;
      counts[i]++;
    }
    return {edges, counts};
  }

  return {histogram, spark, bars, bins};
})();
