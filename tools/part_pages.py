"""Writes docs/parts: a page for each shipped part, made of its source's head, its ports, its configuration and a recipe.

Usage: part_pages.py BUILD_FOLDER [--check]. With --check nothing is written: the pages that differ are named, status 1.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs/parts"
FOLDERS = {"encoder": "encoders", "decoder": "decoders", "loss": "losses", "metric": "metrics", "function": "functions"}


def weft(build, *arguments):
    return json.loads(subprocess.run([build / "bin/weft", *arguments, "--json"], check=True, capture_output=True, text=True).stdout)


def source_of(part):
    folder = ROOT / "plugins" / FOLDERS.get(part["kind"], part["kind"])
    name = part["id"].split(".", 1)[1]
    return next(folder / (name + ending) for ending in (".cpp", ".c") if (folder / (name + ending)).exists())


def head_comment(source):
    """The comment at the top of a part's source: what it computes, shapes, errors, source."""
    text = source.read_text()
    if source.suffix == ".c":
        comment = re.search(r"^/\* (?!SPDX)(.*?)\*/", text, re.S | re.M).group(1)
        return "\n".join(re.sub(r"^ \* ?", "", line) for line in comment.splitlines()).strip()
    lines = [line for line in text.splitlines() if line.startswith("///")]
    first = text.splitlines().index(lines[0])
    comment = []
    for line in text.splitlines()[first:]:
        if not line.startswith("///"):
            break
        comment.append(re.sub(r"^/// ?", "", line))
    return "\n".join(comment).strip()


def cell(text):
    return str(text).replace("|", "\\|")


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(map(cell, row)) + " |" for row in rows])


def ports_table(part):
    rows = []
    for port in part["ports"]:
        role = port["role"] + (", optional" if port["optional"] else "") + (", list" if port["list"] else "") + (
            ", on demand" if port["on_demand"] else "")
        rows.append((f"`{port['name']}`", role, f"`{port['shape']}`", port["types"], port["description"]))
    return table(("port", "role", "shape", "types", "meaning"), rows)


def follows(field):
    """The wire that a silent recipe takes the value from."""
    source = field.get("x-from") or field.get("$defs", {}).get("x-from")
    if not source:
        return ""
    what = f"axis {source['axis']}" if "axis" in source else "the classes"
    return f" If left out, {what} of what is wired to `{source['port']}`."


def limits(field):
    words = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
    found = [word.format(field[key]) for key, word in words.items() if key in field]
    if "enum" in field:
        found.append(", ".join(f"`{value}`" for value in field["enum"]))
    return "; ".join(found)


def config_table(part):
    fields = part["config"].get("properties", {})
    if not fields:
        return "None."
    return table(("field", "type", "default", "values", "meaning"),
                 [(f"`{name}`", field.get("type", ""), f"`{json.dumps(field['default'])}`" if "default" in field else "",
                   limits(field), field.get("description", "") + follows(field)) for name, field in fields.items()])


def example_of(part):
    """The first node of a shipped recipe that uses the part, and the recipe's name."""
    for recipe in sorted((ROOT / "recipes").glob("*.json")):
        content = json.loads(re.sub(r"^\s*//.*$", "", recipe.read_text(), flags=re.M))
        for section in ("graph", "losses", "metrics"):
            for name, node in (content.get(section) or {}).items():
                if isinstance(node, dict) and node.get("use", "").split("@")[0] == part["id"]:
                    members = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in node.items()]
                    return recipe.name, f"{json.dumps(name)}: {{\n" + ",\n".join(members) + "\n}"
    return None


def page(part):
    source = source_of(part)
    example = example_of(part)
    lines = [f"# {part['id']} {part['version']}", "", part["summary"], "", "```text", head_comment(source), "```", "",
             "## Ports", "", ports_table(part), "", "## Configuration", "", config_table(part), ""]
    if example:
        lines += [f"## In a recipe: [{example[0]}](../../recipes/{example[0]})", "", "```json", example[1], "```", ""]
    lines += [f"Source: [{source.relative_to(ROOT)}](../../{source.relative_to(ROOT)}).", "This page is written by `./dev pages`.", ""]
    return "\n".join(lines)


def index(parts):
    lines = ["# Shipped parts", "", "A page for each part: what it computes, its ports, its configuration, a node of a recipe.",
             "`weft plugin info ID` prints the same of any part, third parties' included.", ""]
    for kind in dict.fromkeys(part["kind"] for part in parts):
        lines += [f"## {kind}", "", table(("part", "does"), [(f"[{part['id']}]({part['id']}.md)", part["summary"])
                                                            for part in parts if part["kind"] == kind]), ""]
    return "\n".join(lines)


def main():
    build, check = Path(sys.argv[1]).resolve(), "--check" in sys.argv
    folder = build / "lib/weft/plugins"
    parts = [weft(build, "plugin", "info", part["id"], "--plugins", folder)[0]
             for part in weft(build, "plugin", "list", "--plugins", folder)["parts"]]
    pages = {"README.md": index(parts), **{part["id"] + ".md": page(part) for part in parts}}
    there = {file.name: file.read_text() for file in PAGES.glob("*.md")} if PAGES.exists() else {}
    wrong = sorted(name for name in {**pages, **there} if pages.get(name) != there.get(name))
    if check:
        for name in wrong:
            print(f"docs/parts/{name} is not what the parts say. Run ./dev pages.")
        print(f"{len(pages) - len(wrong)} passed, {len(wrong)} failed")
        return 1 if wrong else 0
    PAGES.mkdir(exist_ok=True)
    for name in wrong:
        if name in pages:
            (PAGES / name).write_text(pages[name])
        else:
            (PAGES / name).unlink()
    print(f"docs/parts: {len(pages)} pages, {len(wrong)} of them changed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
