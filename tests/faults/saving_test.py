"""Saving beside training: steps go on while a checkpoint is written, what needs it waits, and a write that fails ends the run as it
must. Usage: saving_test.py BUILD_FOLDER"""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "host/command"))
from cases import *  # noqa: E402, F403

IO, INTERRUPTED = 74, 75
STAGE = json.loads(SHORT[-1].removeprefix("stages="))[0] | {"steps": 8}
SETTINGS = [*SHORT[:-1], "stages=" + json.dumps([STAGE]), *shards(SHARD)]  # saves after 2, 4, 6 and 8 steps


class Saving(Case):
    def start(self, run, kind, at=-1, *more, ranks=1, only=None):
        environment = os.environ | {"LD_PRELOAD": str(BUILD / "tests/faults/libfaulty_calls.so"), "WEFT_FAULT": kind, "WEFT_FAULT_AT": str(at),
                                    "WEFT_FAULT_FOLDER": str(run)}
        environment |= {} if only is None else {"WEFT_FAULT_RANK": str(only)}
        launched = ["launch", "--nproc", str(ranks)] if ranks > 1 else []
        process = subprocess.Popen([BUILD / "bin/weft", *launched, "train", PICTURE, "--run", run, *SETTINGS, *more], env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def whole(self):
        """A run that nothing disturbs. @return its last weights, and the numbers of the calls by which it made each checkpoint's folder"""
        run = self.folder / "whole"
        process = self.start(run, "log")
        told = process.communicate()[1]
        self.assertEqual(process.returncode, 0, told)
        calls = Path(f"{run}.calls").read_text().splitlines()
        return self.weights(run), [i for i, call in enumerate(calls) if call.startswith("mkdirat") and call.endswith(".new")]

    def weights(self, run):
        return (run / "checkpoints/fit-8/model.safetensors").read_bytes()

    def told(self, run):
        events = run / "events.jsonl"
        lines = events.read_text().splitlines(keepends=True) if events.exists() else []
        return [(event["event"], event.get("step")) for event in map(json.loads, (line for line in lines if line.endswith("\n")))]

    def wait_for(self, run, event):
        for _ in range(30000):
            if event in self.told(run):
                return
            time.sleep(0.01)
        self.fail(f"{event} is not told: {self.told(run)}")

    def held(self, name, **more):
        """A run whose first save is held while steps go on. @return its folder and its process"""
        _, saves = self.whole()
        run = self.folder / name
        process = self.start(run, "hold", saves[0], **more)
        self.wait_for(run, ("step", 3))
        return run, process

    def test_steps_go_on_and_what_is_saved_is_of_its_step(self):
        weights, saves = self.whole()
        self.assertEqual(len(saves), 4)
        run = self.folder / "held"
        process = self.start(run, "hold", saves[1])
        self.wait_for(run, ("step", 6))  # the save after step 4 is held, that after step 6 waits for it
        self.assertIn(("checkpoint", 2), self.told(run))
        time.sleep(0.2)
        self.assertNotIn(("checkpoint", 4), self.told(run))
        self.assertNotIn(("step", 7), self.told(run), "one is in flight at most")
        (run / "go").touch()
        told = process.communicate()[1]
        self.assertEqual(process.returncode, 0, told)
        self.assertEqual(self.weights(run), weights)
        self.assertEqual([step for event, step in self.told(run) if event == "checkpoint"], [2, 4, 6, 8])
        for name in ("fit-8", "fit-6"):  # step 6 was trained on from while it was written
            for file in ("model.safetensors", "optimizer.safetensors", "state.json"):
                self.assertEqual(*((self.folder / one / "checkpoints" / name / file).read_bytes() for one in ("held", "whole")))

    def test_a_stop_waits_until_all_is_saved(self):
        weights, saves = self.whole()
        run = self.folder / "stopped"
        process = self.start(run, "hold", saves[0])
        self.wait_for(run, ("step", 3))
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertIsNone(process.poll(), "the checkpoint is not there yet")
        (run / "go").touch()
        told = process.communicate()[1]
        self.assertEqual(process.returncode, INTERRUPTED, told)
        self.assertIn("everything is saved. Go on with --resume.", told)
        step = [step for event, step in self.told(run) if event == "step"][-1]
        self.assertEqual((run / "latest").read_text(), f"fit-{step}\n")
        resumed = weft("train", PICTURE, "--run", run, *SETTINGS, "--resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual(self.weights(run), weights)

    def test_a_crash_waits_until_the_checkpoint_is_there(self):
        run, process = self.held("crashed")
        process.send_signal(signal.SIGSEGV)
        time.sleep(0.5)
        self.assertIsNone(process.poll(), "the checkpoint is not there yet")
        (run / "go").touch()
        told = process.communicate()[1]
        self.assertEqual(process.returncode, PLUGIN, told)
        self.assertIn("What was saved is as it was: --resume goes on from the last checkpoint.", told)
        self.assertEqual((run / "latest").read_text(), "fit-2\n")

    def test_a_second_signal_does_not_wait(self):
        run, process = self.held("stopped")
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=20)[1]  # a save is held for a minute
        self.assertEqual(process.returncode, INTERRUPTED, told)
        self.assertIn("ended at the second signal.", told)
        self.assertFalse((run / "latest").exists())

    def test_a_rank_writes_its_checkpoint_when_another_is_lost(self):
        run, process = self.held("lost", ranks=2)
        ranks = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
        other = next(pid for pid in map(int, ranks) if b"\0RANK=1\0" in Path(f"/proc/{pid}/environ").read_bytes())
        os.kill(other, signal.SIGKILL)
        time.sleep(9)  # longer than the watch gives a rank that does not notice
        self.assertIsNone(process.poll(), "the checkpoint is not there yet")
        (run / "go").touch()
        told = process.communicate()[1]
        self.assertEqual(process.returncode, INTERRUPTED, told)
        self.assertIn("error: rank 0: rank 1 of 2 has ended without a word", told)
        # How far training went on beside the save depends on the machine.
        self.assertIn((run / "latest").read_text(), ("fit-2\n", "fit-4\n"))

    def test_a_rank_that_is_killed_in_its_piece_leaves_the_checkpoint_before(self):
        sharded, whole = ["--set", 'parallel={"shard": "parameters"}'], self.folder / "whole"
        process = self.start(whole, "log", -1, *sharded, ranks=2, only=1)
        told = process.communicate()[1]
        self.assertEqual(process.returncode, 0, told)
        calls = Path(f"{whole}.calls").read_text().splitlines()  # all of the second rank, in four pieces
        self.assertIn("fit-2.new/model-00002-of-00002.safetensors", calls[0])
        size = len(calls) // 4
        for at in (size, size + size // 2, 2 * size - 1):
            with self.subTest(at=at):
                run = self.folder / f"killed-{at}"
                process = self.start(run, "kill", at, *sharded, ranks=2, only=1)
                told = process.communicate()[1]
                self.assertEqual(process.returncode, INTERRUPTED, told)
                self.assertEqual((run / "latest").read_text(), "fit-2\n")
                self.assertFalse((run / "checkpoints/fit-4").exists())
                self.assertFalse((run / "checkpoints/fit-4.new/state.json").exists())
                resumed = weft("launch", "--nproc", 2, "train", PICTURE, "--run", run, *SETTINGS, *sharded, "--resume")
                self.assertEqual(resumed.returncode, 0, resumed.stderr)
                self.assertFalse(list((run / "checkpoints").glob("*.new")))
                self.assertEqual(*(saved_tensors(one / "checkpoints/fit-8") for one in (run, whole)))

    def test_a_full_disk_of_a_rank_ends_all_and_the_checkpoint_before_stays(self):
        run, sharded = self.folder / "full", ["--set", 'parallel={"shard": "gradients"}']
        process = self.start(run, "full", 3, *sharded, ranks=2, only=1)
        told = process.communicate()[1]
        self.assertEqual(process.returncode, IO, told)
        self.assertIn("No space left on device", told)
        self.assertIn("error: rank 0: stops, because rank 1 of 2 failed: ", told)
        self.assertFalse((run / "latest").exists())

    def test_a_full_disk_ends_the_run_and_the_checkpoint_before_stays(self):
        weights, saves = self.whole()
        for number, save in enumerate(saves):
            run = self.folder / f"full-{number}"
            process = self.start(run, "full", save + 3)
            told = process.communicate()[1]
            self.assertEqual(process.returncode, IO, told)
            self.assertIn("No space left on device", told)
            self.assertIn(f"The checkpoint fit-{2 * number} is sound; --resume goes on from it." if number else "No checkpoint was saved yet.", told)
            self.assertEqual(self.told(run)[-1][0], "failed")
            self.assertFalse(list((run / "checkpoints").glob("*.new")))
            resumed = weft("train", PICTURE, "--run", run, *SETTINGS, "--resume")
            self.assertEqual(resumed.returncode, 0, resumed.stderr)
            self.assertEqual(self.weights(run), weights)


if __name__ == "__main__":
    run()
