#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Made-up shards of one run, as stores (docs/formats.md), as large as one likes and
made at the speed of the disk: for merges of 10^8 nonzeros and more.

usage: make_shards.py DIR --shards N --nonzeros N [--per-position N]
                      [--components N] [--clusters N] [--seed N]

Each position has the same number of nonzeros, in as many equal bands of the
columns; within a band low columns are much more frequent than high ones, as in
real models. The same arguments give the same bytes, and the shards of any number
hold the same run.
"""
import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from make_large_store import fingerprint, safetensors

N_CTX, BATCH, SEGMENT, VOCABULARY = 128, 32, 16, 1000


def batch(seed, index, options):
    """tokens, columns and values of one batch: a generator of its own for each"""
    rng = np.random.default_rng([seed, index])
    positions, k = BATCH * N_CTX, options.per_position
    width = options.components // k
    skewed = (width * rng.random((positions, k), np.float32) ** 6).astype(np.int32)
    columns = np.minimum(skewed, width - 1) + np.arange(k, dtype=np.int32) * width
    values = rng.random((positions, k), np.float32) * np.float32(0.9) + np.float32(0.1)
    tokens = rng.integers(0, VOCABULARY, (BATCH, N_CTX), np.int32)
    return tokens, columns, values


def segment(folder, first, end, options):
    """writes batches from first to before end; its entry in the manifest"""
    made = [batch(options.seed, i, options) for i in range(first, end)]
    n, k = end - first, options.per_position
    each = BATCH * N_CTX * k
    alive = np.zeros((n, (options.components + 7) // 8 * 8), np.uint8)
    for i, (_, columns, _) in enumerate(made):
        alive[i, columns.ravel()] = 1
    tensors = {
        "batches": np.array([[i, i * BATCH, BATCH, each] for i in range(first, end)], np.int64),
        "indptr": np.arange(n * BATCH * N_CTX + 1, dtype=np.int64) * k,
        "tokens": np.concatenate([tokens for tokens, _, _ in made]),
        "indices": np.concatenate([columns.ravel() for _, columns, _ in made]),
        "values": np.concatenate([values.ravel() for _, _, values in made]),
        "alive": np.packbits(alive, axis=1, bitorder="little"),
    }
    data = safetensors(tensors)
    name = f"segment-{first:06}.safetensors"
    (folder / name).write_bytes(data)
    return {"file": name, "first_batch": first, "batches": n, "first_sample": first * BATCH, "samples": n * BATCH,
            "values": n * each, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def write_shard(folder, index, n_batches, clusters, options):
    first, end = (n_batches * k // options.shards for k in (index, index + 1))
    folder.mkdir(parents=True)
    # where the batch's index is a multiple of the size, as the store does
    edges = [first, *range(-(-(first + 1) // SEGMENT) * SEGMENT, end, SEGMENT), end]
    segments = [segment(folder, a, b, options) for a, b in zip(edges, edges[1:]) if a < b]
    manifest = {
        "format": "gst-activations-store", "version": 1, "model": None, "tokenizer": None,
        "clusters": fingerprint(clusters), "clustering_run": "made-up", "iteration": -1, "reduction": "max",
        "threshold": 0, "n_ctx": N_CTX, "batch_size": BATCH, "vocab_size": VOCABULARY,
        "n_clusters": options.clusters, "modules": [{"name": "m", "components": options.components}],
        "cluster_values": "derived", "segment_size": SEGMENT, "shard_index": index, "shard_count": options.shards,
        "complete": {"samples": (end - first) * BATCH, "first_batch": first, "run_batches": n_batches,
                     "run_samples": n_batches * BATCH},
        "segments": segments,
    }
    (folder / "clusters.json").write_text(json.dumps(clusters))
    (folder / "vocabulary.json").write_text(json.dumps([f"t{i}" for i in range(VOCABULARY)]))
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--nonzeros", type=float, required=True)
    parser.add_argument("--per-position", type=int, default=20)
    parser.add_argument("--components", type=int, default=40000)
    parser.add_argument("--clusters", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main():
    options = arguments()
    n_batches = max(1, round(options.nonzeros / (BATCH * N_CTX * options.per_position)))
    # equally many columns a cluster, that are far apart
    clusters = {str(c): [f"m:{i}" for i in range(c, options.components, options.clusters)]
                for c in range(options.clusters)}
    for index in range(options.shards):
        write_shard(options.folder / f"shard-{index:05}", index, n_batches, clusters, options)
    print(f"{options.shards} shards of {n_batches} batches, {n_batches * BATCH * N_CTX} positions, "
          f"{n_batches * BATCH * N_CTX * options.per_position} nonzeros")


if __name__ == "__main__":
    main()
