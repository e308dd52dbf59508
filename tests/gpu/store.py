# SPDX-License-Identifier: LGPL-2.1-or-later
"""From tokens to a store on a CUDA device: positions a second, bytes over the
bus, device memory. store.py [--emulated] SAMPLE_FOLDER SCRATCH COMMAND...

COMMAND runs the program gst-activations. The large model of largemodel.py is
written to SCRATCH, which may be left for another time. Prints rows of the table
of docs/benchmarks.md. Rates are taken between the first and the last segment of
a store, by the times that their files have: no start counts.

--emulated: tiny sizes; times mean nothing, bytes do.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print("no NumPy here")
    sys.exit(77)

from largemodel import large_model, write_folder

HERE = Path(__file__).resolve().parent
USE = re.compile(r"device \d+: (\d+) bytes to it in (\d+) copies, (\d+) bytes from it in "
                 r"(\d+) copies, at most (\d+) bytes of its memory")
FAST = Path("/dev/shm")  # tmpfs
# seconds that a run shall take if it meets its target, and may take at most
WANTED, LIMIT = 6, 60
TARGETS = {"fp32": 200_000, "tf32": 700_000, "bf16": 1_500_000}
SAMPLE_TARGET = 1_500_000
BUS_TARGET = 1.1


class Failed(Exception):
    pass


class Model:
    """what is run: files, and samples of how many tokens a batch has"""

    def __init__(self, folder, vocabulary, n_samples):
        config = json.loads((folder / "config.json").read_text())
        self.folder, self.vocabulary, self.n_samples = folder, vocabulary, n_samples
        self.n_ctx, self.vocab_size = config["n_ctx"], config["vocab_size"]
        self.n_modules = len(config["modules"])
        self.modules = [module["name"] for module in config["modules"]]
        self.positions = n_samples * self.n_ctx

    def write_tokens(self, path, n_batches):
        random = np.random.default_rng(9)
        np.save(path, random.integers(self.vocab_size, dtype=np.int32,
                                      size=(n_batches * self.n_samples, self.n_ctx)))


class Store:
    """A finished store and what its run needed."""

    def __init__(self, folder, log, model):
        manifest = json.loads((folder / "manifest.json").read_text())
        if not manifest["complete"]:
            raise Failed("the store is not complete")
        self.folder, self.n_ctx, self.model = folder, manifest["n_ctx"], model
        self.segments = manifest["segments"]
        self.n_batches = sum(segment["batches"] for segment in self.segments)
        self.values = sum(segment["values"] for segment in self.segments)
        self.size = sum(segment["size"] for segment in self.segments)
        found = USE.search(log)
        if found is None:
            raise Failed("the log does not say what the device was used for")
        self.to_device, _, self.to_host, _, self.peak = map(int, found.groups())

    def rate(self):
        """positions and bytes a second, between the first and the last segment"""
        times = [(self.folder / segment["file"]).stat().st_mtime_ns for segment in self.segments]
        seconds = (times[-1] - times[0]) / 1e9
        samples = sum(segment["samples"] for segment in self.segments[1:])
        size = sum(segment["size"] for segment in self.segments[1:])
        if seconds <= 0:
            raise Failed("the store has one segment only")
        return samples * self.n_ctx / seconds, size / seconds

    def component_bytes(self):
        """a batch's CSR"""
        return 8 * self.values / self.n_batches + 8 * (self.model.positions + 1)

    def cluster_bytes(self):
        """the same of clusters, by the first batch"""
        with open(self.folder / self.segments[0]["file"], "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size))

            def read(name, count, dtype):
                file.seek(8 + size + header[name]["data_offsets"][0])
                return np.fromfile(file, dtype, count)

            positions = self.model.positions
            indptr = read("indptr", positions + 1, np.int64)
            columns = read("indices", int(indptr[-1]), np.int32)
        config = json.loads((self.model.folder / "config.json").read_text())
        labels = {f"{module['name']}:{i}" for module in config["modules"]
                  for i in range(module["C"])}
        clusters = json.loads((self.model.folder / "clusters.json").read_text())
        ordered = [f"{module['name']}:{i}" for module in config["modules"]
                   for i in range(module["C"])]
        cluster_of = dict.fromkeys(labels, -1)
        for number, members in enumerate(clusters.values()):
            cluster_of.update(dict.fromkeys(members, number))
        cluster = np.array([cluster_of[label] for label in ordered])[columns]
        row = np.repeat(np.arange(positions), np.diff(indptr))
        found = np.unique((row * (len(clusters) + 1) + cluster)[cluster >= 0])
        return 8 * len(found) + 8 * (positions + 1)


class Bench:
    def __init__(self, options):
        self.options, self.failed = options, False
        self.scratch = options.scratch
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.fast = Path(tempfile.mkdtemp(
            dir=FAST if os.access(FAST, os.W_OK) else self.scratch))

    def row(self, what, measured, target="", met=None):
        verdict = "reported" if met is None else "met" if met else "MISSED"
        if self.options.emulated and met is not None:
            verdict = "emulated"
        print(f"| {what} | {measured} | {target} | {verdict} |", flush=True)

    def run(self, model, n_batches, store, precision="fp32", modules=""):
        """a Store; n_batches of the tokens that are there"""
        log = self.scratch / "log"
        log.unlink(missing_ok=True)
        command = [*self.options.command, "run", "--quiet", str(HERE / "store.pipeline"),
                   f"model={model.folder}", f"tokens={self.scratch / 'tokens.npy'}",
                   f"batch-size={model.n_samples}", f"samples={n_batches * model.n_samples}",
                   f"vocabulary={model.vocabulary}", f"precision={precision}",
                   f"modules={modules}", f"store={store}",
                   f"segment-size={2 if self.options.emulated else 4}"]
        environment = {**os.environ, "GST_DEBUG": "actcuda:4", "GST_DEBUG_FILE": str(log),
                       "GST_DEBUG_NO_COLOR": "1"}
        begin = time.monotonic()
        try:
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired as expired:
            raise Failed(f"cut off after {LIMIT} s") from expired
        if done.returncode != 0:
            raise Failed(done.stdout.decode(errors="replace").strip()[-500:])
        print(f"  {precision}, {n_batches} batches: {time.monotonic() - begin:.1f} s from start "
              "to end", flush=True)
        return Store(store, log.read_text(), model)

    def guarded(self, what, function, *arguments):
        """one that fails is a row, and stops no other"""
        try:
            function(*arguments)
        except Failed as failed:
            self.failed = True
            print(f"| {what} | FAILED: {failed} | | |", flush=True)
        for folder in self.fast.iterdir():
            shutil.rmtree(folder)

    def n_batches(self, model, target, folder):
        """for WANTED seconds, or what there is room for"""
        if self.options.emulated:
            return 6
        free = shutil.disk_usage(folder).free
        with open("/proc/meminfo", encoding="ascii") as file:
            available = int(re.search(r"MemAvailable: *(\d+)", file.read()).group(1)) * 1024
        each = 2000 * model.positions  # bytes, rather more than they are
        return int(max(12, min(target * WANTED / model.positions, free / 2 / each,
                               available / 3 / each)))

    def bus(self, name, short, long):
        """what the batches cost that the longer of two runs has more"""
        n = long.n_batches - short.n_batches
        moved = (long.to_device - short.to_device + long.to_host - short.to_host) / n
        tokens = 4 * long.model.positions
        components, clusters = long.component_bytes(), long.cluster_bytes()
        ratio = (moved - tokens) / (components + clusters)
        self.row(f"{name}: bytes over the bus a batch, against component and cluster CSR",
                 f"{ratio:.3f} x ({moved / 1e6:.3f} MB; tokens {tokens / 1e6:.3f}, components "
                 f"{components / 1e6:.3f}, clusters {clusters / 1e6:.3f})",
                 f"at most {BUS_TARGET} x, and the tokens", ratio <= BUS_TARGET)
        # bytes are the same, emulated or not
        if self.options.emulated and ratio > BUS_TARGET:
            raise Failed("more bytes than the target allows")

    def rate(self, name, model, precision, target):
        n = self.n_batches(model, target, self.fast)
        model.write_tokens(self.scratch / "tokens.npy", n)
        short = self.run(model, 2 if self.options.emulated else 4, self.fast / "short", precision)
        long = self.run(model, n, self.fast / "long", precision)
        positions, size = long.rate()
        self.row(f"{name} {precision}, tokens to the store in {self.fast.parent}",
                 f"{positions:,.0f} positions a second ({size / 1e6:,.0f} MB/s)",
                 f"{target:,}", positions >= target)
        self.bus(f"{name} {precision}", short, long)

    def disk(self, model):
        n = min(self.n_batches(model, TARGETS["bf16"] / 2, self.scratch), 120)
        store = self.scratch / "on-disk"
        shutil.rmtree(store, ignore_errors=True)
        model.write_tokens(self.scratch / "tokens.npy", n)
        try:
            found = self.run(model, n, store, "bf16")
            positions, size = found.rate()
            source = store / found.segments[0]["file"]
            count = max(1, min(8, len(found.segments)))
            begin = time.monotonic()
            for i in range(count):
                subprocess.run(["dd", f"if={source}", f"of={self.scratch / f'dd-{i}'}", "bs=8M",
                                "conv=fsync", "status=none"], check=True, timeout=LIMIT)
            plain = count * found.segments[0]["size"] / (time.monotonic() - begin)
        finally:
            shutil.rmtree(store, ignore_errors=True)
            for file in self.scratch.glob("dd-*"):
                file.unlink()
        self.row("large model bf16, tokens to the store on the disk",
                 f"{positions:,.0f} positions a second ({size / 1e6:,.0f} MB/s; dd with fsync "
                 f"{plain / 1e6:,.0f} MB/s)")

    def memory(self, model, weights):
        """device memory beyond weights, with all modules and with a quarter"""
        n_batches = 4 if self.options.emulated else 8
        model.write_tokens(self.scratch / "tokens.npy", n_batches)
        quarter = model.modules[: model.n_modules // 4]
        for n, modules in ((model.n_modules, ""), (len(quarter), ",".join(quarter))):
            found = self.run(model, n_batches, self.fast / f"modules-{n}", "fp32", modules)
            self.row(f"large model fp32: peak device memory beyond weights, {n} modules",
                     f"{(found.peak - weights(modules)) / 1e6:,.1f} MB ({found.peak / 1e6:,.1f} MB "
                     f"in all; a batch's component CSR {found.component_bytes() / 1e6:,.1f} MB)")


def weights_of(config, tensors):
    """bytes in float32 of what the heads of some modules need, whatever is behind
    the last of them"""
    def weights(modules):
        wanted = modules.split(",") if modules else [m["name"] for m in config["modules"]]
        names = [module["name"] for module in config["modules"]]
        last = max(names.index(name) for name in wanted)
        size = tensors["target_model.wte.weight"].nbytes
        size += 2 * 4 * config["n_ctx"] * (config["n_embd"] // config["n_head"] // 2)
        for at, name in enumerate(names):
            if at < last:
                size += tensors[f"target_model.{name}.weight"].nbytes
            if name in wanted:
                size += sum(tensors[f"_ci_fns.{name.replace('.', '-')}.layers.{part}"].nbytes
                            for part in ("0.W", "0.b", "2.W", "2.b"))
        return size
    return weights


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--emulated", action="store_true")
    parser.add_argument("sample", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    config, tensors = large_model(16 if options.emulated else 1)
    folder = options.scratch / "large"
    bench = Bench(options)
    write_folder(folder, config, tensors)
    weights = weights_of(config, tensors)
    large = Model(folder, folder / "vocab.json", 4 if options.emulated else 64)
    sample = Model(options.sample, options.sample / "tokenizer.json",
                   1 if options.emulated else 256)
    try:
        for precision, target in TARGETS.items():
            bench.guarded(f"large model {precision}", bench.rate, "large model", large,
                          precision, target)
        bench.guarded("sample model fp32", bench.rate, "sample model", sample, "fp32",
                      SAMPLE_TARGET)
        bench.guarded("on the disk", bench.disk, large)
        bench.guarded("device memory", bench.memory, large, weights)
    finally:
        shutil.rmtree(bench.fast)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
