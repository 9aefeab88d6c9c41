"""Swaps LibTorch under the plug-ins. Usage: libtorch_swap.py FIRST SECOND [--record FILE]

FIRST and SECOND are build folders of this tree, each with another LibTorch; SECOND holds copies of the plug-ins that
FIRST built (WEFT_PLUGINS_FROM). It is checked that

1. the plug-ins of both are the same bytes, and the LibTorch releases are not;
2. all tests of host and plug-ins pass in SECOND;
3. every shipped part, forward and backward on fixed inputs, gives the same numbers (part_results);
4. so does training: losses, gradient norms, weights and metrics.

"Same" is a bound on the largest difference over the largest value, for each tensor (BOUNDS). --record writes what was
found as JSON. The last line is `N passed, N failed`.
"""
import argparse
import array
import datetime
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from count_results import count_log  # noqa: E402

TREE = Path(__file__).parents[2]
# LibTorch promises no bits between releases. float32 keeps 1.2e-7; gradients and training add up many roundings.
BOUNDS = {"outputs": 1e-5, "gradients": 1e-4, "losses in training": 1e-3, "weights after training": 1e-2,
          "metrics": 0.02}
RECIPE = "recipes/digits_av.json"
STEPS = 40  # of each of its two stages
# These read the sources, or compile, install or fuzz: LibTorch below the plug-ins changes nothing about them.
OTHER_TESTS = "^(rules|count_results|growth|abi_.*|snippets|guide|sdk_.*|third_party_.*|older_host|libtorch_swap|fuzz)$"
ELEMENTS = {"F64": "d", "F32": "f", "I64": "q", "I32": "i", "U8": "B", "BOOL": "B"}


def read_tensors(path):
    """Returns {name: array} of a safetensors file."""
    content = Path(path).read_bytes()
    begin = 8 + struct.unpack("<Q", content[:8])[0]
    tensors = {}
    for name, facts in json.loads(content[8:begin]).items():
        if name != "__metadata__":
            first, last = facts["data_offsets"]
            tensors[name] = array.array(ELEMENTS[facts["dtype"]], content[begin + first:begin + last])
    return tensors


def difference(first, second):
    """Returns the largest difference over the largest value; 0 for equal bits, infinity if lengths or NaNs differ."""
    if first.tobytes() == second.tobytes():
        return 0.0
    if len(first) != len(second):
        return float("inf")
    worst = 0.0
    for a, b in zip(first, second):
        if a != b and not (a != a and b != b):  # a NaN on both sides is the same
            step = abs(a - b)
            worst = max(worst, step) if step == step else float("inf")
    scale = max((abs(a) for a in first if a == a), default=0.0)
    return worst / scale if scale > 0 else float("inf")


def largest(firsts, seconds, chosen=lambda name: True):
    """Returns (largest difference, its name) over two {name: array} with the same names."""
    names = sorted(filter(chosen, firsts))
    if names != sorted(filter(chosen, seconds)) or not names:
        return float("inf"), "the names differ"
    return max((difference(firsts[name], seconds[name]), name) for name in names)


def run(*words):
    done = subprocess.run([str(word) for word in words], cwd=TREE, text=True, check=False, capture_output=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        sys.exit(f"{words[0]} failed:\n{done.stderr[-4000:]}")
    return done.stdout


def plugin_hashes(build):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted((build / "lib/weft/plugins").glob("*.so"))}


