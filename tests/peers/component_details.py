# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the page's data say of single components, over the golden dumps, against
NumPy: every number, from docs/formats.md alone.

And: bounded memory gives the same bytes; what would be too much is cut; without
component-details all else is the same.
"""
import json
import math
import shutil
import sys
from fractions import Fraction

try:
    import jsonschema  # of viewer.py
    import numpy as np
except ImportError as e:
    print("skipped:", e)
    sys.exit(77)

from cluster_facts import CASES, GOLDEN, N_COACTIVATING, N_RANDOM, Recomputed, Run, make, priority, scratch
from viewer import Page, content, dashboard, dense, one_cluster, quantized


def entries_of(page):
    """all entries in order, each with its file's token lists"""
    files = page.parts("components")
    firsts = [[file["components"][0][key] for key in ("line", "member")] for file in files]
    assert page.run["component_files"] == (firsts or None)
    return [{**entry, "lists": file["tokens"]} for file in files for entry in file["components"]]


def histogram(values, n_bins):
    """or None where there is nothing"""
    if values.size == 0:
        return None
    counts, edges = np.histogram(values.ravel(), bins=n_bins)
    return {"bin_edges": [float(edge) for edge in edges], "bin_counts": counts.tolist()}


def counted(table, strings):
    """a table without its rates, which follow; token numbers as strings"""
    def ranking(key):
        found = table[key]
        tokens = [t if strings is None else strings[t] for t in found["token"]]
        return [tokens, found["count"], found["run_count"]]
    return [table[key] for key in ("n_positions", "n_active_positions", "n_unique")] \
        + [ranking("by_count"), ranking("by_lift")]


