# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mutated files of each format that is read from outside.

Seeds are made by the libraries that write such files, then bytes are changed,
taken out and put in; always the same ones. Whatever is in a file, it is an
error that names it, or it is read and all of it can be used: fuzz_tool.c reads
them, and sanitizers watch. Checkpoints (.pth) are in checkpoints.py.
"""
import importlib.machinery
import io
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import zipfile

try:
    import numpy
    import safetensors.numpy
    import tokenizers
    import tokenizers.decoders
    import tokenizers.models
    import tokenizers.normalizers
    import tokenizers.pre_tokenizers
    import tokenizers.processors
    import yaml
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

TOOL = "test-fuzz-tool"
DATA = pathlib.Path(os.environ["ACT_TEST_DATA"])
SAMPLE = pathlib.Path(os.environ["ACT_TEST_SAMPLE"])
folder = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder.name)
sys.dont_write_bytecode = True
table = importlib.machinery.SourceFileLoader(
    "make_graphemes_table", str(SAMPLE.parent.parent / "common/tokenizer" /
                                "make_graphemes_table.py")).load_module().charsmap
BYTES = (0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5b, 0x7b)


def mutated(seed, tokens):
    """The seed with one change, or a few."""
    data = bytearray(seed)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        at = random.randrange(len(data) + 1)
        kind = random.random()
        if kind < .35 and at < len(data):
            data[at] = random.choice((*BYTES, random.randrange(256)))
        elif kind < .5:
            del data[at:at + random.randrange(1, 9)]
        elif kind < .75:
            data[at:at] = random.choice(tokens)
        elif kind < .9:
            digits = list(re.finditer(rb"\d+", data))
            if digits:
                number = random.choice(digits)
                data[number.start():number.end()] = random.choice(
                    (b"0", b"-1", b"1", b"65536", b"4294967296",
                     b"18446744073709551615", b"1e400", b"0.5"))
        else:
            begin = random.randrange(len(data) + 1)
            data[at:at] = data[begin:begin + random.randrange(1, 40)]
        if not data:
            data = bytearray(seed)
    return bytes(data)


def mutations(seeds, tokens, n):
    return [mutated(seeds[i % len(seeds)], tokens) for i in range(n)]


def run(kind, paths):
    """What comes of each file: a line; in as many processes as it takes."""
    lines = []
    for i in range(0, len(paths), 1000):
        part = paths[i:i + 1000]
        done = subprocess.run([TOOL, kind, *map(str, part)],
                              capture_output=True, text=True, errors="replace",
                              timeout=250)
        found = done.stdout.splitlines()
        assert done.returncode == 0, \
            (str(part[min(len(found), len(part) - 1)]), done.stderr[-3000:])
        assert len(found) == len(part), (kind, len(found), len(part))
        lines += found
    return lines


def fuzz(kind, name, seeds, changed, at_least=1):
    """seeds are read, changed ones mostly not."""
    def write(prefix, contents):
        paths = []
        for i, content in enumerate(contents):
            path = scratch / f"{kind}-{prefix}-{i}-{name}"
            path.write_bytes(content)
            paths.append(path)
        return paths

    found = run(kind, write("seed", seeds))
    if kind == "yaml" and all("no libyaml" in line for line in found):
        print("yaml: this build cannot read it")
        return
    check(kind, found, run(kind, write("changed", changed)), at_least)


def check(kind, seeds, lines, at_least):
    assert set(seeds) == {"ok"}, seeds
    n_read = lines.count("ok")
    print(f"{kind}: {len(lines)} files, {n_read} of them are read")
    assert at_least <= n_read < len(lines) * 3 / 4, n_read


def member(data, name, entries):
    """A zip of members with right checksums, one of them replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, content in entries.items():
            archive.writestr(key, data if key == name else content)
    return made.getvalue()


def entries_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist()}


def zip_mutations(whole, tokens, n):
    """Of each member under a right checksum, and of the zip itself."""
    entries = entries_of(whole)
    changed = [member(mutated(entries[name], tokens), name, entries)
               for i, name in zip(range(n), list(entries) * n)]
    return changed + mutations([whole], [b"PK\1\2", b"PK\5\6", b"\xff" * 4], n)


def test_yaml():
    settings = {
        "seed": 0, "lr": 1e-3, "name": "run", "none": None, "on": True,
        "ci_config": {"mode": "layerwise", "hidden_dims": [12, 8]},
        "text": "two\nlines: #\n", "list": [{"a": 1.5}, [], {}, "\u00fc\U0001f600"],
    }
    seeds = [yaml.dump(settings, **style).encode() for style in (
        {}, {"default_flow_style": True},
        {"allow_unicode": True, "indent": 4})]
    seeds.append(b"a: |\n  x\n  y\nb: >-\n  z\nc: 1:30\n")
    tokens = [b"\n", b"  ", b"- ", b": ", b"? ", b"&a ", b"*a", b"!!str ", b"<<: ",
              b"---\n", b"...\n", b"%TAG\n", b"{", b"}", b"[", b"]", b"'", b'"',
              b"\\x00", b"|+2\n", b"\t", b"\xc2\x85", b"\xef\xbb\xbf", b"0x", b".inf",
              b"_", b"~"]
    fuzz("yaml", "x.yaml", seeds, mutations(seeds, tokens, 4000))


