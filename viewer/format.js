/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as words, the same in every place and every locale. */
'use strict';

Act.format = (() => {
  function count(n) {
    return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
  }

  function short(n) {
    if (n < 10000) return count(n);
    for (const [size, unit] of [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']]) {
      if (n >= size) return (n / size).toFixed(n / size < 10 ? 1 : 0) + unit;
    }
    return count(n);
  }

  /* three digits that count */
  function number(x) {
    if (x === null || x === undefined) return '–';
    if (x === 0) return '0';
    const size = Math.abs(x);
    if (size >= 1000) return short(Math.round(x));
    if (size < 0.001) return x.toExponential(1).replace('e-', '·10⁻').replace(/⁻(\d+)$/, (_, d) => '⁻' + raised(d));
    return String(Number(x.toPrecision(3)));
  }

  const raised = (digits) => [...digits].map((d) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[d]).join('');

  function percent(x) {
    if (x === null || x === undefined) return '–';
    if (x === 0) return '0 %';
    if (x < 0.0001) return number(x * 100) + '\u202f%';
    return String(Number((x * 100).toPrecision(x < 0.1 ? 2 : 3))) + '\u202f%';
  }

  /* of 255 steps: two digits, but for the largest, which is exact */
  function step(q, scale) {
    return Math.abs(q) === 255 ? number(Math.sign(q) * scale) : String(Number((q / 255 * scale).toPrecision(2)));
  }

  function plural(n, one, many) {
    return count(n) + ' ' + (n === 1 ? one : many || one + 's');
  }

  /* PROPERTY-DIRECTION-N */
  function criterion(key) {
    const match = /^(.*)-(max|min)-(\d+)$/.exec(key);
    if (!match) return key;
    return (match[2] === 'max' ? 'Highest ' : 'Lowest ') + match[1].replace(/_/g, ' ');
  }

  return {count, short, number, percent, step, plural, criterion};
})();
