/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples with their tokens shaded by activation. Whole numbers up to 255 of
 * the scale colour them; several components at once get a band each. */
'use strict';

Act.samples = (() => {
  const {h} = Act.dom;
  const {step, count} = Act.format;
  const BANDS = 8;
  const SPOKEN = 5;

  function dense([positions, values], n) {
    const row = new Int16Array(n);
    positions.forEach((p, i) => {
      row[p] = values[i];
    });
    return row;
  }

  /* the first position of the largest value, as the statistics have it */
  function peak(row) {
    let best = 0;
    for (let p = 1; p < row.length; p++)
      if (row[p] > row[best]) best = p;
    return best;
  }

  function element(id, position, rows, {clip, marked, whole}) {
    const token = Act.tokens.of(id);
    const shade = {class: 'tok', 'data-p': position, tabindex: position === clip.focus ? '0' : '-1'};
    if (rows.length === 1 && rows[0].row[position] !== 0) {
      const v = rows[0].row[position];
      shade['--v'] = String(Math.abs(v) / 255);
      shade.class += v < 0 ? ' on negative' : ' on';
      if (rows[0].band !== null) shade.class += ' c' + rows[0].band;
    }
    if (marked && marked.has(position)) shade.class += ' marked';
    if (position === clip.peak) shade.class += ' peak';
    const bands = rows.length > 1 ?
        h('span', {class: 'bands', 'aria-hidden': 'true'},
          rows.map(({row, band}) => h('i', {class: 'c' + band, '--v': String(Math.abs(row[position]) / 255)}))) :
        null;
    return [
      token.joins || position === clip.from ? null : ' ',
      h('bdi', shade, whole.has(position) ? whole.get(position) : Act.tokens.running(token, bands !== null), bands)
    ];
  }

  /* for those who do not see shades */
  function spoken(ids, {row, scale}) {
    const active = [...row.keys()].filter((p) => row[p] !== 0).sort((a, b) => Math.abs(row[b]) - Math.abs(row[a]));
    const some = active.slice(0, SPOKEN).map((p) => Act.tokens.of(ids[p]).text.trim() + ' ' + step(row[p], scale));
    return h(
        'span', {class: 'sr'},
        some.length === 0 ? 'Not active. ' :
                            'Most active, of ' + count(active.length) + ' positions: ' + some.join(', ') + '. Text: ');
  }

  /* a token leads to the samples and clusters that have it */
  const follow = (token, ids) =>
      Act.route.go(Act.route.href('search', null, {raw: Act.tokens.of(ids[Number(token.dataset.p)]).raw}));

  /* ids, rows [{row, scale, name, band, place}], place: where its maximum is
   * first; window: positions each side of the centre, or null */
  function line(ids, rows, {window: around = null, centre, marked = null, tip} = {}) {
    const highest = rows.length > 0 ? rows[0].place ?? peak(rows[0].row) : -1;
    const best = centre ?? (rows.length > 0 ? highest : marked ? Math.min(...marked) : 0);
    const from = around === null ? 0 : Math.max(0, best - around);
    const end = around === null ? ids.length : Math.min(ids.length, best + around + 1);
    const clip = {from, focus: best, peak: rows.length > 0 && rows[0].row[highest] > 0 ? highest : -1};
    const whole = Act.tokens.wholes(ids);
    const text =
        h('p', {class: 'text' + (rows.length > 1 ? ' banded' : '')}, rows.length > 0 ? spoken(ids, rows[0]) : null,
          from > 0 ? h('span', {class: 'cut'}, '… ') : null,
          ids.slice(from, end).map((id, i) => element(id, from + i, rows, {clip, marked, whole})),
          end < ids.length ? h('span', {class: 'cut'}, ' …') : null);
    for (const token of text.querySelectorAll('.tok')) {
      Act.tips.bind(token, () => tip(Number(token.dataset.p)));
    }
    text.addEventListener('click', (event) => {
      const token = event.target.closest('.tok');
      if (token && !String(getSelection())) follow(token, ids);
    });
    text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && event.target.closest('.tok')) return follow(event.target.closest('.tok'), ids);
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      const now = event.target.closest('.tok');
      if (!step || !now) return;
      event.preventDefault();
      const next = text.querySelector('[data-p="' + (Number(now.dataset.p) + step) + '"]');
      if (!next) return;
      now.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    return text;
  }

  /* what the box beside a token says */
  function says(ids, position, rows, members) {
    const token = Act.tokens.of(ids[position]);
    const firing = members.filter(({row}) => row && row[position] !== 0)
                       .sort((a, b) => Math.abs(b.row[position]) - Math.abs(a.row[position]));
    return [
      h('div', {class: 'tip-head'}, Act.tokens.chip(token), h('span', {}, 'position ' + position)),
      h('dl', {class: 'pairs'},
        rows.map(({row, scale, name}) => h('div', {}, h('dt', {}, name), h('dd', {}, step(row[position], scale))))),
      token.raw !== token.text ? h('div', {class: 'note'}, 'in the vocabulary ', h('code', {}, token.raw)) : null,
      firing.length > 0 ?
          h('dl', {class: 'pairs firing'},
            firing.slice(0, 8).map(
                ({row, scale, name}) => h('div', {}, h('dt', {}, name), h('dd', {}, step(row[position], scale))))) :
          null,
      firing.length > 8 ? h('div', {class: 'note'}, 'and ' + (firing.length - 8) + ' more components') : null,
    ];
  }

  /* what belongs to the k-th shown sample of a cluster */
  function ofShown(detail, k) {
    const {shown, line: cluster} = detail;
    const n = Act.model.run.n_ctx;
    const own = {
      row: dense(shown.activations[k], n),
      scale: shown.scale,
      name: detail.name || 'cluster',
      band: null,
      best: shown.peak[k],
      place: shown.peak_position[k]
    };
    if (detail.beside) return {ids: detail.tokenLists[k], own, members: detail.beside(shown.sample[k])};
    const members = cluster.components.map(({label}, m) => {
      const found = shown.members && shown.members[m];
      return {row: found ? dense(found[k], n) : null, scale: shown.member_scale, name: label};
    });
    return {ids: detail.tokenLists[k], own, members};
  }

  /* the value as it is, if it is known: levels do not tell near ones apart */
  const peakOf = ({row, scale, best}) => (best === undefined ? step(row[peak(row)], scale) : Act.format.number(best));

  const pickedPeak = (part) =>
      h('span', {class: 'pick-peak c' + part.band}, h('i', {class: 'swatch', 'aria-hidden': 'true'}),
        part.row[peak(part.row)] > 0 ? [h('span', {class: 'sr'}, part.name + ' '), peakOf(part)] : 'not active');

  /* one sample; picks: numbers of members to show instead of the cluster;
   * around: whose peak it is centred on, the cluster's or the component's */
  function item(detail, k, {picks = [], around: about = 'cluster', window: around, rank = null}) {
    const {ids, own, members} = ofShown(detail, k);
    const picked = picks.map((m, i) => ({...members[m], band: i % BANDS})).filter(({row}) => row);
    const rows = picked.length > 0 ? picked : [own];
    const subject = about === 'cluster' ? own : rows[0];
    const best = subject.place ?? peak(subject.row);
    const whole = picked.length > 0 ? [own, ...picked] : [own];
    const others = members.filter((_, m) => !picks.includes(m));
    return h(
        'li', {class: 'sample', 'data-shown': k},
        h('div', {class: 'sample-head'}, rank === null ? null : h('span', {class: 'rank'}, rank),
          h('span', {}, 'peak ', h('data', {class: 'peak-value', value: subject.best ?? null}, peakOf(subject))),
          about === 'cluster' ? picked.map(pickedPeak) : null,
          h('span', {class: 'note'}, 'position ' + best + ', sample ' + count(detail.shown.sample[k]))),
        line(ids, rows, {window: around, centre: best, tip: (position) => says(ids, position, whole, others)}));
  }

  return {item, line, dense, peak, ofShown, BANDS};
})();
