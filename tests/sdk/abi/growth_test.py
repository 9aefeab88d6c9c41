"""The header may only grow: today's abi.h against every frozen one, and the comparison itself against changed copies."""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "sdk/abi"))
from growth import PRESENT, growth_problems  # noqa: E402
from header import read_header  # noqa: E402
from layout import assertions, measure  # noqa: E402

ABI = ROOT / "sdk/abi"
RELEASES = json.loads((ABI / "releases.json").read_text(encoding="utf-8"))["releases"]
NEWEST = ABI / RELEASES[-1]["header"]
MINOR = int(RELEASES[-1]["abi"].split(".")[1])

# (what, text of the header, what replaces it, what the comparison must say)
BREAKS = [
    ("a function goes",
     "  weft_status (*rename)(weft_migration, const char* from, const char* to);\n} weft_migration_api;",
     "} weft_migration_api;", "weft_migration_api.*rename"),
    ("two fields change places", "  uint32_t merge;\n  const char* name;\n  const int64_t* sizes;",
     "  uint32_t merge;\n  const int64_t* sizes;\n  const char* name;", "weft_state.name: it has moved"),
    ("two fields of one type change places", "  uint32_t role;\n  uint32_t flags;\n  uint32_t n_in;",
     "  uint32_t flags;\n  uint32_t role;\n  uint32_t n_in;", "weft_call.role: it has moved"),
    ("a field goes", "  int64_t pad_id;     /* follows the end */\n", "", "pad_id"),
    ("a field of another name", "  int64_t pad_id; ", "  int64_t padding_id; ", "pad_id"),
    ("a field in the middle", "  uint32_t direction;\n", "  uint32_t direction, more;\n  uint32_t again;\n",
     "weft_port.flags: it has moved"),
    ("signed for unsigned", "  uint32_t n_in; ", "  int32_t n_in; ", "weft_call.n_in: its type has changed"),
    ("a floating number for an integer", "  int64_t begin_id; ", "  double begin_id; ",
     "weft_autoregressive.begin_id: its type has changed"),
    ("a pointer to what may be changed", "  const weft_tensor* parameters;", "  weft_tensor* parameters;",
     "weft_call.parameters: its type has changed"),
    ("a pointer that may not be changed", "  weft_op* slot;", "  const weft_op* slot;", "weft_operation.slot: its type has changed"),
    ("another handle", "  weft_generator generator;\n", "  weft_context generator;\n",
     "weft_call.generator: its type has changed"),
    ("a handle of another kind", "typedef struct weft_saved_s* weft_saved;", "typedef struct weft_op_s* weft_saved;", "weft_saved"),
    ("an argument's type", "uint32_t (*enabled)(void)", "uint32_t (*enabled)(uint32_t)",
     "weft_grad_api.enabled: its type has changed"),
    ("an argument more", "void (*release)(weft_tensor);", "void (*release)(weft_tensor, uint32_t);",
     "weft_tensor_api.release: its type has changed"),
    ("a function's result", "void (*destroy)(void* self);", "weft_status (*destroy)(void* self);",
     "weft_component.destroy: its type has changed"),
    ("arguments change places", "(*declare_size)(weft_context, const char* symbol, int64_t value)",
     "(*declare_size)(weft_context, int64_t value, const char* symbol)", "weft_core_api.declare_size: its type has changed"),
    ("a pointer argument's constness", "(*meta)(weft_tensor, weft_tensor_meta* out)", "(*meta)(weft_tensor, const weft_tensor_meta* out)",
     "weft_tensor_api.meta: its type has changed"),
    ("the entry's type", "(*weft_entry)(const weft_host* host,", "(*weft_entry)(weft_host* host,", "weft_entry: its type has changed"),
    ("the status type", "typedef int32_t weft_status;", "typedef int64_t weft_status;", "weft_status: its type has changed"),
    ("a member of the union", "    const char* s;\n", "    char* s;\n", "weft_value.u.s: its type has changed"),
    ("a value that is fixed grows", "  weft_value value;\n} weft_named_value;", "  weft_value value;\n  uint64_t more;\n} weft_named_value;",
     "weft_named_value: its size has changed"),
    ("more axes", "#define WEFT_MAX_DIMS 8", "#define WEFT_MAX_DIMS 9", "weft_spec: its size has changed"),
    ("a constant's value", "#define WEFT_INDEX 4 ", "#define WEFT_INDEX 9 ", "WEFT_INDEX: was ` 4`, is ` 9`"),
    ("a constant's type", "#define WEFT_MERGE_MAX 1u", "#define WEFT_MERGE_MAX 1", "WEFT_MERGE_MAX: was"),
    ("a constant goes", "#define WEFT_MERGE_MIN 2u\n", "", "WEFT_MERGE_MIN: was removed"),
    ("an extension's name", '"weft.autoregressive/1"', '"weft.autoregressive/2"', "WEFT_AUTOREGRESSIVE: was"),
    ("the entry's name", "#define WEFT_ENTRY weft_plugin_v0", "#define WEFT_ENTRY weft_plugin_v1", "WEFT_ENTRY: was"),
    ("a macro of sizes", "+ sizeof((p)->field) <= (p)->size)", "<= (p)->size)", "WEFT_HAS: was"),
    ("the minor falls", f"#define WEFT_ABI_MINOR {MINOR}u", f"#define WEFT_ABI_MINOR {MINOR - 1}u", "WEFT_ABI_MINOR: was"),
    ("a hole", "  int64_t pad_id; ", "  uint32_t more; int64_t another; int64_t pad_id; ", "weft_autoregressive.another: 4 bytes"),
    ("a hole at the end", "  const char* host; /*", "  const char* host; uint32_t more; /*", "weft_host_version: 4 bytes at its end"),
    ("a type that may not cross", "  const char* host; /*", "  const char* host; unsigned long more; /*", '"unsigned" may not cross'),
    ("a bit-field", "  const char* host; /*", "  const char* host; uint32_t more : 3; /*", "bit-field"),
    ("an enum", "/* ---- extensions ---- */", "enum weft_colour { WEFT_RED };", "only structs and typedefs"),
    ("a function", "/* ---- extensions ---- */", "void weft_do(void);", "only structs and typedefs"),
]

