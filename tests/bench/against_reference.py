#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the store and the dashboard take, against reference_pipeline.py, memory copies and the disk.

usage: against_reference.py BENCH_STORE [--part NAME]... [--workload CLUSTERSxEACHxBATCHES]... [--density D]...

Parts: batches, wholes, coactivations, segments, long. Each makes its inputs with the reference, runs both sides in turn
on one processor, and prints a table of medians of five. gst-activations has to be in the PATH (meson devenv).
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
REFERENCE = HERE / "reference_pipeline.py"
REPEATS = 5
ONE_THREAD = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
ONE_PROCESSOR = ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0)))]
# the steps whose time is asked for, and nothing else
STORING = ("actdumpsrc location=${dump} layout=dense ! actdeadfilter threshold=0 "
           "! actclustermax clusters=${dump}/clusters.json run=r iteration=1 ! actstore")


def run(*command, one_processor=True):
    command = [*(ONE_PROCESSOR if one_processor else []), *map(str, command)]
    return subprocess.run(command, check=True, env=ONE_THREAD, stdout=subprocess.PIPE).stdout


def median(function, *arguments):
    return statistics.median(function(*arguments) for _ in range(REPEATS))


def reference(dump):
    """per_batch_ms and whole_s: medians, of the faster way of storing"""
    ways = []
    for way in ("vector", "loop"):
        runs = [json.loads(run(sys.executable, REFERENCE, dump, dump / f"out-{way}", way)) for _ in range(REPEATS)]
        ways.append({step: statistics.median(r["per_batch_ms"][step] for r in runs)
                     for step in runs[0]["per_batch_ms"]}
                    | {"whole": statistics.median(r["whole_s"] for r in runs) * 1e3 / runs[0]["batches"]})
    return min(ways, key=lambda r: r["store"])


def copy_ms(dump):
    """a memory copy of a batch, as it comes, into memory that is there already"""
    all_batches = [np.load(path) for path in sorted(dump.glob("activations_*.npy"))]
    target = np.empty_like(all_batches[0])
    times = []
    for batch in all_batches * REPEATS:
        start = time.perf_counter()
        np.copyto(target, batch)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def storing(dump):
    """CPU milliseconds a batch of filter, clusters and hand-over to the store"""
    description = dump / "store.pipeline"
    report = dump / "report.json"
    description.write_text(STORING)
    run("gst-activations", "run", "--quiet", description, f"dump={dump}", "--report", report)
    steps = {s["factory"]: s["cpu_seconds"] * 1e3 / s["buffers"] for s in json.loads(report.read_text())["steps"]}
    return np.array([steps[name] for name in ("actdeadfilter", "actclustermax", "actstore")])


def from_dump(dump, *settings):
    run("gst-activations", "run", "--quiet", "from-dump", f"dump={dump}", f"clusters={dump}/clusters.json", "threshold=0",
        "run=r", "iteration=1", "n-samples=16", f"output={dump}/dashboard", "overwrite=true", *settings)


def whole(dump, *settings):
    start = time.perf_counter()
    from_dump(dump, *settings)
    return (time.perf_counter() - start) * 1e3 / n_batches(dump)


def n_batches(dump):
    return np.load(dump / "tokens.npy", mmap_mode="r").shape[0]


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def head(*cells):
    print()
    row(*cells)
    print("|---" * len(cells) + "|")


def times(a, b):
    return f"{a / b:.1f} x"


def batches(options, dumps):
    head("workload", "nonzero", "reference: filter, cluster, store", "filter", "cluster", "hand-over", "together",
         "faster", "memcpy", "times memcpy")
    for name, density, dump in dumps():
        theirs = reference(dump)
        theirs = theirs["filter"] + theirs["cluster"] + theirs["store"]
        ours = np.median([storing(dump) for _ in range(REPEATS)], axis=0)
        copy = copy_ms(dump)
        row(name, density, f"{theirs:.2f}", *(f"{t:.3f}" for t in ours), f"{ours.sum():.3f}", times(theirs, ours.sum()),
            f"{copy:.3f}", f"{ours.sum() / copy:.2f}")


def wholes(options, dumps):
    head("workload", "nonzero", "reference", "ours", "faster", "with facts", "with facts and page")
    for name, density, dump in dumps():
        theirs = reference(dump)["whole"]
        ours = [median(whole, dump, *settings) for settings in (
            ("facts=false",), ("facts=true", "viewer=false"), ("facts=true", "viewer=true"))]
        row(name, density, f"{theirs:.2f}", f"{ours[0]:.2f}", times(theirs, ours[0]),
            *(f"{t:.2f} ({times(theirs, t)})" for t in ours[1:]))


def coactivations(options, dumps):
    head("workload", "nonzero", "reference", "ours", "faster")
    for name, density, dump in dumps():
        theirs = reference(dump)["coactivation"]
        ours = json.loads(run(options.bench_store, dump, REPEATS))["coactivation_ms"]
        row(name, density, f"{theirs:.2f}", f"{ours:.2f}", times(theirs, ours))


def plain_write(path, n_bytes):
    """MB/s of dd, with fsync"""
    start = time.perf_counter()
    run("dd", "if=/dev/zero", f"of={path}", "bs=1M", f"count={n_bytes >> 20}", "conv=fsync", "status=none",
        one_processor=False)
    seconds = time.perf_counter() - start
    path.unlink()
    return n_bytes / seconds / 1e6


