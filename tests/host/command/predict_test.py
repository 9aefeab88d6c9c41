"""`weft predict` and `weft generate`: what a trained run says of a split, of a file's samples and of an example on the command line.

Usage: predict_test.py BUILD_FOLDER
"""
import json
import random
import shutil
import subprocess
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
        sample = [f"evaluate.generate.{setting}" for setting in ("strategy=sample", "seed=3")]
        cls.sampled = {more: json.loads(weft("eval", cls.texts, "--json", "--threads", "1", *sample, more).stdout)["results"][0]["metrics"]
                       for more in ("evaluate.batch_size=64", "evaluate.batch_size=50", "evaluate.generate.top_k=1")}
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

    def test_frames_say_what_the_metric_counts(self):
        run = self.folder / "said"
        shards = {split: [str(SHARD)] for split in ("train", "val", "test")}
        settings = [f"data.speech.shards={json.dumps(shards)}", "data.speech.fields.words.pointer=/clue",
                    "data.speech.fields.words.max_length=12", 'data.speech.tokenizer.from=["/clue"]',
                    "data.speech.tokenizer.vocab_size=64", "graph.said.config.outputs=64", "stages.0.steps=1",
                    "stages.0.optimizer.lr=1e-9"]  # as drawn: frames say all kinds of words
        result = weft("train", ROOT / "recipes/speech.json", *settings, "--run", run, "--threads", "1", "--quiet")
        self.assertEqual(result.returncode, 0, result.stderr)
        wanted = json.loads(weft("eval", run, "--json", "--threads", "1").stdout)["results"][0]["metrics"]
        edits = words = 0
        for one in self.predict(run):
            said, target = one["said"]["text"].split(), one["said"]["target"].split()
            before = list(range(len(said) + 1))  # Levenshtein's distance, row by row
            for i, word in enumerate(target, 1):
                row = [i]
                for j, other in enumerate(said, 1):
                    row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
                before = row
            edits, words = edits + before[-1], words + len(target)
        self.assertGreater(edits, words)
        self.assertAlmostEqual(edits / words, wanted["words.error_rate"], places=5)

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

    def generate(self, *words, given=""):
        example = ["--picture", self.home / "first.png", "--voice", self.home / "first.wav"]
        result = subprocess.run([BUILD / "bin/weft", "generate", self.texts, *map(str, example), *words], input=given,
                                capture_output=True, text=True, timeout=300)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def texts_of(self, *words):
        return json.loads(self.generate("--text", self.question, "--json", *words))["answer"]

    def test_generate_writes_what_predict_says(self):
        said = self.predict(self.texts, "--picture", self.home / "first.png", "--voice", self.home / "first.wav", "--text", self.question)
        self.assertEqual(self.generate("--text", self.question), said[0]["answer"]["text"] + "\n")
        [one] = self.texts_of()
        self.assertEqual(one["text"], said[0]["answer"]["text"])
        self.assertAlmostEqual(one["score"], one["log_probability"] / one["tokens"], places=6)

    def test_generate_by_beams_and_by_drawing(self):
        beams = self.texts_of("--strategy", "beam", "--num-beams", "5", "--num-return-sequences", "5", "--length-penalty", "0")
        scores = [one["score"] for one in beams]
        self.assertEqual((len(beams), scores), (5, sorted(scores, reverse=True)))
        self.assertGreaterEqual(scores[0], self.texts_of()[0]["log_probability"] - 1e-6)
        drawn = ["--strategy=sample", "--num-return-sequences", "3", "--generation", "temperature=2"]
        self.assertEqual(self.texts_of(*drawn, "--seed", "7"), self.texts_of(*drawn, "--seed", "7"))
        self.assertNotEqual(self.texts_of(*drawn, "--seed", "7"), self.texts_of(*drawn, "--seed", "8"))
        self.assertEqual(self.texts_of("--strategy=sample", "--top-k", "1")[0]["text"], self.texts_of()[0]["text"])
        texts = self.generate("--text", self.question, *drawn).splitlines()
        self.assertEqual(len(texts), 3)

    def test_evaluation_generates_as_the_recipe_says(self):
        score = {more: metrics["answer_match.exact_match"] for more, metrics in self.sampled.items()}
        self.assertEqual(score["evaluate.batch_size=64"], score["evaluate.batch_size=50"])
        self.assertEqual(score["evaluate.generate.top_k=1"], self.scores[self.texts]["answer_match.exact_match"])

    def test_drawn_texts_over_ranks_are_those_of_one(self):
        """The random numbers of a row follow its place among all rows, whichever rank has it."""
        drawn = ["--set", "evaluate.batch_size=17", "--set", "evaluate.generate.strategy=sample", "--set", "evaluate.generate.temperature=2"]
        alone = self.predict(self.texts, *drawn)
        together = weft("launch", "--nproc", 3, "predict", self.texts, *drawn)
        self.assertEqual(together.returncode, 0, together.stderr)
        self.assertEqual(lines(together), alone)
        self.assertGreater(len({one["answer"]["text"] for one in alone}), 10)

    def test_chat_answers_line_by_line(self):
        answer = self.generate("--text", self.question)
        given = f"{self.question}\n/picture {self.home}/first.png\n{self.question}\n\n"
        self.assertEqual(self.generate("--chat", given=given), 3 * answer)
        words = [BUILD / "bin/weft", "generate", self.texts, "--chat"]
        result = subprocess.run(words, input=f"/picture nowhere.png\n{self.question}\n", capture_output=True, text=True, timeout=300)
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        self.assertIn("nowhere.png cannot be read.", result.stderr)
        self.assertIn('reads the field "picture", which is not given.', result.stderr)

    def test_generation_that_cannot_be_is_refused(self):
        ask = ["generate", self.texts, "--text", self.question]
        self.refused([*ask, "--top-k", "3"], BAD_RECIPE, '/evaluate/generate/top_k: strategy "greedy" does not read it. Set strategy to sample, or leave it out.')
        self.refused([*ask, "--strategy", "beam", "--num-return-sequences", "9"], BAD_RECIPE, "expected at most num_beams, 4, found 9.")
        self.refused([*ask, "--strategy", "sampel"], BAD_RECIPE, "/evaluate/generate/strategy")
        self.refused([*ask, "--seed"], USAGE, "--seed wants a value")
        self.refused(ask, USAGE, 'reads the field "picture", which is not given.')
        self.refused(["generate", self.classes, "--picture", self.home / "first.png"], USAGE, 'the recipe\'s evaluation has no "generate"')

    def test_what_is_missing_or_unknown_is_named(self):
        picture = ["--picture", self.home / "first.png"]
        self.refused(["predict", self.texts, *picture], USAGE, 'reads the field "text", which is not given. Give picture, text and voice.')
        self.refused(["predict", self.classes, *picture, "--sound", "x"], USAGE, 'data section "av" has no field "sound".')
        self.refused(["predict", self.classes, *picture, "--split", "test"], USAGE, "--field, --input and --split name what to predict: give one.")
        self.refused(["predict", self.classes, "--picture"], USAGE, "--picture wants a value")
        self.refused(["predict", self.classes, "--field", "picture"], USAGE, '--field takes NAME=VALUE, found "picture".')
        self.refused(["predict", self.classes, "--picture", "nowhere.png"], NO_INPUT, "nowhere.png cannot be read.")
        self.refused(["predict", self.classes, "--picture", self.home / "first.wav"], BAD_DATA,
                     f"{self.home}/first.wav cannot be decoded: it is a WAV file, neither PNG, JPEG nor WebP. Give another file.")
        self.refused(["predict", self.classes, "--picture", "/dev/zero"], BAD_DATA, "/dev/zero has more than 268435456 bytes; no more are read.")
        self.refused(["predict", self.classes, "--picture", "/dev/null"], BAD_DATA, "it is empty")
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


