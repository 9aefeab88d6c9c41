"""`weft predict`: what a trained run says of a split, of a file's samples and of an example on the command line.

Usage: predict_test.py BUILD_FOLDER
"""
import json
import random
import shutil
import tarfile
import tempfile
from pathlib import Path

from cases import *

QA = ROOT / "recipes/digits_qa.json"
FEW = ["--threads", "1", "--quiet", *(word for i in range(3) for word in ("--set", f"stages.{i}.steps=2"))]


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


class Predict(Case):
    @classmethod
    def setUpClass(cls):
        cls.home = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.home)
        # Data of its own, so that the training shards can be taken away.
        for folder in ("recipes", "examples/digits"):
            shutil.copytree(ROOT / folder, cls.home / folder)
        cls.classes, cls.texts = cls.home / "classes", cls.home / "texts"
        for run, words in ((cls.classes, [cls.home / "recipes/digits_av_picture.json", *SHORT]), (cls.texts, [cls.home / "recipes/digits_qa.json", *FEW])):
            done = weft("train", *words, "--run", run)
            assert done.returncode == 0, done.stderr
        cls.scores = {run: json.loads(weft("eval", run, "--json", "--threads", "1").stdout)["results"][0]["metrics"]
                      for run in (cls.classes, cls.texts)}
        for shard in (cls.home / "examples/digits").glob("*-train-*.tar"):
            shard.unlink()
        with tarfile.open(cls.home / "examples/digits/digits-qa-test-000.tar") as shard:
            for member in shard.getmembers()[:3]:
                (cls.home / f"first.{member.name.split('.', 1)[1]}").write_bytes(shard.extractfile(member).read())
        cls.question = json.loads((cls.home / "first.json").read_text())["questions"][0]["question"]

    def predict(self, run, *words):
        result = weft("predict", run, *words)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return lines(result)

    def test_classes_of_a_split_agree_with_the_evaluation(self):
        found = self.predict(self.classes)
        self.assertEqual(len(found), 93)
        right = sum(one["digit"]["class"] == one["digit"]["target"] for one in found)
        self.assertAlmostEqual(right / len(found), self.scores[self.classes]["accuracy.accuracy"], places=6)
        for one in found:
            scores = one["digit"]["scores"]
            self.assertEqual(max(scores, key=scores.get), one["digit"]["class"])
            self.assertEqual(list(scores)[one["digit"]["index"]], one["digit"]["class"])
            self.assertAlmostEqual(sum(scores.values()), 1, places=5)

    def test_texts_of_a_split_agree_with_the_evaluation(self):
        found = self.predict(self.texts, "--split", "test")
        right = sum(one["answer"]["text"] == one["answer"]["target"] for one in found)
        self.assertAlmostEqual(right / len(found), self.scores[self.texts]["answer_match.exact_match"], places=6)
        self.assertEqual(found[0]["key"][-2:], "#0")

    def test_no_training_shard_is_opened_where_evaluation_opens_it(self):
        self.refused(["eval", self.classes], NO_INPUT, "digits-av-train-000.tar")
        self.assertEqual(len(self.predict(self.classes, "--split", "val")), 109)

    def test_an_example_on_the_command_line(self):
        of_split = self.predict(self.texts, "--wire", "reasoning")[0]["reasoning"]["values"]
        words = ["--picture", self.home / "first.png", f"--voice={self.home}/first.wav", "--field", f"text={self.question}"]
        given = self.predict(self.texts, "--wire", "reasoning", *words)[0]
        self.assertEqual(given["key"], "input")
        for ours, its in zip(given["reasoning"]["values"], of_split):
            for a, b in zip(ours, its):
                self.assertAlmostEqual(a, b, places=4)
        answer = self.predict(self.texts, *words)[0]["answer"]
        self.assertEqual(list(answer), ["text"])  # nothing says what is right

    def test_samples_of_an_index(self):
        index = self.home / "index.jsonl"
        rows = [{"key": key, "png": "first.png", "wav": "first.wav", "json": {"question": self.question, **more}}
                for key, more in (("a", {"answer": "7"}), ("b", {"answer": "8"}))]
        index.write_text("".join(json.dumps(row) + "\n" for row in rows))
        found = self.predict(self.texts, "--input", index)
        self.assertEqual([(one["key"], one["answer"]["target"]) for one in found], [("a", "7"), ("b", "8")])
        self.assertEqual(found[0]["answer"]["text"], found[1]["answer"]["text"])

    def test_a_shard_of_the_section_gives_its_examples(self):
        shard = self.home / "examples/digits/digits-qa-test-000.tar"
        self.assertEqual(self.predict(self.texts, "--input", shard), self.predict(self.texts, "--split", "test"))

    def test_evaluation_shows_samples_wrong_ones_first(self):
        run = self.train("run", recipe=ROOT / "recipes/digits_av_picture.json")
        found = {one["key"]: one["digit"] for one in self.predict(run)}
        shown = json.loads(weft("eval", run, "--samples", "90", "--json").stdout)["results"][0]["samples"]
        self.assertEqual(len(shown), 90)
        wrong = [one["predicted"] != one["target"] for one in shown]
        self.assertEqual(wrong, sorted(wrong, reverse=True))
        self.assertEqual(sum(wrong), sum(one["class"] != one["target"] for one in found.values()))
        for one in shown:
            self.assertEqual((one["predicted"], one["target"]), (found[one["key"]]["class"], found[one["key"]]["target"]))
        self.assertRegex(weft("eval", run, "--samples", "2").stdout, r"\nsample of .* predicted +target *\n.* wrong\n")

    def test_what_is_missing_or_unknown_is_named(self):
        picture = ["--picture", self.home / "first.png"]
        self.refused(["predict", self.texts, *picture], USAGE, 'reads the field "text", which is not given. Give picture, text and voice.')
        self.refused(["predict", self.classes, *picture, "--sound", "x"], USAGE, 'data section "av" has no field "sound".')
        self.refused(["predict", self.classes, *picture, "--split", "test"], USAGE, "--field, --input and --split name what to predict: give one.")
        self.refused(["predict", self.classes, "--picture"], USAGE, "--picture wants a value")
        self.refused(["predict", self.classes, "--field", "picture"], USAGE, '--field takes NAME=VALUE, found "picture".')
        self.refused(["predict", self.classes, "--picture", "nowhere.png"], NO_INPUT, "nowhere.png cannot be read.")
        self.refused(["predict", self.classes, "--picture", self.home / "first.wav"], BAD_DATA, "the input, sample input")
        self.refused(["predict", self.classes, "--wire", "fusion.tokns"], USAGE, 'no output "fusion.tokns"', "fusion.tokens")
        self.refused(["predict", self.classes, "--data", "avv"], USAGE, 'no data section "avv"')
        self.refused(["predict", self.home], NO_INPUT, "is no run folder")
        self.refused(["predict", self.classes, "--input", "nowhere.jsonl"], NO_INPUT, "nowhere.jsonl")


