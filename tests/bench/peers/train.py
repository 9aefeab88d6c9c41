#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A training step of `weft train` against the same model in PyTorch, in turns of a few steps.

    python3 tests/bench/peers/train.py build/release/bin/weft [OTHER_WEFT...] [--size small|large]
        [--bf16] [--threads N] [--rounds N] [--no-compile] [--no-python]
        [--weft NAME=VARIABLE=VALUE,...]

Needs torch, which the project does not install for Python. All sides run as whole commands: a
picture and a question, 5.6 M numbers (small) or 79 M (large), AdamW, the norm of gradients clipped,
dropout 0.1. PyTorch runs eager with the optimiser as it comes, eager with `fused=True`, and with
`torch.compile` besides. The sides are stopped and continued, so that one runs at a time. What is
compared is the processor's time a step, since other programs on the machine take turns with these.
Weft's time has the reading and decoding of its pictures in it; PyTorch's batch is in memory.

Further programs are further sides, such as a build from before a change. `--weft` adds one: `weft
train` with these variables in its environment.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
# dim, layers of the picture's, the question's and the last stack, batch, steps a turn
SIZES = {"small": (256, 3, 2, 2, 16, 2), "large": (768, 5, 3, 3, 4, 1)}


def recipe(size, bf16):
    dim, vision, text, reasoning, batch, _ = SIZES[size]
    made = json.loads((ROOT / "recipes/vqa.json").read_text())
    del made["$schema"], made["data"]["what"]
    data = made["data"]["vqa"]
    data["shards"] = str(ROOT / "examples/vqa/vqa-{train,val,test}-000.tar.gz")
    made["defaults"] = {
        "config": {"dim": dim, "heads": dim // 64, "ffn_dim": 4 * dim, "dropout": 0.1},
        "stage": {"batch_size": batch, "clip_norm": 1, "log_every": 1}}
    graph = made["graph"]
    graph["vision"]["config"] = {"patch": 8, "layers": vision}
    graph["text"]["config"] = {"layers": text}
    graph["fusion"] = {"use": "fusion.concat", "in": ["vision", "text"]}
    graph["reasoning"]["config"] = {"layers": reasoning}
    graph["answer"]["config"] = {"classes": 13, "dropout": 0.0}
    made["stages"] = [{"name": "answer", "data": "vqa", "steps": 1000000, "losses": ["ce"],
                       "optimizer": {"lr": 3e-4, "weight_decay": 0.01}}]
    if bf16:
        made["stages"][0]["precision"] = "bf16"
    return made


class Side:
    """A command that trains, stopped except in its turns. `progress` gets a line for each step."""

    begun = []  # also those that failed

    def __init__(self, name, words, progress, folder, environment):
        self.name, self.progress, self.log = name, progress, Path(folder, f"{name}.log")
        self.cpu, self.wall, self.size = [], [], 0
        Side.begun.append(self)
        begun = time.monotonic()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder,
                                            env={**os.environ, **environment})
        self.wait_for(1)
        self.first_wall, self.first_cpu = time.monotonic() - begun, self.seconds()
        self.process.send_signal(signal.SIGSTOP)

    def steps(self):
        text = self.progress.read_text() if self.progress.exists() else ""
        return text.count('"event": "step"') + text.count('"event":"step"')

    def wait_for(self, steps):
        while self.steps() < steps:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.log.read_text()[-2000:]}")
            time.sleep(0.002)

    def seconds(self):
        """The processor's, of all its threads."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def peak(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def turn(self, count):
        cpu, wall, before = self.seconds(), time.monotonic(), self.steps()
        self.process.send_signal(signal.SIGCONT)
        self.wait_for(before + count)
        self.process.send_signal(signal.SIGSTOP)
        made = self.steps() - before
        self.wall.append((time.monotonic() - wall) / made)
        self.cpu.append((self.seconds() - cpu) / made)

    def end(self):
        self.process.kill()
        self.process.wait()


def weft_side(name, program, arguments, folder, environment):
    file = Path(folder, "recipe.json")
    file.write_text(json.dumps(recipe(arguments.size, arguments.bf16)))
    words = [program, "train", str(file), "--run", f"{folder}/{name}", "--threads",
             str(arguments.threads)]
    return Side(name, words, Path(folder, name, "events.jsonl"), folder, environment)


def python_side(name, arguments, folder, **chosen):
    keys = ("dim", "vision", "text", "reasoning", "batch")
    settings = {**dict(zip(keys, SIZES[arguments.size])), "threads": arguments.threads,
                "bf16": arguments.bf16, "compile": False, "fused": False, **chosen}
    progress = Path(folder, f"{name}.jsonl")
    words = [sys.executable, str(HERE / "train_model.py"), str(progress), json.dumps(settings)]
    return Side(name, words, progress, folder, {})


def require_one_model(sides):
    counts = {}
    for side in sides:
        told = (re.search(r"trains (\d+) of", side.log.read_text()) or
                re.search(r'"count": (\d+)', side.progress.read_text()))
        counts[side.name] = int(told[1])
    if len(set(counts.values())) > 1:
        raise SystemExit(f"the models differ in the numbers that they train: {counts}")
    return next(iter(counts.values()))


def begun_sides(arguments, folder):
    weft = os.path.abspath(arguments.program[0])
    sides = [weft_side("weft", weft, arguments, folder, {})]
    for i, other in enumerate(arguments.program[1:]):
        sides.append(weft_side(f"weft_{i + 2}", os.path.abspath(other), arguments, folder, {}))
    for given in arguments.weft:
        name, _, variables = given.partition("=")
        environment = dict(pair.split("=", 1) for pair in variables.split(",") if pair)
        sides.append(weft_side(name, weft, arguments, folder, environment))
    if arguments.no_python:
        return sides
    sides += [python_side("eager", arguments, folder),
              python_side("fused", arguments, folder, fused=True)]
    if arguments.no_compile:
        return sides
    try:
        sides.append(python_side("compile", arguments, folder, compile=True, fused=True))
    except RuntimeError as fault:
        print(f"without torch.compile, which does not work here: {fault}")
    return sides


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="+")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--weft", action="append", default=[])
    parser.add_argument("--no-python", action="store_true")
    parser.add_argument("--no-compile", action="store_true")
    arguments = parser.parse_args()
    count = SIZES[arguments.size][-1]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the sides, which are stopped, are ended
    with tempfile.TemporaryDirectory() as folder:
        try:
            sides = begun_sides(arguments, folder)
            print(f"{require_one_model(sides)} numbers", flush=True)
            for turn in range(arguments.rounds + 1):
                for side in sides:
                    side.turn(count)
            for side in sides:
                ratio = statistics.median(a / b for a, b in zip(side.cpu[1:], sides[0].cpu[1:]))
                print(f"{side.name:12} {1e3 * statistics.median(side.cpu[1:]):7.0f} ms a step "
                      f"(wall {1e3 * statistics.median(side.wall[1:]):6.0f})  x {ratio:.2f}  "
                      f"first step {side.first_cpu:5.1f} s (wall {side.first_wall:5.1f})  "
                      f"{side.peak():5.0f} MiB", flush=True)
        finally:
            for side in Side.begun:
                side.end()


if __name__ == "__main__":
    main()
