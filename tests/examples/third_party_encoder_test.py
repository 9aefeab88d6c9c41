"""examples/third_party_encoder, built outside the tree with an installed Weft alone: three languages, one part.

Usage: third_party_encoder_test.py PREFIX LIBRARIES. Leaves the libraries in the folder LIBRARIES, for
third_party_encoder_formula_test.cpp.
"""
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from installed import ROOT, Installed, exports, needed, run

INSTALLED, LIBRARIES = Installed(sys.argv[1]), Path(sys.argv[2]).resolve()
EXAMPLE = ROOT / "examples/third_party_encoder"
PARTS = {"acme/encoder.birdsong": "libacme_encoder_birdsong.so", "acme/encoder.birdsong_c": "libacme_encoder_birdsong_c.so",
         "acme/encoder.birdsong_rust": "libacme_encoder_birdsong_rust.so"}
C_LIBRARY = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"}
STEPS = 60


def setUpModule():
    """A copy of the folder, where nothing of the tree is near."""
    shutil.rmtree(LIBRARIES, ignore_errors=True)
    LIBRARIES.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(EXAMPLE, f"{folder}/birdsong")
        INSTALLED.built(f"{folder}/birdsong", f"{folder}/build")
        for library in PARTS.values():
            shutil.copy(f"{folder}/build/{library}", LIBRARIES)


