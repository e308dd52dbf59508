# SPDX-License-Identifier: LGPL-2.1-or-later
"""actforward against PyTorch: random models of each architecture, importance
function and sigmoid, written from the formulas of
tests/data/golden_kinds/README.md in plain PyTorch, apart from the C code.
"""
import random
import sys

try:
    import torch
    from kinds import add_head, compare, importances, save_model
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

torch.manual_seed(12)
torch.set_grad_enabled(False)
choose = random.Random(3).choice
LLAMA = ("LlamaSimpleMLP", "LlamaSimple")


def rotate(x, config):
    """x [samples, heads, positions, size]"""
    size, length = x.shape[-1], x.shape[-2]
    pair = torch.arange(size // 2, dtype=torch.float64)[None, :]
    position = torch.arange(length, dtype=torch.float64)[:, None]
    angle = position / config["rotary_base"] ** (2 * pair / size)
    cos, sin = torch.cos(angle).float(), torch.sin(angle).float()
    if config["rotary_adjacent_pairs"]:
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(-2)
    a, b = x[..., : size // 2], x[..., size // 2:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


class Model:
    """tensors, config and forward pass of a random model"""

    def __init__(self, config, share):
        self.config, self.share, self.w, self.found = config, share, {}, None
        config["modules"] = []
        kind, n = config["model_type"], config["n_embd"]
        self.w["target_model.wte.weight"] = torch.randn(config["vocab_size"], n)
        if config["ci_fn_type"] == "mlp":
            add_head(self.w, config, "wte", config["vocab_size"], n, 9)
        if kind not in LLAMA:
            self.w["target_model.wpe.weight"] = torch.randn(config["block_size"], n)
        for i in range(config["n_layer"]):
            for name, d_in, d_out, bias in self.linears():
                self.add_linear(f"{self.blocks()}.{i}.{name}", d_in, d_out, bias)
            for norm in self.norms():
                self.add_norm(f"{self.blocks()}.{i}.{norm}")
        self.add_norm("ln_f")
        add_head(self.w, config, "lm_head", n, config["vocab_size"], 8)
        # config.json may name modules in any order
        random.Random(1).shuffle(config["modules"])

    def blocks(self):
        return "h_torch" if self.config["model_type"] == "GPT2" else "h"

    def norms(self):
        return ("rms_1", "rms_2") if self.config["model_type"] in LLAMA else ("ln_1", "ln_2")

    def linears(self):
        """name, d_in, d_out, whether there is a bias"""
        c, n = self.config, self.config["n_embd"]
        llama = c["model_type"] in LLAMA
        inner = c["n_intermediate"] if llama else 4 * n
        attn, mlp = (c["attn_bias"], c["mlp_bias"]) if llama else (True, True)
        if c["model_type"] == "GPT2" or (llama and not c["use_grouped_query_attention"]):
            yield "attn.c_attn", n, 3 * n, attn
        else:
            kv = n // c["n_head"] * c["n_key_value_heads"] if llama else n
            yield "attn.q_proj", n, n, attn
            yield "attn.k_proj", n, kv, attn
            yield "attn.v_proj", n, kv, attn
        yield ("attn.c_proj" if c["model_type"] == "GPT2" else "attn.o_proj"), n, n, attn
        if c["model_type"] == "LlamaSimple":
            yield "mlp.gate_proj", n, inner, mlp
            yield "mlp.up_proj", n, inner, mlp
        else:
            yield "mlp.c_fc", n, inner, mlp
        yield ("mlp.c_proj" if c["model_type"] == "GPT2" else "mlp.down_proj"), inner, n, mlp

    def add_linear(self, name, d_in, d_out, bias):
        self.w[f"target_model.{name}.weight"] = torch.randn(d_out, d_in) / d_in ** 0.5
        if bias:
            self.w[f"target_model.{name}.bias"] = 0.2 * torch.randn(d_out)
        if choose(self.share):
            add_head(self.w, self.config, name, d_in, d_out, choose((5, 17, 33)))

    def add_norm(self, name):
        n = self.config["n_embd"]
        self.w[f"target_model.{name}.weight"] = 1 + 0.2 * torch.randn(n)
        if self.config["model_type"] not in LLAMA:
            self.w[f"target_model.{name}.bias"] = 0.2 * torch.randn(n)

    def look(self, name, x):
        if any(m["name"] == name for m in self.config["modules"]):
            self.found[name] = importances(self.config, self.w, name, x)

    def linear(self, name, x):
        self.look(name, x)
        x = x @ self.w[f"target_model.{name}.weight"].T
        return x + self.w.get(f"target_model.{name}.bias", 0)

    def norm(self, name, x):
        weight = self.w[f"target_model.{name}.weight"]
        if self.config["model_type"] in LLAMA:
            eps = self.config["rms_norm_eps"]
            return x / torch.sqrt(torch.mean(x * x, -1, keepdim=True) + eps) * weight
        return torch.nn.functional.layer_norm(
            x, weight.shape, weight, self.w[f"target_model.{name}.bias"], 1e-5)

    def attention(self, block, x):
        c, n_head = self.config, self.config["n_head"]
        if f"target_model.{block}.attn.c_attn.weight" in self.w:
            q, k, v = self.linear(block + ".attn.c_attn", x).split(c["n_embd"], -1)
        else:
            q, k, v = (self.linear(f"{block}.attn.{m}_proj", x) for m in "qkv")
        size = c["n_embd"] // n_head
        q, k, v = (t.unflatten(-1, (-1, size)).transpose(1, 2) for t in (q, k, v))
        if c["model_type"] in LLAMA:
            q, k = rotate(q, c), rotate(k, c)
        k, v = (t.repeat_interleave(n_head // t.shape[1], dim=1) for t in (k, v))
        scores = q @ k.transpose(2, 3) / size ** 0.5
        ahead = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        mixed = torch.softmax(scores.masked_fill(ahead, float("-inf")), -1) @ v
        out = "c_proj" if c["model_type"] == "GPT2" else "o_proj"
        return self.linear(f"{block}.attn.{out}", mixed.transpose(1, 2).flatten(2))

    def mlp(self, block, x):
        if self.config["model_type"] == "LlamaSimple":
            gate = self.linear(block + ".mlp.gate_proj", x)
            y = torch.nn.functional.silu(gate) * self.linear(block + ".mlp.up_proj", x)
        else:
            y = torch.nn.functional.gelu(self.linear(block + ".mlp.c_fc", x), approximate="tanh")
        down = "c_proj" if self.config["model_type"] == "GPT2" else "down_proj"
        return self.linear(f"{block}.mlp.{down}", y)

    def forward(self, tokens):
        self.found = {}
        self.look("wte", tokens)
        x = self.w["target_model.wte.weight"][tokens]
        if "target_model.wpe.weight" in self.w:
            x = x + self.w["target_model.wpe.weight"][: tokens.shape[1]]
        for i in range(self.config["n_layer"]):
            block = f"{self.blocks()}.{i}"
            x = x + self.attention(block, self.norm(f"{block}.{self.norms()[0]}", x))
            x = x + self.mlp(block, self.norm(f"{block}.{self.norms()[1]}", x))
        self.look("lm_head", self.norm("ln_f", x))
        return self.found


def random_config(kind, head, sigmoid):
    n_head = choose((2, 3, 4, 6))
    config = {
        "model_type": kind, "block_size": 50, "vocab_size": choose((40, 77)),
        "n_layer": choose((1, 2, 3)), "n_head": n_head,
        "n_embd": n_head * choose((4, 6, 16)), "ci_fn_type": head,
        "ci_fn_hidden_dims": choose(((7,), (16,), (5, 20), (3, 4, 5), (300,))),
        "sigmoid_type": sigmoid,
    }
    if kind in LLAMA:
        config.update({
            "n_ctx": 50, "n_intermediate": choose((33, 64)), "mlp_bias": choose((True, False)),
            "attn_bias": choose((True, False)), "rotary_adjacent_pairs": choose((True, False)),
            "rotary_base": choose((500, 10000)), "rms_norm_eps": 1e-6,
            "n_key_value_heads": choose([k for k in range(1, n_head + 1) if n_head % k == 0]),
            "use_grouped_query_attention": choose((True, True, False)),
        })
    return config


def check(name, config, share=(True, True, False)):
    model = Model(config, share)
    tokens = torch.randint(config["vocab_size"], (5, choose((50, 31, 1))))
    where = save_model(name.replace(" ", "-"), config, model.w)
    compare(name, where, config, tokens, model.forward(tokens))


SIGMOIDS = ("leaky_hard", "normal", "upper_leaky_hard", "swish_hard", "hard")
n = 0
for kind in (*LLAMA, "GPT2Simple", "GPT2"):
    for head in ("shared_mlp", "vector_mlp", "mlp"):
        for _ in range(2):
            sigmoid = SIGMOIDS[n % len(SIGMOIDS)]
            check(f"{n} {kind} {head} {sigmoid}", random_config(kind, head, sigmoid))
            n += 1

# more components than are computed at a time
for head in ("shared_mlp", "vector_mlp", "mlp"):
    config = random_config("GPT2Simple", head, "leaky_hard")
    config["ci_fn_hidden_dims"] = (6,)
    model = Model(config, (False,))
    add_head(model.w, config, "h.0.attn.v_proj", config["n_embd"], config["n_embd"], 5000)
    tokens = torch.randint(config["vocab_size"], (5, 30))
    compare(f"{head} of 5,000", save_model("many-" + head, config, model.w), config, tokens,
            model.forward(tokens))
