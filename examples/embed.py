#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""embed.c in Python, through introspection: runs a pipeline, tells how far it
is, reads the cluster records itself.

    embed.py MODEL_FOLDER TEXT [N]
"""

import pathlib
import sys

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstApp', '1.0')
gi.require_version('GstAct', '1.0')
from gi.repository import GLib, Gst, GstAct, GstApp  # noqa: E402,F401

LINE = ('acttextsrc name=text ! acttokenize name=tokens ! actforward name=model'
        ' ! queue max-size-buffers=2 ! actdeadfilter threshold=0.01'
        ' ! actclustermax name=clusters ! actstore'
        ' ! appsink name=records sync=false max-buffers=4 emit-signals=true')


def count_record(counts, sample):
    """Adds one bounded run of one cluster's rows."""
    buffer = sample.get_buffer()
    meta = GstAct.record_meta_get(buffer)
    if meta.kind != GstAct.RecordKind.CLUSTER:
        return
    info = GstAct.Info.new_from_caps(sample.get_caps())
    length = info.sequence_length
    values = GstAct.record_dup_rows(buffer, length) or []
    count = counts.setdefault(meta.cluster, [0, 0, 0.0])
    for first in range(0, len(values), length):
        active = [value for value in values[first:first + length] if value > 0]
        count[0] += len(active)
        count[1] += bool(active)
        count[2] = max(count[2], *active) if active else count[2]


def assignment_of(pad):
    """What a sticky event on the records' pad says of the clusters."""
    index = 0
    while True:
        event = pad.get_sticky_event(
            Gst.EventType.CUSTOM_DOWNSTREAM_STICKY, index)
        if event is None:
            return None
        found, assignment = GstAct.event_parse_assignment(event)
        if found:
            return assignment
        index += 1


def main():
    Gst.init(None)
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    model, text = map(pathlib.Path, sys.argv[1:3])
    n_shown = int(sys.argv[3]) if len(sys.argv) > 3 else 10

    pipeline = Gst.parse_launch(LINE)
    pipeline.get_by_name('text').set_property('location', str(text))
    pipeline.get_by_name('tokens').set_property(
        'tokenizer', str(model / 'tokenizer.json'))
    pipeline.get_by_name('model').set_property('model', str(model))
    pipeline.get_by_name('clusters').set_property(
        'clusters', str(model / 'clusters.json'))
    sink = pipeline.get_by_name('records')
    loop = GLib.MainLoop()
    counts, failures = {}, []

    def on_sample(sink):
        count_record(counts, sink.emit('pull-sample'))
        return Gst.FlowReturn.OK

    def on_message(bus, message):
        if message.type in (Gst.MessageType.ERROR, Gst.MessageType.WARNING):
            parse = (message.parse_error
                     if message.type == Gst.MessageType.ERROR
                     else message.parse_warning)
            failures.append(f'{message.src.get_name()}: {parse()[0].message}')
            loop.quit()
        elif message.type == Gst.MessageType.EOS:
            loop.quit()
        elif message.type == Gst.MessageType.ELEMENT:
            found, unit, done, total = GstAct.message_parse_progress(message)
            if found:
                print(f'{message.src.get_name()}: {done}'
                      f'{f" of {total}" if total else ""} {unit}',
                      file=sys.stderr)

    sink.connect('new-sample', on_sample)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect('message', on_message)
    pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    assignment = assignment_of(sink.get_static_pad('sink'))
    pipeline.set_state(Gst.State.NULL)
    if failures:
        sys.exit(failures[0])

    print('cluster positions samples maximum')
    ranked = sorted(counts, key=lambda cluster: (-counts[cluster][0], cluster))
    for cluster in ranked[:n_shown]:
        positions, samples, maximum = counts[cluster]
        print(f'{assignment.get_name(cluster)} {positions} {samples} '
              f'{maximum:.3f}')


if __name__ == '__main__':
    main()
