# SPDX-License-Identifier: LGPL-2.1-or-later
"""A model as a plan file for planfile.c, on machines without GLib: the
operations and heads of gpuforward.h a line each, and all weights in one array.

plan.py golden DATA SAMPLE OUT: each golden case, with its tokens and the values
it must give. plan.py bench SAMPLE OUT SCALE: the sample and the large model of
docs/benchmarks.md, the latter's sizes divided by SCALE.

Written from the formulas and names of tests/data/golden_kinds/README.md, apart
from gpumodel.c, which makes the same of an ActPlan.

OUT/NAME.plan: the lines; offsets count floats of OUT/NAME.bin, -1 is none.
"""
import json
import os
import struct
import sys

import numpy as np

from largemodel import large_model

LLAMA = ("LlamaSimpleMLP", "LlamaSimple")
# the order of gpuforward.h
OPS = ["nothing", "embedding", "positions", "rms_norm", "layer_norm", "linear", "rotary",
       "attention", "gelu_tanh", "silu_times"]
HEADS = ["shared_mlp", "vector_mlp", "mlp"]
SIGMOIDS = {"normal": 0, "hard": 1, "leaky_hard": 1, "upper_leaky_hard": 2, "swish_hard": 3}
RESIDUAL, NORMED, QKV, QUERY, KEY, VALUE, MIXED, GATE, HIDDEN, LOGITS = range(10)
NONE = (0, 0, 0)


def read_safetensors(path):
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    types = {"F32": np.float32, "F16": np.float16}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        tensor = np.frombuffer(data[begin:end], types[entry["dtype"]])
        tensors[name] = tensor.reshape(entry["shape"]).astype(np.float32)
    return tensors


