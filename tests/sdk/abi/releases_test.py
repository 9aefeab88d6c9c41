"""Snapshots of the ABI stay as they were taken, and are taken by rule."""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "sdk/abi"))
from golden import SINCE  # noqa: E402
from header import read_header  # noqa: E402
from releases import HEADER, changed_files, lost_history, packages_at, read_releases  # noqa: E402
from snapshot import Refused, check_allowed, header_commit, with_reason  # noqa: E402


def git(folder, *words):
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c", *words], check=True,
                   capture_output=True)


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class Snapshots(Folder):
    def test_nothing_was_edited(self):
        self.assertEqual(changed_files(ROOT), [])

    def test_the_older_hosts_are_in_the_history(self):
        self.assertEqual(lost_history(ROOT), [])

    def test_each_lists_the_packages_that_its_host_is_built_with(self):
        for release in read_releases(ROOT):
            self.assertEqual(release["packages"], packages_at(ROOT, release["commit"]))

    def test_what_the_older_hosts_need_is_printed_for_setup(self):
        printed = subprocess.run([sys.executable, str(ROOT / "sdk/abi/releases.py")], capture_output=True, text=True, check=True)
        self.assertIn("libsentencepiece-dev", printed.stdout.split(), "which today's host no longer needs")

    def test_each_has_every_kind_by_every_toolchain_it_names(self):
        self.assertTrue(read_releases(ROOT))
        for release in read_releases(ROOT):
            self.assertTrue(release["toolchains"])
            kinds = [kind for kind, since in SINCE.items() if since <= int(release["abi"].split(".")[1])]
            expected = {f"tests/golden/{release['abi']}/{toolchain}/{kind}.so" for toolchain in release["toolchains"]
                        for kind in kinds}
            expected |= {f"tests/golden/{release['abi']}/{kind}.safetensors" for kind in kinds}
            expected |= {f"sdk/abi/{release['header']}", f"sdk/abi/{release['header']}"[:-1] + "c"}
            self.assertEqual(set(release["files"]), expected)

    def test_each_header_is_of_its_version_and_the_newest_at_most_one_behind(self):
        for release in read_releases(ROOT):
            macros = read_header(ROOT / "sdk/abi" / release["header"]).macros
            self.assertEqual((macros["WEFT_ABI_MAJOR"][1], macros["WEFT_ABI_MINOR"][1]),
                             tuple(f"{number}u" for number in release["abi"].split(".")))
        present, newest = (int(of["WEFT_ABI_MINOR"][1].rstrip("u")) for of in (read_header(ROOT / HEADER).macros, macros))
        self.assertIn(present - newest, (0, 1), "a minor between the newest snapshot and the header has none: run ./dev snapshot")

    def test_golden_binaries_are_stripped_and_keep_their_manifest(self):
        for release in read_releases(ROOT):
            for name in release["files"]:
                if name.endswith(".so"):
                    sections = subprocess.run(["readelf", "-SW", str(ROOT / name)], capture_output=True, text=True, check=True).stdout
                    self.assertIn(".note.weft", sections, name)
                    self.assertNotIn(".debug", sections, name)
                    self.assertNotIn(".symtab", sections, name)
                    self.assertIn(b'"weft_manifest":1', (ROOT / name).read_bytes(), name)
                    needed = subprocess.run(["readelf", "-dW", str(ROOT / name)], capture_output=True, text=True, check=True).stdout
                    self.assertNotIn("c++.so" if "clang" in name else "libtorch", needed, name)


class Edits(Folder):
    """The check on a copy, changed in one way each."""

    def setUp(self):
        super().setUp()
        for name in ("sdk/abi", "tests/golden"):
            shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))

    def test_the_copy_is_good(self):
        self.assertEqual(changed_files(self.folder), [])

    def test_an_edited_file(self):
        for name in read_releases(self.folder)[-1]["files"]:
            path = self.folder / name
            before = path.read_bytes()
            path.write_bytes(before + b" ")
            self.assertEqual(len(changed_files(self.folder)), 1, name)
            self.assertRegex(changed_files(self.folder)[0], f"^{name}: was edited, but the snapshot of ABI .* is frozen")
            path.write_bytes(before)

    def test_a_missing_file(self):
        (self.folder / "tests/golden/0.9/c/loss.so").unlink()
        self.assertEqual(changed_files(self.folder), ["tests/golden/0.9/c/loss.so: is missing, but belongs to the snapshot of ABI "
                                                      "0.9. Restore it."])

    def test_a_file_of_no_snapshot(self):
        (self.folder / "sdk/abi/frozen/v0_8.h").write_text("")
        self.assertEqual(changed_files(self.folder), ["sdk/abi/frozen/v0_8.h: belongs to no snapshot of sdk/abi/releases.json."])


