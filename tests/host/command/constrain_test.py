"""`constrain` and `draft` in entries of `evaluate.generate`: what a small run writes when its texts must have a form, or are drafted.

Usage: constrain_test.py BUILD_FOLDER
"""
import json
import re
import shutil
import tempfile

from cases import *

CHOICES = ["maybe", "certainly not", "42"]
SCHEMA = {"type": "object", "required": ["sum", "odd"], "properties": {"sum": {"type": "integer", "minimum": 0, "maximum": 18},
                                                                       "odd": {"type": "boolean"}}}
SMALL = {"dim": 32, "layers": 1, "heads": 2, "ffn_dim": 64}


def bytes_of_gpt2():
    """The characters that stand for the bytes 0 … 255."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in shown else next(others)) for byte in range(256)]


def byte_tokenizer():
    """A tokenizer.json whose tokens are bytes."""
    special = [{"id": 256 + i, "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
               for i, name in enumerate(("<s>", "<pad>", "</s>"))]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None, "pre_tokenizer": level,
            "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 258], "cls": ["<s>", 256], "trim_offsets": True, "add_prefix_space": False},
            "decoder": level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "merges": [],
                      "vocab": {character: i for i, character in enumerate(bytes_of_gpt2())}}}


def writer(name, **more):
    return {"use": "decoder.language_model", "in": {"target": "batch.answer"}, "config": {**SMALL, **more}}


def recipe(folder, **generate):
    """Two decoders learn sums by heart; `small` is the smaller one."""
    (folder / "bytes.json").write_text(json.dumps(byte_tokenizer()))
    lines = [{"key": f"{i:02}", "json": {"answer": f"{i} plus {i + 1} is {2 * i + 1}"}} for i in range(16)]
    (folder / "sums.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    learn = {"use": "loss.cross_entropy", "config": {"next_token": True}}
    path = folder / "r.json"
    path.write_text(json.dumps({
        "format": 2, "name": "sums", "seed": 1,
        "data": {"qa": {"shards": {part: ["sums.jsonl"] for part in ("train", "val", "test")}, "tokenizer": {"file": "bytes.json"},
                        "fields": {"answer": {"kind": "text", "pointer": "/answer", "max_length": 48, "bos": True, "eos": True}}}},
        "graph": {"writer": writer("writer", dim=48), "small": writer("small")},
        "losses": {f"{node}_ce": {**learn, "in": {"logits": f"{node}.logits", "target": "batch.answer"}} for node in ("writer", "small")},
        "metrics": {"match": {"use": "metric.exact_match", "in": {"predicted": "writer.generated", "target": "batch.answer"}}},
        "stages": [{"name": "fit", "data": "qa", "steps": 30, "batch_size": 16, "losses": {"writer_ce": 1, "small_ce": 1}, "optimizer": {"lr": 5e-3}}],
        "evaluate": {"data": "qa", "split": "test", "metrics": ["match"], "generate": {"node": "writer", "max_length": 48, **generate}}}))
    return path


class Forms(Case):
    @classmethod
    def setUpClass(cls):
        cls.home = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.run_folder = cls.home / "run"
        done = weft("train", recipe(cls.home), "--run", cls.run_folder, "--threads", "1", "--quiet")
        assert done.returncode == 0, done.stderr

    def told(self, *words):
        result = weft("generate", self.run_folder, *words)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def texts(self, *words):
        return json.loads(self.told("--json", *words))["writer"]

    def test_choices_by_every_strategy(self):
        for strategy in ("greedy", "beam", "sample"):
            more = ["--strategy", strategy, "--constrain", json.dumps({"choices": CHOICES})]
            [one] = self.texts(*more)
            self.assertIn(one["text"], CHOICES)
            self.assertTrue(one["complete"])
            self.assertEqual(self.told(*more), one["text"] + "\n")
        [free] = self.texts()
        self.assertNotIn(free["text"], CHOICES)
        self.assertNotIn("complete", free)

    def test_all_texts_of_a_schema_parse(self):
        for strategy in ("sample", "beam"):
            more = ["--temperature", "2"] if strategy == "sample" else ["--num-beams", "20"]
            texts = self.texts("--strategy", strategy, *more, "--num-return-sequences", "20", "--constrain", json.dumps({"json_schema": SCHEMA}))
            self.assertEqual(len(texts), 20)
            for one in texts:
                said = json.loads(one["text"])
                self.assertEqual((list(said), type(said["sum"]), type(said["odd"]), one["complete"]), (["sum", "odd"], int, bool, True))
                self.assertTrue(0 <= said["sum"] <= 18)
            self.assertGreater(len({one["text"] for one in texts}), 3)

    def test_a_prompt_is_no_part_of_the_form(self):
        [one] = self.texts("--answer", "3 plus 4 is ", "--constrain", '{"regex": "[0-9]{1,2}"}')
        self.assertRegex(one["text"], r"^3 plus 4 is [0-9]{1,2}$")

    def test_predict_and_eval_keep_to_it(self):
        form = ["--set", f"evaluate.generate.constrain={json.dumps({'regex': '[1-9] plus [1-9] is [0-9]{1,2}'})}"]
        said = [json.loads(line)["writer"] for line in weft("predict", self.run_folder, *form).stdout.splitlines()]
        self.assertEqual(len(said), 16)
        for one in said:
            self.assertTrue(re.fullmatch("[1-9] plus [1-9] is [0-9]{1,2}", one["text"]), one)
            self.assertTrue(one["complete"])
        scores = weft("eval", self.run_folder, *form, "--json")
        self.assertEqual(scores.returncode, 0, scores.stderr)

    def test_a_text_that_is_cut_off_is_told_of(self):
        words = ["generate", self.run_folder, "--max-length", "5", "--constrain", '{"choices": ["certainly not"]}']
        result = weft(*words)
        self.assertEqual((result.returncode, result.stdout), (0, "cert\n"))
        self.assertEqual(result.stderr, 'weft: 1 of 1 texts of "writer" ended before their constraint lets them end. Raise max_length.\n')
        [one] = json.loads(weft(*words, "--json").stdout)["writer"]
        self.assertFalse(one["complete"])

    def test_a_draft_changes_no_greedy_text(self):
        draft = ["--draft", '{"node": "small", "tokens": 3}']
        self.assertEqual(self.texts(*draft)[0]["text"], self.texts()[0]["text"])
        form = ["--constrain", json.dumps({"json_schema": SCHEMA})]
        self.assertEqual(self.texts(*draft, *form)[0]["text"], self.texts(*form)[0]["text"])
        drawn = self.texts(*draft, *form, "--strategy", "sample", "--num-return-sequences", "10")
        self.assertTrue(all(json.loads(one["text"]) and one["complete"] for one in drawn))
        self.assertEqual(drawn, self.texts(*draft, *form, "--strategy", "sample", "--num-return-sequences", "10"))

    def test_mistakes_have_places(self):
        for constrain, sentence in (
                ({"regex": "a("}, "/evaluate/generate/constrain/regex: XGrammar cannot read it: Regex parsing error at position 3"),
                ({"grammar": "root ::= other"}, '/evaluate/generate/constrain/grammar: XGrammar cannot read it: EBNF parser error at line 1, column 10: '
                                                'Rule "other" is not defined.'),
                ({"json_schema": {"type": "array", "uniqueItems": True}},
                 '/evaluate/generate/constrain/json_schema/uniqueItems: no text is kept to "uniqueItems" while it is written.'),
                ({}, "/evaluate/generate/constrain: expected an object of at least 1 member, found {}.")):
            self.refused(["check", recipe(self.folder, constrain=constrain)], BAD_RECIPE, sentence)
        for draft, sentence in (
                ({"node": "smal"}, '/evaluate/generate/draft/node: no graph node is called "smal". Did you mean "small"?'),
                ({"node": "writer"}, "/evaluate/generate/draft: a decoder's draft is another one. Name a smaller one.")):
            self.refused(["check", recipe(self.folder, draft=draft)], BAD_RECIPE, sentence)
        self.refused(["check", recipe(self.folder, strategy="beam", draft={"node": "small"})], BAD_RECIPE,
                     '/evaluate/generate/draft: strategy "beam" does not read it.')


if __name__ == "__main__":
    run()
