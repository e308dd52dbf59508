#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our tokenizer against Hugging Face's, on the sample's tokenizer.json and on
others that are trained here: the same ids for awkward text."""

import json
import os
import random
import struct
import subprocess
import sys
import tempfile

try:
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
except ImportError:
    print("needs the Python package tokenizers")
    sys.exit(77)

SAMPLE = os.path.join(os.environ["ACT_TEST_SAMPLE"], "tokenizer.json")
DATA = os.environ["ACT_TEST_DATA"]
TOOL = "test-tokenizer-tool"

SCRIPTS = [
    "The quick brown fox can't jump; it's 'quoted', they'll we've I'm he'd 'S 'T",
    "Größe naïve façade Ærøskøbing ŁÓDŹ ﬁ ﬂ ǅ",
    "Ελληνικά κείμενο, Русский текст; Ђорђе",
    "עברית עם ניקוד בְּרֵאשִׁית العربية مُشَكَّلَة ١٢٣ ۴۵۶",
    "हिन्दी में १२३ বাংলা தமிழ் తెలుగు ไทยไม่มีช่องว่าง ພາສາລາວ ខ្មែរ",
    "中文没有空格，日本語のテキスト。カタカナ ｶﾀｶﾅ 한국어 텍스트 ㈠㊀",
    "ᚠᚢᚦ 𐌰𐌱𐌲 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙𝟚 ⅷ ½ ² ₃ ① Ⅻ",
    "👨‍👩‍👧‍👦 👍🏽 🇩🇪 ☺️ ❤️‍🔥 1️⃣",
    "e\u0301 a\u0308\u0323 Z\u0351\u036b\u0343\u036a n\u0303o",
    "\u200bzero\u200cwidth\u200d\u2060\ufeff bom \u00ad",
    "tabs\t\tand\rreturns\r\nand\n\nnew\u0085lines\u2028of\u2029all\x0bkinds\x0c",
    "\x00nul\x00\x00 \x01\x02\x1b[0m\x7f \x1c\x1d\x1e\x1f \u0080\u009f",
    "a" + " " * 100 + "b" + " " * 7 + "\n" + " " * 31 + "\t c  \u3000 \u00a0 \u2003x",
    " lead", "trail ", "   ", " ", "\n", " \n", "\n ", "  \n  ", "\u00a0", "\u00a0a", "'", "''s", " 's", "'ll'",
    "<|endoftext|>", "a<|endoftext|>b", " <|endoftext|> ", "<|endoftext|><|endoftext|>", "<|endoftext|",
    "https://example.org/a?b=c&d=%20 x=y+1; // {}[]()<>~`@#$^&*_|\\",
    "1234567890 3.14159 1,000,000 0x1F 12e-7", "word" * 200, "0" * 300, "é" * 300, "!?" * 200, "\U0010ffff\ue000\ufffd\uffff",
]


def alphabet():
    """Characters to draw random texts from, common ones often."""
    pool = list(" \n\t'.,!-abcdefghijklmnopqrstuvwxyzABC0123456789") * 6
    pool += ["'s", "'t", "'re", "'ve", "'ll", "  ", "\r\n", " the", "ing", "<|endoftext|>", "<mask>", "[X]", "foo"]
    pool += [c for text in SCRIPTS for c in text]
    pool += [chr(c) for c in (0x85, 0x2028, 0x2029, 0xA0, 0x3000, 0x1680, 0x180E, 0x200B, 0x202F, 0x205F, 0xFEFF, 0)]
    return pool


def random_texts(rng, n):
    pool = alphabet()
    for _ in range(n):
        kind = rng.random()
        length = rng.randrange(0, 40)
        if kind < 0.6:
            yield "".join(rng.choice(pool) for _ in range(length))
        elif kind < 0.8:  # any code point
            points = (rng.randrange(0x110000) for _ in range(length))
            yield "".join(chr(c) for c in points if not 0xD800 <= c < 0xE000)
        else:  # runs
            yield "".join(rng.choice(pool) * rng.randrange(1, 9) for _ in range(length // 4))


def every_code_point():
    """Each code point beside a letter, a digit, a sign and a blank."""
    for c in range(0x110000):
        if not 0xD800 <= c < 0xE000:
            yield "a%c1%c#%c %c" % (c, c, c, c)


def in_blocks(texts, n):
    block = []
    for text in texts:
        block.append(text)
        if len(block) == n:
            yield "".join(block)
            block = []
    yield "".join(block)


def ours(filename, texts, *more):
    data = b"".join(struct.pack("<I", len(b)) + b for b in (t.encode() for t in texts))
    out = subprocess.run([TOOL, filename, *more], input=data, stdout=subprocess.PIPE, check=True).stdout
    at, result = 0, []
    for _ in texts:
        (n,) = struct.unpack_from("<I", out, at)
        result.append(list(struct.unpack_from("<%dI" % n, out, at + 4)))
        at += 4 + 4 * n
    assert at == len(out)
    return result


def compare(name, filename, texts, special=False):
    texts = list(texts)
    peer = Tokenizer.from_file(filename)
    expected = [e.ids for e in peer.encode_batch(texts, add_special_tokens=special)]
    for text, want, got in zip(texts, expected, ours(filename, texts, *["special"] * special)):
        if want != got:
            print("%s: %r\n  expected %s\n  got      %s" % (name, text[:200], want[:60], got[:60]))
            sys.exit(1)
    print("%s: %d texts agree" % (name, len(texts)))


def corpus():
    folder = "/usr/share/common-licenses"
    texts = list(SCRIPTS)
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
            texts.append(f.read())
    return texts


def trained(folder, name, pre, vocab_size, added=(), edit=None):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=["<|endoftext|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.add_tokens([t for t in added if not t.special])
    tokenizer.add_special_tokens([t for t in added if t.special])
    data = json.loads(tokenizer.to_str())
    if edit:
        edit(data)
    filename = os.path.join(folder, name + ".json")
    with open(filename, "w", encoding="utf-8") as f:
        json.dump(data, f)
    return filename


def merges_as_pairs(data):
    data["model"]["merges"] = [m.split(" ") if isinstance(m, str) else m for m in data["model"]["merges"]]


def merges_as_strings(data):
    data["model"]["merges"] = [m if isinstance(m, str) else " ".join(m) for m in data["model"]["merges"]]


def ignore_merges(data):
    data["model"]["ignore_merges"] = True
    # merges that are gone leave words that only the vocabulary knows
    del data["model"]["merges"][::3]


def nul_in_vocabulary(data):
    """Tokens that no text has, beside those that it does have."""
    ignore_merges(data)
    vocab = data["model"]["vocab"]
    for token in ("a\x00", "\x00", "Ġthe\x00"):
        vocab[token] = max(max(vocab.values()), max(t["id"] for t in data["added_tokens"])) + 1


def unknown_bytes(data):
    data["model"]["unk_token"] = "<|endoftext|>"
    data["model"]["fuse_unk"] = False
    drop_bytes(data)


def fused_unknown_bytes(data):
    unknown_bytes(data)
    data["model"]["fuse_unk"] = True


def drop_bytes(data):
    """A vocabulary that does not know the letters e and x, nor U+0080.. bytes."""
    gone = set("exĀ¡¢£Ģģĥ")
    model = data["model"]
    model["vocab"] = {t: i for t, i in model["vocab"].items() if not gone & set(t) or t == "<|endoftext|>"}
    model["merges"] = [m for m in model["merges"] if not gone & set("".join(m))]


FLAGGED = [
    AddedToken("<mask>", lstrip=True, special=True, normalized=False),
    AddedToken("[X]", rstrip=True, normalized=False),
    AddedToken("foo", single_word=True, normalized=True),
    AddedToken("fo", single_word=False, normalized=True),
    AddedToken("foobar", lstrip=True, rstrip=True, single_word=True, normalized=True),
    AddedToken("the", single_word=True, normalized=False),
    AddedToken("  ", normalized=False),
    AddedToken("é", normalized=True),
    AddedToken("🙂", special=True, normalized=False, lstrip=True, rstrip=True),
]
# U+0000 within, before and after others
NUL = [
    AddedToken("\x00", normalized=False),
    AddedToken("\x00\x00\x00", normalized=False),
    AddedToken("a\x00", normalized=False),
    AddedToken("a\x00b", normalized=True),
    AddedToken("\x00 the", normalized=True, rstrip=True),
]
NULS = ["\x00" * n + "a\x00b\x00 the  \x00" + "a\x00" * n for n in range(8)]
GLUED = [
    "a<mask>b", "a <mask> b", "  <mask>", "<mask>  <mask>", "x\u3000<mask>\u00a0y", "[X]  [X] [X]x", "foo", "foobar",
    "xfoo", "foo_", "foo-", " foo ", "foo\u0301", "fofoo", "foofoobar", " foobar  foobar", "the then the, bathe the\u200dn",
    "é\u00e9e\u0301", "🙂  🙂a 🙂", " \t[X] \n <mask> 🙂", "<|endoftext|>foo<|endoftext|>", "foo<mask>foo", "the<mask>the[X]the  the",
    "[X]   foobar", "[X]  ", "fo" * 50, "   ", "    <mask>", "[X]    <mask>   ",
]


def main():
    rng = random.Random(int(os.environ.get("ACT_TEST_SEED", "1")))
    with open(os.path.join(DATA, "golden_forward", "tokenizer_cases.json"), encoding="utf-8") as f:
        cases = [case["text"] for case in json.load(f)]
    awkward = SCRIPTS + cases + corpus()

    compare("sample", SAMPLE, awkward)
    compare("sample, random", SAMPLE, random_texts(rng, 24000))
    compare("sample, every code point", SAMPLE, in_blocks(every_code_point(), 64))

    byte_level = pre_tokenizers.ByteLevel
    plain = byte_level(add_prefix_space=False)
    with tempfile.TemporaryDirectory() as folder:
        kinds = [
            ("prefix", byte_level(add_prefix_space=True), 2000, FLAGGED, None),
            ("added", plain, 1500, FLAGGED, merges_as_pairs),
            ("no_regex", byte_level(add_prefix_space=False, use_regex=False), 900, [], merges_as_strings),
            ("no_regex_prefix", byte_level(add_prefix_space=True, use_regex=False), 600, FLAGGED, None),
            ("ignore_merges", plain, 3000, [], ignore_merges),
            ("unknown", plain, 800, [], unknown_bytes),
            ("fused", plain, 800, [], fused_unknown_bytes),
            ("nul", plain, 700, NUL, merges_as_pairs),
            ("nul_in_vocabulary", plain, 700, [], nul_in_vocabulary),
            ("bytes_alone", plain, 257, [], None),
        ]
        for name, pre, size, added, edit in kinds:
            filename = trained(folder, name, pre, size, added, edit)
            texts = awkward + GLUED + NULS + list(random_texts(rng, 3000))
            compare(name, filename, texts)


if __name__ == "__main__":
    main()
