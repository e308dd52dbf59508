/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The run as a whole: what run.js and the index say, with the columns of all
 * parts put together. A line is a cluster, by its place in clusters.jsonl; a
 * column is a component, numbered over all modules. */
'use strict';

Act.model = (() => {
  const self = {run: null, info: null, columns: {}, n: 0};
  let starts = [];
  let lines = null;
  let owners = null;

  function join(parts) {
    const columns = {};
    for (const part of parts) {
      for (const [key, values] of Object.entries(part)) {
        if (key === 'first') continue;
        columns[key] = columns[key] || [];
        for (const value of values) columns[key].push(value);
      }
    }
    return columns;
  }

  async function open() {
    const run = await Act.data.load('run');
    if (run.version !== 1) throw new Error('data/run.js has version ' + run.version + ', this page reads version 1');
    const [info, index, vocabulary] = await Promise.all([
      Act.data.load('run_info'),
      Act.data.parts('index', run.index_parts),
      Act.data.parts('vocabulary', run.vocabulary_parts),
    ]);
    Act.tokens.use(vocabulary.flatMap((part) => part.strings));
    Object.assign(self, {run, info, columns: join(index), n: run.n_lines});
    self.columns.size = (self.columns.members || []).map((members) => members.length);
    let first = 0;
    starts = run.components.map((n) => (first += n) - n);
    lines = new Map((self.columns.name || []).map((name, line) => [name, line]));
  }

  /* the last module that begins at or before the column */
  function moduleOf(column) {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= column)
        low = middle;
      else
        high = middle - 1;
    }
    return low;
  }

  function label(column) {
    const module = moduleOf(column);
    return self.run.modules[module] + ':' + (column - starts[module]);
  }

  function column(name) {
    const end = name.lastIndexOf(':');
    const module = self.run.modules.indexOf(name.slice(0, end));
    const index = Number(name.slice(end + 1));
    if (module < 0 || !/^\d+$/.test(name.slice(end + 1)) || index >= self.run.components[module]) return -1;
    return starts[module] + index;
  }

  /* docs/facts.md: the first part of a name, between dots, that is a number */
  function layer(module) {
    const part = self.run.modules[module].split('.').find((p) => /^\d+$/.test(p));
    return part === undefined ? null : Number(part);
  }

  /* lines that have the component: clusters may overlap */
  function clustersOf(wanted) {
    if (!owners) {
      owners = new Map();
      self.columns.members.forEach((members, line) => {
        for (const member of members) {
          if (owners.has(member))
            owners.get(member).push(line);
          else
            owners.set(member, [line]);
        }
      });
    }
    return owners.get(wanted) || [];
  }

  const lineOf = (name) => (lines.has(name) ? lines.get(name) : -1);

  /* one cluster's details, with the lists of tokens of its samples */
  async function detail(line) {
    const chunk = await Act.data.part('clusters', self.columns.chunk[line]);
    const found = chunk.clusters[line - chunk.first];
    return {...found, tokenLists: found.shown.tokens.map((number) => chunk.tokens[number])};
  }

  /* what is said of a member of a line by itself, in the form of a cluster's
   * details; {same} if it is all that its cluster is; null if the run has nothing of the kind */
  async function component(line, member) {
    const files = self.run.component_files;
    if (!files) return null;
    const begun = ([l, m]) => l < line || (l === line && m <= member);
    let low = 0;
    let high = files.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (begun(files[middle]))
        low = middle;
      else
        high = middle - 1;
    }
    const chunk = await Act.data.part('components', low);
    const found = chunk.components.find((entry) => entry.line === line && entry.member === member);
    if (!found || found.same) return found || null;
    return {...found, tokenLists: found.shown.tokens.map((number) => chunk.tokens[number])};
  }

  async function text(number) {
    const size = self.run.texts_part_texts;
    const part = await Act.data.part('texts', Math.floor(number / size));
    return {number, hash: part.hash[number % size], tokens: part.tokens[number % size]};
  }

  /* what the search files say of a token */
  async function uses(id) {
    const size = self.run.search_part_ids;
    const part = await Act.data.part('search', Math.floor(id / size));
    return {clusters: part.clusters[id % size], texts: part.texts[id % size], nTexts: part.n_texts[id % size]};
  }

  const modulesOf = (line) => [...new Set(self.columns.members[line].map(moduleOf))];

  return Object.assign(
      self, {open, label, column, layer, moduleOf, clustersOf, lineOf, detail, component, text, uses, modulesOf});
})();
