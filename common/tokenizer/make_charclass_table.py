#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes charclass_table.h: the classes of characters that Hugging Face's
tokenizers uses, asked of that library itself, one code point at a time.

    python3 make_charclass_table.py > charclass_table.h
"""

import tokenizers
from tokenizers import (
    AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers)

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def of_pattern(pattern):
    """The code points that a one-character pattern matches."""
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    return {c for c in POINTS if not split.pre_tokenize_str(chr(c))}


def of_words():
    r"""Those that glue to a single_word token: \\w of another engine."""
    tokenizer = Tokenizer(models.BPE(vocab={"?": 0}, merges=[], unk_token="?"))
    tokenizer.add_tokens([AddedToken("@@", single_word=True, normalized=False)])
    token = tokenizer.token_to_id("@@")
    return {c for c in POINTS if token not in tokenizer.encode("@@" + chr(c)).ids}


def of_punctuation():
    cut = pre_tokenizers.Punctuation("removed")
    return {c for c in POINTS if not cut.pre_tokenize_str(chr(c))}


def removed_by(normalizer):
    return {c for c in POINTS if not normalizer.normalize_str(chr(c))}


def of_bert(clean_text=False, strip_accents=False):
    """What BertNormalizer leaves out: by the tables of an old Unicode."""
    return removed_by(normalizers.BertNormalizer(
        clean_text=clean_text, strip_accents=strip_accents, lowercase=False,
        handle_chinese_chars=False))


def main():
    classes = [
        ("ACT_CHAR_SPACE", of_pattern(r"\s")),
        ("ACT_CHAR_LETTER", of_pattern(r"\p{L}")),
        ("ACT_CHAR_NUMBER", of_pattern(r"\p{N}")),
        ("ACT_CHAR_WORD", of_words()),
        ("ACT_CHAR_PUNCTUATION", of_punctuation()),
        ("ACT_CHAR_MARK", removed_by(normalizers.StripAccents())),
        ("ACT_CHAR_BERT_MARK", of_bert(strip_accents=True)),
        ("ACT_CHAR_BERT_CONTROL", of_bert(clean_text=True)),
    ]
    bits = [0] * 0x110000
    for i, (_, points) in enumerate(classes):
        for c in points:
            bits[c] |= 1 << i
    print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
    print("/* Written by make_charclass_table.py, from tokenizers "
          f"{tokenizers.__version__}.")
    print(" * {first code point, last, bits of ActCharClass} */")
    runs = []
    for c in range(0x110000):
        if bits[c] and runs and runs[-1][1] == c - 1 and runs[-1][2] == bits[c]:
            runs[-1][1] = c
        elif bits[c]:
            runs.append([c, c, bits[c]])
    print("/* clang-format off */")
    print("static const ActCharRange char_ranges[] = {")
    for i in range(0, len(runs), 3):
        print("  " + " ".join("{ 0x%05x, 0x%05x, %3d }," % tuple(r)
                              for r in runs[i:i + 3]))
    print("};")
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
