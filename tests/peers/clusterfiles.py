# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cluster maps, ensembles and singletons, as NumPy and Python write them.

A dashboard with each must be the one that the same clusters give as a
clusters.json, file by file; and each damaged one is an error that names it.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

DUMP = pathlib.Path(os.environ["ACT_TEST_DATA"]) / "golden" / "basic"
folder = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder.name)
labels = (DUMP / "labels.txt").read_text().splitlines()
columns = {label: i for i, label in enumerate(labels)}
rng = numpy.random.default_rng(5)


def dashboard(name, clusters, *settings, fails=None):
    output = scratch / name
    done = subprocess.run(
        ["gst-activations", "run", "--quiet", "from-dump", f"dump={DUMP}",
         f"clusters={clusters}", f"vocabulary={DUMP / 'vocab.json'}",
         f"output={output}", *settings],
        capture_output=True, text=True, timeout=100)
    if fails is not None:
        assert done.returncode == 1 and fails in done.stderr, done.stderr
        assert not output.exists()
        return None
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in output.iterdir()
            if path.is_file() and not path.name.startswith("run_info")}


def as_file(groups):
    """A clusters.json of {id: labels}"""
    path = scratch / "clusters.json"
    path.write_text(json.dumps({str(i): members
                                for i, members in groups.items()}))
    return path


def grouped(names, ids):
    groups = {}
    for name, group in zip(names, ids):
        groups.setdefault(int(group), []).append(name)
    return groups


def assert_same(name, clusters, groups, iteration, *settings):
    found = dashboard(name, clusters, *settings)
    expected = dashboard(name + "-expected", as_file(groups),
                         f"iteration={iteration}")
    assert set(found) == set(expected) and "clusters.jsonl" in found
    for file, data in expected.items():
        assert found[file] == data, (name, file)
    assert found["clusters.jsonl"].count(b"\n") > 1


def write_map(content):
    path = scratch / "map.json"
    path.write_text(content if isinstance(content, str)
                    else json.dumps(content))
    return path


def test_map():
    ids = [None if i % 3 == 0 else int(g)
           for i, g in enumerate(rng.integers(0, 9, len(labels)))]
    largest = max(i for i in ids if i is not None)
    expected = {}
    for label, group in zip(labels, ids):
        if group is None:
            largest += 1
        expected.setdefault(largest if group is None else group,
                            []).append(label)
    clusters = dict(zip(labels, ids))
    assert_same("map", write_map({"clusters": clusters}), expected, 0)
    noted = {"ensemble_id": "e", "iteration": 299, "clusters": clusters}
    assert_same("noted", write_map(noted), expected, 299)
    assert_same("given", write_map(noted), expected, 7, "iteration=7")
    for content, message in (
            ({"clusters": {}}, "has no clusters"),
            ({"clusters": {labels[0]: -1}}, "from 0 on"),
            ({"clusters": {labels[0]: "1"}}, "from 0 on"),
            ({"clusters": {labels[0]: 1.5}}, "from 0 on"),
            ({"clusters": {"no.such:1": 1}}, "no.such:1"),
            ({"clusters": {labels[0]: 2**63 - 1, labels[1]: None}}, "leaves none"),
            ({"clusters": [labels[0]]}, "expected an integer"),
            ('{"clusters": {"%s": 1, "%s": 2}}' % (labels[0], labels[0]),
             labels[0]),
            ('{"clusters": {"%s": ' % labels[0], "map.json")):
        dashboard("x", write_map(content), fails=message)


def write_ensemble(name, merges, names, **meta):
    made = scratch / name
    made.mkdir()
    numpy.savez_compressed(made / "ensemble_merge_array.npz", merges=merges)
    (made / "ensemble_meta.json").write_text(json.dumps(
        {"n_ensemble": len(merges), "component_labels": names} | meta))
    return made


def test_ensemble():
    names = sorted(labels[:-3])
    for dtype in "i2", "i4", "i8":
        # groups with gaps, as runs that lack components have them
        merges = (rng.integers(0, 11, (3, 5, len(names))) * 7).astype(dtype)
        made = write_ensemble(f"ensemble-{dtype}", merges, names)
        for clusters in made, made / "ensemble_merge_array.npz":
            for run, iteration, row in (0, -1, 4), (2, 3, 3), (1, -5, 0):
                assert_same(f"{dtype}-{run}-{clusters.suffix}", clusters,
                            grouped(names, merges[run, row]), row,
                            f"ensemble-run={run}", f"iteration={iteration}")
    single = write_ensemble("single", merges[:1], names)
    assert_same("alone", single, grouped(names, merges[0, 4]), 4)
    for settings, message in (((), "has 3 runs"),
                              (("ensemble-run=3",), "one of 0 to 2"),
                              (("ensemble-run=0", "iteration=5"), "no iteration 5"),
                              (("ensemble-run=0", "iteration=-6"), "has 5")):
        dashboard("x", made, *settings, fails=message)


def test_damaged_ensembles():
    names = sorted(labels)
    good = rng.integers(0, 5, (1, 2, len(names)), numpy.int16)
    bad = good.copy()
    bad[0, 1, 4] = -1
    for i, (merges, given, message) in enumerate((
            (bad, names, f"'{names[4]}' is in group -1"),
            (good, names[:-1], "the labels of its"),
            (good, ["no.such:0"] + names[1:], "no.such:0"),
            (good, [names[1]] + names[1:], names[1]),
            (good, "x", '"component_labels" is String, expected a list'),
            (good, [], '"component_labels"[0] is no string'),
            (good, names[:2] + [1], '"component_labels"[2] is no string'),
            (good[:0], names, "has no runs, expected one at least"),
            (good[0], names, f"is I16 [2, {len(names)}], expected I16, I32 or "
             "I64 [runs, iterations, components]"),
            (good.astype("f4"), names, f"is F32 [1, 2, {len(names)}], "))):
        dashboard("x", write_ensemble(f"bad-{i}", merges, given), fails=message)
    made = write_ensemble("cut", good, names)
    array = made / "ensemble_merge_array.npz"
    array.write_bytes(array.read_bytes()[:-40])
    dashboard("x", made, fails="ensemble_merge_array.npz")
    (made / "ensemble_meta.json").write_text("{}")
    dashboard("x", made, fails='"component_labels" is missing, expected')
    (made / "ensemble_meta.json").unlink()
    for clusters in made, array:
        dashboard("x", clusters, fails=f"'{made}' has no ensemble_meta.json, "
                  "expected an ensemble of merge runs there")
    array.unlink()
    dashboard("x", made, fails=f"'{made}' has no ensemble_merge_array.npz, ")


def test_singletons():
    assert_same("singletons", "singletons",
                {i: [label] for label, i in columns.items()}, 0)


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
        print("ok", name)
