"""Help, examples, manual pages, completion, key=value, --log-file, -q, -v, doctor. Usage: habits_test.py BUILD_FOLDER"""
import json
import os
import re
import shlex
import subprocess

from cases import *

FAILED = 1


def verb_names():
    return re.findall(r"^  weft (\S+)", weft("--help").stdout, re.M)


class Help(Case):
    def test_every_verb_has_help_with_options_and_examples(self):
        self.assertEqual(weft("help").stdout, weft("--help").stdout)
        for verb in verb_names():
            text = weft("help", verb).stdout
            self.assertEqual(text, weft(verb, "--help").stdout, verb)
            self.assertIn("--log-file FILE", text, verb)
            examples = text[text.index("Examples:"):text.index("Exit codes:")].splitlines()[1:]
            examples = [line.strip() for line in examples if line.strip()]
            self.assertGreater(len(examples), 0, verb)
            for example in examples:
                self.assertTrue(example.startswith(f"weft {verb}"), example)
                known = set(re.findall(r"--[a-z-]+", text[:text.index("Examples:")]))
                words = re.split(r"[|>]| train ", example)[0]  # what follows `weft launch … train` is train's
                if verb not in ("predict", "generate"):  # whose fields are options
                    self.assertLessEqual(set(re.findall(r"--[a-z-]+", words)), known, example)

    def test_an_unknown_verb_is_told(self):
        self.refused(["help", "trian"], USAGE, 'no verb is called "trian". Did you mean "train"?')
        self.refused(["trian"], USAGE, 'no verb is called "trian". Did you mean "train"?')

    def test_manual_pages_say_the_same_and_format(self):
        folder = self.folder / "man1"
        result = weft("help", "--man", "--out", folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual({path.name for path in folder.iterdir()}, {"weft.1", *(f"weft-{verb}.1" for verb in verb_names())})
        page = (folder / "weft-train.1").read_text()
        self.assertEqual(page, weft("help", "train", "--man").stdout)
        for option in re.findall(r"--([a-z-]+)", weft("help", "train").stdout.split("Examples:")[0]):
            if option not in ("set",):
                self.assertIn("\\-\\-" + option.replace("-", "\\-"), page)
        shown = subprocess.run(["groff", "-man", "-Tascii", "-ww", folder / "weft-train.1"], capture_output=True, text=True)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))

    def test_bash_completes_verbs_sub_verbs_and_options(self):
        script = self.folder / "weft.bash"
        script.write_text(weft("completion", "bash").stdout)
        def completed(*words):
            ask = f'source {script}; COMP_WORDS=({" ".join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}; _weft; echo "${{COMPREPLY[*]}}"'
            return subprocess.run(["bash", "-c", ask], capture_output=True, text=True).stdout.split()
        self.assertEqual(completed("weft", "ver"), ["verify-resume"])
        self.assertEqual(completed("weft", "runs", ""), ["list", "show", "remove"])
        self.assertEqual(completed("weft", "train", "--dry"), ["--dry-run"])
        self.assertEqual(completed("weft", "help", "dat"), ["data"])
        self.assertEqual(completed("weft", "check", "--ov"), [])

    def test_zsh_and_fish_know_every_verb_and_option(self):
        for shell, form in (("zsh", "'--{}["), ("fish", "-l {} ")):
            text = weft("completion", shell).stdout
            for verb in verb_names():
                self.assertIn(verb, text)
            for option in ("dry-run", "svg", "log-file"):
                self.assertIn(form.format(option), text)
            checked = subprocess.run([shell, "-n", "/dev/stdin"], input=text, capture_output=True, text=True)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        self.refused(["completion", "tcsh"], USAGE, 'expected bash, zsh or fish, found "tcsh"')


