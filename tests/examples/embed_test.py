"""examples/embed, built outside the tree with an installed Weft: it trains, loads its run and answers.

Usage: embed_test.py PREFIX
"""
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from installed import ROOT, Installed

INSTALLED = Installed(sys.argv[1])


class Embed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        shutil.copytree(ROOT / "examples/embed", cls.folder / "embed")
        INSTALLED.built(cls.folder / "embed", cls.folder / "build")
        with tarfile.open(ROOT / "examples/digits/digits-qa-test-000.tar") as shard:
            for member in shard.getmembers()[:3]:
                (cls.folder / f"first.{member.name.split('.', 1)[1]}").write_bytes(shard.extractfile(member).read())

    def embed(self, recipe, picture="first.png"):
        environment = {name: value for name, value in os.environ.items() if name != "WEFT_PLUGIN_PATH"}
        return subprocess.run([self.folder / "build/embed", recipe, picture, "first.wav"], cwd=self.folder, env=environment,
                              capture_output=True, text=True, timeout=3000)

    def test_trains_the_installed_recipe_and_answers(self):
        recipe = INSTALLED.prefix / "share/weft/recipes/digits_qa.json"
        done = self.embed(recipe)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'^see: 4 steps, loss [\d.]+\nhear: 4 steps, loss [\d.]+\n'
                                      r'answer: 4 steps, loss [\d.]+\nanswer_match [\d.e-]+\nanswer ".*"\n$')
        again = self.embed(recipe)
        self.assertEqual(again.returncode, 73)  # the run folder is there: the exit code is the program's own
        self.assertIn("embed: run", again.stderr)

    def test_a_wrong_recipe_is_refused_with_the_hosts_sentence(self):
        recipe = self.folder / "wrong.json"
        recipe.write_text('{"recipe": 1}')
        done = self.embed(recipe)
        self.assertEqual((done.returncode, done.stdout), (78, ""))
        self.assertIn("wrong.json", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
