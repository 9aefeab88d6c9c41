"""`weft plan` against what training then took: peak memory (VmHWM of the process, as wait4 gives it) and the time of its
steps, on three recipes. Usage: forecast.py BUILD_FOLDER [STEPS]; STEPS of each stage are trained (default: 30)."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv[1]).resolve()
STEPS = int(sys.argv[2]) if len(sys.argv) > 2 else 30
RECIPES = ["digits_av", "clothes", "shakespeare"]
os.environ.setdefault("WEFT_PLUGIN_PATH", str(BUILD / "lib/weft/plugins"))


def peak_of(command):
    """Runs it; its largest resident size in bytes."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return usage.ru_maxrss * 1024


def main():
    print(f"{'recipe':14}{'memory, MiB':>30}{'':>8}{'seconds of training':>30}")
    print(f"{'':14}{'forecast':>15}{'measured':>15}{'ratio':>8}{'forecast':>15}{'measured':>15}{'ratio':>8}")
    for name in RECIPES:
        recipe = ROOT / "recipes" / f"{name}.json"
        stages = json.loads(subprocess.run([BUILD / "bin/weft", "check", recipe, "--expand"], capture_output=True, check=True).stdout)["stages"]
        short = [word for i, _ in enumerate(stages) for word in (f"stages.{i}.steps={STEPS}", f"stages.{i}.schedule.warmup=0", f"stages.{i}.log_every=1")]
        plan = json.loads(subprocess.run([BUILD / "bin/weft", "plan", recipe, *short, "--threads", "1", "--json"], capture_output=True, check=True).stdout)
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            peak = peak_of([BUILD / "bin/weft", "train", recipe, *short, "--threads", "1", "--quiet", "--run", run])
            steps = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        seconds = sum(event["seconds"] for event in steps if event["event"] == "step")
        bytes_ = plan["peak_bytes"]
        print(f"{name:14}{bytes_ / 2**20:15.1f}{peak / 2**20:15.1f}{bytes_ / peak:8.2f}{plan['seconds']:15.2f}{seconds:15.2f}{plan['seconds'] / seconds:8.2f}")


if __name__ == "__main__":
    main()
