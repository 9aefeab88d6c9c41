"""The program `weft` end to end: what it says of bad input and with which exit code, and what it keeps of a run.

Usage: command_test.py BUILD_FOLDER. Each case runs the built program as a user would, in a temporary folder.
"""
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import unittest
from pathlib import Path

import jsonschema

from cases import *


class BadRecipe(Case):
    def test_a_misspelt_key(self):
        text = Path(PICTURE).read_text().replace('"graph": {"fusion"', '"grahp": {},\n  "graph": {"fusion"')
        recipe = self.folder / "r.json"
        recipe.write_text(text.replace('"digits_av.json"', json.dumps(str(ROOT / "recipes/digits_av.json"))))
        self.refused(["check", recipe], BAD_RECIPE, 'r.json:6:3: /grahp: unknown key. Did you mean "graph"?')

    def test_a_misspelt_part(self):
        self.refused(["check", PICTURE, "--set", "graph.fusion.use=fusion.concta"], BAD_RECIPE,
                     '--set: /graph/fusion/use: no part is called "fusion.concta". Did you mean "fusion.concat"?')

    def test_a_misspelt_port(self):
        self.refused(["check", PICTURE, "--set", 'graph.fusion.in={"stream":["vision.tokens"]}'], BAD_RECIPE,
                     '/graph/fusion/in/stream: fusion.concat has no input port "stream". Did you mean "streams"?')

    def test_shapes_that_do_not_fit(self):
        self.refused(["check", PICTURE, "--set", "graph.digit.config.dim=32"], BAD_RECIPE,
                     '/graph/digit/in: input "state" expects [B, N, 32], found [64, 16, 64].')

    def test_all_problems_at_once(self):
        self.refused(["check", PICTURE, "--set", "threads=-1", "--set", "sead=3"], BAD_RECIPE,
                     "has 2 problems", "/threads", '/sead: unknown key. Did you mean "seed"?')

    def test_an_override_of_nothing(self):
        self.refused(["check", PICTURE, "--set", "graph.nowhere.x=1"], BAD_RECIPE,
                     'nothing to set: /graph has no "nowhere". Known: vision, text, audio, fusion, reasoning and digit.')

    def test_a_recipe_that_is_not_there(self):
        self.refused(["check", "/nowhere.json"], NO_INPUT,
                     'cannot read "/nowhere.json": No such file or directory. Check the path.')

    def test_wrong_usage(self):
        self.refused(["frain"], USAGE, 'no verb is called "frain". Did you mean "train"?')
        self.refused(["check", PICTURE, "--bogus"], USAGE, "unknown option --bogus. Known: --set, --plugins, --expand, --json and --fix.")
        # `--run "$RUN" --overwrite` with a RUN that is not set must not fall back on runs/NAME.
        for words, name in ((["train", PICTURE, "--run", "", "--overwrite"], "--run"), (["eval", "runs/a", "--split", ""], "--split"),
                            (["check", PICTURE, "--set", ""], "--set"), (["check", PICTURE, "--plugins", ""], "--plugins"), (["eval", ""], "an operand")):
            self.refused(words, USAGE, f"weft {words[0]}: {name} is empty. Give it a value, or leave it out.")


class BadData(Case):
    def refused_shard(self, path, code, *texts):
        self.refused(["train", PICTURE, "--run", self.folder / "run", *SHORT, *shards(path)], code, *texts)

    def changed_shard(self, suffix, change):
        """The first samples of the shard, of which one member is changed. Returns the shard and the member's name."""
        path, changed = self.folder / "changed.tar", None
        with tarfile.open(SHARD) as old, tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as new:
            for member in old.getmembers()[:60]:
                content = old.extractfile(member).read()
                if changed is None and member.name.endswith(suffix):
                    content, changed = change(content), member.name
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
        return path, changed

    def test_a_missing_shard(self):
        self.refused_shard("/nowhere.tar", NO_INPUT, "The shard /nowhere.tar cannot be opened (No such file or directory).")

    def test_a_truncated_shard(self):
        path = self.folder / "cut.tar"
        path.write_bytes(SHARD.read_bytes()[:500_100])
        self.refused_shard(path, BAD_DATA, f"The shard {path}")

    def test_an_empty_data_set(self):
        path = self.folder / "empty.tar"
        tarfile.open(path, "w").close()
        self.refused_shard(path, BAD_DATA, f"The shard {path} holds no sample.")

    def test_a_corrupt_picture(self):
        path, member = self.changed_shard(".png", lambda content: content[:40] + b"\0" * (len(content) - 40))
        self.refused_shard(path, BAD_DATA, f"changed.tar, sample {member[:-4]}: picture.png cannot be decoded: ",
                           "Replace the file in the data.")

    def test_a_corrupt_recording(self):
        path, member = self.changed_shard(".wav", lambda content: b"RIFF" + b"\0" * (len(content) - 4))
        self.refused(["train", str(ROOT / "recipes/digits_av_voice.json"), "--run", self.folder / "run",
                      *[word.replace("vision", "audio") for word in SHORT], *shards(path)], BAD_DATA,
                     f"changed.tar, sample {member[:-4]}: voice.wav cannot be decoded: it is neither WAV, FLAC, MP3, Ogg, M4A, MP4 nor WebM")


