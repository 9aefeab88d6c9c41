"""The verb `weft data`: what it finds, prints, writes and refuses.

Usage: data_verb_test.py BUILD_FOLDER.
"""
import re

from data_cases import *


class Usage(Case):
    def test_an_action_that_is_not_there(self):
        self.refused(["data", "chek", PICTURE], USAGE, 'weft data: no action is called "chek". Did you mean "check"?')

    def test_an_option_of_another_action(self):
        self.refused(["data", "check", PICTURE, "--count", "3"], USAGE,
                     "weft data check: --count is not for this action. It takes --set, data and json.")

    def test_a_section_that_is_not_there(self):
        self.refused(["data", "stats", PICTURE, "--data", "avv"], BAD_RECIPE, f'{PICTURE} has no data section "avv".',
                     'Did you mean "av"?')

    def test_numbers_out_of_range(self):
        self.refused(["data", "bench", PICTURE, "--seconds", "0"], USAGE,
                     "weft data bench: --seconds takes more than 0, at most 86400, found 0.")
        self.refused(["data", "show", PICTURE, "--out", "x.html", "--count", "0"], USAGE,
                     "weft data show: --count takes 1 to 1000, found 0.")
        self.refused(["data", "show", PICTURE], USAGE, "weft data show: --out names the page to write")
        self.refused(["data", "show", PICTURE, "--out", "x.html", "--training", "--split", "val"], USAGE,
                     "weft data show: --training shows the part train; leave --split out.")


