/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The map of clusters: a dot each, as large as its frequency, in the colour
 * of the layer that has most of its components. */
'use strict';

Act.map = (() => {
  const {h} = Act.dom;
  const HEIGHT = 500;
  let made = null;

  function layerOf(line) {
    const counts = new Map();
    for (const column of Act.model.columns.members[line]) {
      const layer = Act.model.layer(Act.model.moduleOf(column));
      counts.set(layer, (counts.get(layer) || 0) + 1);
    }
    return [...counts].reduce((best, item) => (item[1] > best[1] ? item : best), [null, 0])[0];
  }

  /* all but the outermost hundredth fill the picture; those stand at its edge */
  function spread(values, size) {
    const sorted = Float64Array.from(values).sort();
    const low = sorted[Math.floor(sorted.length * 0.005)];
    const high = sorted[Math.ceil(sorted.length * 0.995) - 1];
    return (v) => 14 + Math.max(0, Math.min(1, (v - low) / (high - low || 1))) * (size - 28);
  }

  function dots(canvas, places) {
    const {position_rate: rates} = Act.model.columns;
    const width = canvas.clientWidth;
    const [sx, sy] = [spread(places.x, width), spread(places.y, HEIGHT)];
    const least = Act.model.n > 3000 ? 1.5 : 2.5;
    return rates.map((rate, line) => ({x: sx(places.x[line]), y: sy(places.y[line]), r: least + 9 * Math.sqrt(rate)}));
  }

  function paint(canvas, list, layers, chosen) {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = HEIGHT * ratio;
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    list.forEach((dot, line) => {
      context.beginPath();
      context.arc(dot.x, dot.y, dot.r, 0, 2 * Math.PI);
      context.fillStyle = 'rgb(' + layers.colour(line).join(' ') + ' / 0.72)';
      context.fill();
    });
    if (chosen === null) return;
    context.strokeStyle = 'rgb(' + Act.theme.colour('--ink').join(' ') + ')';
    context.lineWidth = 2;
    context.beginPath();
    context.arc(list[chosen].x, list[chosen].y, list[chosen].r + 3, 0, 2 * Math.PI);
    context.stroke();
  }

  function palette() {
    const all = [...new Set(Act.model.run.modules.map((_, i) => Act.model.layer(i)))];
    const of = Array.from({length: Act.model.n}, (_, line) => all.indexOf(layerOf(line)));
    const ends = () => [Act.theme.colour('--layer-first'), Act.theme.colour('--layer-last')];
    const mixed = (i) => {
      const [from, to] = ends();
      const part = all.length > 1 ? i / (all.length - 1) : 0;
      return from.map((c, k) => Math.round(c + (to[k] - c) * part));
    };
    let shades = [];
    return {
      all,
      fresh: () => {
        shades = all.map((_, i) => mixed(i));
      },
      colour: (line) => shades[of[line]],
      shade: (i) => shades[i]
    };
  }

  function legend(layers) {
    const named = layers.all.length <= 8 ?
        layers.all.map((layer, i) => [layer, i]) :
        [[layers.all[0], 0], [layers.all[layers.all.length - 1], layers.all.length - 1]];
    return h(
        'p', {class: 'legend'},
        named.map(
            ([layer, i]) =>
                h('span', {}, h('i', {class: 'dot', '--dot': layers.shade(i).join(' '), 'aria-hidden': 'true'}),
                  layer === null ? 'no layer' : 'layer ' + layer)));
  }

  function closest(list, x, y) {
    let best = null;
    let least = 400;
    list.forEach((dot, line) => {
      const d = (dot.x - x) ** 2 + (dot.y - y) ** 2 - dot.r ** 2;
      if (d < least) [best, least] = [line, d];
    });
    return best;
  }

  function view(stopped) {
    const canvas = h('canvas', {
      class: 'map',
      tabindex: '0',
      role: 'application',
      'aria-label':
          'Map of clusters by coactivation. Arrow keys go from cluster to cluster, Enter opens one; the table lists all.'
    });
    const said = h('p', {class: 'note', role: 'status'}, 'Placing clusters …');
    const heard = h('span', {class: 'sr', 'aria-live': 'polite'});
    const layers = palette();
    const key = h('div');
    let list = [];
    let chosen = null;
    const choose = (line) => {
      chosen = line;
      paint(canvas, list, layers, line);
      if (line === null) return Act.tips.hide();
      const at = canvas.getBoundingClientRect();
      Act.tips.showAt(at.left + list[line].x, at.top + list[line].y, Act.lists.brief(line));
      return undefined;
    };
    const pointed = (event) => {
      const at = canvas.getBoundingClientRect();
      return closest(list, event.clientX - at.left, event.clientY - at.top);
    };
    canvas.addEventListener('pointermove', (event) => {
      const line = pointed(event);
      if (line !== chosen) choose(line);
    });
    canvas.addEventListener('pointerleave', () => list.length > 0 && choose(null));
    canvas.addEventListener('click', (event) => {
      const line = pointed(event);
      if (line !== null) Act.route.go(Act.route.cluster(line));
    });
    canvas.addEventListener('keydown', (event) => {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
      if (event.key === 'Enter' && chosen !== null) Act.route.go(Act.route.cluster(chosen));
      if (!step || list.length === 0) return;
      event.preventDefault();
      choose(((chosen ?? -step) + step + list.length) % list.length);
      heard.textContent = document.getElementById('tip').textContent;
    });
    const draw = () => {
      layers.fresh();
      Act.dom.fill(key, legend(layers));
      if (!made) return;
      list = dots(canvas, made);
      paint(canvas, list, layers, chosen);
    };
    async function start() {
      const {near, near_jaccard: jaccard} = Act.model.columns;
      made = made || await Act.embed.places(near, jaccard, stopped);
      if (!made) return;
      canvas.dataset.placed = 'yes';
      said.textContent = 'Dots near each other are active together; larger ones more often.';
      draw();
    }
    const sized = new ResizeObserver(draw);
    return {
      element: h('div', {}, canvas, key, said, heard),
      start: () => {
        sized.observe(canvas);
        return start();
      },
      unwatch: Act.theme.watch(draw),
      stop: () => sized.disconnect(),
    };
  }

  return {view};
})();
