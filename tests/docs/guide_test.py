"""Does what docs/guide.md says, word for word, in a folder of its own. Usage: guide_test.py BUILD_FOLDER

Takes the first C++ block as gate/gate.cpp and runs the lines of the first shell block, in which `build/release` stands for the
folder given. Each line must succeed and the part must be known afterwards.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def block(text, language):
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/guide.md holds no block of {language}"
    return found.group(1)


def main():
    build = Path(sys.argv[1]).resolve()
    text = (ROOT / "docs/guide.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("sdk", "recipes", "examples", "schemas"):
            (place / name).symlink_to(ROOT / name)
        (place / "build").mkdir()
        (place / "build/release").symlink_to(build)
        (place / "gate").mkdir()
        (place / "gate/gate.cpp").write_text(block(text, "cpp"), encoding="utf-8")
        shell = subprocess.run(["bash", "-euo", "pipefail", "-c", block(text, "sh")], cwd=place, text=True,
                               capture_output=True, env={**os.environ, "WEFT_PLUGIN_PATH": ""})
        exports = subprocess.run(["nm", "-D", "--defined-only", place / "gate/libacme_gate.so"], text=True,
                                 capture_output=True).stdout.split()[2::3]
    print(shell.stdout + shell.stderr, exports)
    good = shell.returncode == 0 and exports == ["weft_plugin_v0"] and "acme/fusion.gate" in shell.stdout and "is sound" in shell.stdout
    print("1 passed, 0 failed" if good else "0 passed, 1 failed")
    return not good


if __name__ == "__main__":
    sys.exit(main())
