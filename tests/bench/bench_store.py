#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The store against the reference, side by side, one thread each.

usage: bench_store.py BENCH_STORE [CLUSTERS EACH BATCHES] [DENSITY...]

Makes the workloads with reference_pipeline.py, runs it (the faster of its two
ways of storing counts) and the program bench-store, prints a table of
milliseconds a batch (medians of five).
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPEATS = 5
REFERENCE = Path(__file__).with_name("reference_pipeline.py")
ONE_THREAD = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, env=ONE_THREAD, stdout=subprocess.PIPE).stdout


def reference(folder, way):
    runs = [json.loads(run(sys.executable, REFERENCE, folder, f"{folder}/out-{way}", way)) for _ in range(REPEATS)]
    return {step: statistics.median(r["per_batch_ms"][step] for r in runs) for step in ("store", "coactivation")}


def main(program, sizes, densities):
    print("| workload | nonzero | reference store + coactivation | ours: store | drain | together | faster "
          "| coactivation, reference | ours | faster |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for density in densities:
        with tempfile.TemporaryDirectory() as folder:
            run(sys.executable, REFERENCE, "--make", folder, *sizes, density)
            theirs = min((reference(folder, way) for way in ("vector", "loop")), key=lambda r: r["store"])
            ours = json.loads(run(program, folder, REPEATS))
        whole = theirs["store"] + theirs["coactivation"]
        together = ours["store_ms"] + ours["drain_ms"]
        print(f"| {sizes[0]} x {sizes[1]} | {density:.0%} | {whole:.2f} | {ours['store_ms']:.3f} "
              f"| {ours['drain_ms']:.2f} | {together:.2f} | {whole / together:.1f} x "
              f"| {theirs['coactivation']:.2f} | {ours['coactivation_ms']:.2f} "
              f"| {theirs['coactivation'] / ours['coactivation_ms']:.1f} x |", flush=True)


if __name__ == "__main__":
    a = sys.argv[1:]
    main(a[0], a[1:4] or ["100", "5", "20"], [float(d) for d in a[4:]] or [0.01, 0.05, 1.0])