class Check(DataCase):
    def damage(self):
        members = samples(range(20))
        members[3 * 4] = ("s4.png", png(4)[:40])
        members[3 * 9 + 2] = ("s9.cls", b"seven")
        del members[3 * 15 + 1]  # s15.txt
        write_tar(self.tars["train"], members)
        write_tar(self.tars["val"], samples(range(30, 34))[:-3] + [("s33.png", b"GIF"), ("s33.txt", b"t"), ("s33.cls", b"0")])

    def test_sound_data(self):
        found = self.read("check")
        self.assertEqual(found["unusable"], [])
        self.assertEqual({name: part["examples"] for name, part in found["splits"].items()},
                         {"train": 20, "val": 4, "test": 4})
        self.assertEqual(found["same_content"], [])
        self.assertEqual(found["lacking"], [])

    def test_all_that_cannot_be_used(self):
        self.damage()
        for policy in ("fail", {"skip": 0.01}):
            found = self.read("check", code=BAD_DATA, on_bad_sample=policy)
            self.assertEqual([(bad["shard"], bad["key"]) for bad in found["unusable"]],
                             [(str(self.tars[name]), key) for name, key in (("train", "s4"), ("train", "s9"), ("train", "s15"), ("val", "s33"))])
            reasons = [bad["reason"] for bad in found["unusable"]]
            self.assertIn("picture.png cannot be decoded", reasons[0])
            self.assertIn('cls is "seven", which is no class of field label', reasons[1])
            self.assertIn("there is no member txt", reasons[2])
            self.assertEqual(found["lacking"], [{"split": "train", "member": "txt", "lacking": 1, "of": 20, "keys": ["s15"]}])

    def test_a_sample_of_two_faults_names_both(self):
        write_tar(self.tars["train"], [*samples(range(2)), ("t.png", png(1)[:-30]), ("t.txt", b"t"), ("t.cls", b"seven")])
        result = self.data("check", code=BAD_DATA)
        self.assertIn("1 sample cannot be used; standard output lists them.", result.stderr)
        place = f"  cannot be used: {self.tars['train']}, sample t: "
        self.assertIn(place + "picture.png cannot be decoded: it is a PNG that is cut off.", result.stdout)
        self.assertIn(place + 'cls is "seven", which is no class of field label.', result.stdout)
        found = self.read("check", code=BAD_DATA)
        self.assertEqual([bad["key"] for bad in found["unusable"]], ["t", "t"])

    def test_its_sentences(self):
        self.damage()
        result = self.data("check", code=BAD_DATA)
        self.assertIn("4 samples cannot be used; standard output lists them.", result.stderr)
        self.assertIn(f"  cannot be used: {self.tars['train']}, sample s4: picture.png cannot be decoded", result.stdout)
        self.assertIn("  train: 1 of 20 samples lack the member txt, e.g. s15\n", result.stdout)

    def test_many_samples_that_fail_for_one_reason_are_told_once(self):
        write_tar(self.tars["train"], [(f"s{i}.cls", b"c%d" % i) for i in range(150)] + [("t.png", png(1)), ("t.txt", b"t"), ("t.cls", b"0")])
        fields = {"label": {"kind": "class", "member": "cls", "classes": STATE}}
        result = self.data("check", code=BAD_DATA, fields=fields)
        told = [line for line in result.stdout.splitlines() if "cannot be used" in line]
        self.assertEqual(len(told), 1, told)
        self.assertRegex(told[0], '^  cannot be used: 150 samples: cls is "c0", which is no class of field label[.] .* Add it to the '
                                  f"field's classes, or leave the example out with filter. E.g. {self.tars['train']}, samples s0, s1 and s2.$")
        found = self.read("check", code=BAD_DATA, fields=fields)
        self.assertEqual(len(found["unusable"]), 150)
        self.assertEqual([reason["samples"] for reason in found["reasons"]], [150])

    def test_what_looks_like_an_oversight(self):
        members = samples(range(3)) + [("._s0.png", b"\0\5\x16\7"), ("README", b"x"), ("u.png", png(9)), ("u.txt", b"caf\xe9"), ("u.cls", b"1")]
        write_tar(self.tars["train"], members)
        found = self.read("check")
        self.assertEqual(found["ill_formed"], [{"split": "train", "field": "text", "examples": 1, "keys": ["u"]}])
        self.assertEqual(found["passed_over"], [{"split": "train", "shard": str(self.tars["train"]), "files": 2, "names": ["._s0.png", "README"]}])
        printed = self.data("check").stdout
        self.assertIn("  train: text: 1 example with bytes that are not UTF-8, e.g. u\n", printed)
        self.assertIn(f"  train: 2 files of {self.tars['train']} are passed over, being no KEY.ext: ._s0.png and README\n", printed)

    def test_silent_recordings(self):
        def wav(samples):
            import struct
            body = struct.pack(f"<{len(samples)}h", *samples)
            return (b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
                    + b"data" + struct.pack("<I", len(body)) + body)
        write_tar(self.tars["train"], [("loud.wav", wav([i * 37 % 9000 for i in range(4000)])), ("still.wav", wav([0] * 4000)), ("dc.wav", wav([0] * 2000))])
        for extra in ({}, {"normalize": "per_mel"}, {"preset": "whisper"}):
            field = {"kind": "log_mel", "member": "wav", "preset": "torchaudio", "frames": 100, **extra}
            found = self.read("check", shards={"train": [str(self.tars["train"])]}, tokenizer=None, fields={"voice": field})
            self.assertEqual(found["silent"], [{"split": "train", "field": "voice", "examples": 2, "keys": ["still", "dc"]}], extra)

    def test_a_shard_that_is_cut_off(self):
        self.tars["train"].write_bytes(self.tars["train"].read_bytes()[:30 * 1024 + 100])
        found = self.read("check", code=BAD_DATA)
        self.assertEqual([(bad["shard"], bad["key"]) for bad in found["unusable"]][:1], [(str(self.tars["train"]), "")])

    def test_members_that_a_field_takes_in_place_of_each_other(self):
        picture = {"picture": {"kind": "image", "member": "jpg;png", "size": [8, 6], "optional": True}}
        write_tar(self.tars["train"], [("a.png", png(1)), ("b.jpg", png(2)), ("c.txt", b"neither"), ("c.q;txt", b"of this name")])
        found = self.read("check", fields=picture)
        self.assertEqual([(part["member"], part["keys"]) for part in found["lacking"] if part["split"] == "train"],
                         [("jpg;png", ["c"]), ("q;txt", ["a", "b"]), ("txt", ["a", "b"])])
        self.assertEqual(found["unusable"], [])
        both = {"one": picture["picture"], "other": {**picture["picture"], "member": "png;webp"}, "third": {**picture["picture"], "member": "jpg"},
                "page": {"kind": "document", "max_length": 40, "parts": [{"image": "gif;jpg", "optional": True}, {"text": "txt", "optional": True}],
                         "image": {"size": [8, 6], "patch": 2, "max_images": 1}}}
        self.assertEqual([(part["member"], part["keys"]) for part in self.read("check", fields=both)["lacking"] if part["split"] == "train"],
                         [("gif;jpg", ["a", "c"]), ("jpg", ["a", "c"]), ("jpg;png", ["c"]), ("png;webp", ["b", "c"]),
                          ("q;txt", ["a", "b"]), ("txt", ["a", "b"])])

    def test_what_training_streams(self):
        self.damage()
        section = {"stream": True, "order": "sequence", "tokenizer": None,
                   "fields": {"picture": {"kind": "image", "member": "png", "size": [8, 6]}}}
        found = self.read("check", code=BAD_DATA, **section)
        self.assertEqual([bad["key"] for bad in found["unusable"]], ["s4", "s33"])
        self.assertEqual(found["streamed"], [])
        shards = {"train": [f"pipe:touch {self.folder}/was_run; cat {self.tars['train']}"], "val": [str(self.tars["val"])], "test": [str(self.tars["test"])]}
        for more in ([], ["--json"]):
            result = self.data("check", *more, code=BAD_DATA, shards=shards, **section)
            self.assertIn('"streamed": [\n        "train"\n      ]' if more else "  train: what comes from a command or standard input is not looked at\n",
                          result.stdout)
        self.assertIn("train: what comes from a command or standard input is not looked at",
                      self.data("stats", shards=shards, **section).stdout)
        self.assertFalse((self.folder / "was_run").exists())

    def test_duplicates_and_leaks(self):
        write_tar(self.tars["train"], samples(range(20)) + [("twin.png", png(3)), ("twin.txt", b"new"), ("twin.cls", b"0")])
        write_tar(self.tars["test"], samples([40, 41]) + [("leak.png", png(5)), ("leak.txt", b"other"), ("leak.cls", b"0")])
        found = self.read("check")
        self.assertEqual(found["same_content"], [
            {"field": "picture", "split": "train", "of": "train", "samples": 1, "pairs": [["twin", "s3"]]},
            {"field": "picture", "split": "test", "of": "train", "samples": 1, "pairs": [["leak", "s5"]]}])
        self.assertIn("  test: picture: 1 sample with the same content as one of train, e.g. leak and s5\n",
                      self.data("check").stdout)

    def test_what_is_cut(self):
        found = self.read("check", fields={"picture": {"kind": "image", "member": "png", "size": [8, 6]},
                                           "label": {"kind": "class", "member": "cls", "classes": STATE},
                                           "text": {"kind": "text", "member": "txt", "max_length": 14}})
        train = found["truncated"][0]
        self.assertEqual((train["split"], train["field"], train["cut"], train["of"], train["room"], train["longest"]),
                         ("train", "text", 9, 20, 14, 23))  # 4 words and the number of the sample


