"""How training reads its data, end to end: broken samples, streams, resuming in the middle of an epoch.

Usage: loading_test.py BUILD_FOLDER
"""
import collections
import io
import json
import re
import subprocess
import tarfile

from cases import *

IO = 74
RECIPE = {
    "recipe": 1, "name": "loading", "seed": 5,
    "data": {"av": {"shards": {"train": [str(SHARD)], "test": [str(SHARD)]},
                    "fields": {"picture": {"kind": "image", "member": "png", "size": [28, 28], "mean": 0.2, "std": 0.3},
                               "label": {"kind": "class", "member": "cls", "classes": list("0123456789")},
                               "written": {"kind": "class", "pointer": "/label", "classes": list("0123456789")}}}},
    "graph": {"vision": {"use": "encoder.vit", "in": {"image": "batch.picture"},
                         "config": {"height": 28, "width": 28, "channels": 1, "patch": 7, "dim": 16, "depth": 1, "heads": 2, "inner": 16}},
              "digit": {"use": "decoder.classifier", "in": {"state": "vision.tokens"}, "config": {"dim": 16, "classes": 10}}},
    "losses": {"ce": {"use": "loss.cross_entropy", "in": {"logits": "digit.logits", "target": "batch.label"}}},
    "metrics": {"accuracy": {"use": "metric.accuracy", "in": {"logits": "digit.logits", "target": "batch.label"}}},
    "stages": [{"name": "fit", "data": "av", "steps": 4, "batch": 8, "minimise": {"ce": 1}, "train": ["*"],
                "optimizer": {"lr": 1e-3}, "save_every": 2}],
    "evaluate": {"data": "av", "split": "test", "metrics": ["accuracy"]}}


def broken_copy(path):
    """The shard ten times over, under other keys; one sample in a hundred is broken, each in another way."""
    breakages = [lambda m: m.pop("png"), lambda m: m.update(png=m["png"][:60]), lambda m: m.update(png=b"no picture"),
                 lambda m: m.update(cls=b"eleven"), lambda m: m.pop("cls"), lambda m: m.update(png=b""),
                 lambda m: m.update(json=b"{"), lambda m: m.update(json=b"[]"), lambda m: m.pop("json")]
    samples = collections.defaultdict(dict)
    with tarfile.open(SHARD) as shard:
        for member in shard.getmembers():
            key, name = member.name.split(".", 1)
            samples[key][name] = shard.extractfile(member).read()
    bad = []
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as shard:
        number = 0
        for copy in range(10):
            for key, members in samples.items():
                members = dict(members)
                if number % 100 == 50:
                    breakages[len(bad)](members)
                    bad.append(f"{copy}-{key}")
                for name, content in members.items():
                    info = tarfile.TarInfo(f"{copy}-{key}.{name}")
                    info.size = len(content)
                    shard.addfile(info, io.BytesIO(content))
                number += 1
    return bad, number


class Loading(Case):
    def arguments(self, entry, *more, steps=4, **section):
        recipe = json.loads(json.dumps(RECIPE))
        recipe["data"]["av"]["shards"]["train"] = [str(entry)]
        recipe["data"]["av"].update(section)
        recipe["stages"][0]["steps"] = steps
        path = self.folder / "recipe.json"
        path.write_text(json.dumps(recipe))
        return ["train", path, "--run", self.folder / "run", "--threads", "1", "--quiet", *more]


