# SPDX-License-Identifier: LGPL-2.1-or-later
"""The data of the dashboard's page: every file against its JSON Schema, and
every number against the files that it was copied from, with NumPy.

And: no file above 2 MB, equal runs give equal bytes, what is left out of very
large clusters, and no page without facts.
"""
import base64
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import numpy as np
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from folders import content

DATA = pathlib.Path(os.environ["ACT_TEST_DATA"])
GOLDEN = DATA / "golden"
SAMPLE = pathlib.Path(os.environ["ACT_TEST_SAMPLE"])
SCHEMA = json.loads((DATA / "viewer-schema.json").read_text())
MAX_SIZE = 2_000_000
GZIP = bytes([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
folder = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder.name)


def run(*arguments, env=None):
    done = subprocess.run(["gst-activations", *map(str, arguments)], text=True, capture_output=True, timeout=120,
                          env={**os.environ, **(env or {})})
    assert done.returncode == 0, done.stderr
    return done.stderr


def dashboard(dump, name, *settings, env=None):
    output = scratch / name
    said = run("run", "--quiet", "from-dump", f"dump={dump}", f"clusters={dump}/clusters.json",
               f"vocabulary={dump}/vocab.json", f"output={output}", *settings, env=env)
    return output, said


def items(validator, schema, instance, whole):
    """the keyword, but lists of nothing but numbers that need no more are looked at at once"""
    if not isinstance(instance, list):
        return
    if schema == {"type": "integer", "minimum": 0} and all(type(item) is int and item >= 0 for item in instance):
        return
    if schema == {"type": "number"} and all(type(item) in (int, float) for item in instance):
        return
    yield from jsonschema.Draft202012Validator.VALIDATORS["items"](validator, schema, instance, whole)


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"items": items})


def validator(kind):
    return Validator({**SCHEMA, "$ref": f"#/$defs/file-{kind}"})


VALIDATORS = {name.removeprefix("file-"): validator(name.removeprefix("file-"))
              for name in SCHEMA["$defs"] if name.startswith("file-")}


class Page:
    """What the page finds: each file by name, and parts put together."""

    def __init__(self, output):
        self.output = output
        self.raw, self.files = {}, {}
        for path in sorted((output / "data").iterdir()):
            self.read(path)
        self.run = self.files["run"]
        self.vocabulary = self.joined("vocabulary", "vocab_size")
        self.check_strings()
        self.index = self.joined("index", "n_lines")
        self.texts = self.joined("texts", "n_texts")
        self.search = self.joined("search", "vocab_size")
        self.lines = []
        for number, file in enumerate(self.parts("clusters")):
            assert file["first"] == len(self.lines)
            self.lines += [{**cluster, "chunk": number, "lists": file["tokens"]} for cluster in file["clusters"]]

    def read(self, path):
        text = path.read_text("ascii")
        assert len(text) <= MAX_SIZE, (path, len(text))
        match = re.fullmatch(r'actdata\("([a-z_]+(?:-\d{3,})?)", "([A-Za-z0-9+/]+=*)"\);\n', text)
        assert match and match[1] == path.stem, path
        packed = base64.b64decode(match[2], validate=True)
        assert packed.startswith(GZIP), path
        self.raw[path.stem] = gzip.decompress(packed)
        self.files[path.stem] = json.loads(self.raw[path.stem].decode("ascii"))
        kind = path.stem.split("-")[0]
        VALIDATORS[kind].validate(self.files[path.stem])

    def parts(self, kind):
        names = sorted((name for name in self.files if name.startswith(kind + "-")), key=lambda s: int(s.split("-")[1]))
        assert names == [f"{kind}-{i:03}" for i in range(len(names))]
        return [self.files[name] for name in names]

    def joined(self, kind, total):
        """columns of all parts one after another"""
        parts, columns, n = self.parts(kind), {}, 0
        if kind in ("index", "vocabulary"):
            assert len(parts) == self.run[kind + "_parts"], kind
        else:
            assert [part["first"] for part in parts] == self.run[kind + "_files"], kind
        for part in parts:
            assert part["first"] == n, kind
            if "more" in part:
                columns["members"][-1] += part["more"]
            lists = {key: column for key, column in part.items() if key not in ("first", "more", "strings")} \
                if kind != "vocabulary" else {"strings": part["strings"]}
            n += len(next(iter(lists.values())))
            for key, column in lists.items():
                columns.setdefault(key, []).extend(column)
                assert len(columns[key]) == n, (kind, key)
        assert n == self.run[total], kind
        return columns

    def named(self, name, file):
        """the token numbers in a file"""
        kind = name.split("-")[0]
        if kind == "index":
            return [t for key in ("top_tokens", "common_tokens") for row in file[key] for t in row]
        tables = [component[key][order]["token"] for component in file.get("components", ())
                  for key in ("tokens", "next_tokens") if key in component for order in ("by_count", "by_lift")]
        return [t for row in [*tables, *file["tokens"]] for t in row]

    def check_strings(self):
        """a file has the strings of its token numbers, and no others"""
        for name, file in self.files.items():
            if name.split("-")[0] in ("index", "clusters", "components", "texts"):
                wanted = sorted(set(self.named(name, file)))
                assert list(map(int, file["strings"])) == wanted, name
                assert list(file["strings"].values()) == [self.vocabulary["strings"][t] for t in wanted], name


