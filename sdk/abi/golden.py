"""Builds the golden plug-ins from tests/golden/source with each toolchain of a snapshot: one for each kind, and a decoder that
keeps caches."""
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests/golden/source"
SINCE = {"encoder": 9, "fusion": 9, "reasoning": 9, "decoder": 9, "loss": 9, "metric": 9, "function": 10, "writer": 10}  # ABI 0.N
KINDS = tuple(SINCE)

SHARED = ["-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections",
          f"-Wl,--version-script={ROOT / 'sdk/include/weft/plugin.map'}", "-Wl,-z,defs", f"-I{ROOT / 'sdk/include'}"]
CXX = ["-std=c++17", "-fvisibility-inlines-hidden", '-DWEFT_PLUGIN_VERSION="1.0.0"', '-DWEFT_PLUGIN_VENDOR="golden"',
       '-DWEFT_PLUGIN_LICENSE="Apache-2.0"', *SHARED]
LLVM = "/usr/lib/llvm-14/lib"

# name -> (compiler and options, ending of the sources, what follows the source)
TOOLCHAINS = {
    "gcc": (["g++", *CXX, "-fno-gnu-unique"], "cpp", []),
    "clang_libcxx": (["clang++-14", *CXX, "-stdlib=libc++", "-nostdlib++"], "cpp",
                     [f"{LLVM}/libc++.a", f"{LLVM}/libc++abi.a", "-lpthread"]),
    "c": (["gcc", "-std=c11", *SHARED], "c", ["-lm"]),
}


def version(toolchain):
    """The compiler's own words, for the record."""
    line = subprocess.run([TOOLCHAINS[toolchain][0][0], "--version"], capture_output=True, text=True, check=True).stdout
    libraries = {"clang_libcxx": ", libc++ 14 (static)", "gcc": ", libstdc++ (shared)", "c": ""}
    return line.splitlines()[0] + libraries[toolchain]


def build(toolchain, kind, folder, weft):
    """Compiles, strips and seals one plug-in; `weft` is the host that writes its manifest. Returns its file."""
    command, ending, libraries = TOOLCHAINS[toolchain]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{kind}.so"
    subprocess.run([*command, "-o", str(file), str(SOURCE / f"{kind}.{ending}"), *libraries], check=True)
    subprocess.run(["strip", str(file)], check=True)
    file.chmod(0o755)
    subprocess.run([str(weft), "plugin", "seal", str(file)], check=True)
    return file


def build_all(folder, weft):
    """Builds <folder>/<toolchain>/<kind>.so for all of them; returns the files."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        made = [pool.submit(build, toolchain, kind, folder / toolchain, weft) for toolchain in TOOLCHAINS for kind in KINDS]
        return [one.result() for one in made]
