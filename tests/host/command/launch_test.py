"""Several processes that train one model: `weft launch`, environments of other launchers, ranks that are killed, hang, fail or
differ.

Usage: launch_test.py BUILD_FOLDER.
"""
import json
import os
import signal
import socket
import subprocess
import time

from cases import *

INTERRUPTED, FAILED = 75, 1
STAGE = {"name": "fit", "data": "av", "steps": 4, "batch_size": 8, "grad_accumulation": 2, "losses": {"ce": 1}, "optimizer": {"lr": 1e-3},
         "train": ["vision", "fusion", "reasoning", "digit"], "save_every": 2, "log_every": 1}


def stage(**changes):
    return ["--threads", "1", "--quiet", "--set", "stages=" + json.dumps([{**STAGE, **changes}])]


def command(run, *more, **changes):
    return ["train", PICTURE, "--run", str(run), *stage(**changes), *shards(SHARD), *map(str, more)]


def events(run):
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def weights(run, name):
    return (run / "checkpoints" / name / "model.safetensors").read_bytes()


def started(arguments, **environment):
    return subprocess.Popen([BUILD / "bin/weft", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, **environment})


def ended(process, seconds=120):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def children(process):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout
    return [int(word) for word in found.split()]


def rank_of(pid):
    variables = dict(part.split("=", 1) for part in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in part)
    return int(variables["RANK"])


