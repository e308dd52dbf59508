# SPDX-License-Identifier: LGPL-2.1-or-later
"""The file formats against NumPy, safetensors, zipfile and Python's json.

Both ways: they read what we write, we read what they write; and the
conversions of numbers, bit for bit.
"""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import zipfile

try:
    import numpy as np
    import safetensors.numpy
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

TOOL = "test-formats-tool"
folder = tempfile.TemporaryDirectory()
rng = np.random.default_rng(7)
random.seed(7)


def path(name):
    return os.path.join(folder.name, name)


def tool(*args, fails=None):
    done = subprocess.run([TOOL, *args], capture_output=True, text=True)
    if fails is None:
        assert done.returncode == 0, (args, done.stderr)
    else:
        assert done.returncode == 1 and fails in done.stderr, (args, done.stderr)
        assert len(done.stderr.splitlines()) == 1, done.stderr
    return done


def test_npy():
    dtypes = "? u1 i1 u2 i2 f2 u4 i4 f4 u8 i8 f8".split()
    shapes = [(), (0,), (1,), (7,), (3, 5), (2, 0, 3), (2, 3, 4, 5), (1,) * 8]
    for dtype in dtypes:
        for shape in shapes:
            a = rng.integers(0, 100, shape).astype(dtype)
            np.save(path("a.npy"), a)
            tool("npy", path("a.npy"), path("b.npy"))
            b = np.load(path("b.npy"))
            assert b.dtype == a.dtype and b.shape == a.shape
            assert np.array_equal(a, b)
    a = rng.random((5, 3), np.float32)
    for version in (1, 0), (2, 0), (3, 0):
        with open(path("v.npy"), "wb") as f:
            np.lib.format.write_array(f, a, version)
        tool("npy", path("v.npy"), path("b.npy"))
        assert np.array_equal(a, np.load(path("b.npy")))
    # one row or one column: the order means nothing, and NumPy may say either
    np.save(path("f.npy"), np.asfortranarray(a[:, :1]))
    tool("npy", path("f.npy"), path("b.npy"))
    np.save(path("f.npy"), np.asfortranarray(a))
    tool("npy", path("f.npy"), path("b.npy"), fails="Fortran order")
    np.save(path("f.npy"), a.astype(">f4"))
    tool("npy", path("f.npy"), path("b.npy"), fails="'>f4' (big-endian)")
    for other in a.astype(complex), np.array(["ab"]), np.zeros(2, "V2"):
        np.save(path("f.npy"), other)
        tool("npy", path("f.npy"), path("b.npy"), fails="element type")
    np.save(path("f.npy"), np.zeros(2, [("x", "f4"), ("y", "i4")]))
    tool("npy", path("f.npy"), path("b.npy"), fails="records")
    np.save(path("f.npy"), np.array([{}, None]), allow_pickle=True)
    tool("npy", path("f.npy"), path("b.npy"), fails="'|O'")


def test_safetensors():
    tensors = {
        "a": rng.random((3, 4), np.float32),
        "scalar": np.array(2.5),
        "empty": np.zeros((0, 4), np.float32),
        'name "ü" 😀': rng.integers(0, 9, (5,), np.int64),
        "half": rng.random((7, 2)).astype(np.float16),
        "bool": np.array([True, False, True]),
        "bytes": rng.integers(0, 255, 11, np.uint8),
    }
    value = 'line\nbreak "quote" \\ ☃ 😀 \x01'
    safetensors.numpy.save_file(tensors, path("a.st"), {"k": value})
    tool("safetensors", path("a.st"), path("b.st"))
    back = safetensors.numpy.load_file(path("b.st"))
    assert set(back) == set(tensors)
    for name, a in tensors.items():
        assert back[name].dtype == a.dtype and back[name].shape == a.shape
        assert np.array_equal(back[name], a), name
    with safetensors.safe_open(path("b.st"), "np") as f:
        assert f.metadata() == {"k": value}
    safetensors.numpy.save_file({}, path("a.st"))
    tool("safetensors", path("a.st"), path("b.st"))
    assert safetensors.numpy.load_file(path("b.st")) == {}


def test_zip():
    data = rng.integers(0, 4, 300000, np.int64)
    np.savez(path("a.npz"), x=data, y=np.arange(3))
    np.savez_compressed(path("b.npz"), x=data, y=np.arange(3))
    for name in "a.npz", "b.npz":
        tool("zip", path(name), "y.npy", path("y.npy"))
        assert np.array_equal(np.load(path("y.npy")), np.arange(3))
        tool("zip", path(name), "x.npy", path("x.npy"))
        assert np.array_equal(np.load(path("x.npy")), data)
        tool("zip", path(name), "z.npy", path("z.npy"), fails="no member 'z.npy'")
    outputs = []
    for zone in "UTC", "Asia/Tokyo", "America/New_York":
        os.environ["TZ"] = zone
        tool("to-zip", path("x.npy"), path("c.npz"), "x.npy")
        with open(path("c.npz"), "rb") as f:
            outputs.append(f.read())
    assert outputs[0] == outputs[1] == outputs[2]
    with np.load(path("c.npz")) as archive:
        assert np.array_equal(archive["x"], data)
    with zipfile.ZipFile(path("c.npz")) as archive:
        assert archive.testzip() is None
        info, = archive.infolist()
        assert info.compress_type == zipfile.ZIP_DEFLATED
        assert info.date_time[0] == 1980, info.date_time
        assert info.file_size == os.path.getsize(path("x.npy"))
    open(path("empty"), "w").close()
    tool("to-zip", path("empty"), path("c.zip"), "nothing")
    with zipfile.ZipFile(path("c.zip")) as archive:
        assert archive.read("nothing") == b""


