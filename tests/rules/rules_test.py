"""Rules of the tree that a compiler does not check. Usage: rules_test.py [ROOT]

Each rule takes the root of a tree and returns its problems as sentences. Each is also tried on small made-up trees: it
must find what is wrong there and nothing in a good one, so that no rule passes by looking at nothing.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Who may include whom under host/ (its own room apart). `base` is open to all.
ROOMS = {
    "base": "",
    "registry": "base",
    "recipe": "base",
    "constraint": "base recipe",
    "engine": "base",
    "distribution": "base engine",
    "data": "base",
    "report": "base checkpoint",
    "checkpoint": "base engine",
    "graph": "base recipe registry engine constraint",
    "optim": "base recipe engine graph",
    "generation": "base recipe graph engine constraint",
    "evaluation": "base graph data generation engine recipe",
    "training": "base graph optim data engine checkpoint report recipe evaluation generation registry",
    "conformance": "base registry recipe engine graph",
    "session": "base registry recipe engine distribution data report checkpoint graph optim generation evaluation "
               "training",
    "command": "base registry recipe engine distribution data report checkpoint graph optim generation evaluation "
               "training conformance session",
}
# The rooms inside host/data likewise.
DATA_ROOMS = {
    "storage": "",
    "codec": "storage",
    "batch": "",
    "section": "",
    "text": "storage section",
    "masking": "text",
    "image": "storage codec section masking",
    "audio": "storage codec batch section",
    "video": "codec batch section image",
    "document": "batch section masking image audio",
    "fields": "storage codec batch section text masking image audio video document",
    "dataset": "storage batch section text masking image audio video document fields",
    "loading": "storage codec batch document fields dataset",
    "inspect": "storage codec batch section text masking image audio video document fields dataset loading",
}
# Includes that break the order and are to go: a document's row reads what an opened data set holds.
UPWARD = {("host/data/document/document.hpp", "host/data/dataset/content.hpp")}
MAX_LINES = 400
# The contract is one file, so that a plug-in in any language reads it alone; half of it is documentation.
MAX_LINES_OF = {"host/training/trainer.cpp": 150, "sdk/include/weft/abi.h": 650,
                # The classes of declarations name one another.
                "sdk/include/weft/parameters.hpp": 410}
# As a whole name or its last word: `tensor_utils.cpp` is banned, `longest_common_subsequence.cpp` is a good name.
BANNED_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"}
UNTRACKED = {".git", ".deps", "build", "runs", "__pycache__"}
CODE = {".h", ".hpp", ".c", ".cpp"}
TEXT = CODE | {".cmake", ".txt", ".py", ".sh", ".json", ".md", ".lock", ""}

CXX_HEADERS = set("""
algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat charconv chrono cinttypes
ciso646 climits clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg
cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem format
forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list
locale map memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex
scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string
string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set
utility valarray variant vector version
""".split())
C_HEADERS = {f"{name}.h" for name in """
assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
""".split()}
STANDARD = CXX_HEADERS | C_HEADERS

INCLUDE = re.compile(r'^\s*#\s*(?:include|import)\s*([<"])([^>"]+)[>"]')


# ---- reading the tree ---------------------------------------------------------------------------------------------


def files(root, under="", suffixes=TEXT):
    """Yields the paths, relative to the root, of the files below one of its folders, in order."""
    for folder, folders, names in os.walk(root / under):
        folders[:] = sorted(name for name in folders if name not in UNTRACKED)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in suffixes and not path.is_symlink():
                yield path.relative_to(root)


def lines(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace").splitlines()


def includes(root, under=""):
    """Yields (path, "path:line", `<` or `"`, included name)."""
    for path in files(root, under, CODE):
        for number, line in enumerate(lines(root, path), 1):
            if match := INCLUDE.match(line):
                yield path, f"{path}:{number}", match[1], match[2]


# ---- the rules ----------------------------------------------------------------------------------------------------


def rooms_include_only_the_rooms_below_them(root):
    problems = []
    for path, place, _, name in includes(root, "host"):
        room, parts = path.parts[1], name.split("/")
        allowed = {room, "base", *ROOMS.get(room, "").split()}
        if room not in ROOMS:
            problems.append(f"{place}: host/{room} is not in the table of rooms; add it to ROOMS in this test.")
        elif ".." in parts:
            problems.append(f"{place}: includes {name}; name the file from the root of the tree.")
        elif parts[0] in ("plugins", "tests", "examples"):
            problems.append(f"{place}: includes {name}; the host does not depend on {parts[0]}/.")
        elif parts[0] == "host" and parts[1] not in allowed:
            problems.append(f"{place}: includes {name}; {room} may include only {', '.join(sorted(allowed))}.")
    return problems


def rooms_of_data_include_only_the_rooms_below_them(root):
    problems, found = [], set()
    for path, place, _, name in includes(root, "host/data"):
        room, parts = path.parts[2], name.split("/")
        if len(path.parts) < 4 or room not in DATA_ROOMS:
            problems.append(f"{place}: lies in no room of host/data; add its folder to DATA_ROOMS in this test.")
        elif parts[:2] != ["host", "data"] or (path.as_posix(), name) in UPWARD:
            found.add((path.as_posix(), name))
        elif len(parts) < 4 or parts[2] not in {room, *DATA_ROOMS[room].split()}:
            problems.append(f"{place}: includes {name}; {room} may include only "
                            f"{', '.join([room, *DATA_ROOMS[room].split()])}.")
    stale = UPWARD - found if (root / "host/data/document").exists() else set()
    return problems + [f"{path}: no longer includes {name}; take it out of UPWARD in this test." for path, name in stale]


def only_the_engine_includes_libtorch(root):
    """Benchmarks may too: they time what a direct call costs. And the device of tests, which is LibTorch's to see."""
    problems = []
    for path, place, _, name in includes(root):
        if name == "torch/torch.h":
            problems.append(f"{place}: includes torch/torch.h, which costs 30 s a file; include what is used.")
        elif name.split("/")[0] in ("ATen", "torch", "c10") and path.parts[:2] not in (("host", "engine"), ("tests", "bench")) \
                and path != Path("tests/support/fake_device.cpp"):
            problems.append(f"{place}: includes {name}; only host/engine sees LibTorch.")
    return problems