class HalfLabelled(Case):
    """Of a sample that lacks its label the field holds zeros; they are nobody's target."""

    def test_a_sample_without_a_label_has_no_target(self):
        samples = [{"key": f"s{i}", "json": {"x": [i % 2, i / 20], **({"label": ["no", "yes"][i % 2]} if i % 3 else {})}} for i in range(24)]
        (self.folder / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in samples))
        fields = {"x": {"kind": "array", "pointer": "/x", "shape": [2]},
                  "label": {"kind": "class", "pointer": "/label", "classes": ["no", "yes"], "optional": True}}
        wires = {"logits": "answer", "target": "batch.label"}
        (self.folder / "r.json").write_text(json.dumps({
            "format": 2, "name": "half", "seed": 1,
            "data": {"rows": {"shards": {split: ["rows.jsonl"] for split in ("train", "test")}, "fields": fields}},
            "graph": {"see": {"use": "encoder.mlp", "in": "batch.x", "config": {"dim": 8, "hidden": [8]}},
                      "answer": {"use": "decoder.classifier", "in": "see", "config": {"dim": 8, "classes": 2}}},
            "losses": {"ce": {"use": "loss.cross_entropy", "in": wires}}, "metrics": {"accuracy": {"use": "metric.accuracy", "in": wires}},
            "stages": [{"name": "fit", "data": "rows", "steps": 3, "batch_size": 8, "losses": ["ce"], "optimizer": {"lr": 0.01}}],
            "evaluate": {"data": "rows", "metrics": ["accuracy"]}}))
        run = self.folder / "run"
        done = weft("train", self.folder / "r.json", "--run", run, "--threads", "1", "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = {one["key"]: one["answer"] for one in lines(weft("predict", run, "--threads", "1"))}
        with_target = {key: answer for key, answer in told.items() if "target" in answer}
        self.assertEqual(sorted(with_target), sorted(one["key"] for one in samples if "label" in one["json"]))
        right = sum(answer["class"] == answer["target"] for answer in with_target.values())
        score = json.loads(weft("eval", run, "--json", "--threads", "1", "--samples", "24").stdout)["results"][0]
        self.assertAlmostEqual(right / len(with_target), score["metrics"]["accuracy.accuracy"], places=6)
        self.assertFalse([one for one in score["samples"] if one["key"] not in with_target and one["target"]], score["samples"])


if __name__ == "__main__":
    run()
