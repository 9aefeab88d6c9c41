"""`cmake --install`: what a prefix holds, and that it works without the build folder's help.

Usage: install_test.py BUILD_FOLDER PREFIX. Installs into PREFIX, which the other tests of the SDK then use.
"""
import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from installed import ROOT, Installed, run

BUILD, PREFIX = (Path(word).resolve() for word in sys.argv[1:3])
INSTALLED = Installed(PREFIX)


def setUpModule():
    shutil.rmtree(PREFIX, ignore_errors=True)
    result = run("cmake", "--install", BUILD, "--prefix", PREFIX)
    assert result.returncode == 0, result.stderr


class Install(unittest.TestCase):
    def test_holds_the_host_and_the_sdk(self):
        for file in ("bin/weft", "bin/weft-probe", "lib/libweft.so", "lib/libweft_engine.so",
                     "lib/weft/plugins/libweft_fusion_mean.so", "include/weft/abi.h", "include/weft/plugin.map",
                     "lib/cmake/Weft/WeftConfig.cmake", "lib/cmake/Weft/WeftConfigVersion.cmake",
                     "lib/cmake/Weft/WeftPlugin.cmake", "share/weft/template/encoder.cpp.in",
                     "share/weft/schemas/recipe.schema.json", "share/weft/docs/abi/checker.md",
                     "share/weft/recipes/digits_qa.json", "share/weft/examples/digits/digits-qa-test-000.tar",
                     "share/weft/examples/embed/main.cpp", "share/weft/licences/weft.txt",
                     *(f"share/weft/licences/{part}.txt"
                       for part in ("sentencepiece", "abseil-cpp", "protobuf-lite", "darts_clone", "esaxx", "xgrammar",
                                    "xgrammar-notice", "dlpack", "picojson"))):
            self.assertTrue((PREFIX / file).is_file() and not (PREFIX / file).is_symlink(), file)
        picojson = (PREFIX / "share/weft/licences/picojson.txt").read_text()
        self.assertIn("Redistribution and use in source and binary forms", picojson)
        self.assertNotIn("#pragma", picojson)
        headers = {path.name for path in (ROOT / "sdk/include/weft").iterdir()}
        self.assertEqual({path.name for path in (PREFIX / "include/weft").iterdir()}, headers)

    def test_its_plugins_are_all_found_in_the_prefix(self):
        shipped = {path.name for path in (BUILD / "lib/weft/plugins").glob("libweft_*.so")}
        found = json.loads(INSTALLED.weft("plugin", "list", "--json").stdout)
        files = [Path(part["file"]) for part in found["parts"]]
        self.assertEqual({file.parent for file in files}, {PREFIX / "lib/weft/plugins"})
        self.assertEqual({file.name for file in files}, shipped)
        self.assertEqual(found["rejected"], [])

    def test_looks_at_a_new_file_with_its_own_probe(self):
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder, "new.so")
            shutil.copy(PREFIX / "lib/weft/plugins/libweft_fusion_mean.so", library)
            with open(library, "ab") as file:
                file.write(b"\0")  # a file that no cache knows
            (PREFIX / "bin/weft-probe").rename(PREFIX / "bin/away")
            try:
                self.assertIn(str(PREFIX / "bin/weft-probe"), INSTALLED.weft("plugin", "info", library).stderr)
            finally:
                (PREFIX / "bin/away").rename(PREFIX / "bin/weft-probe")
            self.assertIn("fusion.mean", INSTALLED.weft("plugin", "info", library).stdout)

    def test_computes_with_the_installed_libraries(self):
        for library in ("libweft.so", "libweft_engine.so"):
            self.assertNotIn(str(BUILD / "lib"), run("readelf", "-dW", PREFIX / "lib" / library).stdout)
        with tempfile.TemporaryDirectory() as folder:
            stages = json.dumps([{"name": "fit", "data": "av", "steps": 1, "batch_size": 4, "losses": {"ce": 1},
                                  "optimizer": {"lr": 1e-3}, "train": ["audio", "fusion", "reasoning", "digit"]}])
            result = INSTALLED.weft("train", ROOT / "recipes/digits_av_voice.json", "--run", f"{folder}/run", "--quiet",
                                    "--threads", "1", "--set", f"stages={stages}")
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_looks_for_libtorch_where_the_user_says(self):
        with mock.patch.dict("os.environ", {"WEFT_TORCH_DIR": str(PREFIX)}):
            result = INSTALLED.weft("eval", PREFIX)
        self.assertEqual(result.returncode, 74, result.stderr)
        self.assertIn(f"WEFT_TORCH_DIR is {PREFIX}, where LibTorch cannot be loaded", result.stderr)
        self.assertIn("is no run folder", INSTALLED.weft("eval", PREFIX).stderr)  # found without it

    def test_its_recipes_find_their_data(self):
        result = INSTALLED.weft("check", PREFIX / "share/weft/recipes/digits_qa.json")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_sdk_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run("cmake", "--install", BUILD, "--prefix", folder, "--component", "sdk").returncode, 0)
            self.assertEqual({path.name for path in Path(folder).iterdir()}, {"include", "lib", "share"})
            self.assertEqual([path.name for path in Path(folder, "lib").iterdir()], ["cmake"])


class FindPackage(unittest.TestCase):
    def configured(self, wanted, more="", **options):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.20)\nproject(a LANGUAGES C)\n"
                f"find_package(Weft {wanted} REQUIRED)\nmessage(STATUS \"found ${{Weft_VERSION}}, ${{WEFT_PROGRAM}}\")\n{more}\n")
            Path(folder, "here.c").touch()
            return INSTALLED.configure(folder, f"{folder}/build", **options)

    def test_gives_version_and_program(self):
        version = INSTALLED.weft("--version").stdout.split()[1]
        for wanted in ("", version, version.rsplit(".", 1)[0]):
            self.assertIn(f"found {version}, {PREFIX}/bin/weft", self.configured(wanted).stdout)

    def test_refuses_what_the_prefix_does_not_have(self):
        for wanted in ("0.99", "1.0"):
            result = self.configured(wanted)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(f'with requested version "{wanted}"', result.stderr)

    def test_a_part_that_is_none_is_refused(self):
        for line, text in (("encodr here VENDOR acme", '"encodr" is no kind of part. Kinds: encoder, fusion, reasoning, decoder, loss, metric, function.'),
                           ("encoder Here VENDOR acme", '"Here" is no name of a part. Use a-z, 0-9 and _.'),
                           ("encoder here", '"" is no vendor. Say VENDOR, or set WEFT_PLUGIN_VENDOR,'),
                           ("encoder here VENDOR Acme", '"Acme" is no vendor.'),
                           ("encoder away VENDOR acme", "expected away.cpp or away.c in")):
            result = self.configured("", f"weft_add_plugin({line})")
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(text, " ".join(result.stderr.split()))
        self.assertEqual(self.configured("", "weft_add_plugin(encoder here VENDOR acme)").returncode, 0)

    def test_finds_nothing_elsewhere(self):
        result = self.configured("", prefix=False)
        self.assertIn('configuration file provided by "Weft"', result.stderr.replace("\n ", ""))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
