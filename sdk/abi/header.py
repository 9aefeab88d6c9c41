"""Reads a version of abi.h: its constants, macros, types and structs, as clang and the preprocessor see them.

Nothing in the header may escape: a declaration of a kind that this file does not know is an error, not a gap.
"""
import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# What a field or an argument may be made of (abi.h, "Rules"), besides the header's own names.
SCALARS = {"void", "char", "double", "int32_t", "int64_t", "uint8_t", "uint32_t", "uint64_t"}
WORDS = {"const", "struct", "union"}


@dataclass
class Struct:
    name: str
    fields: list  # of (path, type): ("u.t", "weft_tensor") for a member of an inner union
    top: list = field(default_factory=list)  # names of the direct fields, in order

    def grows(self):
        """A struct that may grow begins with its own size; any other is fixed for ever."""
        return self.fields[0] == ("size", "uint32_t")


@dataclass
class Header:
    structs: dict  # name -> Struct, in order
    opaque: list   # names of structs that only the host can see into
    types: list    # names of typedefs
    macros: dict   # name -> (parameters or None, text)


class Malformed(Exception):
    """The header breaks one of its own rules; the text says which and where."""


def run(*command, text=None):
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Malformed(done.stderr)
    return done.stdout


def members(record, prefix, owner):
    """(path, type) of each member, those of inner unions included."""
    found, inner = [], []
    for node in record.get("inner", []):
        if node["kind"] == "RecordDecl":
            inner.append(node)
        elif node["kind"] == "FieldDecl":
            if node.get("isBitfield") or "name" not in node:
                raise Malformed(f"{owner}: {prefix}{node.get('name', 'an unnamed member')} is a bit-field or has no name.")
            found.append((prefix + node["name"], node["type"]["qualType"]))
            if inner:  # The record defined just before it is its type.
                found += members(inner.pop(), f"{prefix}{node['name']}.", owner)
        elif node["kind"] not in ("FullComment", "PackedAttr"):
            raise Malformed(f"{owner}: {node['kind']} is not known to sdk/abi/header.py.")
    return found


def check_words(type_text, owner, known):
    if "unnamed" in type_text:
        return
    for word in re.findall(r"[A-Za-z_]\w*", type_text):
        if word not in SCALARS | WORDS | known:
            raise Malformed(f"{owner}: \"{word}\" may not cross the boundary; see the rules at the head of abi.h.")


def declarations(path):
    """The header's own top-level nodes. clang names a file only where it changes."""
    tree = json.loads(run("clang", "-x", "c", "-std=c11", "-fsyntax-only", "-Xclang", "-ast-dump=json", path))
    file = None
    for node in tree["inner"]:
        place = node.get("loc", {})
        place = place.get("expansionLoc", place)
        file = place.get("file", file)
        if file is not None and Path(file) == Path(path):
            yield node


def macros(path):
    found = {}
    own = set(re.findall(r"^\s*#\s*define\s+(\w+)", Path(path).read_text(encoding="utf-8"), re.MULTILINE))
    for line in run("clang", "-x", "c", "-std=c11", "-E", "-dM", path).splitlines():
        name, parameters, text = re.fullmatch(r"#define (\w+)(\([^)]*\))? ?(.*)", line).groups()
        if name in own:
            found[name] = (parameters, text)
    return dict(sorted(found.items()))


def read_header(path):
    structs, opaque, types = {}, [], []
    for node in declarations(path):
        kind, name = node["kind"], node.get("name", "")
        if kind not in ("RecordDecl", "TypedefDecl"):
            raise Malformed(f"{path}: {name or kind} is a {kind}; only structs and typedefs may stand there.")
        if not name.startswith("weft_"):
            raise Malformed(f"{path}: {name or kind} must be called weft_….")
        if kind == "TypedefDecl":
            types.append(name)
        elif node.get("completeDefinition"):
            found = members(node, "", name)
            structs[name] = Struct(name, found, [path for path, _ in found if "." not in path])
        elif name not in opaque:
            opaque.append(name)
    opaque = [name for name in opaque if name not in structs]
    known = {*structs, *opaque, *types}
    for struct in structs.values():
        for member, type_text in struct.fields:
            check_words(type_text, f"{struct.name}.{member}", known)
    return Header(structs, opaque, list(dict.fromkeys(types)), macros(path))
