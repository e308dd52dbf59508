# SPDX-License-Identifier: LGPL-2.1-or-later
"""PyTorch eager on the work of bench.c: tokens to the nonzero activations of
all modules, no logits, no last MLP output. torch_forward.py SMALL SAMPLE_FOLDER
TIMES, the latter written by bench.c

Attention is PyTorch's own fused one; activations become (row, column, value) by
torch.nonzero, a module at a time. Times are medians, by events. Prints rows of
the table of docs/benchmarks.md.
"""
import json
import os
import statistics
import sys
import time

try:
    import torch
except ImportError:
    print("no PyTorch here")
    sys.exit(77)
import torch.nn.functional as F

from largemodel import large_model
from plan import read_safetensors

torch.set_grad_enabled(False)
SMALL = int(sys.argv[1]) != 0
DEVICE = "cpu" if SMALL else "cuda"
if not SMALL and not torch.cuda.is_available():
    print("no CUDA device for PyTorch")
    sys.exit(77)
TARGETS = {"sample model": {"fp32": 3, "tf32": 3, "bf16": 3},
           "large model": {"fp32": 1, "tf32": 1.3, "bf16": 1.3}}


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def attend(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):  # since 2.0
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    ahead = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
    return scores.masked_fill(ahead, float("-inf")).softmax(-1) @ v


class Model:
    def __init__(self, config, tensors, dtype):
        self.c = config
        # heads' last biases and norms stay float32, as in bench.c
        self.w = {k: torch.from_numpy(v.copy()).to(DEVICE) for k, v in tensors.items()
                  if not k.startswith("_components")}
        self.dtype = dtype
        for name, tensor in self.w.items():
            if tensor.dim() == 2 and not name.endswith("wte.weight"):
                self.w[name] = tensor.to(dtype)
        self.first = {}
        column = 0
        for module in config["modules"]:
            self.first[module["name"]] = column
            column += module["C"]
        size = config["n_embd"] // config["n_head"]
        step = float(config["rotary_base"]) ** (
            -2.0 * torch.arange(size // 2, dtype=torch.float64) / size)
        angle = torch.arange(config["n_ctx"], dtype=torch.float64)[:, None] * step
        self.cos, self.sin = angle.cos().float().to(DEVICE), angle.sin().float().to(DEVICE)

    def head(self, name, x):
        if name not in self.first:
            return
        x = x.flatten(0, -2)
        dashed = name.replace(".", "-")
        n = len(self.c["ci_fn_hidden_dims"]) + 1
        for i in range(n):
            x = (x.to(self.dtype) @ self.w[f"_ci_fns.{dashed}.layers.{2 * i}.W"]).float()
            x = x + self.w[f"_ci_fns.{dashed}.layers.{2 * i}.b"]
            x = F.gelu(x) if i + 1 < n else x.clamp(0, 1)
        row, column = torch.nonzero(x, as_tuple=True)
        self.found.append((row, column + self.first[name], x[row, column]))

    def linear(self, name, x):
        self.head(name, x)
        return (x.to(self.dtype) @ self.w[f"target_model.{name}.weight"].T).float()

    def norm(self, name, x):
        weight, eps = self.w[f"target_model.{name}.weight"], self.c["rms_norm_eps"]
        if hasattr(F, "rms_norm"):  # since 2.4
            return F.rms_norm(x, x.shape[-1:], weight, eps)
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight

    def run(self, tokens):
        self.found = []
        c, size = self.c, self.c["n_embd"] // self.c["n_head"]
        x = self.w["target_model.wte.weight"][tokens]
        for i in range(c["n_layer"]):
            normed = self.norm(f"h.{i}.rms_1", x)
            q, k, v = (self.linear(f"h.{i}.attn.{m}_proj", normed).unflatten(-1, (-1, size))
                       .transpose(1, 2) for m in "qkv")
            n = tokens.shape[1]
            q, k = (rotate(t, self.cos[:n], self.sin[:n]) for t in (q, k))
            k, v = (t.repeat_interleave(c["n_head"] // t.shape[1], 1) for t in (k, v))
            q, k, v = (t.to(self.dtype) for t in (q, k, v))
            mixed = attend(q, k, v).float()
            x = x + self.linear(f"h.{i}.attn.o_proj", mixed.transpose(1, 2).flatten(2))
            hidden = F.gelu(self.linear(f"h.{i}.mlp.c_fc", self.norm(f"h.{i}.rms_2", x)),
                            approximate="tanh")
            if i + 1 < c["n_layer"]:
                x = x + self.linear(f"h.{i}.mlp.down_proj", hidden)
            else:
                self.head(f"h.{i}.mlp.down_proj", hidden)
        return self.found


def once(model, tokens):
    if DEVICE == "cpu":
        begin = time.monotonic()
        model.run(tokens)
        return (time.monotonic() - begin) * 1e3
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    model.run(tokens)
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def bench(name, config, tensors, n_samples, length):
    tokens = torch.randint(config["vocab_size"], (n_samples, length), device=DEVICE)
    for precision in ("fp32", "tf32", "bf16"):
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        model = Model(config, tensors, torch.bfloat16 if precision == "bf16" else torch.float32)
        times = [once(model, tokens) for _ in range(2 if SMALL else 13)][1 if SMALL else 3:]
        ms = statistics.median(times)
        n = sum(len(values) for _, _, values in model.found) / tokens.numel()
        ours = OURS.get(f"{name} {precision}")
        faster = ms / ours if ours else float("nan")
        target = TARGETS[name][precision]
        print(f"| {name} {precision}, {n_samples} x {length}: against PyTorch {torch.__version__} "
              f"eager | {faster:.2f} x as fast ({ms:.3f} ms there; {n:.1f} components a position) "
              f"| {target} x | "
              f"{'emulated' if SMALL else 'met' if faster >= target else 'MISSED'} |", flush=True)


with open(sys.argv[3], encoding="ascii") as file:
    OURS = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in file}
with open(os.path.join(sys.argv[2], "config.json"), encoding="utf-8") as file:
    sample = json.load(file)
bench("sample model", sample, read_safetensors(os.path.join(sys.argv[2], "model.safetensors")),
      1 if SMALL else 256, sample["n_ctx"])
config, tensors = large_model(16 if SMALL else 1)
bench("large model", config, tensors, 1 if SMALL else 64, config["n_ctx"])