def json_tokens():
    return [b"{", b"}", b"[", b"]", b",", b":", b'"', b'""', b"null", b"true", b"-",
            b"\\", b"\\u0000", b"\\ud800", b"\\u0061", b"1e5", b"[[[[[[", b'{"a":',
            b"\xc3", b" ", b'"type":"x",']


def test_safetensors():
    arrays = {"a": numpy.arange(6, dtype="f4").reshape(2, 3),
              "b.c": numpy.ones((0, 4), "u1"), "\u00fc": numpy.array(2, "f2"),
              "i": numpy.arange(3)}
    seed = safetensors.numpy.save(arrays, {"k": "v"})
    size, = struct.unpack("<Q", seed[:8])
    header, data = seed[8:8 + size], seed[8 + size:]
    changed = []
    for text in mutations([header], json_tokens(), 4000):
        changed.append(struct.pack("<Q", len(text)) + text + data)
    changed += mutations([seed], json_tokens(), 1000)
    fuzz("safetensors", "x.safetensors", [seed], changed)


def npy(array):
    made = io.BytesIO()
    numpy.save(made, array)
    return made.getvalue()


def test_npy():
    seeds = [npy(numpy.arange(12, dtype="f4").reshape(3, 4)), npy(numpy.int64(3)),
             npy(numpy.zeros((2, 0, 3), "f2")), npy(numpy.ones(3, "u1"))]
    tokens = [b"'", b"(", b")", b",", b"{", b"}", b"True", b"False", b"<f8", b">f4",
              b"|O", b"'descr': ", b"'shape': (1,), ", b"L", b"0", b"\n", b" "]
    fuzz("npy", "x.npy", seeds, mutations(seeds, tokens, 5000), 10)


def merge_history():
    labels = [f"h.{i}.mlp.c_fc:{j}" for i in range(2) for j in range(4)]
    entries = {
        "labels.txt": "\n".join(labels).encode() + b"\n",
        "merge.group_idxs.npy": npy(numpy.array(
            [range(8), [0, 0, 1, 2, 3, 4, 5, 6], [0, 0, 1, 1, 2, 2, 3, 3]], "i8")),
        "merge.k_groups.npy": npy(numpy.array([8, 7, 4])),
        "metadata.json": b"{}",
    }
    return member(None, None, entries)


def test_merge_history():
    tokens = [b"'", b"(", b")", b",", b"{", b"<i4", b"|O", b"\n", b"\0", b"\xff\xff"]
    whole = merge_history()
    sample = (SAMPLE / "merge_history.zip").read_bytes()
    fuzz("clusters", "x.zip", [whole, sample], zip_mutations(whole, tokens, 1500), 10)


def test_ensemble():
    """An array with its labels beside it: a folder each."""
    made = io.BytesIO()
    numpy.savez_compressed(made, merges=numpy.arange(24, dtype="i2")
                           .reshape(2, 2, 6) % 5)
    whole = made.getvalue()
    meta = json.dumps({"component_labels": [f"a:{i}" for i in range(6)],
                       "runs": 2}).encode()
    tokens = [b"'", b"(", b")", b",", b"<i4", b"<i8", b"|O", b"\xff\xff"]
    pairs = [(changed, meta) for changed in zip_mutations(whole, tokens, 500)] \
        + [(whole, text) for text in mutations([meta], json_tokens(), 700)]

    def write(i, array, labels):
        path = scratch / f"ensemble-{i}"
        path.mkdir()
        (path / "ensemble_merge_array.npz").write_bytes(array)
        (path / "ensemble_meta.json").write_bytes(labels)
        return path

    seed = write("seed", whole, meta)
    paths = [write(i, *pair) for i, pair in enumerate(pairs)]
    check("ensembles", run("clusters", [seed]), run("clusters", paths), 10)


def test_cluster_map():
    seeds = [json.dumps({"iteration": 7, "clusters": {
                 f"h.0.attn.q_proj:{i}": i // 3 if i % 4 else None
                 for i in range(12)}}).encode(),
             json.dumps({str(i): [f"wte:{i}", f"\u00fc:{i}"] for i in range(9)},
                        ensure_ascii=False).encode()]
    fuzz("clusters", "x.json", seeds, mutations(seeds, json_tokens(), 4000), 10)


