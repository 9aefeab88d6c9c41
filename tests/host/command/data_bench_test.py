"""The verb `weft data bench`: what it measures, and memory that does not grow with the data.

Usage: data_bench_test.py BUILD_FOLDER.
"""
import itertools
import os
from unittest import mock

from data_cases import *


class Bench(DataCase):
    def bench(self, seconds=0.3, **section):
        result = self.data("bench", "--seconds", seconds, "--json", **section)
        return json.loads(result.stdout)

    def test_what_it_measures(self):
        for cache in (0, 16):
            found = self.bench(loading={"workers": 2, "cache": cache})
            self.assertEqual((found["examples"], found["shards"], found["workers"], found["batch"]), (20, 3, 2, 8))
            self.assertGreater(found["samples_per_second"], 0)
            self.assertGreater(found["bytes_per_second"], 0)
            names = {stage["stage"] for stage in found["stages"]}
            self.assertLessEqual({"reading", "values and JSON", "decoding picture", "encoding text"}, names)
            self.assertAlmostEqual(sum(stage["share"] for stage in found["stages"]), 1, places=6)
            self.assertRegex(found["limit"], r"^[A-Z][a-zA-Z ]* takes \d+ % of the threads' time; with 2 workers on \d+ cores? at most \d+ ")

    @unittest.skipIf(SANITISED, "a sanitiser keeps memory that was given back")
    def test_memory_does_not_grow_with_the_data(self):
        """100,000 samples against 1,000: at most 5 % more, without a cache; in small and large batches, many shards and
        one, with a tokenizer that learns from all texts, at the first opening and from what was kept of it."""
        pictures = [png(shade, 32, 32) for shade in range(16)]

        def shards(count, each):
            for number in range(0, count, each):
                path = self.folder / f"{count}-{each}-{number}.tar"
                if not path.exists():
                    write_tar(path, [(f"{i:06d}.{ext}", content) for i in range(number, min(count, number + each))
                                     for ext, content in (("png", pictures[i % 16]), ("txt", b"the picture number %d" % (i % 3)))])
                    os.utime(path, (1e9, 1e9))  # as one that was written long ago: it is kept at its first opening
                yield str(path)

        for self.batch, size, each, times in ((64, 224, 10_000, 1), (8, 96, 100_000, 2)):
            def growth(opening):
                """How much more the larger takes, in the turn of each that took least."""
                return min(peaks[opening, 100_000]) / min(peaks[opening, 1000]) - 1

            # How full the queues get depends on when threads meet: of several turns the least is compared, of at least two,
            # and of up to six where they do not agree, so that a busy machine decides nothing.
            peaks, openings = {}, range(1, times + 1)
            for turn, count, opening in itertools.product(range(6), (1000, 100_000), openings):
                if turn >= 2 and (count, opening) == (1000, 1) and all(growth(one) <= 0.05 for one in openings):
                    break
                cache = str(self.folder / f"cache-{self.batch}-{count}-{turn}")
                with mock.patch.dict(os.environ, XDG_CACHE_HOME=cache):
                    found = self.bench(
                        0.5, loading={"workers": 2, "cache": 0},
                        shards={"train": list(shards(count, each)), "val": [str(self.tars["val"])], "test": [str(self.tars["val"])]},
                        fields={"picture": {"kind": "image", "member": "png", "channels": 3, "size": [size, size]},
                                "text": {"kind": "text", "member": "txt", "max_length": 8}},
                        tokenizer={"type": "char", "vocab_size": 30, "from": ["txt"]})
                self.assertEqual(found["examples"], count)
                peaks.setdefault((opening, count), []).append(found["peak_memory"])
            for opening in openings:
                small, large = min(peaks[opening, 1000]), min(peaks[opening, 100_000])
                print(f"batch {self.batch}, {each} a shard, opening {opening}: peak memory {small / 1e6:.1f} MB and {large / 1e6:.1f} MB: "
                      f"{100 * growth(opening):.1f} % more")
                self.assertLessEqual(growth(opening), 0.05)


if __name__ == "__main__":
    run()
