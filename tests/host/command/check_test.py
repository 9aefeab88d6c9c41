"""`weft check`: one round tells everything that is not the consequence of something else, and no recipe makes it wait or grow.

Usage: check_test.py BUILD_FOLDER.
"""
import copy
import os
import subprocess

from check_cases import *


class OneRound(Check):
    def test_rules_of_fields_have_places_and_are_told_together(self):
        """What no schema says: keys that do not go together, in two fields of a section and the section itself."""
        section = (recipe := small())["data"]["av"]
        section["fields"]["picture"].update(resize="area", fit="crop", mean=[1, 2])
        section["fields"]["voice"] = {"kind": "log_mel", "member": "wav", "preset": "torchaudio", "frames": 9, "low_hz": 8000}
        section["split"] = {"val": 0.5, "test": 0.5}
        lines = self.problems(recipe)
        text = (self.folder / "r.json").read_text().splitlines()
        for key, told in (("resize", 'fields/picture/resize: expected bilinear or bicubic, which fit, dct_scaling and crop go with, found "area".'),
                          ("mean", "fields/picture/mean: expected 1 number, one per channel, found [1,2]."),
                          ("low_hz", "fields/voice/low_hz: expected a number below high_hz, found 8000."),
                          ("split", "split/val: expected val and test to be below 1 together, found 0.5.")):
            at = next(number for number, line in enumerate(text, 1) if f'"{key}":' in line) + (key == "split")
            self.assertEqual(lines.count(f"{self.folder}/r.json:{at}:{text[at - 1].index(chr(34)) + 1}: /data/av/{told}"), 1, "\n".join(lines))

    def test_a_loss_of_negative_weight(self):
        recipe = small()
        recipe["losses"]["second"] = copy.deepcopy(recipe["losses"]["ce"])
        recipe["stages"][0]["losses"] = {"ce": -0.5, "second": {"from": 1, "to": -2, "over": [0, 2]}}
        self.assert_told(self.problems(recipe), "/stages/0/losses/ce: expected a number above 0, found -0.5.",
                         "/stages/0/losses/second/to: expected a number of at least 0, found -2.")

    def test_an_exchange_hides_nothing(self):
        """Neither one that is no pointer nor one that leads nowhere, which is known when the shards are open."""
        recipe = small()
        fields = recipe["data"]["av"]["fields"]
        fields["vector"] = {"kind": "array", "member": "npy", "shape": [3], "swap_within": "/a~2b", "mean": "x"}
        fields["picture"].update(swap_within="/a~3", crop=[0.5, 1])
        told = "\n".join(self.problems(recipe))
        for text in ('fields/vector/mean: expected a number, found "x"', 'fields/vector/swap_within: expected a JSON pointer such as "/question", found "/a~2b"',
                     "fields/picture/crop: expected an object", 'fields/picture/swap_within: expected a JSON pointer such as "/question", found "/a~3"'):
            self.assertIn(text, told)
        recipe = small()
        fields = recipe["data"]["av"]["fields"]
        fields["picture"]["swap_within"] = "/nowhere"
        fields["other"] = {"kind": "array", "member": "npy", "shape": [3], "swap_within": "/nirgends"}
        fields["label"]["member"] = "lab"
        told = "\n".join(self.problems(recipe, code=BAD_DATA, verb="train"))
        for text in ("fields/picture/swap_within: ", "/nowhere", "fields/other/swap_within: ", "/nirgends", "fields/other: ", "there is no member npy",
                     "fields/label: ", "there is no member lab"):
            self.assertIn(text, told)

    def test_the_small_recipe_is_sound(self):
        self.assertEqual(self.warnings(small()), [])

    def test_a_recipe_whose_name_is_no_text(self):
        path = os.fsdecode(os.fsencode(self.folder) + b"/a\x1b[2J\xff\n.json")
        with open(path, "w") as file:
            json.dump(small(), file)
        result = weft("check", path, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(json.loads(result.stdout)["recipe"].endswith("/a\x1b[2J\ufffd\n.json"))
        self.assertIn(r"/a\x1b[2J\xff\n.json is sound.", weft("check", path).stdout)

    def test_mistakes_of_every_kind_are_told_together(self):
        recipe = small()
        recipe["sead"] = 3                                                        # a key of the recipe
        recipe["data"]["av"]["shards"]["val"] = ["/nowhere.tar"]                  # a file
        recipe["data"]["av"]["fields"]["odd"] = {"kind": "image", "sise": [1, 1], "size": [1, 1]}  # a key of a field
        recipe["data"]["more"] = {"shards": {"train": [str(self.folder / "text.tar")]},  # a file that is no shard
                                  "fields": {"x": {"kind": "class", "member": "cls", "classes": ["a"]}}}
        (self.folder / "text.tar").write_text("text" * 1000)
        more = lambda **change: {**copy.deepcopy(recipe["graph"]["vision"]), **change}
        recipe["graph"]["misspelt"] = more(use="encoder.vitt")                    # a part
        recipe["graph"]["keyed"] = more(config={"hight": 28})                     # a key of a part
        recipe["graph"]["wired"] = more(**{"in": {"image": "visoin.tokens"}})     # a node
        recipe["graph"]["ported"] = more(**{"in": {"image": "batch.picture", "imag": "batch.picture"}})  # a port
        recipe["graph"]["shaped"] = more(config={**more()["config"], "height": 14})  # a shape
        recipe["graph"]["rejected"] = more(config={**more()["config"], "heads": 3})  # what a part rejects
        recipe["losses"]["kind"] = {"use": "metric.accuracy", "in": {"logits": "digit.logits", "target": "batch.label"}}
        recipe["losses"]["shape"] = {"use": "loss.cross_entropy", "in": {"logits": "shaped.pooled", "target": "batch.label"}}
        recipe["stages"][0]["steps"] = "ten"                                      # a type
        recipe["stages"][0]["train"] = ["vison", "vision", "digit"]               # a pattern
        recipe["stages"][0]["losses"]["shape"] = 1
        recipe["stages"].append({"name": "late", "data": "av", "steps": 1, "batch_size": 1, "optimizer": {"lr": 1},
                                 "losses": {"cee": 1}})                         # a loss
        recipe["evaluate"]["metrics"].append("acuracy")                           # a metric
        self.assert_told(self.problems(recipe),
                         "/sead: unknown key", "/data/av/shards/val/0: The shard /nowhere.tar cannot be opened",
                         "/data/av/fields/odd/sise: unknown key", "/data/more/shards/train/0: The shard",
                         '/graph/misspelt/use: no part is called "encoder.vitt"', "/graph/keyed/config/hight: unknown key",
                         '/graph/wired/in/image: no graph node is called "visoin"',
                         '/graph/ported/in/imag: encoder.vit has no input port "imag"',
                         '/graph/shaped/in: input "image" expects', "/graph/rejected/config: ",
                         "/losses/kind/use: expected a loss, found a metric", "/stages/0/steps: expected an integer",
                         '/stages/0/train/0: pattern "vison" matches no parameter', '/stages/1/losses/cee: no loss is called',
                         "/evaluate/metrics/1: no metric is called")

    def test_training_tells_the_same(self):
        recipe = small()
        recipe["sead"] = 3
        recipe["graph"]["vision"]["config"]["hight"] = 3
        recipe["data"]["av"]["shards"]["val"] = ["/nowhere.tar"]
        for verb in ("check", "train"):
            self.assert_told(self.problems(recipe, verb=verb), "/sead: unknown key", "/graph/vision/config/hight: unknown key",
                             "The shard /nowhere.tar cannot be opened")

    def test_what_follows_from_a_mistake_is_not_told(self):
        for path, value, text in (("graph.vision.use", "encoder.vitt", "no part is called"),
                                  ("data.av.fields.picture.sise", 3, "unknown key"),
                                  ("data.av.ordr", 3, "unknown key"),
                                  ("graph.vision.config.dmi", 3, "unknown key"),
                                  ("evaluate.metrcs", [], "unknown key"),
                                  ("stages.0.batch_size", "four", "expected an integer")):
            result = weft("check", self.write(small()), "--set", f"{path}={json.dumps(value)}")
            self.assertEqual(result.returncode, BAD_RECIPE)
            self.assert_told(result.stderr.splitlines(), text)


class Data(Check):
    def test_where_only_data_is_wrong_the_code_is_the_datas(self):
        recipe = small()
        recipe["data"]["av"]["shards"]["val"] = ["/nowhere.tar"]
        self.assert_told(self.problems(recipe, NO_INPUT), "r.json:12:6: /data/av/shards/val/0: The shard /nowhere.tar cannot be opened")
        (self.folder / "empty.tar").write_bytes(b"")
        recipe["data"]["av"]["shards"]["val"] = [str(self.folder / "empty.tar")]
        self.assert_told(self.problems(recipe, BAD_DATA), "empty.tar is empty")

    def test_a_tokenizer_that_is_not_there(self):
        recipe = small()
        recipe["data"]["av"]["tokenizer"] = {"file": "/nowhere.model"}
        self.assert_told(self.problems(recipe, NO_INPUT), "/data/av/tokenizer/file: The tokenizer /nowhere.model cannot be opened")

    def test_a_command_is_not_started(self):
        recipe = small()
        made = self.folder / "made"
        recipe["data"]["av"]["shards"]["val"] = [f"pipe:touch {made}"]
        weft("check", self.write(recipe))
        self.assertFalse(made.exists())

    def test_the_first_example_of_every_part_is_looked_at_before_the_first_step(self):
        recipe = small()
        recipe["data"]["late"] = copy.deepcopy(recipe["data"]["av"])
        recipe["data"]["late"]["fields"]["label"]["member"] = "sls"
        recipe["data"]["late"]["fields"]["picture"]["member"] = "pgn"
        recipe["stages"].append({**recipe["stages"][0], "name": "late", "data": "late"})
        recipe["evaluate"]["group_by"] = "/nowhere"
        lines = self.problems(recipe, BAD_DATA, verb="train")
        self.assert_told(lines, "/data/late/fields/label: ", "/data/late/fields/picture: ", "/evaluate/group_by: ")
        self.assertFalse((self.folder / "run").exists(), "nothing was begun")


class Bounds(Check):
    """A recipe is text from anywhere: it may cost processor time and memory up to a limit."""

    def bounded(self, arguments, seconds=2, mebibytes=64):
        """Runs it within so much processor time and memory beside the program's own, for which the small recipe stands."""
        def cost(words):
            with open(self.folder / "err", "w+", encoding="utf-8") as err:  # a pipe that nobody reads would fill up
                process = subprocess.Popen([BUILD / "bin/weft", *map(str, words)], stdout=subprocess.DEVNULL, stderr=err)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                err.seek(0)
                return process.returncode, err.read(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

        *_, own = cost(["check", self.write(small(), "own.json")])
        code, err, time, memory = cost(arguments)
        self.assertLess(time, seconds, err[:500])
        if not SANITISED:  # a sanitiser keeps memory that was given back
            self.assertLess(memory - own, mebibytes, err[:500])
        return code, err

    def test_a_number_that_makes_a_part_declare_without_end(self):
        for node, key in (("vision", "layers"),):
            for number in (10_000, 10**6, 10**12, 2**63 - 1):
                code, err = self.bounded(["check", self.write(small()), "--set", f"graph.{node}.config.{key}={number}"])
                self.assertEqual(code, BAD_RECIPE, err)
                self.assertIn(f"/graph/{node}/config: {node} (encoder.vit 1.0.0): it declares more than 16384 ports, parameters, "
                              "buffers and states. A number in its configuration is too large or too small.", err)

    def test_many_parts_that_each_declare_much(self):
        recipe = small()
        deep = {**recipe["graph"]["vision"], "config": {**recipe["graph"]["vision"]["config"], "layers": 900}}
        recipe["graph"] |= {f"n{i}": deep for i in range(900)}
        code, err = self.bounded(["check", self.write(recipe)])
        self.assertEqual(code, BAD_RECIPE, err[:500])
        self.assertIn("the parts before this one have more than 65536 parameters and buffers together.", err)

    def test_a_number_that_makes_a_size_impossible(self):
        for key, number, texts in (("patch", 10_000, ["vision (encoder.vit 1.0.0): ", 'size "M" is 0; it must be at least 1',
                                                      "A number in its configuration is too large or too small."]),
                                   ("ffn_dim", 2**62, ['"vision" is the largest part', "Make it smaller."])):
            code, err = self.bounded(["check", self.write(small()), "--set", f"graph.vision.config.{key}={number}", "--set", "sead=3"])
            self.assertEqual(code, BAD_RECIPE, "the recipe's fault, not the plug-in's: " + err)
            for text in ["/graph/vision/config: ", "/sead: unknown key", *texts]:
                self.assertIn(text, err)

    def test_a_width_that_no_memory_holds(self):
        for number in (2**34, 2**40):
            code, err = self.bounded(["check", self.write(small()), "--set", f"graph.vision.config.dim={number}",
                                      "--set", f"graph.digit.config.dim={number}"])
            self.assertEqual(code, BAD_RECIPE, err)
            self.assertIn('/graph/vision/config: "vision" is the largest part', err)

    def test_extends_of_what_is_no_file(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        (self.folder / "loop").symlink_to("loop")
        for path in (fifo, "/dev/zero", "/dev/null", self.folder, self.folder / "loop", "n" * 300, "d/" * 2040):
            code, err = self.bounded(["check", self.write({"extends": str(path)})])
            self.assertEqual(code, BAD_RECIPE, err)
            self.assertIn('/extends: cannot read "', err)
            code, err = self.bounded(["check", path])
            self.assertEqual(code, NO_INPUT, err)
            self.assertIn('cannot read "', err)

    def test_a_long_text_that_is_used_often(self):
        recipe = small()
        recipe["let"] = {"s": "x" * (1 << 20)}
        recipe["graph"]["vision"]["config"]["x"] = ["$s"] * 5000
        code, err = self.bounded(["check", self.write(recipe)])
        self.assertEqual(code, BAD_RECIPE, err)
        self.assertIn("makes the recipe larger than 200000 values or 64 MiB", err)

    def test_three_thousand_mistakes(self):
        recipe = small()
        recipe["graph"]["vision"]["in"] = {f"p{i}": [f"visoin_{j}.x" for j in range(1000)] for i in range(3)}
        code, err = self.bounded(["check", self.write(recipe)])
        self.assertEqual(code, BAD_RECIPE, err)
        self.assertIn("r.json has 3000 problems:", err)
        self.assertIn("\n  and 2800 more.", err)
        self.assertLess(len(err), 60_000)

    def test_three_thousand_mistakes_that_only_parts_know(self):
        recipe = small()
        recipe["graph"]["vision"]["config"] = {f"k{i}": 1 for i in range(3000)}
        code, err = self.bounded(["check", self.write(recipe)])
        self.assertEqual(code, BAD_RECIPE, err)
        self.assertIn("r.json has 3000 problems:", err)

    def test_a_configuration_of_long_texts(self):
        recipe = small()
        recipe["let"] = {"s": "x" * (1 << 20)}
        recipe["graph"]["vision"]["config"]["x"] = ["$s"] * 20
        code, err = self.bounded(["check", self.write(recipe)])
        self.assertEqual(code, BAD_RECIPE, err[:500])
        self.assertIn("/graph/vision/config: expected at most 8388608 bytes of text, found 20971", err)

    def test_a_file_of_long_names(self):
        recipe = small()
        recipe["graph"]["vision"]["use"] = "encoder." + "v" * 4_000_000
        code, err = self.bounded(["check", self.write(recipe)])
        self.assertEqual(code, BAD_RECIPE, err[:300])


class Fits(Check):
    """What the data holds and what the parts take."""

    TEXT = {"tokenizer": {"type": "char", "vocab_size": 64, "from": ["txt"]}}

    def with_text(self, vocab, **field):
        recipe = small()
        recipe["data"]["av"] |= copy.deepcopy(self.TEXT)
        recipe["data"]["av"]["fields"]["text"] = {"kind": "text", "member": "txt", "max_length": 16, **field}
        recipe["graph"]["words"] = {"use": "encoder.text_transformer", "in": {"tokens": "batch.text"},
                                    "config": {"vocab_size": vocab, "max_length": 16, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}}
        recipe["graph"]["digit"]["in"]["state"] = "words.tokens"
        del recipe["graph"]["vision"], recipe["data"]["av"]["fields"]["picture"]
        return recipe

    def classes(self, count):
        recipe = small()
        recipe["graph"]["digit"]["config"]["classes"] = count
        return recipe

    def test_classes(self):
        lines = self.problems(self.classes(9))
        self.assertIn('/losses/ce/in/target: batch.label of data "av" has 10 classes, but "logits" scores only 9. Let the part that '
                      "makes them score 10.", "\n".join(lines))
        self.assert_told(lines, "/losses/ce/in/target: ", "/metrics/accuracy/in/target: ")
        self.assertEqual(self.warnings(self.classes(10)), [])
        self.assertIn('has 10 classes, and "logits" scores 11: some can never be right.', self.warnings(self.classes(11))[0])

    def test_a_vocabulary(self):
        self.assertEqual(self.warnings(self.with_text(64)), [])
        self.assert_told(self.problems(self.with_text(63)),
                         '/graph/words/config/vocab_size: is 63, but batch.text of data "av" has 64 ids, those of the tokenizer and of masking. '
                         "Set it to 64.")

    def test_the_masks_row(self):
        mask = {"mask": {"probability": 0.15}}
        self.assert_told(self.problems(self.with_text(64, **mask)), "/graph/words/config/vocab_size: is 64, but batch.text of data \"av\" has 65 ids")
        self.assertEqual(self.warnings(self.with_text(65, **mask)), [])


    def test_a_token_head(self):
        recipe = self.with_text(65, mask={"probability": 0.15})
        recipe["graph"]["head"] = {"use": "decoder.token_head", "in": {"state": "words.tokens"}, "config": {"dim": 16, "outputs": 64}}
        recipe["losses"]["guess"] = {"use": "loss.cross_entropy", "in": {"logits": "head.out", "target": "batch.text_target"}}
        recipe["stages"][0]["losses"] = {"guess": 1, "ce": 1}
        self.assertEqual(self.warnings(recipe), [])
        recipe["graph"]["head"]["config"]["outputs"] = 63
        self.assert_told(self.problems(recipe), '/losses/guess/in/target: batch.text_target of data "av" has 64 ids, but "logits" scores only 63.')


class Endless(Check):
    """A part that does not end while it is created (doubles/endless.cpp) ends the look at the recipe with a sentence."""

    def test_a_part_that_never_ends(self):
        plugins = ["--plugins", PLUGINS, "--plugins", BUILD / "tests/host/command/doubles"]
        for deed in ("compute", "declare"):
            recipe = small()
            recipe["graph"]["loop"] = {"use": "tests/fusion.endless", "in": {"streams": "vision.tokens"}, "config": {deed: True}}
            result = weft("check", self.write(recipe), *plugins)
            self.assertEqual(result.returncode, BAD_RECIPE, result.stderr)
            self.assertIn("weft: error: loop (tests/fusion.endless) computes without end in create.", result.stderr)


if __name__ == "__main__":
    run()
