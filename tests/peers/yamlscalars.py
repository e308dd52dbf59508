# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plain scalars of YAML 1.1: what they mean to PyYAML, they mean here."""
import datetime
import itertools
import json
import math
import os
import random
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

TOOL = "test-formats-tool"
SCALARS = """
0 -0 +0 1 -7 +12 007 010 -010 +017 08 09 0_7 0_ 00 0o17 0O17 1_000 _1 1_ -1_0
0x1F 0X1F -0xff 0x_1 0xG 0b101 -0b1_1 0b2 0b 0x 1e3 1e-3 1E5 1.0e3 1.0e+3 1.e-3
1.5 -1.5 +1.5 1. -1. .5 -.5 +.5 ._5 5_.5 1_0.2_5 1.5e+2 1.5E-2 1.5e+ 1.5e-2_0
0.1 1.0e-05 1.0e+400 -1.0e+400 4.9e-324 1.0e-400 1.7976931348623157e+308
.inf -.inf +.inf .Inf .INF .iNF inf -inf Infinity .nan .NaN .NAN -.nan nan NaN
1:30 -1:30 190:20:30 1:60 1:5 1:05 0:30 1:30.5 -190:20:30.15 1:60.5 0:1.5 1_0:3_0
yes Yes YES yEs no No NO on On ON off Off OFF y Y n N true True TRUE tRUE false
False FALSE t f null Null NULL nULL ~ none None nil
9223372036854775807 -9223372036854775808 0x7fffffffffffffff
1.2.3 12ab 1-2 - -- -1- 1,5 +-1 0.0.0 e5 .e5 . .. ... + _ __ 1__0 0b1_ 0x1_
h.0.attn.q_proj leaky_hard 2e 1e 0e0 1.0 01.5 00.5 0_1.5 1_.5 0b1.0 0x1.8
""".split()
folder = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(folder.name, name)


def ours(text):
    with open(path("in.yaml"), "w", encoding="utf-8") as f:
        f.write(text)
    done = subprocess.run([TOOL, "yaml", path("in.yaml"), path("out.json")],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        assert done.returncode == 1 and "in.yaml" in done.stderr, done.stderr
        return None
    with open(path("out.json"), encoding="utf-8") as f:
        return json.load(f)


def theirs(text):
    found = yaml.safe_load(text)
    for key, value in found.items():
        if isinstance(value, float) and not math.isfinite(value):
            found[key] = str(value)
        elif isinstance(value, (datetime.date, datetime.datetime)):
            found[key] = None  # text here: see assert_same
    return found


def assert_same(found, expected, scalars):
    assert found is not None and list(found) == list(expected)
    for key, scalar in scalars.items():
        if expected[key] is None and scalar[:1].isdigit():
            assert found[key] == scalar, (scalar, found[key])
            continue
        assert type(found[key]) is type(expected[key]) \
            and found[key] == expected[key], (scalar, found[key], expected[key])


def document(scalars):
    return "".join(f"{key}: {scalar}\n" for key, scalar in scalars.items())


def split(scalars):
    """Those that PyYAML takes, and those that it fails at."""
    good, bad = {}, []
    for i, scalar in enumerate(scalars):
        try:
            yaml.safe_load(f"a: {scalar}\n")
            good[f"k{i}"] = scalar
        except (yaml.YAMLError, ValueError):
            bad.append(scalar)
    return good, bad


def test_table():
    good, bad = split(SCALARS)
    assert len(good) > 140 and "0x_1" in good.values()
    assert_same(ours(document(good)), theirs(document(good)), good)
    for scalar in bad + ["0x_", "0b_", "0b__", "-0x_", "=", "<<"]:
        assert ours(f"a: {scalar}\n") is None, scalar


def test_quoted():
    for quote in "'", '"':
        scalars = {f"k{i}": f"{quote}{s}{quote}" for i, s in enumerate(SCALARS)}
        found = ours(document(scalars))
        assert found == theirs(document(scalars))
        assert list(found.values()) == SCALARS
    text = "a: |\n  010\nb: >-\n  yes\nc: [1, 010, yes]\nd: {e: 1:30}\n"
    assert ours(text) == theirs(text)


def test_empty():
    text = "a:\nb: ~\nc: ''\n"
    assert ours(text) == theirs(text) == {"a": None, "b": None, "c": ""}


def test_dates():
    """Which PyYAML makes dates of, and json.dump text again."""
    assert ours("a: 2001-12-14\nb: 2001-12-14 21:59:43.10 -5\n") == {
        "a": "2001-12-14", "b": "2001-12-14 21:59:43.10 -5"}


def test_generated():
    """All short strings of what numbers are made of, and many longer ones."""
    alphabet = "019_.-+:exb"
    short = ["".join(s) for n in (1, 2, 3)
             for s in itertools.product(alphabet, repeat=n)]
    random.seed(5)
    long = ["".join(random.choices(alphabet + "57ef", k=random.randrange(4, 10)))
            for _ in range(20_000)]
    scalars = [s for s in dict.fromkeys(short + long)
               if not s.endswith(":") and not s.startswith(("- ", "?"))]
    good, bad = split(scalars)
    assert len(good) > 19_000
    items = list(good.items())
    for i in range(0, len(items), 4000):  # 4,096 keys a mapping at most
        part = dict(items[i:i + 4000])
        large = {k for k, v in theirs(document(part)).items()
                 if isinstance(v, int) and not -2**63 <= v < 2**63}
        part = {k: v for k, v in part.items() if k not in large}
        assert_same(ours(document(part)), theirs(document(part)), part)
    for scalar in bad[:40]:
        assert ours(f"a: {scalar}\n") is None, scalar


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
        print("ok", name)
