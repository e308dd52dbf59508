#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes category_table.h: the general category of each code point as the
regular expressions of Hugging Face's tokenizers see it, asked of that library.

    python3 make_category_table.py > category_table.h
"""
import tokenizers
from tokenizers import Regex, pre_tokenizers

# the order of ActCategory; Cn is what no other one has
CATEGORIES = ("Cn Cc Cf Co Ll Lm Lo Lt Lu Mc Me Mn Nd Nl No Pc Pd Pe Pf Pi Po "
              "Ps Sc Sk Sm So Zl Zp Zs").split()


def main():
    text = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    category = [0] * 0x110000
    for i, name in enumerate(CATEGORIES):
        if i == 0:
            continue
        cut = pre_tokenizers.Split(
            Regex(r"\p{%s}" % name), "removed", invert=True)
        for piece, _ in cut.pre_tokenize_str(text):
            assert len(piece) == 1 and category[ord(piece)] == 0
            category[ord(piece)] = i
    runs = []
    for c in range(0x110000):
        if runs and runs[-1][1] == c - 1 and runs[-1][2] == category[c]:
            runs[-1][1] = c
        elif category[c]:
            runs.append([c, c, category[c]])
    print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
    print("/* Written by make_category_table.py, from tokenizers "
          f"{tokenizers.__version__}.")
    print(" * {first code point, last, index in category_names} */")
    print("/* clang-format off */")
    print("static const char *const category_names[] = {")
    print("  " + ", ".join(f'"{name}"' for name in CATEGORIES[:15]) + ",")
    print("  " + ", ".join(f'"{name}"' for name in CATEGORIES[15:]) + ",")
    print("};")
    print("static const CategoryRange category_ranges[] = {")
    for i in range(0, len(runs), 3):
        print("  " + " ".join("{ 0x%05x, 0x%05x, %2d }," % tuple(r)
                              for r in runs[i:i + 3]))
    print("};")
    print("/* the script Han */")
    print("static const CategoryRange han_ranges[] = {")
    han = pre_tokenizers.Split(Regex(r"\p{Han}"), "removed", invert=True)
    runs = []
    for piece, _ in han.pre_tokenize_str(text):
        if runs and runs[-1][1] == ord(piece) - 1:
            runs[-1][1] += 1
        else:
            runs.append([ord(piece), ord(piece)])
    for i in range(0, len(runs), 3):
        print("  " + " ".join("{ 0x%05x, 0x%05x, 1 }," % tuple(r)
                              for r in runs[i:i + 3]))
    print("};")
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
