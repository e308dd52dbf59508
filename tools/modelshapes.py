# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which tensors a model folder has, of which shape, by its config.json.

What common/model/arch_*.c and head_*.c ask for, said once more for import-run:
tests/peers/modelshapes.py compares the two on a model of each kind.
"""
import typing

MAX_HIDDEN = 16
MAX_SIZE = 1 << 24  # of any one dimension
MAX_LAYERS = 4096
SIGMOIDS = ("normal", "hard", "leaky_hard", "upper_leaky_hard", "swish_hard")
HEADS = ("shared_mlp", "vector_mlp", "mlp")


class ConfigError(Exception):
    """One line on what is wrong with the settings."""


class Layer(typing.NamedTuple):
    """A step of the model that has tensors; matrices may be decomposed."""
    name: str
    kind: str
    d_in: int
    d_out: int
    bias: bool = False

    def tensors(self):
        shape = [self.d_in, self.d_out]
        if self.kind == "linear":
            shape.reverse()
        elif self.kind in ("rms_norm", "layer_norm"):
            shape = [self.d_out]
        found = {f"{self.name}.weight": shape}
        if self.bias or self.kind == "layer_norm":
            found[f"{self.name}.bias"] = [self.d_out]
        return found

    def is_module(self):
        return self.kind in ("linear", "conv1d", "embedding")


class Architecture(typing.NamedTuple):
    blocks: str  # "h": blocks are h.0, h.1, ..
    first: list
    block: list
    last: list   # only for those who decompose one of them
    outer: str = ""  # before all names but lm_head's, if the tensors have it


class Settings:
    """Fields of config.json; what is missing or of another kind is an error."""

    def __init__(self, config):
        self.config = config

    def fail(self, field, expected):
        if field not in self.config:
            raise ConfigError(f'"{field}" is missing, expected {expected}')
        raise ConfigError(f'"{field}" is {self.config[field]!r}, expected '
                          f"{expected}")

    def size(self, field, most=MAX_SIZE):
        value = self.config.get(field)
        if type(value) is not int or not 1 <= value <= most:
            self.fail(field, f"a whole number from 1 to {most}")
        return value

    def flag(self, field):
        value = self.config.get(field)
        if not isinstance(value, bool):
            self.fail(field, "true or false")
        return value

    def number(self, field):
        value = self.config.get(field)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fail(field, "a number")
        return value

    def one_of(self, field, names):
        value = self.config.get(field)
        if not isinstance(value, str) or value not in names:
            self.fail(field, f"one of {', '.join(names)}")
        return value

    def multiple(self, field, of):
        value, part = self.size(field), self.size(of)
        if value % part:
            self.fail(field, f'a multiple of "{of}" ({part})')
        return value // part


def last_layers(settings, norm):
    n = settings.size("n_embd")
    return [Layer("ln_f", norm, n, n),
            Layer("lm_head", "linear", n, settings.size("vocab_size"))]


def llama_attention(settings):
    n, bias = settings.size("n_embd"), settings.flag("attn_bias")
    head = settings.multiple("n_embd", "n_head")
    if settings.flag("use_grouped_query_attention"):
        settings.multiple("n_head", "n_key_value_heads")
        kv = head * settings.size("n_key_value_heads")
        inputs = {"q_proj": n, "k_proj": kv, "v_proj": kv}
    else:
        inputs = {"c_attn": 3 * n}
    return [Layer("rms_1", "rms_norm", n, n),
            *(Layer(f"attn.{name}", "linear", n, width, bias)
              for name, width in inputs.items()),
            Layer("attn.o_proj", "linear", n, n, bias)]


def llama(settings, up):
    n, inner = settings.size("n_embd"), settings.size("n_intermediate")
    bias = settings.flag("mlp_bias")
    for field in "block_size", "n_ctx":
        settings.size(field)
    for field in "rms_norm_eps", "rotary_base":
        settings.number(field)
    settings.flag("rotary_adjacent_pairs")
    mlp = [Layer("rms_2", "rms_norm", n, n),
           *(Layer(f"mlp.{name}", "linear", n, inner, bias) for name in up),
           Layer("mlp.down_proj", "linear", inner, n, bias)]
    return Architecture(
        "h", [Layer("wte", "embedding", settings.size("vocab_size"), n)],
        llama_attention(settings) + mlp, last_layers(settings, "rms_norm"))


def llama_simple_mlp(settings):
    return llama(settings, ("c_fc",))


def llama_simple(settings):
    return llama(settings, ("gate_proj", "up_proj"))


def gpt2_first(settings, positions):
    n = settings.size("n_embd")
    return [Layer("wte", "embedding", settings.size("vocab_size"), n),
            Layer("wpe", "positions", settings.size(positions), n)]


def gpt2_block(settings, kind, inputs, outputs, inner):
    n = settings.size("n_embd")
    settings.multiple("n_embd", "n_head")
    return [Layer("ln_1", "layer_norm", n, n),
            *(Layer(f"attn.{name}", kind, n, width, True)
              for name, width in inputs.items()),
            Layer(f"attn.{outputs[0]}", kind, n, n, True),
            Layer("ln_2", "layer_norm", n, n),
            Layer("mlp.c_fc", kind, n, inner, True),
            Layer(f"mlp.{outputs[1]}", kind, inner, n, True)]


def gpt2_simple(settings):
    n = settings.size("n_embd")
    inputs = {"q_proj": n, "k_proj": n, "v_proj": n}
    return Architecture(
        "h", gpt2_first(settings, "block_size"),
        gpt2_block(settings, "linear", inputs, ("o_proj", "down_proj"), 4 * n),
        last_layers(settings, "layer_norm"))


def gpt2(settings):
    n = settings.size("n_embd")
    return Architecture(
        "h_torch", gpt2_first(settings, "block_size"),
        gpt2_block(settings, "linear", {"c_attn": 3 * n}, ("c_proj", "c_proj"),
                   4 * n),
        last_layers(settings, "layer_norm"))


def gpt2_hf(settings):
    n = settings.size("n_embd")
    inner = 4 * n if settings.config.get("n_inner") is None \
        else settings.size("n_inner", 4 * MAX_SIZE)
    settings.number("layer_norm_epsilon")
    return Architecture(
        "h", gpt2_first(settings, "n_positions"),
        gpt2_block(settings, "conv1d", {"c_attn": 3 * n}, ("c_proj", "c_proj"),
                   inner),
        last_layers(settings, "layer_norm"), "transformer.")


ARCHITECTURES = {
    "LlamaSimpleMLP": llama_simple_mlp,
    "LlamaSimple": llama_simple,
    "GPT2Simple": gpt2_simple,
    "GPT2": gpt2,
    "gpt2": gpt2_hf,
}


def all_layers(architecture, n_layer):
    """Those of the first steps and the blocks, with their whole names."""
    return architecture.first + [
        layer._replace(name=f"{architecture.blocks}.{i}.{layer.name}")
        for i in range(n_layer) for layer in architecture.block]


def target_tensors(layers, outer):
    return {f"target_model.{'' if layer.name == 'lm_head' else outer}{name}":
            shape for layer in layers for name, shape in layer.tensors().items()}


def hidden_widths(settings, head):
    hidden = settings.config.get("ci_fn_hidden_dims")
    if not isinstance(hidden, list) or len(hidden) > MAX_HIDDEN \
            or not all(type(width) is int and width > 0 for width in hidden):
        settings.fail("ci_fn_hidden_dims",
                      f"a list of at most {MAX_HIDDEN} whole numbers from 1 on")
    if head != "shared_mlp" and not hidden:
        settings.fail("ci_fn_hidden_dims",
                      f"one layer at least with \"ci_fn_type\": \"{head}\"")
    return hidden


def module_tensors(module, head, hidden):
    """The components' matrices and the importance function."""
    dashed, count = module["name"].replace(".", "-"), module["C"]
    found = {f"_components.{dashed}.V": [module["d_in"], count],
             f"_components.{dashed}.U": [count, module["d_out"]]}
    shared = head == "shared_mlp"
    widths = [1 if head == "mlp" else module["d_in"], *hidden,
              count if shared else 1]
    for i, (d_in, d_out) in enumerate(zip(widths, widths[1:])):
        name = f"_ci_fns.{dashed}.layers.{2 * i}"
        front = [] if shared else [count]
        found[f"{name}.W"] = front + [d_in, d_out]
        found[f"{name}.b"] = front + [d_out]
    return found