def wait_for_step(run, step, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        if (run / "events.jsonl").exists() and any(
                line.get("event") == "step" and line["step"] >= step for line in events(run)):
            return
        time.sleep(0.05)
    raise AssertionError(f"no step {step} in {run}")


class Launch(Case):
    def launched(self, count, arguments, *more):
        result = weft("launch", "--nproc", count, *more, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def test_two_ranks_end_with_the_bits_of_one(self):
        one, two = self.folder / "one", self.folder / "two"
        alone = weft(*command(one, "--json"))
        both = self.launched(2, command(two, "--json"))
        self.assertEqual(weights(one, "fit-4"), weights(two, "fit-4"))
        self.assertEqual(json.loads(alone.stdout.replace(str(one), "RUN")), json.loads(both.stdout.replace(str(two), "RUN")))
        steps = [[(line["losses"], line["gradient_norm"], line["samples"]) for line in events(run) if line["event"] == "step"]
                 for run in (one, two)]
        self.assertEqual(steps[0], steps[1])
        scores = [[line["values"] for line in events(run) if line["event"] == "evaluation"] for run in (one, two)]
        self.assertEqual(scores[0], scores[1])

    def test_a_modality_that_some_ranks_lack_hangs_nobody(self):
        """Two rows a rank and step, of which half have a clue: a rank often has none."""
        few = ["--threads", "1", "--quiet", "--set", "evaluate=null", "--set", "stages.0.steps=16", "--set", "stages.0.batch_size=4",
               "--set", "stages.0.eval_every=0", "--set", "stages.0.metrics=[]"]
        runs = []
        for count, more in ((1, ["--set", "stages.0.grad_accumulation=2"]), (2, []), (2, ["--set", 'parallel={"shard": "parameters"}'])):
            run = self.folder / f"run{len(runs)}"
            self.launched(count, ["train", str(ROOT / "recipes/digits_absent.json"), "--run", str(run), *few, *more])
            runs.append({key: one for key, one in saved_tensors(run / "checkpoints/classify-16")[0].items() if key[0] == "model"})
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(runs[0], runs[2])

    def test_each_rank_of_a_sharded_run_writes_its_piece_of_the_same_checkpoint(self):
        saved, told = [], []
        for shard in ("none", "optimizer", "gradients", "parameters"):
            run = self.folder / shard
            result = self.launched(2, command(run, "--json", "--set", f'parallel={{"shard": "{shard}"}}'))
            saved.append(saved_tensors(run / "checkpoints/fit-4"))
            told.append(json.loads(result.stdout.replace(str(run), "RUN")))
            self.assertEqual([line["step"] for line in events(run) if line["event"] == "checkpoint"], [2, 4])
            self.assertEqual((run / "latest").read_text(), "fit-4\n")
            self.assertFalse(list((run / "checkpoints").glob("*.new")))
        self.assertEqual([files for _, files in saved], [2, 4, 4, 4])
        for tensors, _ in saved[1:]:
            self.assertEqual(tensors, saved[0][0])
        for one in told[1:]:
            self.assertEqual(one, told[0], "the hash of the weights too")
        self.read_alike(self.folder / "none", self.folder / "parameters")

    def read_alike(self, whole, pieces):
        """Whatever reads a run gets the same of both; a piece that is not there is named."""
        for arguments in (["eval", "RUN", "--threads", 1, "--json"], ["predict", "RUN", "--threads", 1]):
            told = []
            for run in (whole, pieces):
                result = weft(*[run if word == "RUN" else word for word in arguments])
                self.assertEqual(result.returncode, 0, result.stderr)
                told.append(result.stdout.replace(str(run), "RUN"))
            self.assertEqual(*told)
        (pieces / "checkpoints/fit-4/model-00002-of-00002.safetensors").unlink()
        result = weft("eval", pieces, "--threads", 1)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("model-00002-of-00002.safetensors is missing. fit-2 is taken, the newest checkpoint that is sound.", result.stderr)

    def test_a_pipeline_writes_the_same_checkpoints_and_says_how_it_is_cut(self):
        one, two = self.folder / "one", self.folder / "two"
        alone = weft(*command(one, grad_accumulation=4))
        self.assertEqual(alone.returncode, 0, alone.stderr)
        process = weft("launch", "--nproc", 2, *[word for word in command(two, "--set", 'parallel={"pipeline": 2}', grad_accumulation=4)
                                                  if word != "--quiet"])
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertRegex(process.stderr, r'stage "fit" is a pipeline: .+ \(\d+ %\) \| .+ \(\d+ %\)\. A step of 4 micro-batches should take \d+ ms, ')
        for file in ("model.safetensors", "optimizer.safetensors"):
            self.assertEqual(*((run / "checkpoints/fit-4" / file).read_bytes() for run in (one, two)))
        losses = [[(line["losses"], line["gradient_norm"]) for line in events(run) if line["event"] == "step"] for run in (one, two)]
        self.assertEqual(losses[0], losses[1])

    def test_gradients_travel_as_bfloat16(self):
        narrow = ["--set", 'parallel={"wire": "bfloat16"}']
        one, two, plain = (self.folder / name for name in ("one", "two", "plain"))
        self.launched(2, command(two, *narrow))
        self.launched(2, command(plain))
        self.assertNotEqual(weights(two, "fit-4"), weights(plain, "fit-4"))
        alone = weft(*[word for word in command(one, *narrow) if word != "--quiet"])
        self.assertEqual(alone.returncode, 0, alone.stderr)
        self.assertIn('parallel.wire is "bfloat16", and one process sends no gradients: they stay float32.', alone.stderr)
        self.assertEqual(weights(one, "fit-4"), weights(plain, "fit-4"))
        self.refused(["check", PICTURE, "--set", 'parallel={"wire": "float16"}'], BAD_RECIPE,
                     '--set: /parallel/wire: expected one of "float32" and "bfloat16", found "float16"')
        result = weft("launch", "--nproc", 2, *command(self.folder / "r", "--set", 'parallel={"wire": "bfloat16", "pipeline": 2}'))
        self.assertEqual(result.returncode, BAD_RECIPE, result.stderr)
        self.assertIn("/parallel/wire: the ranks of a pipeline send outputs and weights, and hardly a gradient. Leave wire out.", result.stderr)

    def test_what_launch_refuses(self):
        self.refused(["launch", "train", PICTURE], USAGE, "weft launch: --nproc N is missing. `weft launch --help` shows how.")
        self.refused(["launch", "--nproc", "0", "train", PICTURE], USAGE, "--nproc takes a number from 1 to 1024, found \"0\".")
        self.refused(["launch", "--nproc", "2", "plan", "x"], USAGE,
                     "expected --nproc, --restarts, train, eval or predict, found \"plan\".")
        result = weft("launch", "--nproc", "2", *command(self.folder / "r", batch_size=7, grad_accumulation=1))
        self.assertEqual(result.returncode, BAD_RECIPE, result.stderr)
        self.assertIn("/stages/0/batch_size: 2 micro-batches on 2 ranks cannot share a batch of 7. Make batch_size a multiple of 2",
                      result.stderr)
        self.assertFalse((self.folder / "r").exists())

    def test_an_existing_run_is_refused_by_all(self):
        run = self.folder / "run"
        self.launched(2, command(run))
        result = weft("launch", "--nproc", "2", *command(run))
        self.assertEqual(result.returncode, CANNOT_CREATE, result.stderr)
        self.assertIn("exists. Go on with --resume", result.stderr)


class Evaluation(Case):
    """Of runs that one process trained: three ranks get what one gets, where batches and rows do not divide evenly."""
    BATCH = ["--set", "evaluate.batch_size=37"]

    def both(self, *arguments):
        alone, together = weft(*arguments), weft("launch", "--nproc", 3, *arguments)
        self.assertEqual(alone.returncode, 0, alone.stderr)
        self.assertEqual(together.returncode, 0, together.stderr)
        return alone.stdout, together.stdout

    def test_values_intervals_and_groups_have_the_bits_of_one(self):
        run = self.train("run", *self.BATCH)
        alone, together = self.both("eval", run, "--threads", 1, "--json", "--interval", 20)
        self.assertEqual(alone, together)
        self.assertTrue(json.loads(alone)["results"][0]["metrics"])
        kept = run / "evaluation/test.json"
        kept.unlink()
        self.both("eval", run, "--threads", 1)
        alone = kept.read_bytes()
        weft("launch", "--nproc", 3, "eval", run, "--threads", 1)
        self.assertEqual(kept.read_bytes(), alone)

    def test_predictions_come_in_the_order_of_one(self):
        run = self.train("run", *self.BATCH)
        alone, together = self.both("predict", run, "--threads", 1)
        self.assertEqual(alone, together)
        self.assertEqual(len(alone.splitlines()), 93)  # 37, 37 and 19


class Chaos(Case):
    def test_random_modalities_on_three_ranks_end_as_on_one(self):
        result = weft("doctor", "--chaos", 30)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"30 steps of random modalities on 3 ranks in \d+ s; the weights are those of one rank")


class Environment(Case):
    def pair(self, first, second, **environment):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        both = [started(arguments, RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE="2", MASTER_ADDR="127.0.0.1",
                        MASTER_PORT=port, **environment) for rank, arguments in enumerate((first, second))]
        return [ended(process) for process in both]

    def test_ranks_that_differ_are_refused_before_the_first_step(self):
        run = self.folder / "run"
        for (code, _, err) in self.pair(command(run), command(run, "--set", "seed=9")):
            self.assertEqual(code, BAD_RECIPE, err)
            self.assertRegex(err, r"the ranks cannot train together: the recipe's /seed is \"\d+\" on rank 0 and \"9\" on rank 1\.")
        self.assertFalse(run.exists())

    def test_other_numbers_of_ranks_are_refused(self):
        run = self.folder / "run"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WEFT_RANK_SECONDS": "5"}
        first = started(command(run), RANK="0", WORLD_SIZE="2", **place)
        second = started(command(run), RANK="1", WORLD_SIZE="3", **place)
        code, _, err = ended(second)
        self.assertEqual(code, USAGE, err)
        self.assertIn("rank 1 was started as one of 3 ranks, rank 0 as one of 2.", err)
        code, _, err = ended(first)
        self.assertEqual(code, INTERRUPTED, err)

    def test_open_mpi_meets_beside_the_run(self):
        run = self.folder / "runs/mpi"
        both = [started(command(run), OMPI_COMM_WORLD_RANK=str(rank), OMPI_COMM_WORLD_SIZE="2", OMPI_COMM_WORLD_LOCAL_RANK=str(rank),
                        OMPI_COMM_WORLD_LOCAL_SIZE="2") for rank in (0, 1)]
        for process in both:
            code, _, err = ended(process)
            self.assertEqual(code, 0, err)
        self.assertTrue((run / "checkpoints/fit-4").exists())


class OtherNumbers(Case):
    """A run that is stopped goes on with another number of ranks, each of which writes other pieces."""
    STEPS = 48

    def words(self, run, shard):
        return command(run, "--set", f'parallel={{"shard": "{shard}"}}', steps=self.STEPS, grad_accumulation=4, save_every=0)

    def go_on(self, run, ranks, shard, until):
        more = ["--resume"] if run.exists() else []
        process = started(["launch", "--nproc", ranks, *self.words(run, shard), *more])
        self.addCleanup(lambda: process.poll() is None and process.kill())
        if until < self.STEPS:
            wait_for_step(run, until)
            process.send_signal(signal.SIGINT)
        code, _, err = ended(process)
        self.assertEqual(code, INTERRUPTED if until < self.STEPS else 0, err)
        latest = run / "checkpoints" / (run / "latest").read_text().strip()
        self.assertEqual(len(list(latest.glob("model*.safetensors"))), ranks)

    def test_4_2_1_and_1_2_end_with_the_bits_of_the_unbroken_run(self):
        unbroken = self.folder / "unbroken"
        result = weft(*self.words(unbroken, "none"))
        self.assertEqual(result.returncode, 0, result.stderr)
        for ranks, shard in (((4, 2, 1), "parameters"), ((1, 2), "gradients")):
            with self.subTest(ranks=ranks):
                run = self.folder / f"begun-by-{ranks[0]}"
                for number, count in enumerate(ranks):
                    last = number + 1 == len(ranks)
                    self.go_on(run, count, shard, self.STEPS if last else 3 + 8 * number)
                name = f"checkpoints/fit-{self.STEPS}"
                self.assertEqual(saved_tensors(run / name)[0], saved_tensors(unbroken / name)[0])


class Lost(Case):
    LONG = {"steps": 100000, "save_every": 2}

    def launch(self, run, *more, **changes):
        process = started(["launch", "--nproc", "2", *more, *command(run, **{**self.LONG, **changes})], WEFT_RANK_SECONDS="4")
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def test_a_killed_rank_is_named(self):
        for victim in (0, 1):
            with self.subTest(victim):
                run = self.folder / f"run{victim}"
                process = self.launch(run)
                wait_for_step(run, 3)
                os.kill(next(pid for pid in children(process) if rank_of(pid) == victim), signal.SIGKILL)
                code, _, err = ended(process)
                self.assertEqual(code, INTERRUPTED, err)
                self.assertIn(f"rank {victim} was ended by signal 9 (Killed)", err)
                self.assertIn(f"error: rank {1 - victim}: rank {victim} of 2", err)
                self.assertIn("--resume", err)

    def test_a_stopped_rank_is_named_when_the_limit_is_over(self):
        run = self.folder / "run"
        process = self.launch(run)
        wait_for_step(run, 3)
        os.kill(next(pid for pid in children(process) if rank_of(pid) == 1), signal.SIGSTOP)
        code, _, err = ended(process)
        self.assertEqual(code, INTERRUPTED, err)
        self.assertIn("the ranks do not go on together; the limit of 4 s (WEFT_RANK_SECONDS) is over.", err)
        self.assertRegex(err, r"Rank 0: stage \"fit\", step \d+, waits for [a-z ]+, for \d+ s\.")
        self.assertRegex(err, r"Rank 1: silent for \d+ s; the last it said: stage \"fit\", step \d+, ")

    def test_a_run_starts_again_and_ends_with_the_bits_of_the_unbroken_one(self):
        unbroken, broken = self.folder / "unbroken", self.folder / "broken"
        result = weft("launch", "--nproc", "2", *command(unbroken, steps=40))
        self.assertEqual(result.returncode, 0, result.stderr)
        process = self.launch(broken, "--restarts", "1", steps=40)
        wait_for_step(broken, 3)
        os.kill(next(pid for pid in children(process) if rank_of(pid) == 1), signal.SIGKILL)
        code, _, err = ended(process)
        self.assertEqual(code, 0, err)
        self.assertIn("rank 1 was ended by signal 9 (Killed); start 1 of 1 again.", err)
        self.assertTrue(any(line["event"] == "resumed" for line in events(broken)))
        self.assertEqual(weights(unbroken, "fit-40"), weights(broken, "fit-40"))

    def test_a_signal_stops_all_ranks_once_and_saves(self):
        run = self.folder / "run"
        process = self.launch(run, save_every=0)
        wait_for_step(run, 2)
        process.send_signal(signal.SIGINT)
        code, _, err = ended(process)
        self.assertEqual(code, INTERRUPTED, err)
        self.assertRegex(err, r"stopped after step \d+ of stage \"fit\"; everything is saved. Go on with --resume.")
        self.assertTrue(list((run / "checkpoints").iterdir()))

run()
