"""Pages have at most 100 columns, so that they are read beside code. Usage: columns_test.py

Rows of tables are free, and so are the words of a program: a fence without a language.
"""
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 100
WRITTEN = "docs/parts/"  # by tools/part_pages.py, of what the parts say


def too_long(text):
    """The numbers of the lines that are too long."""
    lines, fence = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fence = None if fence is not None else line.strip()[3:]
        elif len(line) > MOST and not line.startswith("|") and fence != "":
            lines.append(number)
    return lines


class Columns(unittest.TestCase):
    def test_pages_fit(self):
        names = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
        found = [f"{name}:{number}" for name in names if not name.startswith(WRITTEN)
                 for number in too_long((ROOT / name).read_text(encoding="utf-8"))]
        self.assertEqual(found, [])

    def test_what_is_too_long_is_found(self):
        long = "x" * 101
        self.assertEqual(too_long(f"{long}\n| {long} |\n```\n{long}\n```\n```sh\n{long}\n```\n    {long}\n"), [1, 7, 9])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
