#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes graphemes_table.h: the properties that grapheme clusters are made by,
as Hugging Face's tokenizers sees them, asked of that library.

    python3 make_graphemes_table.py > graphemes_table.h

It cuts clusters in its Precompiled normalizer alone, so that is asked: with a
table that knows one character, a cluster of less than six bytes that begins
with it becomes "#", and what else is in the cluster is gone.
"""
import struct

import tokenizers
from tokenizers import normalizers

ACUTE, GRAVE = "\u0301", "\u0300"  # two bytes each, and extend anything
ZWJ, SIGN = "\u200d", "\u00a9"  # the sign is a pictograph
LINKER, CONSONANT = "\u094d", "\u0915"
L, V, T = "\u1100", "\u1161", "\u11a8"
ALL = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def charsmap(strings):
    """The table, as precompiled.c describes it, of {key: string}."""
    nodes, places, blob = {}, {}, b""
    for key, string in strings.items():
        node = nodes
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[0] = len(blob)
        blob += string.encode() + b"\0"
    units, used, first_free = {}, {0}, [1]

    def add(at, node):
        """Children of the node at that place; its offset."""
        offset = first_free[0]
        while any((at ^ offset ^ byte) in used or at ^ offset ^ byte == 0
                  for byte in node):
            offset += 1
            assert offset < 1 << 21
        if len(node) > 32:
            first_free[0] = offset
        places.update({at ^ offset ^ byte: (byte, node[byte]) for byte in node})
        used.update(at ^ offset ^ byte for byte in node)
        for byte, child in node.items():
            place = at ^ offset ^ byte
            if byte == 0:
                units[place] = 1 << 31 | child
            else:
                units[place] = byte | (0 in child) << 8 | add(place, child) << 10
        return offset

    units[0] = add(0, nodes) << 10
    n = (max(units) | 255) + 1  # wherever a byte leads from a node
    trie = b"".join(struct.pack("<I", units.get(i, 0)) for i in range(n))
    return struct.pack("<I", len(trie)) + trie + blob


def ask(known, before, after):
    """Each character between two strings: what becomes of it, with a table that
    knows one character alone."""
    normalizer = normalizers.Precompiled(charsmap({known: "#"}))
    asked = [c for c in ALL if c not in "\r\n"]
    text = "\n".join(before + c + after for c in asked)
    return dict(zip(asked, normalizer.normalize_str(text).split("\n")))


def joined(y, before="", between=""):
    """The characters that y is in one cluster with, if it comes behind them:
    what extends it is gone if it begins one of its own."""
    return {c for c, found in ask(y, before, between + y + ACUTE).items()
            if found.endswith(ACUTE)}


def classes():
    extend = {c for c, found in ask("a", "a", "").items() if found == "#"}
    prepend = joined("a") - extend
    control = {c for c, found in ask(GRAVE, "", GRAVE + ACUTE).items()
               if not found.endswith(ACUTE)} - extend
    to_l, to_v, to_t = joined(L) - prepend, joined(V) - prepend, joined(T) - prepend
    pictograph = joined(SIGN, between=ZWJ) - prepend
    consonant = joined(CONSONANT, between=LINKER) - prepend
    linker = joined(CONSONANT, before=CONSONANT) & extend
    syllables = {chr(c) for c in range(0xAC00, 0xD7A4)}
    return {
        "EXTEND": extend - linker - {ZWJ}, "LINKER": linker, "ZWJ": {ZWJ},
        "PREPEND": prepend, "CONTROL": control, "CR": {"\r"}, "LF": {"\n"},
        "L": to_l, "V": (to_v & to_t) - syllables,
        "T": (to_t - to_v) - syllables, "PICTOGRAPH": pictograph,
        "CONSONANT": consonant,
        # 4 bytes each, so two are never looked up whole and cannot be asked for
        "REGIONAL": {chr(c) for c in range(0x1F1E6, 0x1F200)},
    }


def runs_of(found):
    of = {}
    for name, characters in found.items():
        for c in characters:
            assert c not in of, (name, of[c], hex(ord(c)))
            of[c] = name
    runs = []
    for c in sorted(map(ord, of)):
        name = of[chr(c)]
        if runs and runs[-1][1] == c - 1 and runs[-1][2] == name:
            runs[-1][1] = c
        else:
            runs.append([c, c, name])
    return runs


def main():
    print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
    print("/* Written by make_graphemes_table.py, from tokenizers "
          f"{tokenizers.__version__}. */")
    print("/* clang-format off */")
    print("static const GraphemeRange grapheme_ranges[] = {")
    for first, last, name in runs_of(classes()):
        print(f"  {{ 0x{first:05x}, 0x{last:05x}, ACT_GRAPHEME_{name} }},")
    print("};")
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
