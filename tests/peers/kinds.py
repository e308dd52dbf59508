# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the peers of actforward share: importance functions in plain PyTorch,
from the formulas of tests/data/golden_kinds/README.md, random ones, and a run
of the element."""
import json
import os
import subprocess
import tempfile

import numpy as np
import torch
from safetensors.torch import save_file

TOOL = "test-forward-tool"
TOLERANCE = 2e-5
folder = tempfile.TemporaryDirectory()

SIGMOIDS = {
    "normal": torch.sigmoid,
    "hard": lambda z: torch.clamp(z, 0, 1),
    "leaky_hard": lambda z: torch.clamp(z, 0, 1),
    "upper_leaky_hard": lambda z: torch.where(z > 1, 1 + 0.01 * (z - 1), torch.clamp(z, 0, 1)),
    "swish_hard": lambda z: (1 - z + (z - 1) * torch.sigmoid(10 * (1 - z))
                             + z * torch.sigmoid(10 * z)),
}


def add_head(w, config, name, d_in, d_out, c):
    """a module with a random importance function, to tensors and config"""
    config["modules"].append({"name": name, "C": c, "d_in": d_in, "d_out": d_out})
    dashed = name.replace(".", "-")
    kind = config["ci_fn_type"]
    w[f"_components.{dashed}.V"] = torch.randn(d_in, c) / (d_in ** 0.5 if name != "wte" else 1)
    w[f"_components.{dashed}.U"] = torch.randn(c, d_out)
    own = () if kind == "shared_mlp" else (c,)
    widths = [1 if kind == "mlp" else d_in, *config["ci_fn_hidden_dims"],
              c if kind == "shared_mlp" else 1]
    for layer, (a, b) in enumerate(zip(widths, widths[1:])):
        w[f"_ci_fns.{dashed}.layers.{2 * layer}.W"] = torch.randn(*own, a, b) / a ** 0.5
        w[f"_ci_fns.{dashed}.layers.{2 * layer}.b"] = 0.3 * torch.randn(*own, b)


def importances(config, w, module, x):
    """x [samples, positions, d_in], or token ids for an embedding"""
    dashed = module.replace(".", "-")
    kind = config["ci_fn_type"]
    n = len(config["ci_fn_hidden_dims"]) + 1
    if kind == "mlp":
        v = w[f"_components.{dashed}.V"]
        x = (v[x] if x.dtype == torch.int64 else x @ v)[..., None]
    for layer in range(n):
        weight, bias = (w[f"_ci_fns.{dashed}.layers.{2 * layer}.{p}"] for p in "Wb")
        if kind == "shared_mlp":
            x = x @ weight + bias
        elif kind == "vector_mlp" and layer == 0:
            x = torch.einsum("spi,cio->spco", x, weight) + bias
        else:
            x = torch.einsum("spci,cio->spco", x, weight) + bias
        if layer < n - 1:
            x = torch.nn.functional.gelu(x)
    z = x if kind == "shared_mlp" else x[..., 0]
    return SIGMOIDS[config["sigmoid_type"]](z)


def save_model(name, config, w, target=None):
    """-> a folder; target is what is in the file of target_weights_file"""
    where = os.path.join(folder.name, name)
    os.mkdir(where)
    if target is not None:
        config = dict(config, target_weights_file="target.safetensors")
        save_file({k: t.contiguous() for k, t in target.items()},
                  os.path.join(where, "target.safetensors"))
    with open(os.path.join(where, "config.json"), "w") as f:
        json.dump(config, f)
    save_file({k: t.contiguous() for k, t in w.items()},
              os.path.join(where, "model.safetensors"))
    return where


def run_element(where, vocab_size, tokens, layout, threads):
    ids = os.path.join(folder.name, "tokens.npy")
    out = os.path.join(folder.name, "out.f32")
    np.save(ids, tokens.numpy().astype(np.int32))
    subprocess.run([TOOL, where, ids, str(vocab_size), "4", layout, str(threads), out],
                   check=True)
    return np.fromfile(out, np.float32).reshape(tokens.numel(), -1)


def compare(name, where, config, tokens, expected):
    """expected: module -> [samples, positions, C]"""
    expected = torch.cat([expected[m["name"]].flatten(0, 1) for m in config["modules"]],
                         dim=1).numpy()
    csr = run_element(where, config["vocab_size"], tokens, "csr", 2)
    dense = run_element(where, config["vocab_size"], tokens, "dense", 1)
    assert csr.shape == expected.shape, (name, csr.shape, expected.shape)
    assert csr.tobytes() == dense.tobytes(), name
    error = np.abs(csr - expected).max()
    share = (csr != 0).mean()
    print(f"{name}: largest difference {error:.2e}, {share:.1%} not zero")
    assert error <= TOLERANCE, name
    assert share > 0.05 and csr.std() > 0.05, name
