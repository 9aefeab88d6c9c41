"""Does what docs/guide.md says, word for word, in a folder of its own with an installed Weft. Usage: guide_test.py PREFIX

Runs the lines of the guide's first shell block, in which `~/weft` stands for PREFIX. Each line must succeed, the part must be known afterwards,
and the file that `weft new` wrote must be the guide's C++ block.
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
    text = (ROOT / "docs/guide.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("recipes", "examples", "schemas"):
            (place / name).symlink_to(ROOT / name)
        (place / "weft").symlink_to(Path(sys.argv[1]).resolve())
        shell = subprocess.run(["bash", "-euo", "pipefail", "-c", block(text, "sh")], cwd=place, text=True, capture_output=True,
                               env={**os.environ, "HOME": folder, "WEFT_PLUGIN_PATH": ""})
        print(shell.stdout + shell.stderr)
        written = place / "gate/gate.cpp"
        same = written.exists() and written.read_text(encoding="utf-8") == block(text, "cpp")
    if not same:
        print("gate/gate.cpp is not the guide's C++ block")
    good = shell.returncode == 0 and same and "acme/fusion.gate 1.0.0: " in shell.stdout and "is sound" in shell.stdout
    print("1 passed, 0 failed" if good else "0 passed, 1 failed")
    return not good


if __name__ == "__main__":
    sys.exit(main())
