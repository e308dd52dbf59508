#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the numbers of a dashboard folder as one picture.

    python3 docs/plot-dashboard.py DASHBOARD PICTURE.png [CLUSTER ...]

CLUSTER is a cluster's name (its cluster_hash) or
its number; without any, the three clusters whose tokens are most telling
(low entropy, many activations) are shown. A byte that is only a part of a
character shows as <0xc3>.

Needs NumPy and matplotlib, Debian's python3-numpy and python3-matplotlib;
.venv/bin/python of ./test.sh sees both.
"""
import sys
from pathlib import Path

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
except ImportError as error:
    sys.exit(f"{error.name} is missing: install Debian's python3-{error.name}")

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))
from show_dashboard import pieces, read_json, text_of  # noqa: E402

EXAMPLES = 5  # samples shown of each cluster
CONTEXT = 14  # tokens to either side of the strongest one
COLOUR = "#c2410c"


def shown(text):
    """Fonts have no glyph for these, and a dollar sign begins a formula."""
    return text.replace("\n", "\u21b5").replace("\t", "\u2192").replace("$", r"\$")


class Dashboard:
    def __init__(self, folder):
        folder = Path(folder)
        self.clusters = read_json(folder / "clusters.jsonl")
        self.texts = {t["text_hash"]: t for t in read_json(folder / "text_samples.jsonl")}
        self.rows = read_json(folder / "activations_map.json")
        self.activations = np.load(folder / "activations.npz")["activations"].astype(np.float32)
        self.info = read_json(folder / "model_info.json")
        self.coactivations, self.ids = read_coactivations(folder / "coactivations.npz")

    def diagonal(self):
        """positions at which each cluster is above 0, by its number"""
        return dict(zip(self.ids.tolist(), np.diagonal(self.coactivations).tolist()))


def read_coactivations(path):
    with np.load(path) as z:
        ids = z["cluster_indices"]
        if "coactivations" in z:
            return z["coactivations"], ids
        dense = np.zeros(z["shape"], np.int64)
        rows = np.repeat(np.arange(len(ids)), np.diff(z["indptr"]))
        dense[rows, z["indices"]] = z["data"]
        return dense, ids


def number(cluster):
    return int(cluster["cluster_hash"].rsplit("-", 1)[1])


def choose(dashboard, wanted):
    if wanted:
        by_name = {c["cluster_hash"]: c for c in dashboard.clusters}
        by_name.update({str(number(c)): c for c in dashboard.clusters})
        missing = [w for w in wanted if w not in by_name]
        if missing:
            sys.exit(f"no cluster {', '.join(missing)} in the dashboard")
        return [by_name[w] for w in wanted]

    def telling(cluster):
        tokens = cluster["stats"]["token_activations"]
        return tokens["entropy"] / np.log(2 + tokens["total_activations"])

    many = [c for c in dashboard.clusters if c["stats"]["token_activations"]["total_activations"] >= 20]
    return sorted(many or dashboard.clusters, key=telling)[:3]


def draw_frequency(ax, dashboard):
    counts = np.array(sorted(dashboard.diagonal().values(), reverse=True), float)
    n = max(1, dashboard.info["n_positions"])
    ax.plot(np.arange(1, len(counts) + 1), counts / n, color=COLOUR)
    ax.set_yscale("log" if (counts > 0).any() else "linear")
    ax.set(title="Clusters by frequency", xlabel="rank", ylabel="share of positions where active")


def draw_histogram(ax, cluster):
    histogram = cluster["stats"]["all_activations"]
    edges = np.array(histogram["bin_edges"])
    ax.bar(edges[:-1], histogram["bin_counts"], np.diff(edges), align="edge", color=COLOUR, edgecolor="white")
    ax.set_yscale("log")
    ax.set(title=f"Activations of {cluster['cluster_hash']}", xlabel="activation", ylabel="positions")


def draw_coactivations(figure, ax, dashboard, n=40):
    counts = dashboard.coactivations
    frequent = np.sort(np.argsort(-np.diagonal(counts), kind="stable")[:n])
    part = counts[np.ix_(frequent, frequent)].astype(float)
    own = np.diagonal(part)
    either = own[:, None] + own[None, :] - part
    share = np.divide(part, either, out=np.zeros_like(part), where=either > 0)
    np.fill_diagonal(share, np.nan)
    image = ax.imshow(share, cmap="magma", interpolation="nearest")
    step = max(1, len(frequent) // 8)
    labels = dashboard.ids[frequent][::step]
    ax.set_xticks(range(0, len(frequent), step), labels, rotation=90, fontsize=7)
    ax.set_yticks(range(0, len(frequent), step), labels, fontsize=7)
    ax.set_title(f"Coactivation of the {len(frequent)} most frequent")
    figure.colorbar(image, ax=ax, fraction=0.046, label="both active / either active")


def draw_tokens(ax, cluster):
    top = cluster["stats"]["token_activations"]["top_tokens"][:8][::-1]
    ax.barh(range(len(top)), [t["count"] for t in top], color=COLOUR)
    ax.set_yticks(range(len(top)), [repr(shown(text_of([t["token"]]))).replace("\u21b5", r"\n") for t in top], family="monospace", fontsize=8)
    stats = cluster["stats"]
    ax.set_title(
        f"{cluster['cluster_hash']}: {len(cluster['components'])} components, mean {stats['mean_activation']:.3g}",
        fontsize=9,
    )


def examples(dashboard, cluster):
    hashes = list(dict.fromkeys(next(iter(cluster["criterion_samples"].values()))))
    for text_hash in hashes[:EXAMPLES]:
        row = dashboard.rows[f"{cluster['cluster_hash']}|{text_hash}"]
        values = dashboard.activations[row]
        best = int(values.argmax())
        begin, end = max(0, best - CONTEXT), min(len(values), best + CONTEXT + 1)
        yield dashboard.texts[text_hash]["tokens"][begin:end], values[begin:end]


def draw_examples(ax, dashboard, cluster):
    ax.set(xlim=(0, 1), ylim=(0, EXAMPLES))
    ax.axis("off")
    renderer = ax.figure.canvas.get_renderer()
    width = ax.get_window_extent(renderer).width
    for i, (tokens, values) in enumerate(examples(dashboard, cluster)):
        x = 0.0
        for begin, end, piece in pieces(tokens):
            strength = float(np.clip(values[begin:end].max(), 0, 1))
            text = ax.text(x, EXAMPLES - i - 0.5, shown(piece).replace(" ", "\u00a0"), family="monospace",
                           fontsize=8, va="center",
                           bbox=dict(facecolor=COLOUR, alpha=0.75 * strength, edgecolor="none", pad=1))
            x += text.get_window_extent(renderer).width / width + 0.002
            if x > 0.97:
                text.remove()
                break


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    dashboard = Dashboard(sys.argv[1])
    if not dashboard.clusters:
        sys.exit("the dashboard has no cluster that was ever active")
    chosen = choose(dashboard, sys.argv[3:])
    figure = plt.figure(figsize=(15, 4.4 + 1.9 * len(chosen)), constrained_layout=True)
    grid = figure.add_gridspec(1 + len(chosen), 6, height_ratios=[2.2] + [1] * len(chosen))
    draw_frequency(figure.add_subplot(grid[0, :2]), dashboard)
    draw_histogram(figure.add_subplot(grid[0, 2:4]), chosen[0])
    draw_coactivations(figure, figure.add_subplot(grid[0, 4:]), dashboard)
    boxes = []
    for i, cluster in enumerate(chosen):
        draw_tokens(figure.add_subplot(grid[1 + i, :2]), cluster)
        boxes.append((figure.add_subplot(grid[1 + i, 2:]), cluster))
    # widths of words are known only once the layout is
    figure.canvas.draw()
    figure.set_layout_engine("none")
    for ax, cluster in boxes:
        draw_examples(ax, dashboard, cluster)
    figure.savefig(sys.argv[2], dpi=110)


if __name__ == "__main__":
    main()
