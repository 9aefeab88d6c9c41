"""What --resume may change of a run's settings and what is kept of those before; runs that move; what weft.lock says.

Usage: resume_settings_test.py BUILD_FOLDER.
"""
import json
import os
import shutil
import subprocess

from cases import *


def stage(name, **more):
    return {"name": name, "data": "av", "steps": 4, "batch_size": 8, "losses": {"ce": 1}, "optimizer": {"lr": 1e-3},
            "train": ["vision", "fusion", "reasoning", "digit"], "save_every": 2, "log_every": 1, **more}


def stages(*plans):
    return ["--set", "stages=" + json.dumps(plans)]


def events(run, kind):
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event for event in lines if event["event"] == kind]


class Settings(Case):
    def resume(self, run, *more):
        return weft("train", PICTURE, "--run", run, "--threads", "1", "--quiet", *shards(SHARD), "--resume", *more)

    def test_a_change_begins_a_stretch_and_the_one_before_stays(self):
        run = self.train("run")
        first = (run / "recipe.json").read_text()
        result = self.resume(run, *stages(stage("fit", steps=6, optimizer={"lr": 5e-4}, recompute=["vision"])))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("note: goes on with another setting: /stages/fit/optimizer/lr: was 0.001, is 0.0005.", result.stderr)
        self.assertIn("note: goes on with another setting: /stages/fit/steps: was 4, is 6.", result.stderr)
        self.assertEqual((run / "segments/1/recipe.json").read_text(), first)
        self.assertTrue((run / "segments/1/weft.lock").exists())
        self.assertEqual(json.loads((run / "recipe.json").read_text())["stages"][0]["steps"], 6)
        resumed = events(run, "resumed")[-1]
        self.assertEqual((resumed["stage"], resumed["step"], resumed["segment"]), ("fit", 4, 2))
        self.assertEqual(resumed["changed"], ["/stages/fit/optimizer/lr", "/stages/fit/recompute", "/stages/fit/steps"])
        self.assertEqual(self.resume(run, *stages(stage("fit", steps=6, optimizer={"lr": 5e-4}, recompute=["vision"]))).returncode, 0)
        resumed = events(run, "resumed")[-1]  # nothing changed: no new stretch
        self.assertEqual((resumed["segment"], resumed["changed"]), (2, []))
        self.assertEqual([path.name for path in (run / "segments").iterdir()], ["1"])

    def test_what_cannot_change_is_refused_and_the_folder_stays(self):
        run = self.folder / "run"
        two = stage("one"), stage("two")
        result = weft("train", PICTURE, "--run", run, "--threads", "1", "--quiet", *shards(SHARD), *stages(*two))
        self.assertEqual(result.returncode, 0, result.stderr)
        before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "lock"}
        for more, sentence in ((stages(stage("one", steps=8), two[1]), "/stages/one/steps: was 4, is 8: this stage is done"),
                               (stages(stage("one", log_every=2), two[1]), "/stages/one/log_every: was 1, is 2: this stage is done"),
                               (stages(two[0], stage("two", steps=3)), "/stages/two/steps: was 4, is 3: 4 steps are done"),
                               (stages(two[0], stage("two", train=["vision"])), "/stages/two/train: "),
                               (stages(two[0], stage("more"), two[1]), '/stages: before "two" were one, are one and more'),
                               (stages(two[1]), '/stages: before "two" were one, are none'),
                               (stages(two[0], stage("two", data="av", freeze=["vision"])), "/stages/two/freeze: "),
                               (stages(two[0], stage("two", optimizer={"lr": 5e-4})),
                                "/stages/two/optimizer/lr: was 0.001, is 0.0005: this stage is done, unless it gets more steps"),
                               (stages(two[0], stage("two", optimizer={"lr": 5e-4}), stage("more")), "/stages/two/optimizer/lr: "),
                               ([*stages(*two), "--set", "losses.ce.config.label_smoothing=0.1"], "/losses/ce")):
            with self.subTest(sentence):
                result = self.resume(run, *more)
                self.assertEqual(result.returncode, BAD_CHECKPOINT, result.stderr)
                self.assertIn(f"the run in {run} cannot go on with other settings than it was trained with (", result.stderr)
                self.assertIn(sentence, result.stderr)
                self.assertEqual({path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "lock"}, before)

    def test_the_only_stage_at_its_end_is_done(self):
        run = self.train("run")
        first = (run / "recipe.json").read_text()
        only = stages(stage("fit"))
        for more, sentence in ((stages(stage("fit", batch_size=4)), "/stages/fit/batch_size: was 8, is 4: this stage is done, unless"),
                               ([*only, "--set", "losses.ce.config.label_smoothing=0.1"], ": a stage that is done minimised it"),
                               ([*only, "--set", "graph.vision.config.dropout=0.3"], ": the stages that are done used it so")):
            with self.subTest(sentence):
                result = self.resume(run, *more)
                self.assertEqual(result.returncode, BAD_CHECKPOINT, result.stderr)
                self.assertIn(sentence, result.stderr)
                self.assertEqual((run / "recipe.json").read_text(), first)

    def test_a_later_stage_may_be_added(self):
        run = self.train("run")
        result = self.resume(run, *stages(stage("fit"), stage("more", steps=2)))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((run / "latest").read_text(), "more-2\n")
        self.assertEqual(events(run, "resumed")[-1]["changed"], ["/stages/more"])


