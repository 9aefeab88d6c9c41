"""Recipes as texts and what is filled in: format, migrate, check --expand, explain; parts swapped by one word.

Usage: format_test.py BUILD_FOLDER.
"""
import json
import os
import re
import resource
import subprocess

from cases import *

QA = str(ROOT / "recipes/digits_qa.json")
SHIPPED = sorted((ROOT / "recipes").glob("*.json"))


class Texts(Case):
    def test_shipped_recipes_are_canonical(self):
        result = weft("format", *SHIPPED, "--check")
        self.assertEqual(result.returncode, 0, result.stderr)
        for recipe in SHIPPED:
            self.assertLessEqual(max(len(line) for line in recipe.read_text().splitlines()), 100, recipe)

    def test_digits_qa_fits_on_a_screen(self):
        def leaves(value):
            if not isinstance(value, (dict, list)):
                return 1
            return sum(map(leaves, value.values() if isinstance(value, dict) else value))
        text = re.sub(r"^\s*//.*$", "", Path(QA).read_text(), flags=re.M)
        self.assertLessEqual(leaves(json.loads(text)), 125)

    def test_format_writes_what_check_asks_for(self):
        path = self.folder / "r.json"
        path.write_text('{"a": 1, // why\n"b": [1,2]}')
        result = weft("format", path, "--check")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"not in the canonical form: {path}. `weft format` without --check writes it.", result.stderr)
        self.assertEqual(weft("format", path).returncode, 0)
        self.assertEqual(path.read_text(), '{\n  "a": 1, // why\n  "b": [1, 2]\n}\n')
        self.assertEqual(weft("format", path, "--check").returncode, 0)
        path.write_text("{")
        self.assertEqual(weft("format", path).returncode, BAD_RECIPE)
        self.assertEqual(weft("format", self.folder / "none.json").returncode, NO_INPUT)

    def test_a_recipe_that_cannot_be_written_stays(self):
        path, link = self.folder / "r.json", self.folder / "link.json"
        text = json.dumps({"a": ["x" * 100] * 100})
        path.write_text(text)
        path.chmod(0o640)
        result = subprocess.run([BUILD / "bin/weft", "format", path], capture_output=True, text=True,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        self.assertEqual(result.returncode, 74, result.stderr)
        self.assertIn(f'cannot write "{path}": the disk may be full. The recipe is as it was.', result.stderr)
        self.assertEqual([path.read_text(), os.listdir(self.folder)], [text, ["r.json"]])
        link.symlink_to("r.json")
        self.assertEqual(weft("format", link).returncode, 0)
        self.assertTrue(link.is_symlink())
        self.assertNotEqual(path.read_text(), text)
        self.assertEqual(path.stat().st_mode & 0o777, 0o640)

    def test_what_is_no_recipes_file(self):
        os.mkfifo(self.folder / "pipe")
        for path in (self.folder / "pipe", "/dev/zero"):
            for verb in ("format", "migrate"):
                result = weft(verb, path)
                self.assertEqual(result.returncode, NO_INPUT, result.stderr)
                self.assertIn(f'cannot read "{path}": it is a pipe, socket or device, not a file. Check the path.', result.stderr)

    def test_a_recipe_of_format_1_is_migrated(self):
        old = ROOT / "tests/compat/shipped.json"
        path = self.folder / "old.json"
        path.write_text(old.read_text().replace("task.json", str(ROOT / "tests/compat/task.json")))
        before = weft("check", path, "--expand")
        self.assertEqual(before.returncode, 0, before.stderr)
        self.assertIn("is of format 1, whose keys have other names by now. `weft migrate", before.stderr)
        printed = weft("migrate", path, "--stdout").stdout
        self.assertIn('"format": 2', printed)
        self.assertEqual(weft("migrate", path).returncode, 0)
        self.assertEqual(path.read_text(), printed)
        self.assertEqual(json.loads(weft("check", path, "--expand").stdout), json.loads(before.stdout))
        again = weft("migrate", path)
        self.assertIn("is of format 2 already.", again.stderr)


class FilledIn(Case):
    def test_everything_is_expanded(self):
        result = weft("check", QA, "--expand")
        self.assertEqual(result.returncode, 0, result.stderr)
        whole = json.loads(result.stdout)
        vision = whole["graph"]["vision"]
        self.assertEqual(vision["in"], {"image": "batch.picture"})
        self.assertEqual((vision["config"]["height"], vision["config"]["channels"], vision["config"]["dim"]), (28, 1, 64))
        self.assertEqual(whole["graph"]["text"]["config"]["max_length"], 40)  # the longer of two sections
        self.assertEqual(whole["graph"]["answer"]["config"]["vocab_size"], 160)
        self.assertEqual(whole["losses"]["itc"]["config"]["left_dim"], 64)
        self.assertNotIn("defaults", whole)
        self.assertEqual(whole["stages"][0]["batch_size"], 64)
        path = self.folder / "whole.json"
        path.write_text(result.stdout)
        self.assertEqual(json.loads(weft("check", path, "--expand").stdout), whole)

    def explained(self, path, *more):
        result = weft("explain", QA, path, *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_a_value_says_where_it_comes_from(self):
        self.assertRegex(self.explained("stages.see.steps"), r"^/stages/0/steps: 900\n  from .*digits_qa.json:\d+:\d+\n$")
        self.assertRegex(self.explained("graph.vision.config.height"),
                         r": 28\n  from the size of what is wired, .*digits_qa.json:\d+:\d+: /graph/vision/in\n$")
        self.assertRegex(self.explained("graph.vision.config.dim"),
                         r": 64\n  from the recipe's default, .*digits_qa.json:\d+:\d+: /defaults/config/dim\n$")
        self.assertIn(": 2\n  from the default of encoder.vit\n", self.explained("graph.vision.config.layers"))
        self.assertIn(": 10\n  from the default of the recipe format\n", self.explained("stages.0.log_every"))
        self.assertIn(": 7\n  from --set\n", self.explained("stages.0.steps", "--set", "stages.0.steps=7"))
        self.refused(["explain", QA, "stages.0.stepz"], USAGE, '/stages/0 has no "stepz". Did you mean "steps"?')


class Swapped(Case):
    FUSIONS = [f"fusion.{file.stem}" for file in sorted((ROOT / "plugins/fusion").glob("*.c*"))]

    def test_every_fusion_in_every_recipe(self):
        self.assertGreaterEqual(len(self.FUSIONS), 9)
        for recipe in ("digits_qa", "digits_av", "digits_absent", "vqa"):
            for fusion in self.FUSIONS:
                with self.subTest(recipe=recipe, fusion=fusion):
                    result = weft("check", ROOT / f"recipes/{recipe}.json", "--set", f"graph.fusion.use={fusion}")
                    self.assertEqual(result.returncode, 0, result.stderr)

    def test_what_is_dropped_is_told(self):
        result = weft("check", QA, "--set", "graph.fusion.use=fusion.concat")
        self.assertIn("/graph/fusion/config: fusion.concat has no dropout and ffn_dim, written for the part whose place it "
                      "takes: dropped.", result.stderr)
        self.refused(["check", QA, "--set", "graph.fusion.use=fusion.concat", "--set", "graph.fusion.config.gate=tanh"],
                     BAD_RECIPE, "/graph/fusion/config/gate: unknown key.")

    def test_a_default_that_no_part_has_is_told(self):
        path = self.folder / "r.json"
        recipe = json.loads(weft("check", QA, "--expand").stdout)
        recipe["defaults"] = {"config": {"diim": 3, "dim": 64}}
        path.write_text(json.dumps(recipe))
        self.refused(["check", path], BAD_RECIPE, "/defaults/config/diim: no part of this recipe has such a key. Remove it.",
                     "/defaults/config/dim: nothing takes this default: every part that knows the key has its own value, or has "
                     "it from a wire. Remove it.")

    def test_a_wire_without_a_port_needs_one_demanded_input(self):
        self.refused(["check", QA, "--set", "graph.answer.in=reasoning"], BAD_RECIPE,
                     "/graph/answer/in: a wire without a port is for a part that demands one input; decoder.autoregressive "
                     'demands state and target. Write {"port": "wire"}.')


if __name__ == "__main__":
    run()
