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
    for (const {first, more, strings, ...part} of parts) {
      /* members of a very large cluster go on in the next file */
      for (const member of more || []) columns.members[columns.members.length - 1].push(member);
      for (const [key, values] of Object.entries(part)) {
        columns[key] = columns[key] || [];
        for (const value of values) columns[key].push(value);
      }
    }
    return columns;
  }

  async function open() {
    const run = await Act.data.load('run');
    if (run.version !== 2) throw new Error('data/run.js has version ' + run.version + ', this page reads version 2');
    Act.tokens.use(run.vocabulary_kind);
    const [info, index] = await Promise.all([Act.data.load('run_info'), Act.data.parts('index', run.index_parts)]);
    Object.assign(self, {run, info, columns: join(index), n: run.n_lines});
    self.columns.size = (self.columns.members || []).map((members) => members.length);
    let first = 0;
    starts = run.components.map((n) => (first += n) - n);
    lines = new Map((self.columns.name || []).map((name, line) => [name, line]));
  }

  const moduleOf = (column) => Act.data.place(starts, (first) => first <= column);

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

  /* the file of this kind that holds a member of a line, and what it says of it, or null */
  async function ofMember(kind, files, line, member) {
    const begun = ([l, m]) => l < line || (l === line && m <= member);
    const chunk = await Act.data.part(kind, Act.data.place(files, begun));
    return [chunk, chunk.components.find((entry) => entry.line === line && entry.member === member) || null];
  }

  /* what is said of a member of a line by itself, in the form of a cluster's
   * details; {same} if it is all that its cluster is; null if the run has nothing of the kind */
  async function component(line, member) {
    if (!self.run.component_files) return null;
    const [chunk, found] = await ofMember('components', self.run.component_files, line, member);
    if (!found || found.same) return found;
    return {...found, tokenLists: found.shown.tokens.map((number) => chunk.tokens[number])};
  }

  /* the clusters that fire together with it, as a cluster's facts have them; or null */
  async function companions(line, member) {
    const {companion_files: files, n_samples: n, n_ctx: positions} = self.run;
    if (!files) return null;
    const [, found] = await ofMember('companions', files, line, member);
    if (!found) return null;
    const whole = ({line: lines, count, own}) => ({
      line: lines,
      cluster_hash: lines.map((other) => self.columns.name[other]),
      count,
      jaccard: count.map((c, i) => c / (found.n_positions + own[i] - c)),
      lift: count.map((c, i) => (c / found.n_positions) / (own[i] / (n * positions)))
    });
    return {by_jaccard: whole(found.by_jaccard), by_count: whole(found.by_count)};
  }

  async function text(number) {
    const part = await Act.data.holding('texts', self.run.texts_files, number);
    return {number, hash: part.hash[number - part.first], tokens: part.tokens[number - part.first]};
  }

  /* what the search files say of a token */
  async function uses(id) {
    const part = await Act.data.holding('search', self.run.search_files, id);
    const i = id - part.first;
    return {clusters: part.clusters[i], texts: part.texts[i], nTexts: part.n_texts[i]};
  }

  const modulesOf = (line) => [...new Set(self.columns.members[line].map(moduleOf))];

  return Object.assign(
      self,
      {open, label, column, layer, moduleOf, clustersOf, lineOf, detail, component, companions, text, uses, modulesOf});
})();
