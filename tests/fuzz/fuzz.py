"""Runs the fuzz targets. Usage: fuzz.py BUILD [NAME…] [--runs N | --seconds S]

BUILD is a build folder with plug-ins, which are among the first inputs. The targets (all of them unless some are named)
are built with clang into build/fuzz and run, as many at a time as there are processors: for as many inputs as INPUTS says,
for N, or for S seconds each. Each keeps the inputs that reached new code in build/fuzz/corpus/NAME, and the
next run goes on from there; one that ends a target is left in build/fuzz/found/NAME and is to become a unit test.
The last line is `N passed, N failed`: one for each target.
"""
import argparse
import json
import os
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import data_seeds

TREE = Path(__file__).parents[2]
BUILD = TREE / "build/fuzz"
# Half a minute of a free processor each: what a test does must not depend on how busy the machine is.
INPUTS = {"note": 100_000, "manifest": 100_000, "value": 400_000, "tar": 200_000, "jsonl": 20_000, "media": 15_000,
          "sentencepiece": 60_000, "tokenizer_json": 300_000, "recipe": 4_000}
# Ten minutes are far more than any input takes, also on a busy machine; what takes longer hangs.
OPTIONS = ("-timeout=600", "-rss_limit_mb=4096", "-print_final_stats=1", "-print_pcs=0", "-print_funcs=0")
TARGETS = tuple(INPUTS)
# Places in the code; a target that reaches less is turned away at the door. The libraries of Debian count for none.
LEAST_COVERED = {"note": 800, "manifest": 800, "value": 800, "tar": 300, "jsonl": 300, "media": 250, "sentencepiece": 3000,
                 "tokenizer_json": 600, "recipe": 2000}
# Bytes: room for the longest seed of each.
MAX_LENGTH = {"note": 65536, "manifest": 8192, "value": 512, "tar": 16384, "jsonl": 1024, "media": 4608, "sentencepiece": 8192,
              "tokenizer_json": 4096, "recipe": 6144}


def small_library(manifest):
    """Returns the least shared library that holds a note: an ELF header, names of sections, the note, their headers."""
    names = b"\0.note.weft\0.shstrtab\0"
    note = struct.pack("<III", 5, len(manifest) + 8, 1) + b"WEFT\0\0\0\0" + manifest + b"\0" * 8
    note += b"\0" * (-len(note) % 8)
    at_names = 64
    at_note = at_names + len(names) + -len(names) % 8
    at_headers = at_note + len(note)

    def section(name, kind, offset, size):
        return struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, offset, size, 0, 0, 4, 0)

    head = b"\x7fELF\2\1\1" + b"\0" * 9
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, at_headers, 0, 64, 56, 0, 64, 3, 2)
    return (head + names.ljust(at_note - at_names, b"\0") + note + section(0, 0, 0, 0)
            + section(1, 7, at_note, len(note)) + section(12, 3, at_names, len(names)))


def write_seeds(plugins):
    """Writes the first inputs: whole plug-ins, the manifests in them, and small files of data. Values need none."""
    seeds = {name: BUILD / "seeds" / name for name in TARGETS}
    for folder in seeds.values():
        folder.mkdir(parents=True, exist_ok=True)
    for plugin in plugins:
        content = plugin.read_bytes()
        begin = content.index(b'{"weft_manifest"')
        manifest = content[begin:content.index(b"\0", begin)]
        (seeds["manifest"] / f"{plugin.stem}.json").write_bytes(manifest)
        (seeds["note"] / f"{plugin.stem}.small").write_bytes(small_library(manifest))
        if len(content) <= MAX_LENGTH["note"]:
            (seeds["note"] / plugin.name).write_bytes(content)
    for name, files in (("tar", data_seeds.tars()), ("jsonl", data_seeds.line_files()), ("media", data_seeds.media()), ("sentencepiece", data_seeds.models()),
                        ("tokenizer_json", data_seeds.tokenizers())):
        for file, content in files:
            (seeds[name] / file).write_bytes(content)
    for recipe in sorted((TREE / "recipes").glob("*.json")):
        if recipe.stat().st_size <= MAX_LENGTH["recipe"]:
            (seeds["recipe"] / recipe.name).write_bytes(recipe.read_bytes())
    return seeds


