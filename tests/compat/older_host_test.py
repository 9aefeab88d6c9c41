"""Today's plug-ins in the host of every snapshot of the ABI, and every snapshot's plug-ins in today's host.

Usage: older_host_test.py BUILD_FOLDER. The host of a snapshot is built from its commit (sdk/abi/releases.json) below
build/compat, where it stays for the next run; its sources come from `git archive`, so that the clone keeps one work tree.
"""
import hashlib
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv[1]).resolve()
COMPAT = ROOT / "build/compat"
sys.path.insert(0, str(ROOT / "sdk/abi"))
from golden import SINCE, TOOLCHAINS, build_all  # noqa: E402
from releases import lost_history, read_releases  # noqa: E402

SHIPPED = BUILD / "lib/weft/plugins"
TOLERANCE = 1e-5  # relative; the same code on the same machine gives the same bits, another LibTorch need not


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}{done.stderr[-6000:]}")
    return done.stdout


def older_host(release):
    """The built program `weft` of a snapshot's commit."""
    source = COMPAT / release["abi"]
    stamp = source / ".commit"
    if not stamp.exists() or stamp.read_text() != release["commit"]:
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir(parents=True)
        archive = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "archive", release["commit"]],
                                 capture_output=True, check=True).stdout
        subprocess.run(["tar", "x", "-C", str(source)], input=archive, check=True)
        (source / ".deps").symlink_to(ROOT / ".deps")
        stamp.write_text(release["commit"])
    environment = {**os.environ, "CCACHE_BASEDIR": str(source), "CCACHE_SLOPPINESS": "pch_defines,time_macros"}
    tree = source / "build/release"
    if not (tree / "build.ninja").exists():
        run("cmake", "--preset", "release", "-Wno-dev", "-DWEFT_TESTS=OFF", cwd=source, env=environment)
    run("cmake", "--build", tree, "-j", len(os.sched_getaffinity(0)), "--target", "weft", "weft_run", "weft_probe", env=environment)
    return tree / "bin/weft"


def minor_of(release):
    """9 of ABI 0.9."""
    return int(release["abi"].split(".")[1])


def recipes_of(release):
    """The recipes of golden parts that hosts of a release can train."""
    return ["golden"] + (["golden_0_10"] if minor_of(release) >= 10 else [])


