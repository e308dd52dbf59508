#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How soon the dashboard's page can be used, and what memory it takes: a table
for docs/benchmarks.md.

    meson devenv -C build -w . .venv/bin/python tests/bench/page.py [CLUSTERS ...] [--runs N]

Made-up runs (make_large_store.py) of 100, 1,000 and 10,000 clusters, from a
folder, each time in a new browser. "usable" is when the table's rows and its
filter are there, by the page's own clock from the start of navigation; "map"
is when the overview has placed all clusters. Memory is the highest (VmHWM) of
the browser's process for the page, and JavaScript's heap after a collection.
"""
import argparse
import os
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent.parent
os.environ.setdefault("ACT_TEST_DATA", str(ROOT / "tests/data"))
os.environ.setdefault("ACT_TEST_SAMPLE", str(ROOT / "samples/licences-model"))
sys.path.insert(0, str(ROOT / "tests/page"))
import browser
from large import large_run


def parents():
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            pass
    return found


def peak_of_renderer():
    """MB, of the largest renderer below this process"""
    tree, largest = parents(), 0
    for pid in tree:
        at = pid
        while at in tree and at != os.getpid():
            at = tree[at]
        try:
            if at != os.getpid() or b"--type=renderer" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                continue
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        largest = max(largest, int(status.partition("VmHWM:")[2].split()[0]) / 1000)
    return largest


def visit(playwright, url):
    with playwright.chromium.launch(executable_path=browser.CHROMIUM, args=["--no-sandbox"]) as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(url + "#/clusters")
        page.wait_for_selector("html[data-ready]")
        usable = page.evaluate("performance.now ()")
        session = page.context.new_cdp_session(page)
        peak = peak_of_renderer()
        session.send("HeapProfiler.collectGarbage")
        heap = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        filtered = page.evaluate("""async () => {
          const start = performance.now ();
          await Act.query.lines ('size>3 freq<1% ka');
          return performance.now () - start;
        }""")
        page.goto("about:blank")
        page.goto(url)
        page.wait_for_selector(".map[data-placed]")
        return usable, filtered, page.evaluate("performance.now ()"), peak, heap


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("clusters", type=int, nargs="*", default=[100, 1000, 10000])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    print("| clusters | data, MB | usable, ms | first filter, ms | map, ms | peak of the page's process, MB | heap, MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch, browser.sync_playwright() as playwright:
        for n in options.clusters:
            output = pathlib.Path(scratch) / str(n)
            large_run(output, n)
            size = sum(path.stat().st_size for path in (output / "data").iterdir()) / 1e6
            runs = [visit(playwright, (output / "index.html").as_uri()) for _ in range(options.runs)]
            numbers = [statistics.median(column) for column in zip(*runs)]
            print(f"| {n:,} | {size:.1f} | " + " | ".join(f"{x:.0f}" for x in numbers) + " |", flush=True)


if __name__ == "__main__":
    main()
