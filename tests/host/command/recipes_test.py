"""The recipes on the data of examples/: each trains for a few steps and measures what docs/recipes.md reports.

Usage: recipes_test.py BUILD_FOLDER
"""
import json
import math
import tarfile

from cases import *

STAMPS = ROOT / "examples/stamps/stamps-test-000.tar"


class Recipes(Case):
    def trained(self, name, *settings, run=None):
        """The run folder after training by the recipe, which ends with an evaluation."""
        run = run or self.folder / name
        result = weft("train", ROOT / f"recipes/{name}.json", "--run", run, "--threads", "1", "--quiet", *settings)
        self.assertEqual(result.returncode, 0, result.stderr)
        return run

    def results(self, run):
        result = weft("eval", run, "--json", "--threads", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["results"][0]

    def measured(self, name, stages, examples, metrics, *settings):
        """Trains each stage for two steps of eight; what is measured then must be of all the examples, and numbers."""
        for i in range(stages):
            settings += "--set", f"stages.{i}.steps=2", "--set", f"stages.{i}.batch_size=8", "--set", f"stages.{i}.log_every=1"
        run = self.trained(name, *settings)
        events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        losses = [event["losses"]["total"] for event in events if event["event"] == "step"]
        self.assertEqual(len(losses), 2 * stages)
        self.assertTrue(all(math.isfinite(loss) and loss > 0 for loss in losses), losses)
        results = self.results(run)
        self.assertEqual(results["examples"], examples)
        self.assertEqual(sorted(results["metrics"]), sorted(metrics))
        self.assertTrue(all(math.isfinite(value) for value in results["metrics"].values()), results)
        return results

    def test_clothes(self):
        self.measured("clothes", 1, 222, ["accuracy.accuracy", "f1.f1", "f1.precision", "f1.recall"])

    def test_vqa(self):
        results = self.measured("vqa", 2, 1882, ["accuracy.accuracy"], "--set", "evaluate.split=val")
        self.assertEqual(sorted(results["by"]), ["colour", "shape", "yes or no"])

    def test_shakespeare(self):
        self.measured("shakespeare", 1, 612, ["accuracy.accuracy", "perplexity.perplexity"])

    def test_digits_with_views(self):
        names = ["answer_match.exact_match", "answer_perplexity.perplexity"]
        names += [f"{view}:answer_perplexity.perplexity" for view in ("slow", "other_picture", "other_voice", "other_question")]
        results = self.measured("digits_qa_views", 3, 1253, names)["metrics"]
        self.assertEqual(len({results[name] for name in names[1:]}), 5, results)

    def test_a_model_teaches_a_smaller_one(self):
        self.measured("digits_distill", 3, 93, ["accuracy.accuracy", "f1.f1", "f1.precision", "f1.recall", "small_accuracy.accuracy"])

    def test_a_few_photos_are_learnt_by_heart(self):
        with tarfile.open(ROOT / "examples/photos/photos-000.tar.gz") as shard:
            names = [name for name in shard.getnames() if name.endswith(".json")]
            about = [json.load(shard.extractfile(name)) for name in names]
        self.assertTrue(all(a["source"].startswith("http") and a["licence_url"].startswith("http") for a in about))
        few = json.dumps({"/source": [a["source"] for a in about[:3]]})
        untrained, learnt = [self.results(self.trained(
            "photos", "--set", f"data.photos.filter={few}", "--set", "data.photos.tokenizer.vocab_size=2000",  # all words: a text with an unknown one equals none
            "--set", "stages.0.batch_size=15",
            "--set", f"stages.0.steps={steps}", run=self.folder / f"photos_{steps}")) for steps in (1, 150)]
        self.assertEqual(learnt["examples"], 15)
        self.assertEqual(untrained["metrics"]["match.exact_match"], 0)
        self.assertEqual(learnt["metrics"]["match.exact_match"], 1)

    @unittest.skipUnless(STAMPS.exists(), "the stamps are not here: ./dev data stamps makes them from a Debian package")
    def test_stamps(self):
        recall = [f"{metric}.{way}_at_{k}" for metric in ("picture_text", "speech_text")
                  for way in ("left_to_right", "right_to_left") for k in (1, 5, 10)]
        self.measured("stamps_retrieval", 1, 80, recall)
        self.measured("stamps_captions", 2, 80, ["accuracy.accuracy", "match.exact_match", "perplexity.perplexity"])


if __name__ == "__main__":
    run()
