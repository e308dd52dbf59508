# SPDX-License-Identifier: LGPL-2.1-or-later
"""A training run's folder: read as it is, and imported.

The run folders are the sample model as the training code would have saved it,
with the names of each of its ages; activations must be those of the sample's
own path, bit for bit.
"""
import contextlib
import importlib.machinery
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from typing import Tuple

try:
    import numpy
    import safetensors.torch
    import torch
    import yaml  # noqa: F401 (of what is tested)
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

SAMPLE = pathlib.Path(os.environ["ACT_TEST_SAMPLE"])
KINDS = pathlib.Path(os.environ["ACT_TEST_DATA"]) / "golden_kinds"
sys.dont_write_bytecode = True
TOOLS = SAMPLE.parent.parent / "tools"
folder = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder.name)
tokens = numpy.random.default_rng(3).integers(0, 1024, (6, 128), numpy.int32)
numpy.save(scratch / "tokens.npy", tokens)


def load(path):
    return importlib.machinery.SourceFileLoader(
        path.name.replace("-", "_"), str(path)).load_module()


# in this process: PyTorch takes seconds to load
importer = load(TOOLS / "import-run")
maker = load(TOOLS.parent / "docs" / "make-run-folder.py")
config, sample = maker.read_model(SAMPLE)


def make_run(name, age="middle", state=None, settings=None, target=True):
    run = maker.make_run(SAMPLE, scratch / name, age, state, settings)
    torch.save({"stale": torch.zeros(1)}, run / "model_9000.pth")
    if not target:
        (run / "model_config.yaml").unlink()
    return run


def harvest(model, output, fails=None, given=None, vocab_size=1024):
    done = subprocess.run(
        ["gst-activations", "run", "--quiet", "/dev/stdin", f"model={model}",
         f"tokens={given or scratch / 'tokens.npy'}", f"output={output}"],
        input="acttokensrc location=${tokens} "
              f"vocab-size={vocab_size} batch-size=3 ! "
              "actforward model=${model} threads=1 ! "
              "actdumpsink location=${output}",
        capture_output=True, text=True, timeout=100)
    if fails is not None:
        assert done.returncode == 1 and fails in done.stderr, done.stderr
        return None
    assert done.returncode == 0, done.stderr
    return [numpy.load(path)
            for path in sorted(output.glob("activations_*.npy"))]


def import_run(*args, fails=None):
    sys.argv = ["import-run", *map(str, args)]
    said, code = io.StringIO(), 0
    with contextlib.redirect_stderr(said):
        try:
            importer.main()
        except SystemExit as end:
            code = end.code
    said = said.getvalue()
    assert code == (0 if fails is None else 1), said
    assert fails is None or fails in said, said
    return said


expected = harvest(SAMPLE, scratch / "expected")
labels = (scratch / "expected" / "labels.txt").read_text()


def assert_same(model, name):
    found = harvest(model, scratch / name)
    assert (scratch / name / "labels.txt").read_text() == labels
    for a, b in zip(found, expected):
        assert a.tobytes() == b.tobytes(), name
    assert any(a.any() for a in found)


def test_ages():
    for age in maker.AGES:
        run = make_run(f"run-{age}", age)
        assert_same(run, f"dump-{age}")
        import_run(run, scratch / f"model-{age}")
        made = json.loads((scratch / f"model-{age}/config.json").read_text())
        assert made["modules"] == config["modules"]
        assert made["total_C"] == 1536 and made["tie_word_embeddings"]
        assert (scratch / f"model-{age}/tokenizer.json").exists()
        assert_same(scratch / f"model-{age}", f"imported-{age}")
        import_run(run, scratch / f"model-{age}", fails="exists already")


