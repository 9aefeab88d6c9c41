"""What each objective of recipes/r1_tiny.json does: its own loss with it, and with it switched off by one override.

    r1_objectives.py BUILD_FOLDER [--steps N] [--batch N] [--seeds 17 18 19] [--only fused:mlm …]

Each objective trains in its stage for N steps from new weights, once as the recipe has it and once with a weight that is 0 in
all of them, so that the loss is still logged; the other stages have one step. The measure is the objective's own loss, the mean
over the last quarter of the steps. Printed for each: the mean over the seeds with and without it, and the 95 % interval of the difference
(Student's t over pairs of one seed). Exit code 1 if an interval reaches 0. One thread.
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "recipes/r1_tiny.json"
OFF = '{"from": 0, "to": 1, "over": [1000000, 1000001]}'  # 0 until long after the stage
# Nothing is evaluated, and only the view that the losses are in stays.
BARE = ["evaluate=null", "metrics=null", "stages.3.metrics=null",
        'views={"fused": {"bind": {"mlm.logits": "fused_word", "mim.logits": "fused_patch", "mam.prediction": "fused_frames"}}}']
# The 0.975 quantile of Student's t for 1, 2, … degrees of freedom.
QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


def weft(build, *arguments):
    result = subprocess.run([build / "bin/weft", *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(result.stderr)
    return result.stdout


def losses_of(build, stages, chosen, seed, options, *more):
    """The mean of each loss of stage number `chosen` over the last quarter of its steps."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"seed={seed}", f"defaults.stage.batch_size={options.batch}", "defaults.stage.log_every=1",
                     "defaults.stage.schedule.warmup=4", *BARE, *more]
        overrides += [f"stages.{i}.steps={options.steps if i == chosen else 1}" for i in range(len(stages))]
        weft(build, "train", RECIPE, "--run", f"{folder}/run", "--threads", 1, "--quiet",
             *(word for override in overrides for word in ("--set", override)))
        events = map(json.loads, Path(folder, "run/events.jsonl").read_text().splitlines())
        steps = [event["losses"] for event in events
                 if event["event"] == "step" and event["stage"] == stages[chosen]["name"]]
    last = steps[-max(1, options.steps // 4):]
    return {name: sum(step[name] for step in last) / len(last) for name in last[0]}


def interval(differences):
    n = len(differences)
    mean = sum(differences) / n
    if n == 1:
        return math.nan, math.nan
    deviation = math.sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1))
    half = QUANTILES[n - 2] * deviation / math.sqrt(n)
    return mean - half, mean + half


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seeds", type=int, nargs="+", default=[17, 18, 19])
    parser.add_argument("--only", nargs="+")
    options = parser.parse_args()
    stages = json.loads(weft(options.build, "check", RECIPE, "--expand"))["stages"]
    print(f"{options.steps} steps of {options.batch}, seeds {options.seeds}")
    print(f"{'stage':12} {'objective':10} {'with':>8} {'without':>8}   95 % of the difference", flush=True)
    failed = False
    for number, stage in enumerate(stages):
        names = [name for name in stage["losses"] if not options.only or name in options.only]
        if not names:
            continue
        with_it = [losses_of(options.build, stages, number, seed, options) for seed in options.seeds]
        for name in names:
            off = [losses_of(options.build, stages, number, seed, options, f"stages.{number}.losses.{name}={OFF}")[name]
                   for seed in options.seeds]
            on = [losses[name] for losses in with_it]
            low, high = interval([b - a for a, b in zip(on, off)])
            failed |= not low > 0
            means = sum(on) / len(on), sum(off) / len(off)
            print(f"{stage['name']:12} {name:10} {means[0]:8.3f} {means[1]:8.3f}   {low:+.3f} to {high:+.3f}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
