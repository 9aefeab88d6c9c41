"""`weft plugin list | which | seal | unblock` as a vendor and a user run them. Usage: plugin_test.py BUILD_FOLDER."""
import json
import shutil
from pathlib import Path

from cases import *

BLOCKED = " It is blocked until it changes or `weft plugin unblock` names it."


class Plugin(Case):
    def setUp(self):
        super().setUp()
        os.environ["WEFT_CACHE"] = str(self.folder / "cache")
        self.addCleanup(os.environ.pop, "WEFT_CACHE")
        self.plugins = self.folder / "plugins"
        self.plugins.mkdir()

    def add(self, double):
        return Path(shutil.copy(DOUBLES / f"{double}.so", self.plugins))

    def sealed(self, double="good"):
        file = self.add(double)
        result = weft("plugin", "seal", file)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        return file

    def listed(self):
        return weft("plugin", "list", "--plugins", self.plugins)

    def with_note_of(self, file, sealed):
        """Writes the manifest of a sealed file into another one, true or not."""
        head = b"\x01\0\0\0WEFT\0\0\0\0"
        text = sealed.read_bytes().split(head)[1].split(b"\0")[0]
        before, after = file.read_bytes().split(head)
        file.write_bytes(before + head + text + after[len(text):])

    def test_an_unsealed_file_is_named_with_the_command_that_seals_it(self):
        file = self.add("good")
        self.assertIn(f"good.so holds no manifest. Build it with weft_add_plugin(), or run `weft plugin seal {file}`.",
                      self.listed().stderr)
        self.assertEqual(weft("plugin", "seal", file).returncode, 0)
        result = self.listed()
        self.assertIn("fusion.good", result.stdout)
        self.assertEqual(result.stderr, "")

    def test_a_killer_is_blocked_by_its_content_until_it_is_unblocked(self):
        good = self.sealed()
        killer = self.add("segfault_at_load")
        self.with_note_of(killer, good)
        good.unlink()
        reason = "segfault_at_load.so killed the process that looked at it (SIGSEGV)." + BLOCKED
        self.assertIn(reason, self.listed().stderr)
        killer.rename(self.plugins / "renamed.so")  # the block is the content's, and keeps its reason
        self.assertIn(reason, self.listed().stderr)
        self.assertEqual(weft("plugin", "unblock", self.plugins / "renamed.so").returncode, 0)
        self.refused(["plugin", "unblock", self.plugins / "renamed.so"], USAGE, "renamed.so is not blocked.")
        self.assertIn("renamed.so killed the process that looked at it (SIGSEGV)." + BLOCKED, self.listed().stderr)

    def test_which_and_info_need_no_code_of_the_file(self):
        file = self.sealed()
        self.assertEqual(weft("plugin", "which", "fusion.good", "--plugins", self.plugins).stdout, f"{file}\n")
        (part,) = json.loads(weft("plugin", "info", file, "--json").stdout)
        self.assertEqual((part["id"], part["version"], part["file"]), ("fusion.good", "1.0.0", str(file)))
        self.refused(["plugin", "which", "fusion.god", "--plugins", self.plugins], BAD_RECIPE,
                     'no part is called "fusion.god". Did you mean "fusion.good"?')

    def test_info_shows_ports_with_shapes(self):
        text = weft("plugin", "info", "fusion.gated_cross_attention").stdout
        self.assertRegex(text, r"\nport +role +shape +types +meaning\nstreams +input, list +\[B, N\*, D\] +float +The query, then its contexts.\n"
                               r"masks +input, optional, list +\[B, N\*\] +bool +Which of streams is real.\n")
        (part,) = json.loads(weft("plugin", "info", "decoder.token_head", "--json", "--config", '{"dim": 8}').stdout)
        self.assertEqual([(port["name"], port["role"], port["shape"], port["types"]) for port in part["ports"]][:1],
                         [("state", "input", "[B, N, D]", "float")])
        self.refused(["plugin", "info", "fusion.gated_cross_attention", "--config", '{"head": 2}'], BAD_RECIPE, "--config: ")
        self.refused(["plugin", "info", "fusion.gated_cross_attention", "--config", '{"heads": 5}'], BAD_RECIPE,
                     "fusion.gated_cross_attention")

    def test_a_changed_file_is_looked_at_again(self):
        file = self.sealed()
        self.assertIn("1.0.0", self.listed().stdout)
        file.unlink()
        self.sealed("good_1_2").rename(file)
        self.assertIn("1.2.0", self.listed().stdout)

    def test_wrong_usage(self):
        self.refused(["plugin", "lits"], USAGE, 'no action is called "lits". Did you mean "list"?')
        self.refused(["plugin", "seal"], USAGE, "weft plugin seal: expected 1 operand, found 0.")
        self.refused(["plugin", "list", "--level", "3"], USAGE,
                     "weft plugin list: --level is not for this action. It takes --plugins and json.")
        self.refused(["plugin", "unblock", self.folder], PLUGIN, "is no plug-in: it is not a regular file.")
        self.refused(["plugin", "seal", "x.so", "--tier", "gold"], USAGE, '--tier takes c-abi or torch-full, found "gold".')
        self.refused(["plugin", "seal", "x.so", "--torch", "2.11.0"], USAGE, "--torch goes with --tier torch-full")
        self.refused(["plugin", "seal", "/nowhere.so"], NO_INPUT, "/nowhere.so: no such file.")


if __name__ == "__main__":
    run()