def lines_of(output, name):
    return [line for line in (output / name).read_text("ascii").split("\n") if line]


def arrays(output, name):
    """all at once: an .npz unpacks an array each time that it is asked for"""
    with np.load(output / name) as z:
        return dict(z)


def dense(pair, n_ctx):
    row = np.zeros(n_ctx, int)
    row[pair[0]] = pair[1]
    assert pair[0] == sorted(set(pair[0]))
    return row


def quantized(values, scale):
    """as docs/formats.md says"""
    wide = np.abs(values.astype(float))
    levels = np.floor(wide / (scale or 1) * 255 + 0.5).astype(int)
    return np.sign(values).astype(int) * np.where(wide > 0, np.maximum(levels, 1), 0)


def assert_run(page, facts):
    info = json.loads((page.output / "model_info.json").read_text())
    run = page.run
    assert run["model_info"] == info
    assert page.files["run_info"] == json.loads((page.output / "run_info.json").read_text())
    assert (run["n_lines"], run["n_samples"], run["n_ctx"]) == (
        len(facts), info["n_samples"], info["sequence_length"])
    assert run["modules"] == [m["module"] for m in info["modules"]]
    assert run["components"] == [m["n_components"] for m in info["modules"]]
    assert run["criteria"] == info["settings"]["criteria"]
    if not any(fact["members"] for fact in facts):
        assert run["mass"] is None
        return
    masses = dict.fromkeys(run["modules"], 0.0)
    for fact in facts:
        for member in fact["members"]:
            masses[member["label"].rpartition(":")[0]] += member["mass"]
    assert run["mass"]["modules"] == list(masses.values())
    layers = {}
    for module, mass in masses.items():
        numbers = [int(part) for part in module.split(".") if part.isdigit()]
        layer = numbers[0] if numbers else None
        layers[layer] = layers.get(layer, 0.0) + mass
    assert run["mass"]["layers"] == [list(pair) for pair in layers.items()]


