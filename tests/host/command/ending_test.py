"""How verbs end: the exit code of each kind of fault, and the document that --json prints on failure.

Usage: ending_test.py BUILD_FOLDER.
"""
import json
import resource
import subprocess
import unittest.mock

from cases import *

IO, NO_RESOURCES = 74, 71


class Documents(Case):
    def failed(self, arguments, code):
        result = weft(*arguments, "--json")
        self.assertEqual(result.returncode, code, result.stderr)
        error = json.loads(result.stdout)["error"]
        self.assertEqual(error["exit"], code)
        self.assertEqual(result.stderr, f"weft: error: {error['sentence']}\n")
        return error

    def test_every_verb_that_prints_json_prints_it_on_failure(self):
        none = str(self.folder / "none")
        for arguments, code in ((["check", none], NO_INPUT), (["train", none], NO_INPUT), (["eval", none], NO_INPUT),
                                (["plugin", "info", "fusion.none"], None), (["plugin", "which", "fusion.none"], None),
                                (["plugin", "check", none], None), (["data", "check", none], NO_INPUT), (["data", "stats", none], NO_INPUT),
                                (["data", "bench", none], NO_INPUT), (["data", "pack", none, "--out", none + "/x"], None),
                                (["train", "--bogus"], USAGE), (["eval"], USAGE), (["eval", self.folder], NO_INPUT)):
            with self.subTest(arguments):
                self.failed(arguments, code if code is not None else weft(*arguments).returncode)

    def test_a_recipes_problems_have_their_places(self):
        for verb in (["check"], ["train", "--run", self.folder / "run"], ["data", "check"]):
            words = ["--set", "threads=-1", "--set", "sead=3"]
            error = self.failed([*verb[:2 if verb[0] == "data" else 1], PICTURE, *verb[1 if verb[0] == "train" else 2:], *words], BAD_RECIPE)
            self.assertEqual([problem["pointer"] for problem in error["problems"]], ["/threads", "/sead"])
            self.assertEqual({problem["file"] for problem in error["problems"]}, {"--set"})

    def test_a_document_that_the_verb_printed_stays_the_only_one(self):
        result = weft("data", "check", PICTURE, "--json", *shards(SHARD))
        self.assertEqual(list(json.loads(result.stdout)), ["check"])


class Codes(Case):
    def test_a_folder_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        self.refused(["train", PICTURE, "--run", self.folder / "file/run", *SHORT, *shards(SHARD)], CANNOT_CREATE, "cannot be made: Not a directory.")

    def test_a_class_that_the_model_does_not_have(self):
        words = [word.replace('"batch_size": 8', '"batch_size": 64') for word in SHORT]
        result = weft("train", PICTURE, "--run", self.folder / "run", *words, *shards(SHARD), "--set", "graph.digit.config.classes=5")
        self.assertIn(result.returncode, (BAD_DATA, BAD_RECIPE), result.stderr)

    def test_a_device_that_is_none(self):
        words = ["train", PICTURE, "--run", self.folder / "run", *SHORT, *shards(SHARD)]
        self.refused([*words, "--device", "gpu"], USAGE, 'The device is cpu, cuda, cuda:N or auto, found "gpu".')
        self.assertFalse((self.folder / "run").exists())
        with unittest.mock.patch.dict("os.environ", {"WEFT_DEVICE": "gpu"}):
            self.refused(words, USAGE, 'found "gpu"')
            self.assertEqual(weft(*words, "--device", "cpu").returncode, 0)

    def test_a_batch_that_no_memory_holds(self):
        for place in ("stages.0.batch_size", "evaluate.batch_size"):
            self.refused(["check", PICTURE, "--set", f"{place}={2**40}"], BAD_RECIPE, f"expected an integer from 1 to 1048576, found {2**40}.")

    def test_more_parameters_than_there_are_numbers(self):
        for dim in (2**31, 2**40):
            result = weft("check", PICTURE, "--set", f"defaults.config.dim={dim}")
            self.assertNotIn(" -", result.stdout)
            self.assertNotEqual(result.returncode, PLUGIN, result.stderr)

    def test_memory_that_does_not_suffice(self):
        limit = 6 << 30
        result = subprocess.run([BUILD / "bin/weft", "train", PICTURE, "--run", self.folder / "run", *SHORT, *shards(SHARD),
                                 "--set", "stages.0.batch_size=64", "--set", "data.av.fields.picture.size=[8000,8000]", "--set", "graph.vision.config.height=8000",
                                 "--set", "graph.vision.config.width=8000", "--set", "graph.vision.config.patch=4000"],
                                capture_output=True, text=True, timeout=300,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        self.assertEqual(result.returncode, NO_RESOURCES, result.stderr)
        self.assertIn("memory", result.stderr)


if __name__ == "__main__":
    run()
