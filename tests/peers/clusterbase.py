# SPDX-License-Identifier: LGPL-2.1-or-later
"""A clustering element in Python, through introspection: it subclasses the base class, reads the batches' rows and
gives cluster activations, which are compared with the golden ones; the meta is read behind it."""

import json
import os
import sys
from pathlib import Path

try:
    import gi
    import numpy as np

    gi.require_version("Gst", "1.0")
    gi.require_version("GstBase", "1.0")
    from gi.repository import GLib, Gst
except (ImportError, ValueError) as e:
    print("skipped:", e)
    sys.exit(77)

gi.require_version("GstAct", "1.0")
from gi.repository import GstAct  # noqa: E402

Gst.init(None)
CASE = Path(os.environ["ACT_TEST_DATA"]) / "golden" / "dead_components"


class PythonMax(GstAct.ClusterBase):
    """The maximum over the alive members, as actclustermax."""

    __gstmetadata__ = ("Maximum in Python", "Filter/Activations", "Maximum of each cluster", "test")

    fail = None

    def do_reduce(self, components, clusters):
        if self.fail == "exception":
            raise RuntimeError("on purpose")
        if self.fail == "error":
            raise GLib.Error("on purpose", "python", 1)
        assignment = self.get_assignment()
        members = [assignment.get_members(c) for c in range(assignment.get_n_clusters())]
        for position in range(components.get_n_positions()):
            columns, values = components.get_row(position)
            row = dict(zip(columns, values))
            alive = [[row.get(m, 0.0) for m in cluster if components.is_alive(m)] for cluster in members]
            maxima = [max(a) if a else 0.0 for a in alive]
            if self.fail == "rows" and position == 3:
                break
            if self.fail == "range":
                maxima.append(1.0)
            clusters.append_row(range(len(maxima)), maxima)
        return True


PythonMax.set_reduction("python-max")


def run(fail=None):
    """-> what came out: a list of (meta facts, dense cluster activations); or the error's message"""
    params = json.loads((CASE / "params.json").read_text())
    python = PythonMax(clusters=str(CASE / "clusters.json"), run=params["clustering_run"],
                       iteration=params["iteration"])
    python.fail = fail
    pipeline = Gst.Pipeline()
    source = Gst.ElementFactory.make("actdumpsrc")
    source.set_property("location", str(CASE))
    dead = Gst.ElementFactory.make("actdeadfilter")
    dead.set_property("threshold", params["filter_dead_threshold"])
    sink = Gst.ElementFactory.make("fakesink")
    sink.set_property("signal-handoffs", True)
    elements = [source, dead, python, sink]
    for element in elements:
        pipeline.add(element)
    for before, after in zip(elements, elements[1:]):
        assert before.link(after)
    seen = []

    def handoff(sink, buffer, pad):
        meta = GstAct.batch_meta_get(buffer)
        info = GstAct.Info.new_from_caps(pad.get_current_caps())
        assert info.reduction == "python-max", info.reduction
        event = assignment_event(pad)
        found, assignment = GstAct.event_parse_assignment(event)
        block = [map_memory(buffer, meta.block[b]) for b in (GstAct.Block.CLUSTER_INDPTR,
                 GstAct.Block.CLUSTER_INDICES, GstAct.Block.CLUSTER_VALUES)]
        rows = meta.n_samples * meta.sequence_length
        indptr = np.frombuffer(block[0], np.int64)[:rows + 1]
        indices = np.frombuffer(block[1], np.int32)[:meta.n_cluster_values]
        values = np.frombuffer(block[2], np.float32)[:meta.n_cluster_values]
        dense = np.zeros((rows, info.n_clusters), np.float32)
        dense[np.repeat(np.arange(rows), np.diff(indptr)), indices] = values
        seen.append((meta.batch_index, list(meta.alive.get_data()) if meta.alive else None,
                     [assignment.get_name(c) for c in range(info.n_clusters)], dense))

    sink.connect("handoff", handoff)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(60 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    assert message is not None, "no end"
    if message.type == Gst.MessageType.ERROR:
        return message.parse_error()[0].message
    return seen


def assignment_event(pad):
    index = 0
    while (event := pad.get_sticky_event(Gst.EventType.CUSTOM_DOWNSTREAM_STICKY, index)) is not None:
        if event.get_structure().get_name() == "act-assignment":
            return event
        index += 1
    raise AssertionError("no assignment")


def map_memory(buffer, index):
    memory = buffer.peek_memory(index)
    found, mapped = memory.map(Gst.MapFlags.READ)
    assert found
    data = bytes(mapped.data)
    memory.unmap(mapped)
    return data


def main():
    out = run()
    assert isinstance(out, list), out
    labels = (CASE / "labels.txt").read_text().split()
    alive = json.loads((CASE / "expected" / "component_filter.json").read_text())
    ids = sorted(int(i) for i in json.loads((CASE / "clusters.json").read_text()))
    assert len(out) == len(alive)
    for batch, (index, bits, names, dense) in enumerate(out):
        expected = np.load(CASE / "expected" / f"cluster_activations_{batch:03d}.npy")
        assert index == batch
        assert np.array_equal(dense, expected), f"batch {batch} differs"
        assert [label for label, bit in zip(labels, bits) if bit] == alive[batch]["alive"]
        assert names == [f"goldrun1-7-{i}" for i in ids], names

    for fail, text in (("error", "on purpose"), ("exception", "exception"), ("rows", "3 rows of cluster activations"),
                       ("range", "9 values, expected 8 at most")):
        message = run(fail)
        assert isinstance(message, str) and text in message, (fail, message)


main()
