/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of data/, by name, loaded when they are asked for. Each is a script
 * that calls actdata with base64 of gzip of JSON; in a page that was exported
 * into one file they are elements that are no scripts. Small files are kept,
 * of the large ones the last few. */
'use strict';
window.Act = {};

Act.data = (() => {
  const KEPT = {clusters: 6, components: 6, texts: 12, search: 12, vocabulary: 1};
  const waiting = new Map();
  const kept = new Map();

  window.actdata = (name, packed) => {
    const wanted = waiting.get(name);
    if (wanted) wanted(packed);
  };

  function byScript(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      const file = 'data/' + name + '.js';
      const end = (settle, value) => {
        waiting.delete(name);
        script.remove();
        settle(value);
      };
      waiting.set(name, (packed) => end(resolve, packed));
      script.onerror = () => end(reject, new Error(file + ' cannot be read'));
      script.onload = () => {
        if (waiting.has(name)) end(reject, new Error(file + ' does not hold ' + name));
      };
      script.src = file;
      document.head.append(script);
    });
  }

  function packedOf(name) {
    const inside = document.querySelector('script[data-name="' + name + '"]');
    return inside ? Promise.resolve(inside.textContent) : byScript(name);
  }

  function bytesOf(packed) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(packed);
    const text = atob(packed);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  async function read(name) {
    if (!window.DecompressionStream) {
      throw new Error('this browser is too old: it has no DecompressionStream (Chromium 80, Firefox 113, Safari 16.4)');
    }
    const bytes = bytesOf(await packedOf(name));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    let found = null;
    try {
      found = JSON.parse(await new Response(stream).text());
    } catch (e) {
      throw new Error('data/' + name + '.js is damaged (' + e.message + ')');
    }
    /* of the tokens that the file names */
    if (found.strings && !Array.isArray(found.strings)) Act.tokens.learn(found.strings);
    return found;
  }

  /* drops what was used longest ago of this kind */
  function forget(kind) {
    const names = [...kept.keys()].filter((name) => name.startsWith(kind + '-'));
    for (const name of names.slice(0, Math.max(0, names.length - KEPT[kind]))) kept.delete(name);
  }

  function load(name) {
    const kind = name.split('-')[0];
    const found = kept.get(name) || read(name);
    kept.delete(name);
    kept.set(name, found);
    found.catch(() => kept.delete(name));
    if (kind in KEPT) forget(kind);
    return found;
  }

  /* of several files the last one that begins at or before something; begins (first) */
  function place(firsts, begins) {
    let low = 0;
    let high = firsts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (begins(firsts[middle]))
        low = middle;
      else
        high = middle - 1;
    }
    return low;
  }

  const part = (kind, number) => load(kind + '-' + String(number).padStart(3, '0'));

  const parts = (kind, count) => Promise.all(Array.from({length: count}, (_, i) => part(kind, i)));

  /* the file that has an item, where files begin with these */
  const holding = (kind, firsts, number) => part(kind, place(firsts, (first) => first <= number));

  return {load, part, parts, place, holding};
})();
