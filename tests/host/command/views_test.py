"""Views in whole runs: what `weft check` shows of them, their weights in checkpoints, other runs.

Usage: views_test.py BUILD_FOLDER
"""
import json

from cases import *

NEAR = {"use": "loss.mse", "in": {"prediction": "digit.logits", "target": "slow:digit.logits"}}


def stage(**more):
    return {"name": "fit", "data": "av", "steps": 4, "batch_size": 8, "losses": {"ce": 1, "near": 0.5}, "optimizer": {"lr": 1e-3},
            "train": ["vision", "fusion", "reasoning", "digit"], "save_every": 2, "log_every": 1, **more}


def settings(views, metrics=("accuracy",), near="slow", **more):
    """Overrides of the picture recipe: views, a loss that draws the logits to those of one, and metrics."""
    loss = {**NEAR, "in": {**NEAR["in"], "target": f"{near}:digit.logits"}}
    return ["--set", "views=" + json.dumps(views), "--set", "losses.near=" + json.dumps(loss),
            "--set", "stages=" + json.dumps([stage(**more)]), "--set", "evaluate.metrics=" + json.dumps(metrics)]


SLOW = {"slow": {"weights": {"ema": 0.9}}}


class Views(Case):
    def trained(self, name, *more):
        run = self.folder / name
        result = weft("train", PICTURE, "--run", run, "--threads", "1", "--quiet", *shards(SHARD), *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return run

    def results(self, run, *more):
        result = weft("eval", run, "--json", "--threads", "1", *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["results"][0]["metrics"]

    def test_check_lists_the_nodes_that_views_add(self):
        result = weft("check", PICTURE, *shards(SHARD), *settings(SLOW))
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = {line.split()[0]: line.split()[-1] for line in result.stdout.splitlines() if line.strip()}
        self.assertEqual(lines["slow:digit"], "averaged")
        plain = weft("check", PICTURE, *shards(SHARD))
        total = [line for line in plain.stdout.splitlines() if line.startswith("total")]
        self.assertEqual([line.split() for line in result.stdout.splitlines() if line.startswith("total")],
                         [line.split() for line in total])

    def test_expanded_recipes_are_recipes(self):
        result = weft("check", PICTURE, "--expand", *shards(SHARD), *settings(SLOW))
        self.assertEqual(result.returncode, 0, result.stderr)
        whole = json.loads(result.stdout)
        self.assertEqual(whole["views"], SLOW)
        self.assertEqual(whole["losses"]["near"]["in"]["target"], "slow:digit.logits")
        again = self.folder / "again.json"
        again.write_text(result.stdout)
        second = weft("check", again, "--expand")
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertEqual(json.loads(second.stdout), whole)

    def test_explain_says_where_a_view_comes_from(self):
        result = weft("explain", PICTURE, "views.slow.weights.ema", *shards(SHARD), *settings(SLOW))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("/views/slow/weights/ema: 0.9", result.stdout)

    def test_an_average_is_saved_and_resumed_to_the_same_bits(self):
        views, metrics = {**SLOW, "same": {}}, ["accuracy", "same:accuracy", "slow:accuracy"]
        whole = self.trained("whole", *settings(views, metrics))
        cut = self.folder / "cut"
        shutil.copytree(whole, cut)
        shutil.rmtree(cut / "checkpoints/fit-4")
        (cut / "latest").write_text("fit-2\n")
        result = weft("train", PICTURE, "--run", cut, "--resume", "--threads", "1", "--quiet", *shards(SHARD), *settings(views, metrics))
        self.assertEqual(result.returncode, 0, result.stderr)
        for file in ("model.safetensors", "views.safetensors"):
            self.assertEqual((whole / "checkpoints/fit-4" / file).read_bytes(), (cut / "checkpoints/fit-4" / file).read_bytes(), file)
        self.assertNotEqual((whole / "checkpoints/fit-4/views.safetensors").read_bytes(),
                            (whole / "checkpoints/fit-2/views.safetensors").read_bytes())
        results = self.results(whole)
        self.assertEqual(results, self.results(cut))
        self.assertEqual(sorted(results), sorted(f"{name}.accuracy" for name in metrics))
        self.assertEqual(results["same:accuracy.accuracy"], results["accuracy.accuracy"])

    def test_a_damaged_average_is_told(self):
        run = self.trained("run", *settings(SLOW))
        for step in (2, 4):
            (run / f"checkpoints/fit-{step}/views.safetensors").write_bytes(b"")
        self.refused(["eval", run], BAD_CHECKPOINT, "views.safetensors is damaged")

    def test_another_run_is_seen_to_the_bit_and_only_read(self):
        teacher = self.train("teacher", "--set", "seed=5")
        before = {path: path.read_bytes() for path in teacher.rglob("*") if path.is_file()}
        views = {"teacher": {"run": str(teacher)}}
        student = self.trained("student", *settings(views, ["accuracy", "teacher:accuracy", "teacher:f1"], near="teacher"))
        own, seen = self.results(teacher), self.results(student)
        self.assertEqual(seen["teacher:accuracy.accuracy"], own["accuracy.accuracy"])
        self.assertEqual(seen["teacher:f1.f1"], own["f1.f1"])
        self.assertEqual({path: path.read_bytes() for path in teacher.rglob("*") if path.is_file()}, before)
        lock = json.loads((student / "weft.lock").read_text())
        self.assertEqual(list(lock["runs"]), [str(teacher)])
        self.assertIn("teacher:digit", lock["parts"])
        # Its weights are no parameters of the student.
        names = (student / "checkpoints/fit-4/model.safetensors").read_bytes()[:100000]
        self.assertNotIn(b"teacher", names)
        other = self.train("other", "--set", "seed=6")
        for file in ("model.safetensors", "optimizer.safetensors", "state.json"):
            (teacher / "checkpoints/fit-4" / file).write_bytes((other / "checkpoints/fit-4" / file).read_bytes())
        result = weft("eval", student, "--threads", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("which a view has, have changed since the run was trained: numbers may differ.", result.stderr)

    def test_a_student_outlives_its_teacher(self):
        teacher = self.train("teacher")
        views = {"teacher": {"run": str(teacher)}}
        student = self.trained("student", *settings(views, near="teacher"))
        before = self.results(student)
        shutil.rmtree(teacher)
        self.assertEqual(self.results(student), before)
        self.refused(["eval", student, "--set", 'evaluate.metrics=["teacher:accuracy"]'], BAD_RECIPE, "/views/teacher/run: ")

    def test_a_run_without_a_checkpoint_or_folder(self):
        teacher = self.train("teacher")
        views = {"teacher": {"run": str(teacher)}}
        shutil.rmtree(teacher / "checkpoints")
        (teacher / "latest").unlink()
        self.refused(["train", PICTURE, "--run", self.folder / "s", *shards(SHARD), *settings(views, near="teacher")], NO_INPUT,
                     f"a view is of the run in {teacher}, which holds no checkpoint yet. Train it first.")
        shutil.rmtree(teacher)
        self.refused(["check", PICTURE, *shards(SHARD), *settings(views, near="teacher")], BAD_RECIPE,
                     "/views/teacher/run: expected the folder of a run that `weft train` wrote, but: ")

    def test_a_tied_parameter_is_stored_once(self):
        other = {"use": "encoder.vit", "in": "batch.picture", "config": {"patch": 7, "dim": 64, "heads": 4, "ffn_dim": 128}}
        tie = ["--set", "graph.other=" + json.dumps(other), "--set", 'tie={"other.project.weight": "vision.project.weight"}',
               "--set", "views={}", "--set", "losses.near=" + json.dumps({**NEAR, "in": {"prediction": "other.pooled", "target": "vision.pooled"}})]
        run = self.trained("run", "--set", "stages=" + json.dumps([stage(train=["vision", "other", "digit"])]), *tie)
        names = (run / "checkpoints/fit-4/model.safetensors").read_bytes()[:100000]
        self.assertIn(b'"vision.project.weight"', names)
        self.assertIn(b'"other.project.bias"', names)
        self.assertNotIn(b'"other.project.weight"', names)
        self.results(run)


if __name__ == "__main__":
    run()
