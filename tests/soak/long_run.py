#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A run of thousands of batches in little memory: whether its own memory stays flat, and its dashboard right.

usage: long_run.py MODEL WORK TEXT... [--batches N] [--max-memory BYTES] [--keep]

Runs `gst-activations dashboard` (found through PATH, see docs/benchmarks.md) with facts and a store that stays, over N
batches (5,000) of the texts, which repeat: every other time as they are, so that samples come again, and else with
numbers between their lines, so that they do not. Once a second notes RssAnon, the memory that is the process's own. At
the end the memory around batch 200 (or a tenth of the run, if that is less) and before the last batch must agree
within 5 %, and check_dashboard.py must find nothing wrong. 5,000 batches of the sample model take 14 GB in WORK for the
store and 28 GB for a while for the records; the dashboard and the store are removed then.
"""
import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import check_dashboard

FLAT = 0.05
BATCH_BYTES = 11500  # at least, of text, whatever its tokens are


def number_lines(text, count):
    """-> the text with a number after every fifth line, and the next number"""
    lines = []
    for i, line in enumerate(text.split("\n")):
        lines.append(line)
        if i % 5 == 4:
            lines.append(f"    No. {count}")
            count += 1
    return "\n".join(lines), count


def write_texts(path, texts, size):
    """JSON Lines of that many bytes of text, a document a line"""
    count, written, round_ = 1, 0, 0
    with open(path, "w") as file:
        while written < size:
            for text in texts:
                if round_ % 2:
                    text, count = number_lines(text, count)
                written += len(text)
                file.write(json.dumps({"text": text}) + "\n")
            round_ += 1


def rss_anon(pid):
    """kB, or None where the process has ended"""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return None
    found = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:")]
    return int(found[0]) if found else None


def look(work):
    """-> the phase, and how far it is: batches in the store, or lines of clusters.jsonl"""
    try:
        manifest = json.loads((work / "store" / "manifest.json").read_text())
    except FileNotFoundError:
        return "forward", 0
    batches = sum(segment["batches"] for segment in manifest["segments"])
    if not manifest["complete"]:
        return "forward", batches
    written = sum(path.stat().st_size for path in work.glob(".dashboard.tmp-*/clusters.jsonl"))
    return ("clusters", written) if written > 0 else ("transposing", batches)


def observe(process, work):
    """-> (seconds, phase, how far, kB) every second"""
    seen, started = [], time.monotonic()
    while process.poll() is None:
        phase, done = look(work)
        memory = rss_anon(process.pid)
        if memory is not None:
            seen.append((time.monotonic() - started, phase, done, memory))
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            continue
    return seen


def report(seen):
    """prints the memory's course; -> whether it is flat while batches come"""
    for phase in "forward", "transposing", "clusters":
        of_phase = [entry for entry in seen if entry[1] == phase]
        if not of_phase:
            continue
        memory = [entry[3] / 1024 for entry in of_phase]
        print(f"{phase}: {of_phase[0][0]:.0f} to {of_phase[-1][0]:.0f} s, RssAnon MiB: {min(memory):.1f} to "
              f"{max(memory):.1f}, median {statistics.median(memory):.1f}")
    forward = [(done, memory / 1024) for _, phase, done, memory in seen if phase == "forward" and done > 0]
    last = forward[-1][0]
    begin = min(200, last / 10)
    for tenth in range(10):
        part = [m for done, m in forward if last * tenth / 10 <= done <= last * (tenth + 1) / 10]
        if part:
            print(f"  batches to {last * (tenth + 1) // 10}: {min(part):.1f} to {max(part):.1f}")
    early = statistics.median(m for done, m in forward if begin <= done <= begin + max(100, last / 20))
    late = statistics.median(m for done, m in forward if done >= last - max(100, last / 20))
    print(f"around batch {begin:.0f}: {early:.1f} MiB; before batch {last}: {late:.1f} MiB ({late / early - 1:+.1%})")
    return abs(late / early - 1) <= FLAT


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("work", type=Path)
    parser.add_argument("text", nargs="+", type=Path)
    parser.add_argument("--batches", type=int, default=5000)
    parser.add_argument("--max-memory", type=int, default=32 << 20)
    parser.add_argument("--keep", action="store_true", help="leave the store and the dashboard where they are")
    options = parser.parse_args()

    work = options.work
    work.mkdir(parents=True, exist_ok=True)
    texts = [path.read_text() for path in options.text]
    write_texts(work / "text.jsonl", texts, options.batches * BATCH_BYTES)
    command = ["gst-activations", "dashboard", "--model", options.model, "--text", work / "text.jsonl", "--packing",
               "document", "--max-memory", options.max_memory, "--store", work / "store", "--criteria",
               "max_activation-max,mean_activation-max,max_position-min", "--output", work / "dashboard", "--report",
               work / "report.json", "--quiet"]
    process = subprocess.Popen([str(c) for c in command])
    seen = observe(process, work)
    if process.returncode != 0:
        sys.exit(f"gst-activations ended with {process.returncode}")
    steps = json.loads((work / "report.json").read_text())["steps"]
    print("CPU seconds:", ", ".join(f"{s['element']} {s['cpu_seconds']:.1f}" for s in steps))
    print("batches:", max(s["buffers"] for s in steps if s["factory"] == "actforward"))
    flat = report(seen)
    wrong = check_dashboard.check(work / "store", work / "dashboard")
    if not options.keep:
        shutil.rmtree(work / "store")
        shutil.rmtree(work / "dashboard")
        (work / "text.jsonl").unlink()
    print("flat" if flat else "NOT flat", "right" if not wrong else "WRONG", sep=", ")
    sys.exit(0 if flat and not wrong else 1)


if __name__ == "__main__":
    main()
