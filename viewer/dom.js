/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements out of data. Strings become text nodes and nothing else, so that
 * nothing from the data is ever read as markup. */
'use strict';

Act.dom = (() => {
  const SVG = 'http://www.w3.org/2000/svg';

  function put(element, children) {
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false) continue;
      element.append(child instanceof Node ? child : String(child));
    }
    return element;
  }

  /* what a key of attributes means: on.. a listener, style.. custom
   * properties (an attribute "style" would be refused by the policy) */
  function set(element, attributes) {
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith('on'))
        element.addEventListener(key.slice(2), value);
      else if (key.startsWith('--'))
        element.style.setProperty(key, value);
      else
        element.setAttribute(key, value === true ? '' : value);
    }
    return element;
  }

  const h = (name, attributes, ...children) => put(set(document.createElement(name), attributes), children);
  const s = (name, attributes, ...children) => put(set(document.createElementNS(SVG, name), attributes), children);

  function fill(element, ...children) {
    element.replaceChildren();
    return put(element, children);
  }

  /* one of several, as buttons in a row; choose (value) */
  function choice(label, options, chosen, choose) {
    const group = h('div', {class: 'choice', role: 'group', 'aria-label': label});
    for (const [value, text] of options) {
      group.append(
          h('button', {
            type: 'button',
            'aria-pressed': String(value === chosen),
            onclick: (event) => {
              for (const other of group.children)
                other.setAttribute('aria-pressed', String(other === event.currentTarget));
              choose(value);
            },
          },
            text));
    }
    return group;
  }

  function card(title, attributes, ...children) {
    const {help, tools, class: more, ...rest} = attributes || {};
    return h(
        'section', {class: 'card ' + (more || ''), ...rest},
        h('header', {class: 'card-head'},
          h('div', {class: 'card-title'}, h('h2', {}, title), help ? Act.tips.help(title, help) : null), tools),
        children);
  }

  return {h, s, fill, choice, card};
})();
