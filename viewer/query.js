/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters of the cluster table: words that must all hold.
 *   size>3 freq<=1%  max=0.5..1      numbers
 *   module:h.1.* layer:1             where components are
 *   h.1.mlp.c_fc:17  h.1.mlp.*:*     components
 *   token:license    token:" the"    tokens that a cluster fires on
 *   words                            name, tokens and modules hold it
 * A - before a word turns it round; "..." keeps blanks together. */
'use strict';

Act.query = (() => {
  const NUMBERS = {
    size: 'size',
    freq: 'position_rate',
    samples: 'sample_rate',
    rows: 'n_samples',
    max: 'max',
    mean: 'mean',
    entropy: 'entropy',
    conc: 'concentration',
  };
  const TESTS = {
    '>': (a, b) => a > b,
    '>=': (a, b) => a >= b,
    '<': (a, b) => a < b,
    '<=': (a, b) => a <= b,
    '=': (a, b) => a === b,
    '!=': (a, b) => a !== b,
  };
  const VALUE = '(-?(?:\\d+(?:\\.\\d+)?|\\.\\d+)(?:e[-+]?\\d+)?%?)';
  const NUMERIC = new RegExp('^(\\w+)(>=|<=|!=|>|<|=)' + VALUE + '(?:\\.\\.' + VALUE + ')?$', 'i');
  const KEYS = ['module', 'layer', 'token', 'component'];
  let texts = [];

  /* linear in the text whatever the pattern is: pieces are looked for in turn */
  function glob(pattern) {
    const pieces = pattern.split('*');
    if (pieces.length === 1) return (text) => text === pattern;
    const first = pieces[0];
    const last = pieces[pieces.length - 1];
    return (text) => {
      if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
      let at = first.length;
      for (const piece of pieces.slice(1, -1)) {
        const found = text.indexOf(piece, at);
        if (found < 0) return false;
        at = found + piece.length;
      }
      return at <= text.length - last.length;
    };
  }

  /* blanks round an operator are no end of a word */
  const BLANKS =
      new RegExp('(^|\\s)(-?(?:' + Object.keys(NUMBERS).join('|') + '))\\s*(>=|<=|!=|>|<|=)\\s*(?=\\S)', 'gi');

  const joined = (text) => text.split('"').map((part, i) => (i % 2 ? part : part.replace(BLANKS, '$1$2$3'))).join('"');

  function words(typed) {
    const text = joined(typed);
    const found = [];
    let word = null;
    let quoted = false;
    for (const c of text) {
      if (c === '"') {
        quoted = !quoted;
        word = word ?? '';
      } else if (/\s/.test(c) && !quoted) {
        if (word !== null) found.push(word);
        word = null;
      } else
        word = (word ?? '') + c;
    }
    return word === null ? found : [...found, word];
  }

  const value = (text) => (text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text));

  function numeric(word) {
    const match = NUMERIC.exec(word);
    if (!match || !Object.hasOwn(NUMBERS, match[1].toLowerCase())) return null;
    const key = NUMBERS[match[1].toLowerCase()];
    const low = value(match[3]);
    const high = match[4] === undefined ? null : value(match[4]);
    if (Number.isNaN(low) || Number.isNaN(high)) return null;
    const values = Act.model.columns[key];
    if (high !== null) return (line) => values[line] >= low && values[line] <= high;
    return (line) => TESTS[match[2]](values[line], low);
  }

  function ofModules(wanted) {
    const modules = Act.model.run.modules.map((_, module) => wanted(module));
    return (line) => Act.model.columns.members[line].some((column) => modules[Act.model.moduleOf(column)]);
  }

  function ofComponents(pattern) {
    const end = pattern.lastIndexOf(':');
    const module = glob(pattern.slice(0, end));
    const index = glob(pattern.slice(end + 1));
    const modules = Act.model.run.modules.map(module);
    return (line) => Act.model.columns.members[line].some((column) => {
      const label = modules[Act.model.moduleOf(column)] ? Act.model.label(column) : null;
      return label !== null && index(label.slice(label.lastIndexOf(':') + 1));
    });
  }

  async function ofTokens(pattern) {
    const found = new Set();
    for (const id of await Act.tokens.matching(pattern)) {
      for (const line of (await Act.model.uses(id)).clusters) found.add(line);
    }
    return (line) => found.has(line);
  }

  function textOf(line) {
    if (texts[line] === undefined) {
      const {name, top_tokens: top, common_tokens: common} = Act.model.columns;
      const tokens = [...top[line], ...common[line]].map((id) => Act.tokens.of(id).text);
      const modules = Act.model.modulesOf(line).map((module) => Act.model.run.modules[module]);
      texts[line] = [name[line], ...tokens, ...modules].join('\n').toLowerCase();
    }
    return texts[line];
  }

  function ofText(word) {
    const wanted = word.toLowerCase();
    return (line) => textOf(line).includes(wanted);
  }

  function test(word) {
    const [, key, rest] = /^(\w+):(.*)$/is.exec(word) || [];
    const kind = (key || '').toLowerCase();
    if (KEYS.includes(kind) && rest !== '') {
      if (kind === 'token') return ofTokens(rest);
      if (kind === 'module') return ofModules((module) => glob(rest)(Act.model.run.modules[module]));
      if (kind === 'layer') return ofModules((module) => glob(rest)(String(Act.model.layer(module))));
      return ofComponents(rest);
    }
    if (/:(\d+|[\d*]*\*[\d*]*)$/.test(word)) return ofComponents(word);
    return numeric(word) || ofText(word);
  }

  /* the lines for which everything holds, ascending */
  async function lines(text) {
    const tests = await Promise.all(words(text).map(async (word) => {
      const not = word.length > 1 && word.startsWith('-');
      const holds = await test(not ? word.slice(1) : word);
      return not ? (line) => !holds(line) : holds;
    }));
    const found = [];
    for (let line = 0; line < Act.model.n; line++) {
      if (tests.every((holds) => holds(line))) found.push(line);
    }
    return found;
  }

  /* what a word that holds for nothing was perhaps meant to be, or null */
  function complaint(word) {
    const [, name, operator, rest] = /^-?(\w+)(>=|<=|!=|>|<|=)(.*)$/.exec(word) || [];
    if (name && !Object.hasOwn(NUMBERS, name.toLowerCase()))
      return 'There is no number “' + name + '”: there are ' + Object.keys(NUMBERS).join(', ') + '.';
    if (name && !numeric(name + operator + rest))
      return '“' + word + '”: after ' + operator + ' comes a number, as in 3, 1%, or with = a range, 2..5.';
    const [, key, what] = /^-?([a-z]+):(.*)$/i.exec(word) || [];
    if (key && KEYS.includes(key.toLowerCase())) return what === '' ? 'After ' + key + ': something is missing.' : null;
    if (key && !/:[\d*]+$/.test(word))
      return 'There is no “' + key + ':”; there are ' + KEYS.map((k) => k + ':').join(', ') + '.';
    return null;
  }

  const complaints = (text) => words(text).map(complaint).filter(Boolean);

  /* by line, the tokens because of which the filter's token: words hold */
  async function tokensOf(text) {
    const found = new Map();
    for (const word of words(text)) {
      const [, pattern] = /^token:(.+)$/is.exec(word) || [];
      for (const id of pattern ? await Act.tokens.matching(pattern) : []) {
        for (const line of (await Act.model.uses(id)).clusters) found.set(line, [...(found.get(line) || []), id]);
      }
    }
    return found;
  }

  const COLUMNS = ['name', 'size', 'position_rate', 'sample_rate', 'max', 'mean', 'entropy', 'concentration'];

  /* key, or -key for falling; equal ones stay in the order of lines */
  function sort(found, order) {
    const key = order.replace(/^-/, '');
    if (!COLUMNS.includes(key)) return found;
    const values = Act.model.columns[key];
    const turn = order.startsWith('-') ? -1 : 1;
    if (key === 'name') return turn < 0 ? [...found].reverse() : found;
    return [...found].sort((a, b) => turn * (values[a] - values[b]) || a - b);
  }

  return {lines, sort, glob, words, complaints, tokensOf};
})();
