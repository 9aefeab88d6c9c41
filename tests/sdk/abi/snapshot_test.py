"""A whole snapshot, taken in a clone of this repository with today's host.

Usage: snapshot_test.py BUILD_FOLDER
"""
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(sys.argv[1]).resolve()
sys.path.insert(0, str(ROOT / "sdk/abi"))
import golden  # noqa: E402
import snapshot  # noqa: E402
from releases import HEADER, changed_files, git, lost_history, read_releases  # noqa: E402


class Snapshot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.clone = cls.folder / "clone"
        subprocess.run(["git", "-c", f"safe.directory={ROOT}", "clone", "-q", "--shared", str(ROOT), str(cls.clone)], check=True)
        (cls.clone / "build").mkdir()
        (cls.clone / "build/release").symlink_to(BUILD)
        cls.replaces = snapshot.present_version(cls.clone) in (release["abi"] for release in read_releases(cls.clone))
        cls.entry = snapshot.take(cls.clone, cls.replaces, "a test took it" if cls.replaces else None)

    def test_it_is_entered_and_complete(self):
        self.assertEqual(read_releases(self.clone)[-1], self.entry)
        self.assertEqual(self.entry["toolchains"].keys(), golden.TOOLCHAINS.keys())
        self.assertEqual(self.entry["commit"], git(self.clone, "log", "-1", "--format=%H", "--", HEADER).strip())
        self.assertIn("cmake", self.entry["packages"])
        self.assertEqual(changed_files(self.clone), [])
        self.assertEqual(lost_history(self.clone), [])
        is_told = "was replaced: a test took it\n" in (self.clone / "CHANGELOG.md").read_text(encoding="utf-8")
        self.assertEqual(is_told, self.replaces)

    def changed_encoder(self, text, other):
        """The encoder in C, built from a source in which `text` was replaced by `other`."""
        source = self.folder / "source"
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(golden.SOURCE, source)
        original = (source / "encoder.c").read_text(encoding="utf-8")
        self.assertEqual(original.count(text), 1)
        (source / "encoder.c").write_text(original.replace(text, other), encoding="utf-8")
        with mock.patch.object(golden, "SOURCE", source):
            return golden.build("c", "encoder", self.folder / "c", BUILD / "bin/weft")

    def test_a_plugin_that_breaks_the_contract_is_refused(self):
        file = self.changed_encoder("TRY(check_forward(call));", "")
        with self.assertRaisesRegex(snapshot.Refused, "(?s)^c/encoder.so does not pass `weft plugin check`.*unknown role 99"):
            snapshot.check_contract([file], BUILD / "bin/weft")

    def test_toolchains_that_disagree_are_refused(self):
        made = self.folder / "made"
        shutil.copytree(self.clone / "tests/golden" / self.entry["abi"], made)
        shutil.copyfile(self.changed_encoder("1e-5", "1e-3"), made / "c/encoder.so")
        with self.assertRaisesRegex(snapshot.Refused, "golden/encoder.rows of .*/c and of .*/gcc differ by 0.*at most 1e-06 is"):
            snapshot.record(made, BUILD / "bin/golden_record")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