def test_kinds():
    """Each kind of model there is golden data of, as a run of each age."""
    models = sorted(path.parent for path in KINDS.glob("*/config.json"))
    assert models
    for model in models:
        size = json.loads((model / "config.json").read_text())["vocab_size"]
        known = {"given": model / "tokens.npy", "vocab_size": size}
        name = f"kind-{model.name}"
        harvest(model, scratch / name, **known)
        for age in maker.AGES:
            run = maker.make_run(model, scratch / f"{name}-run-{age}", age)
            harvest(run, scratch / f"{name}-{age}", **known)
            import_run(run, scratch / f"{name}-model-{age}")
            harvest(scratch / f"{name}-model-{age}",
                    scratch / f"{name}-imported-{age}", **known)
            for made in f"{name}-{age}", f"{name}-imported-{age}":
                assert_same_files(scratch / made, scratch / name)


def assert_same_files(found, expected):
    files = {path.name for path in expected.iterdir()} - {"dump.json"}
    assert files == {p.name for p in found.iterdir()} - {"dump.json"}
    assert "labels.txt" in files
    for name in files:
        assert (found / name).read_bytes() == (expected / name).read_bytes(), \
            (found, name)


def test_target_elsewhere():
    """A checkpoint of components alone; the target from three kinds of file."""
    learned = {n: t for n, t in sample.items()
               if not n.startswith("target_model.")}
    target = {n.removeprefix("target_model."): t for n, t in sample.items()
              if n.startswith("target_model.") and "lm_head" not in n}
    run = make_run("run-alone", "newest",
                   {maker.name_of("newest", n, config): t
                    for n, t in learned.items()})
    harvest(run, scratch / "x", fails="has no weights of the target model")
    import_run(run, scratch / "x", fails="has no weights of the target model")
    hub = scratch / "hub"
    hub.mkdir()
    safetensors.torch.save_file(target, hub / "model.safetensors")
    shutil.copy(SAMPLE / "config.json", hub)
    torch.save(target, scratch / "target.pth")
    for i, given in enumerate((hub, hub / "model.safetensors",
                               scratch / "target.pth")):
        import_run(run, scratch / f"alone-{i}", "--target", given)
        assert_same(scratch / f"alone-{i}", f"dump-alone-{i}")
    torch.save({"a": torch.zeros(2)}, scratch / "other.pth")
    import_run(run, scratch / "x", "--target", scratch / "other.pth",
               fails="has no wte.weight, so it is no target model")
    shutil.copy(scratch / "target.pth", run / "target_model.pth")
    assert_same(run, "dump-beside-pth")
    (run / "target_model.pth").unlink()
    shutil.copy(hub / "model.safetensors", run / "target_model.safetensors")
    assert_same(run, "dump-beside-safetensors")
    import_run(run, scratch / "beside")
    assert_same(scratch / "beside", "dump-beside")


def test_shapes():
    """Half precision and transposed weights, as checkpoints may have them."""
    state = {n: (t.half() if "_ci_fns" in n else t) for n, t in sample.items()}
    name = "_components.h-0-mlp-c_fc.V"
    state[name] = state[name].T.contiguous().T
    assert_same(make_run("run-half", state=state), "dump-half")


def test_wrapped():
    """What DDP and torch.compile put before names, on both ways."""
    def around(prefix, tensors):
        return {prefix + name: tensor for name, tensor in tensors.items()}

    named = {maker.name_of("newest", n, config): t for n, t in sample.items()}
    inside = {n.replace("target_model.", "target_model._orig_mod."): t
              for n, t in sample.items()}
    for name, state in (("ddp", around("module.", named)),
                        ("compiled", around("_orig_mod.", sample)),
                        ("both", around("module._orig_mod.", sample)),
                        ("inside", inside)):
        run = make_run(f"run-{name}", state=state)
        assert_same(run, f"dump-{name}")
        said = import_run(run, scratch / f"model-{name}")
        assert len(said.splitlines()) == 1, said
        assert_same(scratch / f"model-{name}", f"imported-{name}")
    run = make_run("run-ddp-target", state={
        n: t for n, t in sample.items() if not n.startswith("target_model.")})
    torch.save(around("module.", {
        n.removeprefix("target_model."): t for n, t in sample.items()
        if n.startswith("target_model.")}), run / "target_model.pth")
    assert_same(run, "dump-ddp-target")
    import_run(run, scratch / "model-ddp-target")
    assert_same(scratch / "model-ddp-target", "imported-ddp-target")
    held = torch.load(run / "target_model.pth", weights_only=True)
    torch.save(held | {"wte.weight": torch.zeros(1)}, run / "target_model.pth")
    import_run(run, scratch / "x", fails="two tensors are "
               "'target_model.wte.weight', one of them was 'wte.weight'")
    run = make_run("run-twice", state=sample | around("module.", sample))
    import_run(run, scratch / "x", fails="two tensors are")
    harvest(run, scratch / "x", fails="comes twice")


