# SPDX-License-Identifier: LGPL-2.1-or-later
"""The forward pass with each kind of importance function, against its matrix
products alone: forward_kinds.py BENCH-FORWARD [--rounds N]
[--threads N] [--kind KIND]

Random models of one block, n_embd 768, the same number of components in each
of six modules. They take turns; medians of processor time are printed as a table of
docs/benchmarks.md. Needs 4 GB of memory and as much of temporary space.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

import numpy as np
from safetensors.numpy import save_file

EMBED, INNER, HEADS, VOCAB, LENGTH = 768, 3072, 12, 1000, 128
rng = np.random.default_rng(1)


def random(*shape):
    fan_in = shape[-2] if len(shape) > 1 else 1
    return rng.standard_normal(shape, np.float32) / np.float32(fan_in ** 0.5)


def importances(tensors, name, kind, d_in, c, hidden):
    own = () if kind == "shared_mlp" else (c,)
    last = c if kind == "shared_mlp" else 1
    widths = [1 if kind == "mlp" else d_in, *hidden, last]
    for layer, (a, b) in enumerate(zip(widths, widths[1:])):
        prefix = f"_ci_fns.{name.replace('.', '-')}.layers.{2 * layer}."
        tensors[prefix + "W"] = random(*own, a, b)
        tensors[prefix + "b"] = random(*own, b) - 1
    if kind == "mlp":
        tensors[f"_components.{name.replace('.', '-')}.V"] = random(d_in, c)


def make_model(where, kind, hidden, c):
    shapes = {"attn.q_proj": (EMBED, EMBED), "attn.k_proj": (EMBED, EMBED),
              "attn.v_proj": (EMBED, EMBED), "attn.o_proj": (EMBED, EMBED),
              "mlp.c_fc": (INNER, EMBED), "mlp.down_proj": (EMBED, INNER)}
    tensors = {"target_model.wte.weight": random(VOCAB, EMBED),
               "target_model.h.0.rms_1.weight": np.ones(EMBED, np.float32),
               "target_model.h.0.rms_2.weight": np.ones(EMBED, np.float32)}
    modules = []
    for name, (d_out, d_in) in shapes.items():
        name = "h.0." + name
        tensors[f"target_model.{name}.weight"] = random(d_in, d_out).T.copy()
        importances(tensors, name, kind, d_in, c, hidden)
        modules.append({"name": name, "C": c, "d_in": d_in, "d_out": d_out})
    config = {
        "model_type": "LlamaSimpleMLP", "block_size": LENGTH, "vocab_size": VOCAB,
        "n_layer": 1, "n_head": HEADS, "n_embd": EMBED, "n_intermediate": INNER,
        "mlp_bias": False, "attn_bias": False, "rotary_adjacent_pairs": False,
        "rotary_base": 10000, "n_ctx": LENGTH, "n_key_value_heads": HEADS,
        "use_grouped_query_attention": True, "rms_norm_eps": 1e-6,
        "ci_fn_type": kind, "ci_fn_hidden_dims": list(hidden),
        "sigmoid_type": "leaky_hard", "modules": modules,
    }
    with open(os.path.join(where, "config.json"), "w") as f:
        json.dump(config, f)
    save_file(tensors, os.path.join(where, "model.safetensors"))


def measure(args, where, n_samples):
    """-> medians of processor seconds, and MB that a thread needs for its tile"""
    bench = subprocess.Popen([args.bench, where, str(args.threads), str(n_samples),
                              str(LENGTH)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    times = {"csr": [], "dense": [], "products": []}

    def ask(word):
        bench.stdin.write(word + "\n")
        bench.stdin.flush()
        return bench.stdout.readline().split()

    for _ in range(args.rounds):
        for what in times:
            times[what].append(float(ask(what)[1]))
    workspace = float(ask("workspace")[0])
    bench.stdin.close()
    bench.wait()
    return {k: statistics.median(v) for k, v in times.items()}, workspace


parser = argparse.ArgumentParser()
parser.add_argument("bench")
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--samples", type=int, default=8)
parser.add_argument("--kind", help="only this importance function")
args = parser.parse_args()
print("| importance function | hidden | components a module | CSR, ms | dense, ms | "
      "products, ms | CSR / products | workspace, MB |")
print("|---|---|---|---|---|---|---|---|")
CASES = [("shared_mlp", (), 1664), ("shared_mlp", (768,), 1664), ("mlp", (8,), 1664),
         ("mlp", (16,), 1664), ("vector_mlp", (8,), 1664), ("vector_mlp", (8, 8), 1664),
         ("shared_mlp", (128,), 40000), ("mlp", (8,), 40000)]
# the last is 24 times the work of the others of its kind
FEW_SAMPLES = 2
for kind, hidden, c in CASES:
    if args.kind not in (None, kind):
        continue
    with tempfile.TemporaryDirectory() as where:
        make_model(where, kind, hidden, c)
        times, memory = measure(args, where,
                                    FEW_SAMPLES if kind == "mlp" and c == 40000 else args.samples)
    print(f"| `{kind}` | {list(hidden)} | {c:,} | {times['csr'] * 1e3:.0f} | "
          f"{times['dense'] * 1e3:.0f} | {times['products'] * 1e3:.0f} | "
          f"{times['csr'] / times['products']:.2f} x | {memory:.1f} |", flush=True)
