"""`weft new` from an installed prefix: bad usage gets a sentence; of every kind a project builds and ships one file.

Usage: new_test.py PREFIX LIBRARIES. Leaves what it built in the folder LIBRARIES; template_test.cpp computes with it.
"""
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from installed import Installed, exports, needed, run

INSTALLED, LIBRARIES = Installed(sys.argv[1]), Path(sys.argv[2]).resolve()
KINDS = ("encoder", "fusion", "reasoning", "decoder", "loss", "metric", "function")
C_LIBRARY = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}


class New(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(LIBRARIES, ignore_errors=True)
        LIBRARIES.mkdir(parents=True)

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def new(self, *arguments):
        return INSTALLED.weft("new", *arguments, cwd=self.folder)

    def refused(self, arguments, code, text):
        before = sorted(self.folder.rglob("*"))
        result = self.new(*arguments)
        self.assertIn(text, result.stderr)
        self.assertEqual((result.returncode, result.stdout), (code, ""))
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def test_bad_usage(self):
        self.refused(["encodr", "acme/encoder.a"], 2, 'no kind of part is called "encodr". Did you mean "encoder"?')
        self.refused(["encoder", "birdsong"], 2, '"birdsong" is no id of a part; expected VENDOR/encoder.NAME with words '
                                                 "of a-z, 0-9 and _, such as acme/encoder.mine.")
        self.refused(["encoder", "acme/fusion.a"], 2, 'the kind is "encoder", but the id "acme/fusion.a" says "fusion".')
        for id in ("encoder.a", "weft/encoder.a"):
            self.refused(["encoder", id], 2, "ids without a vendor are Weft's own. Call it VENDOR/encoder.a.")
        self.refused(["encoder", "acme/encoder.3d"], 2, 'the name "3d" becomes that of a class; begin it with a letter.')
        self.refused(["encoder"], 2, "expected recipe DATA | KIND ID [FOLDER], found 1 operand.")

    def test_a_folder_that_is_there_or_cannot_be(self):
        (self.folder / "a").mkdir()
        self.refused(["encoder", "acme/encoder.a"], 73, "a exists already. Remove it, or name another folder.")
        self.refused(["encoder", "acme/encoder.b", "/proc/a"], 73, "the folder /proc/a cannot be made: ")

    def test_a_prefix_without_templates(self):
        template = INSTALLED.prefix / "share/weft/template"
        template.rename(template.with_name("away"))
        try:
            result = self.new("encoder", "acme/encoder.a")
        finally:
            template.with_name("away").rename(template)
        self.assertIn(f"the template {template}/CMakeLists.txt.in cannot be read. Install Weft with its component sdk.",
                      result.stderr)
        self.assertEqual(result.returncode, 66)
        self.assertFalse((self.folder / "a").exists())

    def built(self, kind, name, *options):
        """Makes and builds a part; @returns its library"""
        library = f"libacme_{kind}_{name}.so"
        said = self.new(kind, f"acme/{kind}.{name}")
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn(f"plugin check build/{library}\n", said.stdout)
        project = self.folder / name
        self.assertEqual({path.name for path in project.iterdir()}, {"CMakeLists.txt", "README.md", f"{name}.cpp"})
        for path in project.iterdir():
            self.assertNotIn("@", path.read_text(), path)
        self.assertNotIn("warning", INSTALLED.built(project, project / "build",
                                                    "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Wshadow -Wconversion", *options))
        return project / "build" / library

    def whole(self, library, id):
        """One file: it needs the C library alone, exports the entry, says what it is and passes the checker."""
        self.assertLessEqual(needed(library), C_LIBRARY)
        self.assertEqual(exports(library), ["weft_plugin_v0"])
        said = INSTALLED.weft("plugin", "info", library)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn(f"{id} 1.0.0: ", said.stdout)
        self.passes(library)

    def passes(self, library):
        said = INSTALLED.weft("plugin", "check", library)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)

    def test_every_kind_builds(self):
        for kind in KINDS:
            with self.subTest(kind):
                library = self.built(kind, f"night_owl_{kind}")
                self.whole(library, f"acme/{kind}.night_owl_{kind}")
                shutil.copy(library, LIBRARIES)

    def test_another_compiler_with_its_own_standard_library(self):
        library = self.built("encoder", "robin", "-DCMAKE_CXX_COMPILER=clang++")
        self.whole(library, "acme/encoder.robin")
        shutil.rmtree(self.folder / "robin")
        library = self.built("encoder", "robin", "-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_CXX_FLAGS=-stdlib=libc++")
        self.whole(library, "acme/encoder.robin")
        self.assertIn("libc++abi", run("strings", "-a", library).stdout + run("readelf", "-sW", library).stdout)
        shutil.copy(library, LIBRARIES)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
