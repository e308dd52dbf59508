/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One box beside whatever is pointed at or has the focus. An element says
 * what is in its box by a function, called when it is needed. */
'use strict';

Act.tips = (() => {
  const {h, fill} = Act.dom;
  const makers = new WeakMap();
  const box = h('div', {id: 'tip', class: 'tip', role: 'tooltip', hidden: true});
  let shown = null;

  function place(x, y, height) {
    box.hidden = false;
    const {width, height: own} = box.getBoundingClientRect();
    const below = y + height + 8 + own < window.innerHeight;
    const left = Math.max(8, Math.min(x, window.innerWidth - width - 8));
    const top = below ? y + height + 8 : Math.max(8, y - own - 8);
    box.style.transform = 'translate(' + Math.round(left) + 'px, ' + Math.round(top) + 'px)';
  }

  function show(element, make) {
    const content = make();
    if (!content) return hide();
    if (shown && shown !== element) shown.removeAttribute('aria-describedby');
    shown = element;
    element.setAttribute('aria-describedby', 'tip');
    fill(box, content);
    const at = element.getBoundingClientRect();
    place(at.left, at.top, at.height);
    return undefined;
  }

  /* for canvases: at a point of the window */
  function showAt(x, y, content) {
    fill(box, content);
    place(x + 12, y, 12);
  }

  function hide() {
    if (shown) shown.removeAttribute('aria-describedby');
    shown = null;
    box.hidden = true;
  }

  const holder = (node) => {
    for (let at = node; at instanceof Element; at = at.parentElement)
      if (makers.has(at)) return at;
    return null;
  };

  function bind(element, make) {
    makers.set(element, make);
    return element;
  }

  /* a small button that says what a number means */
  function help(about, text) {
    return bind(
        h('button', {type: 'button', class: 'help', 'aria-label': 'What is ' + about + '?'}, '?'),
        () => (typeof text === 'function' ? text() : text));
  }

  function start() {
    /* within a landmark, where a reader finds it */
    document.querySelector('.top').append(box);
    const enter = (event) => {
      const element = holder(event.target);
      if (element)
        show(element, makers.get(element));
      else if (shown)
        hide();
    };
    document.addEventListener('pointerover', enter);
    document.addEventListener('focusin', enter);
    document.addEventListener('click', (event) => {
      if (event.target.closest && event.target.closest('.help'))
        enter(event);
      else
        hide();
    });
    window.addEventListener('scroll', hide, {passive: true, capture: true});
  }

  return {start, bind, help, showAt, hide, visible: () => !box.hidden};
})();
