# SPDX-License-Identifier: LGPL-2.1-or-later
"""actforward against PyTorch: the sample model, and random models of other
shapes, saved by the safetensors package in F32, F16 and BF16.

The model here is written from the formulas of samples/licences-model/README.md
in plain PyTorch, apart from the C code.
"""
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    from safetensors.torch import load_file, save_file
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

TOOL = "test-forward-tool"
TOLERANCE = 2e-5
folder = tempfile.TemporaryDirectory()
torch.manual_seed(11)
torch.set_grad_enabled(False)


def read_model(where):
    with open(os.path.join(where, "config.json")) as f:
        config = json.load(f)
    tensors = load_file(os.path.join(where, "model.safetensors"))
    return config, {name: t.float() for name, t in tensors.items()}


def rms_norm(x, weight, eps):
    return x / torch.sqrt(torch.mean(x * x, dim=-1, keepdim=True) + eps) * weight


def rotate(x, config):
    """x [samples, heads, positions, size]; pairs (i, i + size / 2)"""
    size, length = x.shape[-1], x.shape[-2]
    half = size // 2
    position = torch.arange(length, dtype=torch.float64)[:, None]
    pair = torch.arange(half, dtype=torch.float64)[None, :]
    angle = position / config["rotary_base"] ** (2 * pair / size)
    cos, sin = torch.cos(angle).float(), torch.sin(angle).float()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def importances(config, w, module, x):
    prefix = "_ci_fns." + module.replace(".", "-") + ".layers."
    n_layers = len(config["ci_fn_hidden_dims"]) + 1
    for layer in range(n_layers):
        x = x @ w[f"{prefix}{2 * layer}.W"] + w[f"{prefix}{2 * layer}.b"]
        if layer < n_layers - 1:
            x = torch.nn.functional.gelu(x)
    return torch.clamp(x, 0, 1)


def forward(config, w, tokens):
    """-> [positions, total_C]"""
    found = {}

    def linear(name, x):
        if any(m["name"] == name for m in config["modules"]):
            found[name] = importances(config, w, name, x)
        return x @ w[f"target_model.{name}.weight"].T

    def heads(x, n):
        return x.reshape(x.shape[0], x.shape[1], n, -1).transpose(1, 2)

    n_head, n_kv = config["n_head"], config["n_key_value_heads"]
    x = w["target_model.wte.weight"][tokens]
    length = tokens.shape[1]
    ahead = torch.ones(length, length, dtype=torch.bool).triu(1)
    for i in range(config["n_layer"]):
        def norm(which, x):
            return rms_norm(x, w[f"target_model.h.{i}.{which}.weight"], config["rms_norm_eps"])
        y = norm("rms_1", x)
        q = rotate(heads(linear(f"h.{i}.attn.q_proj", y), n_head), config)
        k = rotate(heads(linear(f"h.{i}.attn.k_proj", y), n_kv), config)
        v = heads(linear(f"h.{i}.attn.v_proj", y), n_kv)
        mixed = []
        for j in range(n_head):
            share = j // (n_head // n_kv)
            scores = q[:, j] @ k[:, share].transpose(1, 2) / q.shape[-1] ** 0.5
            scores = scores.masked_fill(ahead, float("-inf"))
            mixed.append(torch.softmax(scores, dim=-1) @ v[:, share])
        x = x + linear(f"h.{i}.attn.o_proj", torch.cat(mixed, dim=-1))
        y = linear(f"h.{i}.mlp.c_fc", norm("rms_2", x))
        y = torch.nn.functional.gelu(y, approximate="tanh")
        x = x + linear(f"h.{i}.mlp.down_proj", y)
    return torch.cat([found[m["name"]].flatten(0, 1) for m in config["modules"]], dim=1)


def run_element(where, config, tokens, batch, layout, threads):
    ids = os.path.join(folder.name, "tokens.npy")
    out = os.path.join(folder.name, "out.f32")
    np.save(ids, tokens.numpy().astype(np.int32))
    subprocess.run([TOOL, where, ids, str(config["vocab_size"]), str(batch), layout,
                    str(threads), out], check=True)
    return np.fromfile(out, np.float32).reshape(tokens.numel(), -1)