class Stats(DataCase):
    def test_numbers(self):
        found = self.read("stats")
        train = found["splits"]["train"]["fields"]
        self.assertEqual(train["label"]["classes"], {"0": 7, "1": 7, "2": 6})
        picture = train["picture"]
        self.assertEqual(picture["height"], {"min": 8, "median": 8, "p95": 8, "max": 8, "outliers": 0})
        self.assertEqual(picture["width"]["max"], 6)
        # Shades 0 … 19 of 255, whatever the recipe normalises them with.
        self.assertAlmostEqual(picture["mean"][0], 9.5 / 255, places=6)
        self.assertAlmostEqual(picture["std"][0], (399 / 12) ** 0.5 / 255, places=6)
        self.assertEqual((picture["duplicates"], picture["leaks"], picture["examples"]), (0, 0, 20))
        tokens = train["text"]["tokens"]
        self.assertEqual(tokens["max"] - tokens["min"], 19)
        self.assertEqual(tokens["median"] - tokens["min"], 9)
        self.assertEqual(tokens["p95"] - tokens["min"], 18)

    def test_a_group_is_read_as_text(self):
        fields = {"which": {"kind": "group", "member": "cls"}}
        train = self.read("stats", fields=fields)["splits"]["train"]
        self.assertEqual(train["fields"]["which"]["examples"], 20)
        self.data("check", fields=fields)
        self.data("bench", "--seconds", 0.2, fields=fields)

    def test_arrays_and_boxes_count_entries(self):
        write_tar(self.tars["train"], [(f"a{i}.json", json.dumps({"list": list(range(i)), "boxes": [[0, 0, 1, 1]] * i}).encode()) for i in range(1, 4)])
        fields = {"list": {"kind": "array", "pointer": "/list", "max_length": 2},
                  "boxes": {"kind": "boxes", "pointer": "/boxes", "max_boxes": 2}}
        train = {"shards": {"train": [str(self.tars["train"])]}, "tokenizer": None, "fields": fields}
        found = self.read("stats", **train)["splits"]["train"]["fields"]
        for name in fields:
            self.assertEqual((found[name]["entries"]["max"], found[name]["truncated"]), (3, {"cut": 1, "room": 2}), name)
        self.assertIn("list: 1 of 3 are cut to 2 entries; the longest has 3", self.data("check", **train).stdout)

    def test_recordings(self):
        ways = []
        for more in ([], ["--set", "data.clean.fields.voice.mean=0", "--set", "data.clean.fields.voice.std=1"]):
            result = weft("data", "stats", ROOT / "recipes/digits_av.json", "--data", "clean", "--json", *more)
            ways.append(json.loads(result.stdout)["stats"][0]["splits"]["train"]["fields"]["voice"])
        voice, raw = ways
        self.assertEqual((voice["frames"]["min"], voice["frames"]["max"], voice["truncated"]["room"]), (17, 201, 80))
        self.assertAlmostEqual(voice["seconds"]["max"], 2.01, places=6)
        # Before normalisation, whatever the recipe normalises with.
        self.assertAlmostEqual(voice["mean"][0], raw["mean"][0], places=4)
        self.assertAlmostEqual(voice["std"][0], raw["std"][0], places=4)

    def test_the_table(self):
        self.assertRegex(self.data("stats").stdout, r"train  picture\s+0\.03725\s+0\.02261\n")


