/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys: those of all pages, those of the page that is shown, and the list of
 * both. Nothing happens while something is typed, or with Ctrl, Alt, Meta. */
'use strict';

Act.keys = (() => {
  const {h} = Act.dom;
  const LIST = [
    ['o', 'overview'],
    ['t', 'table of clusters'],
    ['s', 'search'],
    ['/', 'to the filter, or the search'],
    ['j  k', 'next and previous row'],
    ['Enter', 'open the row'],
    ['[  ]', 'previous and next cluster'],
    ['← →', 'in a sample: token by token; in a matrix: the cell'],
    ['Esc', 'close; leave the field'],
    ['?', 'these keys'],
  ];
  const global = {
    o: () => Act.route.go('#/'),
    t: () => Act.route.go('#/clusters'),
    s: () => Act.route.go('#/search'),
    '?': toggle,
  };
  let local = {};
  let dialog = null;

  function toggle() {
    if (dialog.open)
      dialog.close();
    else
      dialog.showModal();
  }

  function typing(target) {
    return target.matches && target.matches('input, select, textarea');
  }

  function press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (event.key === 'Escape') {
      Act.tips.hide();
      if (typing(event.target)) event.target.blur();
      return;
    }
    if (typing(event.target) || (dialog.open && event.key !== '?')) return;
    const action = local[event.key] || global[event.key];
    if (action && action(event) !== false) event.preventDefault();
  }

  function start() {
    dialog =
        h('dialog', {class: 'keys', 'aria-labelledby': 'keys-title'}, h('h2', {id: 'keys-title'}, 'Keys'),
          h('dl', {}, LIST.map(([key, does]) => h('div', {}, h('dt', {}, h('kbd', {}, key)), h('dd', {}, does)))),
          h('button', {type: 'button', onclick: toggle}, 'Close'));
    document.body.append(dialog);
    document.getElementById('keys-button').addEventListener('click', toggle);
    document.addEventListener('keydown', press);
  }

  /* the page's own, gone with it */
  function page(keys) {
    local = keys;
  }

  return {start, page};
})();