class BadPlugin(Case):
    def listed(self, *files):
        for number, file in enumerate(files):
            shutil.copy(file, self.folder / f"{number}_{Path(file).name}")
        return weft("plugin", "list", "--plugins", self.folder)

    def test_another_abi_major(self):
        result = self.listed(DOUBLES / "other_major.so")
        self.assertIn("other_major.so was built for ABI 1; this host offers 0.10. Use a host that offers ABI 1, or rebuild "
                      "the plug-in with SDK 0.x.", result.stderr)

    def test_no_plugin(self):
        text = self.folder / "text"
        text.write_text("hello")
        result = self.listed(text)
        self.assertNotIn("text", result.stdout)  # no .so: not looked at
        (self.folder / "libtext.so").write_text("hello")
        result = weft("plugin", "list", "--plugins", self.folder)
        self.assertIn("libtext.so is no plug-in: it is not an ELF shared library.", result.stderr)
        (self.folder / "libtext.so").unlink()

    def with_fusion(self, file):
        """A folder of all shipped plug-ins in which this file is fusion.concat's."""
        for plugin in PLUGINS.glob("*.so"):
            (self.folder / plugin.name).symlink_to(plugin)
        (self.folder / "libweft_fusion_concat.so").unlink()
        shutil.copy(file, self.folder / "libweft_fusion_concat.so")
        return ["check", PICTURE, "--plugins", self.folder]

    def test_a_recipes_part_of_another_abi_major(self):
        self.refused(self.with_fusion(DOUBLES / "other_major.so"), ABI, 'no part is called "fusion.concat".',
                     "A file that may hold it was rejected: ", "was built for ABI 1; this host offers 0.10.")

    def test_a_recipes_part_that_is_no_plugin(self):
        text = self.folder / "text"
        text.write_text("hello")
        self.refused(self.with_fusion(text), PLUGIN, "libweft_fusion_concat.so is no plug-in: it is not an ELF shared library.")

    def test_a_recipes_part_that_is_there_twice(self):
        arguments = self.with_fusion(PLUGINS / "libweft_fusion_concat.so")
        shutil.copy(PLUGINS / "libweft_fusion_concat.so", self.folder / "again.so")
        self.refused(arguments, PLUGIN, "fusion.concat 1.0.0 is in two libraries: ")

    def test_two_with_one_id(self):
        mean = PLUGINS / "libweft_fusion_mean.so"
        self.listed(mean, mean)
        self.refused(["plugin", "info", "fusion.mean", "--plugins", self.folder], PLUGIN,
                     "fusion.mean 1.0.0 is in two libraries: ", "Remove one, or take its folder out of WEFT_PLUGIN_PATH.")


