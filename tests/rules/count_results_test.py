"""The test of tests/count_results.py: no outcome of a test program may be counted as better than it was."""
import contextlib
import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import count_results  # noqa: E402

GOOGLE = "[       OK ] A.a (0 ms)\n[       OK ] A.b (0 ms)\n"
CASES = [
    ("all cases pass", GOOGLE + "[  PASSED  ] 2 tests.\n", True, (2, 0)),
    ("one case passes", "[  PASSED  ] 1 test.\n", True, (1, 0)),
    ("some fail", "[  PASSED  ] 2 tests.\n[  FAILED  ] 3 tests, listed below:\n", False, (2, 3)),
    ("all fail", "[  PASSED  ] 0 tests.\n[  FAILED  ] 1 test, listed below:\n", False, (0, 1)),
    ("crash half-way", GOOGLE, False, (2, 1)),
    ("exit in the middle with status 0", GOOGLE, True, (2, 1)),
    ("leak found at exit", "[  PASSED  ] 2 tests.\n", False, (2, 1)),
    ("no case matches", "[  PASSED  ] 0 tests.\n", True, (0, 1)),
    ("all cases skip", "[  PASSED  ] 0 tests.\n[  SKIPPED ] 2 tests, listed below:\n", True, (0, 0)),
    ("silence", "", True, (0, 1)),
    ("unittest, all pass", "Ran 3 tests in 0.1s\n\nOK\n", True, (3, 0)),
    ("unittest, one case", "Ran 1 test in 0.1s\n\nOK\n", True, (1, 0)),
    ("unittest, some fail", "Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=2)\n", False, (2, 3)),
    ("unittest, several parts of one case", "Ran 1 test in 0.1s\n\nFAILED (failures=7)\n", False, (0, 7)),
    ("unittest, all skip", "Ran 2 tests in 0.1s\n\nOK (skipped=2)\n", True, (0, 0)),
    ("unittest, none", "Ran 0 tests in 0.1s\n\nOK\n", True, (0, 1)),
    ("unittest, a set-up fails", "Ran 0 tests in 0.1s\n\nFAILED (errors=1)\n", False, (0, 1)),
    ("unittest, ends in the middle", "test_a (a.A) ... ok\n", True, (0, 1)),
    ("own line", "x\n4 passed, 0 failed\n", True, (4, 0)),
    ("own line, last one counts", "4 passed, 0 failed\n3 passed, 2 failed\n", False, (3, 2)),
    ("own line belies the status", "4 passed, 0 failed\n", False, (4, 1)),
]
LOG = """<testsuite><testcase name="a" status="run"><system-out>2 passed, 0 failed
</system-out></testcase><testcase name="b" status="notrun"/><testcase name="c" status="disabled"/></testsuite>"""


def main():
    results = []
    for name, output, succeeded, expected in CASES:
        found = count_results.count(output, succeeded)
        results.append((name, found == expected, f"expected {expected}, found {found}"))
    rows = count_results.count_log(LOG)
    results.append(("a log", [row[:3] for row in rows] == [("a", 2, 0), ("b", 0, 1)], f"found {rows}"))
    shown = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(shown):
        log = Path(folder) / "tests.xml"
        log.write_text(LOG.replace("2 passed, 0 failed", "what went wrong\n2 passed, 1 failed"))
        status = count_results.main(log)
    results.append(("what failed is shown", status == 1 and "a ends with:\n    what went wrong\n" in shown.getvalue(),
                    f"found {shown.getvalue()}"))
    for name, good, detail in results:
        print(f"ok   {name}" if good else f"FAIL {name}: {detail}")
    failed = sum(not good for _, good, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
