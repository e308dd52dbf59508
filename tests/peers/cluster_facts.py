# SPDX-License-Identifier: LGPL-2.1-or-later
"""cluster_facts.jsonl, samples.npz and component_activations.npz of the golden
dumps against NumPy: every number, from docs/facts.md alone.

And: the golden files stay as they are with facts and without; with
sample-scope=all no file depends on the batch size; exact sums are math.fsum's.
"""
import collections
import hashlib
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from folders import content

GOLDEN = pathlib.Path(os.environ["ACT_TEST_DATA"]) / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
TEXT_FILES = ["clusters.jsonl", "text_samples.jsonl", "activations_map.json"]
N_RANDOM, SEED, N_COACTIVATING, MIN_COUNT = 4, 5, 3, 2
folder = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder.name)


def ratio(a, b):
    return a / b if b > 0 else 0.0


class Run:
    """What a dump holds, and the clusters' activations."""

    def __init__(self, case, threshold=None, scope="active-batches"):
        self.folder = GOLDEN / case
        self.scope = scope
        self.params = json.loads((self.folder / "params.json").read_text())
        self.n_ctx = self.params["seq_len"]
        self.threshold = self.params["filter_dead_threshold"] \
            if threshold is None else threshold
        self.labels = (self.folder / "labels.txt").read_text().split()
        self.vocab = json.loads((self.folder / "vocab.json").read_text())
        clusters = json.loads((self.folder / "clusters.json").read_text())
        ids = sorted(clusters, key=int)
        self.members = [[self.labels.index(label) for label in clusters[i]]
                        for i in ids]
        prefix = "{clustering_run}-{iteration}-".format(**self.params)
        self.names = [prefix + i for i in ids]
        self.criteria = ["{property}-{direction}".format(**c)
                         for c in self.params["criteria"]]
        self.read_batches()

    def read_batches(self):
        tokens = np.load(self.folder / "tokens.npy")
        sizes = self.params["batch_sizes"]
        self.tokens = np.concatenate(
            [tokens[b][:size] for b, size in enumerate(sizes)])
        self.strings = [[self.vocab[t] for t in row] for row in self.tokens]
        self.texts = [" ".join(row) for row in self.strings]
        self.n_samples = len(self.tokens)
        self.batch_of = np.repeat(np.arange(len(sizes)), sizes)
        batches = [np.load(self.folder / f"activations_{b:03}.npy") + 0.0
                   for b in range(len(sizes))]
        # [samples, n_ctx, components]
        self.components = np.concatenate(batches).reshape(
            self.n_samples, self.n_ctx, -1)
        self.alive = np.array(
            [a.max(0) >= np.float32(self.threshold) if self.threshold > 0
             else np.ones(len(self.labels), bool) for a in batches])
        self.activations = np.stack(
            [self.cluster(members) for members in self.members], -1)

    def cluster(self, members):
        values = self.components[:, :, members].copy()
        values[np.broadcast_to(~self.alive[self.batch_of][:, None, members],
                               values.shape)] = -np.inf
        most = values.max(-1)
        return np.where(np.isneginf(most), np.float32(0), most)

    def rows(self, c):
        """The samples that are rows of a cluster."""
        active = self.activations[:, :, c].any(1)
        if self.scope == "all":
            return np.arange(self.n_samples if active.any() else 0)
        batches = np.unique(self.batch_of[active])
        return np.flatnonzero(np.isin(self.batch_of, batches))

    def arguments(self, output, dump=None):
        p = self.params
        return ["run", "from-dump", f"dump={dump or self.folder}",
                f"clusters={self.folder}/clusters.json",
                f"vocabulary={self.folder}/vocab.json",
                f"run={p['clustering_run']}", f"iteration={p['iteration']}",
                f"threshold={self.threshold}", f"n-samples={p['n_samples']}",
                f"hist-bins={p['hist_bins']}",
                f"activation-threshold={p['activation_threshold']}",
                f"top-n-tokens={p['top_n_tokens']}",
                "criteria=" + ",".join(self.criteria),
                f"sample-scope={self.scope}", f"n-random={N_RANDOM}",
                f"seed={SEED}", f"n-coactivating={N_COACTIVATING}",
                f"min-token-count={MIN_COUNT}", f"output={output}"]


