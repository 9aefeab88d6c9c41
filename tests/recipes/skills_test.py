"""The recipes whose data scripts make: the scripts keep their word, and a few samples are learnt by heart.

Usage: skills_test.py BUILD_FOLDER.
"""
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv[1]).resolve()


def weft(*arguments, text=None):
    return subprocess.run([BUILD / "bin/weft", *map(str, arguments)], input=text, capture_output=True, text=True, timeout=3000)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def made(self, name, count, folder="made"):
        """The shards of an example with so many samples a split, made by its script."""
        out = self.folder / folder
        subprocess.run([sys.executable, ROOT / f"examples/{name}/make.py", ROOT / "examples/digits", out, str(count)],
                       check=True, timeout=3000)
        return {split: out / f"{name}-{split}-000.tar" for split in ("train", "val", "test")}

    def trained(self, recipe, steps, *settings):
        """What the evaluation gave after so many steps in the last stage, and the events."""
        run = self.folder / f"{recipe}_{steps}"
        result = weft("train", ROOT / f"recipes/{recipe}.json", "--run", run, "--threads", "1", "--quiet",
                      *(word for setting in settings for word in ("--set", setting)))
        self.assertEqual(result.returncode, 0, result.stderr)
        events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        return [event["values"] for event in events if event["event"] == "evaluation"][-1], events

    def by_heart(self, recipe, section, shard, steps, *settings):
        """The recipe on the samples of one shard, which it is also measured with."""
        shards = json.dumps({"train": [str(shard)], "test": [str(shard)]})
        return self.trained(recipe, steps, f"data.{section}.shards={shards}", f"stages.0.steps={steps}",
                            "stages.0.batch_size=8", "stages.0.schedule.warmup=10", *settings)[0]


def samples(shard):
    with tarfile.open(shard) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}
    return {name[:-5]: (json.loads(content), members) for name, content in members.items() if name.endswith(".json")}


class Speech(Case):
    def test_who_is_heard_in_the_test_is_heard_nowhere_else(self):
        shards = self.made("speech", 20)
        speakers = {split: {about["speaker"] for about, _ in samples(shard).values()} for split, shard in shards.items()}
        self.assertEqual(speakers["train"] | speakers["val"], {"george", "jackson", "lucas", "nicolas"})
        self.assertEqual(speakers["test"], {"theo", "yweweler"})
        for key, (about, members) in samples(shards["test"]).items():
            self.assertTrue(2 <= len(about["digits"]) <= 6 and len(about["text"].split()) == len(about["digits"]), about)
            with wave.open(tarfile.io.BytesIO(members[key + ".wav"])) as sound:
                self.assertLess(sound.getnframes() / sound.getframerate(), 320 * 128 / 8000)  # fits into the recipe's frames

    def test_strings_are_learnt_by_heart(self):
        shards = self.made("speech", 8)
        again = self.made("speech", 8, "again")
        for split, shard in shards.items():
            self.assertEqual(shard.read_bytes(), again[split].read_bytes(), split)
        untrained = self.by_heart("speech", "speech", shards["train"], 1, "defaults.config.dropout=0")
        self.assertGreater(untrained["words.error_rate"], 0.9)
        learnt = self.by_heart("speech", "speech", shards["train"], 120, "defaults.config.dropout=0")
        self.assertLess(learnt["words.error_rate"], 0.1)
        self.assertGreater(learnt["words.exact"], 0.7)


class Detection(Case):
    def test_boxes_are_around_the_ink(self):
        for key, (about, members) in samples(self.made("scenes", 8)["val"]).items():
            self.assertTrue(1 <= len(about["objects"]) <= 3, about)
            for one in about["objects"]:
                x, y, width, height = one["bbox"]
                self.assertTrue(0 <= x and 0 <= y and x + width <= 64 and y + height <= 64 and min(width, height) > 0, one)
                self.assertIn(one["label"], "0123456789")
                self.assertEqual(members[key + ".png"][:4], b"\x89PNG")

    def test_scenes_are_learnt_by_heart(self):
        shard = self.made("scenes", 8)["train"]
        untrained = self.by_heart("detection", "scenes", shard, 1)
        learnt = self.by_heart("detection", "scenes", shard, 200)
        self.assertLess(untrained["precision.ap"], 0.05)
        self.assertGreater(learnt["precision.ap"], 0.4)

    def test_boxes_of_photographs_are_learnt_by_heart(self):
        shard = ROOT / "examples/photos/photos-000.tar.gz"
        about = [content for content, _ in samples(shard).values()]
        self.assertEqual(sum(len(one["objects"]) for one in about), 474)
        few = "data.photos.filter=" + json.dumps({"/source": [one["source"] for one in about[:3]]})
        untrained, learnt = (self.by_heart("photos_boxes", "photos", shard, steps, "stages.0.batch_size=3", few) for steps in (1, 150))
        self.assertLess(untrained["precision.ap"], 0.05)
        self.assertGreater(learnt["precision.ap"], 0.6)


class Rationale(Case):
    def test_the_ends_of_steps_are_the_tokens_with_a_full_stop(self):
        recipe = ROOT / "recipes/digits_rationale.json"
        model = self.folder / "tokenizer.model"
        self.assertEqual(weft("tokenizer", "train", recipe, "--data", "why", "--out", model).returncode, 0)
        expanded = json.loads(weft("check", recipe, "--expand").stdout)
        vocabulary = expanded["data"]["why"]["tokenizer"]["vocab_size"]
        texts = weft("tokenizer", "decode", model, text="".join(f"{i}\n" for i in range(vocabulary))).stdout.splitlines()
        self.assertEqual(len(texts), vocabulary)
        ends = [i for i, text in enumerate(texts) if text.endswith(".")]
        self.assertEqual(expanded["losses"]["steps"]["config"]["ends"], ends)

    def test_rationales_and_answers_are_learnt_by_heart(self):
        """Fourteen questions about two pairs. What is written is compared, so both decoders write, one after the other."""
        shard = str(ROOT / "examples/digits/digits-qa-train-000.tar")
        settings = ["data.why.shards=" + json.dumps({split: [shard] for split in ("train", "val", "test")}),
                    'data.why.filter={"/key": ["6-theo-24", "4-lucas-41"]}', "stages.0.steps=1", "stages.1.steps=1",
                    "stages.2.batch_size=14", "stages.2.schedule.warmup=5", "stages.2.optimizer.lr=0.003",
                    "defaults.config.dropout=0", "evaluate.group_by=null"]
        names = ["thought_match.agreement", "answer_match.exact_match", "agreement.agreement"]
        values = self.trained("digits_rationale", 40, *settings, "stages.2.steps=40")[0]
        self.assertGreater(min(values[name] for name in names), 0.9, values)
        mute = self.trained("digits_rationale", 39, *settings, "stages.2.steps=40", 'stages.2.losses={"ce": 1}')[0]
        self.assertLess(max(mute[name] for name in ("thought_match.agreement", "agreement.agreement")), 0.5, mute)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
