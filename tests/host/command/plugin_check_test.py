"""`weft plugin check` as a vendor runs it on the one file they built. Usage: plugin_check_test.py BUILD_FOLDER."""
import json
import os

from cases import *

GOOD = BUILD / "tests/host/conformance/doubles/deed.so"


class PluginCheck(Case):
    def deed(self, name):
        os.environ["WEFT_TEST_DEED"] = name
        self.addCleanup(os.environ.pop, "WEFT_TEST_DEED", None)

    def test_a_good_file_passes(self):
        result = weft("plugin", "check", GOOD)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("ok    level 9  failing_host  tests/fusion.deed\n", result.stdout)
        self.assertIn("n/a   level 7  merges  tests/fusion.deed: only metrics have states\n", result.stdout)
        self.assertRegex(result.stdout, r"\n\d+ passed, 0 failed, \d+ not applicable\n$")

    def test_a_fault_says_what_where_and_what_to_do(self):
        self.deed("wrong_shape")
        result = weft("plugin", "check", GOOD, "--level", "5")
        self.assertEqual(result.returncode, PLUGIN)
        self.assertIn('FAIL  level 5  shapes  tests/fusion.deed: output "out" [B, N, D] is [2, 4, 3]; its ports and infer say [2, 3, 4]\n'
                      "      contract: abi.h, weft_component; docs/abi/checker.md#shapes\n"
                      "      do: see which of the two is meant: call() writes another shape or type than ports and infer() tell the rest of the model.\n",
                      result.stdout)
        self.assertNotIn("level 7", result.stdout)
        self.assertRegex(result.stderr, r"weft: error: deed\.so fails \d+ tests? of \d+\.\n")

    def test_a_crash_and_a_lie_are_told_and_survived(self):
        self.deed("segfault")
        result = weft("plugin", "check", GOOD)
        self.assertEqual(result.returncode, PLUGIN)
        self.assertIn("FAIL  level 3  call  tests/fusion.deed: the plug-in killed the process: SIGSEGV inside deed.so", result.stdout)
        self.assertIn("n/a   level 5  shapes  tests/fusion.deed: test call has to pass first\n", result.stdout)

    def test_one_fault_is_told_once(self):
        result = weft("plugin", "check", PLUGINS / "libweft_encoder_conformer.so", "--config", '{"heads": 5}')
        self.assertIn("FAIL  level 3  created  encoder.conformer: part (encoder.conformer 1.1.0): heads: 5 must divide dim 64\n",
                      result.stdout)
        self.assertIn("n/a   level 9  memory  encoder.conformer: test call has to pass first\n", result.stdout)
        self.assertEqual(result.stdout.count("FAIL"), 1)

    def test_json(self):
        report = json.loads(weft("plugin", "check", GOOD, "--json", "--level", "3").stdout)
        self.assertEqual(report["parts"], ["tests/fusion.deed"])
        self.assertEqual(len(report["sha256"]), 64)
        self.assertEqual({test["outcome"] for test in report["tests"]}, {"passed"})
        self.assertEqual([test["name"] for test in report["tests"] if test["level"] == 1],
                         ["manifest", "symbols", "segments", "needs", "loads"])
        self.deed("fail_silently")
        report = json.loads(weft("plugin", "check", GOOD, "--json", "--level", "3").stdout)
        (call,) = [test for test in report["tests"] if test["name"] == "call"]
        self.assertEqual((call["part"], call["outcome"]), ("tests/fusion.deed", "failed"))
        self.assertIn("without giving a reason", call["text"])
        self.assertEqual(call["page"], "docs/abi/checker.md#call")

    def test_the_vendors_sizes_and_configuration_are_used(self):
        vit = PLUGINS / "libweft_encoder_vit.so"
        result = weft("plugin", "check", vit, "--level", "3", "--config", '{"width": 0}')
        self.assertEqual(result.returncode, PLUGIN)
        self.assertIn("created  encoder.vit: its schema refuses the configuration {\"width\": 0}", result.stdout)
        self.deed("refuse_n_of_3")
        self.assertEqual(weft("plugin", "check", GOOD, "--level", "3", "--size", "N=5").returncode, 0)
        self.assertRegex(weft("plugin", "check", GOOD, "--level", "3").stdout,
                         r"ok    level 3  call  tests/fusion\.deed: all tests use .*N 4.*, because the part refuses the sizes that are "
                         r"tried first: .*N must not be 3")
        result = weft("plugin", "check", GOOD, "--level", "3", "--size", "N=3")
        self.assertIn("N must not be 3", result.stdout)

    def test_files_that_are_no_plugin_for_this_host(self):
        self.refused(["plugin", "check", "/nowhere.so"], NO_INPUT, "/nowhere.so: no such file.")
        self.refused(["plugin", "check", DOUBLES / "other_major.so"], ABI, "was built for ABI")
        result = weft("plugin", "check", DOUBLES / "newer_minor.so")
        self.assertIn("FAIL  level 1  loads: newer_minor.so needs ABI 0.4000; this host offers ", result.stdout)
        self.assertEqual(result.returncode, ABI)
        result = weft("plugin", "check", BUILD / "tests/host/conformance/doubles/foreign_id.so")
        self.assertEqual(result.returncode, PLUGIN)
        self.assertIn("Later levels were not run, because foreign_id.so cannot be loaded as it is.", result.stderr)

    def test_wrong_usage(self):
        self.refused(["plugin", "check", GOOD, "--level", "12"], USAGE, "--level expects a number from 1 to 9, found 12.")
        self.refused(["plugin", "check", GOOD, "--size", "N"], USAGE, '--size expects SYMBOL=N')
        self.refused(["plugin", "check"], USAGE, "weft plugin check: expected 1 operand, found 0.")


run()
