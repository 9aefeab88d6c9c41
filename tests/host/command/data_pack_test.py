"""The verb `weft data pack`: files into tar shards.

Usage: data_pack_test.py BUILD_FOLDER.
"""
from data_cases import *


class Pack(DataCase):
    def fill(self):
        source = self.folder / "source"
        (source / "deep.er").mkdir(parents=True)
        files = {"b.png": b"\x89", "b.flow.txt": b"two", "deep.er/naïve.txt": b"n", "deep.er/" + "x" * 180 + ".txt": b"long",
                 "a.txt": b"", ".hidden": b"not packed"}
        for name, content in files.items():
            (source / name).write_bytes(content)
        return source, {name: content for name, content in files.items() if name != ".hidden"}

    def unpacked(self, prefix):
        found = {}
        for path in sorted(self.folder.glob(f"{prefix}-*.tar")):
            with tarfile.open(path) as tar:
                entries = list(tar)
                names = "".join(entry.name for entry in entries)
                for entry in entries:
                    # Names that need none bring no pax headers.
                    self.assertEqual(entry.pax_headers == {}, names.isascii() and len(entry.name) <= 100, entry.name)
                    self.assertEqual((entry.mtime, entry.uid, entry.gid, entry.mode), (0, 0, 0, 0o644))
                    found[entry.name] = tar.extractfile(entry).read()
        return found

    def test_a_folder(self):
        source, files = self.fill()
        for prefix in ("one", "two"):
            result = weft("data", "pack", source, "--out", self.folder / prefix, "--samples", 2)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("4 samples of 5 members (9 bytes) in 2 shards.", result.stdout)
            self.assertEqual(self.unpacked(prefix), files)
        for number in range(2):
            self.assertEqual((self.folder / f"one-{number:06d}.tar").read_bytes(),
                             (self.folder / f"two-{number:06d}.tar").read_bytes())
        self.refused(["data", "pack", source, "--out", self.folder / "one"], CANNOT_CREATE, "one-000000.tar already.")
        result = weft("data", "pack", source, "--out", self.folder / "one", "--overwrite")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse((self.folder / "one-000001.tar").exists())  # would be read together with the new one
        self.assertEqual(self.unpacked("one"), files)

    def test_by_bytes(self):
        source, files = self.fill()
        result = weft("data", "pack", source, "--out", self.folder / "p", "--bytes", 4, "--json")
        self.assertEqual(json.loads(result.stdout)["shards"], [str(self.folder / f"p-{i:06d}.tar") for i in range(3)])
        self.assertEqual(self.unpacked("p"), files)

    def test_packed_shards_are_read_as_the_index_is(self):
        source = self.folder / "indexed"
        source.mkdir()
        lines = []
        for i in range(6):
            (source / f"{i}.bin").write_bytes(png(i))
            lines.append({"key": f"s{i}", "png": f"{i}.bin", "txt": {"text": f"text {i}"}, "cls": {"text": str(i % 3)}})
        index = source / "index.jsonl"
        index.write_text("\n".join(map(json.dumps, lines)))
        result = weft("data", "pack", index, "--out", self.folder / "p")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.unpacked("p"), {f"s{i}.{member}": content for i in range(6) for member, content in (
            ("png", png(i)), ("txt", f"text {i}".encode()), ("cls", str(i % 3).encode()))})
        statistics = []
        for path in (index, self.folder / "p-000000.tar"):
            self.tars["train"] = path
            statistics.append(self.read("stats"))
        self.assertEqual(*statistics)

    def test_what_is_no_samples_file_is_passed_over_and_told(self):
        source, files = self.fill()
        (source / "README").write_text("x")
        (source / "__MACOSX").mkdir()
        (source / "__MACOSX/._b.png").write_text("x")
        (source / "deep.er/._b.png").write_text("x")
        prefix = self.folder / "folder/that/is/made/p"
        result = weft("data", "pack", source, "--out", prefix, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["passed_over"], {"files": 4, "names": [".hidden", "README", "__MACOSX"]})
        self.assertEqual(self.unpacked("folder/that/is/made/p"), files)
        result = weft("data", "pack", source, "--out", self.folder / "q")
        self.assertIn("4 files are passed over, being no KEY.ext: .hidden, README and __MACOSX …\n", result.stdout)
        (self.folder / "file").write_text("x")
        self.refused(["data", "pack", source, "--out", self.folder / "file/p"], CANNOT_CREATE, "file cannot be made (")

    def test_a_tar_is_packed_anew(self):
        whole = self.folder / "w.tar.gz"
        with tarfile.open(whole, "w:gz") as tar:
            for name, content in samples(range(3)):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        result = weft("data", "pack", whole, "--out", self.folder / "p", "--samples", 2)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.unpacked("p"), dict(samples(range(3))))
        text = self.folder / "t.txt"
        text.write_text("a line")
        self.refused(["data", "pack", text, "--out", self.folder / "t"], BAD_DATA, "t.txt is a text: neither a folder nor an index")

    def test_names_that_cannot_be_packed(self):
        source = self.folder / "s"
        source.mkdir()
        out = ["--out", self.folder / "p"]
        self.refused(["data", "pack", source, *out], BAD_DATA, f"{source} holds no sample. Name a folder with files KEY.ext.")
        (source / "README").write_text("x")
        self.refused(["data", "pack", source, *out], BAD_DATA, f"{source} holds no sample: none of its 1 files is KEY.ext, e.g. README.")
        (source / "README").unlink()
        (source / "a.txt").symlink_to("/etc/passwd")
        self.refused(["data", "pack", source, *out], BAD_DATA, "a.txt, which is a link or a device. Only files are read")
        self.refused(["data", "pack", self.folder / "nowhere", *out], NO_INPUT, "There is no ")
        self.refused(["data", "pack", source], USAGE, "--out says what the shards' names begin with")
        for place in (source / "p", source / "new/p", self.folder / "s/../s/p"):
            self.refused(["data", "pack", source, "--out", place], USAGE, f"--out {place} lies in {source}, so that the shards would be packed themselves")
        self.refused(["data", "pack", source, "--out", f"{self.folder}/"], USAGE, f"--out {self.folder}/ names no file. Say what the names")
        self.refused(["data", "pack", source, *out, "--samples", "0"], USAGE, "--samples takes a positive number.")
        index = self.folder / "i.jsonl"
        for key, text in (("a.b", 'the key "a.b" holds a dot after its last slash'), ("../a", 'the key "../a" is no name inside a folder'),
                          ("/a", 'the key "/a" is no name inside a folder'), ("a/", 'the key "a/" is no name inside a folder')):
            index.write_text(json.dumps({"key": key, "txt": {"text": "x"}}))
            self.refused(["data", "pack", index, *out], BAD_DATA, text)
        self.assertEqual(list(self.folder.glob("p-*")), [])


if __name__ == "__main__":
    run()
