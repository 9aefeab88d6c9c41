"""`weft sweep` and `weft compare` end to end. Usage: sweep_test.py BUILD_FOLDER"""
import json

from cases import *

# Two small stages of nothing but a classifier; evaluated on the same shard.
QUICK = [*SHORT[:2], *SHORT[3:], *shards(SHARD)]


class Sweep(Case):
    def swept(self, file, *more, code=0):
        result = weft("sweep", file, "--run", self.folder / "sweep", *QUICK, "--json", *more)
        self.assertEqual(result.returncode, code, result.stderr)
        return json.loads(result.stdout), result.stderr

    def file(self, **content):
        path = self.folder / "sweep.json"
        path.write_text("// two rates\n" + json.dumps({"recipe": PICTURE, **content}))
        return path

    def test_trials_are_trained_passed_over_and_tried_again(self):
        file = self.file(over={"stages.fit.optimizer.lr": [1e-3, 1e-2]}, seeds=[4, 5], jobs=2)
        found, told = self.swept(file)
        names = [f"lr-{rate}_seed-{seed}" for rate in ("0.001", "0.01") for seed in (4, 5)]
        self.assertEqual([trial["name"] for trial in found["trials"]], names)
        self.assertEqual({trial["status"] for trial in found["trials"]}, {"done"})
        self.assertEqual(found["points"][0]["values"]["accuracy.accuracy"]["runs"], 2)
        recipe = json.loads((self.folder / "sweep" / names[3] / "recipe.json").read_text())
        self.assertEqual((recipe["seed"], recipe["stages"][0]["optimizer"]["lr"]), (5, 0.01))
        self.assertIn("4 of 4 trials to train", told)

        # Done is done; what is lost is trained again, and nothing else.
        shutil.rmtree(self.folder / "sweep" / names[0])
        (self.folder / "sweep/trials" / (names[0] + ".json")).unlink()
        again, told = self.swept(file)
        self.assertIn("1 of 4 trials to train", told)
        self.assertEqual([trial["values"] for trial in again["trials"]], [trial["values"] for trial in found["trials"]])

        # Another recipe under a trial that is done.
        self.refused(["sweep", file, "--run", self.folder / "sweep", *QUICK, "--set", "graph.fusion.use=fusion.mean"], CANNOT_CREATE,
                     "Trial lr-0.001_seed-4 was begun with something else: its recipe is another.", "--overwrite")
        _, told = self.swept(file, "--set", "stages.fit.steps=3", "--overwrite")
        self.assertIn("4 of 4 trials to train", told)

    def test_one_that_fails_does_not_end_the_others(self):
        file = self.file(over={"stages.fit.optimizer.lr": [1e30, 1e-3]})
        found, told = self.swept(file, code=1)
        self.assertEqual([trial["status"] for trial in found["trials"]], ["failed", "done"])
        self.assertIn("not a finite number", found["trials"][0]["message"])
        self.assertIn("1 of 2 trials failed: lr-1e-30", told.replace("1e+30", "1e-30"))

    def test_fragments_and_ranges(self):
        file = self.file(over={"size": {"small": {"defaults": {"config": {"dim": 32}}}, "large": {"defaults": {"config": {"dim": 64}}}},
                               "stages.fit.optimizer.lr": {"from": 1e-4, "to": 1e-2, "scale": "log"}}, random=3)
        found, _ = self.swept(file)
        self.assertEqual(len(found["trials"]), 3)
        for trial in found["trials"]:
            recipe = json.loads((self.folder / "sweep" / trial["name"] / "recipe.json").read_text())
            self.assertTrue(1e-4 <= recipe["stages"][0]["optimizer"]["lr"] <= 1e-2)
            self.assertEqual(recipe["graph"]["vision"]["config"]["dim"], 32 if "size-small" in trial["name"] else 64)

    def test_losers_are_stopped(self):
        stages = json.loads(SHORT[SHORT.index("--set") + 1].removeprefix("stages="))
        stages[0].update(metrics=["accuracy"], eval_every=2, steps=6)
        def measured(trial):
            events = map(json.loads, (self.folder / f"sweep-{mode}" / trial["name"] / "events.jsonl").read_text().splitlines())
            return next(event["values"]["accuracy.accuracy"] for event in events if event["event"] == "measure" and event["step"] == 2)

        for mode, best in (("max", max), ("min", min)):
            with self.subTest(mode):
                file = self.file(over={"stages.fit.optimizer.lr": [1e-9, 3e-2]},
                                 stop={"metric": "accuracy.accuracy", "mode": mode, "at": ["fit-2"]})
                result = weft("sweep", file, "--run", self.folder / f"sweep-{mode}", "--threads", "1", "--set",
                              f"stages={json.dumps(stages)}", *shards(SHARD), "--json")
                self.assertEqual(result.returncode, 0, result.stderr)
                lived = {trial["status"]: measured(trial) for trial in json.loads(result.stdout)["trials"]}
                self.assertEqual(sorted(lived), ["done", "stopped at fit-2"])
                self.assertNotEqual(lived["done"], lived["stopped at fit-2"], "the trials must differ for this to say anything")
                self.assertEqual(lived["done"], best(lived.values()))

    def test_what_is_wrong_is_said_before_anything_runs(self):
        self.refused(["sweep", PICTURE], USAGE, "--over or --seeds says what changes")
        file = self.file(over={"seed": []}, seeds=0, jobs="many", speed=1)
        self.refused(["sweep", file], BAD_RECIPE, "/over/seed: expected a list of values", "/seeds: expected how many", "/jobs: expected 1 to",
                     "/speed: there is no such key.")
        file = self.file(over={"graph.fusion.use": ["fusion.mean", "fusion.none"]})
        self.refused(["sweep", file, "--run", self.folder / "sweep", *QUICK], BAD_RECIPE, "trial use-fusion.none:", "fusion.none")
        self.assertFalse((self.folder / "sweep/use-fusion.mean").exists())