def json_hpp_stays_out_of_headers(root):
    return [f"{place}: includes {name}; only a .cpp may (nlohmann/json_fwd.hpp is for headers)."
            for path, place, _, name in includes(root) if name == "nlohmann/json.hpp" and path.suffix != ".cpp"]


def plugins_include_only_the_sdk(root):
    problems = []
    for path, place, bracket, name in [*includes(root, "plugins"), *includes(root, "examples")]:
        own = bracket == '"' and ".." not in name and (root / path.parent / name).exists()
        if not (own or name in STANDARD or (bracket == "<" and name.startswith("weft/") and ".." not in name)):
            problems.append(f"{place}: includes {name}; a plug-in may include <weft/…>, the standard library and "
                            "headers of its own folder.")
    return problems


def the_sdk_includes_only_itself(root):
    return [f"{place}: includes {name}; the SDK's headers may include only weft/ and the standard library."
            for _, place, _, name in includes(root, "sdk/include/weft")
            if name not in STANDARD and (not name.startswith("weft/") or ".." in name)]


def files_are_short(root):
    problems = []
    for path in files(root, suffixes=CODE | {".cmake", ".py", ".sh"}):
        if path.parts[:3] == ("sdk", "abi", "frozen"):  # Written by sdk/abi/snapshot.py.
            continue
        most, count = MAX_LINES_OF.get(path.as_posix(), MAX_LINES), len(lines(root, path))
        if count > most:
            problems.append(f"{path}: has {count} lines; {most} are allowed. Divide it by what it is about.")
    return problems


