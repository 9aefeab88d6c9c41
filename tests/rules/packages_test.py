"""What a build tree opened, links and starts comes from the listed Debian packages, whatever else the machine holds.

Usage: packages_test.py BUILD_FOLDER
"""
import ast
import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from packages import ROOT, Installed, build_packages, own_packages, snapshot_packages

BUILD = Path(sys.argv[1]).resolve()
INSTALLED = Installed()
NOT_THE_MACHINES = (str(ROOT), str(BUILD), os.path.realpath(ROOT / ".deps"), "/proc", "/dev", "/tmp")


def of_machine(paths):
    """The existing absolute paths outside this tree."""
    real = {path: os.path.realpath(path) for path in paths}
    return {path for path, target in real.items() if os.path.isabs(path) and os.path.exists(path)
            and not path.startswith(NOT_THE_MACHINES) and not target.startswith(NOT_THE_MACHINES)}


def output(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True).stdout


def headers(tree, *under):
    """All that the compiler read, as Ninja keeps it; or only for what is made in some folders of the tree."""
    read, counts = set(), True
    for line in output("ninja", "-C", tree, "-t", "deps").splitlines():
        if line.startswith("    ") and counts:
            read.add(line.strip())
        elif line and not line.startswith(" "):
            counts = not under or line.startswith(under)
    return read


def libraries(tree):
    """What the loader takes for the programs and libraries of a tree, and archives and libraries that they are linked from."""
    made = [file for folder in ("bin", "lib", "lib/weft/plugins") for file in (tree / folder).glob("*")
            if file.is_file() and file.read_bytes()[:4] == b"\x7fELF"]
    loaded = {match for file in made for match in re.findall(r"(?:=> |^\t)(/\S+)", output("ldd", file), re.MULTILINE)}
    linked = re.findall(r"/[^\s:$;]+\.(?:a|so)\b", (tree / "build.ninja").read_text(encoding="utf-8"))
    return loaded | set(linked)


def tools(tree):
    """Programs that CMake found for building and testing."""
    cache = dict(re.findall(r"^([A-Za-z_0-9]+):\w+=(/.+)$", (tree / "CMakeCache.txt").read_text(encoding="utf-8"), re.MULTILINE))
    names = ("CMAKE_C_COMPILER", "CMAKE_CXX_COMPILER", "CMAKE_LINKER", "CMAKE_AR", "CMAKE_RANLIB", "CMAKE_MAKE_PROGRAM",
             "CMAKE_COMMAND", "CCACHE", "MOLD", "PKG_CONFIG_EXECUTABLE", "_Python3_EXECUTABLE")
    found = {cache[name] for name in names if name in cache}
    tests = json.loads(output("ctest", "--test-dir", tree, "--show-only=json-v1"))["tests"]
    return found | {test["command"][0] for test in tests if "command" in test}


def modules():
    """Files of the Python modules that the tree's own scripts import."""
    names = set()
    for folder in ("sdk", "tests", "examples"):
        for script in (ROOT / folder).rglob("*.py"):
            if {"reference", "peers", "bench"} & set(script.relative_to(ROOT).parts):
                continue  # these are run by hand, in an environment of their own
            for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module.split(".")[0])
    finder = "import importlib.util as u, sys\nfor n in sys.argv[1:]:\n s = u.find_spec(n)\n print(s.origin if s else '')"
    return set(output("/usr/bin/python3", "-c", finder, *sorted(names)).split())


class Packages(unittest.TestCase):
    def assert_listed(self, paths, packages):
        paths = of_machine(paths)
        self.assertTrue(paths, "nothing was found to look at")
        # CUDA's toolkit is taken where it is, and asked of nobody (cmake/Cuda.cmake).
        asked = [path for path in paths if not str(path).startswith("/usr/local/cuda")]
        self.assertEqual(INSTALLED.strange(asked, packages), [])

    def test_headers(self):
        self.assert_listed(headers(BUILD), own_packages())

    def test_headers_of_what_is_shipped(self):
        """Building the product takes nothing of tests/packages.txt: ./dev demo does not install these."""
        self.assert_listed(headers(BUILD, "host/", "plugins/", "sdk/"), build_packages())

    def test_libraries(self):
        self.assert_listed(libraries(BUILD), own_packages())

    def test_tools(self):
        self.assert_listed(tools(BUILD), own_packages())

    def test_modules_of_the_scripts(self):
        self.assert_listed(modules(), own_packages())

    def test_older_hosts(self):
        """They are built by the test older_host; where it did not run yet, there is nothing to look at."""
        for tree in (ROOT / "build/compat").glob("*/build/release"):
            with self.subTest(tree=tree):
                self.assert_listed(headers(tree) | libraries(tree), snapshot_packages())

    def test_a_package_that_is_not_listed_is_seen(self):
        """The same check with one line taken away: else it would be fooled by what is installed all the same."""
        for name, paths in (("libxxhash-dev", headers(BUILD)), ("nlohmann-json3-dev", headers(BUILD)), ("mold", tools(BUILD)),
                            ("libarchive-dev", libraries(BUILD)), ("python3-jsonschema", modules())):
            with self.subTest(name=name):
                problems = INSTALLED.strange(of_machine(paths), own_packages() - {name})
                self.assertTrue(problems)
                self.assertIn("which nothing listed needs", problems[0])

    def test_a_file_of_no_package_is_seen(self):
        self.assertEqual(INSTALLED.strange({"/usr/local/lib/libleft.so"}, own_packages()),
                         ["/usr/local/lib/libleft.so belongs to no Debian package"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