GROWS = [
    ("a field at the end", "  const char* host; /*", "  const char* host; uint64_t more; /*"),
    ("a function at the end", "const char* from, const char* to);\n} weft_migration_api;",
     "const char* from, const char* to);\n  weft_status (*more)(weft_tensor);\n} weft_migration_api;"),
    ("a struct", "/* ---- extensions ---- */", "typedef struct weft_more { uint32_t size, reserved; } weft_more;"),
    ("a handle and its type", "/* ---- extensions ---- */", "typedef struct weft_more_s* weft_more;"),
    ("a constant", "#define WEFT_MERGE_CONCAT 3u", "#define WEFT_MERGE_MEAN 4u\n#define WEFT_MERGE_CONCAT 3u"),
    ("the minor", f"#define WEFT_ABI_MINOR {MINOR}u", f"#define WEFT_ABI_MINOR {MINOR + 1}u"),
    ("an argument's name and comments", "(*declare_size)(weft_context, const char* symbol,", "(*declare_size)(weft_context, /* of a port */ const char* name,"),
    ("the note's text", 'sizeof WEFT_NOTE_OWNER, WEFT_MANIFEST_BYTES,', 'sizeof(WEFT_NOTE_OWNER), WEFT_MANIFEST_BYTES,'),
]


class Growth(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def changed(self, old, new):
        text = NEWEST.read_text(encoding="utf-8")
        self.assertEqual(text.count(old), 1, f"the frozen header has not one {old!r}")
        path = self.folder / "changed.h"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    def test_the_present_header_has_only_grown(self):
        for release in RELEASES:
            with self.subTest(abi=release["abi"]):
                self.assertEqual(growth_problems(ABI / release["header"]), [])

    def test_what_was_added_has_a_minor_version_of_its_own(self):
        """Else a plug-in could need what a host of that very version lacks. Swapped, an addition is a removal."""
        minors = [read_header(path).macros["WEFT_ABI_MINOR"] for path in (PRESENT, NEWEST)]
        if minors[0] == minors[1]:
            self.assertEqual(growth_problems(PRESENT, NEWEST), [],
                             "abi.h has grown since the snapshot of its version: raise WEFT_ABI_MINOR and run ./dev snapshot")
        for what, old, new in GROWS[:5]:
            with self.subTest(what):
                self.assertNotEqual(growth_problems(self.changed(old, new), NEWEST), [])

    def test_what_breaks_old_binaries_is_found(self):
        for what, old, new, text in BREAKS:
            with self.subTest(what):
                problems = growth_problems(NEWEST, self.changed(old, new))
                self.assertRegex("\n".join(problems), text)

    def test_both_compilers_find_it(self):
        problems = growth_problems(NEWEST, self.changed("  uint32_t n_in; ", "  int32_t n_in; "))
        self.assertEqual(problems, [f"weft_call.n_in: its type has changed ({compiler})" for compiler in ("g++", "clang++")])

    def test_what_only_adds_passes(self):
        for what, old, new in GROWS:
            with self.subTest(what):
                self.assertEqual(growth_problems(NEWEST, self.changed(old, new)), [])

    def test_every_line_that_declares_is_compared(self):
        """No field and no constant of the frozen header is beyond the comparison: each is removed once, and missed."""
        header = read_header(NEWEST)
        text = NEWEST.read_text(encoding="utf-8")
        constants = {name for name in re.findall(r"^#define (WEFT_\w+)", text, re.MULTILINE)}
        self.assertEqual(constants, set(header.macros))
        for struct in header.structs.values():
            body = re.search(rf"struct {struct.name} \{{(.*?)^\}}", text, re.MULTILINE | re.DOTALL)[1]
            body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
            declared = re.findall(r"\(\*(\w+)\)\s*\(|(\w+)(?:\[\w+\])?\s*[;,](?![^(]*\)\s*;)", body)
            names = [one or other for one, other in declared]
            self.assertEqual(sorted(names), sorted(field.split(".")[-1] for field, _ in struct.fields), struct.name)


class Layout(unittest.TestCase):
    def compile(self, compiler, *options, source):
        command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", *options, source]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)

    def test_every_struct_lies_as_it_was_released(self):
        for release in RELEASES:
            source = (ABI / release["header"]).with_suffix(".c")
            for compiler in ("gcc", "clang"):
                with self.subTest(source.name, compiler=compiler):
                    self.assertEqual(self.compile(compiler, source=source).stderr, "")

    def test_the_assertions_are_complete(self):
        for release in RELEASES:
            path = ABI / release["header"]
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder, path.name)
                copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
                header = read_header(copy)
                self.assertEqual(path.with_suffix(".c").read_text(encoding="utf-8"),
                                 assertions(path.name, header, measure(copy, header)))

    def test_another_layout_does_not_compile(self):
        source = NEWEST.with_suffix(".c")
        for compiler in ("gcc", "clang"):
            narrow = self.compile(compiler, "-m32", "-ffreestanding", source=source)
            self.assertIn("weft_spec: alignment", narrow.stderr)
            self.assertNotEqual(narrow.returncode, 0)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, source.name)
            copy.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
            copy.with_suffix(".h").write_text(NEWEST.read_text(encoding="utf-8").replace("  int64_t pad_id;", "  int32_t pad_id;"),
                                              encoding="utf-8")
            narrow = self.compile("gcc", source=copy)
            self.assertIn("weft_autoregressive.pad_id: size", narrow.stderr)
            self.assertIn("weft_autoregressive: ends with pad_id", narrow.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
