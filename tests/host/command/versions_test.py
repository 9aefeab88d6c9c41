"""A part that has moved on: versions side by side, and checkpoints of an older state in a newer part.

Usage: versions_test.py BUILD_FOLDER. The part is doubles/mixing.cpp, built at state 1 (1.4.0) and at state 2 (2.0.1).
"""
import json
import shutil
import struct

from cases import *

MIXING = BUILD / "tests/host/command/doubles"
USE = ["--set", "graph.fusion.use=tests/fusion.mixing"]
STILL = ["--set", "stages.0.optimizer.lr=1e-30"]  # what is loaded is what is saved again


def tensors(run, step):
    """The float32 tensors of a checkpoint by name: (sizes, values)."""
    data = (run / f"checkpoints/fit-{step}/model.safetensors").read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    found = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        found[name] = (entry["shape"], struct.unpack(f"<{(end - begin) // 4}f", data[begin:end]))
    return found


class MixingCase(Case):
    def plugins(self, *doubles):
        """--plugins of the shipped parts and these builds of the part."""
        folder = self.folder / "_".join(doubles)
        folder.mkdir(exist_ok=True)
        for double in doubles:
            shutil.copy(MIXING / f"{double}.so", folder)
        return ["--plugins", PLUGINS, "--plugins", folder]

    def part_of(self, range_, *doubles):
        result = weft("plugin", "info", "tests/fusion.mixing" + range_, "--json", *self.plugins(*doubles))
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)[0]


class Versions(MixingCase):
    def test_the_highest_version_inside_the_range_is_taken(self):
        both = "mixing_1", "mixing_2"
        for range_, version in (("", "2.0.1"), ("@^1.0", "1.4.0"), ("@=1.4.0", "1.4.0"), ("@>=1.4", "2.0.1")):
            part = self.part_of(range_, *both)
            self.assertEqual(part["version"], version, range_)
            self.assertEqual(part["state_version"], int(version[0]))
        which = weft("plugin", "which", "tests/fusion.mixing@^1", *self.plugins(*both))
        self.assertEqual(which.stdout.strip(), str(self.folder / "mixing_1_mixing_2/mixing_1.so"))

    def test_both_versions_in_one_run(self):
        graph = {"first": {"use": "tests/fusion.mixing@^1", "in": {"streams": ["vision.tokens"]}, "config": {"dim": 64}}}
        result = weft("check", PICTURE, *USE, "--set", "graph.fusion.in=" + json.dumps(["first.tokens"]),
                      "--set", "graph.fusion.config=" + json.dumps({"dim": 64}),
                      "--set", "graph.first=" + json.dumps(graph["first"]), *self.plugins("mixing_1", "mixing_2"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"first +tests/fusion.mixing +1.4.0")
        self.assertRegex(result.stdout, r"fusion +tests/fusion.mixing +2.0.1")

    def test_a_range_that_nothing_fits_says_which_side_to_change(self):
        self.refused(["plugin", "info", "tests/fusion.mixing@^3", *self.plugins("mixing_1", "mixing_2")], BAD_RECIPE,
                     "no version of tests/fusion.mixing is inside ^3; there are 2.0.1 and 1.4.0. Widen the range in the "
                     "recipe, or install a plug-in that holds such a version.")


class Migration(MixingCase):
    def trained(self, double="mixing_1"):
        return self.train("run", *USE, *self.plugins(double))

    def resume(self, run, double):
        return ["train", PICTURE, "--run", run, *SHORT, *shards(SHARD), *USE, *STILL, *self.plugins(double), "--resume"]

    def back_to_step_2(self, run):
        shutil.rmtree(run / "checkpoints/fit-4")
        (run / "latest").write_text("fit-2\n")

    def test_an_older_checkpoint_loads_into_the_newer_part(self):
        run = self.trained()
        old = weft("eval", run, "--json", *self.plugins("mixing_1"))
        new = weft("eval", run, "--json", *self.plugins("mixing_2"))
        self.assertEqual(new.returncode, 0, new.stderr)
        old, new = (json.loads(result.stdout)["results"][0] for result in (old, new))
        self.assertEqual([old[key] for key in ("examples", "metrics", "checkpoint")], [new[key] for key in ("examples", "metrics", "checkpoint")])
        self.assertEqual([found["lock"]["parts"]["fusion"]["version"] for found in (old, new)], ["1.4.0", "2.0.1"])

    def test_training_goes_on_in_the_newer_part(self):
        run = self.trained()
        self.back_to_step_2(run)
        sizes, w = tensors(run, 2)["fusion.w"]
        result = weft(*self.resume(run, "mixing_2"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("note: fusion (tests/fusion.mixing 2.0.1): the checkpoint's state 1 was brought to state 2; the "
                      "optimiser begins anew for 1 of its tensors.", result.stderr)
        saved = tensors(run, 4)
        self.assertNotIn("fusion.w", saved)
        self.assertEqual(saved["fusion.project.weight"],
                         (sizes, tuple(w[j * sizes[1] + i] for i in range(sizes[1]) for j in range(sizes[0]))))
        self.assertEqual(saved["fusion.project.bias"][0], [64])
        self.assertLess(max(map(abs, saved["fusion.project.bias"][1])), 1e-29)
        state = json.loads((run / "checkpoints/fit-4/state.json").read_text())
        self.assertEqual(state["parts"]["fusion"], ["tests/fusion.mixing", 2])

    def test_a_stage_begins_from_an_older_stages_result(self):
        stage = json.loads(SHORT[-1].removeprefix("stages="))[0]
        stages = ["--set", "stages=" + json.dumps([{**stage, "name": name, "steps": 2, "save_every": 0, **more} for name, more in
                                                   (("fit", {}), ("mid", {}), ("last", {"from": "fit"}))])]
        run = self.train("run", *USE, *stages, *self.plugins("mixing_1"))
        for done in ("last-2", "mid-2"):
            shutil.rmtree(run / "checkpoints" / done)
        (run / "latest").write_text("fit-2\n")
        result = weft("train", PICTURE, "--run", run, *SHORT, *shards(SHARD), *USE, *stages, *self.plugins("mixing_2"), "--resume")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr.count("was brought to state 2"), 2, result.stderr)  # fit, to go on and to begin from

    def test_without_migrate_the_older_checkpoint_is_refused(self):
        run = self.trained()
        self.back_to_step_2(run)
        self.refused(self.resume(run, "mixing_2_without"), BAD_CHECKPOINT,
                     'Node "fusion" was tests/fusion.mixing (state 1), is now tests/fusion.mixing (state 2). This plug-in has '
                     "no migrate for it: use the one that weft.lock names, or a newer one.")

    def test_a_newer_checkpoint_is_refused_by_the_older_part(self):
        run = self.trained("mixing_2")
        self.back_to_step_2(run)
        self.refused(self.resume(run, "mixing_1"), BAD_CHECKPOINT, "Use the newer plug-in, which knows it.")

    def test_a_migration_that_leaves_tensors_over_is_the_plugins_fault(self):
        run = self.trained()
        self.back_to_step_2(run)
        self.refused(self.resume(run, "mixing_2_forgetful"), PLUGIN,
                     "fusion (tests/fusion.mixing 2.0.1): what migrate made of the checkpoint is not what the part declares. It "
                     'leaves "w" over. This is a fault of the plug-in.')


if __name__ == "__main__":
    run()
