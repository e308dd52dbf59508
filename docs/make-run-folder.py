#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a training run's folder of a model folder, to try things with.

    make-run-folder.py MODEL RUN [newest|middle|oldest]

RUN is then as the training code leaves it: final_config.yaml, model_STEP.pth
(by torch.save, in float32), model_config.yaml, tokenizer.json. The last word
says which age of the training code the names are of. Needs PyTorch, safetensors
and PyYAML.
"""
import json
import pathlib
import shutil
import sys

import safetensors.torch
import torch
import yaml

# of a model folder's config.json, what is not about the target model
OTHERS = ("model_type ci_fn_type ci_fn_hidden_dims sigmoid_type modules total_C "
          "tie_word_embeddings tokenizer_file weights_file merge_history_file "
          "clusters_file eos_token eos_token_id").split()
AGES = ("newest", "middle", "oldest")


def read_model(folder):
    """Its config and its tensors, the output matrix too."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    tensors = {name: tensor.float() for name, tensor in
               safetensors.torch.load_file(folder / "model.safetensors").items()}
    if config.get("tie_word_embeddings"):
        tensors["target_model.lm_head.weight"] = \
            tensors["target_model.wte.weight"]
    return config, tensors


def name_of(age, name, config):
    """A tensor's name as the training code had it."""
    if age == "newest":
        return "ci_fn." + name if name.startswith("_ci_fns.") else name
    if age == "middle":
        return name
    kind, module, rest = (name.split(".", 2) + [""])[:3]
    if kind == "_ci_fns":
        return f"_gates.{module}.{rest}"
    if kind == "_components":
        return f"patched_model.{module.replace('-', '.')}.components.{rest}"
    decomposed = any(name == f"target_model.{m['name']}.weight"
                     for m in config["modules"])
    name = name.replace("target_model.", "patched_model.")
    return name.replace(".weight", ".original.weight") if decomposed else name


def final_config(age, config):
    """The settings that matter here, and some that do not."""
    kind, hidden = config["ci_fn_type"], config["ci_fn_hidden_dims"]
    ci = {
        "newest": {"ci_config": {"mode": "layerwise", "fn_type": kind,
                                 "hidden_dims": hidden}},
        "middle": {"ci_fn_type": kind, "ci_fn_hidden_dims": hidden},
        "oldest": {"gate_type": kind, "gate_hidden_dims": hidden},
    }[age]
    return {"seed": 0, "lr": 1e-3, "wandb_project": None,
            "loss_metric_configs": [{"classname": "X", "coeff": 1e-6}],
            "pretrained_model_class": "models." + config["model_type"],
            "sigmoid_type": config["sigmoid_type"], **ci}


def make_run(model, run, age, state=None, settings=None):
    """state and settings: in place of, and on top of, what the model gives"""
    config, tensors = read_model(model)
    if state is None:
        state = {name_of(age, name, config): tensor
                 for name, tensor in tensors.items()}
    run = pathlib.Path(run)
    run.mkdir(parents=True)
    torch.save(state, run / "model_20000.pth")
    (run / "final_config.yaml").write_text(
        yaml.dump(final_config(age, config) | (settings or {})))
    (run / "model_config.yaml").write_text(
        yaml.dump({field: value for field, value in config.items()
                   if field not in OTHERS}))
    tokenizer = pathlib.Path(model) / "tokenizer.json"
    if tokenizer.exists():
        shutil.copy(tokenizer, run)
    return run


if __name__ == "__main__":
    if len(sys.argv) < 3 or (sys.argv + ["newest"])[3] not in AGES:
        sys.exit(__doc__)
    make_run(sys.argv[1], sys.argv[2], (sys.argv + ["newest"])[3])
