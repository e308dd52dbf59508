#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Time of our tokenizer and of Hugging Face's on the same texts, one thread
each, by kind of tokenizer. See docs/benchmarks.md.

    RAYON_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false \\
    python3 tests/bench/tokenizer_speed.py build/tests/bench/bench-tokenizer
"""

import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
SAMPLE = PEERS.parent.parent / "samples" / "licences-model"
os.environ.setdefault("ACT_TEST_SAMPLE", str(SAMPLE))
os.environ.setdefault("ACT_TEST_DATA", str(PEERS.parent / "data"))
os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(PEERS))

from tokenizers import Tokenizer  # noqa: E402

import tokenizer_kinds as kinds  # noqa: E402

ROUNDS = 7
WANTED = ["bert", "words", "llama 2", "characters, unknown ones", "clip", "cl100k", "o200k", "deepseek", "digits",
          "unigram", "t5"]


def texts():
    """2 KiB each, of the licences."""
    whole = "".join(kinds.corpus())
    return [whole[i:i + 2000] for i in range(0, len(whole), 2000)] * 3


def measure(bench, filename, documents, data):
    """Medians of CPU seconds, the two in turn."""
    peer = Tokenizer.from_file(filename)
    times = [], []
    for _ in range(ROUNDS):
        out = subprocess.run([bench, filename], input=data, stdout=subprocess.PIPE, check=True).stdout
        n_ids, seconds = out.split()
        times[0].append(float(seconds))
        start = time.process_time()
        n = sum(len(peer.encode(d, add_special_tokens=False).ids) for d in documents)
        times[1].append(time.process_time() - start)
        assert n == int(n_ids), (n, n_ids)
    return [statistics.median(t) for t in times]


def main():
    bench = sys.argv[1]
    documents = texts()
    data = b"".join(struct.pack("<I", len(b)) + b for b in (t.encode() for t in documents))
    print("| tokenizer | MB/s | tokenizers | times as fast |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        files = [("sample (byte-level BPE)", str(SAMPLE / "tokenizer.json"))]
        for name, (model, trainer), more in kinds.kinds():
            if name in WANTED:
                files.append((name, os.path.join(folder, name.replace(" ", "") + ".json")))
                kinds.trained(model, trainer, **more).save(files[-1][1])
        for name, filename in files:
            ours, peers = measure(bench, filename, documents, data)
            size = len(data) / 1e6
            print("| %s | %.1f | %.1f | %.1f x |" % (name, size / ours, size / peers, peers / ours), flush=True)


if __name__ == "__main__":
    main()