def test_not_whole():
    """One message: what is missing, misshapen and left over."""
    wrong = dict(sample)
    wrong["target_model.h.1.mlp.fc_in.weight"] = \
        wrong.pop("target_model.h.1.mlp.c_fc.weight")
    wrong["_components.h-0-mlp-c_fc.U"] = \
        wrong["_components.h-0-mlp-c_fc.U"].double()
    shape = list(wrong["target_model.h.0.rms_1.weight"].shape)
    wrong["target_model.h.0.rms_1.weight"] = torch.ones(3)
    said = import_run(make_run("mixed", state=wrong), scratch / "x", fails=(
        "missing (1): target_model.h.1.mlp.c_fc.weight"))
    assert len(said.splitlines()) == 1, said
    assert f"target_model.h.0.rms_1.weight is [3], expected {shape}" in said
    assert "_components.h-0-mlp-c_fc.U is F64 [" in said, said
    assert "not F32 or F16 or BF16 of the shape expected (2): " in said
    assert "left over (1): target_model.h.1.mlp.fc_in.weight" in said
    assert "model_20000.pth" in said and "model_config.yaml" in said, said
    assert not (scratch / "x").exists()
    less = {n: t for n, t in sample.items() if "_ci_fns" not in n}
    said = import_run(make_run("less", state=less), scratch / "x",
                      fails="missing (")
    assert said.count("_ci_fns") == 10 and " and " in said, said
    assert said.rstrip().endswith("more"), said
    import_run(make_run("deeper", settings={"sigmoid_type": "round"}),
               scratch / "x", fails='"sigmoid_type" is \'round\'')
    more = sample | {f"target_model.h.{i}.attn.bias": torch.ones(2, 2)
                     for i in range(12)}
    said = import_run(make_run("more", state=more), scratch / "whole")
    assert "left out, nothing needs target_model.h.0.attn.bias [2, 2], " in said
    assert "and 2 more" in said and "h.10." not in said, said
    held = safetensors.torch.load_file(scratch / "whole/model.safetensors")
    assert not any("attn.bias" in name for name in held)
    assert_same(scratch / "whole", "dump-whole")
    many = sample | {f"strange.{i}": torch.ones(1) for i in range(124)}
    said = import_run(make_run("many", state=many), scratch / "x",
                      fails="has tensors (124) that belong to nothing")
    assert len(said.splitlines()) == 1 and said.rstrip().endswith("114 more")


