#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a run costs that is cut into shards, against the same run as one: CPU time
of all processes together, on the sample model.

usage: shards.py FOLDER [--shards N,..] [--copies N] [--repeat N]

FOLDER is made, and removed at the end. The text is /usr/share/common-licenses,
as often as --copies says. gst-activations is the one that is found first, as in
`meson devenv`. Numbers of shards take turns; the table has medians, and how much
more than the first of them each takes. Startup is a shard that has no batch.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MODEL = HERE.parent.parent / "samples" / "licences-model"
LICENCES = Path("/usr/share/common-licenses")


def cpu_seconds(*command):
    """user and system time of a process that ends well"""
    process = subprocess.Popen(["gst-activations", *map(str, command)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))} failed: {status}")
    return usage.ru_utime + usage.ru_stime


def make_text(path, copies):
    text = b"".join(p.read_bytes() for p in sorted(LICENCES.iterdir()) if p.is_file() and not p.is_symlink())
    path.write_bytes(text * copies)


def measure(folder, text, n):
    """seconds for the plan, all shards, and the merge"""
    folder.mkdir()
    plan = folder / "plan.json"
    result = {"plan": cpu_seconds("shard", "--plan", plan, "--shards", n, "shard", f"model={MODEL}", f"text={text}",
                                  "threads=1")}
    result["shards"] = sum(cpu_seconds("run", "--quiet", "--plan", plan, "--shard", k) for k in range(n))
    result["merge"] = cpu_seconds("merge", "--quiet", "--plan", plan, "--output", folder / "merged")
    planned = json.loads(plan.read_text())
    result["positions"] = planned["run_samples"] * planned["n_ctx"]
    shutil.rmtree(folder)
    return result


def measure_startup(folder, text):
    """a shard without a batch, that reads all text; and one of a text that is short"""
    seconds = []
    for name, source in (("long", text), ("short", LICENCES / "BSD")):
        seconds.append(cpu_seconds("run", "--quiet", "shard", f"model={MODEL}", f"text={source}", "threads=1",
                                   "shard-count=1000000", f"store={folder / name}"))
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", default="1,8")
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    counts = [int(n) for n in options.shards.split(",")]
    options.folder.mkdir(parents=True)
    text = options.folder / "text"
    make_text(text, options.copies)
    results = {n: [] for n in counts}
    for _ in range(options.repeat):
        for n in counts:
            results[n].append(measure(options.folder / "run", text, n))
            print(json.dumps({"n": n, **results[n][-1]}), flush=True)
    long, short = measure_startup(options.folder, text)
    shutil.rmtree(options.folder)
    base = statistics.median(r["shards"] for r in results[counts[0]])
    print(f"{results[counts[0]][0]['positions']} positions; a shard without batches: {long:.3f} s, "
          f"of a short text {short:.3f} s")
    print("shards | plan | shards, CPU s | more | merge")
    for n in counts:
        plan, shards, merge = (statistics.median(r[key] for r in results[n]) for key in ("plan", "shards", "merge"))
        print(f"{n:6} | {plan:.2f} | {shards:.2f} | {100 * (shards / base - 1):+.1f} % | {merge:.2f}")


if __name__ == "__main__":
    main()