def assert_index(page, clusters, facts):
    index, first = page.index, np.cumsum([0, *page.run["components"]])
    columns = {module: first[i] for i, module in enumerate(page.run["modules"])}
    strings = page.vocabulary.get("strings", [])
    for i, (line, fact) in enumerate(zip(clusters, facts)):
        stats, histogram = line["stats"], line["stats"]["all_activations"]
        expected = {
            "name": line["cluster_hash"], "chunk": page.lines[i]["chunk"],
            "members": [columns[c["module"]] + c["index"] for c in line["components"]],
            "n_samples": stats["n_samples"], "position_rate": fact["activation"]["position_rate"],
            "sample_rate": fact["activation"]["sample_rate"], "max": stats["max_activation"],
            "mean": fact["activation"]["mean"], "histogram": histogram["bin_counts"],
            "histogram_min": histogram["bin_edges"][0], "histogram_max": histogram["bin_edges"][-1],
            # that of a single token is -1e-10 in the file, and 0 on the page
            "entropy": max(0.0, stats["token_activations"]["entropy"]),
            "concentration": stats["token_activations"]["concentration_ratio"],
            "near": fact["coactivating"]["by_jaccard"]["line"][:10],
            "near_jaccard": fact["coactivating"]["by_jaccard"]["jaccard"][:10],
        }
        for key, value in expected.items():
            assert index[key][i] == value, (i, key, index[key][i], value)
        for key, ranking in ("top_tokens", "by_lift"), ("common_tokens", "by_count"):
            assert [strings[t] for t in index[key][i]] == fact["tokens"][ranking]["token"][:5], (i, key)


def assert_shown(page, i, samples, components, texts):
    """a line's shown samples, where nothing was cut"""
    shown, n_ctx, strings = page.lines[i]["shown"], page.run["n_ctx"], page.vocabulary["strings"]
    first, end = samples["indptr"][i:i + 2]
    assert shown["first_row"] == first
    assert shown["sample"] == samples["sample"][first:end].tolist()
    lists = [[strings[t] for t in page.lines[i]["lists"][k]] for k in shown["tokens"]]
    for text, number, tokens in zip(samples["text"][first:end], shown["text"], lists):
        assert texts[text]["text_hash"] == page.texts["hash"][number]
        assert texts[text]["tokens"] == [strings[t] for t in page.texts["tokens"][number]]
        assert " ".join(tokens) == texts[text]["full_text"]
    rows = samples["activations"][first:end]
    assert shown["scale"] == np.abs(rows).max(initial=0)
    assert shown["peak"] == rows.max(1).tolist(), i
    assert shown["peak_position"] == rows.argmax(1).tolist(), i
    found = np.array([dense(pair, n_ctx) for pair in shown["activations"]]).reshape(-1, n_ctx)
    assert np.array_equal(found, quantized(rows, shown["scale"])), i

    if components["line_indptr"][-1] == 0:
        assert shown["members"] is shown["member_scale"] is shown["coactivations"] is None
        return
    n_members, n_shown = len(shown["members"]), end - first
    row = components["line_indptr"][i]
    assert components["line_indptr"][i + 1] - row == n_members * n_shown
    ends = components["indptr"][row:row + n_members * n_shown + 1]
    values = components["values"][ends[0]:ends[-1]]
    assert shown["member_scale"] == np.abs(values).max(initial=0)
    levels = quantized(values, shown["member_scale"])
    flat = [pair for member in shown["members"] for pair in member]
    assert [n for pair in flat for n in pair[0]] == components["positions"][ends[0]:ends[-1]].tolist()
    assert [n for pair in flat for n in pair[1]] == levels.tolist()
    assert [len(pair[0]) for pair in flat] == np.diff(ends).tolist()
    a, b = components["coactivations_indptr"][i:i + 2]
    assert np.array_equal(np.array(shown["coactivations"]).ravel(), components["coactivations"][a:b])


def assert_search(page, facts):
    strings = page.vocabulary.get("strings", [])
    listed = {}
    for line, fact in enumerate(facts):
        tokens = fact["tokens"]
        lifts = {token: lift for ranking in ("by_count", "by_lift")
                 for token, lift in zip(tokens[ranking]["token"], tokens[ranking]["lift"])}
        for token, lift in lifts.items():
            listed.setdefault(token, []).append((-lift, line))
    holding = {}
    for number, tokens in enumerate(page.texts.get("tokens", [])):
        for token in set(tokens):
            holding.setdefault(token, []).append(number)
    for token, string in enumerate(strings):
        assert page.search["clusters"][token] == [line for _, line in sorted(listed.get(string, []))], string
        assert page.search["texts"][token] == holding.get(token, [])[:200], string
        assert page.search["n_texts"][token] == len(holding.get(token, [])), string


