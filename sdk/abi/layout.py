"""Sizes and offsets of the header's structs: measured, checked for holes, and written down as a C file of assertions."""
from pathlib import Path

from header import run


def measure(path, header):
    """Size, alignment and offsets of every struct on this machine: {struct: (size, align, {path: (offset, size)})}."""
    lines = ["#include <stdio.h>", Path(path).read_text(encoding="utf-8"), "int main(void) {"]
    for struct in header.structs.values():
        name = struct.name
        lines.append(f'printf("{name} %zu %zu\\n", sizeof({name}), _Alignof({name}));')
        for member, _ in struct.fields:
            lines.append(f'printf("{name} {member} %zu %zu\\n", offsetof({name}, {member}), sizeof((({name}*)0)->{member}));')
    program = Path(path).with_suffix(".layout")
    run("clang", "-x", "c", "-std=c11", "-o", program, "-", text="\n".join([*lines, "return 0;", "}"]))
    try:
        printed = run(program)
    finally:
        program.unlink()
    sizes = {}
    for line in printed.splitlines():
        words = line.split()
        if len(words) == 3:
            sizes[words[0]] = (int(words[1]), int(words[2]), {})
        else:
            sizes[words[0]][2][words[1]] = (int(words[2]), int(words[3]))
    return sizes


def holes(header, sizes):
    """Every pad must be written out (abi.h, "Rules"): where a struct leaves bytes unnamed, as sentences."""
    problems = []
    for name, (size, _, fields) in sizes.items():
        end = 0
        for field in header.structs[name].top:
            offset, width = fields[field]
            if offset != end:
                problems.append(f"{name}.{field}: {offset - end} bytes before it have no name.")
            end = offset + width
        if end != size:
            problems.append(f"{name}: {size - end} bytes at its end have no name.")
    return problems


def assertions(header_name, header, sizes):
    """A C11 file that compiles exactly where every struct is laid out as it is here."""
    lines = ["/* SPDX-License-Identifier: Apache-2.0 */",
             f"/* The layout of every struct of {header_name}, as it was released. Written by sdk/abi/snapshot.py. */",
             f'#include "{header_name}"', ""]

    def check(left, right, what):
        lines.append(f'_Static_assert({left} == {right}, "{what}");')

    for name, (size, align, fields) in sizes.items():
        check(f"sizeof({name})", size, f"{name}: size")
        check(f"_Alignof({name})", align, f"{name}: alignment")
        for field, (offset, width) in fields.items():
            check(f"offsetof({name}, {field})", offset, f"{name}.{field}: offset")
            check(f"sizeof((({name}*)0)->{field})", width, f"{name}.{field}: size")
        last = header.structs[name].top[-1]
        check(f"offsetof({name}, {last}) + sizeof((({name}*)0)->{last})", f"sizeof({name})", f"{name}: ends with {last}")
        lines.append("")
    return "\n".join(lines)
