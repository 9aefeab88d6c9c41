"""Are docs/abi/functions.md and docs/abi/life-cycle.md complete? Usage: abi_test.py

Every function pointer of every table in abi.h must have a row in the section of its struct, and a row must belong to a function;
every entry of a library and a part must stand in the table of states; every link between the pages must lead somewhere.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "sdk/include/weft/abi.h"
PAGES = ROOT / "docs/abi"


def functions_of(header):
    """{struct: names of its function pointers} of a header's text."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    found = {}
    for body, name in re.findall(r"\bstruct \w+ \{(.*?)\n\} ?(\w*);", text, re.S):
        tag = name or re.search(r"struct (\w+) \{" + re.escape(body), text).group(1)
        pointers = re.findall(r"\(\*(\w+)\)", body)
        if pointers:
            found[tag] = pointers
    return found


def rows_of(page):
    """{struct: first words of the rows in the section whose heading names it}"""
    found, struct = {}, None
    for line in page.splitlines():
        if line.startswith("## "):
            struct = (re.findall(r"`(weft_\w+)`", line) or [None])[-1]
        elif struct and (row := re.match(r"\| `(\w+)` \|", line)):
            found.setdefault(struct, []).append(row.group(1))
    return found


def problems(header, functions, life_cycle):
    wanted, there = functions_of(header), rows_of(functions)
    wanted["weft_plugin"] = ["weft_plugin_v0", *wanted["weft_plugin"]]
    found = [f"functions.md says nothing of {struct}.{name}"
             for struct, names in wanted.items() for name in names if name not in there.get(struct, [])]
    found += [f"functions.md tells of {struct}.{name}, which abi.h does not have"
              for struct, names in there.items() for name in names if name not in wanted.get(struct, [])]
    entries = "\n".join(line for line in life_cycle.splitlines() if line.startswith("| `"))
    found += [f"life-cycle.md has no row of {name}" for struct in ("weft_plugin", "weft_component") for name in wanted[struct]
              if f"`{name}`" not in entries]
    return found


def main():
    header = HEADER.read_text(encoding="utf-8")
    functions = (PAGES / "functions.md").read_text(encoding="utf-8")
    life_cycle = (PAGES / "life-cycle.md").read_text(encoding="utf-8")
    wrong = problems(header, functions, life_cycle)
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                wrong.append(f"{page.name} links to {target}, which is not there")
    # The check itself, tried: one function more, one row less, one row too many.
    more = header.replace("weft_status (*init)(const weft_host* host);",
                          "weft_status (*init)(const weft_host* host); void (*pause)(void);")
    tried = [problems(more, functions, life_cycle), problems(header, functions.replace("| `retain` |", "| retain |"), life_cycle),
             problems(header, functions.replace("| `retain` |", "| `retrain` |"), life_cycle),
             problems(header, functions, life_cycle.replace("`deinit`", "deinit"))]
    wrong += [f"trial {i} of the check finds nothing" for i, result in enumerate(tried) if not result]
    print("\n".join(wrong))
    print(f"{1 - bool(wrong)} passed, {int(bool(wrong))} failed")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