class Runs(Case):
    def hash(self, path):
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def weights(self, run):
        return self.hash(run / "checkpoints" / "fit-4" / "model.safetensors")

    def test_one_seed_gives_the_same_bits(self):
        first = self.weights(self.train("a"))
        self.assertEqual(first, self.weights(self.train("b")))
        self.assertNotEqual(first, self.weights(self.train("c", "--set", "seed=18")))

    def test_a_resumed_run_ends_with_the_same_bits(self):
        whole, cut = self.train("whole"), self.train("cut")
        shutil.rmtree(cut / "checkpoints/fit-4")
        (cut / "latest").write_text("fit-2\n")
        self.train("cut", "--resume")
        self.assertIn('"resumed"', (cut / "events.jsonl").read_text())
        self.assertEqual(self.weights(whole), self.weights(cut))

    def files(self, run):
        return {path: self.hash(path) for path in run.rglob("*") if path.is_file() and path.name != "lock"}

    def test_a_checkpoint_of_another_model(self):
        run = self.train("run")
        before = self.files(run)
        self.refused(["train", PICTURE, "--run", run, *SHORT, *shards(SHARD), "--resume", "--set", "defaults.config.dim=32"],
                     BAD_CHECKPOINT, f"the checkpoint in {run} belongs to another model.",
                     "Use the recipe that it was trained with, or another run folder.")
        self.assertEqual(before, self.files(run))

    def test_what_does_not_continue_a_run(self):
        run = self.train("run")
        before = self.files(run)
        resume = ["train", PICTURE, "--run", run, *SHORT, *shards(SHARD), "--resume"]
        self.refused([*resume, "--set", "seed=99"], BAD_CHECKPOINT,
                     f"the run in {run} was begun with seed 17, found seed 99. Use the recipe that it was begun with, or "
                     "another run folder.")
        self.refused([*resume, "--set", "data.av.fields.picture.translate=2"], BAD_CHECKPOINT,
                     f'the run in {run} was begun with other data: section "av" or its shards have changed.')
        self.refused([*resume, "--set", "stages.0.name=fti"], BAD_CHECKPOINT,
                     f'the newest checkpoint in {run} is of stage "fit", which the recipe does not have. Did you mean '
                     '"fti"?')
        self.assertEqual(before, self.files(run))

    def test_a_changed_plugin_is_told_on_resuming(self):
        run = self.train("run")
        lock = json.loads((run / "weft.lock").read_text())
        lock["parts"]["vision"]["sha256"] = "0"
        (run / "weft.lock").write_text(json.dumps(lock))
        result = weft("train", PICTURE, "--run", run, *SHORT, *shards(SHARD), "--resume")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn('warning: libweft_encoder_vit.so, the plug-in of "vision", has changed since the run was begun: '
                      "numbers may differ.", result.stderr)
        (run / "weft.lock").write_text("{")
        self.refused(["train", PICTURE, "--run", run, *SHORT, *shards(SHARD), "--resume"], BAD_CHECKPOINT,
                     f"{run}/weft.lock is damaged: ", "Delete it to go on without this check.")

    def test_a_stage_begins_from_another_stages_result(self):
        stage = json.loads(SHORT[-1].removeprefix("stages="))[0]
        stages = [{**stage, "name": name, "steps": 2, "save_every": 0} for name in ("first", "second", "third")]
        stages[2]["from"] = "first"
        two = [{**stages[0]}, {**stages[2], "from": "first"}]
        runs = [self.train(name, "--set", "stages=" + json.dumps(plan)) for name, plan in
                (("three", stages), ("two", two), ("chain", [*stages[:2], {k: v for k, v in stages[2].items() if k != "from"}]))]
        three, two, chain = (self.hash(run / "checkpoints/third-2/model.safetensors") for run in runs)
        self.assertEqual(three, two)  # the second stage left no trace
        self.assertNotEqual(three, chain)

    def test_what_a_field_cuts_off_is_said(self):
        result = weft("train", str(ROOT / "recipes/digits_av.json"), "--run", self.folder / "run",
                      *[word.replace('"vision", "fusion"', '"text", "fusion"') for word in SHORT], *shards(SHARD),
                      "--set", "data.av.fields.text.max_length=9", "--set", "graph.text.config.max_length=9")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r'warning: data "av", field "text": \d+ of \d+ are longer than the 9 that fit and '
                                        r"were cut; the longest has \d+\.")

    def test_a_run_is_not_overwritten_by_chance(self):
        run = self.train("run")
        before = self.weights(run)
        self.refused(["train", PICTURE, "--run", run, *SHORT, *shards(SHARD)], CANNOT_CREATE, str(run), "--overwrite")
        self.assertEqual(before, self.weights(run))

    def test_events_and_results_are_json(self):
        run = self.train("run")
        events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        self.assertEqual([event["step"] for event in events if event["event"] == "step"], [1, 2, 3, 4])
        results = json.loads(weft("eval", run, "--json").stdout)["results"]
        self.assertEqual(results[0]["examples"], 93)
        self.assertEqual(results[0]["metrics"], next(event for event in reversed(events) if event["event"] == "evaluation")["values"])

    def test_evaluation_uses_what_was_trained_with(self):
        run = self.train("run")
        lock = json.loads((run / "weft.lock").read_text())
        (run / "weft.lock").write_text(json.dumps(lock | {"data": {"av": "other"}}))
        result = weft("eval", run)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f'warning: section "av" or its shards have changed since the run in {run} was trained.', result.stderr)
        (run / "weft.lock").write_text(json.dumps(lock | {"tokenizers": {"av": "other"}}))
        self.refused(["train", PICTURE, "--run", run, "--resume", *SHORT, *shards(SHARD)], BAD_CHECKPOINT, "was trained with another tokenizer")
        self.refused(["eval", run], BAD_CHECKPOINT, "was trained with another tokenizer")

    def test_evaluation_takes_the_tokenizer_that_training_had(self):
        run = self.train("run", recipe=ROOT / "recipes/digits_av.json")
        before = json.loads(weft("eval", run, "--json").stdout)["results"][0]["metrics"]
        recipe = json.loads((run / "recipe.json").read_text())
        recipe["data"]["av"]["shards"]["train"] = [str(ROOT / "examples/digits/digits-av-train-000.tar")]
        (run / "recipe.json").write_text(json.dumps(recipe))  # other texts, which would teach other pieces
        result = weft("eval", run, "--json")
        self.assertIn('warning: section "av" or its shards have changed', result.stderr)
        self.assertEqual(json.loads(result.stdout)["results"][0]["metrics"], before)
        shutil.rmtree(run / "tokenizers")
        self.refused(["eval", run], BAD_CHECKPOINT, "was trained with another tokenizer")

    def test_swapping_the_fusion_leaves_the_binaries_alone(self):
        files = [BUILD / "bin/weft", *sorted((BUILD / "lib").rglob("*.so"))]
        before = [self.hash(file) for file in files]
        learning = ["--set", 'stages.0.train=["vision", "digit"]']  # fusion.mean has nothing to learn
        concat = self.train("concat", *learning)
        mean = self.train("mean", *learning, "--set", "graph.fusion.use=fusion.mean")
        self.assertNotEqual(self.weights(concat), self.weights(mean))
        self.assertEqual(before, [self.hash(file) for file in files])
        self.assertEqual(json.loads((mean / "weft.lock").read_text())["parts"]["fusion"]["id"], "fusion.mean")