def compare(name, where, n_samples, length):
    config, w = read_model(where)
    tokens = torch.randint(config["vocab_size"], (n_samples, length))
    expected = forward(config, w, tokens).numpy()
    csr = run_element(where, config, tokens, 4, "csr", 2)
    dense = run_element(where, config, tokens, 4, "dense", 1)
    assert csr.shape == expected.shape, (name, csr.shape, expected.shape)
    assert csr.tobytes() == dense.tobytes(), name
    error = np.abs(csr - expected).max()
    share = (csr != 0).mean()
    print(f"{name}: largest difference {error:.2e}, {share:.1%} not zero")
    assert error <= TOLERANCE, name
    assert 0.05 < share < 0.95, name


MODULES = ("attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.o_proj", "mlp.c_fc",
           "mlp.down_proj")


def random_model(name, dtype, n_layer, n_embd, n_head, n_kv, n_intermediate, vocab, length,
                 hidden, skip=(), base=10000):
    """Writes a model whose modules are all but those in skip."""
    where = os.path.join(folder.name, name)
    os.mkdir(where)
    kv = n_embd // n_head * n_kv
    shapes = {"attn.q_proj": (n_embd, n_embd), "attn.k_proj": (kv, n_embd),
              "attn.v_proj": (kv, n_embd), "attn.o_proj": (n_embd, n_embd),
              "mlp.c_fc": (n_intermediate, n_embd), "mlp.down_proj": (n_embd, n_intermediate)}
    modules, tensors = [], {"target_model.wte.weight": torch.randn(vocab, n_embd)}
    for i in range(n_layer):
        for norm in ("rms_1", "rms_2"):
            tensors[f"target_model.h.{i}.{norm}.weight"] = 1 + 0.2 * torch.randn(n_embd)
        for m in MODULES:
            d_out, d_in = shapes[m]
            full = f"h.{i}.{m}"
            tensors[f"target_model.{full}.weight"] = torch.randn(d_out, d_in) / d_in ** 0.5
            if full in skip:
                continue
            c = int(torch.randint(1, 40, ()))
            modules.append({"name": full, "C": c, "d_in": d_in, "d_out": d_out})
            dashed = full.replace(".", "-")
            widths = [d_in, *hidden, c]
            for layer, (a, b) in enumerate(zip(widths, widths[1:])):
                prefix = f"_ci_fns.{dashed}.layers.{2 * layer}."
                tensors[prefix + "W"] = torch.randn(a, b) / a ** 0.5
                tensors[prefix + "b"] = 0.3 * torch.randn(b)
            tensors[f"_components.{dashed}.V"] = torch.randn(d_in, c)
            tensors[f"_components.{dashed}.U"] = torch.randn(c, d_out)
    config = {
        "model_type": "LlamaSimpleMLP", "block_size": length, "vocab_size": vocab,
        "n_layer": n_layer, "n_head": n_head, "n_embd": n_embd,
        "n_intermediate": n_intermediate, "mlp_bias": False, "attn_bias": False,
        "rotary_adjacent_pairs": False, "rotary_dim": n_embd // n_head, "rotary_base": base,
        "n_ctx": length, "n_key_value_heads": n_kv, "use_grouped_query_attention": True,
        "flash_attention": False, "rms_norm_eps": 1e-6, "tie_word_embeddings": True,
        "ci_fn_type": "shared_mlp", "ci_fn_hidden_dims": list(hidden),
        "sigmoid_type": "leaky_hard", "modules": modules,
        "total_C": sum(m["C"] for m in modules),
    }
    with open(os.path.join(where, "config.json"), "w") as f:
        json.dump(config, f)
    save_file({k: v.to(dtype).contiguous() for k, v in tensors.items()},
              os.path.join(where, "model.safetensors"))
    return where


compare("sample model", os.environ["ACT_TEST_SAMPLE"], 7, 128)
compare("sample model, short samples", os.environ["ACT_TEST_SAMPLE"], 9, 33)
for name, dtype in (("F32", torch.float32), ("F16", torch.float16), ("BF16", torch.bfloat16)):
    where = random_model(f"three blocks {name}", dtype, 3, 48, 6, 3, 100, 77, 50, (24, 17))
    compare(f"three blocks, {name}", where, 5, 50)
compare("one block, one key/value head, no hidden layer",
        random_model("one", torch.float32, 1, 40, 5, 1, 33, 300, 90, (), base=500), 6, 90)
compare("long samples, heads not shared, some modules whole",
        random_model("long", torch.float32, 2, 32, 2, 2, 64, 50, 700, (16,),
                     skip=("h.0.attn.q_proj", "h.1.mlp.down_proj")), 2, 700)