def types_of_the_host_have_names_of_their_own(root):
    """All rooms share one namespace: of two types with one name, a linker takes either one's functions for both."""
    problems, seen = [], {}
    for path in files(root, "host", {".hpp"}):
        for number, line in enumerate(lines(root, path), 1):
            match = re.match(r"(?:struct|class) (?:WEFT_\w+ )?(\w+)(?: final)? *(?:\{|:[^:])", line)
            if match and match[1] in seen:
                problems.append(f"{path}:{number}: {match[1]} is also a type of {seen[match[1]]}; rename one.")
            elif match:
                seen[match[1]] = path
    return problems


def names_say_what_is_inside(root):
    problems = []
    for path in files(root):
        for part in path.parts if "gloo_names" not in path.parts else ():  # Gloo named those
            stem = part.split(".")[0].removesuffix("_test")
            if stem in BANNED_NAMES or stem.rsplit("_", 1)[-1] in BANNED_NAMES:
                problems.append(f"{path}: '{part}' says nothing; name it after what is inside.")
    return problems


def each_plugin_has_its_test(root):
    problems = []
    for path in files(root, "plugins", {".c", ".cpp"}):
        test = Path("tests", *path.parts[:-1], f"{path.stem}_test.cpp")
        if not (root / test).exists():
            problems.append(f"{path}: has no test; write {test}.")
    return problems


def notes_carry_no_names(root):
    pattern = re.compile(r"\b(?:TODO|FIXME|XXX)\s*\(|\b(?:TODO|FIXME|XXX):?\s+@\w")
    return [f"{path}:{number}: {match[0]}…: say what is wrong, not who; the history knows who."
            for path in files(root) for number, line in enumerate(lines(root, path), 1)
            if (match := pattern.search(line))]


def paths_in_documents_exist(root):
    """In backquotes, from the root on; a word in capitals stands for a name. A decision tells what was."""
    named = re.compile(r"`((?:host|sdk|plugins|tests|tools|schemas|cmake|recipes|docs)/[\w./-]+)`")
    return [f"{path}: there is no {place}; name what is there."
            for path in files(root, suffixes=(".md",))
            if "docs/decisions" not in str(path) and path.name != "CHANGELOG.md"
            for place in named.findall((root / path).read_text(encoding="utf-8"))
            if not re.search(r"\b[A-Z]{4,}\b", place) and not (root / place).exists()]


def nothing_names_a_place_outside_the_tree(root):
    pattern = re.compile(r"(?<![\w.$}])/" r"work/" r"|\.\./" r"shared\b")
    return [f"{path}:{number}: names {match[0]}, which a clone does not have."
            for path in files(root) for number, line in enumerate(lines(root, path), 1)
            if (match := pattern.search(line))]


def abi_h_compiles_alone(root):
    problems = []
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I", str(root / "sdk/include")]
    for compiler, language, standard in [("gcc", "c", "c11"), ("g++", "c++", "c++17"),
                                         ("clang", "c", "c11"), ("clang++", "c++", "c++17")]:
        if not shutil.which(compiler):
            problems.append(f"sdk/include/weft/abi.h: {compiler} is missing; run ./dev setup.")
            continue
        run = subprocess.run([compiler, "-x", language, f"-std={standard}", *flags, "-"], text=True,
                             input="#include <weft/abi.h>\n#include <weft/abi.h>\n", capture_output=True, check=False)
        if run.returncode:
            problems.append(f"sdk/include/weft/abi.h: does not compile alone with {compiler} as {standard}:\n"
                            + run.stderr)
    return problems


# ---- the rules, tried -----------------------------------------------------------------------------------------------

