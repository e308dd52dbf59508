/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A place in the plane for each cluster, near those that it is active with.
 * The edges are the index's nearest clusters, weighted by Jaccard index; they
 * pull, a few others drawn at random push, with the forces of UMAP (McInnes,
 * Healy and Melville 2018; a = 1.58, b = 0.9), in rounds of falling step. The
 * numbers drawn follow from a fixed seed, so the same run gives the same map. */
'use strict';

Act.embed = (() => {
  const A = 1.58;
  const B = 0.9;
  const OTHERS = 4;
  const SLICE = 12;

  /* Mulberry32 */
  function draw(seed) {
    let a = seed >>> 0;
    return () => {
      a = (a + 0x6d2b79f5) >>> 0;
      let t = Math.imul(a ^ (a >>> 15), a | 1);
      t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  function edges(near, jaccard) {
    const list = [];
    near.forEach((others, i) => {
      const top = jaccard[i][0] || 1;
      others.forEach((j, k) => {
        if (jaccard[i][k] > 0) list.push([i, j, jaccard[i][k] / top]);
      });
    });
    return list;
  }

  const bounded = (x) => Math.max(-4, Math.min(4, x));

  /* async: other things go on between slices; stopped () ends it */
  async function places(near, jaccard, stopped) {
    const n = near.length;
    const random = draw(1);
    const x = Float64Array.from({length: n}, () => (random() - 0.5) * 20);
    const y = Float64Array.from({length: n}, () => (random() - 0.5) * 20);
    const list = edges(near, jaccard);
    const rounds = n > 3000 ? 60 : 200;
    const owed = new Float64Array(list.length);
    let since = performance.now();
    for (let round = 0; round < rounds; round++) {
      const step = 1 - round / rounds;
      for (let e = 0; e < list.length; e++) {
        owed[e] += list[e][2];
        if (owed[e] < 1) continue;
        owed[e] -= 1;
        pull(list[e][0], list[e][1], step);
        for (let k = 0; k < OTHERS; k++) push(list[e][0], Math.floor(random() * n), step);
      }
      if (performance.now() - since > SLICE) {
        await new Promise((resolve) => setTimeout(resolve));
        if (stopped()) return null;
        since = performance.now();
      }
    }
    return {x, y};

    function pull(i, j, step) {
      const dx = x[i] - x[j];
      const dy = y[i] - y[j];
      const d = dx * dx + dy * dy;
      if (d === 0) return;
      const p = Math.pow(d, B);
      const force = (-2 * A * B * p / d) / (1 + A * p);
      const [fx, fy] = [bounded(force * dx) * step, bounded(force * dy) * step];
      x[i] += fx;
      y[i] += fy;
      x[j] -= fx;
      y[j] -= fy;
    }

    function push(i, j, step) {
      if (i === j) return;
      const dx = x[i] - x[j];
      const dy = y[i] - y[j];
      const d = dx * dx + dy * dy;
      const force = 2 * B / ((0.001 + d) * (1 + A * Math.pow(d, B)));
      x[i] += bounded(force * dx) * step;
      y[i] += bounded(force * dy) * step;
    }
  }

  return {places};
})();
