"""Examples before a text, and logits that go through a function: `eval`, `predict`, `generate` and `plan`.

Usage: shots_test.py BUILD_FOLDER
"""
import json
import shutil
import tempfile
from pathlib import Path

from cases import *

DECODER = {"use": "decoder.autoregressive", "config": {"vocab_size": 48, "max_length": 8, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}}
SHOTS = {"count": 3, "template": "{/q}={/a};", "group_by": "/group"}
STEERED = {"use": "function.contrast", "in": {"base": "answer.logits", "minus": "blind:answer.logits"}, "config": {"scale": 40}}


def recipe():
    text = {"kind": "text", "pointer": "/q", "suffix": "=", "max_length": 40, "shots": SHOTS}
    answer = {"kind": "text", "pointer": "/a", "max_length": 6, "bos": True, "eos": True}
    return {"format": 2, "name": "shots", "data": {"qa": {
                "shards": {split: [f"{split}.jsonl"] for split in ("train", "test")},
                "tokenizer": {"type": "char", "vocab_size": 48, "from": ["/q", "/a", "/more"]}, "fields": {
                    "question": text, "hint": {"kind": "text", "pointer": "/hint", "max_length": 4, "optional": True},
                    "answer": answer}}},
            "graph": {"text": {"use": "encoder.text_transformer", "in": "batch.question",
                               "config": {"vocab_size": 48, "max_length": 40, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}},
                      "hint": {"use": "encoder.text_transformer", "in": "batch.hint",
                               "config": {"vocab_size": 48, "max_length": 4, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}},
                      "fusion": {"use": "fusion.concat", "in": ["text", "hint"], "config": {"dim": 16}},
                      "answer": {**DECODER, "in": {"state": "fusion.tokens", "target": "batch.answer"}}},
            "views": {"blind": {"bind": {"batch.hint_present": False}}},
            "losses": {"ce": {"use": "loss.cross_entropy", "in": {"logits": "answer.logits", "target": "batch.answer"}, "config": {"next_token": True}}},
            "metrics": {"match": {"use": "metric.squad", "in": {"predicted": "answer.text", "target": "batch.answer_text"}}},
            "stages": [{"name": "fit", "data": "qa", "steps": 30, "batch_size": 8, "losses": {"ce": 1}, "optimizer": {"lr": 0.01}}],
            "evaluate": {"data": "qa", "metrics": ["match"], "generate": {"node": "answer", "max_length": 6}}}


class Shots(Case):
    @classmethod
    def setUpClass(cls):
        cls.home = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.home)
        for split, first, count in (("train", 100, 30), ("test", 200, 12)):
            rows = [{"q": str(i), "a": "abcdefg"[i % 7] * 2, "group": i % 5, "hint": "xyz"[i % 3], "more": "=;"} for i in range(first, first + count)]
            (cls.home / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (cls.home / "shots.json").write_text(json.dumps(recipe()))
        cls.runs = cls.home / "run"
        done = weft("train", cls.home / "shots.json", "--run", cls.runs, "--threads", "1", "--quiet")
        assert done.returncode == 0, done.stderr

    def predict(self, *words):
        result = weft("predict", self.runs, *words)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def values(self, *words):
        """What the encoder of the question says: of other examples it says something else."""
        return [one["text.tokens"]["values"] for one in self.predict("--wire", "text.tokens", *words)]

    def test_a_split_a_file_and_a_text_by_hand_are_shown_the_same_examples(self):
        free = ["--set", "data.qa.fields.question.shots.group_by=null"]
        split = self.values(*free)
        self.assertEqual(len(split), 12)
        self.assertEqual(self.values("--input", self.home / "test.jsonl", *free), split)
        for i in (0, 7):
            [given] = self.values("--question", str(200 + i), *free)
            self.assertEqual(len(given), len(split[i]))
            for ours, its in zip(given, split[i]):
                for a, b in zip(ours, its):
                    self.assertAlmostEqual(a, b, places=4)
        others = self.values("--set", "data.qa.fields.question.shots.seed=1", *free)
        self.assertNotEqual(others, split)

    def test_evaluation_and_prediction_agree(self):
        scores = {}
        for count in (0, 3):
            setting = f"data.qa.fields.question.shots.count={count}"
            found = self.predict("--set", setting)
            right = sum(one["answer"]["text"] == one["answer"]["target"] for one in found) / len(found)
            result = weft("eval", self.runs, "--json", "--threads", "1", "--set", setting)
            self.assertEqual(result.returncode, 0, result.stderr)
            scores[count] = json.loads(result.stdout)["results"][0]["metrics"]["match.exact_match"]
            self.assertAlmostEqual(scores[count], right, places=6)

    def test_evaluations_with_other_shots_are_not_compared(self):
        other = self.folder / "other"
        result = weft("train", self.home / "shots.json", "--run", other, "--threads", "1", "--quiet", "--set", "stages.0.steps=1",
                      "--set", "data.qa.fields.question.shots.count=0")
        self.assertEqual(result.returncode, 0, result.stderr)
        result = weft("compare", self.runs, other)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("/shots", result.stderr)

    def test_generate_writes_what_predict_says(self):
        said = self.predict("--question", "205", "--hint", "x")[0]["answer"]["text"]
        result = weft("generate", self.runs, "--question", "205", "--hint", "x")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout, said + "\n")

    def test_plan_says_what_cannot_be(self):
        for settings, sentence in (
                (["data.qa.fields.question.shots.count=31"], "shots/count: expected at most 30, the number of examples of the training part, found 31."),
                (["data.qa.fields.question.shots.count=8"], "tokens with its 8 examples, and room for 40. Raise max_length, or lower shots/count."),
                (["data.qa.fields.question.shots.template=Q"], "shots/template: expected a text with values in braces"),
                (["data.qa.fields.question.shots.template=A{/none}"], "there is no value at /none, which shots of field question needs."),
                (["data.qa.fields.question.shots.group_by=/none"], "there is no value at /none, which shots of field question needs.")):
            words = [word for one in settings for word in ("--set", one)]
            result = weft("plan", self.home / "shots.json", *words)
            self.assertNotEqual(result.returncode, 0, sentence)
            self.assertIn(sentence, result.stdout + result.stderr)

    def test_logits_go_through_a_function(self):
        steered = ["--set", "graph.steered=" + json.dumps(STEERED), "--set", "evaluate.generate.logits=steered.out"]
        plain, moved = self.predict(), self.predict(*steered)
        self.assertNotEqual([one["answer"]["text"] for one in moved], [one["answer"]["text"] for one in plain])
        still = self.predict(*steered, "--set", "graph.steered.config.scale=0")
        self.assertEqual(still, plain)
        whole = self.predict(*steered, "--set", "evaluate.generate.use_cache=false")
        self.assertEqual(whole, moved)
        result = weft("eval", self.runs, "--json", "--threads", "1", *steered)
        right = sum(one["answer"]["text"] == one["answer"]["target"] for one in moved) / len(moved)
        self.assertAlmostEqual(json.loads(result.stdout)["results"][0]["metrics"]["match.exact_match"], right, places=6)
        result = weft("generate", self.runs, "--question", "205", "--hint", "x", *steered)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


run()