class History(Folder):
    def setUp(self):
        super().setUp()
        self.origin = self.folder / "origin"
        self.header = self.origin / HEADER
        self.header.parent.mkdir(parents=True)
        (self.origin / "sdk/abi/frozen").mkdir(parents=True)
        git(self.folder, "init", "-q", "origin")
        self.commit_header("first\n")
        self.first = header_commit(self.origin)
        self.commit_header("second\n")

    def commit_header(self, text):
        self.header.write_text(text)
        git(self.origin, "add", "-A")
        git(self.origin, "commit", "-q", "-m", text.strip())

    def release(self, folder, commit, text):
        (folder / "sdk/abi/frozen").mkdir(parents=True, exist_ok=True)
        (folder / "sdk/abi/frozen/v0_9.h").write_text(text)
        (folder / "sdk/abi/releases.json").write_text(json.dumps(
            {"releases": [{"abi": "0.9", "commit": commit, "header": "frozen/v0_9.h", "files": {}}]}))

    def test_a_good_one(self):
        self.release(self.origin, self.first, "first\n")
        self.assertEqual(lost_history(self.origin), [])

    def test_a_host_of_another_header(self):
        self.release(self.origin, self.first, "second\n")
        self.assertEqual(lost_history(self.origin), [f"ABI 0.9: {HEADER} of commit {self.first[:12]} is not the frozen header."])

    def test_a_commit_that_is_not_there(self):
        self.release(self.origin, "0" * 40, "first\n")
        self.assertRegex(lost_history(self.origin)[0], "does not hold commit 000000000000.* Record a commit that main has.")

    def test_a_shallow_clone(self):
        git(self.folder, "clone", "-q", "--depth", "1", f"file://{self.origin}", "clone")
        self.release(self.folder / "clone", self.first, "first\n")
        self.assertRegex(lost_history(self.folder / "clone")[0], "This clone is shallow: run git fetch --unshallow.$")

    def test_no_clone_at_all(self):
        with tempfile.TemporaryDirectory() as alone:
            self.release(Path(alone), self.first, "first\n")
            self.assertRegex(lost_history(Path(alone))[0], "this is no git clone")

    def test_a_header_that_is_in_no_commit_is_not_frozen(self):
        self.header.write_text("third\n")
        with self.assertRaisesRegex(Refused, "changes that are in no commit"):
            header_commit(self.origin)


class Rules(unittest.TestCase):
    TAKEN = [{"abi": "0.9"}, {"abi": "1.0"}]

    def refused(self, text, *arguments):
        with self.assertRaisesRegex(Refused, text):
            check_allowed(self.TAKEN, *arguments)

    def test_which_snapshots_may_be_taken(self):
        check_allowed(self.TAKEN, "0.10", False, None)
        check_allowed(self.TAKEN, "0.9", True, "a field was wrong")
        self.refused("already, and what was released stays", "0.9", False, None)
        self.refused("needs --reason", "0.9", True, " ")
        self.refused("from 1.0 on no snapshot is replaced", "1.0", True, "a field was wrong")
        self.refused("no snapshot of ABI 0.8 to replace", "0.8", True, "a field was wrong")

    def test_the_change_log_gives_the_reason(self):
        log = "# Changelog\n\n## Unreleased\n\n### Added\n\n- a\n\n## 0.1\n\n- b\n"
        once = with_reason(log, "0.9", "a field was wrong.", "2026-01-02")
        self.assertEqual(once, "# Changelog\n\n## Unreleased\n\n### ABI\n\n- 2026-01-02: the snapshot of ABI 0.9 was replaced: a "
                         "field was wrong.\n\n### Added\n\n- a\n\n## 0.1\n\n- b\n")
        twice = with_reason(once, "0.9", "again.", "2026-01-03")
        self.assertEqual(twice.count("### ABI\n"), 1)
        self.assertLess(twice.index("again."), twice.index("a field was wrong."))

    def test_every_replacement_is_in_the_change_log(self):
        log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        for release in read_releases(ROOT):
            if "replaces" in release:
                self.assertIn(f"the snapshot of ABI {release['abi']} was replaced: {release['replaces']['reason']}", " ".join(log.split()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
