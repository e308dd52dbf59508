#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Precompiled normalizer against Hugging Face's tokenizers: the table that
SentencePiece makes for its models, tables made at random, grapheme clusters of
all kinds, every code point; the same bytes.

    precompiled.py tables|long
"""

import base64
import contextlib
import importlib.machinery
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    from tokenizers import Tokenizer, models, normalizers as N, pre_tokenizers as P
except ImportError:
    print("needs the Python package tokenizers")
    sys.exit(77)
try:
    import sentencepiece
except ImportError:
    sentencepiece = None

from tokenizer import SCRIPTS, compare, in_blocks, ours, random_texts

N_RANDOM = 100_000
sys.dont_write_bytecode = True
SOURCE = pathlib.Path(os.environ["ACT_TEST_SAMPLE"]).parent.parent / "common/tokenizer"
made = importlib.machinery.SourceFileLoader(
    "make_graphemes_table", str(SOURCE / "make_graphemes_table.py")).load_module()
folder = tempfile.TemporaryDirectory()
# of each property that clusters are made by, and of each length in UTF-8
PARTS = ("a#.\r\n\t\x00\x1f\x7f\u00a9\u00ae\u00ad\u0300\u0301\u0345\u0600\u06dd\u0903\u0915\u0924\u094d\u093e\u0e33"
         "\u1100\u1161\u11a8\uac00\uac01\u200b\u200c\u200d\u20e3\u2122\u231a\u3042\u3099\uff21\ufe0f\ufeff\ufb01"
         "\U0001f1e6\U0001f1e7\U0001f3fb\U0001f468\U0001f469\U000110bd\U00011000\U000e0020\U000e0001")


def tokenizer_file(name, charsmap, before=(), metaspace=False):
    """A token for each byte, so that ids are what the normalizer gave."""
    tokenizer = Tokenizer(models.BPE(
        vocab={c: i for i, c in enumerate(sorted(P.ByteLevel.alphabet()))}, merges=[]))
    tokenizer.normalizer = N.Sequence([*before, N.Precompiled(charsmap)])
    byte_level = P.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = P.Sequence(
        [P.Metaspace(prepend_scheme="first"), byte_level]) if metaspace else byte_level
    path = os.path.join(folder.name, f"{name}.json")
    tokenizer.save(path)
    return path


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def field(data, wanted):
    """The bytes of a field of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            _, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            if key >> 3 == wanted:
                return data[at:at + size]
            at += size
        else:
            at += {1: 8, 5: 4}[key & 7]
    raise KeyError(wanted)


def sentencepiece_charsmap(rule):
    prefix = os.path.join(folder.name, rule)
    sentencepiece.SentencePieceTrainer.train(
        input="/usr/share/common-licenses/GPL-3", model_prefix=prefix, vocab_size=300,
        normalization_rule_name=rule, minloglevel=2)
    with open(prefix + ".model", "rb") as f:
        normalizer = field(f.read(), 3)
    return field(normalizer, 2)


def clusters(rng, n):
    for _ in range(n):
        yield "".join(rng.choices(PARTS, k=rng.randrange(1, 9)))


def random_charsmap(rng):
    """Keys of one to three characters, many of them parts of clusters."""
    keys = set(rng.sample(PARTS.replace("\x00", ""), 14))
    keys |= {"".join(rng.choices(PARTS.replace("\x00", ""), k=rng.randrange(2, 4))) for _ in range(30)}
    keys |= {chr(rng.choice((rng.randrange(1, 0x300), rng.randrange(0x300, 0xd800)))) for _ in range(60)}
    return made.charsmap({key: rng.choice(("", "x", "\u00fc", "yz", "\u0301", "\U0001f600", key[::-1]))
                          for key in sorted(keys)})


def all_code_points():
    for c in range(1, 0x110000):
        if not 0xD800 <= c < 0xE000:
            # alone, extended by two bytes, and behind what may take it
            yield "%c %c\u0301 a%c \u00a9%c\u0301\n" % (c, c, c, c)


