"""`weft check`: what is sound but hardly meant. Usage: check_notes_test.py BUILD_FOLDER."""
import copy

from check_cases import *


class Notes(Check):
    """What is sound but hardly meant."""

    def assert_warned(self, recipe, *texts):
        warnings = self.warnings(recipe)
        self.assert_told(["head"] + warnings, *texts)

    def test_what_nothing_uses(self):
        recipe = small()
        recipe["graph"]["idle"] = copy.deepcopy(recipe["graph"]["vision"])
        recipe["data"]["av"]["fields"]["unread"] = {"kind": "text", "member": "txt", "max_length": 4}
        recipe["data"]["av"]["tokenizer"] = {"type": "char", "vocab_size": 64, "from": ["txt"]}
        recipe["data"]["spare"] = copy.deepcopy(recipe["data"]["av"])
        recipe["metrics"]["spare_metric"] = copy.deepcopy(recipe["metrics"]["accuracy"])
        self.assert_warned(recipe, '/graph/idle: no stage and no evaluation uses "idle".',
                           '/data/av/fields/unread: no part reads "unread" where data "av" is used.',
                           '/data/spare: no stage and no evaluation uses data "spare".',
                           '/metrics/spare_metric: no stage and no evaluation uses "spare_metric".')
        result = weft("check", self.write(recipe))
        self.assertEqual((result.returncode, result.stderr.count("warning: ")), (0, 4), "they are told without --json too")

    def test_what_comes_with_a_field_counts_as_the_field(self):
        recipe = small()
        fields = recipe["data"]["av"]["fields"]
        fields["hidden"] = {**fields["picture"], "mask": {"patch": 7, "mask_ratio": 0.5}}
        fields["hidden_two"] = {"kind": "group", "member": "cls"}  # a field of its own
        recipe["graph"]["vision"]["in"]["masked"] = "batch.hidden_masked"
        recipe["graph"]["vision"]["config"]["mask_token"] = True
        self.assert_warned(recipe, '/data/av/fields/hidden_two: no part reads "hidden_two"')

    def test_a_part_that_is_to_learn_and_feeds_no_loss(self):
        recipe = small()
        recipe["graph"]["idle"] = copy.deepcopy(recipe["graph"]["vision"])
        recipe["stages"][0]["train"] = ["digit", "idle"]
        self.assert_warned(recipe, '/stages/0/train/1: "idle" feeds no loss of stage "fit", so that it learns nothing there.',
                           "/graph/idle: ")
        recipe["stages"][0]["train"] = ["idle"]
        self.assert_told(self.problems(recipe), '/stages/0: nothing that is trained in stage "fit" feeds its losses, "ce".')

    def test_a_warm_up_longer_than_its_stage(self):
        for warmup, texts in ((2, []), (3, ["/stages/0/schedule/warmup: the warm-up of 3 steps is longer than stage \"fit\", which has 2"])):
            recipe = small()
            recipe["stages"][0]["schedule"] = {"warmup": warmup}
            self.assert_warned(recipe, *texts)

    def test_a_loss_that_compares_rows_in_batches_of_one(self):
        recipe = small()
        recipe["losses"]["pairs"] = {"use": "loss.contrastive", "in": {"left": "vision.pooled", "right": "vision.pooled"},
                                     "config": {"left_dim": 16, "right_dim": 16, "project": 8}}
        recipe["stages"][0]["losses"]["pairs"] = 1
        self.assertEqual(self.warnings(recipe), [])
        recipe["stages"][0]["batch_size"] = 1
        self.assert_told(self.problems(recipe), '/stages/0/batch_size: "pairs" compares the rows of a batch with one another')

    def test_a_batch_larger_than_the_data(self):
        recipe = small()
        recipe["stages"][0] |= {"batch_size": 300, "steps": 1}
        result = weft("train", self.write(recipe), "--run", self.folder / "run")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r'/stages/0/batch_size: a batch of 300 is larger than the \d+ examples of data "av"')


run()