def program(arguments):
    done = subprocess.run(["gst-activations", *arguments, "--quiet"],
                          capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stderr)
    assert done.stderr == "", done.stderr


def make(run, name, *settings, dump=None):
    output = scratch / name
    program([*run.arguments(output, dump), *settings])
    return output


class Shown:
    """samples.npz and component_activations.npz, as they must be."""

    def __init__(self, n_ctx):
        self.n_ctx = n_ctx
        self.cluster, self.sample, self.text = [], [], []
        self.indptr, self.list_indptr, self.list_rows = [0], [0], []
        self.activations = []
        self.line_indptr, self.row_ends = [0], [0]
        self.positions, self.values = [], []
        self.counts_indptr, self.counts = [0], []

    def assert_same(self, output):
        samples = np.load(output / "samples.npz", allow_pickle=False)
        expected = {
            "cluster": np.array(self.cluster, np.int64),
            "sample": np.array(self.sample, np.uint64),
            "text": np.array(self.text, np.int64),
            "indptr": np.array(self.indptr, np.int64),
            "list_indptr": np.array(self.list_indptr, np.int64),
            "list_rows": np.array(self.list_rows, np.int64),
            "activations": np.array(self.activations, np.float32).reshape(
                -1, self.n_ctx),
        }
        assert_arrays(samples, expected)
        components = np.load(output / "component_activations.npz",
                             allow_pickle=False)
        assert_arrays(components, {
            "line_indptr": np.array(self.line_indptr, np.int64),
            "indptr": np.array(self.row_ends, np.int64),
            "positions": np.array(self.positions, np.int32),
            "values": np.array(self.values, np.float32),
            "coactivations_indptr": np.array(self.counts_indptr, np.int64),
            "coactivations": np.array(self.counts, np.int64),
        })


def assert_arrays(found, expected):
    assert sorted(found) == sorted(expected), sorted(found)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, (name, found[name].dtype)
        assert found[name].shape == array.shape, (name, found[name].shape)
        assert np.array_equal(found[name], array), name


