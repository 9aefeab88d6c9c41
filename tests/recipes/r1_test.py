"""The recipes of the whole model: their sizes follow from formulas, and the tiny one learns in every stage.

Usage: r1_test.py BUILD_FOLDER.
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


def weft(*arguments):
    return subprocess.run([BUILD / "bin/weft", *map(str, arguments)], capture_output=True, text=True, timeout=3000)


# How many numbers a block holds, by the equations of docs/model.md.


def linear(inputs, outputs, bias=True):
    return inputs * outputs + (outputs if bias else 0)


def norm(dim):
    return 2 * dim


def attention(dim):
    return 4 * linear(dim, dim)


def feed_forward(dim, inner):
    return linear(dim, inner) + linear(inner, dim)


def transformer_block(dim, inner):
    return attention(dim) + feed_forward(dim, inner) + 2 * norm(dim)


def vit(dim, inner, layers, size, channels, patch):
    positions = (size // patch) ** 2 * dim
    return linear(channels * patch * patch, dim) + positions + dim + layers * transformer_block(dim, inner) + norm(dim)


def text_transformer(dim, inner, layers, vocab, length):
    """Positions count from the token behind the pad, whose number is 0."""
    return vocab * dim + (length + 1) * dim + layers * transformer_block(dim, inner) + norm(dim)


def conformer(dim, inner, layers, mels, kernel, channels, out):
    convolution = norm(dim) + linear(dim, 2 * dim) + dim * kernel + dim + norm(dim) + linear(dim, dim)
    block = 2 * feed_forward(dim, inner) + attention(dim) + convolution + 4 * norm(dim)
    subsampling = 9 * channels + channels + 9 * channels * channels + channels + linear(channels * mels // 4, dim)
    return mels + subsampling + layers * block + (linear(dim, out) if out else 0)


def pairwise(dim, inner):
    """Six ordered pairs of gated cross-attention, six marks, one joint block."""
    return 6 * (attention(dim) + linear(2 * dim, dim)) + 6 * dim + transformer_block(dim, inner)


def decoder_stack(dim, inner, layers):
    return layers * transformer_block(dim, inner) + norm(dim)


def autoregressive(dim, inner, layers, vocab, length):
    block = 2 * attention(dim) + feed_forward(dim, inner) + 3 * norm(dim)
    return vocab * dim + length * dim + layers * block + norm(dim) + linear(dim, vocab)


def expected(size):
    """Node: parameters."""
    dim, inner, layers, vocab = size["dim"], size["inner"], size["layers"], size["vocab"]
    nodes = {
        "vision": vit(dim, inner, size["vision_layers"], size["pixels"], size["channels"], size["patch"]),
        "text": text_transformer(dim, inner, size["text_layers"], vocab + 1, size["words"]),  # with the mask
        "audio": conformer(*size["audio"]),
        "fusion": pairwise(dim, inner),
        "reasoning": decoder_stack(dim, inner, layers),
        "answer": autoregressive(dim, inner, layers, vocab, size["answer"]),
    }
    audio = size["audio"][6] or size["audio"][0]
    for prefix, widths in (("", (dim, dim, audio)), ("fused_", (dim, dim, dim))):
        for node, width, outputs in zip(("word", "patch", "frames"), widths, (vocab, size["visual"], 4 * size["audio"][3])):
            nodes[prefix + node] = linear(width, outputs)
    return {**nodes, **{loss: 2 * 32 * dim for loss in ("itc", "atc", "vac", "all")}}


SIZES = {
    "r1_tiny": {"dim": 64, "inner": 128, "layers": 1, "vocab": 160, "vision_layers": 2, "pixels": 28, "channels": 1, "patch": 7,
                "text_layers": 1, "words": 40, "answer": 4, "visual": 32, "audio": (64, 128, 1, 40, 7, 32, 0)},
    "r1_base": {"dim": 768, "inner": 3072, "layers": 6, "vocab": 50264, "vision_layers": 12, "pixels": 224, "channels": 3,
                "patch": 16, "text_layers": 12, "words": 512, "answer": 128, "visual": 4096,
                "audio": (256, 1024, 16, 80, 31, 256, 768)},
    "r1_large": {"dim": 1024, "inner": 4096, "layers": 12, "vocab": 50264, "vision_layers": 24, "pixels": 224, "channels": 3,
                 "patch": 14, "text_layers": 24, "words": 512, "answer": 128, "visual": 4096,
                 "audio": (512, 2048, 17, 80, 31, 512, 1024)},
}


class R1(unittest.TestCase):
    def test_each_size_is_sound_and_its_parameters_are_counted(self):
        for name, size in SIZES.items():
            result = weft("check", ROOT / f"recipes/{name}.json", "--json")
            self.assertEqual(result.returncode, 0, result.stdout)
            counted = {node["name"]: node["parameters"] for node in json.loads(result.stdout)["nodes"]}
            self.assertEqual({node: counted[node] for node in expected(size)}, expected(size), name)
            self.assertEqual(sum(counted.values()), sum(expected(size).values()), name)

    def test_every_objective_falls_in_its_stage(self):
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        steps = 14
        stages = json.loads(weft("check", ROOT / "recipes/r1_tiny.json", "--expand").stdout)["stages"]
        view = {"fused": {"bind": {"mlm.logits": "fused_word", "mim.logits": "fused_patch", "mam.prediction": "fused_frames"}}}
        overrides = ["defaults.stage.schedule.warmup=4", "defaults.stage.log_every=1", "defaults.stage.batch_size=16",
                     f"views={json.dumps(view)}", "metrics=null", "evaluate=null", "stages.3.metrics=null"]
        overrides += [f"stages.{i}.steps={steps}" for i in range(len(stages))]
        result = weft("train", ROOT / "recipes/r1_tiny.json", "--run", folder / "run", "--threads", "1", "--quiet",
                      *(word for override in overrides for word in ("--set", override)))
        self.assertEqual(result.returncode, 0, result.stderr)
        events = [json.loads(line) for line in (folder / "run/events.jsonl").read_text().splitlines()]
        for stage in stages:
            losses = [event["losses"] for event in events if event["event"] == "step" and event["stage"] == stage["name"]]
            self.assertEqual(len(losses), steps)
            for loss in stage["losses"]:
                first, last = (sum(step[loss] for step in part) / 4 for part in (losses[:4], losses[-4:]))
                self.assertLess(last, first, f"{loss} in stage {stage['name']}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
