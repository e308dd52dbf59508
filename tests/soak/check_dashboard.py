#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proves a dashboard right by the segments of the store that it was made from, with NumPy and safetensors and no code
of ours, in one pass over the batches whatever their number. The rules are those of docs/formats.md and docs/facts.md.

usage: check_dashboard.py STORE DASHBOARD

Of every cluster: samples, mean (the reference's order of additions, to the bit), extremes, median, every histogram,
every criterion's samples in order, tokens and their entropy; all rows of activations.npz and their order, all texts,
coactivations of every two clusters as integers; of the facts the exact sum, activity, random and shown samples, tokens
by count, and how often each component is active. Says what differs and exits 1.

Where a value says into which bin others fall (the ends of a histogram) or is all that has to be kept (a sample that is
shown), what the dashboard claims is taken while reading, and proven when all has been read.
"""
import collections
import concurrent.futures
import fractions
import hashlib
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, safe_open

PIECE = 8192       # values that are added up apart
N_EXPONENTS = 300  # of float32, those below the normal ones too


def read_lines(path):
    with open(path) as file:
        for line in file:
            yield json.loads(line)


class Problems:
    def __init__(self):
        self.found = []

    def expect(self, what, found, expected):
        if isinstance(found, np.ndarray) or isinstance(expected, np.ndarray):
            same = np.array_equal(found, expected)
        else:
            same = found == expected
        if not same and len(self.found) < 20:
            self.found.append(f"{what}: {str(found)[:200]}, expected {str(expected)[:200]}")
            print("WRONG", self.found[-1], flush=True)


class Store:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.manifest = json.loads((self.folder / "manifest.json").read_text())
        m = self.manifest
        assert m["reduction"] == "max" and m["cluster_values"] == "derived", "a store of another kind"
        self.n_ctx, self.n_samples = m["n_ctx"], m["complete"]["samples"]
        labels = [f"{module['name']}:{i}" for module in m["modules"] for i in range(module["components"])]
        column_of = {label: i for i, label in enumerate(labels)}
        clusters = json.loads((self.folder / "clusters.json").read_text())
        self.ids = sorted(map(int, clusters))
        self.members = [[column_of[label] for label in clusters[str(i)]] for i in self.ids]
        self.names = [f"{m['clustering_run']}-{m['iteration']}-{i}" for i in self.ids]
        self.n_components = len(labels)
        self.strings = json.loads((self.folder / "vocabulary.json").read_text())

    def tokens(self):
        for entry in self.manifest["segments"]:
            with safe_open(self.folder / entry["file"], "numpy") as file:
                yield from file.get_tensor("tokens")

    def batches(self):
        """-> first sample, samples, row and column of each value, values, alive"""
        for entry in self.manifest["segments"]:
            s = load_file(self.folder / entry["file"])
            per_row, row, value = np.diff(s["indptr"]), 0, 0
            for b, (_, first, n, n_values) in enumerate(s["batches"]):
                n_rows = n * self.n_ctx
                rows = np.repeat(np.arange(n_rows, dtype=np.int32), per_row[row:row + n_rows])
                part = slice(value, value + n_values)
                alive = np.unpackbits(s["alive"][b], bitorder="little")[:self.n_components]
                yield int(first), int(n), rows, s["indices"][part], s["values"][part], alive.astype(bool)
                row, value = row + n_rows, value + n_values


class Texts:
    """Which text each sample is, and what names it."""

    def __init__(self, store):
        seen, by_digest, digests = {}, {}, []
        self.of_sample = np.empty(store.n_samples, np.int64)
        self.row = []  # tokens of the text's last sample
        place = {}
        self.string_of = np.array([place.setdefault(s, len(place)) for s in store.strings])
        self.strings = list(place)
        self.run_counts = np.zeros(len(place), np.int64)
        self.tokens = np.empty((store.n_samples, store.n_ctx), np.int32)
        for i, ids in enumerate(store.tokens()):
            self.tokens[i] = self.string_of[ids]
            key = self.tokens[i].tobytes()
            if key not in seen:
                digest = hashlib.sha256(" ".join(self.strings[s] for s in self.tokens[i]).encode()).hexdigest()
                seen[key] = by_digest.setdefault(digest, len(digests))
                if seen[key] == len(digests):
                    digests.append(digest)
                    self.row.append(i)
            self.of_sample[i] = seen[key]
            self.row[seen[key]] = i
        self.run_counts = np.bincount(self.tokens.ravel(), minlength=len(place))
        short = [collections.Counter(d[:n] for d in digests) for n in (8, 16)]
        self.names = [d[:8] if short[0][d[:8]] == 1 else d[:16] if short[1][d[:16]] == 1 else d for d in digests]

    def check(self, dashboard, problems):
        n = 0
        for n, line in enumerate(read_lines(dashboard / "text_samples.jsonl"), 1):
            if n > len(self.names):
                break
            tokens = [self.strings[s] for s in self.tokens[self.row[n - 1]]]
            problems.expect(f"text {n - 1}", line, {"text_hash": self.names[n - 1], "full_text": " ".join(tokens),
                                                    "tokens": tokens})
        problems.expect("texts", n, len(self.names))


def make_edges(low, high, bins, dtype):
    if low == high:
        low, high = low - 0.5, high + 0.5
    low, high = float(low), float(high)
    edges = np.arange(bins + 1) * ((high - low) / bins) + low
    edges[-1] = high
    span = float(dtype(high) - dtype(low)) if dtype is np.float32 else high - low
    return edges.astype(dtype), dtype(low), dtype(bins / span)


def find_bins(values, edges, low, scale, bins):
    """edges [.., bins + 1] (flattened lookup by base), low and scale: one for all, or one for each value"""
    index = ((values - low) * scale).astype(np.int64)
    index = np.clip(index, 0, bins - 1)
    at = edges(index)
    below = values < at[0]
    above = ~below & (index < bins - 1) & (values >= at[1])
    return index - below + above


def histogram(values, bins, dtype):
    values = values.astype(dtype)
    edges, low, scale = make_edges(values.min(), values.max(), bins, dtype)
    index = find_bins(values, lambda i: (edges[i], edges[i + 1]), low, scale, bins)
    return {"bin_edges": [float(e) for e in edges], "bin_counts": np.bincount(index, minlength=bins).tolist()}


def priority_keys(n, seed):
    with np.errstate(over="ignore"):
        z = np.arange(n, dtype=np.uint64) + np.uint64(0x9e3779b97f4a7c15 * (seed + 1) & (2**64 - 1))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        return z ^ (z >> np.uint64(31))


class ExactSums:
    """Sums of float32 values without rounding: mantissas are added up as integers, for each exponent apart."""

    def __init__(self, n):
        self.bins = np.zeros(n * N_EXPONENTS, np.int64)

    def add(self, which, values):
        mantissa, exponent = np.frexp(values)
        mantissa = np.ldexp(mantissa.astype(np.float64), 24)
        self.bins += np.bincount(which * N_EXPONENTS + exponent + 150, weights=mantissa,
                                 minlength=len(self.bins)).astype(np.int64)

    def get(self, i):
        bins = self.bins[i * N_EXPONENTS:(i + 1) * N_EXPONENTS]
        return float(sum(int(m) * fractions.Fraction(2) ** (int(e) - 150 - 24)
                         for e, m in enumerate(bins) if m != 0))


class Claims:
    """Rows of activations that the dashboard shows, by the text or sample that has them."""

    def __init__(self, keys, clusters, n_ctx):
        self.rows = np.full((len(keys), n_ctx), np.nan, np.float32)
        self.first = np.full(len(keys), np.iinfo(np.int64).max)
        self.by_key = collections.defaultdict(lambda: ([], []))
        for row, (key, cluster) in enumerate(zip(keys, clusters)):
            self.by_key[key][0].append(cluster)
            self.by_key[key][1].append(row)
        self.by_key = {k: (np.array(c), np.array(r)) for k, (c, r) in self.by_key.items()}

    def take(self, key, sample, activations, active):
        if key not in self.by_key:
            return
        clusters, rows = self.by_key[key]
        rows, clusters = rows[active[clusters]], clusters[active[clusters]]
        self.rows[rows] = activations[clusters]
        self.first[rows] = np.minimum(self.first[rows], sample)


class Check:
    def __init__(self, store, dashboard, problems):
        self.store, self.dashboard, self.problems = store, dashboard, problems
        self.settings = json.loads((dashboard / "model_info.json").read_text())["settings"]
        self.bins, self.threshold = self.settings["hist_bins"], np.float32(self.settings["activation_threshold"])
        self.texts = Texts(store)
        self.n, self.n_strings = len(store.names), len(self.texts.strings)
        index = {name: c for c, name in enumerate(store.names)}
        self.lines = {index[line["cluster_hash"]]: line for line in read_lines(dashboard / "clusters.jsonl")}
        self.facts = [] if self.settings["facts"] is None else list(read_lines(dashboard / "cluster_facts.jsonl"))
        self.map = json.loads((dashboard / "activations_map.json").read_text())
        text_of = {name: t for t, name in enumerate(self.texts.names)}
        keys = [key.rsplit("|", 1) for key in self.map]
        self.examples = Claims([text_of[h] for _, h in keys], [index[name] for name, _ in keys], store.n_ctx)
        self.order = list(self.lines)  # clusters by line
        if self.facts:
            shown = np.load(dashboard / "samples.npz")
            self.shown = {name: shown[name] for name in shown.files}
            self.samples = Claims(self.shown["sample"].tolist(), [self.order[i] for i in self.shown["cluster"]],
                                  store.n_ctx)
        self.make_state()

    def make_state(self):
        n, n_samples, n_all = self.n, self.store.n_samples, self.store.n_components
        self.place = np.full(n_all, -1)  # column -> row of the dense batch: members of a cluster lie together
        self.starts, at = [], 0
        for members in self.store.members:
            self.starts.append(at)
            self.place[members] = np.arange(at, at + len(members))
            at += len(members)
        self.place[self.place < 0] = at
        self.n_places = at + 1
        self.active = np.zeros((n, n_samples), bool)
        self.top = np.zeros((n, n_samples), np.float32)
        self.top_at = np.zeros((n, n_samples), np.uint16)
        self.means = np.zeros((n, n_samples), np.float32)
        self.min = np.full(n, np.inf, np.float32)
        self.n_values = np.zeros(n, np.int64)
        self.n_negative = np.zeros(n, np.int64)
        self.all_counts = np.zeros(n * self.bins, np.int64)
        edges = [make_edges(*(np.float32(self.lines[c]["stats"][k]) for k in ("min_activation", "max_activation")),
                            self.bins, np.float32) if c in self.lines else make_edges(0, 1, self.bins, np.float32)
                 for c in range(n)]
        self.edges = np.array([e for e, _, _ in edges]).ravel()
        self.low, self.scale = np.array([e[1] for e in edges]), np.array([e[2] for e in edges])
        self.pending, self.fill = np.zeros((n, PIECE), np.float32), np.zeros(n, np.int64)
        self.sums = np.zeros(n, np.float32)
        self.exact = ExactSums(n)
        self.token_counts = np.zeros(n * self.n_strings, np.int64)
        self.token_first = np.zeros(n * self.n_strings, np.int64)
        self.coactivations = np.zeros((n, n), np.int64)
        self.busy = {c: [] for c, line in self.lines.items() if line["stats"]["median_activation"] != 0}
        self.member_rows = np.zeros(self.n_places, np.int64)
        self.member_active = np.zeros(self.n_places, np.int64)
        self.member_max = np.full(self.n_places, -np.inf, np.float32)

    # --- one batch ---

    def cluster_activations(self, n_rows, rows, columns, values, alive):
        dense = np.zeros((self.n_places, n_rows), np.float32)
        dense[self.place[columns], rows] = values
        dead = self.place[~alive]
        dense[dead] = -np.inf
        clusters = np.maximum.reduceat(dense, self.starts + [self.n_places - 1], axis=0)[:self.n]
        if len(dead):
            np.copyto(clusters, 0, where=np.isneginf(clusters))
            dense[dead] = 0
        return clusters, dense

    def count_coactivations(self, clusters):
        positive = (clusters > 0).astype(np.float32)
        # below 2^24: exact
        self.coactivations += (positive @ positive.T).astype(np.int64)

    def add_sums(self, clusters, active):
        groups = [(f, np.flatnonzero(active & (self.fill == f))) for f in np.unique(self.fill[active])]
        for fill, which in groups:
            at = 0
            while at < clusters.shape[1]:
                n = min(PIECE - fill, clusters.shape[1] - at)
                self.pending[which, fill:fill + n] = clusters[which, at:at + n]
                fill, at = fill + n, at + n
                if fill == PIECE:
                    self.sums[which] += np.add.reduce(self.pending[which], axis=1)
                    fill = 0
            self.fill[which] = fill

    def add_samples(self, first, n, clusters, active):
        by_sample = clusters.reshape(self.n, n, -1)
        part = slice(first, first + n)
        self.active[:, part] = active[:, None]
        self.top[:, part] = by_sample.max(2)
        self.top_at[:, part] = by_sample.argmax(2)
        self.means[:, part] = np.add.reduce(by_sample, 2) / np.float32(self.store.n_ctx)
        self.min = np.where(active, np.minimum(self.min, clusters.min(1)), self.min)
        for i in range(n):
            self.examples.take(self.texts.of_sample[first + i], first + i, by_sample[:, i], active)
            if self.facts:
                self.samples.take(first + i, first + i, by_sample[:, i], active)

    def add_values(self, first, clusters):
        n_rows, bins = clusters.shape[1], self.bins
        at = np.flatnonzero(clusters)
        cluster, values = at // n_rows, clusters.ravel()[at]
        self.n_values += np.bincount(cluster, minlength=self.n)
        self.n_negative += np.bincount(cluster[values < 0], minlength=self.n)
        base = cluster * (bins + 1)
        index = find_bins(values, lambda i: (self.edges[base + i], self.edges[base + i + 1]), self.low[cluster],
                          self.scale[cluster], bins)
        self.all_counts += np.bincount(cluster * bins + index, minlength=len(self.all_counts))
        self.exact.add(cluster, values)
        self.add_tokens(first, at[values > self.threshold], n_rows)
        for c, kept in self.busy.items():
            kept.append(clusters[c][clusters[c] != 0])

    def add_tokens(self, first, at, n_rows):
        position = at % n_rows
        tokens = self.texts.tokens.reshape(-1)[first * self.store.n_ctx + position]
        key = at // n_rows * self.n_strings + tokens
        new = self.token_counts[key] == 0
        keys, where = np.unique(key[new], return_index=True)
        self.token_first[keys] = first * self.store.n_ctx + position[new][where]
        self.token_counts += np.bincount(key, minlength=len(self.token_counts))

    def add_members(self, n, columns, values, alive, dense, active):
        cluster_active = np.repeat(active, np.diff(self.starts + [self.n_places - 1]))
        mine = np.zeros(self.n_places, bool)
        mine[self.place[alive]] = True
        mine[:-1] &= cluster_active
        self.member_rows[mine] += n
        self.member_active += np.bincount(self.place[columns[values > self.threshold]], minlength=self.n_places)
        self.member_max[mine] = np.maximum(self.member_max[mine], dense.max(1)[mine])

    def read(self):
        started, n_batches = time.monotonic(), 0
        with concurrent.futures.ThreadPoolExecutor(1) as other:
            counting = None
            for first, n, rows, columns, values, alive in self.store.batches():
                clusters, dense = self.cluster_activations(n * self.store.n_ctx, rows, columns, values, alive)
                if counting is not None:
                    counting.result()
                counting = other.submit(self.count_coactivations, clusters)
                active = clusters.any(1)
                self.add_sums(clusters, active)
                self.add_samples(first, n, clusters, active)
                self.add_values(first, clusters)
                if self.facts:
                    self.add_members(n, columns, values, alive, dense, active)
                n_batches += 1
                if n_batches % 500 == 0:
                    print(f"{n_batches} batches read, {time.monotonic() - started:.0f} s", flush=True)
            counting.result()
        for c in range(self.n):
            self.sums[c] += np.add.reduce(self.pending[c, :self.fill[c]])

    # --- all read ---

    def property_of(self, c, name, rows):
        if name == "max_position":
            return self.top_at[c, rows].astype(np.float64)
        return {"max_activation": self.top, "mean_activation": self.means}[name][c, rows]

    def median(self, c, n):
        n_zeros = n - int(self.n_values[c])

        def kth(k):
            if self.n_negative[c] <= k < self.n_negative[c] + n_zeros:
                return np.float32(0)
            assert c in self.busy, "the median is not 0"
            if isinstance(self.busy[c], list):
                self.busy[c] = np.sort(np.concatenate(self.busy[c]))
            return self.busy[c][k if k < self.n_negative[c] else k - n_zeros]

        return kth(n // 2) if n % 2 else (kth(n // 2 - 1) + kth(n // 2)) / np.float32(2)

    def tokens_of(self, c):
        part = slice(c * self.n_strings, (c + 1) * self.n_strings)
        counts, first = self.token_counts[part], self.token_first[part]
        strings = np.flatnonzero(counts)
        strings = strings[np.argsort(first[strings])]
        ranked = strings[np.argsort(-counts[strings], kind="stable")]
        total, n_unique = int(counts.sum()), len(strings)
        terms = np.array([p * math.log(p + 1e-10) for p in (counts[strings] / max(total, 1)).tolist()])
        names = self.texts.strings
        top = ranked[:self.settings["top_n_tokens"]]
        return ranked, counts, {
            "top_tokens": [{"token": names[s], "count": int(counts[s])} for s in top],
            "total_unique_tokens": n_unique, "total_activations": total,
            "entropy": float(-np.add.reduce(terms)) if n_unique else 0.0,
            "concentration_ratio": int(counts[ranked[:max(1, n_unique // 10)]].sum()) / total if n_unique else 0.0,
            "activation_threshold": self.settings["activation_threshold"]}

    def check_cluster(self, c):
        line, expect, name = self.lines[c], self.problems.expect, self.store.names[c]
        rows = np.flatnonzero(self.active[c])
        n = len(rows) * self.store.n_ctx
        low, high = float(self.min[c]) + 0.0, float(self.top[c, rows].max()) + 0.0
        stats, tops = {}, {}
        for key in self.settings["criteria"]:
            prop, direction, count = key.rsplit("-", 2)
            values = self.property_of(c, prop, rows)
            order = np.argsort(-values if direction == "max" else values, kind="stable")[:int(count)]
            tops[key] = rows[order]
            stats[key] = histogram(values, self.bins, np.float64 if prop == "max_position" else np.float32)
        counts = self.all_counts[c * self.bins:(c + 1) * self.bins].copy()
        edges, lowest, scale = make_edges(np.float32(low), np.float32(high), self.bins, np.float32)
        zero = find_bins(np.zeros(1, np.float32), lambda i: (edges[i], edges[i + 1]), lowest, scale, self.bins)[0]
        counts[zero] += n - self.n_values[c]
        stats["all_activations"] = {"bin_edges": [float(e) for e in edges], "bin_counts": counts.tolist()}
        stats.update(n_samples=len(rows), n_tokens=n, mean_activation=float(np.float32(float(self.sums[c]) / n)),
                     min_activation=low, max_activation=high, median_activation=float(self.median(c, n)))
        stats["max_activation_position"] = histogram(
            self.top_at[c, rows] / max(1, self.store.n_ctx - 1), self.bins, np.float64)
        ranked, token_counts, stats["token_activations"] = self.tokens_of(c)
        for key, value in stats.items():
            expect(f"{name}, {key}", line["stats"].get(key), value)
        expect(f"{name}, keys", list(line["stats"]), list(stats))
        names = {key: [self.texts.names[t] for t in self.texts.of_sample[top]] for key, top in tops.items()}
        expect(f"{name}, samples", line["criterion_samples"], names)
        return rows, tops, ranked, token_counts

    def check_examples(self, named):
        """named: cluster -> its texts; keys come in order of first storing"""
        first = dict(zip(self.map, self.examples.first.tolist()))
        expected = []
        for c in self.order:
            keys = [f"{self.store.names[c]}|{self.texts.names[t]}" for t in named[c]]
            expected += sorted(keys, key=lambda key: first.get(key, -1))
        self.problems.expect("keys of activations_map.json", list(self.map), expected)
        self.problems.expect("rows of activations_map.json", list(self.map.values()), list(range(len(self.map))))
        found = np.load(self.dashboard / "activations.npz")["activations"]
        self.problems.expect("activations.npz", found, self.examples.rows.astype(np.float16))
        print(f"{len(found)} rows of activations.npz", flush=True)

    def check_facts(self, line, c, rows, tops, ranked, counts):
        facts, expect, name = self.facts[line], self.problems.expect, f"facts of {self.store.names[c]}"
        expect(name, facts["cluster_hash"], self.store.names[c])
        active = rows[self.top[c, rows] > self.threshold]
        total, n_active = self.exact.get(c), int(counts.sum())
        n_samples, n_positions = self.store.n_samples, self.store.n_samples * self.store.n_ctx
        expect(f"{name}, activation", facts["activation"], {
            "n_samples": len(rows), "sum": total, "mean": total / (len(rows) * self.store.n_ctx),
            "n_active_positions": n_active, "n_active_samples": len(active), "position_rate": n_active / n_positions,
            "sample_rate": len(active) / n_samples})
        settings = self.settings["facts"]
        keys = priority_keys(n_samples, settings["seed"])[active]
        tops["random"] = active[np.argsort(keys)[:settings["n_random"]]]
        for key, samples in tops.items():
            expect(f"{name}, {key}", facts["samples"][key]["sample"], samples.tolist())
        shown = self.shown["sample"][self.shown["cluster"] == line]
        expect(f"{name}, shown", shown.astype(np.int64), np.unique(np.concatenate(list(tops.values()))))
        top, table = ranked[:self.settings["top_n_tokens"]], facts["tokens"]["by_count"]
        expect(f"{name}, tokens", table["token"], [self.texts.strings[s] for s in top])
        expect(f"{name}, counts", table["count"], counts[top].tolist())
        expect(f"{name}, run counts", table["run_count"], self.texts.run_counts[top].tolist())
        if facts["members"] is None:
            return
        at = self.starts[c]
        for m, member in enumerate(facts["members"]):
            expect(f"{name}, {member['label']}", [member[k] for k in ("n_samples", "n_active_positions", "max")],
                   [self.member_rows[at + m], self.member_active[at + m], max(self.member_max[at + m], 0)])

    def finish(self):
        expect = self.problems.expect
        active = np.flatnonzero(self.active.any(1)).tolist()
        expect("clusters with a line", self.order, active)
        if self.order != active:
            return
        named = {}
        for line, c in enumerate(self.order):
            rows, tops, ranked, counts = self.check_cluster(c)
            named[c] = set(self.texts.of_sample[np.concatenate(list(tops.values()))].tolist())
            if self.facts:
                self.check_facts(line, c, rows, tops, ranked, counts)
        self.check_examples(named)
        if self.facts:
            expect("activations of samples.npz", self.shown["activations"], self.samples.rows)
            print(f"{len(self.samples.rows)} rows of samples.npz", flush=True)
        found = np.load(self.dashboard / "coactivations.npz")
        expect("clusters of coactivations.npz", found["cluster_indices"], np.array(self.store.ids))
        expect("coactivations", found["coactivations"], self.coactivations)
        expect("type of coactivations", found["coactivations"].dtype, np.dtype(np.int64))
        self.texts.check(self.dashboard, self.problems)


def check(store, dashboard):
    """-> how many things are wrong"""
    problems = Problems()
    run = Check(Store(store), Path(dashboard), problems)
    run.read()
    run.finish()
    n_tokens = run.store.n_samples * run.store.n_ctx
    print(f"{len(run.order)} clusters, {run.store.n_samples} samples of {len(run.texts.names)} texts, {n_tokens} positions, "
          f"{int(run.n_values.sum())} cluster activations: {len(problems.found) or 'nothing'} wrong", flush=True)
    return len(problems.found)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1])
    sys.exit(1 if check(*sys.argv[1:]) else 0)