class Habits(Case):
    def test_key_and_value_are_short_for_set(self):
        long = weft("check", PICTURE, "--set", "seed=5", "--expand")
        short = weft("check", PICTURE, "seed=5", "--expand")
        self.assertEqual(long.returncode, 0, long.stderr)
        self.assertEqual(long.stdout, short.stdout)
        self.assertNotEqual(short.stdout, weft("check", PICTURE, "--expand").stdout)
        self.refused(["check", PICTURE, "sed=5"], BAD_RECIPE, "--set: /sed")
        self.refused(["format", PICTURE, "seed=5"], NO_INPUT, "seed=5")

    def test_what_is_told_is_logged_with_its_time(self):
        log = self.folder / "log.txt"
        told = weft("check", PICTURE, "sed=5", "--log-file", log)
        self.assertEqual(told.returncode, BAD_RECIPE)
        lines = log.read_text().splitlines()
        self.assertEqual([re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", "", line) for line in lines], [line for line in told.stderr.splitlines() if line])
        self.refused(["check", PICTURE, "--log-file", self.folder / "none/log.txt"], CANNOT_CREATE, "Give another file with --log-file.")

    def test_quiet_and_verbose(self):
        run = self.folder / "run"
        short = [word for word in SHORT if word != "--quiet"]
        told = weft("train", PICTURE, "--run", run, "-v", *short, *shards(SHARD))
        self.assertEqual(told.returncode, 0, told.stderr)
        lines = re.findall(r"^fit (\d)/4: ce [\d.]+, total [\d.]+, learning rate \S+, gradient norm \S+, [\d.]+ s \([\d.]+ s for data\)$", told.stderr, re.M)
        self.assertEqual(lines, ["1", "2", "3", "4"])
        quiet = weft("train", PICTURE, "--run", run, "--overwrite", "-q", *short, *shards(SHARD))
        self.assertEqual(quiet.returncode, 0, quiet.stderr)
        self.assertNotRegex(quiet.stderr, r"fit:? \d")
        self.refused(["train", PICTURE, "-q", "-v"], USAGE, "--quiet tells less and --verbose more: give one.")

    def test_nothing_is_coloured(self):
        for text in (weft("--help").stdout, weft("check", PICTURE).stdout, weft("doctor").stdout):
            self.assertNotIn("\033[", text)


class Doctor(Case):
    def findings(self, *more, code=0, **environment):
        result = subprocess.run([BUILD / "bin/weft", "doctor", "--json", *map(str, more)], capture_output=True, text=True, env={**os.environ, **environment})
        self.assertEqual(result.returncode, code, result.stderr)
        return {found["what"]: found for found in json.loads(result.stdout)["findings"]}

    def test_a_sound_installation_is_ok(self):
        found = self.findings()
        for what in ("weft", "processor", "memory", "LibTorch", "plug-ins", "run folders", "cache", "temporary files"):
            self.assertIn(found[what]["state"], ("ok", "warn"), found[what])
        self.assertEqual(found["LibTorch"]["state"], "ok")
        self.assertRegex(found["plug-ins"]["found"], r"^\d\d parts in ")
        self.assertRegex(weft("doctor").stdout, r"ok +LibTorch +loaded by ")

    def test_each_fault_says_what_to_do(self):
        found = self.findings(code=FAILED, WEFT_TORCH_DIR=str(self.folder))
        self.assertEqual(found["LibTorch"]["state"], "FAIL")
        self.assertIn("WEFT_TORCH_DIR is", found["LibTorch"]["found"])
        self.assertIn("WEFT_TORCH_DIR", found["LibTorch"]["remedy"])
        (self.folder / "broken.so").write_text("no plug-in")
        found = self.findings("--plugins", self.folder, code=FAILED)
        self.assertEqual(found["plug-ins"]["state"], "FAIL")
        self.assertIn("WEFT_PLUGIN_PATH", found["plug-ins"]["remedy"])
        self.assertIn("broken.so", found["plug-in"]["found"])


class TensorBoard(Case):
    def test_every_logged_step_is_there_with_verbose_too(self):
        words = [word for word in SHORT if word != "--quiet"]
        for more in ([], ["--verbose"]):
            run = self.folder / f"run{len(more)}"
            result = weft("train", PICTURE, "--run", run, *words, *shards(SHARD), "--tensorboard", *more)
            self.assertEqual(result.returncode, 0, result.stderr)
            written = b"".join(path.read_bytes() for path in (run / "tensorboard").iterdir())
            self.assertEqual(written.count(b"fit/loss/total"), 4, more)


if __name__ == "__main__":
    run()