def assert_heat(page, ids):
    heat, z = page.files["heat"], arrays(page.output, "coactivations.npz")
    place = {number: i for i, number in enumerate(z["cluster_indices"].tolist())}
    chosen = [place[int(name.rpartition("-")[2])] for name in ids]
    counts = z["coactivations"][np.ix_(chosen, chosen)]
    order = sorted(range(len(chosen)), key=lambda line: (-counts[line, line], line))
    assert heat["lines"] == sorted(order[:128])
    expected = counts[np.ix_(heat["lines"], heat["lines"])]
    assert np.array_equal(np.array(heat["counts"]).reshape(expected.shape), expected)


def check(output, whole=True):
    """everything about a dashboard; whole: nothing is cut"""
    page = Page(output)
    raw_clusters, raw_facts = lines_of(output, "clusters.jsonl"), lines_of(output, "cluster_facts.jsonl")
    clusters, facts = [[json.loads(line) for line in raw] for raw in (raw_clusters, raw_facts)]
    assert_run(page, facts)
    assert_index(page, clusters, facts)
    assert_search(page, facts)
    assert_heat(page, [line["cluster_hash"] for line in clusters])
    assert len(page.lines) == len(clusters)
    if whole:
        samples, components = arrays(output, "samples.npz"), arrays(output, "component_activations.npz")
        texts = [json.loads(line) for line in lines_of(output, "text_samples.jsonl")]
        for i, found in enumerate(page.lines):
            assert found["cut"] is None
            # the very lines, number for number
            file = page.raw[f"clusters-{found['chunk']:03}"].decode()
            assert f'{{"line":{raw_clusters[i]},"facts":{raw_facts[i]},"shown":' in file
            assert_shown(page, i, samples, components, texts)
    return page


def test_golden():
    for case in sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()):
        output, _ = dashboard(GOLDEN / case, case, "min-token-count=1", "n-samples=3", "n-random=4", "hist-bins=7")
        check(output)


def test_settings():
    """several criteria, few texts, no records of components"""
    settings = "criteria=max_activation-max,mean_activation-min", "texts=referenced", "n-coactivating=3"
    check(dashboard(GOLDEN / "leaky_negative", "settings", *settings)[0])
    check(dashboard(GOLDEN / "basic", "plain", *settings, "component-records=false", "n-random=0")[0])


def test_sample_model():
    """more than one file of details; twice, the same bytes"""
    outputs = [scratch / name for name in ("once", "again")]
    for output in outputs:
        run("dashboard", "--quiet", "--model", SAMPLE, "--text", "/usr/share/common-licenses/GPL-3", "--n-ctx", "32",
            "--output", output)
    page = check(outputs[0])
    assert len(page.parts("clusters")) > 1
    assert content(outputs[0]) == content(outputs[1])


def test_many_clusters():
    """more than one file of the index"""
    store, output = scratch / "store", scratch / "many"
    maker = pathlib.Path(__file__).parent.parent / "bench" / "make_large_store.py"
    subprocess.run([sys.executable, maker, store, "1010", "--samples", "40", "--n-ctx", "16"], check=True,
                   stdout=subprocess.DEVNULL)
    run("run", "--quiet", "from-store", f"stores={store}", f"output={output}", "n-samples=3", "n-random=2",
        "top-n-tokens=10", "n-coactivating=12")
    assert len(check(output).parts("index")) == 2


def one_cluster(name, n_components, n_samples, n_ctx):
    """a dump in which all components are one cluster, always active"""
    dump = scratch / name
    dump.mkdir()
    rng = np.random.default_rng(1)
    labels = [f"h.{i % 3}.mlp:{i // 3}" for i in range(n_components)]
    (dump / "labels.txt").write_text("".join(label + "\n" for label in labels))
    (dump / "clusters.json").write_text(json.dumps({"0": labels}))
    (dump / "vocab.json").write_text(json.dumps([f"t{i}" for i in range(50)]))
    np.save(dump / "tokens.npy", rng.integers(0, 50, (1, n_samples, n_ctx), np.int32))
    values = rng.random((n_samples * n_ctx, n_components), np.float32) * np.arange(1, n_components + 1, dtype="f4")
    np.save(dump / "activations_000.npy", values)
    return dump


