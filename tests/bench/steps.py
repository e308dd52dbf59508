#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processor time of each step of a dashboard, a batch, and what comes after the
forward pass.

usage: steps.py PROGRAM MODEL TEXT... [--runs N] [--option=--NAME=VALUE]...

Runs `PROGRAM dashboard` N times (5) and prints a table of medians. A step's
time is that of the pipeline's threads inside its element, and of the element's
own threads; the last line is the rest of the process: loading plugins and
model, the main thread. Shares are of all the process used, user and system.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def run(program, model, texts, folder, options):
    """steps in order: (element, factory, batches, seconds); and all seconds"""
    report = Path(folder, "report.json")
    command = [program, "dashboard", "--model", model, "--text", *texts,
               "--output", Path(folder, "dashboard"), "--report", report, "--overwrite", *options]
    process = subprocess.Popen([str(c) for c in command], **QUIET)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{program} failed: {json.loads(report.read_text())['error']}")
    steps = [(s["element"], s["factory"], s["buffers"], s["cpu_seconds"])
             for s in json.loads(report.read_text())["steps"]]
    return steps, usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("text", nargs="+")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--option", action="append", default=[], help="of the program's, as --option=--facts=false")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        runs = [run(options.program, options.model, options.text, folder, options.option) for _ in range(options.runs)]
    factories = [step[1] for step in runs[0][0]]
    forward = factories.index("actforward")
    batches = runs[0][0][forward][2]

    def line(name, seconds):
        milliseconds = statistics.median(s / batches * 1e3 for s in seconds)
        share = statistics.median(s / total for s, (_, total) in zip(seconds, runs))
        print(f"| {name} | {milliseconds:.3f} | {share:.1%} |")

    print(f"{batches} batches, medians of {options.runs} runs\n")
    print("| step | CPU ms a batch | share |\n|---|---|---|")
    for i, step in enumerate(runs[0][0]):
        line(f"`{step[0]}`", [steps[i][3] for steps, _ in runs])
    line("the rest of the process", [total - sum(s[3] for s in steps) for steps, total in runs])
    line("all", [total for _, total in runs])
    line("**everything after the forward pass**", [sum(s[3] for s in steps[forward + 1:]) for steps, _ in runs])


if __name__ == "__main__":
    main()