class Libraries(unittest.TestCase):
    def test_each_is_one_file_with_one_symbol_that_needs_the_c_library_alone(self):
        for library in PARTS.values():
            self.assertEqual(exports(LIBRARIES / library), ["weft_plugin_v0"], library)
            self.assertLessEqual(needed(LIBRARIES / library), C_LIBRARY, library)

    def test_each_keeps_the_contract_at_every_level(self):
        for library in PARTS.values():
            result = INSTALLED.weft("plugin", "check", LIBRARIES / library)
            self.assertRegex(result.stdout, r"\n\d+ passed, 0 failed, ", library)

    def test_they_say_the_same_of_themselves(self):
        found = json.loads(INSTALLED.weft("plugin", "list", "--json", plugins=LIBRARIES).stdout)
        self.assertEqual(found["rejected"], [])
        parts = {part["id"]: part for part in found["parts"] if part["id"].startswith("acme/")}
        self.assertEqual({id: Path(part["file"]).name for id, part in parts.items()}, PARTS)
        for fact in ("config", "kind", "version", "vendor", "license", "plugin_version", "state_version"):
            self.assertEqual(len({json.dumps(part[fact], sort_keys=True) for part in parts.values()}), 1, fact)

    def test_a_header_in_rust_that_differs_from_the_header_in_c_does_not_build(self):
        with tempfile.TemporaryDirectory() as folder:
            project = shutil.copytree(EXAMPLE, f"{folder}/birdsong")
            abi = Path(project, "abi.rs")
            right = "    pub dtype: u32,\n    pub init: u32,\n"
            self.assertIn(right, abi.read_text())
            abi.write_text(abi.read_text().replace(right, "    pub init: u32,\n    pub dtype: u64,\n"))
            self.assertEqual(INSTALLED.configure(project, f"{folder}/build").returncode, 0)
            result = run("cmake", "--build", f"{folder}/build", "--target", "acme_encoder_birdsong_rust")
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("layout.c.txt", result.stdout + result.stderr)


    def test_the_lines_by_hand_of_the_page_on_c(self):
        lines = (ROOT / "docs/abi/plugin-in-c.md").read_text().split("```sh\n")[1].split("```")[0]
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(EXAMPLE / "birdsong_c.c", folder)
            result = run("bash", "-euc", f"PREFIX={INSTALLED.prefix}\n{lines}", cwd=folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            library = Path(folder, PARTS["acme/encoder.birdsong_c"])
            self.assertEqual(exports(library), ["weft_plugin_v0"])
            self.assertIn("acme/encoder.birdsong_c 1.0.0: ", INSTALLED.weft("plugin", "info", library).stdout)


class Training(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        # As weft_find_loader_leaks() in tests/CMakeLists.txt. The contract above is checked without, since that has little time.
        slow = mock.patch.dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":fast_unwind_on_malloc=0")
        slow.start()
        cls.addClassCleanup(slow.stop)
        cls.runs = {id: cls.train(id, id.rsplit(".", 1)[1]) for id in PARTS}

    @classmethod
    def weft(cls, *arguments):
        return INSTALLED.weft(*arguments, plugins=LIBRARIES)

    @classmethod
    def train(cls, id, name, *more):
        """The recipe with few steps; its run folder."""
        folder = cls.folder / name
        result = cls.weft("train", EXAMPLE / "recipe.json", "--run", folder, "--quiet", "--threads", "1",
                          "--set", f"graph.audio.use={id}", "--set", f"stages.0.steps={STEPS}",
                          "--set", "stages.0.save_every=30", "--set", "stages.0.log_every=1", *more)
        assert result.returncode == 0, result.stderr
        return folder

    def steps(self, run):
        events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        return [event for event in events if event["event"] == "step"]

    def weights(self, run, step=STEPS):
        return hashlib.sha256((run / f"checkpoints/fit-{step}/model.safetensors").read_bytes()).hexdigest()

    def test_takes_the_place_of_any_encoder_by_one_word(self):
        for recipe in ("digits_qa", "digits_av", "digits_av_voice"):
            for id in PARTS:
                with self.subTest(recipe=recipe, id=id):
                    result = self.weft("check", ROOT / f"recipes/{recipe}.json", "--set", f"graph.audio.use={id}")
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertIn(id, result.stdout)

    def test_the_loss_falls(self):
        for id, folder in self.runs.items():
            losses = [event["losses"]["ce"] for event in self.steps(folder)]
            self.assertEqual(len(losses), STEPS)
            self.assertLess(sum(losses[-10:]), 0.97 * sum(losses[:10]), id)

    def test_three_languages_train_to_the_same_bits(self):
        self.assertEqual(len({self.weights(run) for run in self.runs.values()}), 1)
        self.assertNotEqual(self.weights(self.runs["acme/encoder.birdsong"]),
                            self.weights(self.train("acme/encoder.birdsong", "wider", "--set", "graph.audio.config.kernel=7")))

    def test_the_encoder_learns(self):
        run = self.runs["acme/encoder.birdsong"]
        names = (run / f"checkpoints/fit-{STEPS}/model.safetensors").read_bytes()
        for name in (b"audio.stage_0.conv.weight", b"audio.stage_2.norm.bias"):
            self.assertIn(name, names)
        self.assertNotEqual(self.weights(run, 30), self.weights(run))

    def test_a_resumed_run_ends_with_the_same_bits(self):
        for id in PARTS:
            cut = self.train(id, "cut_" + id.rsplit(".", 1)[1])
            shutil.rmtree(cut / f"checkpoints/fit-{STEPS}")
            (cut / "latest").write_text("fit-30\n")
            self.train(id, cut.name, "--resume")
            self.assertIn('"resumed"', (cut / "events.jsonl").read_text())
            self.assertEqual(self.weights(cut), self.weights(self.runs[id]), id)

    def test_runs_are_evaluated_side_by_side(self):
        result = self.weft("eval", *self.runs.values(), "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        results = json.loads(result.stdout)["results"]
        self.assertEqual(len({json.dumps(one["metrics"]) for one in results}), 1)
        self.assertEqual(results[0]["examples"], 93)

    def test_the_lock_names_the_file(self):
        for id, folder in self.runs.items():
            part = json.loads((folder / "weft.lock").read_text())["parts"]["audio"]
            self.assertEqual((part["id"], part["sha256"]), (id, hashlib.sha256((LIBRARIES / PARTS[id]).read_bytes()).hexdigest()))

    def test_a_wrong_configuration_is_the_recipes_fault(self):
        for id in PARTS:
            for field, value, text in (("kernel", 4, "must be odd"), ("stages", 0, "stages"), ("depth", 1, "depth")):
                result = self.weft("check", EXAMPLE / "recipe.json", "--set", f"graph.audio.use={id}",
                                   "--set", f'graph.audio.config={{"features": 40, "{field}": {value}}}')
                self.assertEqual(result.returncode, 78, result.stderr)
                self.assertRegex(result.stderr, rf"/graph/audio/config.*{re.escape(text)}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
