/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of any length of which only the rows in sight are elements. All
 * rows are as high as the custom property --row says. */
'use strict';

Act.rows = (() => {
  const {h} = Act.dom;
  const MORE = 8;

  /* make (number): a row's element; open (number, in a new tab); taken (number)
   * before any way that leads on from the row */
  function view({make, open, taken, label, head}) {
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
        mark(element, number === chosen);
        shown.set(number, element);
        body.insertBefore(element, following(number, end));
      }
    }

    /* elements are in the order of rows: readers go by that */
    function following(number, end) {
      for (let next = number + 1; next < end; next++)
        if (shown.has(next)) return shown.get(next);
      return null;
    }

    function mark(element, here) {
      if (!element) return;
      element.classList.toggle('chosen', here);
      element.setAttribute('aria-selected', String(here));
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
      mark(shown.get(chosen), false);
      chosen = Math.max(0, Math.min(n - 1, number));
      if (seen) show(chosen);
      mark(shown.get(chosen), true);
      if (n > 0)
        scroller.setAttribute('aria-activedescendant', 'row-' + chosen);
      else
        scroller.removeAttribute('aria-activedescendant');
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

    /* the row in the middle of what is in sight */
    function reveal(number) {
      scroller.scrollTop = number * height() - scroller.clientHeight / 2;
      choose(number, true);
    }

    const page = () => Math.max(1, Math.floor(scroller.clientHeight / height()) - 2);
    /* with the focus, so that a screen reader says the row */
    const walk = (to) => () => {
      scroller.focus({preventScroll: true});
      choose(to(), true);
    };
    const lead = (number, aside) => {
      taken(number);
      return open(number, aside);
    };
    const keys = {
      j: walk(() => chosen + 1),
      k: walk(() => chosen - 1),
      ArrowDown: walk(() => chosen + 1),
      ArrowUp: walk(() => chosen - 1),
      PageDown: walk(() => chosen + page()),
      PageUp: walk(() => chosen - page()),
      Home: walk(() => 0),
      End: walk(() => n - 1),
      Enter: (event) => (event.target.closest('a, button') || n === 0 ? false : lead(chosen, false)),
    };

    scroller.addEventListener('scroll', draw, {passive: true});
    body.addEventListener('click', (event) => {
      const row = event.target.closest('[role=row]');
      if (!row || String(getSelection())) return;
      const number = Number(row.getAttribute('aria-rowindex')) - 2;
      if (event.target.closest('a'))
        taken(number);
      else
        lead(number, event.ctrlKey || event.metaKey || event.shiftKey);
    });
    const sized = new ResizeObserver(() => set(n, true));
    return {
      element: scroller,
      set,
      choose,
      reveal,
      keys,
      draw,
      start: () => sized.observe(scroller),
      stop: () => sized.disconnect(),
      chosen: () => chosen
    };
  }

  return {view};
})();
