# SPDX-License-Identifier: LGPL-2.1-or-later
"""Data sets of token ids: shards by a pattern, JSON Lines, Parquet.

Each in the forms that NumPy, json and PyArrow write; what arrives must be the
same ids in the same order, and what is damaged an error that names the place.
"""
import contextlib
import importlib.machinery
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import pyarrow
    import pyarrow.parquet
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

sys.dont_write_bytecode = True
TOOLS = pathlib.Path(os.environ["ACT_TEST_SAMPLE"]).parent.parent / "tools"
importer = importlib.machinery.SourceFileLoader(
    "importer", str(TOOLS / "import-tokens")).load_module()
importer.PIECE = 7  # pieces that end within files
folder = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder.name)
N_CTX = 6
rng = numpy.random.default_rng(4)
ids = rng.integers(0, 1000, (53, N_CTX), numpy.int32)
count = 0


def read(location, fails=None, **settings):
    """What acttokensrc makes of it, [samples, n_ctx]."""
    global count
    count += 1
    output = scratch / f"read-{count}"
    words = " ".join(f"{k.replace('_', '-')}={v}" for k, v in
                     ({"vocab_size": 1000, "batch_size": 4} | settings).items())
    done = subprocess.run(
        ["gst-activations", "run", "--quiet", "/dev/stdin",
         f"location={location}", f"output={output}"],
        input=f"acttokensrc location=${{location}} {words} ! "
              "actdumpsink location=${output}",
        capture_output=True, text=True, timeout=100)
    if fails is not None:
        assert done.returncode == 1 and fails in done.stderr, done.stderr
        assert not output.exists()
        return None
    assert done.returncode == 0, done.stderr
    found = numpy.load(output / "tokens.npy").reshape(-1, N_CTX)
    return found[(found != -1).any(axis=1)]


def folder_of(name):
    made = scratch / name
    made.mkdir()
    return made


def test_shards():
    made = folder_of("shards")
    for i, (first, last) in enumerate(((0, 5), (5, 5), (5, 6), (6, 30),
                                       (30, 41), (41, 53))):
        # 10 after 9: the order is that of the numbers
        dtype = (numpy.int32, numpy.uint16, numpy.int64)[i % 3]
        numpy.save(made / f"tokens_{i + 7}.npy", ids[first:last].astype(dtype))
    assert numpy.array_equal(read(made / "tokens_*.npy"), ids)
    assert numpy.array_equal(read(made / "*_[789].npy"), ids[:6])
    part = read(made / "*.npy", first_sample=4, n_samples=40, batch_size=5)
    assert numpy.array_equal(part, ids[4:44])
    shards = [read(made / "*.npy", shard_index=i, shard_count=3)
              for i in range(3)]
    assert numpy.array_equal(numpy.concatenate(shards), ids)
    read(made / "none*.npy", fails="no file of token ids matches")
    numpy.save(made / "tokens_20.npy", ids[:3, :5])
    read(made / "*.npy", fails="tokens_20.npy' has samples of 5 tokens, "
                               "expected 6")
    numpy.save(made / "tokens_20.npy", ids[:3] + 1000)
    read(made / "*.npy", fails="tokens_20.npy': sample 0, position 0: token id")
    # a name that holds a pattern's characters is a name first
    numpy.save(made / "odd[1].npy", ids[:2])
    assert numpy.array_equal(read(made / "odd[1].npy"), ids[:2])


def write_lines(name, lines):
    path = scratch / name
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x)
                              for x in lines) + "\n")
    return path


def test_json_lines():
    rows = [{"text": "ü \n x", "input_ids": row, "n": i}
            for i, row in enumerate(ids.tolist())]
    assert numpy.array_equal(read(write_lines("a.jsonl", rows)), ids)
    assert numpy.array_equal(
        read(write_lines("b.jsonl", rows[:9] + ["", "  "] + rows[9:])), ids)
    write_lines("c-1.jsonl", rows[:20])
    write_lines("c-2.jsonl", rows[20:])
    assert numpy.array_equal(read(scratch / "c-*.jsonl"), ids)
    assert numpy.array_equal(
        read(scratch / "a.jsonl", first_sample=50), ids[50:])
    other = write_lines("d.jsonl", [{"tokens": row} for row in ids.tolist()])
    assert numpy.array_equal(read(other, field="tokens"), ids)
    for name, line, message in (
            ("short", {"input_ids": [1, 2]}, "line 3: it has 2 token ids, "
                                             "expected 6"),
            ("text", {"input_ids": "x"}, "line 3: \"input_ids\" is no list"),
            ("missing", {"ids": [1]}, "line 3: \"input_ids\" is no list"),
            ("list", [1, 2, 3, 4, 5, 6], "line 3: \"input_ids\" is no list"),
            ("float", {"input_ids": [1, 2, 3, 4, 5, 6.0]}, "no integer"),
            ("null", {"input_ids": [1, 2, 3, 4, 5, None]}, "no integer"),
            ("large", {"input_ids": [1, 2, 3, 4, 5, 1000]},
             "sample 2, position 5: token id 1000"),
            ("cut", '{"input_ids": [1, 2', "line 3"),
            ("twice", '{"input_ids": [], "input_ids": []}', "line 3")):
        path = write_lines(f"{name}.jsonl", rows[:2] + [line] + rows[2:5])
        read(path, fails=message)
    read(write_lines("empty.jsonl", []), fails="has no lines")
    read(write_lines("none.jsonl", [{"input_ids": []}]), fails="no token ids")
    read(scratch / "a.jsonl", n_ctx=7, fails="samples of 6 tokens, expected 7")


