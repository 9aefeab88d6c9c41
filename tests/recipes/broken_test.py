"""Every recipe of tests/recipes/broken is refused with its sentences. Usage: broken_test.py BUILD_FOLDER [NAME…]

A file of it holds one theme: a list of {"name", "says", …}. The recipe is
    "base": a recipe of recipes/, in which "set" puts values at JSON pointers and "delete" removes some, or
    "text": the whole text.
"says" has every problem that is told, "/pointer: sentence", in the order in which they are; what is left out of a sentence is "…".
"line" is where a problem of a text lies; in a changed recipe it must lie where its pointer does, "at" (a pointer for each) else.
"exit" is the exit code, if not 78. The last line is `N passed, N failed`.
"""
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BAD_RECIPE = 78
PLACE = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+): (?P<what>.*)")


def keys_of(pointer):
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]


def step(value, key):
    return value[int(key)] if isinstance(value, list) else value[key]


def parent_of(recipe, pointer):
    *above, last = keys_of(pointer)
    for key in above:
        recipe = step(recipe, key)
    return recipe, int(last) if isinstance(recipe, list) else last


def recipe_of(base):
    text = (ROOT / "recipes" / f"{base}.json").read_text()
    return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))


def text_of(case):
    if "text" in case:
        return case["text"]
    recipe = recipe_of(case["base"])
    for pointer, value in case.get("set", {}).items():
        place, key = parent_of(recipe, pointer)
        place[key] = value
    for pointer in case.get("delete", []):
        place, key = parent_of(recipe, pointer)
        del place[key]
    return json.dumps(recipe, indent=1)  # every value has a line of its own


def lines_of(value, pointer="", line=1, found=None):
    """The line of every value, by pointer, as json.dumps(indent=1) writes it; returns the last line too."""
    found = {} if found is None else found
    found[pointer] = line
    if isinstance(value, (dict, list)) and value:
        for key, inside in value.items() if isinstance(value, dict) else enumerate(value):
            name = str(key).replace("~", "~0").replace("/", "~1")
            line, _ = lines_of(inside, f"{pointer}/{name}", line + 1, found)
        line += 1
    return line, found


def line_of(case, text, pointer):
    """Where a sentence about this pointer must stand: its line, or that of the nearest value around it."""
    if "line" in case:
        return case["line"]
    found = lines_of(json.loads(text))[1]
    while pointer not in found:
        pointer = pointer.rpartition("/")[0]
    return found[pointer]


def says(expected, told):
    return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), told) is not None


def faults_of(case, path, result):
    """What is wrong with what was told."""
    if result.returncode != case.get("exit", BAD_RECIPE):
        return [f"exit code {result.returncode}"]
    told = [line.strip() for line in result.stderr.splitlines()]
    count = f"{len(case['says'])} problem{'s' if len(case['says']) > 1 else ''}"
    if told[0] != f"weft: error: {path} has {count}:" or len(told) != len(case["says"]) + 1:
        return [f"not {count}"]
    faults = []
    for i, (expected, line) in enumerate(zip(case["says"], told[1:])):
        place = PLACE.fullmatch(line)
        what = place["what"].replace(str(path.parents[1]), "TREE") if place else line
        if place is None or place["file"] != str(path):
            faults.append(f"no place in the recipe: {line}")
        elif not says(expected, what):
            faults.append(f"expected {expected}\n         found    {what}")
        else:
            pointer = case["at"][i] if "at" in case else expected.split(": ")[0] if expected.startswith("/") else ""
            line = line_of(case, path.read_text(), pointer)
            if int(place["line"]) != line:
                faults.append(f"line {place['line']} instead of {line}: {what}")
    return faults


def check(program, tree, number, case):
    path = tree / "recipes" / f"broken_{number}.json"
    path.write_text(text_of(case))
    result = subprocess.run([program, "check", path], capture_output=True, text=True, check=False, timeout=600)
    faults = faults_of(case, path, result)
    return [*faults, *result.stderr.splitlines()[:12]] if faults else []


def tree_of_links(folder):
    """Beside the broken recipes lies what they name."""
    tree = Path(folder)
    (tree / "recipes").mkdir()
    for name in ("examples", "schemas"):
        (tree / name).symlink_to(ROOT / name)
    for recipe in (ROOT / "recipes").glob("*.json"):
        (tree / "recipes" / recipe.name).symlink_to(recipe)
    return tree


def main(build, names):
    cases = [(f"{file.stem}: {case['name']}", case) for file in sorted((Path(__file__).parent / "broken").glob("*.json"))
             for case in json.loads(file.read_text()) if not names or case["name"] in names]
    if len({name for name, _ in cases}) != len(cases):
        sys.exit("two broken recipes have one name.")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as processors:
        tree = tree_of_links(folder)
        checked = list(processors.map(lambda one: check(build / "bin/weft", tree, one[0], one[1][1]), enumerate(cases)))
    for (name, _), faults in zip(cases, checked):
        if faults:
            print(f"FAIL {name}")
            print("\n".join(f"    {line}" for line in faults))
    failed = sum(bool(faults) for faults in checked)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
