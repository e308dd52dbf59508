/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An order of rows in which like ones are neighbours: average linkage on a
 * matrix of similarities; when two groups join, the ends that are most alike
 * meet. Equal similarities: the first pair, so the order is always the same. */
'use strict';

Act.order = (() => {
  function joined(a, b, alike) {
    const ways = [[a, b], [a, [...b].reverse()], [[...a].reverse(), b], [[...a].reverse(), [...b].reverse()]];
    let best = ways[0];
    let most = -Infinity;
    for (const [left, right] of ways) {
      const ends = alike(left[left.length - 1], right[0]);
      if (ends > most) {
        most = ends;
        best = [left, right];
      }
    }
    return best.flat();
  }

  function byLikeness(n, alike) {
    const groups = Array.from({length: n}, (_, i) => [i]);
    const near = groups.map((_, i) => Float64Array.from({length: n}, (__, j) => alike(i, j)));
    let alive = groups.map((_, i) => i);
    while (alive.length > 1) {
      let [a, b, most] = [alive[0], alive[1], -Infinity];
      for (let i = 0; i < alive.length; i++) {
        for (let j = i + 1; j < alive.length; j++) {
          if (near[alive[i]][alive[j]] > most) [a, b, most] = [alive[i], alive[j], near[alive[i]][alive[j]]];
        }
      }
      const [na, nb] = [groups[a].length, groups[b].length];
      groups[a] = joined(groups[a], groups[b], alike);
      alive = alive.filter((i) => i !== b);
      for (const i of alive) near[a][i] = near[i][a] = (na * near[a][i] + nb * near[b][i]) / (na + nb);
    }
    return n === 0 ? [] : groups[alive[0]];
  }

  return {byLikeness};
})();
