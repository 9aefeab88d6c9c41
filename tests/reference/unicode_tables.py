# SPDX-License-Identifier: Apache-2.0
"""Writes plugins/metrics/text/unicode_tables.inc from Python's unicodedata.

    python3 tests/reference/unicode_tables.py          (Python 3.11, Unicode 14)

The text metrics follow tools in Python, so that its categories and its lower() are the reference.
"""

import os
import sys
import unicodedata

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../plugins/metrics/text/unicode_tables.inc")
POINTS = [c for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]


def ranges(wanted):
    found = []
    for c in POINTS:
        if not wanted(chr(c)):
            continue
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return [f"{{0x{a:x}, 0x{b:x}}}" for a, b in found]


def lower_ranges():
    """[first, last, step, distance]: those of several letters are left out."""
    found = []
    for c in POINTS[128:]:
        low = chr(c).lower()
        if len(low) != 1 or ord(low) == c:
            continue
        delta = ord(low) - c
        if found and found[-1][3] == delta:
            first, last, step, _ = found[-1]
            if c - last <= 2 and step in (0, c - last):
                found[-1][1:3] = [c, c - last]
                continue
        found.append([c, c, 0, delta])
    return [f"{{0x{a:x}, 0x{b:x}, {max(step, 1)}, {delta}}}" for a, b, step, delta in found]


def table(kind, name, entries):
    lines, line = [f"constexpr {kind} {name}[] = {{"], "   "
    for entry in entries:
        if len(line) + len(entry) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {entry},"
    return "\n".join([*lines, line, "};"])


with open(OUT, "w", encoding="utf-8") as out:
    print("// SPDX-License-Identifier: Apache-2.0", file=out)
    print(f"// Written by tests/reference/unicode_tables.py: Unicode {unicodedata.unidata_version}.\n", file=out)
    for name, category in (("k_punctuation", "P"), ("k_symbols", "S"), ("k_numbers", "N")):
        print(table("CodeRange", name, ranges(lambda c: unicodedata.category(c)[0] == category)), file=out)
    print(table("CodeRange", "k_letters_and_digits", ranges(str.isalnum)), file=out)
    print(table("CodeRange", "k_blanks", ranges(str.isspace)), file=out)
    print(table("LowerRange", "k_lower", lower_ranges()), file=out)
