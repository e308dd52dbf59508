/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of the table as a file (RFC 4180). Lists are JSON, so that no token is
 * taken for a formula by a spreadsheet; a name that looks like one gets an
 * apostrophe in front. */
'use strict';

Act.csv = (() => {
  const HEAD = [
    'cluster', 'size', 'position_rate', 'sample_rate', 'n_samples', 'max', 'mean', 'entropy', 'concentration',
    'components', 'top_tokens', 'common_tokens'
  ];

  function field(value) {
    const text = typeof value === 'string' ? value.replace(/^[=+\-@\t\r]/, '\'$&') : String(value);
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function row(line) {
    const c = Act.model.columns;
    const raw = (ids) => JSON.stringify(ids.map((id) => Act.tokens.of(id).raw));
    return [
      c.name[line], c.size[line], c.position_rate[line], c.sample_rate[line], c.n_samples[line], c.max[line],
      c.mean[line], c.entropy[line], c.concentration[line], JSON.stringify(c.members[line].map(Act.model.label)),
      raw(c.top_tokens[line]), raw(c.common_tokens[line])
    ];
  }

  const text = (lines) => [HEAD, ...lines.map(row)].map((fields) => fields.map(field).join(',') + '\r\n').join('');

  function save(lines, name) {
    const url = URL.createObjectURL(new Blob([text(lines)], {type: 'text/csv'}));
    const link = Act.dom.h('a', {href: url, download: name});
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  return {save, text};
})();