class Recomputed:
    """The facts by the definitions in docs/facts.md."""

    def __init__(self, run, referenced=False, components=True):
        self.run = run
        self.components = components
        self.limit = np.float32(run.params["activation_threshold"])
        self.totals = collections.Counter(
            s for row in run.strings for s in row)
        self.next_totals = collections.Counter(
            s for row in run.strings for s in row[1:])
        self.lines = [c for c in range(len(run.members)) if len(run.rows(c))]
        self.shown = Shown(run.n_ctx)
        self.line_of = {c: i for i, c in enumerate(self.lines)}
        first = {}
        for text in run.texts:
            first.setdefault(text, len(first))
        self.facts = [self.line(i, c, first)
                      for i, c in enumerate(self.lines)]
        if referenced:
            order = {text: i for i, text in
                     enumerate(sorted(set(self.shown.text)))}
            self.shown.text = [order[text] for text in self.shown.text]

    def rates(self, active):
        run = self.run
        positions, samples = int(active.sum()), int(active.any(1).sum())
        return {"n_active_positions": positions, "n_active_samples": samples,
                "position_rate": positions / (run.n_samples * run.n_ctx),
                "sample_rate": samples / run.n_samples}

    def line(self, i, c, first):
        run = self.run
        rows = run.rows(c)
        values = run.activations[rows, :, c]
        active = values > self.limit
        total = math.fsum(values.ravel().tolist())
        facts = {
            "cluster_hash": run.names[c],
            "activation": {"n_samples": len(rows), "sum": total,
                           "mean": total / values.size, **self.rates(active)},
            "samples": self.samples(i, rows, values, active, first),
            "tokens": self.tokens(rows, active, run.strings, self.totals),
            "next_tokens": self.tokens(
                rows, active[:, :-1], [row[1:] for row in run.strings],
                self.next_totals),
        }
        facts.update(self.members(i, c, rows))
        facts["coactivating"] = self.coactivating(c)
        return facts

    def samples(self, i, rows, values, active, first):
        """Also row i's part of samples.npz."""
        run, shown = self.run, self.shown
        properties = {
            "max_activation": values.max(1), "min_activation": values.min(1),
            "mean_activation": np.array([row.mean() for row in values]),
            "median_activation": np.median(values, 1),
            "max_position": values.argmax(1).astype(float)}
        lists = {}
        for criterion in run.criteria:
            name, direction = criterion.rsplit("-", 1)
            key = properties[name] + 0.0
            order = np.argsort(-key if direction == "max" else key,
                               kind="stable")
            n = run.params["n_samples"]
            lists[f"{criterion}-{n}"] = [int(rows[r]) for r in order[:n]]
        lists["random"] = sorted(
            (int(sample) for sample in rows[active.any(1)]),
            key=priority)[:N_RANDOM]

        picked = sorted(set(sum(lists.values(), [])))
        row_of = {s: shown.indptr[-1] + k for k, s in enumerate(picked)}
        for sample in picked:
            shown.cluster.append(i)
            shown.sample.append(sample)
            shown.text.append(first[run.texts[sample]])
            shown.activations.append(values[list(rows).index(sample)])
        shown.indptr.append(shown.indptr[-1] + len(picked))
        for samples in lists.values():
            shown.list_rows += [row_of[s] for s in samples]
            shown.list_indptr.append(len(shown.list_rows))
        return {key: {"row": [row_of[s] for s in samples], "sample": samples,
                      "text_hash": [hash_of(run.texts[s]) for s in samples]}
                for key, samples in lists.items()}

    def tokens(self, rows, active, strings, totals):
        run = self.run
        counts = collections.Counter()
        for row, flags in zip(rows, active):
            for position in np.flatnonzero(flags):
                counts[strings[row][position]] += 1
        place = {string: k for k, string in enumerate(counts)}
        n_positions, n_active = sum(totals.values()), sum(counts.values())
        by_count = sorted(counts, key=lambda s: (-counts[s], place[s]))
        often = [s for s in by_count if counts[s] >= MIN_COUNT]
        # fractions as whole numbers: no rounding may decide
        common = math.lcm(*[totals[s] for s in often])
        by_lift = sorted(often, key=lambda s: (
            -counts[s] * common // totals[s], -counts[s], place[s]))

        def table(ranking):
            ranking = ranking[:run.params["top_n_tokens"]]
            return {
                "token": ranking,
                "count": [counts[s] for s in ranking],
                "run_count": [totals[s] for s in ranking],
                "p_token_given_active": [counts[s] / n_active
                                         for s in ranking],
                "p_active_given_token": [counts[s] / totals[s]
                                         for s in ranking],
                "lift": [(counts[s] / n_active) / (totals[s] / n_positions)
                         for s in ranking]}

        return {"n_positions": n_positions, "n_active_positions": n_active,
                "n_unique": len(counts), "by_count": table(by_count),
                "by_lift": table(by_lift)}

    def members(self, i, c, rows):
        """Also line i's part of component_activations.npz."""
        run, shown = self.run, self.shown
        members, picked = run.members[c], shown.sample[shown.indptr[i]:]
        alive = run.alive[run.batch_of]
        positive = np.stack([(run.components[rows, :, m] > 0)
                             & alive[rows, m][:, None] for m in members])
        for a in positive if self.components else ():
            shown.counts += [int((a & b).sum()) for b in positive]
        shown.counts_indptr.append(len(shown.counts))
        if not self.components:
            shown.line_indptr.append(shown.line_indptr[-1])
            return {"members": None, "modules": None, "layers": None}

        facts = []
        for m in members:
            mine = rows[alive[rows, m]]
            values = run.components[mine, :, m]
            total = math.fsum(values.ravel().tolist())
            facts.append({
                "label": run.labels[m], "n_samples": len(mine), "sum": total,
                "mean": ratio(total, values.size),
                "min": float(values.min(initial=np.inf)) if len(mine) else 0.0,
                "max": float(values.max(initial=-np.inf)) if len(mine) else 0.,
                "median": float(np.median(values)) if len(mine) else 0.0,
                **self.rates(values > self.limit),
                "mass": math.fsum(np.abs(values).ravel().tolist())})
            for sample in picked:
                row = run.components[sample, :, m] * alive[sample, m]
                shown.positions += np.flatnonzero(row).tolist()
                shown.values += row[row != 0].tolist()
                shown.row_ends.append(len(shown.values))
        shown.line_indptr.append(len(shown.row_ends) - 1)

        mass = sum((fact["mass"] for fact in facts), 0.0)
        for fact in facts:
            fact["mass_share"] = fact["mass"] / mass if mass > 0 else None
        modules = list(dict.fromkeys(
            label.rsplit(":", 1)[0] for label in run.labels))
        module_of = [fact["label"].rsplit(":", 1)[0] for fact in facts]
        layer_of = [layer(module) for module in module_of]
        layers = sorted(set(layer_of), key=lambda n: (n is None, n))
        return {"members": facts,
                "modules": parts("module", modules, module_of, facts, mass),
                "layers": parts("layer", layers, layer_of, facts, mass)}

    def coactivating(self, c):
        run = self.run
        positive = run.activations.reshape(-1, len(run.members)) > 0
        own = positive.sum(0)
        both = (positive & positive[:, [c]]).sum(0)
        others = [o for o in self.lines if o != c and both[o] > 0]
        common = math.lcm(*[int(own[c] + own[o] - both[o]) for o in others])

        def jaccard(o):
            return int(both[o]) * common // int(own[c] + own[o] - both[o])

        def table(ranking):
            ranking = ranking[:N_COACTIVATING]
            return {
                "line": [self.line_of[o] for o in ranking],
                "cluster_hash": [run.names[o] for o in ranking],
                "count": [int(both[o]) for o in ranking],
                "jaccard": [int(both[o]) / int(own[c] + own[o] - both[o])
                            for o in ranking],
                "lift": [(int(both[o]) / int(own[c]))
                         / (int(own[o]) / len(positive)) for o in ranking]}

        return {
            "n_positions": int(own[c]),
            "by_count": table(sorted(others, key=lambda o: (-both[o], o))),
            "by_jaccard": table(sorted(others,
                                       key=lambda o: (-jaccard(o), o)))}

    def assert_same(self, output):
        lines = (output / "cluster_facts.jsonl").read_text().splitlines()
        names = [json.loads(line)["cluster_hash"] for line in
                 (output / "clusters.jsonl").read_text().splitlines()]
        assert [f["cluster_hash"] for f in self.facts] == names
        assert len(lines) == len(self.facts)
        for line, facts in zip(lines, self.facts):
            found = json.loads(line)
            for key, value in facts.items():
                assert found.get(key, "none") == value, \
                    (facts["cluster_hash"], key, found.get(key), value)
            # the order of keys is part of the format
            assert line == json.dumps(facts), facts["cluster_hash"]
        self.shown.assert_same(output)
        self.assert_texts(output)

    def assert_texts(self, output):
        """Each row's line of text_samples.jsonl is its sample's text."""
        texts = [json.loads(line)["full_text"] for line in
                 (output / "text_samples.jsonl").read_text().splitlines()]
        for sample, text in zip(self.shown.sample, self.shown.text):
            assert texts[text] == self.run.texts[sample]


def priority(sample):
    mask = 2**64 - 1
    z = (sample + 0x9e3779b97f4a7c15 * (SEED + 1)) & mask
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9 & mask
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb & mask
    return z ^ (z >> 31)


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def layer(module):
    numbers = [part for part in module.split(".") if part.isdigit()]
    return int(numbers[0]) if numbers else None


def parts(kind, keys, key_of, facts, mass):
    found = []
    for key in keys:
        masses = [f["mass"] for f, k in zip(facts, key_of) if k == key]
        if masses:
            part = sum(masses, 0.0)
            found.append({kind: key, "n_members": len(masses), "mass": part,
                          "mass_share": part / mass if mass > 0 else None})
    return found


def assert_golden(run, output):
    for name in TEXT_FILES:
        assert (output / name).read_bytes() == \
            (run.folder / "expected" / name).read_bytes(), (run.folder, name)


def test_every_number():
    for case in CASES:
        run = Run(case)
        output = make(run, case)
        assert_golden(run, output)
        Recomputed(run).assert_same(output)


def test_all_samples():
    for case in CASES:
        run = Run(case, scope="all")
        Recomputed(run).assert_same(make(run, case + "-all"))


def test_without_components():
    run = Run("basic")
    output = make(run, "without", "component-records=false")
    assert_golden(run, output)
    Recomputed(run, components=False).assert_same(output)


def test_without_facts():
    for case in CASES:
        run = Run(case)
        output = make(run, case + "-plain", "facts=false")
        assert_golden(run, output)
        names = {path.name for path in output.iterdir()}
        assert names == {path.name for path in
                         (scratch / case).iterdir()} - {
            "cluster_facts.jsonl", "samples.npz", "component_activations.npz",
            "index.html", "page", "data"}
        for name in "activations.npz", "coactivations.npz":
            assert (output / name).read_bytes() == \
                (scratch / case / name).read_bytes(), name
        info = json.loads((output / "model_info.json").read_text())
        assert info["settings"]["facts"] is None


def test_referenced_texts():
    """Only texts that a criterion or the random choice names, in order."""
    for case in "basic", "duplicate_texts", "ties":
        for facts in "true", "false":
            run = Run(case)
            output = make(run, f"{case}-texts-{facts}", "texts=referenced",
                          f"facts={facts}")
            named = {h for line in
                     (output / "clusters.jsonl").read_text().splitlines()
                     for hashes in
                     json.loads(line)["criterion_samples"].values()
                     for h in hashes}
            if facts == "true":
                recomputed = Recomputed(run, referenced=True)
                recomputed.assert_same(output)
                named |= {hash_of(run.texts[s])
                          for s in recomputed.shown.sample}
            lines = (run.folder / "expected" /
                     "text_samples.jsonl").read_text().splitlines(True)
            kept = [line for line in lines
                    if json.loads(line)["text_hash"] in named]
            assert (output / "text_samples.jsonl").read_text() == "".join(kept)
            assert 0 < len(kept)
            for name in "clusters.jsonl", "activations_map.json":
                assert (output / name).read_bytes() == \
                    (run.folder / "expected" / name).read_bytes()


def recut(run, size):
    """The same dump in batches of another size."""
    dump = scratch / f"dump-{size}"
    shutil.rmtree(dump, ignore_errors=True)
    dump.mkdir()
    shutil.copy(run.folder / "labels.txt", dump)
    n_batches = -(-run.n_samples // size)
    tokens = np.full((n_batches, size, run.n_ctx), -1, np.int32)
    tokens.reshape(-1, run.n_ctx)[:run.n_samples] = run.tokens
    np.save(dump / "tokens.npy", tokens)
    for b in range(n_batches):
        part = run.components[b * size:(b + 1) * size]
        np.save(dump / f"activations_{b:03}.npy",
                part.reshape(-1, part.shape[-1]))
    return dump


def test_batch_size_does_not_matter():
    for case in ("basic", "dead_components", "duplicate_texts",
                 "empty_clusters", "leaky_negative", "negative_and_zero",
                 "ties"):
        run = Run(case, threshold=0, scope="all")
        first = None
        for size in 1, 3, 4, 8, run.n_samples:
            output = make(run, f"{case}-size-{size}", dump=recut(run, size))
            files = content(output)
            assert len(files) > 9, sorted(files)
            if first is None:
                first = files
                Recomputed(run).assert_same(output)
            for name in first:
                assert files[name] == first[name], (case, size, name)


def test_exact_sums():
    rng = np.random.default_rng(3)
    cases = [rng.random(1000), rng.normal(0, 1e-3, 999),
             rng.normal(0, 1, 500) * 10.0 ** rng.integers(-44, 38, 500),
             np.repeat(rng.normal(0, 1e37, 20), 50), np.zeros(0),
             np.array([1, 2**-24, 2**-53, -2**-149])]
    bits = rng.integers(0, 2**32, (20, 300), np.uint32).view(np.float32)
    cases += [row[np.isfinite(row)] for row in bits]
    for values in cases:
        values = values.astype(np.float32)
        np.save(scratch / "values.npy", values)
        done = subprocess.run(["test-facts-tool", scratch / "values.npy"],
                              capture_output=True, text=True, check=True)
        found = [float.fromhex(word) for word in done.stdout.split()]
        wide = values.astype(float).tolist()
        assert found == [math.fsum(wide), math.fsum(map(abs, wide))], values


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(name, "ok", flush=True)
