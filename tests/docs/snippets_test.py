"""Are the code blocks that a page takes from a file still what the file says? Usage: snippets_test.py

A block of code below `<!-- FILE: NAME -->` must be the lines of FILE between its two lines that hold `[NAME]` alone in a comment; below
`<!-- FILE -->` all of FILE. The files are those that the tests build.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^<!-- (\S+?)(?:: (\w+))? -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FEWEST = {"docs/abi/plugin-in-c.md": 9}


def region(text, name):
    """The lines between two comments that hold [name] alone."""
    parts = re.split(rf"^\s*(?:/\*|//|#) \[{name}\](?: \*/)?\n", text, flags=re.MULTILINE)
    return parts[1] if len(parts) == 3 else None


def problems(page, text, root):
    found = []
    blocks = BLOCK.findall(text)
    if len(blocks) < FEWEST.get(page, 0):
        found.append(f"{page}: takes {len(blocks)} blocks from files, expected {FEWEST[page]}")
    for file, name, block in blocks:
        whole = (root / file).read_text(encoding="utf-8") if (root / file).is_file() else None
        lines = region(whole, name) if whole is not None and name else whole
        where = f"{file}{': ' + name if name else ''}"
        if lines is None:
            found.append(f"{page}: {where} is not there")
        elif lines != block:
            found.append(f"{page}: the block below `{where}` is not what the file says")
    return found


def main():
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    wrong = [problem for page in pages for problem in problems(str(page.relative_to(ROOT)), page.read_text(encoding="utf-8"), ROOT)]
    # The check itself, tried: a changed line, a region and a file that are not there, too few blocks.
    page = (ROOT / "docs/abi/plugin-in-c.md").read_text(encoding="utf-8")
    for changed in (page.replace("  free(self);", "  free(text);", 1), page.replace(": create -->", ": creation -->", 1),
                    page.replace("birdsong_c.c:", "birdsong.c:"), page.replace("<!-- ", "<!- ")):
        if changed == page or not problems("docs/abi/plugin-in-c.md", changed, ROOT):
            wrong.append("the test does not see what is wrong in a changed page")
    print("\n".join(wrong))
    print("1 passed, 0 failed" if not wrong else "0 passed, 1 failed")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
