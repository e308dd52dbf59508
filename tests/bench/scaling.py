#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What merges and dashboards cost by nonzeros and shards, from made-up shards: a
line of JSON a run, and a table.

usage: scaling.py FOLDER [--nonzeros N,..] [--shards N,..] [--clusters N]
                  [--components N] [--no-dashboard]

FOLDER is made, and holds three times the largest run at the most.
gst-activations is the one that is found first, as in `meson devenv`. CPU time
is that of the process and its threads, memory its largest resident set: pages of
the segments that are mapped, which can be dropped at any time, count too.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def run(command):
    """wall and CPU seconds, and peak memory in MB"""
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[1]} failed: {status}")
    return {"seconds": time.monotonic() - start, "cpu": usage.ru_utime + usage.ru_stime,
            "memory_mb": usage.ru_maxrss / 1024}


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(folder, nonzeros, shards, options):
    stores, merged, dashboard = folder / "shards", folder / "merged", folder / "dashboard"
    subprocess.run([sys.executable, HERE / "make_shards.py", stores, "--shards", str(shards), "--nonzeros", str(nonzeros),
                    "--components", str(options.components), "--clusters", str(options.clusters)],
                   check=True, stdout=subprocess.DEVNULL)
    common = {"nonzeros": int(nonzeros), "shards": shards, "bytes": size(stores)}
    results = [{"what": "merge", **common,
                **run(["gst-activations", "merge", "--quiet", *sorted(stores.iterdir()), "--output", merged])}]
    if not options.no_dashboard:
        results.append({"what": "dashboard", **common,
                        **run(["gst-activations", "run", "--quiet", "from-store", f"stores={merged}",
                               f"output={dashboard}", *options.variables])})
        results[-1]["output_bytes"] = size(dashboard)
    for path in (stores, merged, dashboard):
        shutil.rmtree(path, ignore_errors=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nonzeros", default="1e6,1e7,1e8")
    parser.add_argument("--shards", default="1,8,64")
    parser.add_argument("--components", type=int, default=40000)
    parser.add_argument("--clusters", type=int, default=20000)
    parser.add_argument("--no-dashboard", action="store_true")
    parser.add_argument("variables", nargs="*", help="name=value of from-store")
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    for nonzeros in map(float, options.nonzeros.split(",")):
        for shards in map(int, options.shards.split(",")):
            for result in measure(options.folder, nonzeros, shards, options):
                result["million_a_cpu_second"] = nonzeros / 1e6 / result["cpu"]
                print(json.dumps({key: round(value, 3) if isinstance(value, float) else value
                                  for key, value in result.items()}), flush=True)
    shutil.rmtree(options.folder)


if __name__ == "__main__":
    main()