class Moved(Case):
    def project(self):
        project = self.folder / "project"
        (project / "data").mkdir(parents=True)
        shutil.copy(SHARD, project / "data/a.tar")
        recipe = json.loads(weft("train", PICTURE, "--run", self.folder / "plan", *SHORT, *shards(SHARD)) and
                            (self.folder / "plan/recipe.json").read_text())
        recipe["data"]["av"]["shards"] = {split: ["data/a.tar"] for split in ("train", "val", "test")}
        (project / "r.json").write_text(json.dumps(recipe))
        return project

    def train_in(self, project, run):
        result = subprocess.run([BUILD / "bin/weft", "train", "r.json", "--run", run, "--threads", "1", "--quiet"], cwd=project,
                                capture_output=True, text=True, timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr)

    def accuracy(self, run, *more):
        result = weft("eval", run, "--json", *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["results"][0]["metrics"]

    def test_a_project_moves_with_its_runs(self):
        project = self.project()
        self.train_in(project, "runs/a")
        before = self.accuracy(project / "runs/a")
        moved = self.folder / "elsewhere/deep/moved"
        moved.parent.mkdir(parents=True)
        shutil.move(project, moved)
        self.assertEqual(self.accuracy(moved / "runs/a"), before)
        (moved / "r.json").unlink()
        self.assertEqual(self.accuracy(moved / "runs/a"), before)

    def test_a_run_moves_alone(self):
        project = self.project()
        self.train_in(project, "runs/a")
        before = self.accuracy(project / "runs/a")
        moved = self.folder / "elsewhere/deep/a"
        moved.parent.mkdir(parents=True)
        shutil.move(project / "runs/a", moved)
        self.assertEqual(self.accuracy(moved), before)
        shutil.move(project / "data", self.folder / "data")
        self.refused(["eval", moved], NO_INPUT, "a.tar cannot be opened")
        self.assertEqual(self.accuracy(moved, "--set", "data.av.shards=" + json.dumps(
            {split: [str(self.folder / "data/a.tar")] for split in ("train", "val", "test")})), before)

    def test_a_moved_run_goes_on(self):
        project = self.project()
        self.train_in(project, "runs/a")
        shutil.move(project, self.folder / "moved")
        result = weft("train", self.folder / "moved/r.json", "--run", self.folder / "moved/runs/a", "--threads", "1", "--resume")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse((self.folder / "moved/runs/a/segments").exists())


class Locks(Case):
    def test_the_lock_records_threads_and_instructions(self):
        run = self.train("run")
        lock = json.loads((run / "weft.lock").read_text())
        self.assertEqual(lock["threads"], 1)
        self.assertIsInstance(lock["cpu"], str)
        self.assertEqual((lock["device"], lock["abi"]), ("cpu", "0.10"))
        (run / "weft.lock").write_text(json.dumps(lock | {"device": "cuda:0, NVIDIA H100"}))
        result = weft("eval", run, "--threads", "1")
        self.assertIn("with the device cuda:0, NVIDIA H100 and is evaluated with cpu: numbers may differ.", result.stderr)
        for environment, threads, sentence in (({"ATEN_CPU_CAPABILITY": "default"}, "1", "with the vector instructions "),
                                               ({}, "2", "with 1 thread and ")):
            if lock["cpu"] in ("DEFAULT", "NO AVX") and environment:
                continue
            for verb in (["eval", run], ["train", PICTURE, "--run", run, *SHORT[2:], *shards(SHARD), "--resume"]):
                result = subprocess.run([BUILD / "bin/weft", *map(str, verb), "--threads", threads], capture_output=True, text=True,
                                        timeout=300, env={**os.environ, **environment})
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn(sentence, result.stderr)
                self.assertIn(": numbers may differ.", result.stderr)
                (run / "weft.lock").write_text(json.dumps(lock))

    def test_evaluation_compares_and_names_what_it_uses(self):
        run = self.train("run")
        lock = json.loads((run / "weft.lock").read_text())
        result = weft("eval", run, "--locked", "--threads", "1", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        found = json.loads(result.stdout)["results"][0]
        self.assertEqual(found["lock"]["parts"], lock["parts"])
        self.assertEqual(found["lock"]["data"], lock["data"])
        state = json.loads((run / "checkpoints/fit-4/state.json").read_text())
        self.assertEqual(found["checkpoint"], {"stage": "fit", "step": 4, "xxh3": state["xxh3"]["model.safetensors"]})
        text = weft("eval", run, "--threads", "1").stdout
        self.assertIn("fit-4 " + state["xxh3"]["model.safetensors"][:12], text)
        self.assertIn("vision encoder.vit 1.0.0 " + lock["parts"]["vision"]["sha256"][:12], text)

        lock["parts"]["vision"]["sha256"] = "0"  # as of a part that was built anew with its id and version
        (run / "weft.lock").write_text(json.dumps(lock))
        sentence = 'libweft_encoder_vit.so, the plug-in of "vision", has changed since the run was trained: numbers may differ.'
        result = weft("eval", run, "--threads", "1")
        self.assertEqual(result.returncode, 0)
        self.assertIn("warning: " + sentence, result.stderr)
        self.refused(["eval", run, "--threads", "1", "--locked"], BAD_CHECKPOINT, sentence, "Restore what it was, or leave --locked out.")
        (run / "weft.lock").unlink()
        self.refused(["eval", run, "--threads", "1", "--locked"], BAD_CHECKPOINT, "weft.lock is missing, so nothing says what the run was trained with.")


if __name__ == "__main__":
    run()
