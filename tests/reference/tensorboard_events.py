"""Writes tensorboard_events.json: what the real tensorboard package makes of events, in hexadecimal digits. Needs tensorboard.

Usage: python3 tensorboard_events.py > tensorboard_events.json
"""
import io
import json

from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


class Kept(io.BytesIO):
    def close(self):
        pass


def record(event):
    file = Kept()
    RecordWriter(file).write(event.SerializeToString())
    return file.getvalue().hex()


def scalars(wall_time, step, values):
    event = event_pb2.Event(wall_time=wall_time, step=step)
    for tag, value in values:
        event.summary.value.add(tag=tag, simple_value=value)
    return {"wall_time": wall_time, "step": step, "scalars": values, "record": record(event)}


print(json.dumps({
    "begin": {"wall_time": 1764316800.25, "record": record(event_pb2.Event(wall_time=1764316800.25, file_version="brain.Event:2"))},
    "events": [
        scalars(1764316801.5, 10, [("fit/loss/total", 2.302585), ("fit/learning_rate", 1e-3)]),
        scalars(1764316802.75, 100000, [("fit/val/accuracy.accuracy", 0.9375)]),
        scalars(1764316803.0, 300, [("a tag of more than a hundred and twenty-seven letters " + "x" * 120, -1.5)]),
        scalars(1764316804.0, 0, [("zero", 0.5)])]}, indent=1))
