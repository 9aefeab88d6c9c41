"""Run folders and processes under attack: links and pipes that lie in wait, files that a kill or a disk damaged, signals, and
closed standard streams.

Usage: run_test.py BUILD_FOLDER. Each case runs the built program as a user would, in a temporary folder.
"""
import json
import os
import resource
import shutil
import signal
import subprocess
import time

from cases import *

IO, INTERRUPTED, FAILED = 74, 75, 1
LONG = [*SHORT[:-1], SHORT[-1].replace('"steps": 4', '"steps": 1000000').replace('"save_every": 2', '"save_every": 0')]


def events(run):
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


class Names(Case):
    def test_a_name_leads_nowhere_else(self):
        for name in ("..", "../other", "a/b", "/etc", ".", "a\\nb"):
            self.refused(["train", PICTURE, "--set", f"name={json.dumps(name)}", *SHORT, *shards(SHARD), "--overwrite"], BAD_RECIPE,
                         "cannot name a run folder.")


class Links(Case):
    """A run folder from a stranger leads nowhere else, whatever is done with it."""

    def setUp(self):
        super().setUp()
        self.run_folder = self.train("run")
        self.victim = self.folder / "victim"
        self.victim.mkdir()
        for name in ("file", "fit-1/state.json"):
            (self.victim / name).parent.mkdir(exist_ok=True)
            (self.victim / name).write_text("untouched")

    def plant(self, name, target):
        path = self.run_folder / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        path.symlink_to(target)

    def test_links_are_not_followed(self):
        resume = ["train", PICTURE, "--run", self.run_folder, *SHORT, *shards(SHARD)]
        for name, target in (("lock", "file"), ("events.jsonl", "file"), ("checkpoints", "."), ("latest", "file"), ("weft.lock", "file"),
                             ("tokenizers", "."), ("crash.txt", "file"), ("recipe.json", "file")):
            with self.subTest(name):
                shutil.copytree(self.run_folder, self.folder / "kept", symlinks=True)
                self.plant(name, self.victim / target)
                for more in (["--resume"], ["--overwrite"]):
                    weft(*resume, *more)
                weft("eval", self.run_folder)
                self.assertEqual(sorted(path.name for path in self.victim.rglob("*")), ["file", "fit-1", "state.json"])
                for file in ("file", "fit-1/state.json"):
                    self.assertEqual((self.victim / file).read_text(), "untouched")
                shutil.rmtree(self.run_folder)
                (self.folder / "kept").rename(self.run_folder)

    def test_a_pipe_does_not_hang(self):
        resume = ["train", PICTURE, "--run", self.run_folder, *SHORT, *shards(SHARD), "--resume"]
        for name, verb, code in (("recipe.json", ["eval", self.run_folder], NO_INPUT), ("weft.lock", ["eval", self.run_folder], NO_INPUT),
                                 ("latest", resume, NO_INPUT), ("lock", resume, CANNOT_CREATE), ("events.jsonl", resume, CANNOT_CREATE)):
            with self.subTest(name):
                path = self.run_folder / name
                text = path.read_bytes()
                path.unlink()
                os.mkfifo(path)
                self.refused(verb, code, f"{name} is a pipe, expected a file. Put one in its place, or remove it.")
                path.unlink()
                path.write_bytes(text)


class Damage(Case):
    def resume(self, run, *more):
        return weft("train", PICTURE, "--run", run, *SHORT, *shards(SHARD), "--resume", *more)

    def model(self, run):
        return (run / "checkpoints/fit-4/model.safetensors").read_bytes()

    def test_the_newest_checkpoint_is_damaged(self):
        run = self.train("run")
        whole = self.model(run)
        state = run / "checkpoints/fit-4/state.json"
        for damage in (lambda: state.write_text(state.read_text().replace('"taken": 32', '"taken": 33')),
                       lambda: (run / "checkpoints/fit-4/model.safetensors").write_bytes(whole[:-1]),
                       lambda: (run / "latest").unlink(),
                       lambda: (run / "latest").write_text("fit-9\n")):
            damage()
            result = weft("eval", run)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("is taken, the newest checkpoint that is sound.", result.stderr)
            result = self.resume(run)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("is taken, the newest checkpoint that is sound.", result.stderr)
            self.assertEqual(self.model(run), whole)
            self.assertEqual((run / "latest").read_text(), "fit-4\n")

    def test_none_is_sound(self):
        run = self.train("run")
        for path in (run / "checkpoints").iterdir():
            (path / "state.json").write_text("{}")
        result = self.resume(run)
        self.assertEqual(result.returncode, BAD_CHECKPOINT)
        self.assertIn("No other checkpoint there is sound.", result.stderr)
        self.assertEqual(len(list((run / "checkpoints").iterdir())), 2)

    def test_a_run_that_was_killed_before_it_began(self):
        for number, more in enumerate(([], ["--resume"])):
            run = self.folder / str(number)
            (run / "checkpoints").mkdir(parents=True)
            (run / "recipe.json.tmp").write_text("{")
            result = weft("train", PICTURE, "--run", run, *SHORT, *shards(SHARD), *more)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertFalse((run / "recipe.json.tmp").exists())

    def test_a_line_that_a_kill_cut_is_mended(self):
        run = self.train("run")
        before = (run / "events.jsonl").read_text()
        (run / "events.jsonl").write_text(before + '{"event":"st')
        self.assertEqual(self.resume(run).returncode, 0)
        self.assertTrue((run / "events.jsonl").read_text().startswith(before))
        self.assertIn("resumed", [event["event"] for event in events(run)])

    def test_weights_that_are_no_numbers_are_not_saved(self):
        run = self.train("run")
        result = self.resume(run, "--set", "stages.0.steps=6", "--set", "stages.0.optimizer.lr=1e39", "--set", "stages.0.schedule.min_ratio=1")
        self.assertEqual(result.returncode, FAILED, result.stderr)
        self.assertIn("The checkpoint fit-4 is sound; --resume goes on from it.", result.stderr)
        fresh = self.folder / "fresh"
        result = weft("train", PICTURE, "--run", fresh, *SHORT, *shards(SHARD), "--set", "stages.0.optimizer.lr=1e39")
        self.assertEqual(result.returncode, FAILED, result.stderr)
        self.assertIn("No checkpoint was saved yet.", result.stderr)
        self.assertEqual(list((fresh / "checkpoints").iterdir()), [])