def spread(run, mine, active):
    """entropy and concentration of the tokens at active positions"""
    counts = {}
    for row, flags in zip(mine, active):
        for position in np.flatnonzero(flags):
            token = run.strings[row][position]
            counts[token] = counts.get(token, 0) + 1
    total, ranked = sum(counts.values()), sorted(counts.values(), reverse=True)
    if total == 0:
        return 0.0, 0.0
    shares = [n / total for n in counts.values()]
    return -sum(p * math.log(p + 1e-10) for p in shares), sum(ranked[:max(1, len(ranked) // 10)]) / total


def assert_samples(run, page, entry, mine, values, active):
    """which samples are shown, and what of them"""
    maxima, n = values.max(1, initial=-np.inf), run.params["n_samples"]
    top = [int(mine[k]) for k in np.argsort(-maxima, kind="stable") if maxima[k] > 0][:n]
    random = sorted((int(sample) for sample in mine[active.any(1)]), key=priority)[:N_RANDOM]
    shown, picked = entry["shown"], sorted({*top, *random})
    assert shown["sample"] == picked
    assert list(entry["samples"]) == [f"max_activation-max-{n}", "random"]
    found = [[picked[k] for k in places] for places in entry["samples"].values()]
    assert found == [top, random]
    rows = values[np.searchsorted(mine, picked)]
    assert shown["peak"] == rows.max(1, initial=-np.inf).tolist()
    assert shown["peak_position"] == (rows.argmax(1).tolist() if picked else [])
    assert shown["scale"] == np.abs(rows).max(initial=0)
    levels = np.array([dense(pair, run.n_ctx) for pair in shown["activations"]]).reshape(-1, run.n_ctx)
    assert np.array_equal(levels, quantized(rows, shown["scale"]))
    strings = page.vocabulary["strings"]
    assert [[strings[t] for t in entry["lists"][k]] for k in shown["tokens"]] == [run.strings[s] for s in picked]


def assert_entry(run, page, facts, entry, rows, c, m):
    mine = rows[run.alive[run.batch_of][rows, m]]
    values, n_bins = run.components[mine, :, m] + 0.0, run.params["hist_bins"]
    if len(run.members[c]) == 1 and len(mine) == len(rows) and values.any() \
            and np.array_equal(values, run.activations[rows, :, c]):
        assert set(entry) == {"line", "member", "same", "lists"} and entry["same"] is True
        return 1
    active, strings = values > facts.limit, page.vocabulary["strings"]
    assert entry["cut"] is None
    assert (entry["n_samples"], entry["n_active_positions"], entry["n_active_samples"]) == (
        len(mine), active.sum(), active.any(1).sum())
    assert entry["sum"] == math.fsum(values.ravel().tolist())
    assert entry["max"] == (values.max() if len(mine) else 0)
    assert entry["median"] == (np.median(values) if len(mine) else 0)
    maxima = values.max(1, initial=-np.inf)
    places = values.argmax(1)[maxima > 0] / max(1, run.n_ctx - 1) if len(mine) else np.zeros(0)
    assert entry["all_activations"] == histogram(values, n_bins)
    assert entry["max_activation"] == histogram(maxima[maxima > 0], n_bins)
    assert entry["max_activation_position"] == histogram(places, n_bins)
    entropy, concentration = spread(run, mine, active)
    assert math.isclose(entry["entropy"], entropy, rel_tol=1e-12, abs_tol=1e-9)
    assert math.isclose(entry["concentration"], concentration, rel_tol=1e-15)
    following = [row[1:] for row in run.strings]
    for key, expected in (("tokens", facts.tokens(mine, active, run.strings, facts.totals)),
                          ("next_tokens", facts.tokens(mine, active[:, :-1], following, facts.next_totals))):
        assert counted(entry[key], strings) == counted(expected, None), (c, m, key)
    assert_samples(run, page, entry, mine, values, active)
    return 0


def assert_companions(run, facts, page, own):
    """which clusters fire together with each component that is not all of its cluster; own: of each entry line, member,
    the cluster, the column, its rows"""
    files = page.parts("companions")
    firsts = [[file["components"][0][key] for key in ("line", "member")] for file in files]
    assert page.run["companion_files"] == (firsts or None)
    found = [entry for file in files for entry in file["components"]]
    assert [(entry["line"], entry["member"]) for entry in found] == [(line, member) for line, member, *_ in own]
    on = run.activations[:, :, facts.lines] > 0
    others = on.sum((0, 1)).tolist()
    for entry, (line, _, _, m, mine) in zip(found, own):
        active = np.zeros(run.components.shape[:2], bool)
        active[mine] = run.components[mine, :, m] > 0
        n, counts = int(active.sum()), (active[:, :, None] & on).sum((0, 1)).tolist()
        assert entry["n_positions"] == n
        listed = [other for other in range(len(others)) if counts[other] > 0 and other != line]
        orders = {"by_count": lambda i: (-counts[i], i),
                  "by_jaccard": lambda i: (-Fraction(counts[i], n + others[i] - counts[i]), i)}
        for key, order in orders.items():
            best = sorted(listed, key=order)[:N_COACTIVATING]
            assert entry[key] == {"line": best, "count": [counts[i] for i in best], "own": [others[i] for i in best]}


def assert_components(run, output):
    """how many entries there are, and how many say no more than their cluster"""
    page, facts = Page(output), Recomputed(run)
    entries, n_same, own = iter(entries_of(page)), 0, []
    for line, c in enumerate(facts.lines):
        for place, m in enumerate(run.members[c]):
            entry = next(entries)
            assert (entry["line"], entry["member"]) == (line, place)
            rows = run.rows(c)
            same = assert_entry(run, page, facts, entry, rows, c, m)
            n_same += same
            if not same:
                own.append((line, place, c, m, rows[run.alive[run.batch_of][rows, m]]))
    assert next(entries, None) is None
    assert_companions(run, facts, page, own)
    return n_same


def test_every_number():
    n_same = sum(assert_components(Run(case), make(Run(case), case)) for case in CASES)
    assert n_same > 0


def test_all_samples():
    for case in "dead_components", "leaky_negative":
        run = Run(case, scope="all")
        assert_components(run, make(run, case + "-all"))


def test_parts_from_its_cluster():
    """a component that is all of its cluster but dead in some batches, of which the cluster has rows"""
    dump = scratch / "singletons"
    shutil.copytree(GOLDEN / "dead_components", dump)
    labels = (dump / "labels.txt").read_text().split()
    (dump / "clusters.json").write_text(json.dumps({str(i): [label] for i, label in enumerate(labels)}))
    run = Run(dump, scope="all")
    output = make(run, "parted")
    n_same, n = assert_components(run, output), len(entries_of(Page(output)))
    assert 0 < n_same < n


def test_bounded_memory():
    """what does not fit in memory is in files"""
    dump = one_cluster("dump-memory", 2, 200, 256)
    whole, small = (content(dashboard(dump, f"memory-{name}", *settings)[0]) for name, settings in (
        ("large", ()), ("small", ("max-memory=1048576",))))
    assert any(name.startswith("data/components-") for name in whole)
    assert whole == small


def test_without():
    run = Run("basic")
    details, none = (content(make(run, name, *settings)) for name, settings in (
        ("with", ()), ("without", ("component-details=false",))))
    assert not any("components-" in name or "companions-" in name for name in none)
    differ = {name for name in details if details[name] != none.get(name)}
    assert differ == {name for name in details
                      if name.startswith(("data/components-", "data/companions-"))} | {"data/run.js"}
    for settings in ("component-details=false",), ("component-records=false",):
        page = Page(make(run, "none-" + settings[0], *settings))
        for kind, key in ("components", "component_files"), ("companions", "companion_files"):
            assert page.run[key] is None and not page.parts(kind)


def test_cut():
    """of very many long samples only some are shown"""
    output, _ = dashboard(one_cluster("dump-long", 2, 400, 256), "cut-long", "n-samples=400", "n-random=100")
    for entry in entries_of(Page(output)):
        assert entry["cut"] == ("of 400 samples of highest maximum the first 200 are shown,"
                                " of 100 random ones 50")
        assert [len(places) for places in entry["samples"].values()] == [200, 50]
        top = entry["samples"]["max_activation-max-400"]
        assert [entry["shown"]["peak"][k] for k in top] == sorted((entry["shown"]["peak"][k] for k in top), reverse=True)


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(name, "ok", flush=True)
