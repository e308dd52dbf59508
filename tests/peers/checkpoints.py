# SPDX-License-Identifier: LGPL-2.1-or-later
"""State dicts that torch.save wrote, read without Python.

Every type and layout against PyTorch, bit for bit; what is no state dict is
refused by name; what is damaged is refused, and whatever is in a file, it is
an error or right, never a crash.
"""
import collections
import itertools
import os
import random

import subprocess
import sys
import tempfile
import zipfile

try:
    import safetensors.torch
    import torch
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

TOOL = "test-formats-tool"
folder = tempfile.TemporaryDirectory()
random.seed(11)
torch.manual_seed(11)

def path(name):
    return os.path.join(folder.name, name)

def read(name, fails=None):
    """What we make of a checkpoint, as PyTorch sees it."""
    done = subprocess.run([TOOL, "pth", path(name), path("out.safetensors")],
                          capture_output=True, text=True, timeout=60)
    if fails is not None:
        assert done.returncode == 1 and fails in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert name in done.stderr, done.stderr
        return None
    assert done.returncode == 0, done.stderr
    return safetensors.torch.load_file(path("out.safetensors"))

def same(found, expected):
    assert list(found) and set(found) == set(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        assert found[name].shape == tensor.shape, name
        a, b = found[name].contiguous(), tensor.detach().contiguous()
        assert a.numpy(force=True).tobytes() == b.numpy(force=True).tobytes() \
            if a.dtype != torch.bfloat16 \
            else torch.equal(a.view(torch.int16), b.view(torch.int16)), name

def test_types():
    tensors = {}
    for dtype in (torch.float32, torch.float16, torch.bfloat16, torch.float64,
                  torch.int64, torch.int32, torch.int16, torch.int8,
                  torch.uint8, torch.bool):
        for shape in (), (1,), (7,), (3, 5), (2, 3, 4), (0, 4), (1,) * 8:
            tensors[f"{dtype}.{shape}"] = (torch.randn(shape) * 50).to(dtype)
    torch.save(tensors, path("types.pth"))
    same(read("types.pth"), tensors)

def test_layouts():
    base = torch.randn(6, 8)
    tensors = {
        "whole": base, "transposed": base.T, "rows": base[2:5],
        "columns": base[:, 3:6], "steps": base[::2, ::3], "one": base[4, 7],
        "permuted": torch.randn(2, 3, 4).permute(2, 0, 1),
        'name "ü" \n 😀': base[1],
    }
    torch.save(tensors, path("layouts.pth"))
    same(read("layouts.pth"), tensors)
    torch.save({"wide": torch.randn(1, 4).expand(1000, 4)}, path("wide.pth"))
    read("wide.pth", fails="tensor 'wide': it reaches beyond its storage")

def test_modules():
    """Parameters, buffers, shared weights, and the version numbers beside."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3),
                                torch.nn.ModuleDict({"h-0": torch.nn.Linear(3, 4)}))
    model[2]["h-0"].weight = torch.nn.Parameter(model[0].weight.detach().T)
    state = model.state_dict()
    torch.save(state, path("module.pth"))
    same(read("module.pth"), state)
    torch.save(dict(model.named_parameters()), path("parameters.pth"))
    same(read("parameters.pth"), dict(model.named_parameters()))
    for protocol in 2, 3, 4, 5:
        torch.save(state, path("protocol.pth"), pickle_protocol=protocol)
        same(read("protocol.pth"), state)

class Evil:
    def __reduce__(self):
        return os.system, (f"touch {path('ran')}",)

def test_refused():
    refused = {
        "evil": ({"a": torch.zeros(2), "b": Evil()}, "'posix.system'"),
        "nested": ({"model": {"a": torch.zeros(2)}}, "'model' is a dict"),
        "step": ({"a": torch.zeros(2), "step": 3}, "'step' is an integer"),
        "list": ([torch.zeros(2)], "holds a list"),
        "tensor": (torch.zeros(2), "holds a call"),
        "key": ({1: torch.zeros(2)}, "a key of its dict is an integer"),
        "model": (torch.nn.Linear(2, 2), "'torch.nn.modules.linear.Linear'"),
        "sparse": ({"a": torch.eye(3).to_sparse()}, "_rebuild_sparse_tensor"),
        "set": ({"a": {1, 2}}, "set"),
        "bytes": ({"a": b"x"}, ""),
        "complex": ({"a": torch.zeros(2, dtype=torch.complex64)},
                    "'torch.ComplexFloatStorage'"),
        "big": ({"a": 2**70}, "more than 64 bits"),
    }
    for name, (value, message) in refused.items():
        torch.save(value, path(f"{name}.pth"))
        read(f"{name}.pth", fails=message)
    assert not os.path.exists(path("ran"))
    torch.save({"a": torch.zeros(3)}, path("old.pth"),
               _use_new_zipfile_serialization=False)
    read("old.pth", fails="since PyTorch 1.6")
    with open(path("text.pth"), "w") as f:
        f.write("no checkpoint at all")
    read("text.pth", fails="since PyTorch 1.6")
    with zipfile.ZipFile(path("zip.pth"), "w") as archive:
        archive.writestr("something", "else")
    read("zip.pth", fails="no member '*/data.pkl'")
    read("missing.pth", fails="No such file")

def members(name):
    with zipfile.ZipFile(path(name)) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist()}

def rewrite(name, contents, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path(name), "w", compression) as archive:
        for member, data in contents.items():
            archive.writestr(member, data)

def test_damaged():
    expected = {"w": torch.arange(12.0).reshape(3, 4)}
    torch.save(expected, path("good.pth"))
    good = members("good.pth")
    top = next(m for m in good if m.endswith("/data.pkl")).split("/")[0]
    rewrite("again.pth", good)
    same(read("again.pth"), expected)
    rewrite("packed.pth", good, zipfile.ZIP_DEFLATED)
    read("packed.pth", fails="is packed, expected it stored")
    rewrite("lost.pth", {m: d for m, d in good.items() if "/data/" not in m})
    read("lost.pth", fails="no member")
    rewrite("short.pth", {m: d[:-4] if "/data/" in m else d
                          for m, d in good.items()})
    read("short.pth", fails="its storage has 44 bytes, expected 12 elements")
    rewrite("order.pth", good | {f"{top}/byteorder": b"big"})
    read("order.pth", fails="other byte orders")
    data = open(path("good.pth"), "rb").read()
    storage = good[f"{top}/data/0"]
    at = data.index(storage)
    with open(path("flipped.pth"), "wb") as f:
        f.write(data[:at] + b"\x55" + data[at + 1:])
    read("flipped.pth", fails="checksum")
    with open(path("cut.pth"), "wb") as f:
        f.write(data[:-30])
    read("cut.pth", fails="cut off")

STORAGE = (b"(\x8c\x07storagectorch\nFloatStorage\n\x8c\x010\x8c\x03cpuK\x04"
           b"tQ")
ORDERED = b"ccollections\nOrderedDict\n)R"

def tensor(shape=b"K\x04\x85", strides=b"K\x01\x85", storage=STORAGE):
    return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00"
            + shape + strides + b"\x89" + ORDERED + b"tR")

def test_hostile_pickles():
    """Pickles that no Python writes: memory, time, and pairs that are none."""
    key, data = b"\x8c\x01x", b"\0" * 16
    most = 1 << 20
    hostile = {
        # a call used as a dict takes pairs: one item more was read past its end
        "odd": (ORDERED + b"(u" + key + b"a", "items are put into a call"),
        "odd-pair": (ORDERED + key + tensor() + b"s" + key + b"a",
                     "items are put into a call"),
        "odd-full": (ORDERED + (key + tensor() + b"s") * 8 + key + b"a",
                     "items are put into a call"),
        "odd-many": (ORDERED + b"(" + key + b"e", "items are put into a call"),
        "memo": (b"}r" + (1).to_bytes(4, "little"), "it puts 1 into its memo"),
        "unmemo": (b"}q\0h\1", "there is nothing at 1 in its memo"),
        "values": (b")" * (most + 1), f"more than {most} values"),
        "memos": (b"}" + b"\x94" * (most + 1), "into its memo"),
        "mark": (b"(q\0", "too little on its stack"),
        "tuple": (b"(tQ", "holds a storage"),
        "call": (ORDERED[:-2] + b"(tR", None),
    }
    for name, (body, message) in hostile.items():
        rewrite(f"{name}.pth", {"a/data.pkl": b"\x80\x02" + body + b".",
                                "a/data/0": data})
        if message is not None:
            read(f"{name}.pth", fails=message)
    rewrite("by-hand.pth", {
        "a/data.pkl": b"\x80\x02}(" + key + tensor() + b"u.",
        "a/data/0": data})
    same(read("by-hand.pth"), {"x": torch.zeros(4)})

def test_many_names():
    """Names of one tensor share its copy; copies together have a limit."""
    base = torch.arange(64.0 * 64).reshape(64, 64)
    view = base.T
    shared = {f"t{i}": view for i in range(2000)}
    torch.save(shared, path("shared.pth"))
    assert os.path.getsize(path("shared.pth")) < 500_000
    found = read("shared.pth")
    assert len(found) == 2000
    assert all(torch.equal(t, view) for t in found.values())
    # the same storage, but each at a place of its own
    apart = {f"t{i}": torch.as_strided(base, (40, 40), (1, 64), i)
             for i in range(500)}
    torch.save(apart, path("apart.pth"))
    read("apart.pth", fails="copies of all such tensors are more than the "
         f"file's {os.path.getsize(path('apart.pth'))} bytes")

def test_collisions():
    """Many names that GLib's own hash of strings has in one place."""
    names = ["".join(words) for words in
             itertools.product(("Ez", "FY"), repeat=15)]
    body = b"".join(
        b"\x8c\x1e" + name.encode()
        + (tensor() + b"q\0" if i == 0 else b"h\0")
        for i, name in enumerate(names))
    rewrite("collide.pth", {"a/data.pkl": b"\x80\x02}(" + body + b"u.",
                            "a/data/0": b"\0" * 16})
    before = os.times()
    done = subprocess.run([TOOL, "pth", path("collide.pth"), path("o")],
                          capture_output=True, text=True, timeout=100)
    after = os.times()
    assert done.returncode == 0, done.stderr
    # 0.02 s; 11 s where the names are compared one with each other
    spent = after.children_user - before.children_user
    assert spent < 4, spent

def test_overlap():
    """Members that share bytes: a small zip of much."""
    with zipfile.ZipFile(path("overlap.pth"), "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
        archive.writestr("a/data/0", bytes(100))
        other = zipfile.ZipInfo("a/data/1")
        for field in "header_offset", "CRC", "file_size", "compress_size":
            setattr(other, field, getattr(archive.filelist[1], field))
        archive.filelist.append(other)
        archive.NameToInfo[other.filename] = other
    read("overlap.pth", fails="members 'a/data/")
    read("overlap.pth", fails="overlap")

def mutations(data, n):
    for _ in range(n):
        changed = bytearray(data)
        for _ in range(random.choice((1, 1, 2, 5))):
            at = random.randrange(len(changed))
            kind = random.random()
            if kind < .6:
                changed[at] = random.choice(
                    (0, 1, 0x7f, 0x80, 0xff, random.randrange(256)))
            elif kind < .8:
                del changed[at:at + random.randrange(1, 9)]
            else:
                changed[at:at] = bytes(random.choices(b"(tRsubqh)]}.KJX\x85Qc", k=3))
        yield bytes(changed)

def test_fuzzed():
    """Mutated pickles under right checksums, and mutated files."""
    state = collections.OrderedDict(
        a=torch.randn(3, 4), b=torch.randn(4, 3).T, c=torch.arange(5))
    torch.save(state, path("seed.pth"))
    good = members("seed.pth")
    name = next(m for m in good if m.endswith("/data.pkl"))
    for i, changed in enumerate(mutations(good[name], 1500)):
        rewrite(f"fuzz-{i}.pth", good | {name: changed})
    whole = open(path("seed.pth"), "rb").read()
    tail = whole.rindex(b"PK\x01\x02", 0, whole.index(b"PK\x01\x02") + 4)
    for i, changed in enumerate(mutations(whole[tail:], 700)):
        with open(path(f"fuzz-zip-{i}.pth"), "wb") as f:
            f.write(whole[:tail] + changed)
    files = sorted(f for f in os.listdir(folder.name) if f.startswith("fuzz-"))
    # one process for all of them: what it prints is a line a file
    done = subprocess.run([TOOL, "pth-all", *map(path, files)],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == len(files)
    n_read = sum(line == "ok" for line in lines)
    # most are refused; some mutations are of no account
    assert 0 < n_read < len(files) / 2, n_read

for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
        print("ok", name)