def train(build, folder):
    """Trains the recipe and returns what it left: LibTorch's version, scalars of every step, weights, metrics."""
    printed = run(build / "bin/weft", "train", RECIPE, "--run", folder, "--threads", "1", "--quiet", "--json",
                  "--plugins", build / "lib/weft/plugins",
                  *(word for stage in (0, 1) for word in ("--set", f"stages.{stage}.steps={STEPS}")))
    steps = {}
    for line in (folder / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "step":
            place = f"{event['stage']} {event['step']}"
            steps[f"{place} gradient norm"] = array.array("d", [event["gradient_norm"]])
            for name, loss in event["losses"].items():
                steps[f"{place} {name}"] = array.array("d", [loss])
    latest = (folder / "latest").read_text().strip()
    weights = read_tensors(folder / "checkpoints" / latest / "model.safetensors")
    metrics = {name: array.array("d", [value])
               for name, value in json.loads(printed)["results"][0]["metrics"].items()}
    return json.loads((folder / "weft.lock").read_text())["torch"], steps, weights, metrics


def compare_parts(first, second, folder):
    """Returns {part: {what: largest difference}} and one (what, difference, name) for outputs and gradients."""
    files = []
    for number, build in enumerate((first, second)):
        files.append(folder / f"{number}.safetensors")
        run(build / "bin/part_results", files[-1])
    before, after = map(read_tensors, files)
    parts = {}
    for name in before:
        parts.setdefault(name.split("/")[0], {})
    for part, row in parts.items():
        for what, place in (("outputs", "out"), ("gradients", "grad")):
            chosen = [name for name in before if name.startswith(f"{part}/{place}/")]
            if chosen:
                row[what] = largest(before, after, lambda name, chosen=set(chosen): name in chosen)[0]
    found = [("outputs", *largest(before, after, lambda name: "/grad/" not in name)),
             ("gradients", *largest(before, after, lambda name: "/grad/" in name))]
    return parts, found


def compare_training(first, second, folder):
    runs = [train(build, folder / build.name) for build in (first, second)]
    (_, *before), (_, *after) = runs
    found = [(what, *largest(one, other)) for what, one, other in
             zip(("losses in training", "weights after training", "metrics"), before, after)]
    return [version for version, *_ in runs], found


def run_tests(build):
    """Returns (passed, failed) of the tests of a build folder."""
    log = build / "swap-tests.xml"
    log.unlink(missing_ok=True)
    subprocess.run(["ctest", "--test-dir", build, "-j2", "--exclude-regex", OTHER_TESTS, "--output-junit", log,
                    "--test-output-size-passed", "10000000", "--test-output-size-failed", "10000000"],
                   cwd=TREE, check=False, stdout=subprocess.DEVNULL)
    rows = count_log(log.read_text(errors="replace")) if log.exists() else []
    for name, passed, failed, _ in rows:
        if failed or not passed:
            print(f"     {name}: {passed} passed, {failed} failed")
    return sum(row[1] for row in rows), sum(row[2] for row in rows)


def main(first, second, record):
    hashes, copies = plugin_hashes(first), plugin_hashes(second)
    with tempfile.TemporaryDirectory() as name:
        parts, found = compare_parts(first, second, Path(name))
        versions, trained = compare_training(first, second, Path(name))
    tests = run_tests(second)
    found += trained
    verdicts = [(f"the {len(hashes)} plug-ins are the same bytes", bool(hashes) and hashes == copies),
                (f"LibTorch {versions[0]} and {versions[1]} are two releases", versions[0] != versions[1]),
                (f"all tests of host and plug-ins pass with LibTorch {versions[1]}: {tests[0]} of {sum(tests)}",
                 tests[0] > 0 == tests[1])]
    for what, worst, where in found:
        verdicts.append((f"{what}: largest relative difference {worst:.2g}, {where}; allowed {BOUNDS[what]:.2g}",
                         worst <= BOUNDS[what]))
    for sentence, good in verdicts:
        print(f"{'ok  ' if good else 'FAIL'} {sentence}")
    failed = sum(not good for _, good in verdicts)
    if record:
        record.write_text(json.dumps({
            "date": datetime.date.today().isoformat(), "torch": versions, "passed": failed == 0,
            "tests": {"passed": tests[0], "failed": tests[1]},
            "recipe": f"{RECIPE}, {STEPS} steps a stage",
            "bounds": BOUNDS,
            "largest_relative_difference": {what: worst for what, worst, _ in found},
            "parts": parts, "plugins": hashes}, indent=1) + "\n")
    print(f"{len(verdicts) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("first", type=lambda text: Path(text).resolve())
    parser.add_argument("second", type=lambda text: Path(text).resolve())
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    sys.exit(main(options.first, options.second, options.record))
