"""Sources that the SDK must not compile, beside the same with the line that is meant. Usage: compile_fail_test.py INCLUDE_DIR"""
import re
import subprocess
import sys
import unittest

INCLUDE = sys.argv.pop(1) if len(sys.argv) > 1 else ""

HEAD = """#include <weft/ops.hpp>
using namespace weft;
Tensor allowed(const Tensor& x, const Tensor& mask) { return !mask ? x : mask; }
"""
LINE = "Tensor f_{number}(const Tensor& x, const Tensor& mask) {{ (void)mask; return {expression}; }}\n"


# (what must not compile, what is meant)
CASES = [
    ("!mask * x", "logical_not(mask) * x"),
    ("x * !mask", "x * logical_not(mask)"),
    ("x + !mask", "x + logical_not(mask)"),
    ("x - !mask", "x - mask"),
    ("!mask - x", "mask - x"),
    ("x / !mask", "x / mask"),
    ("!mask / x", "mask / x"),
    ("where(!mask, x, x)", "where(logical_not(mask), x, x)"),
    ("logical_and(x, !mask)", "logical_and(x, logical_not(mask))"),
    ("equal(x, !mask)", "equal(x, logical_not(mask))"),
    ("less(x, !mask)", "less(x, 2)"),
    ("pow(x, !mask)", "pow(x, 2)"),
]


def lines_with_errors(compiler, expressions):
    """Compiles one function a line, and returns the numbers of those that the compiler refuses."""
    source = HEAD + "".join(LINE.format(number=number, expression=expression) for number, expression in enumerate(expressions))
    run = subprocess.run([compiler, "-std=c++17", "-fsyntax-only", "-I", INCLUDE, "-x", "c++", "-"], text=True, input=source,
                         capture_output=True, check=False)
    first = HEAD.count("\n") + 1
    return sorted({int(line) - first for line in re.findall(r"^<stdin>:(\d+):\d+: error", run.stderr, re.MULTILINE)})


class CompileFail(unittest.TestCase):
    def test_an_absent_mask_is_no_number(self):
        for compiler in ("g++", "clang++"):
            with self.subTest(compiler):
                self.assertEqual(lines_with_errors(compiler, [meant for _, meant in CASES]), [])
                self.assertEqual(lines_with_errors(compiler, [wrong for wrong, _ in CASES]), list(range(len(CASES))))


if __name__ == "__main__":
    unittest.main()
