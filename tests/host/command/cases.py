"""What the end-to-end tests of the program `weft` share: the built program, small recipes, a folder for each case."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(sys.argv[1]).resolve()
SANITISED = "WEFT_SANITIZE:BOOL=ON" in (BUILD / "CMakeCache.txt").read_text()
PLUGINS = BUILD / "lib/weft/plugins"
DOUBLES = BUILD / "tests/host/registry/doubles"
PICTURE = str(ROOT / "recipes/digits_av_picture.json")
SHARD = ROOT / "examples/digits/digits-av-test-000.tar"

USAGE, BAD_DATA, NO_INPUT, PLUGIN, CANNOT_CREATE, ABI, BAD_CHECKPOINT, BAD_RECIPE = 2, 65, 66, 70, 73, 76, 77, 78


def weft(*arguments):
    return subprocess.run([BUILD / "bin/weft", *map(str, arguments)], capture_output=True, text=True, timeout=3000)


def read_tensors(path):
    """{name: (type, sizes, bytes)}, metadata"""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8:8 + length]), data[8 + length:]
    metadata = header.pop("__metadata__", {})
    return {name: (one["dtype"], one["shape"], body[slice(*one["data_offsets"])]) for name, one in header.items()}, metadata


def saved_tensors(checkpoint):
    """Of the model and the optimizer, as read_tensors(), whether one rank has written them or several; how many files there are."""
    files = sorted(checkpoint.glob("model*.safetensors")) + sorted(checkpoint.glob("optimizer*.safetensors"))
    tensors = {}
    for file in files:
        kind = file.name[:5]
        tensors |= {(kind, name): one for name, one in read_tensors(file)[0].items()}
    return tensors, len(files)


def shards(path):
    """Overrides that make every split of the av recipes read one shard."""
    return [word for split in ("train", "val", "test")
            for word in ("--set", f"data.av.shards.{split}={json.dumps([str(path)])}")]


# One stage of few small steps: enough to see what a run writes.
SHORT = ["--threads", "1", "--quiet", "--set", "stages=" + json.dumps([
    {"name": "fit", "data": "av", "steps": 4, "batch_size": 8, "losses": {"ce": 1}, "optimizer": {"lr": 1e-3},
     "train": ["vision", "fusion", "reasoning", "digit"], "save_every": 2, "log_every": 1}])]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def refused(self, arguments, code, *texts):
        result = weft(*arguments)
        for text in texts:
            self.assertIn(text, result.stderr)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")

    def train(self, name, *more, recipe=PICTURE):
        run = self.folder / name
        result = weft("train", recipe, "--run", run, *SHORT, *shards(SHARD), *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return run


def run():
    """Runs the cases of the calling program and ends it."""
    os.environ.pop("WEFT_PLUGIN_PATH", None)
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
