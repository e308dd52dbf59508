/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw strings of a vocabulary as what they stand for. Files of data have the
 * strings of the tokens that they name; all of them are loaded only to look for
 * one. Which of three habits it follows is in run.js:
 *   bytes  every character stands for a byte (GPT-2), Ġ for a space
 *   pieces ## goes on with a word, all else begins one (WordPiece)
 *   meta   ▁ is a space, <0xE2> a byte (SentencePiece)
 *   plain  none of these
 * What cannot be seen (blanks, controls, bytes that are no whole character)
 * gets a sign of its own, in an element of its own class. */
'use strict';

Act.tokens = (() => {
  const {h} = Act.dom;
  const SPECIAL =
      /^(<\|.*\|>|<\/?s>|<(unk|pad|bos|eos|mask|sep|cls|eot|usr|sys)>|\[(CLS|SEP|PAD|UNK|MASK|BOS|EOS|unused\d+)\])$/i;
  const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;
  const byteOf = bytesOfGpt2();
  const strict = new TextDecoder('utf-8', {fatal: true});
  /* by id, as far as they came */
  const raws = new Map();
  const known = new Map();
  let kind = 'plain';
  let whole = null;

  /* GPT-2's table of printable characters for bytes, the other way round */
  function bytesOfGpt2() {
    const table = new Map();
    const itself = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    let next = 256;
    for (let b = 0; b < 256; b++) table.set(String.fromCharCode(itself(b) ? b : next++), b);
    return table;
  }

  function use(habit) {
    kind = habit;
    known.clear();
  }

  /* strings by id */
  function learn(strings) {
    for (const [id, raw] of Object.entries(strings)) raws.set(Number(id), raw);
  }

  /* the whole vocabulary, once */
  function all() {
    whole = whole || Act.data.parts('vocabulary', Act.model.run.vocabulary_parts).then((parts) => {
      for (const {first, strings} of parts) strings.forEach((raw, i) => raws.set(first + i, raw));
    });
    whole.catch(() => {
      whole = null;
    });
    return whole;
  }

  /* the longest whole characters from each place on; other bytes as bytes */
  function decode(bytes) {
    const found = [];
    for (let i = 0; i < bytes.length;) {
      const size = bytes[i] < 0x80 ? 1 : bytes[i] >= 0xf0 ? 4 : bytes[i] >= 0xe0 ? 3 : bytes[i] >= 0xc0 ? 2 : 1;
      let text = null;
      try {
        if (i + size <= bytes.length) text = strict.decode(Uint8Array.from(bytes.slice(i, i + size)));
      } catch (e) {
        text = null;
      }
      found.push(text === null ? {byte: bytes[i]} : {text: text || '\ufeff'});
      i += text === null ? 1 : size;
    }
    return found;
  }

  function partsOf(raw) {
    if (SPECIAL.test(raw)) return [{special: raw}];
    if (kind === 'bytes' && [...raw].every((c) => byteOf.has(c))) return decode([...raw].map((c) => byteOf.get(c)));
    if (kind === 'meta' && BYTE.test(raw)) return decode([parseInt(BYTE.exec(raw)[1], 16)]);
    const text = kind === 'meta'                                    ? raw.replace(/\u2581/g, ' ') :
        kind === 'pieces' && raw.startsWith('##') && raw.length > 2 ? raw.slice(2) :
                                                                      raw;
    return [...text].map((c) => ({text: c}));
  }

  function sign(character) {
    const code = character.codePointAt(0);
    if (character === '\n') return ['line', '↵'];
    if (character === '\t') return ['blank', '⇥'];
    if (character === '\r') return ['blank', '␍'];
    if (code < 32) return ['blank', String.fromCharCode(0x2400 + code)];
    if (code === 127) return ['blank', '␡'];
    /* marks that turn the direction, or that have no width */
    if ((code >= 0x80 && code < 0xa0) || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
        (code >= 0x2060 && code <= 0x206f) || code === 0xfeff || code === 0xad || code === 0x061c ||
        (code >= 0xd800 && code <= 0xdfff)) {
      return ['code', 'U+' + code.toString(16).toUpperCase().padStart(4, '0')];
    }
    return null;
  }

  function segments(parts) {
    const out = [];
    const add = (type, text) => {
      const last = out[out.length - 1];
      if (last && last.type === type && type === 'text')
        last.text += text;
      else
        out.push({type, text});
    };
    for (const part of parts) {
      if (part.special !== undefined)
        add('special', part.special);
      else if (part.byte !== undefined)
        add('code', part.byte.toString(16).toUpperCase().padStart(2, '0'));
      else if (part.text === ' ')
        add('space', ' ');
      else if (/^\s$/u.test(part.text) && !sign(part.text))
        add('code', 'U+' + part.text.codePointAt(0).toString(16).toUpperCase().padStart(4, '0'));
      else
        add(...(sign(part.text) || ['text', part.text]));
    }
    return out;
  }

  /* {raw, text: as it reads, word: to compare, segments, joins: no blank before} */
  function of (id) {
    if (!known.has(id) && raws.has(id)) known.set(id, ofString(raws.get(id)));
    return known.get(id) || ofString('⟨' + id + '⟩');
  }

  const read = (parts) => parts.map((part) => part.special ?? part.text ?? '\ufffd').join('');

  function ofString(raw) {
    const parts = partsOf(raw);
    const text = read(parts);
    return {
      raw,
      text,
      word: text.trim().toLowerCase(),
      segments: segments(parts),
      /* if it is bytes of unfinished characters and nothing else */
      bytes: parts.length > 0 && parts.every((part) => part.byte !== undefined) ? parts.map((part) => part.byte) : null,
      joins: kind !== 'pieces' || (raw.startsWith('##') && raw.length > 2),
    };
  }

  function segment({type, text}, visible) {
    if (type === 'text') return text;
    if (type === 'space') return visible ? h('span', {class: 'ws'}, '␣') : ' ';
    if (type === 'line') return visible ? h('span', {class: 'ws'}, '↵') : [h('span', {class: 'ws'}, '↵'), '\n'];
    return h('span', {class: type === 'special' ? 'special' : type === 'code' ? 'code' : 'ws'}, text);
  }

  /* in a line of text: one blank is a blank, several are drawn; whole: the
   * token must not break the line */
  function running(token, whole) {
    const drawn = token.segments.length > 1 && token.segments.every((part) => part.type === 'space');
    return token.segments.map((part) => segment(part, drawn || (whole && part.type === 'line')));
  }

  /* Of tokens in a line that are bytes of characters, and whole ones only
   * together: by position, what to show, the characters where they begin and a
   * sign where they go on. */
  function wholes(ids) {
    const found = new Map();
    const bytesAt = (p) => (p < ids.length ? of(ids[p]).bytes : null);
    for (let p = 0; p < ids.length; p++) {
      if (!bytesAt(p)) continue;
      const bytes = [];
      const places = [];
      for (; bytesAt(p); p++) {
        for (const byte of bytesAt(p)) {
          bytes.push(byte);
          places.push(p);
        }
      }
      let at = 0;
      for (const part of decode(bytes)) {
        const size = part.text === undefined ? 1 : new TextEncoder().encode(part.text).length;
        if (part.text !== undefined && places[at] !== places[at + size - 1]) {
          found.set(places[at], [...(found.get(places[at]) || []), ...segments([part]).map((s) => segment(s, true))]);
          for (let q = places[at] + 1; q <= places[at + size - 1]; q++)
            if (!found.has(q)) found.set(q, [h('span', {class: 'ws goes-on'}, '·')]);
        }
        at += size;
      }
    }
    return found;
  }

  /* by itself: nothing is invisible, nothing breaks the line */
  function chip(token, attributes) {
    return h(
        'bdi', {class: 'chip', ...attributes}, kind === 'pieces' && token.joins ? h('span', {class: 'ws'}, '##') : null,
        token.segments.map((part) => segment(part, true)));
  }

  /* ids whose text is what the pattern says; * stands for anything */
  async function matching(pattern) {
    await all();
    const exact = pattern.trim() !== pattern && pattern.trim() !== '';
    const wanted = exact ? pattern.toLowerCase() : pattern.trim().toLowerCase() || pattern;
    const glob = Act.query.glob(wanted);
    const ids = [];
    for (const [id, raw] of raws) {
      const text = read(partsOf(raw)).toLowerCase();
      const word = text.trim();
      if (glob(exact || word === '' ? text : word) || raw === pattern) ids.push(id);
    }
    return ids.sort((a, b) => a - b);
  }

  /* the id of this very string, in a list; none: there is none */
  async function named(wanted) {
    await all();
    return [...raws].filter(([, raw]) => raw === wanted).map(([id]) => id);
  }

  return {use, learn, of, ofString, running, wholes, chip, matching, named, habit: () => kind};
})();