# (rule, {file: text} of a good tree, [(file, text) that breaks it])
TRIALS = [
    (rooms_include_only_the_rooms_below_them,
     {"host/graph/a.cpp": '#include "host/graph/a.hpp"\n#include "host/engine/x.hpp"\n#include <vector>\n',
      "host/report/a.cpp": '#include "host/base/text.hpp"\n// #include "host/engine/x.hpp"\n'},
     [("host/base/a.cpp", '#include "host/recipe/recipe.hpp"\n'),
      ("host/report/a.hpp", '  #  include <host/engine/x.hpp>\n'),
      ("host/data/a.cpp", '#include "../engine/x.hpp"\n'),
      ("host/command/a.cpp", '#include "plugins/fusion/concat.cpp"\n'),
      ("host/attic/a.cpp", '#include "host/base/text.hpp"\n')]),
    (rooms_of_data_include_only_the_rooms_below_them,
     {"host/data/image/a.cpp": '#include "host/data/image/a.hpp"\n#include "host/data/storage/x.hpp"\n#include "host/base/text.hpp"\n',
      "host/data/text/bpe/a.cpp": '#include "host/data/section/x.hpp"\n'},
     [("host/data/storage/a.cpp", '#include "host/data/image/a.hpp"\n'),
      ("host/data/text/bpe/b.cpp", '#include "host/data/image/a.hpp"\n'),
      ("host/data/a.cpp", '#include "host/base/text.hpp"\n'),
      ("host/data/image/b.cpp", '#include "host/data/options.hpp"\n'),
      ("host/data/attic/a.cpp", '#include "host/base/text.hpp"\n'),
      ("host/data/document/document.hpp", '#include <vector>\n')]),
    (only_the_engine_includes_libtorch,
     {"host/engine/a.cpp": "#include <ATen/ATen.h>\n#include <c10/core/Device.h>\n#include <torch/library.h>\n",
      "tests/bench/a_bench.cpp": "#include <ATen/ops/add.h>\n"},
     [("host/engine/a.hpp", "#include <torch/torch.h>\n"),
      ("host/graph/a.cpp", "#include <ATen/core/Tensor.h>\n"),
      ("tests/host/base/a_test.cpp", "#include <c10/util/Half.h>\n"),
      ("plugins/loss/a.cpp", "#include <torch/library.h>\n")]),
    (json_hpp_stays_out_of_headers,
     {"host/recipe/a.cpp": "#include <nlohmann/json.hpp>\n", "host/recipe/a.hpp": "#include <nlohmann/json_fwd.hpp>\n"},
     [("host/recipe/a.hpp", "#include <nlohmann/json.hpp>\n"), ("sdk/include/weft/a.h", '#include "nlohmann/json.hpp"\n')]),
    (plugins_include_only_the_sdk,
     {"plugins/loss/a.cpp": '#include <weft/plugin.hpp>\n#include <cmath>\n#include <math.h>\n#include "a.hpp"\n#include "text/b.hpp"\n',
      "plugins/loss/a.hpp": "#include <vector>\n", "plugins/loss/text/b.hpp": ""},
     [("plugins/loss/b.cpp", '#include "host/base/text.hpp"\n'),
      ("plugins/loss/b.cpp", '#include "../fusion/a.hpp"\n'),
      ("plugins/loss/b.cpp", '#include "absent.hpp"\n'),
      ("plugins/loss/b.c", "#include <unistd.h>\n"),
      ("examples/encoder/b.c", '#include "sdk/include/weft/abi.h"\n'),
      ("plugins/loss/b.hpp", "#include <weft/../../host/base/text.hpp>\n")]),
    (the_sdk_includes_only_itself,
     {"sdk/include/weft/a.hpp": '#include <weft/abi.h>\n#include "weft/b.hpp"\n#include <string>\n'},
     [("sdk/include/weft/a.hpp", '#include "host/base/text.hpp"\n'),
      ("sdk/include/weft/a.h", "#include <dlfcn.h>\n")]),
    (files_are_short,
     {"host/base/a.cpp": "\n" * 400, "host/training/trainer.cpp": "\n" * 150, "LICENSE": "\n" * 500,
      "sdk/abi/frozen/v0_9.h": "\n" * 500},
     [("host/base/a.hpp", "\n" * 401), ("host/training/trainer.cpp", "\n" * 151), ("tests/a.py", "\n" * 401)]),
    (types_of_the_host_have_names_of_their_own,
     {"host/data/a.hpp": "struct Row {\n  struct Cell {\n  };\n};\nstruct Cell;\n", "host/graph/a.hpp": "class Cell : public Row {\n"},
     [("host/report/a.hpp", "struct Row {\n"), ("host/report/b.hpp", "class WEFT_API Cell final {\n")]),
    (names_say_what_is_inside,
     {"plugins/metric/longest_common_subsequence.cpp": "", "host/base/text.hpp": ""},
     [("host/utils/a.cpp", ""), ("host/base/helpers.hpp", ""), ("host/registry/plugin_manager.cpp", ""),
      ("host/base/common.hpp", ""), ("tests/misc_test.cpp", "")]),
    (each_plugin_has_its_test,
     {"plugins/loss/a.cpp": "", "tests/plugins/loss/a_test.cpp": "", "plugins/loss/a.hpp": "",
      "plugins/loss/c.c": "", "tests/plugins/loss/c_test.cpp": ""},
     [("plugins/loss/b.cpp", ""), ("plugins/fusion/a.cpp", ""), ("plugins/loss/d.c", "")]),
    (notes_carry_no_names,
     {"host/base/a.cpp": "// FIXME: leaks when the file is empty.\n"},
     [("host/base/a.cpp", "// TODO" "(ada): mend.\n"), ("docs/a.md", "FIXME" ": @ada\n")]),
    (paths_in_documents_exist,
     {"docs/a.md": "`host/base/a.cpp`, `plugins/NAME.cpp`\n", "host/base/a.cpp": "", "docs/decisions/0001-a.md": "`host/gone.cpp`\n"},
     [("docs/b.md", "see `host/base/b.cpp`\n"), ("host/base/README.md", "`tests/gone`\n")]),
    (nothing_names_a_place_outside_the_tree,
     {"docs/a.md": "see docs/work/a.md and ../shared_memory.md, /tmp/work\n"},
     [("host/base/a.cpp", '"/' 'work/main"\n'), ("docs/a.md", "../" "shared/design.md\n"), ("dev", "cd /" "work/x\n")]),
    (abi_h_compiles_alone,
     {"sdk/include/weft/abi.h": "#ifndef A\n#define A\n#include <stdint.h>\ntypedef struct a_t { uint32_t size; } a_t;\n#endif\n"},
     [("sdk/include/weft/abi.h", "typedef struct a_t { uint32_t size; } a_t;\n"),
      ("sdk/include/weft/abi.h", "#ifndef A\n#define A\nstatic const int a = 0;\nclass b {};\n#endif\n"),
      ("sdk/include/weft/abi.h", "#ifndef A\n#define A\ntypedef struct a_t { int class; } a_t;\n#endif\n"),
      ("sdk/include/weft/abi.h", "#ifndef A\n#define A\ntypedef struct a_t { int size; } a_t;\n;\n#endif\n")]),
]


def problems_in(rule, tree):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in tree.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return rule(Path(folder))


def trial(rule, good, violations):
    """Returns what the rule gets wrong on made-up trees."""
    wrong = [f"finds fault with a good tree: {problem}" for problem in problems_in(rule, good)]
    for name, text in violations:
        problems = problems_in(rule, {**good, name: text})
        if not any(problem.startswith(name) for problem in problems):
            wrong.append(f"does not see what is wrong in {name}: {text.strip()[:60]!r}")
    return wrong


def main(root):
    failed = 0
    for rule, good, violations in TRIALS:
        name = rule.__name__.replace("_", " ")
        for what, problems in [(name, rule(root)), (f"{name} (tried)", trial(rule, good, violations))]:
            print(f"FAIL {what}" if problems else f"ok   {what}")
            for problem in problems:
                print(f"       {problem}")
            failed += bool(problems)
    print(f"{2 * len(TRIALS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()))
