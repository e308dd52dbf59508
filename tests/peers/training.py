# SPDX-License-Identifier: LGPL-2.1-or-later
"""A run folder out of a training of its own: a small target model learns a
text, is decomposed, and saved as training code saves it. Then it goes the way
of docs/your-own-run.md, as it is and imported, to activations that must be
PyTorch's and to a dashboard.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy
    import tokenizers
    import torch
    import yaml
    from torch import nn
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

SAMPLE = pathlib.Path(os.environ["ACT_TEST_SAMPLE"])
TOOLS = SAMPLE.parent.parent / "tools"
TEXT = pathlib.Path("/usr/share/common-licenses/GPL-3")
TARGET = {
    "block_size": 64, "vocab_size": 1024, "n_layer": 1, "n_head": 2, "n_embd": 32,
    "n_intermediate": 64, "mlp_bias": False, "attn_bias": False,
    "rotary_adjacent_pairs": False, "rotary_base": 10000, "n_ctx": 64,
    "n_key_value_heads": 2, "use_grouped_query_attention": True, "rms_norm_eps": 1e-6,
}
C, HIDDEN, STEPS = 24, 16, 40
DECOMPOSED = ("attn.q_proj", "attn.v_proj", "mlp.c_fc", "mlp.down_proj")
torch.manual_seed(0)
folder = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder.name)


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(TARGET["n_embd"]))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + TARGET["rms_norm_eps"]) * self.weight


def rotary(x):
    half = x.shape[-1] // 2
    speed = TARGET["rotary_base"] ** (-torch.arange(half) / half)
    angle = torch.arange(x.shape[-2])[:, None] * speed
    a, b = x.split(half, -1)
    return torch.cat((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()), -1)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        n = TARGET["n_embd"]
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(self, name, nn.Linear(n, n, bias=False))

    def forward(self, x):
        q, k, v = (f(x).unflatten(-1, (TARGET["n_head"], -1)).transpose(1, 2)
                   for f in (self.q_proj, self.k_proj, self.v_proj))
        scores = rotary(q) @ rotary(k).transpose(-1, -2) / q.shape[-1] ** 0.5
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        mixed = scores.masked_fill(later, -torch.inf).softmax(-1) @ v
        return self.o_proj(mixed.transpose(1, 2).flatten(-2))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.c_fc = nn.Linear(TARGET["n_embd"], TARGET["n_intermediate"], bias=False)
        self.down_proj = nn.Linear(TARGET["n_intermediate"], TARGET["n_embd"], bias=False)

    def forward(self, x):
        return self.down_proj(nn.functional.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.rms_1, self.attn, self.rms_2, self.mlp = Norm(), Attention(), Norm(), Mlp()

    def forward(self, x):
        x = x + self.attn(self.rms_1(x))
        return x + self.mlp(self.rms_2(x))


class LlamaSimpleMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(TARGET["vocab_size"], TARGET["n_embd"])
        self.h = nn.ModuleList(Block() for _ in range(TARGET["n_layer"]))
        self.ln_f = Norm()
        self.lm_head = nn.Linear(TARGET["n_embd"], TARGET["vocab_size"], bias=False)

    def forward(self, tokens):
        x = self.wte(tokens)
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


class Matrix(nn.Module):
    """a layer of an importance function"""

    def __init__(self, d_in, d_out):
        super().__init__()
        self.W = nn.Parameter(torch.randn(d_in, d_out) / d_in ** 0.5)
        self.b = nn.Parameter(torch.zeros(d_out))

    def forward(self, x):
        return x @ self.W + self.b


class Importance(nn.Module):
    def __init__(self, d_in):
        super().__init__()
        self.layers = nn.Sequential(Matrix(d_in, HIDDEN), nn.GELU(), Matrix(HIDDEN, C))

    def forward(self, x):
        z = self.layers(x)
        return z + (z.clamp(0, 1) - z).detach() * 0.99 if self.training else z.clamp(0, 1)


class Components(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.V = nn.Parameter(torch.randn(d_in, C) / d_in ** 0.5)
        self.U = nn.Parameter(torch.randn(C, d_out) / C ** 0.5)


class Decomposition(nn.Module):
    """a frozen target, its components, and how important each is where"""

    def __init__(self, target):
        super().__init__()
        self.target_model = target
        self.names = [f"h.{i}.{name}" for i in range(TARGET["n_layer"]) for name in DECOMPOSED]
        layers = {name: target.get_submodule(name) for name in self.names}
        self._components = nn.ModuleDict({name.replace(".", "-"): Components(f.in_features, f.out_features)
                                          for name, f in layers.items()})
        self.ci_fn = nn.Module()
        self.ci_fn._ci_fns = nn.ModuleDict({name.replace(".", "-"): Importance(f.in_features)
                                            for name, f in layers.items()})
        self.seen = {}
        for name, layer in layers.items():
            layer.register_forward_hook(
                lambda module, x, y, name=name: self.seen.__setitem__(name, (x[0].detach(), y.detach())))

    def importances(self, tokens):
        self.target_model(tokens)
        return {name: self.ci_fn._ci_fns[name.replace(".", "-")](self.seen[name][0]) for name in self.names}

    def loss(self, tokens):
        total = 0
        for name, ci in self.importances(tokens).items():
            x, y = self.seen[name]
            parts = self._components[name.replace(".", "-")]
            total = total + ((x @ parts.V * ci) @ parts.U - y).pow(2).mean() + 0.02 * ci.clamp(min=0).mean()
        return total


def train(parameters, loss, samples):
    optimizer = torch.optim.AdamW(parameters, lr=3e-3)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        value = loss(samples[torch.randint(len(samples), (16,))])
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert losses[-1] < losses[0], losses


def save(run, model):
    """as training code does, with what it was told"""
    run.mkdir()
    torch.save(model.state_dict(), run / f"model_{STEPS}.pth")
    (run / "final_config.yaml").write_text(yaml.dump({
        "seed": 0, "steps": STEPS, "lr_schedule": "constant", "C": C,
        "pretrained_model_class": "spd.pretrain.models.llama_simple_mlp.LlamaSimpleMLP",
        "module_info": [{"module_pattern": name, "C": C} for name in model.names],
        "ci_config": {"mode": "layerwise", "fn_type": "shared_mlp", "hidden_dims": [HIDDEN]},
        "sigmoid_type": "leaky_hard"}))
    (run / "model_config.yaml").write_text(yaml.dump(TARGET))
    shutil.copy(SAMPLE / "tokenizer.json", run)


def run_program(*arguments, stdin=None):
    done = subprocess.run(["gst-activations", *map(str, arguments)], input=stdin,
                          capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done


def harvest(model, output):
    run_program("run", "--quiet", "/dev/stdin", f"model={model}", f"tokens={scratch / 'tokens.npy'}",
                f"output={output}", stdin="acttokensrc location=${tokens} vocab-size=1024 batch-size=4 ! "
                "actforward model=${model} ! actdumpsink location=${output}")
    values = numpy.concatenate([numpy.load(path) for path in sorted(output.glob("activations_*.npy"))])
    return (output / "labels.txt").read_text().split(), values.reshape(-1, values.shape[-1])


ids = tokenizers.Tokenizer.from_file(str(SAMPLE / "tokenizer.json")).encode(TEXT.read_text()).ids
samples = torch.tensor(ids[:len(ids) // 64 * 64]).view(-1, 64)
target = LlamaSimpleMLP()
train(target.parameters(), lambda x: nn.functional.cross_entropy(
    target(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten()), samples)
target.requires_grad_(False)
model = Decomposition(target)
train([p for p in model.parameters() if p.requires_grad], model.loss, samples)
run = scratch / "run"
save(run, model)

model.eval()
few = samples[:10]
numpy.save(scratch / "tokens.npy", few.numpy().astype(numpy.int32))
with torch.no_grad():
    found = model.importances(few)
expected = {f"{name}:{c}": found[name][..., c].flatten().numpy() for name in model.names for c in range(C)}

labels, values = harvest(run, scratch / "harvested")
assert sorted(labels) == sorted(expected), labels[:3]
error = max(numpy.abs(values[:, i] - expected[label]).max() for i, label in enumerate(labels))
print(f"largest difference from PyTorch: {error:.2e}, {(values != 0).mean():.1%} not zero")
assert error <= 2e-5 and 0.01 < (values != 0).mean() < 0.99

subprocess.run([sys.executable, TOOLS / "import-run", run, scratch / "imported"], check=True, timeout=200)
again = harvest(scratch / "imported", scratch / "harvested-again")
assert again[0] == labels and again[1].tobytes() == values.tobytes()

run_program("dashboard", "--quiet", "--model", run, "--clusters", "singletons", "--text", TEXT,
            "--output", scratch / "dashboard")
info = json.loads((scratch / "dashboard" / "model_info.json").read_text())
assert info["sequence_length"] == TARGET["block_size"], info  # as the model takes no more
assert info["n_components"] == len(labels) and info["n_samples"] > 50, info
lines = [json.loads(line) for line in open(scratch / "dashboard" / "clusters.jsonl")]
assert {part["label"] for line in lines for part in line["components"]} <= set(labels)
assert len(lines) > 5
