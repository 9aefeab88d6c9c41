"""No recipe runs a command unless the user allows it, whichever way it names the command and whichever verb reads it.

Usage: commands_test.py BUILD_FOLDER
"""
from data_cases import *

FIELDS = {"picture": {"kind": "image", "member": "png", "size": [8, 6], "mean": 0.2, "std": 0.3},
          "label": {"kind": "class", "member": "cls", "classes": STATE}}
RECIPE = {
    "recipe": 1, "name": "commands", "seed": 5,
    "graph": {"vision": {"use": "encoder.vit", "in": {"image": "batch.picture"},
                         "config": {"height": 8, "width": 6, "channels": 1, "patch": 2, "dim": 4, "depth": 1, "heads": 1, "inner": 4}},
              "digit": {"use": "decoder.classifier", "in": {"state": "vision.tokens"}, "config": {"dim": 4, "classes": 3}}},
    "losses": {"ce": {"use": "loss.cross_entropy", "in": {"logits": "digit.logits", "target": "batch.label"}}},
    "metrics": {"accuracy": {"use": "metric.accuracy", "in": {"logits": "digit.logits", "target": "batch.label"}}},
    "stages": [{"name": "fit", "data": "av", "steps": 1, "batch": 4, "minimise": {"ce": 1}, "optimizer": {"lr": 1e-3}}],
    "evaluate": {"data": "av", "split": "test", "metrics": ["accuracy"]}}


class Commands(DataCase):
    def setUp(self):
        super().setUp()
        self.ran = self.folder / "ran"
        self.command = f"pipe:touch {self.ran}; cat {self.tars['train']}"

    def write(self, name="recipe.json", section=(), recipe=(), **shards):
        """A recipe of small tars in which the given things are otherwise."""
        files = {split: [str(path)] for split, path in self.tars.items()}
        files.update(shards)
        data = {"shards": files, "fields": FIELDS, "order": "sequence", **dict(section)}
        data["shards"] = {split: entries for split, entries in data["shards"].items() if entries}
        path = self.folder / name
        path.write_text(json.dumps({**RECIPE, "data": {"av": data}, **dict(recipe)}))
        return path

    def ways(self):
        """All ways to name a command: a recipe each."""
        plain = [str(self.tars["train"])]
        for split in ("train", "val", "test"):
            yield f"shards of {split}", self.write(**{split: [self.command]})
        yield "among files", self.write(train=[*plain, self.command])
        yield "a range", self.write(train=[self.command + " # {0..2}"])
        yield "a buffer", self.write(section={"order": {"buffer": 4}}, train=[self.command])
        for order in ("sequence", "shuffle", {"buffer": 4}):
            blend = {"blend": [{"shards": [self.command]}, {"shards": plain}], "order": order}
            yield f"a blend in order {order}", self.write(section=blend, train=None)
        yield "a stream", self.write(section={"stream": True}, train=[self.command])
        list_file = self.folder / "shards.txt"
        list_file.write_text(f"{self.tars['train']}\n{self.command}\n")
        yield "a list", self.write(train=[f"@{list_file}"])
        named = self.folder / f"pipe:touch {self.ran.name}"  # also where the name alone would be run
        named.write_bytes(self.tars["train"].read_bytes())
        yield "a pattern", self.write(train=[str(self.folder / "*touch*")])
        yield "another recipe", self.write("child.json", recipe={"extends": self.write(train=[self.command]).name, "data": {}})
        yield "a variable", self.write(recipe={"let": {"entry": self.command}}, train=["$entry"])
        tokenizer = {"tokenizer": {"file": self.command}, "fields": {**FIELDS, "text": {"kind": "text", "member": "txt", "length": 8}}}
        yield "a tokenizer's file", self.write(section=tokenizer)
        learned = {"tokenizer": {"type": "word", "vocab": 50, "from": [self.command]}, "fields": tokenizer["fields"]}
        yield "a tokenizer's texts", self.write(section=learned)
        yield "a member", self.write(section={"fields": {**FIELDS, "text": {"kind": "group", "member": self.command}}})

    def verbs(self, recipe):
        yield "train", recipe, "--run", self.folder / "run", "--overwrite", "--quiet", "--threads", "1"
        for action in ("check", "stats"):
            yield "data", action, recipe
        for more in ([], ["--training"], ["--split", "test"]):
            yield "data", "show", recipe, "--out", self.folder / "page.html", "--overwrite", *more
        yield "data", "bench", recipe, "--seconds", "0.05"
        yield "tokenizer", "train", recipe, "--data", "av", "--out", self.folder / "t.model", "--overwrite"
        yield "check", recipe

    def test_none_runs_unless_it_is_allowed(self):
        for way, recipe in self.ways():
            for verb in self.verbs(recipe):
                with self.subTest(way=way, verb=" ".join(map(str, verb[:2]))):
                    result = weft(*verb)
                    self.assertFalse(self.ran.exists(), "the command ran")
                    self.assertGreaterEqual(result.returncode, 0, "killed by a signal")
                    self.assertNotEqual(result.returncode, PLUGIN, result.stderr)

    def test_a_run_whose_recipe_was_changed(self):
        run = self.folder / "run"
        trained = weft("train", self.write(), "--run", run, "--quiet", "--threads", "1")
        self.assertEqual(trained.returncode, 0, trained.stderr)
        kept = run / "recipe.json"
        recipe = json.loads(kept.read_text())
        recipe["data"]["av"]["shards"]["test"] = [self.command]
        kept.write_text(json.dumps(recipe))
        self.refused(["eval", run], USAGE, f"Data av is read from a command: {self.command}. If you trust it, add --allow-commands.")
        self.assertFalse(self.ran.exists())
        self.assertEqual(weft("eval", run, "--allow-commands").returncode, 0)
        self.assertTrue(self.ran.exists())

    def test_the_sentences(self):
        entry = f"Data av is read from a command: {self.command}. If you trust it, add --allow-commands."
        for verb in (["train", "--run", self.folder / "run"], ["data", "show", "--out", self.folder / "page.html"], ["data", "bench"]):
            self.refused([*verb, self.write(train=[self.command])], USAGE, entry)
        blend = {"blend": [{"shards": [str(self.tars["train"])]}, {"shards": [self.command]}], "order": "shuffle"}
        for entry in (self.command, "-"):
            blend["blend"][1]["shards"] = [entry]
            sentence = f"blend/1/shards: {entry} is a stream, and a blend draws from all samples of its sources. Name it in shards/train, or name files."
            for verb in (["train", "--allow-commands", "--run", self.folder / "run"], ["check"], ["data", "bench", "--allow-commands"]):
                self.refused([*verb, self.write(section=blend, train=None)], BAD_RECIPE, sentence)
        list_file = self.folder / "shards.txt"
        list_file.write_text(self.command)
        self.refused(["train", self.write(train=[f"@{list_file}"]), "--allow-commands", "--run", self.folder / "run"], BAD_RECIPE,
                     f'/data/av/shards/train/0: line 1 of {list_file}: "{self.command}" is no file. '
                     "A list names files; name commands and standard input in the recipe.")

    def test_it_runs_where_it_is_allowed(self):
        recipe = self.write(train=[self.command])
        for verb in (["train", "--run", self.folder / "run", "--quiet", "--threads", "1"],
                     ["data", "show", "--training", "--out", self.folder / "page.html"], ["data", "bench", "--seconds", "0.05"]):
            result = weft(*verb, recipe, "--allow-commands")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertTrue(self.ran.exists(), verb)
            self.ran.unlink()


run()
