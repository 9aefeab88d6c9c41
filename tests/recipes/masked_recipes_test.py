"""The recipes that guess what is hidden, and the one with a missing modality: a short training learns from what is visible.

Usage: masked_recipes_test.py BUILD_FOLDER. What a model could know without seeing anything is its floor: either a number that
follows from the definition, or the same recipe with everything hidden, which can learn the frequencies at each place and no more.
"""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv[1]).resolve()


def override(path, value):
    return ["--set", f"{path}={json.dumps(value)}"]


class Masked(unittest.TestCase):
    def train(self, recipe, steps, *more):
        """Trains for so many steps. Returns the mean of each loss over the last ten, and what the evaluation gave."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        arguments = ["train", ROOT / f"recipes/{recipe}.json", "--run", folder / "run", "--threads", "1", "--quiet",
                     *override("stages.0.steps", steps), *override("stages.0.log_every", 1), *more]
        result = subprocess.run([BUILD / "bin/weft", *map(str, arguments)], capture_output=True, text=True, timeout=3000)
        self.assertEqual(result.returncode, 0, result.stderr)
        events = [json.loads(line) for line in (folder / "run/events.jsonl").read_text().splitlines()]
        last = [event["losses"] for event in events if event["event"] == "step"][-10:]
        values = [event["values"] for event in events if event["event"] == "evaluation"]
        return {name: sum(losses[name] for losses in last) / 10 for name in last[0]}, values[0] if values else {}

    def test_words_follow_from_the_words_around_them(self):
        text = "data.texts.fields.text.mask."
        losses, values = self.train("digits_mlm", 200)
        floor, floor_values = self.train("digits_mlm", 200, *override(text + "probability", 1), *override(text + "replace_prob", 1),
                                         *override(text + "random_prob", 0))
        self.assertLess(losses["mlm"], 0.8 * floor["mlm"])
        self.assertGreater(values["accuracy.accuracy"], floor_values["accuracy.accuracy"] + 0.03)

    def test_patches_follow_from_the_patches_around_them(self):
        picture = "data.pictures.fields.picture.mask."
        single = override(picture + "shape", "random")  # every patch as often as in the floor
        losses, values = self.train("digits_mim", 300, *single)
        floor, floor_values = self.train("digits_mim", 300, *single, *override(picture + "mask_ratio", 1))
        self.assertLess(losses["mim"], 0.9 * floor["mim"])
        self.assertLess(losses["mae"], 0.9 * floor["mae"])
        self.assertGreater(values["accuracy.accuracy"], floor_values["accuracy.accuracy"] + 0.02)

    def test_frames_follow_from_the_frames_around_them(self):
        # Each band of each recording has mean 0 and variance 1: who guesses 0 loses 1 for every element.
        losses, _ = self.train("digits_mam", 60)
        self.assertLess(losses["mam"], 0.75)

    def test_all_modalities_under_one_budget(self):
        losses, values = self.train("digits_mma", 250)
        floor, floor_values = self.train("digits_mma", 250, *override("data.all.joint_mask.visible", 0))
        self.assertLess(losses["total"], 0.9 * floor["total"])
        for loss in ("mim", "mam", "mlm"):
            self.assertLess(losses[loss], floor[loss], loss)
        for metric in ("patches.accuracy", "words.accuracy"):
            self.assertGreater(values[metric], floor_values[metric], metric)

    def test_words_patches_and_frames_of_packed_documents(self):
        page = "data.documents.fields.page."
        losses, values = self.train("digits_documents", 1000)
        floor, floor_values = self.train("digits_documents", 1000, *override(page + "mask.probability", 1),
                                         *override(page + "image.mask.mask_ratio", 1), *override(page + "audio.mask.probability", 1))
        self.assertLess(losses["mlm"], floor["mlm"])
        self.assertLess(losses["mim"], 0.95 * floor["mim"])
        self.assertLess(losses["mam"], 0.95 * floor["mam"])
        self.assertGreater(values["words.accuracy"], floor_values["words.accuracy"] + 0.05)

    def test_a_model_uses_the_clue_where_there_is_one_and_does_without(self):
        """93 of the 272 test samples have noisy pictures and a clue, the others have clear pictures and none."""
        _, values = self.train("digits_absent", 600)
        _, clueless = self.train("digits_absent", 600, *override("data.both.fields.clue.member", "none"))
        with_clue, all_of_them = values["with_clue.accuracy"], values["accuracy.accuracy"]
        self.assertGreater(all_of_them, clueless["accuracy.accuracy"] + 0.02)
        self.assertGreater(with_clue, 0.4)
        self.assertGreater((all_of_them * 272 - with_clue * 93) / 179, 0.75)
        self.assertIsNone(clueless["with_clue.accuracy"], "nobody has a clue")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