class Show(DataCase):
    def page(self, *more, **section):
        out = self.folder / "page.html"
        self.data("show", "--out", out, "--overwrite", *more, **section)
        return out.read_text()

    def test_a_page(self):
        page = self.page("--count", 5)
        self.assertEqual(page.count("<article>"), 5)
        self.assertEqual(page.count("src=\"data:image/png;base64,"), 5)
        self.assertIn("<h2>s0</h2>", page)
        self.assertNotIn("<script", page)
        self.assertNotRegex(page, r"(src|href)=\"(?!data:image/png)")
        self.assertIn("default-src 'none'", page)

    def test_training_follows_the_order_of_training(self):
        page = self.page("--count", 20, "--training")
        keys = re.findall(r"<h2>(\w+)</h2>", page)
        self.assertEqual(sorted(keys), sorted(f"s{i}" for i in range(20)))
        self.assertNotEqual(keys, [f"s{i}" for i in range(20)])

    def test_data_cannot_write_html(self):
        evil = "<script>alert(1)</script>&\"'"
        write_tar(self.tars["val"], [("<img src=x onerror=alert(2)>.png", png(1)), ("<img src=x onerror=alert(2)>.txt", evil.encode()),
                                     ("<img src=x onerror=alert(2)>.cls", evil.encode())])
        write_tar(self.tars["train"], samples(range(3)) + [("e.png", png(1)), ("e.txt", evil.encode()), ("e.cls", b"0")])
        page = self.page("--split", "val", fields={
            "picture": {"kind": "image", "member": "png", "size": [8, 6]}, "text": {"kind": "text", "member": "txt", "max_length": 24},
            "label": {"kind": "class", "member": "cls", "classes": STATE + [evil]}})
        self.assertIn("&lt;img src=x onerror=alert(2)&gt;", page)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;", page)
        self.assertNotIn("<script", page)
        self.assertNotIn("<img src=x", page)

    def test_recordings_have_spectrum_and_waveform(self):
        out = self.folder / "voices.html"
        result = weft("data", "show", ROOT / "recipes/digits_av.json", "--data", "clean", "--count", 2, "--out", out)
        self.assertEqual(result.returncode, 0, result.stderr)
        page = out.read_text()
        self.assertEqual((page.count('class="spectrogram"'), page.count('class="wave"')), (2, 2))
        self.assertIn("of 80 real", page)
        self.refused(["data", "show", PICTURE, "--out", out], CANNOT_CREATE, f"There is a file {out} already.")