class Plan:
    def __init__(self, config, tensors, length):
        self.c, self.w, self.length = config, tensors, length
        self.bin, self.at, self.lines, self.heads = [], 0, [], []
        self.modules = {}
        column = 0
        for number, module in enumerate(config["modules"]):
            self.modules[module["name"]] = (number, column, module)
            column += module["C"]
        self.n_components = column
        self.build()

    def put(self, array):
        array = np.ascontiguousarray(array, np.float32)
        # each begins on 64 bytes
        pad = -self.at % 16
        self.bin += [np.zeros(pad, np.float32), array.reshape(-1)]
        at = self.at + pad
        self.at = at + array.size
        return f"{at} {array.size}"

    def slot(self, which):
        c, n = self.c, self.c["n_embd"]
        kv = n // c["n_head"] * self.kv_heads
        inner = c["n_intermediate"] if "n_intermediate" in c else 4 * n
        widths = {RESIDUAL: n, NORMED: n, QKV: n + 2 * kv, QUERY: n, KEY: kv, VALUE: kv,
                  MIXED: n, GATE: inner, HIDDEN: inner, LOGITS: c["vocab_size"]}
        first = {QUERY: 0, KEY: n, VALUE: n + kv}
        if self.combined and which in first:
            return (QKV, first[which], widths[which])
        return (which, 0, widths[which])

    def layers(self, name, components):
        """lines of a head's layers: d_in, d_out, whether products take it, W, b"""
        dashed = name.replace(".", "-")
        shared = self.c["ci_fn_type"] == "shared_mlp"
        count = len(self.c["ci_fn_hidden_dims"]) + 1
        for i in range(count):
            weight = self.w[f"_ci_fns.{dashed}.layers.{2 * i}.W"]
            bias = self.w[f"_ci_fns.{dashed}.layers.{2 * i}.b"]
            product = shared or (i + 1 < count and (i > 0 or self.c["ci_fn_type"] == "vector_mlp"))
            yield (f"layer {weight.shape[-2]} {weight.shape[-1]} {int(product)} "
                   f"{self.put(weight)} {self.put(bias)}")

    def head(self, name, takes_tokens):
        if name not in self.modules:
            return -1
        number, column, module = self.modules[name]
        v = self.w.get(f"_components.{name.replace('.', '-')}.V")
        has_v = self.c["ci_fn_type"] == "mlp"
        layers = list(self.layers(name, module["C"]))
        self.heads.append(
            f"head {HEADS.index(self.c['ci_fn_type'])} {SIGMOIDS[self.c['sigmoid_type']]} "
            f"{number} {column} {module['C']} {module['d_in']} {int(takes_tokens)} "
            f"{self.put(v) if has_v else '-1 0'} {len(layers)}\n" + "\n".join(layers))
        return len(self.heads) - 1

    def op(self, kind, ins, out, weight=None, bias=None, adds=0, heads=(0, 0, 0), eps=0,
           head=-1):
        slots = [self.slot(i) for i in ins] + [NONE] * (3 - len(ins)) + [self.slot(out)]
        self.lines.append(" ".join(
            ["op", str(OPS.index(kind))]
            + [str(x) for slot in slots for x in slot]
            + [str(adds), self.put(weight) if weight is not None else "-1 0",
               self.put(bias) if bias is not None else "-1 0"]
            + [str(x) for x in heads] + [repr(float(eps)), str(head)]))

    def linear(self, name, source, out, adds=0):
        weight = self.w.get(f"target_model.{name}.weight")
        if weight is None:
            weight = self.w["target_model.wte.weight"]  # lm_head, tied
        self.op("linear", [source], out, weight, self.w.get(f"target_model.{name}.bias"), adds,
                head=self.head(name, False))

    def norm(self, name):
        weight = self.w[f"target_model.{name}.weight"]
        if self.llama:
            self.op("rms_norm", [RESIDUAL], NORMED, weight, eps=self.c["rms_norm_eps"])
        else:
            self.op("layer_norm", [RESIDUAL], NORMED, weight,
                    self.w[f"target_model.{name}.bias"], eps=1e-5)

    def attention(self, block):
        c, size = self.c, self.c["n_embd"] // self.c["n_head"]
        if self.combined:
            self.linear(block + ".attn.c_attn", NORMED, QKV)
        else:
            for which, slot in zip("qkv", (QUERY, KEY, VALUE)):
                self.linear(f"{block}.attn.{which}_proj", NORMED, slot)
        if self.llama:
            self.op("rotary", [], QUERY, heads=(c["n_head"], 0, size))
            self.op("rotary", [], KEY, heads=(self.kv_heads, 0, size))
        self.op("attention", [QUERY, KEY, VALUE], MIXED,
                heads=(c["n_head"], self.kv_heads, size))
        out = "c_proj" if c["model_type"] == "GPT2" else "o_proj"
        self.linear(f"{block}.attn.{out}", MIXED, RESIDUAL, 1)

    def mlp(self, block):
        kind = self.c["model_type"]
        if kind == "LlamaSimple":
            self.linear(block + ".mlp.gate_proj", NORMED, GATE)
            self.linear(block + ".mlp.up_proj", NORMED, HIDDEN)
            self.op("silu_times", [HIDDEN, GATE], HIDDEN)
        else:
            self.linear(block + ".mlp.c_fc", NORMED, HIDDEN)
            self.op("gelu_tanh", [HIDDEN], HIDDEN)
        self.linear(f"{block}.mlp.{'c_proj' if kind == 'GPT2' else 'down_proj'}", HIDDEN,
                    RESIDUAL, 1)

    def rotary(self):
        size = self.c["n_embd"] // self.c["n_head"]
        position = np.minimum(np.arange(self.length), self.c["n_ctx"] - 1)[:, None]
        angle = position * float(self.c["rotary_base"]) ** (-2.0 * np.arange(size // 2) / size)
        return f"{self.put(np.cos(angle))} {self.put(np.sin(angle))}"

    def build(self):
        c = self.c
        self.llama = c["model_type"] in LLAMA
        self.combined = c["model_type"] == "GPT2" or (
            self.llama and not c["use_grouped_query_attention"])
        self.kv_heads = c["n_key_value_heads"] if self.llama and not self.combined else c["n_head"]
        blocks = "h_torch" if c["model_type"] == "GPT2" else "h"
        norms = ("rms_1", "rms_2") if self.llama else ("ln_1", "ln_2")
        self.op("embedding", [], RESIDUAL, self.w["target_model.wte.weight"],
                head=self.head("wte", True))
        if not self.llama:
            self.op("positions", [], RESIDUAL, self.w["target_model.wpe.weight"], adds=1)
        for i in range(c["n_layer"]):
            self.norm(f"{blocks}.{i}.{norms[0]}")
            self.attention(f"{blocks}.{i}")
            self.norm(f"{blocks}.{i}.{norms[1]}")
            self.mlp(f"{blocks}.{i}")
        if "lm_head" in self.modules:
            self.norm("ln_f")
            self.linear("lm_head", NORMED, LOGITS)
        self.drop_unneeded()

    def drop_unneeded(self):
        """what stands behind the last head; its own product too"""
        last = max(i for i, line in enumerate(self.lines) if not line.endswith(" -1"))
        words = self.lines[last].split(" ")
        words[1] = "0"
        self.lines = self.lines[:last] + [" ".join(words)]

    def write(self, path, tokens=None, expected=None):
        widths = [0] * 10
        for line in self.lines:
            numbers = [int(x) for x in line.split(" ")[1:14]]
            for i in (1, 4, 7, 10):
                buffer, first, width = numbers[i: i + 3]
                kind = numbers[0]
                if width > 0 and not (kind == 0 and i == 10):
                    widths[buffer] = max(widths[buffer], self.slot(buffer)[2])
        head = [f"plan 1 {len(widths)} {' '.join(map(str, widths))}",
                f"model {len(self.c['modules'])} {self.n_components} {self.c['vocab_size']} "
                f"{int(self.c.get('rotary_adjacent_pairs', False))} {self.length}",
                f"rotary {self.rotary() if self.llama else '-1 0 -1 0'}"]
        body = [f"heads {len(self.heads)}"] + self.heads + [f"ops {len(self.lines)}"] + self.lines
        if expected is not None:
            with open(path + ".tokens", "wb") as file:
                file.write(np.ascontiguousarray(tokens, np.int32).tobytes())
            body.append(f"expected {tokens.shape[0]} {self.put(expected)}")
        else:
            body.append("expected 0 -1 0")
        with open(path + ".bin", "wb") as file:
            for part in self.bin:
                file.write(part.tobytes())
        with open(path + ".plan", "w", encoding="ascii") as file:
            file.write("\n".join(head + body) + "\n")


def write_golden(data, sample, out):
    kinds = os.path.join(data, "golden_kinds")
    for name in sorted(os.listdir(kinds)):
        folder = os.path.join(kinds, name)
        if not os.path.isdir(folder):
            continue
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        tokens = np.load(os.path.join(folder, "tokens.npy"))
        plan = Plan(config, read_safetensors(os.path.join(folder, "model.safetensors")),
                    tokens.shape[1])
        plan.write(os.path.join(out, name), tokens, np.load(os.path.join(folder, "ci.npy")))
    with open(os.path.join(sample, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    golden = os.path.join(data, "golden_forward")
    tokens = np.load(os.path.join(golden, "tokens.npy"))
    tokens = tokens.reshape(-1, tokens.shape[-1])
    ci = np.load(os.path.join(golden, "ci.npz"))["ci"]
    tensors = read_safetensors(os.path.join(sample, "model.safetensors"))
    Plan(config, tensors, tokens.shape[1]).write(
        os.path.join(out, "sample"), tokens, ci.reshape(-1, ci.shape[-1]))


def write_bench(sample, out, scale):
    with open(os.path.join(sample, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    Plan(config, read_safetensors(os.path.join(sample, "model.safetensors")),
         config["n_ctx"]).write(os.path.join(out, "bench-sample"))
    config, tensors = large_model(scale)
    Plan(config, tensors, config["n_ctx"]).write(os.path.join(out, "bench-large"))


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "golden":
        write_golden(*sys.argv[2:])
    elif len(sys.argv) == 5 and sys.argv[1] == "bench":
        write_bench(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        sys.exit(__doc__)