def test_token_lines():
    seeds = [b"".join(json.dumps({"text": "x\u00fc", "input_ids": list(range(i, i + 5)),
                                  "more": {"input_ids": [1]}}).encode() + b"\n"
                      for i in range(4))]
    fuzz("tokens", "x.jsonl", seeds,
         mutations(seeds, json_tokens() + [b"\n", b'"input_ids": [1, 2, 3, 4, 5],'],
                   3000), 10)


def tokenizer_seeds():
    """Of given tokens: what is trained differs from time to time."""
    t = tokenizers
    n, p, d = t.normalizers, t.pre_tokenizers, t.decoders
    letters = [*"abcdefghijklmnopqrstuvwxyzABCDEFGH.,!?<>[]'0123456789", "\u4f60"]

    def ids(tokens):
        return {token: i for i, token in enumerate(dict.fromkeys(tokens))}

    merges = [("t", "h"), ("th", "e"), ("\u0120", "w"), ("l", "l"), ("e", "ll")]
    bpe = t.Tokenizer(t.models.BPE(vocab=ids(
        ["<s>", *sorted(p.ByteLevel.alphabet()), *map("".join, merges)]), merges=merges))
    bpe.normalizer, bpe.decoder = n.NFC(), d.ByteLevel()
    bpe.pre_tokenizer = p.ByteLevel(add_prefix_space=False)
    bpe.add_special_tokens(["<s>"])
    bpe.post_processor = t.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)])
    word = t.Tokenizer(t.models.WordPiece(vocab=ids(
        ["[UNK]", "[MASK]", "hell", *letters, *("##" + c for c in letters)]),
        unk_token="[UNK]"))
    word.normalizer, word.pre_tokenizer = n.BertNormalizer(), p.BertPreTokenizer()
    word.decoder = d.WordPiece()
    word.add_special_tokens(["[MASK]"])
    unigram = t.Tokenizer(t.models.Unigram(
        [("<unk>", 0.), ("\u2581", -2.), ("ll", -2.5), *((c, -3.) for c in letters)], 0))
    unigram.normalizer = n.Sequence([
        n.NFKC(), n.Replace(t.Regex(" {2,}"), " "), n.Lowercase(),
        n.Precompiled(table({"\ufb01": "fi", "\u2122": "TM", "\t": " "}))])
    unigram.pre_tokenizer = p.Sequence([
        p.Metaspace(), p.Digits(individual_digits=True),
        p.Split(t.Regex(r"\p{P}"), "isolated")])
    unigram.decoder = d.Metaspace()
    return [made.to_str().encode() for made in (bpe, word, unigram)]


def test_tokenizer():
    seeds = tokenizer_seeds()
    # mutated outside the vocabulary too, which is most of the file
    changed = mutations(seeds, json_tokens(), 1500)
    for i in range(3000):
        seed = seeds[i % len(seeds)]
        cut = seed.index(b'"model"')
        head, tail = seed[:cut], seed[cut:]
        changed.append(mutated(head, json_tokens() + [b"\\\\p{L}", b"(", b"*", b"[^"])
                       + tail)
    fuzz("tokenizer", "tokenizer.json", seeds, changed, 10)


def latents(locations, activations, tokens):
    return safetensors.numpy.save({"locations": locations, "tokens": tokens,
                                   "activations": activations})


def test_latents():
    """Headers, and entries under good headers."""
    n = numpy.arange(40)
    seeds = [latents(numpy.stack([n // 10, n % 8, n * 7 % 13], 1).astype(kind),
                     (n % 5 + 1).astype(value),
                     numpy.arange(32, dtype="i4").reshape(4, 8))
             for kind, value in (("i8", "f4"), ("i4", "f2"), ("u2", "f4"))]
    changed = []
    for i in range(3000):
        seed = seeds[i % len(seeds)]
        size, = struct.unpack("<Q", seed[:8])
        header, data = seed[8:8 + size], bytearray(seed[8 + size:])
        if i % 3 == 0:
            header = mutated(header, json_tokens())
        else:
            for _ in range(random.choice((1, 2, 8))):
                data[random.randrange(len(data))] = random.choice(BYTES)
        changed.append(struct.pack("<Q", len(header)) + header + data)

    def write(i, content):
        path = scratch / f"latents-{i}"
        path.mkdir()
        (path / ("0_12.safetensors" if str(i)[-1] in "05" else "x.safetensors")) \
            .write_bytes(content)
        return path

    whole = [write(f"seed-{i}", seed) for i, seed in enumerate(seeds)]
    paths = [write(i, content) for i, content in enumerate(changed)]
    check("latents", run("latents", whole), run("latents", paths), 10)


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        random.seed(name)
        test()
        print("ok", name)
