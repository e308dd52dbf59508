/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A square matrix as a picture of one pixel block a cell, with a cursor that
 * the pointer and the arrow keys move. */
'use strict';

Act.matrix = (() => {
  const {h} = Act.dom;

  function paint(canvas, n, value) {
    const context = canvas.getContext('2d');
    const low = Act.theme.colour('--heat-low');
    const middle = Act.theme.colour('--heat-middle');
    const high = Act.theme.colour('--heat-high');
    const image = context.createImageData(n, n);
    for (let i = 0; i < n * n; i++) {
      const v = Math.min(1, Math.max(0, value(Math.floor(i / n), i % n)));
      const [from, to, part] = v < 0.5 ? [low, middle, v * 2] : [middle, high, v * 2 - 1];
      for (let c = 0; c < 3; c++) image.data[i * 4 + c] = from[c] + (to[c] - from[c]) * part;
      image.data[i * 4 + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  /* value (row, column): 0 to 1; words (row, column): for the tip; open (row) */
  function view({n, label, value, words, open}) {
    const canvas =
        h('canvas', {width: n, height: n, class: 'matrix', tabindex: '0', role: 'application', 'aria-label': label});
    const mark = h('span', {class: 'cell', hidden: true});
    const said = h('span', {class: 'sr', 'aria-live': 'polite'});
    const frame = h('div', {class: 'matrix-frame'}, canvas, mark, said);
    const at = {row: 0, column: 0};
    const go = (row, column) => {
      at.row = Math.max(0, Math.min(n - 1, row));
      at.column = Math.max(0, Math.min(n - 1, column));
      const {left, top, width} = canvas.getBoundingClientRect();
      mark.hidden = false;
      for (const [key, v] of [['--x', at.column], ['--y', at.row], ['--n', n]]) mark.style.setProperty(key, v);
      Act.tips.showAt(left + at.column / n * width, top + at.row / n * width, words(at.row, at.column));
    };
    const pointed = (event) => {
      const {left, top, width} = canvas.getBoundingClientRect();
      go(Math.floor((event.clientY - top) / width * n), Math.floor((event.clientX - left) / width * n));
    };
    const leave = () => {
      mark.hidden = true;
      Act.tips.hide();
    };
    canvas.addEventListener('pointermove', pointed);
    canvas.addEventListener('pointerleave', leave);
    canvas.addEventListener('blur', leave);
    canvas.addEventListener('click', (event) => {
      pointed(event);
      open(at.row, at.column);
    });
    canvas.addEventListener('keydown', (event) => {
      const move = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
      if (event.key === 'Enter') open(at.row, at.column);
      if (!move) return;
      event.preventDefault();
      go(at.row + move[0], at.column + move[1]);
      said.textContent = document.getElementById('tip').textContent;
    });
    return {
      element: frame,
      stop: Act.theme.watch(() => paint(canvas, n, value)),
      repaint: () => paint(canvas, n, value)
    };
  }

  return {view};
})();