class Descriptions(Case):
    MADE = {"stamps_captions": "stamps", "stamps_retrieval": "stamps", "speech": "speech", "detection": "scenes"}

    def test_every_recipe_is_sound(self):
        recipes = sorted((ROOT / "recipes").glob("*.json"))
        self.assertGreaterEqual(len(recipes), 17)
        for recipe in recipes:
            result = weft("check", recipe)
            made = self.MADE.get(recipe.stem)  # ./dev data makes these shards; all else is sound
            if made and not (ROOT / f"examples/{made}/{made}-test-000.tar").exists():
                self.assertEqual(result.returncode, NO_INPUT, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1 + result.stderr.count(f"/{made}/{made}-"), result.stderr)
                continue
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_check_as_json(self):
        result = weft("check", PICTURE, "--json", "--set", "graph.fusion.use=fusion.mean")
        document = json.loads(result.stdout)
        self.assertEqual(document["name"], "digits_av_picture")
        nodes = {node["name"]: node for node in document["nodes"]}
        self.assertEqual(nodes["fusion"]["part"], "fusion.mean")
        self.assertEqual(nodes["fusion"]["parameters"], 0)
        self.assertGreater(nodes["vision"]["parameters"], 10_000)
        self.assertEqual(Path(nodes["fusion"]["file"]), PLUGINS / "libweft_fusion_mean.so")

    def test_help(self):
        for words in ([], ["train"], ["eval"], ["check"], ["plugin"], ["new"]):
            result = weft(*words, "--help")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("weft", result.stdout)

    def test_plugins_describe_themselves_by_the_manifest_schema(self):
        schema = json.loads((ROOT / "schemas/manifest.schema.json").read_text())
        manifest = jsonschema.Draft202012Validator(schema)
        parts = json.loads(weft("plugin", "list", "--json").stdout)["parts"]
        self.assertGreaterEqual(len(parts), 17)
        for part in parts:
            manifest.validate(part)
            self.assertEqual((part["vendor"], part["license"]), ("weft", "Apache-2.0"), part["id"])
            self.assertNotEqual(part["plugin_version"], "0.0.0")
            jsonschema.Draft202012Validator.check_schema(part["config"])
            (told,) = json.loads(weft("plugin", "info", part["id"], "--json").stdout)
            self.assertTrue(told.pop("ports"), part["id"])
            self.assertEqual(told, part)
        self.assertFalse(manifest.is_valid({**parts[0], "kind": "encodr"}))


class PluginBinaries(unittest.TestCase):
    """What proves that a plug-in depends on nothing of the host: its NEEDED list and its one exported symbol."""

    SYSTEM = {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6", "ld-linux-x86-64.so.2"}

    def readelf(self, *arguments):
        return subprocess.run(["readelf", "-W", *arguments], capture_output=True, text=True, check=True).stdout

    def exports(self, file):
        rows = [line.split() for line in self.readelf("--dyn-syms", file).splitlines()]
        return [row[7] for row in rows if len(row) >= 8 and row[4] in ("GLOBAL", "WEAK", "UNIQUE") and row[6] != "UND"]

    def test_needs_the_system_alone_and_exports_one_symbol(self):
        files = sorted(PLUGINS.glob("*.so"))
        self.assertGreaterEqual(len(files), 17)
        for file in files:
            needed = {line.split("[")[1].rstrip("]") for line in self.readelf("-d", file).splitlines() if "(NEEDED)" in line}
            if "libasan" not in " ".join(needed):
                self.assertLessEqual(needed, self.SYSTEM, file)
            self.assertEqual(self.exports(file), ["weft_plugin_v0"], file)

    def test_would_notice_another_symbol(self):
        self.assertNotEqual(self.exports(BUILD / "lib/libweft_engine.so"), ["weft_plugin_v0"])


if __name__ == "__main__":
    run()
