"""Compares the present abi.h with a frozen one: it may have grown, and nothing else.

Usage: growth.py FROZEN.h [PRESENT.h]

Macros are compared by their text. For structs and types this writes a C++ file that includes both headers, each in a
namespace of its own, and asserts at compile time that every field of the frozen header lies where it lay and has the
type it had. The list of what to compare comes from the frozen header itself, so that nobody can forget a field.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from header import Malformed, read_header
from layout import holes, measure

PRESENT = Path(__file__).resolve().parents[1] / "include/weft/abi.h"
COMPILERS = (("g++", "-fmax-errors=50"), ("clang++", "-ferror-limit=50"))

MAY_RISE = {"WEFT_ABI_MINOR", "WEFT_MANIFEST_BYTES"}
# Their text is compiled into the plug-in and read by nobody else; what they produce is checked with golden binaries.
MAY_CHANGE = {"WEFT_EXPORT", "WEFT_MANIFEST_NOTE"}

# Types are the same if they are built alike from the same scalars and from structs of the same name.
SAME = """
template <class Old, class New> struct same : std::is_same<Old, New> {};
template <class Old, class New> struct same<Old*, New*> : same<Old, New> {};
template <class Old, class New> struct same<const Old, const New> : same<Old, New> {};
template <class Old, class New, std::size_t n> struct same<Old[n], New[n]> : same<Old, New> {};
template <class Old, class New, std::size_t n> struct same<const Old[n], const New[n]> : same<Old, New> {};
template <class Old, class New> struct same<Old(), New()> : same<Old, New> {};
template <class Old, class OldFirst, class... OldRest, class New, class NewFirst, class... NewRest>
struct same<Old(OldFirst, OldRest...), New(NewFirst, NewRest...)>
    : std::conjunction<same<OldFirst, NewFirst>, same<Old(OldRest...), New(NewRest...)>> {};
"""


def changed_macros(old, new):
    """What is wrong with the present macros, as sentences."""
    problems = []
    for name, (parameters, text) in old.macros.items():
        if name not in new.macros:
            problems.append(f"{name}: was removed.")
            continue
        new_parameters, new_text = new.macros[name]
        risen = name in MAY_RISE and int(new_text.rstrip("u")) >= int(text.rstrip("u"))
        if new_parameters != parameters or not (new_text == text or risen or name in MAY_CHANGE):
            problems.append(f"{name}: was `{parameters or ''} {text}`, is `{new_parameters or ''} {new_text}`.")
    return problems


def comparison(old, frozen_path, present_path):
    """The C++ file that compiles exactly when every struct and type of `old` is as it was."""
    lines = ["#include <cstddef>", "#include <cstdint>", "#include <stddef.h>", "#include <stdint.h>",
             "#include <type_traits>", "#include <utility>", "namespace frozen {", f'#include "{frozen_path}"', "}"]
    # The second inclusion defines them anew.
    lines += [f"#undef {name}" for name in old.macros]
    lines += ["namespace present {", f'#include "{present_path}"', "}", SAME]
    for name in (*old.opaque, *old.structs):
        lines.append(f"template <> struct same<frozen::{name}, present::{name}> : std::true_type {{}};")

    def check(condition, what):
        lines.append(f'static_assert({condition}, "{what}");')

    for name in old.types:
        if name not in old.structs:
            check(f"same<frozen::{name}, present::{name}>::value", f"{name}: its type has changed")
    for struct in old.structs.values():
        name = struct.name
        relation = ">=" if struct.grows() else "=="
        check(f"sizeof(present::{name}) {relation} sizeof(frozen::{name})", f"{name}: its size has changed")
        check(f"alignof(present::{name}) == alignof(frozen::{name})", f"{name}: its alignment has changed")
        for field, type_text in struct.fields:
            here = f"{name}.{field}"
            check(f"offsetof(present::{name}, {field}) == offsetof(frozen::{name}, {field})", f"{here}: it has moved")
            if "unnamed" in type_text:  # a union, whose members are compared one by one
                continue
            old_type, new_type = (f"decltype(std::declval<{era}::{name}&>().{field})" for era in ("frozen", "present"))
            check(f"same<{old_type}, {new_type}>::value", f"{here}: its type has changed")
    return "\n".join(lines) + "\n"


def compile_errors(compiler, limit, source):
    command = [compiler, "-std=c++17", "-Wno-invalid-offsetof", limit, "-fsyntax-only", "-x", "c++", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    errors = re.findall(r"error: (?:static assertion failed: |static_assert failed )?(?:due to requirement '.*?' )?(.*)", done.stderr)
    return [f"{error.strip(chr(34))} ({compiler})" for error in errors] or [done.stderr]


def growth_problems(frozen_path, present_path=PRESENT):
    """Everything by which the present header breaks what was compiled against the frozen one, as sentences."""
    try:
        old, new = read_header(frozen_path), read_header(present_path)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "present.h")
            copy.write_text(Path(present_path).read_text(encoding="utf-8"), encoding="utf-8")
            problems = changed_macros(old, new) + holes(new, measure(copy, new))
            source = Path(folder, "growth.cpp")
            source.write_text(comparison(old, Path(frozen_path).resolve(), copy), encoding="utf-8")
            for compiler, limit in COMPILERS:
                problems += compile_errors(compiler, limit, source)
        return problems
    except Malformed as error:
        return [str(error)]


if __name__ == "__main__":
    found = growth_problems(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else PRESENT)
    print("\n".join(found) or "The present header has only grown.")
    sys.exit(bool(found))
