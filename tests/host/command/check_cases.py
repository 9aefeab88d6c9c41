"""What the tests of `weft check` share: a small sound recipe, and what is told of a changed one."""
import json

from cases import *

DIGITS = str(ROOT / "examples/digits/digits-av-test-000.tar")


def small():
    """Pictures of digits to classes, sound; every name stands once."""
    part = {"height": 28, "width": 28, "channels": 1, "patch": 7, "dim": 16, "layers": 1, "heads": 2, "ffn_dim": 32}
    return {
        "format": 2, "name": "small", "seed": 1,
        "data": {"av": {
            "shards": {"train": [DIGITS], "val": [DIGITS], "test": [DIGITS]},
            "fields": {"picture": {"kind": "image", "member": "png", "size": [28, 28]},
                       "label": {"kind": "class", "member": "cls", "classes": [str(i) for i in range(10)]}}}},
        "graph": {"vision": {"use": "encoder.vit", "in": {"image": "batch.picture"}, "config": part},
                  "digit": {"use": "decoder.classifier", "in": {"state": "vision.tokens"}, "config": {"dim": 16, "classes": 10}}},
        "losses": {"ce": {"use": "loss.cross_entropy", "in": {"logits": "digit.logits", "target": "batch.label"}}},
        "metrics": {"accuracy": {"use": "metric.accuracy", "in": {"logits": "digit.logits", "target": "batch.label"}}},
        "stages": [{"name": "fit", "data": "av", "steps": 2, "batch_size": 4, "losses": {"ce": 1}, "optimizer": {"lr": 1e-3}}],
        "evaluate": {"data": "av", "split": "test", "metrics": ["accuracy"]}}


class Check(Case):
    def write(self, recipe, name="r.json"):
        path = self.folder / name
        path.write_text(json.dumps(recipe, indent=1))
        return path

    def problems(self, recipe, code=BAD_RECIPE, verb="check"):
        more = ["--run", self.folder / "run", "--quiet"] if verb == "train" else []
        result = weft(verb, self.write(recipe), *more)
        self.assertEqual(result.returncode, code, result.stderr)
        return [line.strip() for line in result.stderr.splitlines()]

    def assert_told(self, lines, *texts):
        """Each text stands in a line of its own, and nothing else is told."""
        for text in texts:
            self.assertEqual(len([line for line in lines if text in line]), 1, f"{text}\n" + "\n".join(lines))
        self.assertEqual(len(lines), len(texts) + 1, "\n".join(lines))

    def warnings(self, recipe, *arguments):
        result = weft("check", self.write(recipe), "--json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["warnings"]
