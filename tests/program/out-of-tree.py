# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs the project into a temporary prefix and builds tests/out-of-tree, the plugin of somebody else, against
that alone; then its own tests, and a pipeline of installed plugins with it in the middle.

usage: out-of-tree.py MESON BUILD SOURCE PREFIX"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from folders import content

meson, build, source, prefix = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
case = Path(os.environ["ACT_TEST_DATA"]) / "golden" / "basic"


def run(*command, env=None):
    done = subprocess.run([str(c) for c in command], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout)
        sys.exit(f"{' '.join(map(str, command))}: exit status {done.returncode}")
    return done.stdout


def only(pattern, folder):
    found = list(folder.rglob(pattern))
    assert len(found) == 1, f"{pattern}: found {found}"
    return found[0]


def overlapping_clusters(path):
    """two clusters of the golden case, and one of members of both"""
    clusters = json.loads((case / "clusters.json").read_text())
    a, b = clusters["0"], clusters["1"]
    path.write_text(json.dumps({"0": a, "1": b, "2": a[:1] + b[:1]}))


WEIGHTED = """actdumpsrc location=${dump} vocabulary=${dump}/vocab.json shard-index=${index:-0} shard-count=${count:-1}
! actdeadfilter ! actclusterweighted clusters=${clusters}
! actstore location=${store:-} segment-size=2 component-records=true
! actdashboardsink location=${output} overwrite=true"""


def dashboard_of_stores(folder, clusters, env):
    """shards, from-store, merge and a run again: the bytes of a run without a store"""
    description = folder / "weighted.pipeline"
    description.write_text(WEIGHTED)
    weighted = ["gst-activations", "run", description, f"dump={case}", f"clusters={clusters}"]
    run(*weighted, f"output={folder}/plain", env=env)
    expected = content(folder / "plain")
    assert len(expected["clusters.jsonl"].splitlines()) == 3
    stores = [folder / f"store-{k}" for k in range(2)]
    for k, store in enumerate(stores):
        run(*weighted, f"output={folder}/unused", f"store={store}", f"index={k}", "count=2", env=env)
        manifest = json.loads((store / "manifest.json").read_text())
        assert manifest["cluster_values"] == "stored" and manifest["reduction"] == "weighted", manifest
    run("gst-activations", "merge", *stores[::-1], "--output", folder / "merged", env=env)
    run("gst-activations", "store", "verify", *stores, folder / "merged", env=env)
    for names in (",".join(map(str, stores)), folder / "merged"):
        run("gst-activations", "run", "from-store", f"stores={names}", f"output={folder}/again", "overwrite=true",
            env=env)
        assert content(folder / "again") == expected
    # all of it is there: nothing comes but the end
    run(*weighted, f"store={folder}/merged", f"output={folder}/end", env=env)
    assert content(folder / "end") == expected


with tempfile.TemporaryDirectory(prefix="act-out-of-tree-") as folder:
    folder = Path(folder)
    run(meson, "install", "-C", build, "--no-rebuild", "--destdir", folder / "root")
    root = folder / "root" / prefix.lstrip("/")
    pc = only("gstactivations-1.0.pc", root)
    pc.write_text("".join(f"prefix={root}\n" if line.startswith("prefix=") else line
                          for line in pc.read_text().splitlines(True)))

    environment = dict(os.environ)
    for name in ("GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0", "GST_REGISTRY_1_0", "GI_TYPELIB_PATH", "DESTDIR"):
        environment.pop(name, None)
    libraries = only("libgstactivations-1.0.so", root).parent
    environment["PKG_CONFIG_PATH"] = str(pc.parent)
    environment["LD_LIBRARY_PATH"] = str(libraries)
    # whoever builds against the library needs GStreamer, not what the cores need
    required = run("pkg-config", "--print-requires", "--print-requires-private", "gstactivations-1.0",
                   env=environment)
    assert {line.split()[0] for line in required.splitlines()} == {"gstreamer-1.0", "gstreamer-base-1.0"}, required
    theirs = folder / "build"
    run(meson, "setup", f"--prefix={folder}/theirs", theirs, source / "tests" / "out-of-tree", env=environment)
    run(meson, "test", "-C", theirs, env=environment)

    run(meson, "install", "-C", theirs, env=environment)
    installed = only("libgstactweighted.so", folder / "theirs").parent
    shutil.rmtree(theirs)
    # it finds the library by itself
    alone = {name: value for name, value in environment.items() if name != "LD_LIBRARY_PATH"}
    run(sys.executable, "-c", f"import ctypes; ctypes.CDLL('{installed}/libgstactweighted.so')", env=alone)

    core = subprocess.run(["pkg-config", "--variable=pluginsdir", "gstreamer-1.0"], stdout=subprocess.PIPE, text=True)
    environment["GST_PLUGIN_PATH"] = ":".join(
        [str(installed), str(libraries / "gstreamer-1.0"), core.stdout.strip()])
    environment["GST_PLUGIN_SYSTEM_PATH"] = ""
    environment["GST_PLUGIN_SYSTEM_PATH_1_0"] = ""
    environment["GST_REGISTRY"] = str(folder / "registry.bin")
    assert "each an equal share" in run("gst-inspect-1.0", "actclusterweighted", env=environment)
    clusters = folder / "overlapping.json"
    overlapping_clusters(clusters)
    out = run("gst-launch-1.0", "-v", "actdumpsrc", f"location={case}", "!", "actdeadfilter", "!",
              "actclusterweighted", f"clusters={clusters}", "!", "fakesink", env=environment)
    assert "reduction=(string)weighted" in out and "clusters=(int)3" in out, out
    assert "Got EOS" in out and "ERROR" not in out, out

    # what follows from no reduction that is known here is stored as it is, and goes through shards and a merge
    dashboard_of_stores(folder, clusters, environment)

    # the same file is none for an element that wants a partition
    # (not by gst-launch-1.0: an error before its main loop runs is lost on it)
    description = folder / "refused.pipeline"
    description.write_text("actdumpsrc location=${case} ! actclustermax clusters=${clusters} ! fakesink")
    refused = subprocess.run(
        ["gst-activations", "run", description, f"case={case}", f"clusters={clusters}"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert refused.returncode != 0 and "is in two clusters, run-0-0 and run-0-2" in refused.stdout, refused.stdout