def weights(folder):
    """All tensors of a run's newest checkpoint, as lists of numbers, and the file's hash."""
    (file,) = folder.glob("checkpoints/*/model.safetensors")
    content = file.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    tensors = {}
    for name, entry in json.loads(content[8:8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + at for at in entry["data_offsets"])
            code, width = {"F32": ("f", 4), "F64": ("d", 8), "I64": ("q", 8)}[entry["dtype"]]
            tensors[name] = struct.unpack(f"<{(end - begin) // width}{code}", content[begin:end])
    return tensors, hashlib.sha256(content).hexdigest()


class Hosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.releases = read_releases(ROOT)
        lost = lost_history(ROOT)
        if lost:
            raise AssertionError("\n".join(lost))
        cls.runs = COMPAT / "runs"
        shutil.rmtree(cls.runs, ignore_errors=True)
        cls.golden = cls.runs / "golden"
        build_all(cls.golden, BUILD / "bin/weft")
        cls.trained = {}

    def train(self, name, host, recipe, *plugins):
        """What `weft train` reports, with the weights; each run is made once."""
        if name not in self.trained:
            folder = self.runs / name
            words = [word for one in plugins for word in ("--plugins", one)]
            printed = run(host, "train", ROOT / f"tests/compat/{recipe}.json", "--run", folder, "--threads", 1, "--quiet", "--json",
                          *words, env={**os.environ, "WEFT_CACHE": str(self.runs / f"cache_{name}")})
            (result,) = json.loads(printed)["results"]
            self.trained[name] = (*weights(folder), {"all": result["metrics"], **result["by"]})
        return self.trained[name]

    def assert_same(self, one, other):
        """Equal weights and metrics of two runs."""
        (weights_one, hash_one, metrics_one), (weights_other, hash_other, metrics_other) = one, other
        self.assertEqual(weights_one.keys(), weights_other.keys())
        if hash_one != hash_other:
            for name, values in weights_one.items():
                scale = max(max(map(abs, values)), 1e-3)
                apart = max(abs(a - b) for a, b in zip(values, weights_other[name], strict=True)) / scale
                self.assertLessEqual(apart, TOLERANCE, name)
        self.assertEqual(metrics_one.keys(), metrics_other.keys())
        for group, values in metrics_one.items():
            for name, value in values.items():
                self.assertTrue(math.isclose(value, metrics_other[group][name], rel_tol=TOLERANCE, abs_tol=1e-9), f"{group}, {name}")

    def golden_today(self, recipe="golden"):
        return self.train(f"gcc_{recipe}_today", BUILD / "bin/weft", recipe, self.golden / "gcc", SHIPPED)

    def golden_for(self, release, toolchain):
        """Today's build of the golden parts that a host of the release knows."""
        folder = self.runs / f"golden_for_{release['abi']}" / toolchain
        folder.mkdir(parents=True, exist_ok=True)
        for kind, minor in SINCE.items():
            if minor <= minor_of(release):
                shutil.copy2(self.golden / toolchain / f"{kind}.so", folder)
        return folder

    def test_the_runs_can_tell_hosts_apart(self):
        """Something was learnt, generated and measured: else equal runs would say nothing."""
        tensors, digest, metrics = self.golden_today()
        other = self.train("shipped_today", BUILD / "bin/weft", "shipped", SHIPPED)
        self.assertNotEqual(digest, other[1])
        self.assertNotEqual(tensors["fusion.gate"], (1.0, 1.0))
        self.assertGreater(metrics["all"]["confidence.accuracy"], 0.0)
        self.assertGreater(metrics["all"]["confidence.spread"], 0.0)
        self.assertGreater(other[2]["all"]["match.exact_match"], 0.0)
        newest, _, metrics_0_10 = self.golden_today("golden_0_10")
        self.assertGreater(max(map(abs, newest["loud.mean"])), 0.01)  # what the steps made of the states
        self.assertGreater(metrics_0_10["all"]["match.exact_match"], 0.0)
        with self.assertRaises(AssertionError):
            self.assert_same((tensors, digest, metrics),
                             ({**tensors, "fusion.gate": tuple(x * 1.001 for x in tensors["fusion.gate"])}, "", metrics))

    def test_golden_binaries_train_in_todays_host(self):
        for release in self.releases:
            for toolchain in release["toolchains"]:
                folder = ROOT / "tests/golden" / release["abi"] / toolchain
                for recipe in recipes_of(release):
                    with self.subTest(abi=release["abi"], toolchain=toolchain, recipe=recipe):
                        name = f"{recipe}_{release['abi']}_{toolchain}"
                        kept = self.train(name, BUILD / "bin/weft", recipe, folder, SHIPPED)
                        self.assert_same(kept, self.golden_today(recipe))

    def test_toolchains_agree_in_todays_host(self):
        for toolchain in TOOLCHAINS:
            with self.subTest(toolchain=toolchain):
                made = self.train(f"{toolchain}_golden_0_10_today", BUILD / "bin/weft", "golden_0_10", self.golden / toolchain, SHIPPED)
                self.assert_same(made, self.golden_today("golden_0_10"))

    def test_todays_plugins_train_in_older_hosts(self):
        for release in self.releases:
            host = older_host(release)
            self.assertNotEqual(host, BUILD / "bin/weft")
            golden = [(f"{name}_{recipe}", recipe, [self.golden_for(release, name), SHIPPED])
                      for name in TOOLCHAINS for recipe in recipes_of(release)]
            for name, recipe, plugins in [("shipped", "shipped", [SHIPPED]), *golden]:
                with self.subTest(abi=release["abi"], plugins=name):
                    older = self.train(f"{name}_in_{release['abi']}", host, recipe, *plugins)
                    self.assert_same(older, self.train(f"{name}_today", BUILD / "bin/weft", recipe, *plugins))


if __name__ == "__main__":
    os.environ.pop("WEFT_PLUGIN_PATH", None)
    unittest.main(argv=sys.argv[:1], verbosity=2)