def assert_cut(output, found, n_listed):
    """the 64 members of most mass have details; what they say is right"""
    fact = json.loads(lines_of(output, "cluster_facts.jsonl")[0])
    members, shown = fact["members"], found["shown"]
    order = sorted(range(len(members)), key=lambda m: (-members[m]["mass"], m))
    kept = sorted(order[:64])
    listed = kept if n_listed == 64 else range(len(members))
    assert found["facts"] == {**fact, "members": [members[m] for m in listed]}
    assert [c["label"] for c in found["line"]["components"]] == [members[m]["label"] for m in listed]
    assert [m for m, member in zip(listed, shown["members"]) if member is not None] == kept
    z, n_shown = arrays(output, "component_activations.npz"), len(shown["sample"])
    values = [[z["values"][slice(*z["indptr"][m * n_shown + k:m * n_shown + k + 2])] for k in range(n_shown)]
              for m in kept]
    assert shown["member_scale"] == max(row.max() for member in values for row in member)
    for member, m in zip(values, kept):
        pairs = shown["members"][listed.index(m)]
        assert [pair[1] for pair in pairs] == [quantized(row, shown["member_scale"]).tolist() for row in member]
    # of 700 and more none are kept
    assert shown["coactivations"] is None


def test_cut():
    """a line that would be too large, and one with very many members"""
    for n, n_listed, n_samples in (700, 700, 40), (4500, 64, 3):
        output, _ = dashboard(one_cluster(f"dump-{n}", n, n_samples, 16), f"cut-{n}")
        found, = check(output, whole=False).lines
        assert found["cut"] == (f"of {n} components only the 64 of most mass "
                                + ("are listed" if n_listed == 64 else "have details"))
        assert_cut(output, found, n_listed)


def test_cut_further():
    """dense and long: even 64 would be too large"""
    output, _ = dashboard(one_cluster("dump-dense", 100, 40, 256), "cut-dense")
    found, = check(output, whole=False).lines
    kept = [member for member in found["shown"]["members"] if member is not None]
    assert (len(kept), len(found["shown"]["members"])) == (32, 100)
    assert found["cut"] == "of 100 components only the 32 of most mass have details"
    assert np.array(found["shown"]["coactivations"]).shape == (32, 32)


def test_cut_coactivations():
    """few enough members that these are there"""
    output, _ = dashboard(one_cluster("dump-400", 400, 60, 16), "cut-400", "n-samples=60")
    found, = check(output, whole=False).lines
    z = arrays(output, "component_activations.npz")
    kept = [m for m, member in enumerate(found["shown"]["members"]) if member is not None]
    assert len(kept) == 64
    counts = z["coactivations"].reshape(400, 400)[np.ix_(kept, kept)]
    assert np.array_equal(found["shown"]["coactivations"], counts)


def test_without():
    env = {"GST_DEBUG": "actdashboard:4", "GST_DEBUG_NO_COLOR": "1"}
    output, said = dashboard(GOLDEN / "basic", "no-facts", "facts=false", env=env)
    assert "no page: it shows the facts, and facts=false" in said, said
    other, said = dashboard(GOLDEN / "basic", "no-page", "viewer=false", env=env)
    assert "no page" not in said
    whole, _ = dashboard(GOLDEN / "basic", "page", env=env)
    for each in output, other:
        assert not any((each / name).exists() for name in ("data", "page", "index.html"))
    # all else is the same
    assert content(other) == {name: data for name, data in content(whole).items()
                              if not name.startswith(("data/", "page/", "index.html"))}


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(name, "ok", flush=True)