class BadSamples(Loading):
    def test_a_shard_with_one_percent_of_broken_samples_trains_to_the_end_and_lists_them(self):
        path = self.folder / "broken.tar"
        bad, number = broken_copy(path)
        self.assertEqual(len(bad), 9)
        rarely = ["--set", "stages.0.save_every=0"]
        self.refused(self.arguments(path, *rarely, steps=120), BAD_DATA, f"{path}, sample ",
                     "To set such samples aside, give data/av/on_bad_sample a share", 'of stage "fit" is saved; go on with --resume.')
        resumed = weft(*self.arguments(path, "--resume", *rarely, steps=120, bad_samples={"skip": 0.01}))
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        events = [json.loads(line) for line in (self.folder / "run/events.jsonl").read_text().splitlines()]
        self.assertGreater(next(event["step"] for event in events if event["event"] == "resumed"), 0)
        weights = self.folder / "run/checkpoints/fit-120/model.safetensors"
        in_two_parts = weights.read_bytes()
        for exchange in ({}, {"exchange": "/label"}):  # by exchange, a picture's fault is not its taker's
            fields = json.loads(json.dumps(RECIPE["data"]["av"]["fields"]))
            fields["picture"].update(exchange)
            section = {"fields": fields, "bad_samples": {"skip": 0.01}}
            result = weft(*self.arguments(path, "--overwrite", steps=400 if exchange else 120, **section))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.expect_listed(bad, result)
            if not exchange:
                self.assertEqual(weights.read_bytes(), in_two_parts)
        refused = weft(*self.arguments(path, "--overwrite", steps=120, bad_samples={"skip": 0.005}))
        self.assertEqual(refused.returncode, BAD_DATA)
        self.assertIn("samples of the part train cannot be used, more than the share of 0.005 that on_bad_sample allows", refused.stderr)
        self.assertGreater(len((self.folder / "run/set_aside.jsonl").read_text().splitlines()), 0.005 * number)

    def test_what_was_trained_is_saved_before_it_is_measured(self):
        path = self.folder / "broken.tar"
        broken_copy(path)
        measured = ["--set", "stages.0.save_every=0", "--set", 'stages.0.measure=["accuracy"]']
        shards = {"train": [str(SHARD)], "val": [str(path)], "test": [str(path)]}
        self.refused(self.arguments(SHARD, *measured, shards=shards), BAD_DATA, f"{path}, sample ")
        self.assertTrue((self.folder / "run/checkpoints/fit-4/model.safetensors").exists())

    def test_what_evaluation_sets_aside_is_listed_also_where_it_is_one_too_many(self):
        path = self.folder / "broken.tar"
        broken_copy(path)
        section = {"shards": {"train": [str(SHARD)], "test": [str(path)]}, "bad_samples": {"skip": 0.001}}
        self.refused(self.arguments(SHARD, **section), BAD_DATA, "more than the share of 0.001 that on_bad_sample allows")
        self.assertIn(str(path), (self.folder / "run/set_aside.jsonl").read_text())

    def test_each_rank_tells_what_it_alone_has_set_aside(self):
        path = self.folder / "broken.tar"
        bad, _ = broken_copy(path)
        arguments = self.arguments(path, "--set", "evaluate=null", "--set", "stages.0.save_every=0", steps=120, bad_samples={"skip": 0.01})
        result = weft("launch", "--nproc", "2", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        listed = [json.loads(line)["key"] for line in (self.folder / "run/set_aside.jsonl").read_text().splitlines()]
        told = [key for key in bad if re.search(rf"warning: rank 1: set aside: .*sample {key}\b", result.stderr)]
        self.assertTrue(listed and told)
        self.assertEqual(sorted({*listed, *told}), sorted(bad))

    def expect_listed(self, bad, result):
        listed = [json.loads(line) for line in (self.folder / "run/set_aside.jsonl").read_text().splitlines()]
        self.assertEqual(sorted(line["key"] for line in listed), sorted(bad))
        for line in listed:
            self.assertEqual((line["event"], line["data"], line["shard"]), ("set_aside", "av", str(self.folder / "broken.tar")))
            self.assertIn(f"broken.tar, sample {line['key']}", line["reason"])
            self.assertIn("warning: set aside: " + line["reason"], result.stderr)


class Streams(Loading):
    def stream(self, entry, *more, steps=4, **options):
        arguments = self.arguments(entry, *more, steps=steps, order={"buffer": 16})
        return subprocess.run([BUILD / "bin/weft", *map(str, arguments)], capture_output=True, text=True, timeout=3000, **options)

    def test_a_command_runs_only_when_it_is_allowed(self):
        entry = f"pipe:cat {SHARD}"
        refused = self.stream(entry)
        self.assertEqual(refused.returncode, USAGE)
        self.assertIn(f"Data av is read from a command: {entry}. If you trust it, add --allow-commands.", refused.stderr)
        allowed = self.stream(entry, "--allow-commands")
        self.assertEqual(allowed.returncode, 0, allowed.stderr)

    def test_a_command_that_fails(self):
        failed = self.stream("pipe:false", "--allow-commands")
        self.assertEqual(failed.returncode, IO)
        self.assertIn("The shard that `false` writes is not to be trusted: the command ended with status 1 after 0 bytes.", failed.stderr)

    def test_standard_input(self):
        with open(SHARD, "rb") as shard:
            done = self.stream("-", stdin=shard)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(SHARD, "rb") as shard:
            short = self.stream("-", "--overwrite", steps=100, stdin=shard)
        self.assertEqual(short.returncode, NO_INPUT)
        self.assertIn("Data av: standard input ended after 93 examples, and cannot be read again.", short.stderr)

    def test_resuming_in_the_middle_of_an_epoch_is_bit_identical(self):
        entry = f"pipe:cat {SHARD}"
        self.assertEqual(self.stream(entry, "--allow-commands").returncode, 0)
        whole = (self.folder / "run/checkpoints/fit-4/model.safetensors").read_bytes()
        # Back to the checkpoint in the middle, as if the run had been killed there.
        (self.folder / "run/latest").write_text("fit-2\n")
        shutil.rmtree(self.folder / "run/checkpoints/fit-4")
        resumed = self.stream(entry, "--allow-commands", "--resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual((self.folder / "run/checkpoints/fit-4/model.safetensors").read_bytes(), whole)


run()