class Compare(Case):
    def test_two_runs(self):
        first, other = self.train("first"), self.train("other", "--set", "stages.fit.optimizer.lr=1e-2")
        result = weft("compare", first, other, "--json", "--html", self.folder / "page.html")
        self.assertEqual(result.returncode, 0, result.stderr)
        document = json.loads(result.stdout)
        comparison = next(one for one in document["comparisons"] if one["metric"] == "accuracy.accuracy")
        values = [json.loads((run / "evaluation/test.json").read_text())["values"]["accuracy.accuracy"] for run in (first, other)]
        self.assertAlmostEqual(comparison["difference"], values[1] - values[0], places=12)
        self.assertLessEqual(comparison["low"], comparison["difference"])
        self.assertLessEqual(comparison["difference"], comparison["high"])
        self.assertGreater(document["groups"][0]["runs"][0]["cost"]["parameters"], 0)
        self.assertGreater(document["groups"][0]["runs"][0]["cost"]["peak_memory"], 1 << 24)
        plan = next(event for event in map(json.loads, (first / "events.jsonl").read_text().splitlines()) if event["event"] == "plan")
        self.assertEqual(document["groups"][0]["runs"][0]["cost"]["flops"], 4 * plan["flops"])
        page = (self.folder / "page.html").read_text()
        self.assertIn("other minus first", page)
        text = weft("compare", first, other).stdout
        self.assertRegex(text, r"cost of a run +parameters +FLOPs +seconds")
        self.assertIn(f"{4 * plan['flops']:.3g}", text)
        events = (other / "events.jsonl").read_text()  # as an older Weft wrote them
        (other / "events.jsonl").write_text("".join(line for line in events.splitlines(True) if '"plan"' not in line))
        self.assertRegex(weft("compare", first, other).stdout, r"\nother +[0-9]+ +- +[0-9]+")
        self.assertIn("One seed each", weft("compare", first, other).stdout)

    def test_the_same_weights_cannot_be_told_apart(self):
        first, other = self.train("first"), self.train("other")
        found = json.loads(weft("compare", first, other, "--json").stdout)["comparisons"]
        self.assertEqual({(one["difference"], one["verdict"]) for one in found}, {(0, "not distinguishable")})

    def test_runs_on_other_samples_are_refused(self):
        first = self.train("first")
        fewer = self.train("fewer", *shards(ROOT / "examples/digits/digits-av-val-000.tar"))
        self.refused(["compare", first, fewer], 1, "were evaluated on 93 and 109 samples.")
        shutil.rmtree(fewer / "evaluation")
        self.refused(["compare", first, fewer], NO_INPUT, "holds no evaluation of the test split. Make one with `weft eval")
        self.assertEqual(weft("eval", fewer).returncode, 0)
        self.assertTrue((fewer / "evaluation/test.json").exists())


if __name__ == "__main__":
    run()