def test_refused():
    """Each error names the file and what is wrong, on both ways."""
    def both(name, message, **given):
        run = make_run(name, **given)
        harvest(run, scratch / "x", fails=message)
        import_run(run, scratch / "x", fails=message)
        assert not (scratch / "x").exists()

    both("unknown", "strange.weight",
         state=sample | {"strange.weight": torch.zeros(2)})
    both("global", "only layerwise is supported", age="newest", settings={
        "ci_config": {"mode": "global", "fn_type": "global_shared_mlp"}})
    both("identity", "identity modules are not supported",
         settings={"identity_module_info": [{"module_pattern": "h.0", "C": 3}]})
    both("no-ci", "ci_fn_type", settings={"ci_fn_type": None})
    both("no-target", "hyper-parameters", target=False)
    both("no-components", "has no components", state={
        n: t for n, t in sample.items() if not n.startswith("_components.")})
    run = scratch / "unknown"
    said = import_run(run, scratch / "left-out", "--leave-out-unknown")
    assert "not known: strange.weight [2]" in said
    assert_same(scratch / "left-out", "dump-left-out")
    run = make_run("lacking", state={n: t for n, t in sample.items()
                                     if n != "_ci_fns.h-1-mlp-c_fc.layers.2.b"})
    harvest(run, scratch / "x", fails="_ci_fns.h-1-mlp-c_fc.layers.2.b")
    run = make_run("yaml")
    for text, message in (("a: [1, 2", "line"), ("a: 1\na: 2", "second time"),
                          ("a: !!python/object:os.system x", "tag"),
                          ("a: &x 1\nb: *x", "alias"), ("- 1", "no mapping"),
                          ("{" * 200, "line"), ("[" * 200, "too deep")):
        (run / "final_config.yaml").write_text(text)
        harvest(run, scratch / "x", fails=message)
    (run / "final_config.yaml").write_bytes(b"a: \xff\xfe")
    harvest(run, scratch / "x", fails="line")
    run = make_run("cut")
    data = (run / "model_20000.pth").read_bytes()
    (run / "model_20000.pth").write_bytes(data[:len(data) // 2])
    harvest(run, scratch / "x", fails="cut off")
    import_run(run, scratch / "x", fails="cannot be read")
    (run / "model_20000.pth").unlink()
    (run / "model_9000.pth").unlink()
    harvest(run, scratch / "x", fails="has no checkpoint")
    import_run(run, scratch / "x", fails="has no checkpoint")


def test_not_run():
    """What is pickled in a checkpoint is not run, by either."""
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {scratch}/ran",)

    run = make_run("evil", state=sample | {"target_model.x": Evil()})
    harvest(run, scratch / "x", fails="posix.system")
    import_run(run, scratch / "x", fails="cannot be read as weights alone")
    assert not (scratch / "ran").exists()


def test_hostile_settings():
    """YAML that is endless, huge, deep or no text: one line, at once."""
    bomb = b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 10))
        for i in range(1, 9))
    run = make_run("hostile")
    for text, message in (
            (bomb, "an alias"), (b"a: &a\n  b: *a\n", "an alias"),
            (b"a: \xff\xfe", "no UTF-8"), (b"[" * 5000, "nested too deep"),
            (b"{a: " * 5000, "nested too deep"), (b"#" * (1 << 21), "more than"),
            (b"%TAG !a! x\n--- {}\n", "a directive"),
            (b"a: 1" + b"0" * 5000, "final_config.yaml"),
            (b"? {a: 1}\n: 2\n", "final_config.yaml"),
            (b"a: 2001-99-99\n", "final_config.yaml"),
            (b"a: !!python/object/apply:os.system [x]\n", "final_config.yaml")):
        (run / "final_config.yaml").write_bytes(text)
        said = import_run(run, scratch / "x", fails=message)
        assert len(said.splitlines()) == 1 and len(said) < 700, said