class Documents(DataCase):
    """A field of documents: a picture and a text behind it."""
    page = {"page": {"kind": "document", "max_length": 24, "pack": True, "parts": [{"image": "png"}, {"text": "txt"}],
                     "image": {"size": [8, 6], "patch": 2, "max_images": 1}}}

    def test_what_is_the_same_and_what_is_cut(self):
        write_tar(self.tars["train"], samples(range(20)) + [("twin.png", png(3)), ("twin.txt", b"a text of number x x x "),
                                                            ("other.png", png(3)), ("other.txt", b"a text of another")])
        found = self.read("check", fields=self.page)
        self.assertEqual(found["same_content"], [
            {"field": "page", "split": "train", "of": "train", "samples": 1, "pairs": [["twin", "s3"]]}])
        train = found["truncated"][0]  # 12 patches, 4 words, and as many x as the number says
        self.assertEqual((train["field"], train["cut"], train["room"], train["longest"]), ("page", 11, 24, 35))

    def test_a_broken_picture(self):
        write_tar(self.tars["train"], samples(range(20)) + [("bad.png", b"no picture"), ("bad.txt", b"a text")])
        found = self.read("check", code=BAD_DATA, fields=self.page)
        self.assertEqual([bad["key"] for bad in found["unusable"]], ["bad"])
        write_tar(self.tars["train"], [("bad.png", b"no picture"), ("bad.txt", b"a text")])
        self.assertNotIn("rows", self.read("stats", fields=self.page)["splits"]["train"]["fields"]["page"])

    def test_looking_and_timing(self):
        out = self.folder / "page.html"
        self.data("show", "--out", out, "--count", 4, fields=self.page)
        page = out.read_text()
        self.assertEqual(page.count("src=\"data:image/png;base64,"), 4)
        self.assertIn("a text of number", page)
        self.assertEqual(page.count(">[patch 12]<"), 4)
        self.assertNotIn("[pad]", page)
        stats = self.read("stats", fields=self.page)["splits"]["train"]["fields"]["page"]
        self.assertEqual((stats["places"]["min"], stats["places"]["max"]), (16, 35))
        self.assertEqual([stats[part][of] for part in ("pictures", "sounds") for of in ("min", "max")], [1, 1, 0, 0])
        # A row takes one picture: 20 documents of 16 to 24 places after they are cut, in rows of 24.
        lengths = [min(24, 16 + i) for i in range(20)]
        self.assertEqual((stats["rows"]["looked_at"], stats["rows"]["documents"]), (20, 1))
        self.assertAlmostEqual(stats["rows"]["filled"], sum(lengths) / (20 * 24))
        self.assertRegex(self.data("stats", fields=self.page).stdout, r"train, page: documents a row 1, places filled \d+\.\d+ %, over 20 rows\n")
        found = json.loads(self.data("bench", "--seconds", 0.3, "--json", fields=self.page).stdout)
        self.assertIn("decoding page", {stage["stage"] for stage in found["stages"]})
        self.assertGreater(found["samples_per_second"], 0)


if __name__ == "__main__":
    run()
