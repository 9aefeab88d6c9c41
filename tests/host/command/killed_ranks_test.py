"""A random rank is killed at a random moment, again and again: the others end with a sentence, and the run that was started again has the
bits of the unbroken one.

Usage: killed_ranks_test.py BUILD_FOLDER. In the environment: WEFT_KILLS=20 (default 2), and with WEFT_KILL_SECONDS=5 no rank may live
longer than that behind a kill.
"""
import json
import os
import random
import re
import signal
import subprocess
import threading
import time

from cases import *

RANKS, STEPS = 2, 100
KILLS, SECONDS = int(os.environ.get("WEFT_KILLS", "2")), float(os.environ.get("WEFT_KILL_SECONDS", "120"))
STAGE = {"name": "fit", "data": "av", "steps": STEPS, "batch_size": 8, "losses": {"ce": 1}, "optimizer": {"lr": 1e-3},
         "train": ["vision", "fusion", "reasoning", "digit"], "save_every": 5, "log_every": 1}


class KilledRanks(Case):
    def words(self, run, shard, restarts):
        return [BUILD / "bin/weft", "launch", "--nproc", str(RANKS), "--restarts", str(restarts), "train", PICTURE, "--run", str(run),
                "--threads", "1", "--quiet", "--set", "stages=" + json.dumps([STAGE]), "--set", f'parallel={{"shard": "{shard}"}}',
                "--set", "evaluate=null", *shards(SHARD)]

    def ranks(self, process):
        """Process id by rank."""
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout
        ids = {}
        for pid in map(int, found.split()):
            environment = Path(f"/proc/{pid}/environ").read_text()
            ids[int(re.search(r"(?:^|\0)RANK=(\d+)", environment).group(1))] = pid
        return ids

    def step(self, run):
        path = run / "events.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return max((json.loads(line)["step"] for line in lines if '"event":"step"' in line.replace(" ", "") and line.endswith("}")),
                   default=0)

    def killed(self, run, shard, victim, step, delay):
        """@return exit code, standard error, and how long other ranks of the first start lived on."""
        process = subprocess.Popen(self.words(run, shard, 1), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        err = []
        reader = threading.Thread(target=lambda: err.extend(process.stderr))
        reader.start()
        while self.step(run) < step and process.poll() is None:
            time.sleep(0.02)
        time.sleep(delay)
        ids = self.ranks(process)
        self.assertEqual(sorted(ids), list(range(RANKS)), "the run is over before the kill")
        os.kill(ids[victim], signal.SIGKILL)
        begin = time.monotonic()
        while any(Path(f"/proc/{pid}").exists() for pid in ids.values()) and time.monotonic() - begin < 60:
            time.sleep(0.02)
        lived = time.monotonic() - begin
        code = process.wait(timeout=600)
        reader.join()
        process.stderr.close()
        return code, "".join(err), lived

    def test_runs_end_with_the_bits_of_the_unbroken_one(self):
        chance, weights, longest = random.Random(17), f"checkpoints/fit-{STEPS}", 0.0
        unbroken = self.folder / "unbroken"
        subprocess.run(self.words(unbroken, "none", 0), check=True, stdout=subprocess.DEVNULL)
        for number in range(KILLS):
            victim, step, delay = chance.randrange(RANKS), chance.randrange(1, 20), chance.random() * 0.3
            shard = ("none", "parameters", "gradients", "optimizer")[number % 4]
            with self.subTest(number=number, victim=victim, step=step, shard=shard):
                run = self.folder / f"broken{number}"
                code, err, lived = self.killed(run, shard, victim, step, delay)
                longest = max(longest, lived)
                self.assertEqual(code, 0, err)
                self.assertIn(f"rank {victim} was ended by signal 9 (Killed); start 1 of 1 again.", err)
                self.assertIn(f"weft: error: rank {1 - victim}: rank {victim} of {RANKS}", err)
                self.assertLess(lived, SECONDS)
                self.assertEqual(saved_tensors(run / weights)[0], saved_tensors(unbroken / weights)[0])
        print(f"{KILLS} kills; other ranks lived at most {longest:.1f} s behind one")


run()
