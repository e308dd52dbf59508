# SPDX-License-Identifier: LGPL-2.1-or-later
"""What import-run says a model must have, and what the forward pass asks for.

Two tables of one thing, so they are compared: a model of each kind, without
each of its tensors in turn, and with each in another shape.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import safetensors.torch
    import torch
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

sys.dont_write_bytecode = True
SAMPLE = pathlib.Path(os.environ["ACT_TEST_SAMPLE"])
KINDS = pathlib.Path(os.environ["ACT_TEST_DATA"]) / "golden_kinds"
sys.path.insert(0, str(SAMPLE.parent.parent / "tools"))
import modelshapes  # noqa: E402

folder = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder.name)


def read(model):
    return (json.loads((model / "config.json").read_text()),
            safetensors.torch.load_file(model / "model.safetensors"))


def write(name, config, tensors):
    made = scratch / name
    made.mkdir()
    (made / "config.json").write_text(json.dumps(config))
    safetensors.torch.save_file(tensors, made / "model.safetensors")
    return made


def transformers_gpt2(outer, prefix):
    """The GPT2 of the golden data in transformers' layout and names."""
    config, tensors = read(KINDS / "gpt2")
    made = {}
    for name, tensor in tensors.items():
        name = name.replace("h_torch.", "h.").replace("h_torch-", "h-")
        if name.startswith("target_model.h.") and tensor.dim() == 2:
            tensor = tensor.T
        if outer and name.startswith("target_model.") and "lm_head" not in name:
            name = name.replace("target_model.", "target_model.transformer.", 1)
        for kind in "_components.", "_ci_fns.":
            if prefix and name.startswith(kind):
                name = name.replace(kind, f"{kind}transformer-", 1)
        made[name] = tensor.contiguous()
    modules = [dict(m, name=prefix + m["name"].replace("h_torch.", "h."))
               for m in config["modules"]]
    return config | {
        "model_type": "gpt2", "n_positions": config["block_size"],
        "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new",
        "modules": modules}, made


def opened(folders):
    """What our own reader says of each: a line "ok", or why not."""
    done = subprocess.run(["test-formats-tool", "model-all", *map(str, folders)],
                          capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == len(folders)
    return lines


def compare(kind, config, tensors):
    needed, known = modelshapes.tensors(config, tensors)
    for name, tensor in tensors.items():
        assert (needed | known)[name] == list(tensor.shape), (kind, name)
    assert set(needed) <= set(tensors), (kind, set(needed) - set(tensors))
    folders, expected = [write(f"{kind}-whole", config, tensors)], [None]
    # one of each kind of name: blocks are alike
    kinds = {re.sub(r"\d+", "#", name): name for name in tensors}.values()
    for i, (name, tensor) in enumerate((name, tensors[name]) for name in kinds):
        rest = {n: t for n, t in tensors.items() if n != name}
        # not all components play a part, but must be right where they are
        asked = name in needed and not name.endswith(
            ".U" if config["ci_fn_type"] == "mlp" else (".U", ".V"))
        folders.append(write(f"{kind}-without-{i}", config, rest))
        # the embedding tells whether names begin with an outer one
        expected.append(None if not asked else "target_model.wte.weight"
                        if name.endswith("wte.weight") else name)
        folders.append(write(f"{kind}-other-{i}", config,
                             rest | {name: tensor[None].contiguous()}))
        expected.append(name if name in needed else None)
    for at, line, name in zip(folders, opened(folders), expected):
        assert (line == "ok") if name is None else f"'{name}'" in line, \
            (at.name, name, line)
    return len(folders)


models = sorted(path.parent for path in KINDS.glob("*/config.json"))
assert len(models) > 15
count = sum(compare(model.name, *read(model)) for model in models)
for outer in False, True:
    for prefix in "", "transformer.":
        count += compare(f"transformers-{outer}-{prefix}",
                         *transformers_gpt2(outer, prefix))
print(f"{count} models compared")

config, tensors = read(models[0])
for change, message in (
        ({"model_type": "Other"}, '"model_type" is \'Other\', expected one of'),
        ({"model_type": ["gpt2"]}, '"model_type" is [\'gpt2\'], expected one of'),
        ({"ci_fn_type": None}, '"ci_fn_type" is None, expected one of'),
        ({"sigmoid_type": "x"}, '"sigmoid_type" is \'x\''),
        ({"n_embd": "64"}, '"n_embd" is \'64\', expected a whole number'),
        ({"n_layer": True}, '"n_layer" is True, expected a whole number'),
        ({"n_layer": 10 ** 9}, "expected a whole number from 1 to 4096"),
        ({"n_embd": 10 ** 9}, "expected a whole number from 1 to 16777216"),
        ({"n_head": 7}, 'expected a multiple of "n_head" (7)'),
        ({"rms_norm_eps": "1e-6"}, '"rms_norm_eps" is \'1e-6\', expected a '
         "number"),
        ({"mlp_bias": 0}, '"mlp_bias" is 0, expected true or false'),
        ({"ci_fn_hidden_dims": [4, 0]}, '"ci_fn_hidden_dims" is [4, 0]'),
        ({"modules": [dict(config["modules"][0], name="h.9.mlp.c_fc")]},
         "module 'h.9.mlp.c_fc' is none that"),
        ({"modules": [dict(config["modules"][0], name="h.0.rms_1")]},
         "module 'h.0.rms_1' is none that"),
        ({"modules": [dict(config["modules"][0], d_in=3)]},
         'has components for "d_in" 3, expected')):
    try:
        modelshapes.tensors(config | change, tensors)
        assert False, message
    except modelshapes.ConfigError as e:
        assert message in str(e), (message, e)
del config["n_embd"]
try:
    modelshapes.tensors(config, tensors)
    assert False
except modelshapes.ConfigError as e:
    assert '"n_embd" is missing' in str(e), e
