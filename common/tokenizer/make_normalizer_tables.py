#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes lowercase_table.h and unicodenorm_table.h: what Hugging Face's
tokenizers makes of each code point, asked of that library itself.

    python3 make_normalizer_tables.py lowercase > lowercase_table.h
    python3 make_normalizer_tables.py unicodenorm > unicodenorm_table.h

For the second, Python's unicodedata says which characters take part in
normalization at all, and the library which of them it knows (it follows an
older Unicode than Python 3.11). What a later Unicode adds is nothing to it, so
nothing is asked of it.
"""
import sys
import unicodedata

import tokenizers
from tokenizers import normalizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
FORMS = ["NFD", "NFKD", "NFC", "NFKC"]


def head():
    print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
    print("/* Written by make_normalizer_tables.py, from tokenizers "
          f"{tokenizers.__version__}. */")
    print("/* clang-format off */")


def lowercase():
    """{first, last, step, delta}: c + delta for each step-th of first..last."""
    lower = normalizers.Lowercase()
    changed = [(c, lower.normalize_str(chr(c))) for c in POINTS]
    changed = [(c, s) for c, s in changed if s != chr(c)]
    longer = {c: s for c, s in changed if len(s) > 1}
    assert longer == {0x130: "i\u0307"}, longer
    runs = []
    for c, s in changed:
        if c in longer:
            continue
        delta = ord(s) - c
        last = runs[-1] if runs else None
        if last and last[3] == delta and (
                c - last[1] == last[2] or (last[0] == last[1] and c - last[1] <= 2)):
            last[2] = c - last[1]
            last[1] = c
        else:
            runs.append([c, c, 1, delta])
    head()
    print("static const LowerRange lower_ranges[] = {")
    for i in range(0, len(runs), 2):
        print("  " + " ".join("{ 0x%05x, 0x%05x, %d, %6d }," % tuple(r)
                              for r in runs[i:i + 2]))
    print("};")
    print("/* clang-format on */")


def known(c, forms, highest):
    """Whether the library knows of c what Unicode says."""
    s = chr(c)
    if any(form.normalize_str(s) != unicodedata.normalize(name, s)
           for name, form in forms.items()):
        return False
    rank = unicodedata.combining(s)
    if rank == 0 or unicodedata.normalize("NFD", s) != s:
        return True
    # a mark goes before one of a higher class, and one of a lower before it
    if rank == unicodedata.combining(highest):
        return forms["NFD"].normalize_str(s + "\u0301") == "\u0301" + s
    return forms["NFD"].normalize_str(highest + s) == s + highest


def pairs(forms, highest):
    """What composes of two characters, of what the library knows."""
    for c in POINTS:
        pieces = unicodedata.decomposition(chr(c)).split()
        if len(pieces) == 2 and pieces[0][0] != "<" and \
                known(c, forms, highest):
            yield int(pieces[0], 16), int(pieces[1], 16)


def unicodenorm():
    forms = {name: getattr(normalizers, name)() for name in FORMS}
    highest = "\u0345"
    assert unicodedata.combining(highest) == max(
        unicodedata.combining(chr(c)) for c in POINTS)
    firsts, seconds = (set(x) for x in zip(*pairs(forms, highest)))
    firsts |= set(range(0x1100, 0x1113)) | set(range(0xAC00, 0xD7A4))
    seconds |= set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    bits = [0] * 0x110000
    for c in POINTS:
        s = chr(c)
        if not (unicodedata.decomposition(s) or unicodedata.combining(s)
                or c in firsts or c in seconds) \
                or not known(c, forms, highest):
            continue
        bits[c] = 1
        for i, name in enumerate(FORMS):
            if unicodedata.combining(s) or unicodedata.normalize(name, s) != s \
                    or (name in ("NFC", "NFKC") and c in seconds):
                bits[c] |= 2 << i
    head()
    print("/* bits: 1 takes part in normalization; may change under: "
          + ", ".join(f"{2 << i} {name}" for i, name in enumerate(FORMS))
          + " */")
    print("static const NormRange norm_ranges[] = {")
    runs = []
    for c in range(0x110000):
        if bits[c] and runs and runs[-1][1] == c - 1 and runs[-1][2] == bits[c]:
            runs[-1][1] = c
        elif bits[c]:
            runs.append([c, c, bits[c]])
    for i in range(0, len(runs), 3):
        print("  " + " ".join("{ 0x%05x, 0x%05x, %2d }," % tuple(r)
                              for r in runs[i:i + 3]))
    print("};")
    print("/* clang-format on */")


if __name__ == "__main__":
    {"lowercase": lowercase, "unicodenorm": unicodenorm}[sys.argv[1]]()
