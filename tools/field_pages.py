"""Writes the end of each page in docs/fields: the keys that a kind of field takes, from the recipe's schema, and a field of a recipe.

Usage: field_pages.py [--check]. With --check nothing is written: the pages that differ are named, status 1.
"""
import json
import re
import sys
import textwrap
from pathlib import Path

from part_pages import limits, table

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs/fields"
MARK = "<!-- What follows is written by `./dev pages`. -->\n"
SCHEMA = json.loads((ROOT / "schemas/recipe.schema.json").read_text())


def resolved(key):
    """The key's schema with what it refers to; its own words win."""
    while "$ref" in key:
        there = SCHEMA
        for step in key["$ref"].removeprefix("#/").split("/"):
            there = there[step]
        key = {**there, **{name: value for name, value in key.items() if name != "$ref"}}
    return key


def values_of(key):
    """`integer ≥ 1`; a reference to a variable goes without saying."""
    if "anyOf" in key:
        ways = [values_of(resolved(way)) for way in key["anyOf"] if way.get("$ref") != "#/$defs/variable"]
        return " or ".join(dict.fromkeys(way for way in ways if not way.startswith("`$")))
    kind = key.get("type", "")
    if kind == "array":
        inner = values_of(resolved(key["items"])) if "items" in key else "values"
        count = str(key["minItems"]) if "minItems" in key and key.get("maxItems") == key["minItems"] else ""
        return f"list of {count + ' ' if count else ''}{inner}"
    return " ".join(word for word in (" or ".join(kind) if isinstance(kind, list) else kind, limits(key)) if word)


def rows_of(properties, required, before=""):
    for name, key in properties.items():
        key = resolved(key)
        if "const" in key:
            continue
        default = f"`{json.dumps(key['default'])}`" if "default" in key else "needed" if name in required else ""
        yield f"`{before}{name}`", values_of(key), default, key.get("description", "")
        if key.get("type") == "object":
            yield from rows_of(key["properties"], key.get("required", []), f"{before}{name}.")


def example_of(kind):
    """The first field of that kind in the shipped recipes, and the recipe's name."""
    for recipe in sorted((ROOT / "recipes").glob("*.json")):
        content = json.loads(re.sub(r"^\s*//.*$", "", recipe.read_text(), flags=re.M))
        for section in content.get("data", {}).values():
            for name, field in ((section or {}).get("fields") or {}).items():
                if isinstance(field, dict) and field.get("kind") == kind:
                    members = [textwrap.fill(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}", 100, subsequent_indent="    ",
                                             break_long_words=False, break_on_hyphens=False) for key, value in field.items()]
                    return recipe.name, f"{json.dumps(name)}: {{\n" + ",\n".join(members) + "\n}"
    return None


def end_of_page(kind, schema):
    lines = [MARK, "## Keys", "", textwrap.fill(schema["description"], 100), "",
             table(("key", "values", "if left out", "meaning"), list(rows_of(schema["properties"], schema["required"]))), ""]
    example = example_of(kind)
    if example:
        lines += [f"## In a recipe: [{example[0]}](../../recipes/{example[0]})", "", "```json", example[1], "```", ""]
    return "\n".join(lines)


def main():
    wrong = []
    kinds = {schema["properties"]["kind"]["const"]: schema for name, schema in SCHEMA["$defs"].items()
             if name.endswith("_field") and "kind" in schema.get("properties", {})}
    for kind, schema in kinds.items():
        path = PAGES / f"{kind}.md"
        there = path.read_text() if path.exists() else f"# `{kind}`\n\n"
        now = there.split(MARK)[0] + end_of_page(kind, schema)
        if now == there:
            continue
        wrong.append(kind)
        if "--check" not in sys.argv:
            path.write_text(now)
    if "--check" in sys.argv:
        for kind in wrong:
            print(f"docs/fields/{kind}.md is not what the schema says. Run ./dev pages.")
        print(f"{len(kinds) - len(wrong)} passed, {len(wrong)} failed")
        return 1 if wrong else 0
    print(f"docs/fields: {len(kinds)} pages, {len(wrong)} of them changed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