def import_tokens(*args, fails=None):
    sys.argv = ["import-tokens", *map(str, args)]
    said, code = io.StringIO(), 0
    with contextlib.redirect_stderr(said):
        try:
            importer.main()
        except SystemExit as end:
            code = end.code
    assert code == (0 if fails is None else 1), said.getvalue()
    assert fails is None or fails in said.getvalue(), said.getvalue()
    return said.getvalue()


def parquet(name, column, **others):
    path = scratch / name
    table = pyarrow.table({"input_ids": column} | others)
    pyarrow.parquet.write_table(table, path, row_group_size=10)
    return path


def test_parquet():
    forms = {
        "list": pyarrow.array(ids.tolist(), pyarrow.list_(pyarrow.int32())),
        "large": pyarrow.array(ids.tolist(),
                               pyarrow.large_list(pyarrow.int64())),
        "fixed": pyarrow.array(ids.tolist(),
                               pyarrow.list_(pyarrow.uint16(), N_CTX)),
    }
    text = pyarrow.array(["x"] * len(ids))
    for name, column in forms.items():
        path = parquet(f"{name}.parquet", column, text=text)
        said = import_tokens(path, scratch / f"{name}.npy")
        assert "53 rows" in said and "53 samples of 6, 0 ids dropped" in said
        assert numpy.array_equal(numpy.load(scratch / f"{name}.npy"), ids)
        assert numpy.array_equal(read(scratch / f"{name}.npy"), ids)
    import_tokens(scratch / "list.parquet", scratch / "large.parquet",
                  scratch / "both.npy", "--dtype", "uint16")
    both = numpy.load(scratch / "both.npy")
    assert both.dtype == numpy.uint16
    assert numpy.array_equal(both, numpy.concatenate([ids, ids]))
    read(scratch / "list.parquet", fails="gst-activations-import-tokens")
    import_tokens(path, scratch / "list.npy", fails="exists already")


def test_packing():
    rows = [ids.reshape(-1)[a:b].tolist() for a, b in
            ((0, 1), (1, 1), (1, 100), (100, 107), (107, 311))]
    ragged = pyarrow.array(rows, pyarrow.list_(pyarrow.int32()))
    flat = pyarrow.array(ids.reshape(-1)[:311])
    expected = ids.reshape(-1)[:308].reshape(-1, 7)
    lines = write_lines("ragged.jsonl", [{"input_ids": row} for row in rows])
    for path in (parquet("ragged.parquet", ragged),
                 parquet("flat.parquet", flat), lines):
        output = path.with_suffix(path.suffix + ".npy")
        said = import_tokens(path, output, "--pack", "--n-ctx", 7)
        assert "44 samples of 7, 3 ids dropped" in said, said
        assert numpy.array_equal(numpy.load(output), expected)
    import_tokens(lines, scratch / "x.npy", fails="row 1 has 0 ids, expected 1")
    import_tokens(lines, scratch / "x.npy", "--pack", fails="needs --n-ctx")
    import_tokens(lines, scratch / "x.npy", "--pack", "--n-ctx", 400,
                  fails="not one whole sample")


def test_hostile_lines():
    path = scratch / "deep.jsonl"
    for text, message in (("[" * 100_000, "line 1"), ("{" * 10, "line 1"),
                          ('{"input_ids": [1' + "0" * 5000 + "]}", "deep")):
        path.write_text(text + "\n")
        said = import_tokens(path, scratch / "x.npy", fails=message)
        assert len(said.splitlines()) == 1 and len(said) < 600, said
    for n_ctx in 0, -1:
        import_tokens(path, scratch / "x.npy", "--n-ctx", n_ctx,
                      fails="expected 1 at least")


def test_piece_size():
    """Rows of many ids come a few at a time."""
    wide = rng.integers(0, 1000, (40, 3000), numpy.int32)
    path = parquet("wide.parquet", list(wide))
    importer.PIECE_IDS, before = 9000, importer.PIECE_IDS
    try:
        sizes = [len(ids) for ids, _ in importer.pieces(str(path), "input_ids")]
        assert max(sizes) <= 9000 and sum(sizes) == wide.size, sizes
        import_tokens(path, scratch / "wide.npy")
    finally:
        importer.PIECE_IDS = before
    assert (numpy.load(scratch / "wide.npy") == wide).all()


def test_bad_parquet():
    good = parquet("good.parquet", pyarrow.array(ids.tolist()))
    cut = scratch / "cut.parquet"
    cut.write_bytes(good.read_bytes()[:-20])
    import_tokens(cut, scratch / "x.npy", fails="cut.parquet")
    import_tokens(good, scratch / "x.npy", "--column", "no",
                  fails="has no column 'no', only input_ids")
    import_tokens(scratch / "missing.parquet", scratch / "x.npy",
                  fails="missing.parquet")
    for name, column, message in (
            ("floats", [[.5] * N_CTX], "expected lists of integers"),
            ("text", ["a"], "expected integers or lists of them"),
            ("nulls", [[1, 2, 3], None], "rows without a value"),
            ("gaps", [[1, None, 3]], "without gaps"),
            ("negative", [[1, -2, 3]], "ids from -2 to 3"),
            ("large", [[1, 2**40, 3]], "expected 0 to 2147483647"),
            ("short", [[1, 2, 3], [4]], "row 1 has 1 ids, expected 3")):
        path = parquet(f"{name}.parquet", pyarrow.array(column))
        import_tokens(path, scratch / "x.npy", fails=message)
        assert not (scratch / "x.npy").exists()
        assert not list(scratch.glob(".import*"))


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
        print("ok", name)