class Numbers(Case):
    """y = 3 x0 - 2 x1 + 10, learned from a table: numbers in and numbers out, in the samples' units."""

    def test_numbers_are_learned_and_predicted_in_their_own_units(self):
        draw = random.Random(1)
        for name, count in (("train", 1000), ("test", 50)):
            rows = [[draw.gauss(0, 1), draw.gauss(0, 1)] for _ in range(count)]
            text = "".join(json.dumps({"x": x, "y": 3 * x[0] - 2 * x[1] + 10}) + "\n" for x in rows)
            (self.folder / f"{name}.jsonl").write_text(text)
        wires = {"prediction": "value.prediction", "target": "batch.y"}
        recipe = self.folder / "regression.json"
        recipe.write_text(json.dumps({
            "recipe": 1, "name": "regression", "seed": 1,
            "data": {"table": {"shards": {"train": ["train.jsonl"], "test": ["test.jsonl"]}, "fields": {
                "x": {"kind": "number", "pointer": "/x", "size": 2},
                "y": {"kind": "number", "pointer": "/y", "size": 1, "mean": 10, "std": 4}}}},
            "graph": {"row": {"use": "encoder.mlp", "in": {"features": "batch.x"}, "config": {"features": 2, "hidden": [], "dim": 8}},
                      "value": {"use": "decoder.regression", "in": {"state": "row.tokens"}, "config": {"dim": 8, "outputs": 1}}},
            "losses": {"mse": {"use": "loss.mse", "in": wires}}, "metrics": {"mae": {"use": "metric.mae", "in": wires}},
            "stages": [{"name": "fit", "data": "table", "steps": 300, "batch": 32, "minimise": {"mse": 1}, "optimizer": {"lr": 0.03, "weight_decay": 0}}],
            "evaluate": {"data": "table", "split": "test", "metrics": ["mae"]}}))
        run = self.folder / "run"
        done = weft("train", recipe, "--run", run, "--threads", "1", "--quiet", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        mae = json.loads(done.stdout)["results"][0]["metrics"]["mae.mae"]
        self.assertLess(mae, 0.05)
        found = lines(weft("predict", run))
        self.assertAlmostEqual(sum(abs(one["value"]["values"][0] - one["value"]["target"][0]) for one in found) / len(found) / 4, mae, places=4)
        given = lines(weft("predict", run, "--x", "[1, 0]"))
        self.assertAlmostEqual(given[0]["value"]["values"][0], 13, delta=0.5)


if __name__ == "__main__":
    run()
