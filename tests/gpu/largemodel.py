# SPDX-License-Identifier: LGPL-2.1-or-later
"""The large model of docs/benchmarks.md: random weights in the shapes that the
field uses, as config and tensors, and as a model's folder (docs/formats.md)."""
import json
import os
import struct

import numpy as np

LARGE = {"model_type": "LlamaSimpleMLP", "n_layer": 4, "n_embd": 768, "n_head": 12,
         "n_key_value_heads": 12, "n_intermediate": 3072, "vocab_size": 50277, "n_ctx": 512,
         "block_size": 512, "mlp_bias": False, "attn_bias": False, "rms_norm_eps": 1e-6,
         "rotary_dim": 64, "rotary_base": 10000, "rotary_adjacent_pairs": False,
         "flash_attention": False, "tie_word_embeddings": True,
         "use_grouped_query_attention": True, "ci_fn_type": "shared_mlp",
         "ci_fn_hidden_dims": [1024], "sigmoid_type": "leaky_hard"}
COMPONENTS = 1664
# of all components, those above 0 at a position: 200 of 39,936
ACTIVE = 200 / 39936
CLUSTER_SIZE = 8
PROBE = 512  # positions that the biases are set by


def gelu(x):
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x ** 3)))


class Probe:
    """One sample through the model, to set the heads' last biases by it."""

    def __init__(self, config, tensors):
        self.c, self.w = config, tensors

    def linear(self, name, x):
        head = f"_ci_fns.{name.replace('.', '-')}.layers."
        sums = gelu(x @ self.w[head + "0.W"]) @ self.w[head + "2.W"]
        self.w[head + "2.b"][:] = -np.quantile(sums, 1 - ACTIVE)
        return x @ self.w[f"target_model.{name}.weight"].T

    def norm(self, x):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.c["rms_norm_eps"])

    def rotate(self, x):
        """x [positions, heads, size]"""
        half = x.shape[-1] // 2
        step = float(self.c["rotary_base"]) ** (-np.arange(half) / half)
        angle = (np.arange(len(x))[:, None] * step)[:, None].astype(np.float32)
        a, b = x[..., :half], x[..., half:]
        return np.concatenate([a * np.cos(angle) - b * np.sin(angle),
                               b * np.cos(angle) + a * np.sin(angle)], -1)

    def attend(self, block, x):
        heads = self.c["n_head"]
        q, k, v = (self.linear(f"{block}.attn.{m}_proj", x).reshape(len(x), heads, -1)
                   for m in "qkv")
        scores = np.einsum("qhd,khd->hqk", self.rotate(q), self.rotate(k)) / q.shape[-1] ** 0.5
        scores = np.where(np.tri(len(x), dtype=bool), scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", weights, v).reshape(len(x), -1)
        return self.linear(f"{block}.attn.o_proj", mixed)

    def run(self, tokens):
        x = self.w["target_model.wte.weight"][tokens]
        for i in range(self.c["n_layer"]):
            x = x + self.attend(f"h.{i}", self.norm(x))
            hidden = gelu(self.linear(f"h.{i}.mlp.c_fc", self.norm(x)))
            x = x + self.linear(f"h.{i}.mlp.down_proj", hidden)


def large_model(scale=1):
    """config and tensors; scale divides its sizes, for a try without a device"""
    random = np.random.default_rng(7)
    config = dict(LARGE)
    for field in ("n_embd", "n_intermediate", "vocab_size", "n_ctx", "block_size", "rotary_dim"):
        config[field] //= scale
    n, inner, hidden = config["n_embd"], config["n_intermediate"], 1024 // scale
    components = COMPONENTS // scale
    config["ci_fn_hidden_dims"] = [hidden]
    config["modules"], tensors = [], {}

    def normal(*shape):
        return random.standard_normal(shape, np.float32) / np.float32(shape[-1] ** 0.5)

    tensors["target_model.wte.weight"] = random.standard_normal(
        (config["vocab_size"], n), np.float32)
    tensors["target_model.ln_f.weight"] = np.ones(n, np.float32)
    for i in range(config["n_layer"]):
        for norm in ("rms_1", "rms_2"):
            tensors[f"target_model.h.{i}.{norm}.weight"] = np.ones(n, np.float32)
        for name, d_in, d_out in (("attn.q_proj", n, n), ("attn.k_proj", n, n),
                                  ("attn.v_proj", n, n), ("attn.o_proj", n, n),
                                  ("mlp.c_fc", n, inner), ("mlp.down_proj", inner, n)):
            name = f"h.{i}.{name}"
            head = f"_ci_fns.{name.replace('.', '-')}.layers."
            config["modules"].append(
                {"name": name, "C": components, "d_in": d_in, "d_out": d_out})
            tensors[f"target_model.{name}.weight"] = normal(d_out, d_in)
            tensors[head + "0.W"] = np.ascontiguousarray(normal(hidden, d_in).T)
            tensors[head + "0.b"] = np.zeros(hidden, np.float32)
            tensors[head + "2.W"] = np.ascontiguousarray(normal(components, hidden).T)
            tensors[head + "2.b"] = np.zeros(components, np.float32)
    Probe(config, tensors).run(
        random.integers(config["vocab_size"], size=min(PROBE, config["n_ctx"])))
    return config, tensors


def write_safetensors(path, tensors):
    header, at = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape,
                        "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor, np.float32).data)


def write_folder(folder, config, tensors):
    """config.json, model.safetensors, vocab.json; clusters.json: CLUSTER_SIZE
    components each, of any modules"""
    labels = [f"{module['name']}:{i}" for module in config["modules"]
              for i in range(module["C"])]
    order = np.random.default_rng(8).permutation(len(labels))
    clusters = {str(i): [labels[at] for at in order[first: first + CLUSTER_SIZE]]
                for i, first in enumerate(range(0, len(labels), CLUSTER_SIZE))}
    os.makedirs(folder, exist_ok=True)
    for name, value in (("config", config), ("clusters", clusters),
                        ("vocab", [f"t{i}" for i in range(config["vocab_size"])])):
        with open(os.path.join(folder, name + ".json"), "w", encoding="ascii") as file:
            json.dump(value, file)
    write_safetensors(os.path.join(folder, "model.safetensors"), tensors)
