"""What `weft` sets in its own process before it computes, and that the user's settings come first.

Usage: computing_settings_test.py BUILD_FOLDER
"""
import json
import os
import resource
import subprocess
import unittest

from cases import *

# Large enough that a step's memory is more than what loading LibTorch takes.
STAGES = [{"name": "fit", "data": "av", "steps": 60, "batch_size": 128, "losses": {"ce": 1},
           "optimizer": {"lr": 1e-3}, "train": ["vision", "fusion", "reasoning", "digit"]}]


def doctor(**variables):
    """What libgomp and weft say while weft loads LibTorch."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    result = subprocess.run([BUILD / "bin/weft", "doctor"], capture_output=True, text=True, timeout=600,
                            env={**environment, "OMP_DISPLAY_ENV": "VERBOSE", **variables})
    return result.stdout + result.stderr


class Waits(unittest.TestCase):
    def test_threads_that_wait_spin_a_short_time(self):
        self.assertIn("GOMP_SPINCOUNT = '1000'", doctor())

    def test_the_user_s_policy_comes_first(self):
        self.assertIn("OMP_WAIT_POLICY = 'ACTIVE'", doctor(OMP_WAIT_POLICY="active"))
        self.assertIn("GOMP_SPINCOUNT = '77'", doctor(GOMP_SPINCOUNT="77"))


@unittest.skipIf(SANITISED, "the sanitiser has an allocator of its own")
class Memory(Case):
    def faults(self, name, **variables):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("MALLOC_", "GLIBC_"))}
        result = subprocess.run(
            [BUILD / "bin/weft", "train", PICTURE, "--run", self.folder / name, "--threads", "1", "--quiet", "--set",
             "stages=" + json.dumps(STAGES), *shards(SHARD)], capture_output=True, text=True, timeout=3000,
            env={**environment, **variables})
        self.assertEqual(result.returncode, 0, result.stderr)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before

    def weights(self, name):
        return (self.folder / name / "checkpoints/fit-60/model.safetensors").read_bytes()

    def test_memory_is_kept_between_steps_and_results_stay(self):
        kept, returned = self.faults("kept"), self.faults("returned", GLIBC_TUNABLES="glibc.malloc.check=0")
        self.assertLess(kept, 0.6 * returned)
        self.assertEqual(self.weights("kept"), self.weights("returned"))


if __name__ == "__main__":
    run()
