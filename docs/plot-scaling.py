#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws what tests/bench/scaling.py printed: CPU time and peak memory by nonzeros.

usage: plot-scaling.py RESULTS.jsonl PICTURE.png

Needs python3-matplotlib.
"""
import argparse
import json
import sys
from pathlib import Path

try:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
except ImportError as error:
    sys.exit(f"{error.name} is missing: install Debian's python3-{error.name}")


def draw(axis, results, field, label):
    for key in sorted({(r["what"], r["shards"]) for r in results}):
        line = sorted((r["nonzeros"], r[field]) for r in results if (r["what"], r["shards"]) == key)
        axis.plot(*zip(*line), marker="o", label=f"{key[0]}, {key[1]} shards")
    axis.set(xscale="log", yscale="log", xlabel="nonzeros", ylabel=label)
    axis.grid(True, alpha=0.3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    lines = options.results.read_text().splitlines()
    results = [json.loads(line) for line in lines if line.startswith("{")]
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    draw(axes[0], results, "cpu", "CPU seconds")
    draw(axes[1], results, "memory_mb", "peak memory, MB")
    axes[0].legend(fontsize=8)
    figure.savefig(options.picture, dpi=110)


if __name__ == "__main__":
    main()
