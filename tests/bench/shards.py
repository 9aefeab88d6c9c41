#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a sample costs in few and in many shards: the same samples in 1, 10, 100 and 1000 tars, one after the other in each round.

    tests/bench/shards.py build/release/bin/weft [SAMPLES]

A sample is a picture of 32 x 32 pixels and a line of text, so that little but finding and reading it is measured. Prints what a
sample costs in a shuffled training stream of one worker (`weft data bench`), the median of the rounds, and its ratio to one
shard's; beside it what opening the data costs a sample, at first and from what was kept.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).parents[2]
COUNTS, ROUNDS, SECONDS = (1, 10, 100, 1000), 5, 2


def png(shade, size=32):
    def chunk(kind, content):
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
    head = size.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress((b"\0" + bytes([shade]) * size) * size)) + chunk(b"IEND", b"")


def write_shards(folder, samples, count):
    paths = []
    for number in range(count):
        paths.append(str(folder / f"{count}-{number:04d}.tar"))
        with tarfile.open(paths[-1], "w", format=tarfile.USTAR_FORMAT) as tar:
            for i in range(number * samples // count, (number + 1) * samples // count):
                for name, content in ((f"{i:07d}.png", png(i % 256)), (f"{i:07d}.txt", b"sample %d" % (i % 10))):
                    entry = tarfile.TarInfo(name)
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))
        os.utime(paths[-1], (1e9, 1e9))  # as one that was written long ago: it is kept at its first opening
    return paths


def run(weft, paths, cache):
    """Microseconds that a sample costs in the stream, and in opening."""
    section = {"shards": {"train": paths, "test": paths[:1]}, "loading": {"workers": 1, "cache": 0},
               "fields": {"picture": {"kind": "image", "member": "png", "size": [32, 32]},
                          "label": {"kind": "class", "member": "txt", "classes": [f"sample {i}" for i in range(10)]}}}
    result = subprocess.run([weft, "data", "bench", ROOT / "recipes/clothes.json", "--json", "--seconds", str(SECONDS),
                             "--set", "data.clothes=" + json.dumps(section)],
                            env={**os.environ, "XDG_CACHE_HOME": str(cache)}, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr)
    found = json.loads(result.stdout)
    return 1e6 / found["samples_per_second"], 1e6 * found["opening_seconds"] / found["examples"]


def main(weft, samples=20_000):
    if samples < max(COUNTS):
        sys.exit(f"shards.py: expected at least {max(COUNTS)} samples, found {samples}: a shard would be empty.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shards = {count: write_shards(folder, samples, count) for count in COUNTS}
        costs = {count: [] for count in COUNTS}
        for _ in range(ROUNDS):
            for count in COUNTS:
                costs[count].append(run(weft, shards[count], folder))
    print(f"{samples} samples, {ROUNDS} rounds\nshards    a sample    ratio    opening, first    again")
    one = statistics.median(stream for stream, _ in costs[COUNTS[0]])
    for count in COUNTS:
        cost = statistics.median(stream for stream, _ in costs[count])
        first, again = costs[count][0][1], statistics.median(opening for _, opening in costs[count][1:])
        print(f"{count:6} {cost:8.1f} us {cost / one:8.2f} {first:14.1f} us {again:5.1f} us")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