def test_hostile_safetensors():
    def header(entries, data=b"\0" * 16):
        text = entries if isinstance(entries, bytes) \
            else json.dumps(entries).encode()
        return len(text).to_bytes(8, "little") + text + data

    def entry(begin, end, shape=(2,), kind="F32"):
        return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}

    path = scratch / "hostile.safetensors"
    path.write_bytes(header({"b": entry(8, 16), "a": entry(0, 8)}))
    assert set(importer.read_safetensors(str(path))) == {"a", "b"}
    for data, message in (
            (b"", "no valid"), (b"\1", "no valid"),
            (b"\xff" * 16, "no valid"), (header(b"[]"), "no object"),
            (header(b"[" * 100_000), "header"), (header(b"{\xff"), "header"),
            (header({"a": 1}), "data_offsets"),
            (header({"a": entry(-8, 0)}), "data_offsets"),
            (header({"a": entry(0, True)}), "data_offsets"),
            (header({"a": entry(0, 8, "2")}), "data_offsets"),
            (header({"a": entry(8, 0)}), "expected 8 bytes"),
            (header({"a": entry(0, 8, [1 << 70])}), "expected"),
            (header({"a": entry(0, 8, kind="F8")}), "expected one of"),
            (header({"a": entry(0, 8), "b": entry(4, 12)}), "expected 8"),
            (header({"a": entry(0, 8), "b": entry(12, 20)}), "expected 8"),
            (header({"a": entry(0, 8)}), "its data 16"),
            (header({"a": entry(0, 8), "b\n" * 900: entry(8, 16), "c":
                     entry(16, 24)}), "its data 16"),
            (header({"b\n" * 900: 1}), "b b b")):
        path.write_bytes(data)
        try:
            importer.read_safetensors(str(path))
            assert False, message
        except importer.Problem as problem:
            said = str(problem)
            assert message in said and "hostile.safetensors" in said, said
            assert said.isprintable() and len(said) < 600, said
    index = scratch / "hostile.index.json"
    for text, message in (
            ("[", "hostile.index.json"), ("[" * 100_000, "hostile.index.json"),
            ("[]", "weight_map"), ("{}", "weight_map"),
            ('{"weight_map": {"a": 1}}', "weight_map"),
            ('{"weight_map": {"a": ".."}}', "outside"),
            ('{"weight_map": {"a": "/etc/passwd"}}', "outside")):
        index.write_text(text)
        try:
            importer.read_index(str(index))
            assert False, message
        except importer.Problem as problem:
            assert message in str(problem), problem


class Script(torch.nn.Module):
    """Writes a file when it is loaded: code of TorchScript runs then."""
    @torch.jit.export
    def __getstate__(self):
        return (torch.zeros(1), self.training)

    @torch.jit.export
    def __setstate__(self, state: Tuple[torch.Tensor, bool]):
        torch.save(state[0], "script-ran")
        self.training = state[1]

    def forward(self, x: torch.Tensor):
        return x


def zip_of(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_only_state_dicts():
    """What torch.load would hand to something else never gets there."""
    run = make_run("archives")
    checkpoint = run / "model_20000.pth"
    with zipfile.ZipFile(checkpoint) as archive:
        good = {i.filename: archive.read(i) for i in archive.infolist()}
    top = next(name for name in good if name.endswith("/data.pkl"))[:-9]
    here = os.getcwd()
    os.chdir(scratch)
    try:
        torch.jit.script(Script()).save(checkpoint)
        torch.jit.load(checkpoint)  # it is what it says
        assert (scratch / "script-ran").exists()
        (scratch / "script-ran").unlink()
        import_run(run, scratch / "x", fails="TorchScript archive")
        # its pickle under the name of a state dict's, the code elsewhere
        for name in "constants.pkl", "CODE/x.py", "code/x.py", "data/code/x":
            zip_of(checkpoint, good | {f"{top}/{name}": b"x"})
            import_run(run, scratch / "x", fails="TorchScript archive")
        for name in "other/data.pkl", f"{top}/DATA.pkl":
            zip_of(checkpoint, good | {name: b"x"})
            import_run(run, scratch / "x", fails="one */data.pkl")
        zip_of(checkpoint, good, zipfile.ZIP_DEFLATED)
        import_run(run, scratch / "x", fails="packed members")
        torch.save(sample, checkpoint, _use_new_zipfile_serialization=False)
        import_run(run, scratch / "x", fails="since PyTorch 1.6")
        with tarfile.open(checkpoint, "w") as archive:
            archive.add(run / "final_config.yaml", "storages")
        import_run(run, scratch / "x", fails="since PyTorch 1.6")
        assert not (scratch / "script-ran").exists()
        zip_of(checkpoint, good | {"elsewhere/readme": b"x"})
        import_run(run, scratch / "from-archive")
        assert_same(scratch / "from-archive", "dump-from-archive")
    finally:
        os.chdir(here)


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
        print("ok", name)