def test_doubles():
    bits = rng.integers(0, 2**64, 60000, np.uint64)
    parts = [
        bits.view(np.float64),
        rng.random(20000, np.float32).astype(np.float64),
        rng.standard_normal(20000),
        np.array([2.0**e for e in range(-1074, 1024)]),
        np.nextafter([2.0**e for e in range(-1073, 1024)], 0),
        np.nextafter([2.0**e for e in range(-1073, 1024)], 1e400),
        (bits[:20000] >> 12).view(np.float64),  # subnormal
        bits[:9000].astype(np.uint32).view(np.float32).astype(np.float64),
        np.array([10.0**e for e in range(-323, 309)]),
        np.array([0.0, -0.0, 1.0, -1.5, 1e15, 1e16, 1e17, 123456789012345.6,
                  1234567890123456.0, 9999999999999998.0, 0.0001, 0.00001,
                  0.00012345, 5e-324, 1.7976931348623157e308, 9007199254740993.0,
                  2.0**53, 0.1, 1 / 3, 100.0, 1e22, 1e23]),
        rng.integers(0, 10**6, 5000) / 1000.0,
    ]
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    values = np.concatenate([values, -values[::5]])
    np.save(path("d.npy"), values)
    tool("doubles", path("d.npy"), path("d.txt"))
    with open(path("d.txt")) as f:
        lines = f.read().splitlines()
    assert len(lines) == len(values)
    wrong = [(repr(v), s) for v, s in zip(values.tolist(), lines) if repr(v) != s]
    assert not wrong, wrong[:10]


def test_halves():
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    np.save(path("h.npy"), halves)
    tool("to-f32", path("h.npy"), path("f.npy"))
    ours = np.load(path("f.npy"))
    theirs = halves.astype(np.float32)
    nan = np.isnan(theirs)
    assert np.array_equal(np.isnan(ours), nan)
    assert np.array_equal(ours[~nan].view(np.uint32), theirs[~nan].view(np.uint32))
    # every half, every middle between two, and the floats just beside both
    finite = np.sort(halves[np.isfinite(halves)].astype(np.float64))
    middles = np.concatenate([finite, (finite[1:] + finite[:-1]) / 2, [65520, -65520]])
    near = middles.astype(np.float32)
    rounded = np.concatenate([
        near, np.nextafter(near, np.float32(np.inf)),
        np.nextafter(near, np.float32(-np.inf)),
        rng.integers(0, 2**32, 500000, np.uint32).view(np.float32),
        np.array([np.inf, -np.inf, np.nan, 1e38, -1e38, 0.0, -0.0, 1e-45], np.float32)])
    np.save(path("f.npy"), rounded)
    tool("to-f16", path("f.npy"), path("h.npy"))
    ours = np.load(path("h.npy"))
    with np.errstate(over="ignore"):
        theirs = rounded.astype(np.float16)
    nan = np.isnan(theirs)
    assert np.array_equal(np.isnan(ours), nan)
    assert np.array_equal(ours[~nan].view(np.uint16), theirs[~nan].view(np.uint16))


def test_bfloat16():
    # safetensors as NumPy sees it has no BF16: the header is made by hand
    bits = np.arange(65536, dtype=np.uint16)
    header = json.dumps({"b": {"dtype": "BF16", "shape": [65536],
                               "data_offsets": [0, 131072]}}).encode()
    with open(path("b.st"), "wb") as f:
        f.write(struct.pack("<Q", len(header)) + header + bits.tobytes())
    tool("safetensors", path("b.st"), path("c.st"))
    with open(path("c.st"), "rb") as f:
        assert f.read().endswith(bits.tobytes())


def test_json_strings():
    strings = ["", "plain", 'quote " slash / back \\', "\x7f\x80\xa0\u2028\u2029",
               "\n\r\t\b\f\x01\x1f", "日本語", "😀👩\u200d🚀", "\U0010ffff", "\ufeff"]
    for _ in range(3000):
        n = random.randrange(12)
        strings.append("".join(chr(random.choice([
            random.randrange(1, 0xd800), random.randrange(0xe000, 0x110000),
            random.randrange(1, 128)])) for _ in range(n)))
    expected = json.dumps(strings)
    for ascii_only in True, False:
        with open(path("s.json"), "w", encoding="utf-8") as f:
            json.dump(strings, f, ensure_ascii=ascii_only)
        tool("json-strings", path("s.json"), path("t.json"))
        with open(path("t.json"), "rb") as f:
            assert f.read().decode("ascii") == expected


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
        print("ok", name)
