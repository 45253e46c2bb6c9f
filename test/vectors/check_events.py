"""Event files as TensorBoard itself reads them (needs: pip install tensorboard).

    python test/vectors/check_events.py            # the golden bytes of src/train/events_test.c
    python test/vectors/check_events.py FOLDER     # a training's <out>/events: checks and lists it

A file passes when TensorBoard's record reader takes every record (it checks both sums), when protobuf
makes the same bytes of what it read, and when the accumulator behind the page lists every scalar.
Seen to hold with tensorboard 2.21.0, protobuf 7.36.2.
"""
import glob
import os
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2


def golden():
    event = event_pb2.Event(step=300)
    event.summary.value.add(tag="train/loss", simple_value=1.5)
    event.summary.value.add(tag="val/accuracy", simple_value=0.75)
    return event.SerializeToString().hex()


def check_file(path):
    written = 0
    for raw in RawEventFileLoader(path).Load():
        event = event_pb2.Event.FromString(raw)
        assert event.SerializeToString() == raw, f"{path}: protobuf writes step {event.step} otherwise"
        assert event.wall_time > 0
        written += len(event.summary.value)
    return written


def main():
    if len(sys.argv) == 1:
        print(golden())
        return
    folder = sys.argv[1]
    files = sorted(glob.glob(os.path.join(folder, "events.out.tfevents.*")))
    written = sum(check_file(path) for path in files)
    shown = EventAccumulator(folder, size_guidance={"scalars": 0})
    shown.Reload()
    for tag in shown.Tags()["scalars"]:
        points = [(s.step, round(s.value, 6)) for s in shown.Scalars(tag)]
        print(f"{tag}: {len(points)} values, {points[0]} ... {points[-1]}")
    print(f"{len(files)} files, {written} values")


if __name__ == "__main__":
    main()