class Processes(Case):
    def start(self, *more, setup=None, **streams):
        self.run_folder = self.folder / "run"
        return subprocess.Popen([BUILD / "bin/weft", "train", PICTURE, "--run", str(self.run_folder), *LONG, *shards(SHARD), *more],
                                preexec_fn=setup, **streams)

    def wait_for_steps(self, process):
        while process.poll() is None:
            if (self.run_folder / "events.jsonl").exists() and '"step"' in (self.run_folder / "events.jsonl").read_text():
                return
            time.sleep(0.02)
        self.fail("training ended")

    def test_signals_that_ask_to_end_lose_nothing(self):
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGXCPU):
            with self.subTest(number):
                process = self.start("--overwrite", stderr=subprocess.PIPE, text=True)
                self.wait_for_steps(process)
                process.send_signal(number)
                told = process.communicate(timeout=300)[1]
                answer = "weft: stops after this step and saves it. A second signal ends the process at once.\n"
                self.assertEqual(answer in told, number in (signal.SIGTERM, signal.SIGINT), told)
                self.assertIn("everything is saved. Go on with --resume.", told)
                self.assertEqual(process.returncode, INTERRUPTED)
                self.assertTrue((self.run_folder / "latest").exists())
                shutil.rmtree(self.run_folder)

    def test_a_hangup_that_was_ignored_stays_so(self):
        process = self.start(setup=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN), stderr=subprocess.DEVNULL)
        self.wait_for_steps(process)
        process.send_signal(signal.SIGHUP)
        before = len(events(self.run_folder))
        while len(events(self.run_folder)) < before + 5 and process.poll() is None:
            time.sleep(0.02)
        self.assertIsNone(process.poll())
        process.kill()
        process.wait()

    def test_a_reader_that_goes_away_ends_nothing(self):
        words = [word for word in SHORT if word != "--quiet"]
        read, write = os.pipe()
        os.close(read)
        result = subprocess.run([BUILD / "bin/weft", "train", PICTURE, "--run", self.folder / "a", *words, *shards(SHARD)],
                                stderr=write, stdout=subprocess.DEVNULL, restore_signals=True, timeout=300)
        self.assertEqual(result.returncode, 0)
        result = subprocess.run([BUILD / "bin/weft", "check", PICTURE], stdout=write, stderr=subprocess.PIPE, text=True, timeout=300)
        os.close(write)
        self.assertEqual(result.returncode, IO)
        self.assertIn("standard output cannot be written: Broken pipe.", result.stderr)

    def test_a_full_disk_behind_standard_output(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([BUILD / "bin/weft", "check", PICTURE], stdout=full, stderr=subprocess.PIPE, text=True, timeout=300)
        self.assertEqual(result.returncode, IO)
        self.assertIn("standard output cannot be written: No space left on device.", result.stderr)

    def test_a_file_that_outgrows_its_limit(self):
        result = subprocess.run([BUILD / "bin/weft", "train", PICTURE, "--run", self.folder / "a", *SHORT, *shards(SHARD)],
                                capture_output=True, text=True, timeout=300,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (260_000, 260_000)))
        self.assertEqual(result.returncode, IO, result.stderr)
        self.assertIn("cannot be written: File too large.", result.stderr)
        self.assertIn("No checkpoint was saved yet.", result.stderr)

    def test_closed_standard_streams_are_not_taken_by_files(self):
        words = [word for word in SHORT if word != "--quiet"]
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            run = self.folder / "-".join(map(str, closed))
            result = subprocess.run([BUILD / "bin/weft", "train", PICTURE, "--run", run, *words, *shards(SHARD)], timeout=300,
                                    stdout=None if 1 in closed else subprocess.DEVNULL, stderr=None if 2 in closed else subprocess.DEVNULL,
                                    preexec_fn=lambda: [os.close(number) for number in closed])
            self.assertEqual(result.returncode, 0)
            self.assertRegex((run / "lock").read_text(), r"\A\d+\n\Z")
            self.assertEqual(events(run)[-1]["event"], "done")


if __name__ == "__main__":
    run()
