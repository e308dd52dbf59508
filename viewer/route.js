/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The address is the state: #/page/argument?key=value. Links change it, and
 * so do pages when something is chosen, so that a copied address shows the
 * same thing. */
'use strict';

Act.route = (() => {
  const pages = {};
  let current = null;
  let turn = 0;
  let noting = 0;

  function parse(hash) {
    const [path, search] = splitOnce(hash.replace(/^#\/?/, ''), '?');
    const [page, argument] = splitOnce(path, '/');
    return {page: page || 'overview', argument: decode(argument), params: new URLSearchParams(search)};
  }

  function splitOnce(text, by) {
    const at = text.indexOf(by);
    return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  }

  function decode(text) {
    try {
      return decodeURIComponent(text);
    } catch (e) {
      return text;
    }
  }

  function href(page, argument, params) {
    const kept =
        Object.entries(params || {}).filter(([, value]) => value !== null && value !== undefined && value !== '');
    const search = new URLSearchParams(kept).toString();
    return '#/' + (page === 'overview' ? '' : page) +
        (argument === undefined || argument === null || argument === '' ? '' : '/' + encodeURIComponent(argument)) +
        (search ? '?' + search : '');
  }

  /* other parameters of the page that is shown; no new place in the history */
  function adjust(changes) {
    const state = parse(location.hash);
    const params = {...Object.fromEntries(state.params), ...changes};
    history.replaceState(history.state, '', href(state.page, state.argument, params));
    return params;
  }

  const cluster = (line, params) => href('cluster', Act.model.columns.name[line], params);

  async function show() {
    const state = parse(location.hash);
    const page = pages[state.page];
    const main = document.getElementById('main');
    const mine = ++turn;
    const first = turn === 1;
    clearTimeout(noting);
    Act.tips.hide();
    Act.keys.page({});
    if (current && current.leave) current.leave();
    current = null;
    for (const link of document.querySelectorAll('.top nav a')) {
      const here = link.dataset.page === state.page || (state.page === 'cluster' && link.dataset.page === 'clusters');
      if (here)
        link.setAttribute('aria-current', 'page');
      else
        link.removeAttribute('aria-current');
    }
    if (!page) return missing(main, 'There is no page “' + state.page + '”.');
    const waits = setTimeout(() => main.classList.add('waits'), 120);
    try {
      const made = await page.make(state, () => mine !== turn);
      if (mine !== turn) {
        /* it was left while it loaded */
        if (made && made.leave) made.leave();
        return undefined;
      }
      current = made;
      document.title = made.title + ' · Activations';
      Act.dom.fill(main, made.content);
      main.dataset.page = state.page;
      main.setAttribute('aria-label', made.title);
      if (!first) main.focus({preventScroll: true});
      /* where it was left, if this is a way back */
      window.scrollTo(0, (history.state && history.state.y) || 0);
      if (made.ready) made.ready();
    } catch (e) {
      if (mine === turn) missing(main, e.message);
    } finally {
      clearTimeout(waits);
      if (mine === turn) main.classList.remove('waits');
    }
    return undefined;
  }

  function missing(main, message) {
    document.title = 'Activations';
    main.dataset.page = 'missing';
    Act.dom.fill(
        main,
        Act.dom.h(
            'div', {class: 'problem', role: 'alert'}, Act.dom.h('h1', {}, 'Nothing to show'),
            Act.dom.h('p', {}, message), Act.dom.h('p', {}, Act.dom.h('a', {href: '#/'}, 'Overview'))));
  }

  /* how far down the page is, in its place in the history */
  function note() {
    clearTimeout(noting);
    noting = setTimeout(() => history.replaceState({...history.state, y: window.scrollY}, ''), 200);
  }

  function start() {
    history.scrollRestoration = 'manual';
    window.addEventListener('scroll', note, {passive: true});
    window.addEventListener('hashchange', show);
    return show();
  }

  return {
    pages,
    href,
    cluster,
    adjust,
    parse,
    start,
    missing,
    go: (hash) => {
      location.hash = hash;
    }
  };
})();
