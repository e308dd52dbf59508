#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A made-up run of many clusters, as a store (docs/formats.md): the sparse form
that `gst-activations run from-store stores=DIR output=DASHBOARD` reads.

usage: make_large_store.py DIR CLUSTERS [--samples N] [--n-ctx N] [--seed N]

Tokens are Zipf's. A cluster has 1 to 8 components, and is active at a token or
two of its own and here and there; clusters of one topic are active together.
The same arguments give the same bytes.
"""
import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

PARTS = ["attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.o_proj", "mlp.c_fc", "mlp.down_proj"]
N_LAYERS, BATCH = 4, 32
TYPES = {"int64": "I64", "int32": "I32", "float32": "F32", "uint8": "U8"}


def vocabulary(rng, n_tokens, length):
    """strings with and without a blank before them, some that mean something in HTML; or long ones"""
    if length:
        letters = rng.integers(97, 123, (n_tokens, length), np.uint8)
        return [f"{chr(0x120)}{row.tobytes().decode()}{i}" for i, row in enumerate(letters)]
    syllables = ["ka", "to", "mi", "ser", "ble", "un", "ing", "ion", "ra", "<b", "&", "é", "日", "\""]
    strings = [f"{chr(0x120) if i % 3 else ''}{''.join(rng.choice(syllables, 1 + i % 3))}{i}" for i in range(n_tokens)]
    strings[0] = "<|endoftext|>"
    return strings


def make_clusters(rng, n, n_silent):
    """components: each cluster's columns; labels, and components a module; the last cluster has more, that never fire"""
    modules = [f"h.{layer}.{part}" for layer in range(N_LAYERS) for part in PARTS]
    sizes = np.minimum(rng.geometric(0.35, n), 8)
    each = int(np.ceil(sizes.sum() / len(modules))) + 3
    columns = rng.permutation(each * len(modules))[:sizes.sum()]
    members = [np.sort(m) for m in np.split(columns, np.cumsum(sizes)[:-1])]
    counts = [each] * len(modules)
    counts[-1] += n_silent
    labels = [f"{module}:{i}" for module, count in zip(modules, counts) for i in range(count)]
    return members, labels, [{"name": m, "components": count} for m, count in zip(modules, counts)]


def activity(rng, tokens, members, n_tokens):
    """(position, column, value) of all clusters, unsorted"""
    n_positions = tokens.size
    order = np.argsort(tokens, kind="stable")
    starts = np.searchsorted(tokens[order], np.arange(n_tokens + 1))
    frequent = np.flatnonzero(np.diff(starts) > 4)
    topics = rng.integers(0, n_positions, (max(len(members) // 20, 1), 24))
    found = []
    for i, columns in enumerate(members):
        own = [order[starts[t]:starts[t + 1]][:200] for t in rng.choice(frequent, 2)]
        shared = topics[i // 20 % len(topics)]
        places = np.unique(np.concatenate([*own, rng.choice(shared, 12), rng.integers(0, n_positions, 4)]))
        strength = rng.uniform(0.1, 1, places.size).astype(np.float32)
        on = rng.random((places.size, columns.size)) < 0.8
        on[:, i % columns.size] = True
        position, member = np.nonzero(on)
        noise = rng.uniform(0.5, 1, position.size).astype(np.float32)
        found.append((places[position], columns[member], strength[position] * noise))
    return [np.concatenate(parts) for parts in zip(*found)]


def fingerprint(clusters):
    """as gstactassignment.c: ids and labels, each with a NUL, and one more a cluster"""
    sha = hashlib.sha256()
    for key, labels in clusters.items():
        sha.update(b"".join(s.encode() + b"\0" for s in [key, *labels]) + b"\0")
    return sha.hexdigest()


def safetensors(tensors):
    header, at = {"__metadata__": {"format": "gst-activations-segment", "version": "1"}}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": TYPES[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for array in tensors.values())


def segment(tokens, n_columns, position, column, value):
    n_samples, n_ctx = tokens.shape
    order = np.lexsort((column, position))
    position, column, value = position[order], column[order], value[order]
    indptr = np.searchsorted(position, np.arange(tokens.size + 1)).astype(np.int64)
    firsts = range(0, n_samples, BATCH)
    batches, alive = [], np.zeros((len(firsts), (n_columns + 7) // 8 * 8), np.uint8)
    for i, first in enumerate(firsts):
        end = min(first + BATCH, n_samples)
        a, b = indptr[first * n_ctx], indptr[end * n_ctx]
        batches.append([i, first, end - first, b - a])
        alive[i, column[a:b]] = 1
    return {"batches": np.array(batches, np.int64), "indptr": indptr, "tokens": tokens,
            "indices": column.astype(np.int32), "values": value,
            "alive": np.packbits(alive, axis=1, bitorder="little")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("clusters", type=int)
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--n-ctx", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=5000, help="of the vocabulary")
    parser.add_argument("--token-length", type=int, default=0, help="long ones, about as long as this")
    parser.add_argument("--silent", type=int, default=0, help="more components in the last cluster, never active")
    options = parser.parse_args()

    rng = np.random.default_rng(options.seed)
    strings = vocabulary(rng, options.tokens, options.token_length)
    members, labels, modules = make_clusters(rng, options.clusters, options.silent)
    tokens = (np.minimum(rng.zipf(1.3, (options.samples, options.n_ctx)), options.tokens) - 1).astype(np.int32)
    tensors = segment(tokens, len(labels), *activity(rng, tokens.ravel(), members, options.tokens))
    clusters = {str(i): [labels[c] for c in columns] for i, columns in enumerate(members)}
    clusters[str(options.clusters - 1)] += labels[len(labels) - options.silent:]

    data = safetensors(tensors)
    n_batches, n_values = len(tensors["batches"]), tensors["values"].size
    manifest = {
        "format": "gst-activations-store", "version": 1, "model": None, "tokenizer": None,
        "clusters": fingerprint(clusters), "clustering_run": "made-up", "iteration": -1, "reduction": "max",
        "threshold": 0, "n_ctx": options.n_ctx, "batch_size": BATCH, "vocab_size": options.tokens,
        "n_clusters": options.clusters, "modules": modules, "cluster_values": "derived", "segment_size": n_batches,
        "shard_index": 0, "shard_count": 1,
        "complete": {"samples": options.samples, "first_batch": 0, "run_batches": n_batches,
                     "run_samples": options.samples},
        "segments": [{"file": "segment-000000.safetensors", "first_batch": 0, "batches": n_batches, "first_sample": 0,
                      "samples": options.samples, "values": n_values, "size": len(data),
                      "sha256": hashlib.sha256(data).hexdigest()}],
    }
    options.folder.mkdir(parents=True)
    (options.folder / "segment-000000.safetensors").write_bytes(data)
    (options.folder / "clusters.json").write_text(json.dumps(clusters))
    (options.folder / "vocabulary.json").write_text(json.dumps(strings))
    (options.folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    print(f"{options.clusters} clusters of {len(labels)} components, {n_values} activations")


if __name__ == "__main__":
    main()
