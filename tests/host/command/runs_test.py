"""weft runs, rerun, verify-resume, diff, train --locked and --dry-run. Usage: runs_test.py BUILD_FOLDER"""
import fcntl
import json
import subprocess

from cases import *

FAILED = 1
HERE_DOUBLES = BUILD / "tests/host/command/doubles"


def events(run):
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


class Runs(Case):
    def listed(self, folder):
        result = weft("runs", "list", folder, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return {Path(run["run"]).name: run for run in json.loads(result.stdout)["runs"]}

    def test_runs_are_listed_shown_and_removed(self):
        run = self.train("one")
        (self.folder / "sweep").mkdir()
        run.rename(self.folder / "sweep/inner")
        run = self.train("one")
        (self.folder / "other").mkdir()
        listed = self.listed(self.folder)
        self.assertEqual(sorted(listed), ["inner", "one"])
        one = listed["one"]
        self.assertEqual((one["state"], one["steps"], one["of"], one["name"]), ("done", 4, 4, "digits_av_picture"))
        self.assertEqual(one["metrics"], [event["values"] for event in events(run) if event["event"] == "evaluation"][-1])
        table = weft("runs", "list", self.folder).stdout
        self.assertRegex(table, r"one +digits_av_picture +done +4/4 +\S+ [\d.]+ +\d{4}-\d\d-\d\d \d\d:\d\d")
        shown = weft("runs", "show", run).stdout
        self.assertRegex(shown, r"state +done")
        self.assertRegex(shown, r"seed +17")
        (run / "mine.txt").write_text("kept")
        removed = weft("runs", "remove", run, self.folder / "sweep/inner")
        self.assertEqual(removed.returncode, 0, removed.stderr)
        self.assertEqual([path.name for path in run.iterdir()], ["mine.txt"])
        self.assertIn("the folder stays, because other files are in it", removed.stdout)
        self.assertFalse((self.folder / "sweep/inner").exists())
        self.assertEqual(self.listed(self.folder), {})

    def test_states_are_told_apart(self):
        run = self.train("run")
        lines = (run / "events.jsonl").read_text().splitlines(keepends=True)
        kept = [line for line in lines if '"evaluation"' not in line]
        (run / "events.jsonl").write_text("".join(kept[:3]))
        self.assertEqual(self.listed(self.folder)["run"]["state"], "stopped")
        (run / "events.jsonl").write_text("".join(kept[:3]) + '{"event":"failed","exit":1,"message":"loss ce is nan","time":"t"}\n')
        self.assertEqual(self.listed(self.folder)["run"]["state"], "failed")
        self.assertEqual(self.listed(self.folder)["run"]["message"], "loss ce is nan")
        with open(run / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertEqual(self.listed(self.folder)["run"]["state"], "running")
            self.refused(["runs", "remove", run], CANNOT_CREATE, "is in use by process")
        (run / "recipe.json").write_text("no")
        self.assertEqual(self.listed(self.folder)["run"]["state"], "damaged")

    def test_what_is_no_run_is_refused(self):
        self.refused(["runs", "show", self.folder], NO_INPUT, "is no run folder")
        self.refused(["runs", "remove", self.folder], NO_INPUT, "so nothing is removed")
        self.refused(["runs", "list", self.folder / "none"], NO_INPUT, "is no folder")
        self.refused(["runs", "see", self.folder], USAGE, "expected list [FOLDER], show RUN or remove RUN")

    def test_the_second_run_of_a_recipe_has_a_dated_folder(self):
        def train(*more):
            command = [BUILD / "bin/weft", "train", PICTURE, *SHORT, *shards(SHARD), *more]
            return subprocess.run(list(map(str, command)), cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(train().returncode, 0)
        again = train()
        self.assertEqual(again.returncode, 0, again.stderr)
        names = sorted(path.name for path in (self.folder / "runs").iterdir())
        self.assertEqual(names[0], "digits_av_picture")
        self.assertRegex(names[1], r"^digits_av_picture-\d{8}-\d{4}-[0-9a-f]{6}$")
        self.assertIn(f"runs/digits_av_picture holds a run already, so this one is written to runs/{names[1]}", again.stderr)
        resumed = train("--resume")  # goes on with the newest
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual([event["event"] for event in events(self.folder / "runs" / names[1])].count("resumed"), 1)
        self.assertEqual([event["event"] for event in events(self.folder / "runs" / names[0])].count("resumed"), 0)


class Repeating(Case):
    def test_a_rerun_is_equal_and_what_is_not_is_told(self):
        run = self.train("run")
        again = self.folder / "again"
        result = weft("rerun", run, "--run", again, "--quiet", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        told = json.loads(result.stdout)
        self.assertTrue(told["equal"])
        self.assertEqual(told["weights"]["before"], told["weights"]["now"])
        self.assertEqual(told["compared"], 4 * 2 + len([e for e in events(run) if e["event"] == "evaluation"][-1]["values"]))
        logged = (run / "events.jsonl").read_text()
        first = [event for event in events(run) if event["event"] == "step"][0]["losses"]["total"]
        (run / "events.jsonl").write_text(logged.replace(json.dumps(first), json.dumps(first + 1), 1))
        result = weft("rerun", run, "--run", again, "--overwrite", "--quiet")
        self.assertEqual(result.returncode, FAILED, result.stderr)
        self.assertIn("fit step 1: loss ", result.stdout)
        self.assertIn("are not equal", result.stderr)

    def test_other_data_is_refused(self):
        run = self.train("run")
        lock = json.loads((run / "weft.lock").read_text())
        lock["data"]["av"] = "0" * 32
        (run / "weft.lock").write_text(json.dumps(lock))
        self.refused(["rerun", run, "--run", self.folder / "again"], BAD_CHECKPOINT, "was begun with other data")
        self.assertFalse((self.folder / "again").exists())

    def test_locked_training_wants_what_the_lock_says(self):
        run = self.train("run")
        same = weft("train", run / "recipe.json", "--locked", "--run", self.folder / "b", "--threads", "1", "--quiet")
        self.assertEqual(same.returncode, 0, same.stderr)
        lock = json.loads((run / "weft.lock").read_text())
        lock["parts"]["vision"]["sha256"] = "0" * 64
        (run / "weft.lock").write_text(json.dumps(lock))
        arguments = ["train", run / "recipe.json", "--run", self.folder / "c", "--threads", "1", "--quiet"]
        self.refused([*arguments, "--locked"], BAD_CHECKPOINT, 'the plug-in of "vision", has changed')
        self.assertFalse((self.folder / "c").exists())
        self.refused(["train", PICTURE, "--locked", *SHORT, *shards(SHARD)], NO_INPUT, "--locked compares with", "which is not there")

    def test_a_dry_run_makes_nothing(self):
        run = self.folder / "run"
        result = weft("train", PICTURE, "--run", run, "--dry-run", *SHORT, *shards(SHARD))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r'stage "fit" would train (\d+) of (\d+) parameters for 4 steps of 8 examples of "av"')
        self.assertFalse(run.exists())

    def test_resuming_is_proved_and_what_forgets_is_found(self):
        arguments = ["verify-resume", PICTURE, "--steps", "6", *(word for word in SHORT if word != "--quiet"), *shards(SHARD), "stages.0.steps=9"]
        result = weft(*arguments, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        told = json.loads(result.stdout)
        self.assertTrue(told["equal"])
        self.assertEqual(told["stops"], 2)
        self.assertEqual([link["step"] for link in told["chain"]], [1, 2, 3, 4, 5, 6])
        self.assertEqual(len({link["straight"] for link in told["chain"]}), 6)
        forgets = weft(*arguments, "--plugins", PLUGINS, "--plugins", HERE_DOUBLES, "--set", 'graph.fusion={"use": "tests/fusion.forgetting", "in": ["vision.tokens"]}')
        self.assertEqual(forgets.returncode, FAILED, forgets.stderr)
        self.assertIn("differs", forgets.stdout)
        self.assertIn("on the run that was stopped is not the same", forgets.stderr)


class Difference(Case):
    def test_settings_parts_and_numbers(self):
        a = self.train("a")
        b = self.train("b", "seed=18", "stages.0.optimizer.lr=0.002")
        result = weft("diff", a, b, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        told = json.loads(result.stdout)
        self.assertEqual({one["pointer"]: (one["a"], one["b"]) for one in told["recipe"]},
                         {"/seed": (17, 18), "/stages/fit/optimizer/lr": (0.001, 0.002)})
        self.assertEqual((told["parts"], told["data"]), ([], []))
        self.assertEqual([one["pointer"] for one in told["machine"]], ["/seed"])
        self.assertIn("loss total", told["numbers"])
        same = weft("diff", a, a).stdout
        for title in ("recipe: the same", "parts: the same", "data: the same"):
            self.assertIn(title, same)


if __name__ == "__main__":
    run()