def segments(options, dumps):
    head("workload", "nonzero", "segments", "bytes", "of 8 nonzeros + 12 positions", "MB/s", "dd with fsync, MB/s", "share")
    for name, density, dump in dumps():
        folder = dump / "store"
        os.sync()  # or the dump itself is still on its way
        ours = json.loads(run(options.bench_store, dump, REPEATS, folder, one_processor=False))
        n_bytes = ours["segment_bytes"]
        rate = n_bytes / (ours["write_ms"] * n_batches(dump)) / 1e3
        disk = median(plain_write, dump / "plain", n_bytes)
        manifest = json.loads((folder / "manifest.json").read_text())
        n_values = sum(s["values"] for s in manifest["segments"])
        n_positions = np.load(dump / "tokens.npy", mmap_mode="r").size
        row(name, density, len(manifest["segments"]), f"{n_bytes:,}",
            f"{n_bytes / (8 * n_values + 12 * n_positions) - 1:+.2%}", f"{rate:.0f}", f"{disk:.0f}", f"{rate / disk:.0%}")
        shutil.rmtree(folder)


def repeated(dump, folder, n):
    """the dump's batches over and over, as links"""
    folder.mkdir()
    have = n_batches(dump)
    for name in ("labels.txt", "clusters.json", "vocab.json"):
        shutil.copy(dump / name, folder)
    for b in range(n):
        (folder / f"activations_{b:06d}.npy").symlink_to(dump / f"activations_{b % have:03d}.npy")
    np.save(folder / "tokens.npy", np.tile(np.load(dump / "tokens.npy"), (n // have, 1, 1)))
    return folder


LONG = 2000  # batches
EARLY, LATE = (96, 304), (LONG - 224, LONG - 16)  # those around 200, and around 2,000


def rss_anon(pid):
    """kB; None: it is gone"""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
    except (OSError, StopIteration):
        return None


def is_complete(store):
    manifest = store / "manifest.json"
    return manifest.exists() and b'"complete": null' not in manifest.read_bytes()


def segments_by_batch(store):
    """files by the first of their batches"""
    return {int(path.name.split("-")[1].split(".")[0]): path for path in store.glob("segment-*.safetensors")}


def watched(dump, store):
    """the batch that is being stored, with RssAnon; the largest RssAnon afterwards; the segments' times; seconds"""
    command = ["gst-activations", "run", "--quiet", "from-dump", f"dump={dump}", f"clusters={dump}/clusters.json",
               "threshold=0", f"output={dump}/dashboard", f"store={store}", f"max-memory={32 << 20}"]
    start = time.perf_counter()
    process = subprocess.Popen(command, env=ONE_THREAD)
    storing, draining = [], 0
    while process.poll() is None:
        rss = rss_anon(process.pid)
        if rss is not None and is_complete(store):
            draining = max(draining, rss)
        elif rss is not None:
            storing.append((max(segments_by_batch(store), default=0), rss))
        time.sleep(0.005)
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        raise SystemExit("the run failed")
    segment_times = {batch: path.stat().st_mtime_ns / 1e6 for batch, path in segments_by_batch(store).items()}
    return storing, draining, segment_times, seconds


def pace(segment_times, first, end):
    """milliseconds a batch between two segments"""
    first, end = (min(segment_times, key=lambda at: abs(at - batch)) for batch in (first, end))
    return (segment_times[end] - segment_times[first]) / (end - first)


def memory(storing, first, end):
    """median RssAnon, MB, between two batches"""
    return statistics.median(rss for batch, rss in storing if first <= batch < end) / 1e3


def long(options, dumps):
    head("workload", "nonzero", "RssAnon around batch 200, MB", "around batch 2,000", "at most while storing",
         "at most afterwards", "ms a batch around batch 200", "around batch 2,000", "seconds")
    for name, density, dump in dumps([0.01, 0.05]):
        with tempfile.TemporaryDirectory(dir=dump.parent) as folder:
            folder = Path(folder)
            storing, draining, at, seconds = watched(repeated(dump, folder / "dump", LONG), folder / "store")
        row(name, density, f"{memory(storing, *EARLY):.2f}", f"{memory(storing, *LATE):.2f}",
            f"{max(rss for _, rss in storing) / 1e3:.1f}", f"{draining / 1e3:.1f}",
            f"{pace(at, *EARLY):.2f}", f"{pace(at, *LATE):.2f}", f"{seconds:.1f}")


PARTS = {f.__name__: f for f in (batches, wholes, coactivations, segments, long)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bench_store")
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--workload", action="append", help="as 100x5x20")
    parser.add_argument("--density", action="append", type=float)
    options = parser.parse_args()

    def dumps(densities=(0.01, 0.05, 1.0)):
        for workload in options.workload or ["100x5x20"]:
            for density in options.density or densities:
                with tempfile.TemporaryDirectory() as folder:
                    dump = Path(folder, "dump")
                    run(sys.executable, REFERENCE, "--make", dump, *workload.split("x"), density)
                    yield " x ".join(workload.split("x")[:2]), f"{density:.0%}", dump

    for part in options.part or PARTS:
        PARTS[part](options, dumps)


if __name__ == "__main__":
    main()