def long_sentencepiece(rng):
    for rule in "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf":
        path = tokenizer_file(rule, sentencepiece_charsmap(rule))
        n = N_RANDOM if rule == "nmt_nfkc" else 5_000
        compare(f"{rule}, texts", path, SCRIPTS)
        compare(f"{rule}, random", path, random_texts(rng, n))
        compare(f"{rule}, clusters", path, clusters(rng, n // 5))
        compare(f"{rule}, code points", path, in_blocks(all_code_points(), 500))


def test_random_tables(rng):
    for i in range(40):
        path = tokenizer_file(f"random-{i}", random_charsmap(rng))
        compare(f"table {i}", path, list(clusters(rng, 2_000)) + list(random_texts(rng, 200)))


def test_graphemes(rng):
    """Every pair of parts, before and behind what shows where clusters end."""
    for known in "\u0301", "\u00a9", "\u1161", "\u0915", "\u200d":
        path = tokenizer_file(f"known-{ord(known)}", made.charsmap({known: "#", "a": ""}))
        texts = [a + b + known + end for a in PARTS for b in PARTS for end in ("", "\u0301", "\u200d\u00a9")]
        compare(f"pairs before U+{ord(known):04X}", path, texts)


def long_code_points(rng):
    for known in "\u0301", "\u00a9", "\u1161", "\u0915", "\u200d":
        path = tokenizer_file(f"known-{ord(known)}", made.charsmap({known: "#", "a": ""}))
        compare(f"code points with U+{ord(known):04X}", path, in_blocks(
            (c + known + "\u0301 " + known + c + "\u0301\n" for c in made.ALL), 500))


def test_start(rng):
    """What the start of a text is to Metaspace, when it became nothing."""
    path = tokenizer_file("start", made.charsmap({"\x01": "", "\u00ad": "", " ": "\u2581"}), metaspace=True)
    compare("start", path, ["\x01a b", "a\x01", "\x01", "\x01\x01 a", "\u00ada", " \x01a", "\x01 a b", "", "\u00ad"])


def long_table_is_current(rng):
    """graphemes_table.h is what the generator writes."""
    with open(SOURCE / "graphemes_table.h", encoding="ascii") as f:
        text = f.read()
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        made.main()
    # but for the version that it was asked of
    assert text.split("*/", 2)[2] == written.getvalue().split("*/", 2)[2]


def refused(config, message):
    path = tokenizer_file("refused", made.charsmap({"a": "b"}))
    data = json.load(open(path))
    data["normalizer"] = config
    with open(path, "w") as f:
        json.dump(data, f)
    done = subprocess.run(["test-tokenizer-tool", path], input=b"\1\0\0\0a", capture_output=True)
    error = done.stderr.decode()
    assert done.returncode != 0 and "refused.json" in error and message in error, error


def test_refused(rng):
    def table(data):
        return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(data).decode()}

    good = made.charsmap({"a": "b"})
    assert ours(tokenizer_file("good", good), ["a"]) == ours(tokenizer_file("none", made.charsmap({"x": ""})), ["b"])
    refused({"type": "Precompiled"}, "'precompiled_charsmap' is no string")
    refused({"type": "Precompiled", "precompiled_charsmap": 3}, "is no string")
    refused({"type": "Precompiled", "precompiled_charsmap": "AAA"}, "is no base64")
    refused({"type": "Precompiled", "precompiled_charsmap": "AA\nAA"}, "is no base64")
    refused(table(b""), "has 0 bytes and a trie of 0")
    refused(table(b"\4\0\0"), "has 3 bytes")
    refused(table(b"\3\0\0\0abc"), "a trie of 3")
    refused(table(b"\xff\xff\xff\xff" + good[4:]), "a trie of 4294967295")
    refused(table(good + b"\xff"), "strings that are no UTF-8")
    at = good.index(b"b\0")
    leaf = bytes([0, 0, 0, 0x80])
    for place in (9, 0x7fffffff):
        data = good.replace(leaf, place.to_bytes(4, "little")[:3] + bytes([0x80 | place >> 24]))
        assert data != good and at > 0
        refused(table(data), f"names a string at byte {place}")


if sentencepiece is None:
    print("without sentencepiece: its tables are not compared")
    del long_sentencepiece
part = {"tables": "test_", "long": "long_"}[sys.argv[1]]
for name, test in sorted(globals().items()):
    if name.startswith(part):
        test(random.Random(name))
        print("ok", name)
