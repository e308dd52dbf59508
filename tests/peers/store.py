# SPDX-License-Identifier: LGPL-2.1-or-later
"""A store read with NumPy and safetensors and no code of ours: what docs/formats.md says of its files is enough."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
    from safetensors.numpy import load_file
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

DATA = Path(os.environ["ACT_TEST_DATA"])
ROOT = DATA.parent.parent
SCRATCH = tempfile.TemporaryDirectory(prefix="act-store-")


def run(*arguments):
    subprocess.run(["gst-activations", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, timeout=120)


def make_store(case):
    """of a golden case, through the program, in segments of two batches"""
    folder, dump = Path(SCRATCH.name) / case, DATA / "golden" / case
    threshold = json.loads((dump / "params.json").read_text())["filter_dead_threshold"]
    run("run", "from-dump", f"dump={dump}", f"clusters={dump}/clusters.json", f"threshold={threshold}",
        "segment-size=2", f"store={folder}", f"output={folder}-dashboard")
    return folder


def statistics(dashboard):
    """cluster id -> largest activation and samples, as a dashboard says"""
    lines = map(json.loads, (dashboard / "clusters.jsonl").read_text().splitlines())
    return {line["cluster_hash"].split("-")[-1]: (line["stats"]["max_activation"], line["stats"]["n_samples"])
            for line in lines}


def labels_of(manifest):
    return [f"{m['name']}:{i}" for m in manifest["modules"] for i in range(m["components"])]


def test_one_cluster():
    store = make_store("basic")
    manifest = json.loads((store / "manifest.json").read_text())
    clusters = json.loads((store / "clusters.json").read_text())
    labels, expected = labels_of(manifest), statistics(DATA / "golden" / "basic" / "expected")
    assert len(expected) > 5
    for name, (most, samples) in expected.items():
        members = [labels.index(label) for label in clusters[name]]
        found, n_samples = [], 0
        for entry in manifest["segments"]:
            segment = load_file(store / entry["file"])
            end = segment["batches"][:, 3].cumsum()
            for (_, _, n, n_values), stop in zip(segment["batches"], end):
                part = slice(stop - n_values, stop)
                own = segment["values"][part][np.isin(segment["indices"][part], members)]
                found.extend(own)
                n_samples += n if own.size else 0
        assert (np.float32(most), samples) == (max(found), n_samples), name


def test_documented_lines():
    """The block of docs/formats.md, as it stands and with another store."""
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    section = text[text.index("\n## Store\n"):text.index("\n## Dashboard folder\n")]
    code, = re.findall(r"^```python\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    cluster, = re.findall(r'read_text\(\)\)\["(\d+)"\]', code)
    of_data = Path(SCRATCH.name) / "of-data"
    run("run", "from-store", f"stores={DATA}/store", f"output={of_data}")
    shown, other = 'Path("tests/data/store")', make_store("batch_1")
    assert shown in code
    for lines, dashboard in ((code, of_data),
                             (code.replace(shown, f'Path("{other}")'), DATA / "golden" / "batch_1" / "expected")):
        result = subprocess.run([sys.executable, "-c", lines], cwd=ROOT, check=True, text=True, capture_output=True,
                                timeout=120)
        most, samples = result.stdout.split()
        assert (np.float32(most), int(samples)) == (
            np.float32(statistics(dashboard)[cluster][0]), statistics(dashboard)[cluster][1]), result.stdout


def check_batch(manifest, segment, b, dump, dead):
    """One batch's tensors against the dump's arrays."""
    index, first, samples, n_values = segment["batches"][b]
    n_ctx, labels = manifest["n_ctx"], labels_of(manifest)
    start = first - segment["batches"][0, 1]
    value = segment["batches"][:b, 3].sum()
    columns = [(dump / "labels.txt").read_text().split().index(label) for label in labels]
    dense = np.load(dump / f"activations_{index:03}.npy")[:samples * n_ctx, columns]
    alive = np.array([label not in dead for label in labels])
    rows, indices = np.nonzero(dense * alive)
    indptr = np.searchsorted(rows, np.arange(samples * n_ctx + 1))
    tokens = np.load(dump / "tokens.npy")[index][:samples]

    assert samples == (np.load(dump / "tokens.npy")[index][:, 0] >= 0).sum()
    assert n_values == len(rows)
    assert np.array_equal(segment["indptr"][start * n_ctx:(start + samples) * n_ctx + 1] - value, indptr)
    assert np.array_equal(segment["indices"][value:value + n_values], indices)
    assert segment["values"][value:value + n_values].tobytes() == dense[rows, indices].tobytes()
    assert np.array_equal(segment["tokens"][start:start + samples], tokens)
    bits = np.unpackbits(segment["alive"][b], bitorder="little")
    assert np.array_equal(bits[:len(labels)], alive)
    assert not bits[len(labels):].any()


TENSORS = {"batches": np.int64, "indptr": np.int64, "tokens": np.int32, "indices": np.int32, "values": np.float32,
           "alive": np.uint8}


def test_all_tensors():
    n_dead = 0
    for case in "dead_components", "ragged_last_batch", "negative_and_zero":
        dump, store = DATA / "golden" / case, make_store(case)
        manifest = json.loads((store / "manifest.json").read_text())
        filtered = json.loads((dump / "expected" / "component_filter.json").read_text())
        batch = 0
        for entry in manifest["segments"]:
            segment = load_file(store / entry["file"])
            assert {name: tensor.dtype for name, tensor in segment.items()} == TENSORS
            assert entry["batches"] == len(segment["batches"])
            assert entry["samples"] == len(segment["tokens"]) == segment["batches"][:, 2].sum()
            assert entry["values"] == len(segment["values"]) == len(segment["indices"]) == segment["indptr"][-1]
            assert segment["tokens"].shape[1] == manifest["n_ctx"]
            for b in range(entry["batches"]):
                assert segment["batches"][b, 0] == batch
                check_batch(manifest, segment, b, dump, set(filtered[batch]["dead"]))
                n_dead += len(filtered[batch]["dead"])
                batch += 1
        assert batch == len(filtered)
        assert manifest["complete"]["samples"] == sum(entry["samples"] for entry in manifest["segments"])
    assert n_dead > 0


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
        print("ok", name)
SCRATCH.cleanup()
