"""Runs that are killed: at random instants, and between the system calls of a save. Each goes on with `--resume` and ends with the
bits of the run that nobody killed: weights, optimizer, place in the data and every logged loss.

Usage: kills_test.py BUILD_FOLDER [KILLS [SEED]]; KILLS (default: 20), of which 3 in 10 are between the calls of a save.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv[1]).resolve()
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
STEPS, SAVE_EVERY = 60, 5
SHARD = str(ROOT / "examples/digits/digits-av-test-000.tar")
STAGE = {"name": "fit", "data": "av", "steps": STEPS, "batch_size": 8, "losses": {"ce": 1}, "optimizer": {"lr": 1e-3},
         "train": ["vision", "fusion", "reasoning", "digit"], "save_every": SAVE_EVERY, "log_every": 1}
SETTINGS = ["--threads", "1", "--quiet", "--set", "stages=" + json.dumps([STAGE]),
            *(word for split in ("train", "val", "test") for word in ("--set", f"data.av.shards.{split}={json.dumps([SHARD])}"))]


def start(run, fault=None):
    """Begins the run, or goes on with it; `fault` is the number of the call that is the last."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    if fault is not None:
        environment |= {"LD_PRELOAD": str(BUILD / "tests/faults/libfaulty_calls.so"), "WEFT_FAULT": "log, kill", "WEFT_FAULT_AT": str(fault),
                        "WEFT_FAULT_FOLDER": str(run)}
    resume = ["--resume"] if (run / "recipe.json").exists() else []
    return subprocess.Popen([BUILD / "bin/weft", "train", ROOT / "recipes/digits_av_picture.json", "--run", run, *SETTINGS, *resume],
                            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def end_of(run):
    """All that a run ends with, but for what a clock says."""
    last = run / f"checkpoints/fit-{STEPS}"
    found = {path.name: path.read_bytes() for path in last.iterdir()}
    for line in (run / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "step":  # a step that was taken again says the same again
            told = (event["losses"], event["gradient_norm"], event["learning_rate"])
            assert found.setdefault(f"step {event['step']}", told) == told, f"step {event['step']} was another when it was taken again"
        if event["event"] == "evaluation":
            found["evaluation"] = event["values"]
    return found


def killed_at_random(run, chance, longest):
    """@return whether the kill came before the end"""
    process = start(run)
    try:
        process.wait(chance.uniform(0, longest))
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode == -9


def killed_in_a_save(run, chance):
    calls = Path(f"{run}.calls")
    calls.unlink(missing_ok=True)
    process = start(run, fault=chance.randrange(200))
    process.communicate()
    return process.returncode == -9 and ("/checkpoints" in calls.read_text() or "/latest" in calls.read_text())


def go_to_the_end(run):
    process = start(run)
    _, told = process.communicate()
    assert process.returncode == 0, told


def main():
    chance = random.Random(SEED)
    folder = Path(tempfile.mkdtemp())
    try:
        whole = folder / "whole"
        begun = time.monotonic()
        go_to_the_end(whole)
        longest = time.monotonic() - begun
        expected = end_of(whole)
        assert len(expected) >= STEPS + 4, sorted(expected)
        in_saves, at_random, runs = KILLS * 3 // 10, KILLS - KILLS * 3 // 10, 0
        while in_saves + at_random > 0:
            run = folder / f"killed-{runs}"
            runs += 1
            assert runs <= 10 * KILLS, "kills come behind the end of the runs"
            for _ in range(6):  # kills of one run
                if in_saves > 0 and (at_random == 0 or chance.random() < 0.4):
                    in_saves -= killed_in_a_save(run, chance)
                elif at_random > 0:
                    at_random -= killed_at_random(run, chance, longest)
            go_to_the_end(run)
            assert end_of(run) == expected, f"{run.name} ends otherwise"
            assert not list((run / "checkpoints").glob("*.new")), "what a kill left half done is removed"
            shutil.rmtree(run)
        print(f"{KILLS} kills of {runs} runs, {KILLS * 3 // 10} between the system calls of a save: all end with the same bits.")
        print("1 passed, 0 failed")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
