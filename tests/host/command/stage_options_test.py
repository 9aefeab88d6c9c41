"""How a stage learns: optimizers, schedules, groups, the best checkpoint, steps that are no numbers.

Usage: stage_options_test.py BUILD_FOLDER.
"""
import json

from cases import *


def stage(**more):
    return {"name": "fit", "data": "av", "steps": 6, "batch_size": 8, "losses": {"ce": 1}, "optimizer": {"lr": 1e-3},
            "train": ["vision", "fusion", "reasoning", "digit"], "save_every": 2, "log_every": 1, **more}


def stages(*plans):
    return ["--set", "stages=" + json.dumps(plans)]


def events(run, kind):
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event for event in lines if event["event"] == kind]


class StageOptions(Case):
    def fit(self, name, *more, resume=False, **options):
        run = self.folder / name
        result = weft("train", PICTURE, "--run", run, "--threads", "1", *shards(SHARD), *stages(stage(**options)), *more,
                      *(["--resume"] if resume else []))
        return run, result

    def trained(self, name, *more, **options):
        run, result = self.fit(name, *more, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return run, result.stderr

    def test_every_optimizer_trains_and_goes_on(self):
        for use in ({"use": "lion", "lr": 1e-4}, {"use": "sgd", "lr": 0.01}, {"use": "muon", "lr": 0.01, "adamw": {"lr": 1e-3}}):
            with self.subTest(use["use"]):
                run, _ = self.trained(use["use"], optimizer=use)
                losses = [event["losses"]["ce"] for event in events(run, "step")]
                self.assertEqual(len(losses), 6)
                self.assertLess(losses[-1], losses[0])
                part, result = self.fit(use["use"], optimizer=use, steps=8, resume=True)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(events(part, "step")[-1]["step"], 8)

    def test_another_optimizer_does_not_go_on(self):
        run, _ = self.trained("run")
        _, result = self.fit("run", optimizer={"use": "lion", "lr": 1e-4}, steps=8, resume=True)
        self.assertEqual(result.returncode, BAD_CHECKPOINT, result.stderr)
        self.assertIn('/stages/fit/optimizer/use: was "adamw", is "lion": what the optimizer keeps is of the one that it was '
                      "trained with", result.stderr)
        self.assertEqual((run / "latest").read_text(), "fit-6\n")

    def test_a_weight_that_changes_is_logged(self):
        run, _ = self.trained("run", losses={"ce": {"from": 1, "to": 0.5, "over": [1, 3]}})
        self.assertEqual([event["weights"] for event in events(run, "step")],
                         [{"ce": weight} for weight in (1, 1, 0.75, 0.5, 0.5, 0.5)])
        run, _ = self.trained("plain")
        self.assertNotIn("weights", events(run, "step")[0])

    def test_groups_are_told_and_logged(self):
        run, _ = self.trained("run", train={"*": {}, "vision": {"lr_mult": 0.5, "from_step": 3}})
        groups = events(run, "groups")
        self.assertEqual({(event["optimizer"], event["learning_rate"], event["from_step"]) for event in groups},
                         {("adamw", 1e-3, 0), ("adamw", 5e-4, 3)})
        for event in groups:
            for path in event["parameters"]:
                self.assertEqual(path.startswith("vision."), event["from_step"] == 3, path)

    def test_the_best_checkpoint_ends_the_stage(self):
        run, told = self.trained("run", steps=40, eval_every=2, save_every=0, metrics=["accuracy"],
                                 keep_best={"metric": "accuracy", "patience": 2})
        self.assertIn("fit  step 2  val  accuracy.accuracy ", told)
        values = {event["step"]: event["values"]["accuracy.accuracy"] for event in events(run, "measure")}
        (best,) = events(run, "best")
        self.assertEqual(best["value"], max(values.values()))
        self.assertEqual(best["step"], min(step for step in values if values[step] == best["value"]))
        last = max(values)
        self.assertEqual((best["last_step"], last - best["step"]), (last, 4))
        self.assertIn(f'note: stage "fit" stops after step {last} and ends with the weights of step {best["step"]}, '
                      "where accuracy was best: ", told)
        weights = [(run / f"checkpoints/fit-{step}/model.safetensors").read_bytes() for step in (best["step"], last)]
        self.assertEqual(*weights)
        self.assertEqual((run / "latest").read_text(), f"fit-{last}\n")
        _, result = self.fit("run", steps=40, eval_every=2, save_every=0, metrics=["accuracy"],
                             keep_best={"metric": "accuracy", "patience": 2}, resume=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(max(event["step"] for event in events(run, "step")), last)

    def test_a_rollback_ends_finite(self):
        run, told = self.trained("run", optimizer={"lr": 1e30}, schedule={"shape": "constant"},
                                 on_divergence={"do": "rollback", "lr_mult": 1e-33}, save_every=0)
        self.assertRegex(told, r'warning: stage "fit", step \d: .* not a finite number\. It begins with .*\. '
                               r"Training goes back to step 0, with the learning rate times 1e-33\.")
        (event,) = events(run, "divergence")
        self.assertEqual((event["action"], event["times"], event["next"]), ("rollback", 1, 1))
        self.assertAlmostEqual(events(run, "step")[-1]["learning_rate"], 1e-3)
        self.assertEqual((run / "latest").read_text(), "fit-6\n")
        _, result = self.fit("stopped", optimizer={"lr": 1e30}, schedule={"shape": "constant"}, save_every=0)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("not a finite number.", result.stderr)

    def test_explain_and_check_know_the_keys(self):
        result = weft("explain", PICTURE, "stages.0.optimizer.use")
        self.assertEqual((result.returncode, result.stdout.splitlines()[0]), (0, '/stages/0/optimizer/use: "adamw"'))
        self.refused(["check", PICTURE, *stages(stage(optimizer={"use": "adamv", "lr": 1}))], BAD_RECIPE,
                     '--set: /stages/0/optimizer/use: expected one of "adamw", "lion", "muon" and "sgd", found "adamv". '
                     'Did you mean "adamw"?')


if __name__ == "__main__":
    run()
