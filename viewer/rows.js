/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of any length of which only the rows in sight are elements. All
 * rows are as high as the custom property --row says. */
'use strict';

Act.rows = (() => {
  const {h} = Act.dom;
  const MORE = 8;

  /* make (number): a row's element; open (number) */
  function view({make, open, label, head}) {
    const body = h('div', {class: 'rows', role: 'rowgroup'});
    const scroller = h('div', {class: 'scroller', role: 'grid', tabindex: '0', 'aria-label': label}, head, body);
    const shown = new Map();
    let n = 0;
    let chosen = 0;

    const height = () => parseFloat(getComputedStyle(scroller).getPropertyValue('--row')) || 44;

    function draw() {
      const row = height();
      const first = Math.max(0, Math.floor((scroller.scrollTop - (head ? head.offsetHeight : 0)) / row) - MORE);
      const end = Math.min(n, Math.ceil((scroller.scrollTop + scroller.clientHeight) / row) + MORE);
      for (const [number, element] of shown) {
        if (number < first || number >= end) {
          element.remove();
          shown.delete(number);
        }
      }
      for (let number = first; number < end; number++) {
        if (shown.has(number)) continue;
        const element = make(number);
        element.id = 'row-' + number;
        element.setAttribute('role', 'row');
        element.setAttribute('aria-rowindex', String(number + 2));
        element.style.transform = 'translateY(' + number * row + 'px)';
        element.classList.toggle('chosen', number === chosen);
        shown.set(number, element);
        body.append(element);
      }
    }

    function set(count, keep) {
      n = count;
      for (const element of shown.values()) element.remove();
      shown.clear();
      body.style.height = n * height() + 'px';
      scroller.setAttribute('aria-rowcount', String(n + 1));
      if (!keep) scroller.scrollTop = 0;
      choose(keep ? Math.min(chosen, Math.max(0, n - 1)) : 0);
      draw();
    }

    function choose(number, seen) {
      const old = shown.get(chosen);
      if (old) old.classList.remove('chosen');
      chosen = Math.max(0, Math.min(n - 1, number));
      if (seen) show(chosen);
      const now = shown.get(chosen);
      if (now) now.classList.add('chosen');
      scroller.setAttribute('aria-activedescendant', 'row-' + chosen);
    }

    function show(number) {
      const row = height();
      const above = head ? head.offsetHeight : 0;
      const top = number * row;
      if (top < scroller.scrollTop)
        scroller.scrollTop = top;
      else if (top + row + above > scroller.scrollTop + scroller.clientHeight)
        scroller.scrollTop = top + row + above - scroller.clientHeight;
      draw();
    }

    const page = () => Math.max(1, Math.floor(scroller.clientHeight / height()) - 2);
    const keys = {
      j: () => choose(chosen + 1, true),
      k: () => choose(chosen - 1, true),
      ArrowDown: () => choose(chosen + 1, true),
      ArrowUp: () => choose(chosen - 1, true),
      PageDown: () => choose(chosen + page(), true),
      PageUp: () => choose(chosen - page(), true),
      Home: () => choose(0, true),
      End: () => choose(n - 1, true),
      Enter: (event) => (event.target.closest('a, button') || n === 0 ? false : open(chosen)),
    };

    scroller.addEventListener('scroll', draw, {passive: true});
    body.addEventListener('click', (event) => {
      const row = event.target.closest('[role=row]');
      if (!row || event.target.closest('a') || String(getSelection())) return;
      open(Number(row.getAttribute('aria-rowindex')) - 2);
    });
    const sized = new ResizeObserver(() => set(n, true));
    return {
      element: scroller,
      set,
      choose,
      keys,
      draw,
      start: () => sized.observe(scroller),
      stop: () => sized.disconnect(),
      chosen: () => chosen
    };
  }

  return {view};
})();
