"""examples/export against packages that record what they are told. Usage: export_test.py [BUILD_FOLDER]."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EVENTS = [
    {"event": "start", "time": "2026-11-28T23:35:33Z"},
    {"event": "step", "time": "2026-11-28T23:35:57Z", "stage": "see", "step": 2, "losses": {"ce": 1.5, "total": 1.5},
     "learning_rate": 0.1, "gradient_norm": None, "seconds": 0.5},
    {"event": "step", "time": "2026-11-28T23:36:00Z", "stage": "answer", "step": 3, "losses": {"ce": 0.25, "total": 0.5},
     "learning_rate": 0.2, "gradient_norm": 2.0, "seconds": 0.75},
    {"event": "measure", "time": "2026-11-28T23:36:01Z", "stage": "answer", "step": 3, "values": {"match.accuracy": 0.5}},
    {"event": "evaluation", "time": "2026-11-28T23:36:02Z", "split": "test", "values": {"match.accuracy": 0.75}},
]
RECIPE = {"name": "small", "stages": [{"name": "see", "steps": 4}, {"name": "answer", "steps": 3}]}
LOG = "import json, os\ndef say(*what):\n    open(os.environ['SAID'], 'a').write(json.dumps(what) + '\\n')\n"
WANDB = LOG + """
class Run:
    def __init__(self): self.summary = self
    def update(self, values): say("summary", values)
    def log(self, values, step): say("log", step, values)
    def finish(self): say("finish")
def init(**settings):
    say("init", settings)
    return Run()
"""
MLFLOW = LOG + """
class Info: run_id = "r"
class Made: info = Info()
class MlflowClient:
    def __init__(self, tracking_uri): say("uri", tracking_uri)
    def get_experiment_by_name(self, name): return None
    def create_experiment(self, name): return "7"
    def create_run(self, experiment, run_name, start_time): say("run", experiment, run_name, start_time); return Made()
    def log_batch(self, run, metrics=(), params=(), tags=()): say("batch", list(metrics), list(params), list(tags))
    def set_terminated(self, run, end_time): say("end", end_time)
"""


class Export(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        run = self.folder / "small"
        run.mkdir()
        (run / "recipe.json").write_text(json.dumps(RECIPE))
        (run / "weft.lock").write_text(json.dumps({"host": "0.10.0", "seed": 17}))
        (run / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
        packages = self.folder / "packages"
        (packages / "mlflow").mkdir(parents=True)
        (packages / "wandb.py").write_text(WANDB)
        (packages / "mlflow/__init__.py").write_text(MLFLOW)
        (packages / "mlflow/entities.py").write_text("Metric = lambda *values: values\nParam = RunTag = Metric\n")

    def exported(self, *words, packages="packages", code=0):
        environment = os.environ | {"PYTHONPATH": str(self.folder / packages), "SAID": str(self.folder / "said")}
        result = subprocess.run([sys.executable, ROOT / "examples/export/export_run.py", *map(str, words)], env=environment,
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, code, result.stderr)
        said = self.folder / "said"
        return [json.loads(line) for line in said.read_text().splitlines()] if said.exists() else [], result.stderr

    def test_wandb_gets_each_step_once(self):
        said, _ = self.exported(self.folder / "small", "--to", "wandb", "--out", self.folder / "out")
        self.assertEqual(said[0][1]["config"]["weft.lock"]["seed"], 17)
        self.assertEqual((said[0][1]["mode"], said[0][1]["name"]), ("offline", "small"))
        self.assertEqual(said[1:], [
            ["log", 2, {"see/loss/ce": 1.5, "see/loss/total": 1.5, "see/learning_rate": 0.1, "see/seconds": 0.5}],
            ["log", 7, {"answer/loss/ce": 0.25, "answer/loss/total": 0.5, "answer/learning_rate": 0.2, "answer/gradient_norm": 2.0,
                        "answer/seconds": 0.75, "answer/val/match.accuracy": 0.5}],
            ["summary", {"test/match.accuracy": 0.75}], ["finish"]])

    def test_mlflow_gets_metrics_parameters_and_tags(self):
        said, _ = self.exported(self.folder / "small", "--to", "mlflow", "--out", self.folder / "out")
        self.assertEqual(said[0], ["uri", f"sqlite:///{self.folder.resolve()}/out/mlflow.db"])
        self.assertEqual(said[1], ["run", "7", "small", 1795908957000])
        _, _, params, tags = said[2]
        self.assertIn(["stages.1.name", "answer"], params)
        self.assertIn(["weft.seed", "17"], tags)
        metrics = said[3][1]
        self.assertIn(["answer/loss/ce", 0.25, 1795908960000, 7], metrics)
        self.assertIn(["test/match.accuracy", 0.75, 1795908961000, 7], metrics)
        self.assertEqual(said[-1], ["end", 1795908961000])

    def test_what_is_not_there_is_said(self):
        _, told = self.exported(self.folder, "--to", "mlflow", code=66)
        self.assertIn("is no run folder: it has no recipe.json, weft.lock, events.jsonl. Name the folder", told)
        (self.folder / "none").mkdir()
        (self.folder / "none/wandb.py").write_text("raise ModuleNotFoundError('', name='wandb')")
        _, told = self.exported(self.folder / "small", "--to", "wandb", packages="none", code=2)
        self.assertIn("the package wandb is not installed. Install it: pip install wandb", told)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
