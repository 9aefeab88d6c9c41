"""Tests of the comparison in libtorch_swap.py, and of the releases that CMake accepts. Usage: libtorch_swap_test.py"""
import array
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from libtorch_swap import difference, largest, read_tensors  # noqa: E402

TREE = Path(__file__).parents[2]
FAILURES = []


def expect(name, actual, expected):
    good = actual == expected
    print(f"{'ok  ' if good else 'FAIL'} {name}" + ("" if good else f": {actual!r}, expected {expected!r}"))
    FAILURES.append(not good)


def doubles(*values):
    return array.array("d", values)


def differences_are_relative_to_the_largest_value():
    nan = float("nan")
    expect("equal bits differ by nothing, NaN or not", difference(doubles(1, nan), doubles(1, nan)), 0.0)
    expect("one quarter off the largest", difference(doubles(1, -4), doubles(2, -4)), 0.25)
    expect("a NaN on one side only", difference(doubles(1, 2), doubles(1, nan)), float("inf"))
    expect("a NaN, and then a number", difference(doubles(1, 2), doubles(float("nan"), 3)), float("inf"))
    expect("a NaN on both sides beside a step", difference(doubles(nan, 2), doubles(nan, 3)), 0.5)
    expect("another length", difference(doubles(1), doubles(1, 2)), float("inf"))
    expect("something where there was nothing", difference(doubles(0), doubles(1)), float("inf"))


def the_worst_tensor_is_named():
    first = {"a": doubles(1), "b": doubles(4), "other": doubles(1)}
    second = {"a": doubles(1), "b": doubles(5), "other": doubles(9)}
    expect("the worst of the chosen", largest(first, second, lambda name: name != "other"), (0.25, "b"))
    expect("a name that is missing", largest(first, {"a": doubles(1)})[0], float("inf"))
    expect("no name at all", largest({}, {})[0], float("inf"))


def tensors_are_read_by_their_type():
    head = json.dumps({"__metadata__": {}, "x": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]},
                       "n": {"dtype": "I64", "shape": [], "data_offsets": [0, 8]}}).encode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.safetensors")
        file.write_bytes(struct.pack("<Q", len(head)) + head + struct.pack("<qff", 7, 0.5, -2.0))
        expect("values by name", {name: list(values) for name, values in read_tensors(file).items()},
               {"x": [0.5, -2.0], "n": [7]})


def other_releases_are_refused():
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("lib/libtorch_cpu.so", ""),
                           ("include/torch/headeronly/version.h", "#define TORCH_VERSION_MAJOR 2\n"
                            "#define TORCH_VERSION_MINOR 9\n#define TORCH_VERSION_PATCH 1\n")):
            Path(folder, name).parent.mkdir(parents=True)
            Path(folder, name).write_text(text, encoding="utf-8")
        script = Path(folder, "project.cmake")
        script.write_text(f"cmake_minimum_required(VERSION 3.25)\ninclude({TREE}/cmake/LibTorch.cmake)\n",
                          encoding="utf-8")
        refused = subprocess.run(["cmake", f"-DWEFT_TORCH_DIR={folder}", "-P", script],
                                 text=True, capture_output=True, check=False)
        expect("CMake fails", refused.returncode != 0, True)
        expect("and says why", f"{folder} is LibTorch 2.9, not 2.11 or 2.12." in " ".join(refused.stderr.split()), True)


if __name__ == "__main__":
    differences_are_relative_to_the_largest_value()
    the_worst_tensor_is_named()
    tensors_are_read_by_their_type()
    other_releases_are_refused()
    print(f"{FAILURES.count(False)} passed, {FAILURES.count(True)} failed")
    sys.exit(1 if any(FAILURES) else 0)
