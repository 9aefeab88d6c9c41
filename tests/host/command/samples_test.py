"""Which samples count, and who is at fault where a sample ends a run: `weft` end to end on half-labelled data.

Usage: samples_test.py BUILD_FOLDER. The pictures are of one grey, the classes three; every second sample has no label.
"""
import io
import json
import struct
import tarfile
import zlib

from cases import *


def png(shade):
    """An 8 by 8 picture of one grey, from the PNG specification: no library of the project's own is asked."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + bytes([shade] * 8) for _ in range(8))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def shard(path, samples):
    with tarfile.open(path, "w") as tar:
        for key, members in samples:
            for suffix, content in members.items():
                entry = tarfile.TarInfo(f"{key}.{suffix}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))


class HalfLabelled(Case):
    def setUp(self):
        super().setUp()
        rows = [(f"k{i:02}", i % 3, png((i * 37) % 251)) for i in range(30)]
        labelled = [(key, {"png": picture, "cls": b"%d" % label}) for key, label, picture in rows[1::2]]
        shard(self.folder / "only.tar", labelled)
        shard(self.folder / "some.tar", [(key, {"png": picture, **({"cls": b"%d" % label} if i % 2 else {})})
                                         for i, (key, label, picture) in enumerate(rows)])

    def recipe(self, name, shards, loss="loss.cross_entropy", classes=3, batch=15, **data):
        label = {"kind": "class", "member": "cls", "classes": ["0", "1", "2"], **({"optional": True} if shards == "some.tar" else {})}
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({
            "recipe": 1, "name": name, "seed": 5, "threads": 1,
            "data": {"d": {"shards": {"train": [shards], "test": [shards]}, "fields": {
                "p": {"kind": "image", "member": "png", "size": [8, 8]}, "c": label}}, **data},
            "graph": {
                "v": {"use": "encoder.vit", "in": {"image": "batch.p"}, "config": {
                    "height": 8, "width": 8, "channels": 1, "patch": 4, "dim": 16, "depth": 1, "heads": 2, "inner": 32}},
                "dec": {"use": "decoder.classifier", "in": {"state": "v.tokens"}, "config": {"dim": 16, "classes": classes}}},
            "losses": {"l": {"use": loss, "in": {"logits": "dec.logits", "target": "batch.c"}}},
            "metrics": {"accuracy": {"use": "metric.accuracy", "in": {"logits": "dec.logits", "target": "batch.c"}},
                        "f1": {"use": "metric.f1", "in": {"logits": "dec.logits", "target": "batch.c"}, "config": {"classes": classes}}},
            "stages": [{"name": "fit", "data": "d", "steps": 1, "batch": batch, "minimise": {"l": 1.0}, "optimizer": {"lr": 1e-2},
                        "log_every": 1}],
            "evaluate": {"data": "d", "split": "test", "batch": 7, "metrics": ["accuracy", "f1"]}}))
        return path

    def events(self, name, kind):
        lines = (self.folder / name / "events.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == kind]

    def run_of(self, name, *arguments, **how):
        result = weft("train", self.recipe(name, *arguments, **how), "--run", self.folder / name)
        self.assertEqual(result.returncode, 0, result.stderr)
        return self.events(name, "step")[0]["losses"]["l"], self.events(name, "evaluation")[0]["values"]

    def test_samples_without_a_label_count_nowhere(self):
        for loss in ("loss.cross_entropy", "loss.focal"):
            name = loss.split(".")[1]
            expected, measured = self.run_of("only_" + name, "only.tar", loss)
            found, values = self.run_of("some_" + name, "some.tar", loss, batch=30)
            self.assertAlmostEqual(found, expected, places=5, msg=loss)
            self.assertEqual(values.keys(), measured.keys())
            for key, value in measured.items():
                self.assertAlmostEqual(values[key], value, places=9, msg=key)

    def test_a_class_that_the_part_lacks_is_the_recipes_fault(self):
        recipe = self.recipe("few", "only.tar", classes=2)
        result = weft("train", recipe, "--run", self.folder / "few")
        self.assertEqual(result.returncode, BAD_RECIPE, result.stderr)
        self.assertNotIn("at::", result.stderr)

    def test_what_ended_a_run_is_in_its_events(self):
        recipe = self.recipe("burst", "only.tar")
        result = weft("train", recipe, "--run", self.folder / "burst", "--set", "stages.0.steps=9", "--set", "stages.0.optimizer.lr=1e30")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("not a finite number.", result.stderr)
        event = self.events("burst", "failed")[-1]
        self.assertEqual(event["exit"], 1)
        self.assertIn("not a finite number.", event["message"])
        self.assertIn(event["message"], result.stderr)

    def test_a_section_for_evaluation_alone(self):
        other = {"e": {"shards": {"test": ["some.tar"]}, "fields": {
            "p": {"kind": "image", "member": "png", "size": [8, 8]},
            "c": {"kind": "class", "member": "cls", "classes": ["0", "1", "2"], "optional": True}}}}
        _, expected = self.run_of("same", "only.tar")
        recipe = self.recipe("apart", "only.tar", **other)
        result = weft("train", recipe, "--run", self.folder / "apart", "--set", "evaluate.data=e")
        self.assertEqual(result.returncode, 0, result.stderr)
        values = self.events("apart", "evaluation")[0]["values"]
        for key, value in expected.items():
            self.assertAlmostEqual(values[key], value, places=9, msg=key)

    def test_an_optional_port_without_its_field_is_noted(self):
        other = {"e": {"shards": {"test": ["only.tar"]}, "fields": {
            "p": {"kind": "image", "member": "png", "size": [8, 8]},
            "c": {"kind": "class", "member": "cls", "classes": ["0", "1", "2"]}}}}
        recipe = self.recipe("masked", "only.tar", **other)
        masked = ["--set", 'data.d.fields.p.mask={"patch": 4, "share": 0.5}', "--set", "graph.v.in.masked=batch.p_masked",
                  "--set", "evaluate.data=e"]
        result = weft("check", recipe, *masked)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn('/graph/v/in/masked: data "e" has no field "p_masked", so the optional port "masked" is not wired there.',
                      result.stderr)
        result = weft("train", recipe, "--run", self.folder / "masked", *masked)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr.count('data "e" has no field "p_masked"'), 1)


if __name__ == "__main__":
    run()
