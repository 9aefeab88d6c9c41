"""Plug-ins that end the process in the middle of a run: the report names library, part, entry and step, and the run goes on
from its checkpoint with another plug-in.

Usage: crash_test.py BUILD_FOLDER. The part is doubles/crashing.cpp, which does its deed at its third call.
"""
import json

from cases import *

PATH = ["--plugins", PLUGINS, "--plugins", BUILD / "tests/host/command/doubles"]


def use(deed):
    return ["--set", "graph.fusion.use=tests/fusion.crashing", "--set", "graph.fusion.config=" + json.dumps({"deed": deed}), *PATH]


class Crash(Case):
    def crash(self, deed):
        """The sentence that both standard error and the run folder's crash.txt hold."""
        run = self.folder / deed
        result = weft("train", PICTURE, "--run", run, *SHORT, *shards(SHARD), *use(deed))
        self.assertEqual(result.returncode, PLUGIN, result.stderr)
        report = (run / "crash.txt").read_text()
        self.assertEqual(report.count("\n"), 1)
        self.assertIn(report, result.stderr)
        self.assertEqual((run / "latest").read_text(), "fit-2\n")
        record = json.loads(weft("runs", "show", run, "--json").stdout)
        self.assertEqual((record["state"], f"weft: error: {record['message']}\n"), ("failed", report))
        return report

    def within(self, signal, entry, node=" (fusion)"):
        return (f"weft: error: {signal} inside crashing.so, part tests/fusion.crashing{node}, entry {entry}, stage "
                '"fit", step 3. This is a fault of the plug-in: `weft plugin check` on its file may show more. What was saved '
                "is as it was: --resume goes on from the last checkpoint.\n")

    def test_faults_of_a_call(self):
        for deed, signal in ("segfault", "SIGSEGV"), ("abort", "SIGABRT"), ("overflow", "SIGSEGV"):
            with self.subTest(deed):
                self.assertEqual(self.crash(deed), self.within(signal, "call"))

    def test_a_fault_of_backward(self):
        self.assertEqual(self.crash("backward"), self.within("SIGSEGV", "backward of custom operation tests.trap", ""))

    def test_a_fault_of_a_thread_that_the_plugin_started(self):
        self.assertRegex(self.crash("thread"), r'^weft: error: SIGSEGV in code of /.*, outside of every entry, stage "fit", step 3\.')

    def test_a_plugin_that_ends_the_process(self):
        for deed in "exit", "quick_exit", "_exit", "_Exit":
            with self.subTest(deed):
                called = "_exit was called" if deed == "_Exit" else f"{deed} was called"
                self.assertEqual(self.crash(deed), self.within(called, "call"))
        self.assertEqual(self.crash("exit_in_a_thread"), self.within("exit was called", "call").replace(
            "inside crashing.so, part tests/fusion.crashing (fusion), entry call", "in a thread that a plug-in started"))

    def test_a_plugin_that_ends_its_thread(self):
        """glibc aborts where the unwinding of pthread_exit meets the host's frames."""
        self.assertEqual(self.crash("pthread_exit"), self.within("SIGABRT", "call"))

    def test_what_belongs_to_the_process_is_put_back(self):
        for deed, what in (("close_output", "closed the process's standard output"),
                           ("change_locale", "changed the process's locale"),
                           ("change_rounding", "changed how the thread's floating point rounds, traps or flushes"),
                           ("flush_denormals", "changed how the thread's floating point rounds, traps or flushes")):
            with self.subTest(deed):
                result = weft("train", PICTURE, "--run", self.folder / deed, *SHORT, *shards(SHARD), *use(deed))
                self.assertEqual(result.returncode, PLUGIN, result.stderr)
                self.assertIn(f"weft: error: fusion (tests/fusion.crashing 1.0.0): it {what}, which belong to the host. The checkpoint fit-2 is sound;", result.stderr)
                self.assertEqual((self.folder / deed / "latest").read_text(), "fit-2\n")

    def test_a_child_that_comes_back_is_no_second_host(self):
        run = self.folder / "run"
        result = weft("train", PICTURE, "--run", run, *SHORT, *shards(SHARD), *use("fork"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr.count("weft: error: the process was forked inside crashing.so, part tests/fusion.crashing (fusion), entry "
                                             "call, and the child came back from the call. The child ends here, and the run goes on."), 1, result.stderr)
        self.assertEqual((run / "latest").read_text(), "fit-4\n")
        steps = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        self.assertEqual([event["step"] for event in steps if event["event"] == "step"], [1, 2, 3, 4])

    def test_what_a_plugin_prints_is_not_the_documents(self):
        """--json is one document, whatever parts print; what they print is seen on standard error."""
        run = self.folder / "run"
        result = weft("train", PICTURE, "--run", run, *SHORT, *shards(SHARD), *use("print"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(result.stdout.startswith("metric (test)"), result.stdout)
        self.assertNotIn(" in c", result.stdout)
        for verb in (["check", PICTURE, "--json", *use("print")], ["eval", run, "--json", *PATH], ["predict", run, *PATH, "--split", "test"]):
            result = weft(*verb)
            self.assertEqual(result.returncode, 0, result.stderr)
            for line in result.stdout.splitlines() if verb[0] == "predict" else [result.stdout]:
                json.loads(line)
            for way in "printf", "cout", "cout of a thread", "write":
                self.assertIn(f"{way} in creation\n", result.stderr, verb[0])

    def test_a_fault_before_there_is_a_run(self):
        for verb in (["check", PICTURE], ["train", PICTURE, "--run", self.folder / "run", *SHORT, *shards(SHARD)]):
            result = weft(*verb, *use("create"))
            self.assertEqual(result.returncode, PLUGIN, result.stderr)
            self.assertEqual(result.stderr, "weft: error: SIGSEGV inside crashing.so, part tests/fusion.crashing (fusion), entry "
                             "create. This is a fault of the plug-in: `weft plugin check` on its file may show more.\n")

    def test_the_run_goes_on_without_the_fault(self):
        self.crash("segfault")
        result = weft("train", PICTURE, "--run", self.folder / "segfault", *SHORT, *shards(SHARD), *use("none"), "--resume")
        self.assertEqual(result.returncode, 0, result.stderr)
        whole = self.train("whole", *use("none"))
        model = "checkpoints/fit-4/model.safetensors"
        self.assertEqual((self.folder / "segfault" / model).read_bytes(), (whole / model).read_bytes())


if __name__ == "__main__":
    run()