def build(targets):
    for words in (["cmake", "--preset", "fuzz", "-Wno-dev"],
                  ["cmake", "--build", "--preset", "fuzz", "--target", *(f"{name}_fuzz" for name in targets)]):
        done = subprocess.run(words, cwd=TREE, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "CCACHE_BASEDIR": str(TREE),
                                   "CCACHE_SLOPPINESS": "pch_defines,time_macros"})
        if done.returncode:
            sys.exit(f"{' '.join(words)} failed:\n{done.stdout[-4000:]}")


def environment():
    """The sanitisers' settings are those of the asan tests."""
    presets = json.loads((TREE / "CMakePresets.json").read_text())["testPresets"]
    asan = next(preset for preset in presets if preset["name"] == "asan")["environment"]
    return {**os.environ, "OMP_NUM_THREADS": "1",
            **{name: value.replace("${sourceDir}", str(TREE)) for name, value in asan.items()}}


def run(name, seeds, limit):
    """Runs a target; says how far it came, or what ended it. Returns true if nothing did."""
    found, corpus = BUILD / "found" / name, BUILD / "corpus" / name
    for folder in (found, corpus):
        folder.mkdir(parents=True, exist_ok=True)
    dictionary = TREE / f"tests/fuzz/{name}.dict"
    words = [BUILD / f"bin/{name}_fuzz", *OPTIONS, limit, f"-max_len={MAX_LENGTH[name]}", f"-artifact_prefix={found}/",
             *([f"-dict={dictionary}"] if dictionary.exists() else []), corpus, seeds]
    with open(BUILD / f"{name}.log", "w", encoding="utf-8") as log:
        status = subprocess.run(words, cwd=BUILD, stdout=log, stderr=subprocess.STDOUT, env=environment(),
                                check=False).returncode
    log = (BUILD / f"{name}.log").read_text(errors="replace")
    covered = re.findall(r"cov: (\d+)", log)
    runs = re.search(r"stat::number_of_executed_units: *(\d+)", log)
    pace = re.search(r"stat::average_exec_per_sec: *(\d+)", log)
    good = status == 0 and runs is not None and pace is not None and int((covered or ["0"])[-1]) >= LEAST_COVERED[name]
    if good:
        print(f"ok   {name}: {runs[1]} inputs, {pace[1]} a second, {covered[-1]} places in the code reached, no crash",
              flush=True)
    else:
        print(f"FAIL {name}: ended with status {status} after reaching {covered[-1:]} places in the code; at least "
              f"{LEAST_COVERED[name]} are expected. An input that ended it is in {found}\n{log[-6000:]}", flush=True)
    return good


def main(plugins, targets, limit):
    build(targets)
    seeds = write_seeds(plugins)
    with ThreadPoolExecutor(os.cpu_count()) as processors:
        results = list(processors.map(lambda name: run(name, seeds[name], limit or f"-runs={INPUTS[name]}"), targets))
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(TARGETS))
    limits = parser.add_mutually_exclusive_group()
    limits.add_argument("--runs", type=int)
    limits.add_argument("--seconds", type=int)
    options = parser.parse_args()
    for unknown in set(options.names) - set(TARGETS):
        sys.exit(f"no fuzz target is called '{unknown}'; there are {', '.join(TARGETS)}.")
    libraries = sorted((options.build / "lib/weft/plugins").glob("*.so"))
    if not libraries:
        sys.exit(f"no plug-ins are in {options.build}/lib/weft/plugins; run ./dev build.")
    sys.exit(main(libraries, options.names or TARGETS,
                  f"-runs={options.runs}" if options.runs else f"-max_total_time={options.seconds}" if options.seconds else None))
