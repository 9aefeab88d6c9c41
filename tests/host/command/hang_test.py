"""A call into a plug-in that does not return: it is told on standard error and in the events, and it does not keep the process
from ending when it is asked to.

Usage: hang_test.py BUILD_FOLDER. The part is doubles/crashing.cpp, which hangs at its third call.
"""
import json
import os
import signal
import subprocess

from cases import *

INTERRUPTED = 75
PATH = ["--plugins", PLUGINS, "--plugins", BUILD / "tests/host/command/doubles"]
WHO = '"fusion" (tests/fusion.crashing, crashing.so)'
NEVER = "100000"
SAVED = "What was saved is as it was: --resume goes on from the last checkpoint."


def use(deed):
    return ["--set", "graph.fusion.use=tests/fusion.crashing", "--set", "graph.fusion.config=" + json.dumps({"deed": deed}), *PATH]


class Hang(Case):
    def start(self, deed, call, stop):
        """Training with these limits, in seconds."""
        words = ["train", PICTURE, "--run", self.folder / "run", *SHORT, *shards(SHARD), *use(deed)]
        process = subprocess.Popen([BUILD / "bin/weft", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "WEFT_CALL_SECONDS": call, "WEFT_STOP_SECONDS": stop})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, process, text):
        """Reads standard error up to a line with the text."""
        for line in process.stderr:
            if text in line:
                return line
        self.fail(f"ended without {text!r}")

    def end(self, process):
        rest = process.communicate(timeout=300)[1]
        self.assertEqual(process.returncode, INTERRUPTED, rest)
        return rest

    def events(self):
        return [json.loads(line) for line in (self.folder / "run/events.jsonl").read_text().splitlines()]

    def test_a_call_that_does_not_return_is_told(self):
        process = self.start("hang", "0.2", NEVER)
        for seconds in "0.2", "0.4", "0.8":
            line = self.wait_for(process, "has not returned")
            self.assertEqual(line, f"warning: {WHO} has not returned from call for {seconds} s. It is waited for.\n")
        self.assertIsNone(process.poll())
        told = [event for event in self.events() if event["event"] == "not_returned"]
        self.assertEqual([event["seconds"] for event in told][:2], [0.2, 0.4])
        self.assertEqual({key: told[0][key] for key in ("node", "part", "file", "entry")},
                         {"node": "fusion", "part": "tests/fusion.crashing", "file": "crashing.so", "entry": "call"})

    def test_the_first_signal_names_it_and_the_second_ends_at_once(self):
        for deed in "hang", "hang_deaf":
            with self.subTest(deed):
                process = self.start(deed, "0.2", NEVER)
                self.wait_for(process, "has not returned")
                process.send_signal(signal.SIGTERM)
                line = self.wait_for(process, "asked to stop")
                self.assertEqual(line, f"weft: asked to stop, but {WHO} has not returned from call. A second signal ends the process "
                                 "at once; else it ends after 100000 s.\n")
                self.assertIsNone(process.poll())
                process.send_signal(signal.SIGINT)
                self.assertIn(f"weft: error: ended at the second signal. {SAVED}\n", self.end(process))
                shutil.rmtree(self.folder / "run")

    def test_one_signal_ends_it_after_a_while(self):
        process = self.start("hang", "0.2", "0.3")
        self.wait_for(process, "has not returned")
        process.send_signal(signal.SIGTERM)
        self.assertIn(f"weft: error: asked to stop, and {WHO} has not returned from call for 0.3 s. {SAVED}\n", self.end(process))
        self.assertEqual((self.folder / "run/latest").read_text(), "fit-2\n")
        result = weft("train", PICTURE, "--run", self.folder / "run", *SHORT, *shards(SHARD), *use("none"), "--resume")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_signal_while_evaluating_blames_nobody(self):
        process = self.start("hang_in_evaluation", "0.2", NEVER)
        self.wait_for(process, "has not returned")
        process.send_signal(signal.SIGTERM)
        self.assertIn("weft: error: stopped while evaluating; all stages are saved. Go on with --resume.\n", self.end(process))

    def test_limits_that_are_no_numbers(self):
        process = self.start("none", "soon", "1")
        error = process.communicate(timeout=300)[1]
        self.assertEqual((process.returncode, error),
                         (USAGE, 'weft: error: WEFT_CALL_SECONDS is "soon"; expected seconds, such as 30.\n'))


if __name__ == "__main__":
    run()
