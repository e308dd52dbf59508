/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Light, dark, or what the system says. Kept where the browser lets a page
 * keep something (from a folder not every one does). */
'use strict';

Act.theme = (() => {
  const NEXT = {auto: 'light', light: 'dark', dark: 'auto'};
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const listeners = new Set();
  let chosen = 'auto';

  function read() {
    try {
      return localStorage.getItem('act-theme');
    } catch (e) {
      return null;
    }
  }

  function keep(theme) {
    try {
      localStorage.setItem('act-theme', theme);
    } catch (e) {
      /* then it holds for this visit */
    }
  }

  function apply(theme) {
    chosen = theme in NEXT ? theme : 'auto';
    const button = document.getElementById('theme-button');
    document.documentElement.dataset.theme = chosen === 'auto' ? (dark.matches ? 'dark' : 'light') : chosen;
    button.textContent = {auto: 'Auto', light: 'Light', dark: 'Dark'}[chosen];
    button.setAttribute('aria-label', 'Colours: ' + button.textContent.toLowerCase() + '; change');
    for (const listener of listeners) listener();
  }

  function next() {
    keep(NEXT[chosen]);
    apply(NEXT[chosen]);
  }

  function start() {
    document.getElementById('theme-button').addEventListener('click', next);
    dark.addEventListener('change', () => apply(chosen));
    apply(read() || 'auto');
  }

  /* what canvases are painted with: a custom property as [r, g, b] */
  function colour(name) {
    const value = getComputedStyle(document.documentElement).getPropertyValue(name);
    return value.trim().split(/\s+/).map(Number);
  }

  /* calls at once and on each change until the function returned is called */
  function watch(paint) {
    listeners.add(paint);
    paint();
    return () => listeners.delete(paint);
  }

  return {start, next, colour, watch};
})();
