"""Counts test cases in ctest's JUnit log: prints the last lines of what failed, one line per ctest test, and
`N passed, N failed`.

A GoogleTest program and a script of unittest count by their cases, another script by its own last `N passed, N failed`
line. A test that fails without counting a failure (a crash, a leak found at exit, a missing program) or that counts
nothing is one failure; a program whose cases all skip themselves is not.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

SUMMARY = re.compile(r"^\[  PASSED  \] (\d+) tests?\.", re.MULTILINE)
FAILURES = re.compile(r"^\[  FAILED  \] (\d+) tests?, listed below", re.MULTILINE)
SKIPS = re.compile(r"^\[  SKIPPED \] (\d+) tests?, listed below", re.MULTILINE)
CASE_PASSED = re.compile(r"^\[       OK \] ", re.MULTILINE)
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?$", re.MULTILINE)
UNITTEST_COUNT = re.compile(r"([a-z ]+)=(\d+)")
LAST_LINES = 15
OWN_LINE = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)


def count_unittest(ran, outcomes):
    """Returns (passed, failed, skipped). A case that fails in several parts is listed once for each."""
    counts = {name.strip(): int(number) for name, number in UNITTEST_COUNT.findall(outcomes)}
    skipped = counts.pop("skipped", 0)
    failed = sum(counts.values()) - counts.get("expected failures", 0)
    return max(ran - failed - skipped, 0), failed, skipped


def count(output, succeeded):
    """Returns (passed, failed) for one ctest test."""
    skipped = bool(SKIPS.search(output))
    if own := OWN_LINE.findall(output):
        passed, failed = map(int, own[-1])
    elif runs := UNITTEST.findall(output):
        passed, failed, skipped = count_unittest(int(runs[-1][0]), runs[-1][1])
    elif summaries := SUMMARY.findall(output):
        passed = int(summaries[-1])
        failed = int((FAILURES.findall(output) or [0])[-1])
    else:  # A crash before the summary: what had passed until then.
        passed, failed = len(CASE_PASSED.findall(output)), 0
        succeeded = False
    if not succeeded or passed + failed == 0 and not skipped:
        failed = max(failed, 1)
    return passed, failed


def count_log(text):
    """Returns [(name, passed, failed, output)] in the log's order; a disabled test is left out."""
    rows = []
    for case in ElementTree.fromstring(text).iter("testcase"):
        if case.get("status") == "disabled":
            continue
        output = case.findtext("system-out") or ""
        rows.append((case.get("name"), *count(output, case.get("status") == "run"), output))
    return rows


def main(path):
    try:
        rows = count_log(Path(path).read_text(errors="replace"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"no test results in {path}: {error}")
        rows = []
    for name, _, failed, output in rows:
        if failed:
            print(f"{name} ends with:", *output.rstrip().splitlines()[-LAST_LINES:], sep="\n    ")
    for name, passed, failed, _ in sorted(rows):
        print(f"{'FAIL' if failed else 'ok':4} {name}: {passed} passed, {failed} failed")
    passed = sum(row[1] for row in rows)
    failed = sum(row[2] for row in rows)
    if passed + failed == 0:  # Nothing ran: that must not look like success.
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
