# SPDX-License-Identifier: LGPL-2.1-or-later
"""Caches of sparse latents, as tools for sparse autoencoders write them.

A dashboard of a cache must be the one of the same activations dumped dense,
file by file: whatever the types, the order of the entries and how the latents
are cut into files.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import safetensors.numpy
    import safetensors.torch
    import torch
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

folder = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder.name)
N_SAMPLES, N_CTX, N_LATENTS, BATCH = 11, 16, 37, 4
torch.manual_seed(2)
vocabulary = scratch / "vocab.json"
vocabulary.write_text(json.dumps([f"t{i}" for i in range(50)]))
tokens = torch.randint(0, 50, (N_SAMPLES, N_CTX))
dense = torch.rand(N_SAMPLES, N_CTX, N_LATENTS)
dense = torch.where(torch.rand(dense.shape) < .1, dense, torch.zeros(()))
dense[:, :, 5] = 0  # silent
dense[3] = 0  # nothing in a sample
dense[0, 0, N_LATENTS - 1] = .75
dense = dense.half().float()


def from_dump(name, dump, fails=None, **settings):
    output = scratch / name
    done = subprocess.run(
        ["gst-activations", "run", "--quiet", "from-dump", f"dump={dump}",
         f"vocabulary={vocabulary}", f"output={output}",
         *(f"{k.replace('_', '-')}={v}"
           for k, v in ({"batch_size": BATCH} | settings).items())],
        capture_output=True, text=True, timeout=100)
    if fails is not None:
        assert done.returncode == 1 and fails in done.stderr, done.stderr
        assert not output.exists()
        return None
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in output.iterdir()
            if path.is_file() and not path.name.startswith("run_info")}


def dump_dense(module):
    """The .npy form, in the same batches."""
    made = scratch / f"dense-{module}"
    made.mkdir()
    padded = -numpy.ones((-(-N_SAMPLES // BATCH) * BATCH, N_CTX), numpy.int32)
    padded[:N_SAMPLES] = tokens.numpy()
    numpy.save(made / "tokens.npy", padded.reshape(-1, BATCH, N_CTX))
    for i in range(0, N_SAMPLES, BATCH):
        numpy.save(made / f"activations_{i // BATCH:03}.npy",
                   dense[i:i + BATCH].reshape(-1, N_LATENTS).numpy())
    (made / "labels.txt").write_text(
        "".join(f"{module}:{i}\n" for i in range(N_LATENTS)))
    return made


expected = from_dump("expected", dump_dense("layers.6.mlp"))


def assert_expected(name, cache, **settings):
    found = from_dump(name, cache, **settings)
    assert set(found) == set(expected)
    for file, data in expected.items():
        assert found[file] == data, (name, file)


def entries(order=None, locations=torch.int64, activations=torch.float32):
    places = dense.nonzero()
    values = dense[dense != 0]
    if order is not None:
        places, values = places[order], values[order]
    return {"locations": places.to(locations).contiguous(),
            "activations": values.to(activations)}


def write(name, **files):
    made = scratch / name / "layers.6.mlp"
    made.mkdir(parents=True)
    for file, tensors in files.items():
        if any(t.dtype == numpy.uint16 for t in tensors.values()):
            safetensors.numpy.save_file(tensors, made / f"{file}.safetensors")
        else:
            safetensors.torch.save_file(tensors, made / f"{file}.safetensors")
    return made


def test_types():
    for i, (locations, activations) in enumerate((
            (torch.int64, torch.float32), (torch.int32, torch.float16),
            (torch.int64, torch.float16))):
        assert_expected(f"type-{i}", write(f"cache-{i}", cache=entries(
            None, locations, activations) | {"tokens": tokens}))
    assert expected["clusters.jsonl"].count(b"\n") == N_LATENTS - 1


def test_order():
    n = int((dense != 0).sum())
    for name, order in (("shuffled", torch.randperm(n)),
                        ("backwards", torch.arange(n - 1, -1, -1)),
                        ("by-latent", torch.argsort(dense.nonzero()[:, 2]))):
        assert_expected(f"order-{name}", write(name, cache=entries(order)
                                               | {"tokens": tokens}))


def split(bounds, with_tokens=True):
    """Files of a range of latents each, counted from its first."""
    files, all_entries = {}, entries()
    for first, last in zip(bounds, bounds[1:]):
        inside = (all_entries["locations"][:, 2] >= first) \
            & (all_entries["locations"][:, 2] < last)
        places = all_entries["locations"][inside].numpy().copy()
        places[:, 2] -= first
        files[f"{first}_{last - 1}"] = {
            "locations": places.astype(numpy.uint16),
            "activations": all_entries["activations"][inside].half().numpy()}
        if with_tokens or first == 0:
            files[f"{first}_{last - 1}"]["tokens"] = tokens.numpy()
    return files


def test_splits():
    assert_expected("split-3", write("splits", **split((0, 9, 30, N_LATENTS))))
    assert_expected("split-once", write(
        "once", **split((0, 20, N_LATENTS), with_tokens=False)))
    # latents without an entry at the end are there all the same
    files = split((0, 20, N_LATENTS, N_LATENTS + 5))
    found = from_dump("wider", write("wider-cache", **files))
    info = json.loads(found["model_info.json"])
    assert "42" in json.dumps(info), info


def test_samples_apart():
    """Files of a few samples each, that overlap, lie apart, or hold nothing."""
    every = entries()
    sample = every["locations"][:, 0]
    for name, bounds in (("two", (0, 5, 11)), ("each", range(12)),
                         ("none", (0, 0, 4, 4, 11))):
        files = {f"part{i}": {n: t[(sample >= a) & (sample < b)].contiguous()
                              for n, t in every.items()}
                 for i, (a, b) in enumerate(zip(bounds, bounds[1:]))}
        files["part0"]["tokens"] = tokens
        assert_expected(f"apart-{name}", write(f"apart-{name}-cache", **files))
    odd = sample % 2 == 1
    files = {"odd": {n: t[odd].flip(0).contiguous() for n, t in every.items()},
             "even": {n: t[~odd] for n, t in every.items()}
             | {"tokens": tokens}}
    assert_expected("interleaved", write("interleaved-cache", **files))


def test_layouts_and_clusters():
    cache = write("layouts", cache=entries() | {"tokens": tokens})
    for layout in "csr", "dense":
        output = scratch / f"dumped-{layout}"
        done = subprocess.run(
            ["gst-activations", "run", "--quiet", "/dev/stdin",
             f"cache={cache}", f"output={output}"],
            input=f"actdumpsrc location=${{cache}} layout={layout} "
                  "batch-size=4 ! actdumpsink location=${output}",
            capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        for i in range(3):
            assert numpy.array_equal(
                numpy.load(output / f"activations_{i:03}.npy"),
                dense[4 * i:4 * i + 4].reshape(-1, N_LATENTS).numpy())
    clusters = scratch / "clusters.json"
    clusters.write_text(json.dumps(
        {"0": ["layers.6.mlp:1", "layers.6.mlp:36"], "1": ["layers.6.mlp:2"]}))
    assert from_dump("c1", cache, clusters=clusters) == from_dump(
        "c2", scratch / "dense-layers.6.mlp", clusters=clusters)


def test_refused():
    good = entries() | {"tokens": tokens}
    n = len(good["activations"])

    def changed(which, place, value):
        tensors = {name: tensor.clone() for name, tensor in good.items()}
        tensors[which][place] = value
        return tensors

    for i, (tensors, message) in enumerate((
            (changed("locations", (7, 0), N_SAMPLES), "location 7 is sample 11"),
            (changed("locations", (7, 1), N_CTX), "position 16"),
            (changed("locations", (7, 2), -1), "latent -1"),
            (changed("locations", (7, 2), 2**40), "latent 1099511627776"),
            (changed("locations", slice(7, 9), good["locations"][7]),
             "has two activations, in this file; expected one at most"),
            (changed("activations", 3, float("nan")), "NaN"),
            (changed("activations", 3, float("inf")), "infinite"),
            (changed("tokens", (2, 3), 50), "token id 50"),
            (entries(), "has a tensor 'tokens'"),
            (good | {"activations": good["activations"][:-1].clone()},
             f"[{n - 1}], expected [{n}]"),
            (good | {"locations": good["locations"][:, :2].clone()}, "[*, 3]"),
            (good | {"locations": good["locations"].float()}, "'locations' has"),
            (good | {"activations": good["activations"].double()},
             "'activations' has F64"),
            (good | {"tokens": tokens[0].clone()}, "'tokens' has"))):
        from_dump("x", write(f"bad-{i}", cache=tensors), fails=message)
    made = write("twice", a=good, b=entries())
    at = good["locations"][0].tolist()
    from_dump("x", made, fails=f"{made}/a.safetensors': sample {at[0]}, "
              f"position {at[1]}, latent {at[2]} has two activations, one of "
              f"them in '{made}/b.safetensors'; expected one at most")
    other = dict(good, tokens=tokens + 1)
    from_dump("x", write("others", a=good, b=other), fails="its tokens are others")
    files = split((0, 20, N_LATENTS))
    files["0_18"] = files.pop("0_19")
    files["0_18"]["locations"][0, 2] = 19
    from_dump("x", write("range", **files), fails="latent 19")
    made = write("labels", cache=good)
    (made / "labels.txt").write_text("a:0\na:1\n")
    from_dump("x", made, fails="labels.txt has 2 labels")
    made = write("cut", cache=good)
    path = made / "cache.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    from_dump("x", made, fails="cache.safetensors")


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
        print("ok", name)
