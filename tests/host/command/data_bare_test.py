"""The verb `weft data` over shards and folders without a recipe.

Usage: data_bare_test.py BUILD_FOLDER.
"""
import bz2
import lzma

from data_cases import *


class Bare(DataCase):
    def look(self, action, path, *more, code=0):
        result = weft("data", action, path, *more)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def loose(self):
        """The samples of the tar `train` as files of a folder."""
        folder = self.folder / "loose"
        (folder / "deep").mkdir(parents=True)
        for name, content in samples(range(6)):
            (folder / name).write_bytes(content)
        (folder / "deep/s9.png").write_bytes(png(9))
        (folder / ".DS_Store").write_bytes(b"x")
        return folder

    def test_a_shard_is_decoded_by_the_endings_of_its_members(self):
        damaged = self.folder / "d.tar"
        write_tar(damaged, samples(range(4)) + [("bad.png", png(1)[:30]), ("bad.json", b"{"), ("good.json", b'{"a": 1, "b": [2]}')])
        found = json.loads(self.look("check", damaged, "--json", code=BAD_DATA).stdout)["check"][0]
        self.assertEqual([bad["key"] for bad in found["unusable"]], ["bad", "bad"], "a line for each of its two faults")
        self.assertEqual(found["splits"], {"train": {"samples": 6, "examples": 6}})
        stats = json.loads(self.look("stats", self.tars["train"], "--json").stdout)["stats"][0]["splits"]["train"]["fields"]
        self.assertEqual(stats["png"]["height"]["max"], 8)
        self.assertEqual({name: field["examples"] for name, field in stats.items()}, {"png": 20, "txt": 20, "cls": 20})

    def test_json_texts_recordings_and_compressed_tars(self):
        text = self.folder / "t.jsonl"
        text.write_text('{"question": "a", "number": 1}\n{"question": "b"}\n{"question"\n')
        found = json.loads(self.look("check", text, "--json", code=BAD_DATA).stdout)["check"][0]
        self.assertEqual([bad["key"] for bad in found["unusable"]], ["3"])
        stats = json.loads(self.look("stats", ROOT / "examples/digits/digits-av-test-000.tar", "--json").stdout)
        fields = stats["stats"][0]["splits"]["train"]["fields"]
        self.assertGreater(fields["wav"]["seconds"]["max"], 0)
        self.assertEqual(fields["png"]["width"]["max"], 28)

    def test_a_tar_in_another_compression_is_named_so_and_no_recipe(self):
        for module, ending, said in ((bz2, "bz2", "is compressed by bzip2, which is not read"), (lzma, "xz", "is compressed by xz, which is not read")):
            packed = self.folder / f"d.tar.{ending}"
            packed.write_bytes(module.compress(Path(self.tars["train"]).read_bytes()))
            stderr = self.look("check", packed, code=BAD_DATA).stderr
            self.assertIn(said, stderr)
            self.assertIn("Decompress it, or compress the tar by gzip or Zstandard", stderr)

    def test_what_is_no_shard_is_told_by_what_it_is(self):
        for name, content, told in (("a.tar.bz2", bz2.compress(b"x" * 5000), "is compressed by bzip2, which is not read"),
                                    ("a.tar.xz", lzma.compress(b"x" * 5000), "is compressed by xz, which is not read"),
                                    ("a.zip", b"PK\3\4" + bytes(600), "is a ZIP archive, not a tar"),
                                    ("a.parquet", b"PAR1" + bytes(600), "is a Parquet table, not a tar"),
                                    ("a.npy", b"\x93NUMPY\1\0v\0{}", "is a NumPy array, not a tar"),
                                    ("a.png", png(1), "is a PNG, not a tar"),
                                    ("unknown", bytes(100), "is not a tar file")):
            path = self.folder / name
            path.write_bytes(content)
            for action in ("check", "stats"):
                self.assertIn(f"The shard {path} {told}. ", self.look(action, path, code=BAD_DATA).stderr)
        (self.folder / "r.json").write_text('{"format": 2,, }')
        # What the system refuses to look at is a missing file too.
        self.assertIn("File name too long", self.look("check", "x" * 5000, code=NO_INPUT).stderr)
        self.assertIn("not valid JSON", self.look("check", self.folder / "r.json", code=BAD_RECIPE).stderr)

    def test_a_shard_cut_off_in_its_first_member(self):
        path = self.folder / "cut.tar"
        write_tar(path, [("a.png", png(1))])
        path.write_bytes(path.read_bytes()[:520])
        self.assertIn(f"The shard {path} is cut off or damaged inside a.png. ", self.look("check", path, code=BAD_DATA).stderr)

    def test_a_folder_of_files(self):
        folder = self.loose()
        found = json.loads(self.look("check", folder, "--json").stdout)["check"][0]
        self.assertEqual(found["splits"], {"train": {"samples": 7, "examples": 7}})
        self.assertEqual(found["passed_over"], [{"split": "train", "shard": str(folder), "files": 1, "names": [".DS_Store"]}])
        self.assertEqual([(one["member"], one["keys"]) for one in found["lacking"]], [("cls", ["deep/s9"]), ("txt", ["deep/s9"])])
        (folder / "s1.png").write_bytes(b"GIF")
        self.assertIn("sample s1: png.png cannot be decoded", self.look("check", folder, code=BAD_DATA).stdout)

    def test_a_folder_of_classes_and_one_with_metadata(self):
        for i in range(6):
            (self.folder / f"pets/{'cat' if i % 2 else 'dog'}").mkdir(parents=True, exist_ok=True)
            (self.folder / f"pets/{'cat' if i % 2 else 'dog'}/{i}.png").write_bytes(png(i))
        (self.folder / "pets/README.md").write_text("Pets.")
        found = json.loads(self.look("check", self.folder / "pets", "--json").stdout)["check"][0]
        self.assertEqual(found["splits"], {"train": {"samples": 6, "examples": 6}})
        self.assertEqual(found["passed_over"][0]["names"], ["README.md"])
        self.look("pack", self.folder / "pets", "--out", self.folder / "packed")
        with tarfile.open(self.folder / "packed-000000.tar") as tar:
            self.assertEqual(tar.extractfile("cat/1.cls").read(), b"cat")
        table = self.folder / "pets/metadata.csv"
        table.write_text("file_name,caption\ncat/1.png,a cat\ndog/2.png,a dog\n")
        stats = json.loads(self.look("stats", self.folder / "pets", "--json").stdout)["stats"][0]["splits"]["train"]
        self.assertEqual({name: field["examples"] for name, field in stats["fields"].items()}, {"png": 2, "json.caption": 2})
        said = self.look("check", self.folder / "pets").stdout
        self.assertIn(f"5 files of {table} are passed over, not being named by the metadata: README.md, cat/3.png and cat/5.png …", said)
        table.write_text("file_name,caption\ncat/1.png,a cat\ncat/9.png,a dog\n")
        said = self.look("check", self.folder / "pets", code=BAD_DATA).stdout
        self.assertIn('metadata.csv, line 3, column 1 ("file_name"): the file "cat/9.png" cannot be opened', said)

    def test_patterns_and_lists(self):
        found = json.loads(self.look("check", self.folder / "t*.tar", "--json").stdout)["check"][0]
        self.assertEqual(found["splits"]["train"]["samples"], 24)
        shards = self.folder / "shards.txt"
        shards.write_text("val.tar\ntrain.tar\n")
        found = json.loads(self.look("check", f"@{shards}", "--json").stdout)["check"][0]
        self.assertEqual(found["splits"]["train"]["samples"], 24)

    def test_it_is_shown_and_timed(self):
        page = self.folder / "page.html"
        self.look("show", self.tars["train"], "--out", page)
        self.assertIn("s3", page.read_text())
        found = json.loads(self.look("bench", self.loose(), "--seconds", 0.2, "--json").stdout)
        self.assertIn("decoding png", [stage["stage"] for stage in found["stages"]])

    def test_what_goes_with_a_recipe_alone(self):
        self.refused(["data", "check", self.tars["train"], "--data", "av"], USAGE,
                     f"weft data: --data goes with a recipe, and {self.tars['train']} is data.")
        odd = self.folder / "o.tar"
        write_tar(odd, [("a.bin", b"x")])
        self.refused(["data", "check", odd], BAD_DATA, "o.tar holds no member that can be looked at without a recipe (bin).")
        self.refused(["data", "check", self.folder / "none.tar"], NO_INPUT, "none.tar cannot be opened (No such file or directory).")


class BenchOfASplit(DataCase):
    def test_it_is_that_of_evaluation(self):
        found = json.loads(self.data("bench", "--seconds", 0.2, "--split", "val", "--json").stdout)
        self.assertEqual((found["split"], found["examples"]), ("val", 4))
        self.assertGreater(found["samples_per_second"], 0)
        self.assertIn("4 examples of the part val of 28", self.data("bench", "--seconds", 0.2, "--split", "val").stdout)
        trained = json.loads(self.data("bench", "--seconds", 0.2, "--json").stdout)
        self.assertEqual((trained["split"], trained["examples"]), ("train", 20))
        missing = self.data("bench", "--seconds", 0.2, "--split", "val", code=BAD_DATA, shards={"train": [str(self.tars["train"])]})
        self.assertIn("Data av has no part val.", missing.stderr)


run()
