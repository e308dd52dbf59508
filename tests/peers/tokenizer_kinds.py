#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of normalizer, pre-tokenizer, model and post-processor against
Hugging Face's tokenizers: tokenizers trained here, awkward texts and random
ones, every code point; the same ids."""

import json
import os
import random
import struct
import subprocess
import sys
import tempfile

try:
    from tokenizers import (
        Regex, Tokenizer, decoders as D, models, normalizers as N,
        pre_tokenizers as P, processors, trainers)
except ImportError:
    print("needs the Python package tokenizers")
    sys.exit(77)

from tokenizer import (
    FLAGGED, GLUED, NULS, SCRIPTS, TOOL, compare, corpus, in_blocks, random_texts)

N_RANDOM = 2500
SPECIAL = ["<unk>", "[CLS]", "[SEP]", "<s>", "</s>"]
BYTES = ["<0x%02X>" % i for i in range(256)]
# what the field's files have; the names are of those who made them first
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
CLIP = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
DEEPSEEK = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+" \
    "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
CATEGORIES = "C Cc Cf Cn Co L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs".split()
# patterns for what the two engines understand differently
REGEXES = [
    CL100K, O200K, BLOOM, CLIP, DEEPSEEK, r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", r"\w+|[^\w\s]+", r"\W", r"\b", r"\B", r"\d", r"\D+",
    r"\S+\s", r"[\S\n]+", r"[^\S\r]", r"^.", r".$", r"^", r"$", r"\A.|.\z|.\Z", r"", r"a*", r"(?=\p{Lu})", r"(?<=\.)", r"(?<!x)\n",
    r"\h+", r"\H", r"\v", r"[\x41-\x{5a}\u0061]", r"x{,2}", r"x{2,}", r"(?:ab){1,2}+", r"(a|b)++c?+", r"(?>a+)b", r"(?i)the|THE",
    r"(?m:a.b)", r"[-a]", r"[^-\]]", r"[a\-z]", r"[\w-]+", r"\p{Han}", r"\p{^L}", r"\P{L}", r"[\P{L}]", r"\p{P}|\p{S}",
    r"\p{Hiragana}+|\p{Katakana}+", r"(?i:[a-k]|l)", r"\.\s*", r"[[ab]c]+", r"{a}", r"a{x", r"\p{Mn}", r"\p{Cf}|\p{Co}|\p{Cc}", r"\p{Zs}",
    r"\p{Nd}|\p{Nl}|\p{No}", r"(.)", r"\t|\r|\f|\a|\e", r"[\b]", r" |\ |\-", r"é|\é",
]


def lines():
    return [line for text in corpus() for line in text.splitlines(keepends=True)][:6000]


def trained(model, trainer, normalizer=None, pre=None, post=None, added=()):
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre is not None:
        tokenizer.pre_tokenizer = pre
    tokenizer.train_from_iterator(lines(), trainer)
    if post is not None:
        tokenizer.post_processor = post
    tokenizer.add_tokens([t for t in added if not t.special])
    tokenizer.add_special_tokens([t for t in added if t.special])
    return tokenizer


def bpe(size=900, special=SPECIAL, alphabet=(), prefix="", suffix="", limit=60, **options):
    affixes = {}
    if prefix:
        affixes["continuing_subword_prefix"] = options["continuing_subword_prefix"] = prefix
    if suffix:
        affixes["end_of_word_suffix"] = options["end_of_word_suffix"] = suffix
    return models.BPE(unk_token="<unk>", **options), trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, show_progress=False, initial_alphabet=list(alphabet),
        limit_alphabet=limit, **affixes)


def byte_bpe(size=1200):
    return bpe(size, alphabet=P.ByteLevel.alphabet(), limit=256)


def fallback(size=900):
    """Characters that are rare are bytes."""
    return bpe(size, special=SPECIAL + BYTES, byte_fallback=True, fuse_unk=True)


def word_piece(size=1500, **options):
    return models.WordPiece(unk_token="<unk>", **options), trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=SPECIAL, show_progress=False, limit_alphabet=90,
        continuing_subword_prefix=options.get("continuing_subword_prefix", "##"))


def word_level():
    return models.WordLevel(unk_token="<unk>"), trainers.WordLevelTrainer(
        vocab_size=1500, special_tokens=SPECIAL, show_progress=False)


def unigram(size=800, special=SPECIAL):
    return models.Unigram(), trainers.UnigramTrainer(
        vocab_size=size, special_tokens=special, unk_token="<unk>", show_progress=False)


TEMPLATE = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])


def kinds():
    """(name, what trained () takes)."""
    bert = N.BertNormalizer
    yield "bert", word_piece(), dict(normalizer=bert(), pre=P.BertPreTokenizer(), post=TEMPLATE)
    yield "bert, cased", word_piece(), dict(
        normalizer=bert(lowercase=False), pre=P.BertPreTokenizer(), added=FLAGGED,
        post=processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1)))
    yield "bert, accents", word_piece(max_input_chars_per_word=9), dict(
        normalizer=bert(strip_accents=False, handle_chinese_chars=False), pre=P.BertPreTokenizer())
    yield "bert, dirty", word_piece(), dict(
        normalizer=bert(clean_text=False, strip_accents=True, lowercase=False), pre=P.BertPreTokenizer())
    yield "word pieces of whitespace", word_piece(continuing_subword_prefix="@@"), dict(
        normalizer=N.Sequence([N.NFD(), N.Lowercase(), N.StripAccents()]), pre=P.Whitespace(), added=FLAGGED)
    yield "word pieces of bytes", word_piece(), dict(
        pre=P.ByteLevel(), post=processors.ByteLevel())
    yield "words", word_level(), dict(normalizer=N.Strip(left=True, right=False), pre=P.WhitespaceSplit())
    yield "words and delimiter", word_level(), dict(
        normalizer=N.Strip(left=False), pre=P.Sequence([P.CharDelimiterSplit(","), P.WhitespaceSplit()]), added=FLAGGED)

    yield "llama 2", fallback(), dict(
        normalizer=N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]), pre=None, added=FLAGGED,
        post=processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 3)]))
    yield "fallback, all bytes gone but some", bpe(700, special=SPECIAL + BYTES[:200], byte_fallback=True), dict(
        pre=P.Metaspace(prepend_scheme="first", split=False))
    yield "fallback, fused", bpe(700, special=SPECIAL + BYTES[:200], byte_fallback=True, fuse_unk=True), dict(
        pre=P.Metaspace(prepend_scheme="first"), added=FLAGGED)
    yield "characters, unknown ones", bpe(700), dict(pre=P.Whitespace())
    yield "characters, fused", bpe(700, fuse_unk=True), dict(
        normalizer=N.NFKC(), pre=P.Sequence([P.WhitespaceSplit(), P.Punctuation("merged_with_previous")]))
    yield "clip", bpe(1200, alphabet=P.ByteLevel.alphabet(), limit=256, suffix="</w>"), dict(
        normalizer=N.Sequence([N.NFC(), N.Replace(Regex(r"\s+"), " "), N.Lowercase()]),
        pre=P.Sequence([P.Split(Regex(CLIP), "removed", invert=True), P.ByteLevel(add_prefix_space=False)]),
        post=processors.RobertaProcessing(("</s>", 4), ("<s>", 3)))
    yield "prefix", bpe(900, prefix="##"), dict(pre=P.BertPreTokenizer())
    yield "prefix and suffix", bpe(
        900, prefix="##", suffix="$", fuse_unk=True), dict(
        pre=P.WhitespaceSplit())
    yield "ignore_merges", bpe(900, ignore_merges=True), dict(pre=P.Whitespace())
    yield "byte-level normalizer", byte_bpe(), dict(normalizer=N.ByteLevel())

    for name, regex in ("cl100k", CL100K), ("o200k", O200K), ("bloom", BLOOM), ("deepseek", DEEPSEEK):
        yield name, byte_bpe(), dict(
            pre=P.Sequence([P.Split(Regex(regex), "isolated"), P.ByteLevel(add_prefix_space=False, use_regex=False)]),
            added=FLAGGED, post=processors.Sequence([processors.ByteLevel(), TEMPLATE]))
    yield "digits", byte_bpe(), dict(
        normalizer=N.NFC(), pre=P.Sequence([P.Digits(individual_digits=True), P.ByteLevel(add_prefix_space=True)]))
    yield "digits in runs", byte_bpe(), dict(pre=P.Sequence([P.Punctuation("contiguous"), P.Digits(), P.ByteLevel()]))
    yield "bytes in the middle", byte_bpe(), dict(pre=P.Sequence([P.ByteLevel(), P.Punctuation("merged_with_next")]))

    metaspace = P.Metaspace
    yield "unigram", unigram(), dict(normalizer=N.NFKC(), pre=metaspace(), added=FLAGGED, post=TEMPLATE)
    yield "unigram, first", unigram(), dict(
        normalizer=N.Sequence([N.NFKD(), N.Replace(Regex(" {2,}"), " ")]), pre=metaspace(prepend_scheme="first"))
    yield "unigram, never", unigram(), dict(pre=metaspace(replacement="_", prepend_scheme="never"))
    yield "unigram, whole", unigram(), dict(
        normalizer=N.Strip(), pre=metaspace(prepend_scheme="first", split=False), added=FLAGGED)
    yield "unigram of nothing", unigram(), dict(normalizer=N.Sequence([]))
    yield "t5", unigram(), dict(
        pre=P.Sequence([P.WhitespaceSplit(), metaspace(prepend_scheme="always")]), added=FLAGGED)
    yield "xlm", unigram(), dict(pre=P.Sequence([P.WhitespaceSplit(), metaspace(prepend_scheme="first")]))


def with_fallback(tokenizer):
    data = json.loads(tokenizer.to_str())
    data["model"]["byte_fallback"] = True
    return Tokenizer.from_str(json.dumps(data))


def check_kinds(folder, rng):
    for name, (model, trainer), more in kinds():
        tokenizer = trained(model, trainer, **more)
        filename = os.path.join(folder, "kind.json")
        tokenizer.save(filename)
        texts = SCRIPTS + corpus() + GLUED + NULS + list(random_texts(rng, N_RANDOM))
        compare(name, filename, texts, special=more.get("post") is not None)
    tokenizer = with_fallback(trained(*unigram(700, SPECIAL + BYTES), pre=P.Metaspace()))
    tokenizer.save(filename)
    compare("unigram, fallback", filename, texts)


def every_code_point():
    return list(in_blocks(("a%c %c1" % (c, c) for c in range(0x110000) if not 0xD800 <= c < 0xE000), 256))


def of_characters(normalizer=None, pre=None):
    """A tokenizer that shows what its model is given: each byte of a piece is
    a token, and each piece begins with one of its own."""
    vocab = {token: i for i, token in enumerate(BYTES + ["##" + b for b in BYTES] + ["<unk>"])}
    model = models.BPE(vocab=vocab, merges=[], byte_fallback=True, unk_token="<unk>")
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre is not None:
        tokenizer.pre_tokenizer = pre
    return tokenizer


def check_code_points(folder):
    """What normalizers make of each code point, alone and beside others."""
    filename = os.path.join(folder, "points.json")
    texts = every_code_point()
    marked = ["%c\u0301%c\u0323\u0315a%c\u0327\u0345" % (c, c, c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    for name in "NFC", "NFD", "NFKC", "NFKD":
        of_characters(getattr(N, name)()).save(filename)
        compare(name + ", every code point", filename, texts)
        compare(name + ", with marks", filename, in_blocks(marked, 256))
    for normalizer in (
            N.Lowercase(), N.StripAccents(), N.Strip(), N.BertNormalizer(), N.BertNormalizer(lowercase=False),
            N.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=True)):
        of_characters(normalizer).save(filename)
        compare(repr(normalizer) + ", every code point", filename, texts)


def shows_pieces(pre):
    """Metaspace last: a mark where each piece begins."""
    return P.Sequence([pre, P.Metaspace(replacement="\U000f0000", prepend_scheme="always")])


def check_pre_tokenizers(folder, rng):
    filename = os.path.join(folder, "pieces.json")
    points = every_code_point()
    behaviors = "removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"
    pres = [P.Whitespace(), P.WhitespaceSplit(), P.BertPreTokenizer(), P.Digits(), P.Digits(individual_digits=True)]
    pres += [P.Punctuation(b) for b in behaviors]
    for pre in pres:
        of_characters(pre=shows_pieces(pre)).save(filename)
        compare(str(pre) + ", every code point", filename, points)
        compare(str(pre), filename, SCRIPTS + GLUED + list(random_texts(rng, 500)))
    for pattern in " ", "  ", "é", ".":
        for behavior in behaviors:
            for invert in False, True:
                of_characters(pre=shows_pieces(P.Split(pattern, behavior, invert))).save(filename)
                compare("Split %r %s %d" % (pattern, behavior, invert), filename,
                        SCRIPTS + GLUED + list(random_texts(rng, 100)))


def check_regexes(folder, rng):
    filename = os.path.join(folder, "regex.json")
    points = list(in_blocks(("%c " % c for c in range(0x110000) if not 0xD800 <= c < 0xE000), 256))
    for regex in [r"\w", r"\s", r"\d", r"[\w]", r"[^\W]", r"\b"] + [r"\p{%s}" % c for c in CATEGORIES + ["Han"]]:
        of_characters(N.Replace(Regex(regex), "<>")).save(filename)
        compare("%r, every code point" % regex, filename, points)
    for regex in REGEXES:
        behavior = rng.choice(["isolated", "merged_with_next", "merged_with_previous"])
        of_characters(pre=shows_pieces(P.Split(Regex(regex), behavior))).save(filename)
        compare("Split %r" % regex, filename, SCRIPTS + GLUED + list(random_texts(rng, 500)))
        of_characters(N.Replace(Regex(regex), "<>")).save(filename)
        compare("Replace %r" % regex, filename, SCRIPTS + GLUED + list(random_texts(rng, 200)))


def decoded(filename, lists):
    """Our texts, as bytes, and where each token ends in them."""
    data = b"".join(struct.pack("<I%dI" % len(ids), len(ids), *ids) for ids in lists)
    out = subprocess.run([TOOL, filename, "decode"], input=data, stdout=subprocess.PIPE, check=True).stdout
    at, result = 0, []
    for ids in lists:
        (n,) = struct.unpack_from("<I", out, at)
        text = out[at + 4:at + 4 + n]
        ends = struct.unpack_from("<%dQ" % len(ids), out, at + 4 + n + 4)
        at += 4 + n + 4 + 8 * len(ids)
        result.append((text, ends))
    assert at == len(out)
    return result


def check_decoder(name, filename, tokenizer, rng, lossy=False):
    texts = SCRIPTS + corpus()[:60] + GLUED + list(random_texts(rng, 1500))
    lists = [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
    size = tokenizer.get_vocab_size()
    lists += [[rng.randrange(size) for _ in range(rng.randrange(30))] for _ in range(1500)]
    tokenizer.save(filename)
    n_compared = 0
    for ids, (text, ends) in zip(lists, decoded(filename, lists)):
        assert list(ends) == sorted(ends) and (not ids or ends[-1] == len(text)), (name, ids, ends)
        try:
            shown = text.decode("utf-8", "replace" if lossy else "strict")
        except UnicodeDecodeError:
            continue
        n_compared += 1
        expected = tokenizer.decode(ids, skip_special_tokens=False)
        assert shown == expected, (name, ids[:60], shown[:200], expected[:200])
        if lossy and len(ids) > 1:  # the span of each token is its own bytes
            k = rng.randrange(1, len(ids))
            (own, _), = decoded(filename, [[ids[k]]]) if n_compared % 50 == 0 else ((text[ends[k - 1]:ends[k]], 0),)
            assert text[ends[k - 1]:ends[k]] == own, (name, ids[k])
    assert n_compared > 1500, (name, n_compared)
    print("%s: %d texts decoded alike" % (name, n_compared))


def check_decoders(folder, rng):
    filename = os.path.join(folder, "decoder.json")
    llama = D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
    bytes_first = D.Sequence([D.ByteFallback(), D.Metaspace(prepend_scheme="never")])
    for name, made, more, decoder in [
            ("bytes", byte_bpe(), dict(pre=P.ByteLevel(), added=FLAGGED), D.ByteLevel()),
            ("llama", fallback(), dict(normalizer=N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")])), llama),
            ("fallback", fallback(), dict(pre=P.Metaspace(prepend_scheme="never")), bytes_first),
            ("word pieces", word_piece(), dict(pre=P.BertPreTokenizer()), D.WordPiece()),
            ("no cleanup", word_piece(), dict(pre=P.BertPreTokenizer(), added=FLAGGED), D.WordPiece(cleanup=False)),
            ("suffix", bpe(900, suffix="</w>"), dict(pre=P.WhitespaceSplit()), D.BPEDecoder("</w>")),
            ("metaspace", unigram(), dict(pre=P.Metaspace()), D.Metaspace()),
            ("regex", unigram(), dict(pre=P.Metaspace()), D.Sequence([D.Replace(Regex("▁+"), "_"), D.Strip("_", 1, 0)])),
            ("none", word_level(), dict(pre=P.Whitespace()), None)]:
        tokenizer = trained(*made, **more)
        if decoder is not None:
            tokenizer.decoder = decoder
        check_decoder("decoder, " + name, filename, tokenizer, rng, lossy=name == "bytes")


def main():
    rng = random.Random(int(os.environ.get("ACT_TEST_SEED", "1")))
    with tempfile.TemporaryDirectory() as folder:
        parts = dict(kinds=lambda: check_kinds(folder, rng), decoders=lambda: check_decoders(folder, rng), points=lambda: check_code_points(folder),
                     pre=lambda: check_pre_tokenizers(folder, rng), regexes=lambda: check_regexes(folder, rng))
        for name in sys.argv[1:] or parts:
            parts[name]()


if __name__ == "__main__":
    main()
