# SPDX-License-Identifier: LGPL-2.1-or-later
"""actforward against Hugging Face's transformers: random GPT-2 models, saved by
that library, with importance functions beside them. What each module is given
is caught by hooks."""
import json
import os
import sys
import tempfile

# where .ci/setup.sh puts the library, whose tokenizers are older than ours
OWN = os.path.join(sys.prefix, "transformers", "bin", "python")
if os.path.exists(OWN):
    os.execv(OWN, [OWN, *sys.argv])

try:
    import torch
    from safetensors.torch import load_file
    from transformers import GPT2Config, GPT2LMHeadModel, GPT2Model
    from kinds import add_head, compare, importances, save_model
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

torch.manual_seed(4)
torch.set_grad_enabled(False)


def save_transformers(model):
    """-> config.json and tensors of save_pretrained ()"""
    with tempfile.TemporaryDirectory() as where:
        model.save_pretrained(where, safe_serialization=True)
        with open(os.path.join(where, "config.json")) as f:
            return json.load(f), load_file(os.path.join(where, "model.safetensors"))


def sizes(module):
    """d_in, d_out of Conv1D, Linear, Embedding"""
    a, b = module.weight.shape
    return (b, a) if isinstance(module, torch.nn.Linear) else (a, b)


def check(name, model, head, hidden, released, outer):
    """released: the library's file untouched, beside ours; outer: what stands
    before the modules' names"""
    model.eval()
    for p in model.parameters():
        p += 0.1 * torch.randn(p.shape)
    config, target = save_transformers(model)
    config.update({"ci_fn_type": head, "ci_fn_hidden_dims": hidden,
                   "sigmoid_type": "leaky_hard", "modules": []})
    w, inputs = {}, {}
    for label, module in model.named_modules():
        last = label.split(".")[-1]
        if (last in ("c_attn", "c_proj", "c_fc", "lm_head")
                or (last == "wte" and head == "mlp")):
            add_head(w, config, label, *sizes(module), 13)
            module.register_forward_hook(
                lambda m, args, out, label=label: inputs.__setitem__(label, args[0]))
    assert any(m["name"] == outer + "h.1.mlp.c_proj" for m in config["modules"])
    tokens = torch.randint(config["vocab_size"], (5, 40))
    model(tokens)
    expected = {label: importances(config, w, label, x) for label, x in inputs.items()}
    if not released:
        w.update({"target_model." + k: t for k, t in target.items()})
    where = save_model(name.replace(" ", "-"), config, w, target if released else None)
    compare(name, where, config, tokens, expected)


def config(**more):
    return GPT2Config(vocab_size=101, n_positions=40, n_embd=48, n_layer=2, n_head=4,
                      resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, **more)


check("GPT2LMHeadModel", GPT2LMHeadModel(config()), "shared_mlp", [12], False, "transformer.")
check("GPT2LMHeadModel its own file", GPT2LMHeadModel(config(n_inner=70)), "mlp", [6], True,
      "transformer.")
check("GPT2Model", GPT2Model(config(layer_norm_epsilon=1e-3)), "vector_mlp", [6, 5], False, "")
check("GPT2Model its own file", GPT2Model(config(activation_function="gelu_pytorch_tanh")),
      "mlp", [6], True, "")