def check_module(module, layers, head, model_type):
    layer = layers.get(module["name"])
    if layer is None or not layer.is_module():
        raise ConfigError(f"module '{module['name']}' is none that "
                          f'"{model_type}" of this size has')
    if layer.kind == "embedding" and head != "mlp":
        raise ConfigError(f"module '{module['name']}' is an embedding, which "
                          f'"ci_fn_type": "{head}" does not support')
    for field, expected in ("d_in", layer.d_in), ("d_out", layer.d_out):
        if module[field] != expected:
            raise ConfigError(
                f"module '{module['name']}' has components for \"{field}\" "
                f"{module[field]}, expected {expected}")


def tensors(config, names):
    """(needed, known): shapes of the tensors that there must be, and of those
    that there may be besides. names: those there are, which tell whether the
    target's begin with the architecture's outer name."""
    settings = Settings(config)
    model_type = settings.one_of("model_type", ARCHITECTURES)
    head = settings.one_of("ci_fn_type", HEADS)
    settings.one_of("sigmoid_type", SIGMOIDS)
    hidden = hidden_widths(settings, head)
    architecture = ARCHITECTURES[model_type](settings)
    layers = all_layers(architecture, settings.size("n_layer", MAX_LAYERS))
    outer = architecture.outer
    if not any(name.startswith(f"target_model.{outer}") for name in names):
        outer = ""
    needed = target_tensors(layers, outer)
    known = target_tensors(architecture.last, outer)
    by_name = {layer.name: layer for layer in layers + architecture.last}
    for module in config["modules"]:
        plain = dict(module, name=module["name"].removeprefix(architecture.outer))
        check_module(plain, by_name, head, model_type)
        needed |= module_tensors(module, head, hidden)
        known[f"_components.{module['name'].replace('.', '-')}.bias"] = \
            [module["d_out"]]
        if by_name[plain["name"]] in architecture.last:
            needed |= target_tensors(architecture.last[:1], outer)
    return needed, known
