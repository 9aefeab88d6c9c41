"""Does what docs/experiments.md says, word for word, in a folder of its own. Usage: experiments_test.py BUILD_FOLDER

The page's blocks of shell are run one after the other, each line of which must succeed, in a home where `~/weft` is the build folder.
The drawing script lies beside them, as the page says. What the page shows as printed must be printed: each line of a block of text,
in which `…` stands for anything.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/experiments.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def is_printed(line, printed):
    """Whether the words of a line follow each other in one that was printed."""
    pattern = r"\s+".join(re.escape(word).replace("…", ".*") for word in line.split())
    return any(re.search(pattern, one) for one in printed)


def main():
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    shell = "".join(text for language, text in blocks if language == "sh")
    expected = [line for language, text in blocks if language == "text" for line in text.splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "weft").symlink_to(Path(sys.argv[1]).resolve())
        (home / "shapes.py").write_bytes((ROOT / "tests/support/shapes.py").read_bytes())
        environment = {name: value for name, value in os.environ.items() if name != "WEFT_PLUGIN_PATH"}
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", shell], cwd=home, text=True, capture_output=True,
                              env={**environment, "HOME": folder, "WEFT_CACHE": f"{folder}/cache", "OMP_NUM_THREADS": "1"})
    print(done.stdout + done.stderr)
    missing = [line for line in expected if not is_printed(line, done.stdout.splitlines())]
    wrong = missing or done.returncode != 0 or len(expected) < 10 or is_printed("weft flies", ["weft", "flies"])
    print("\n".join(f"the page shows what is not printed: {line}" for line in missing))
    print("0 passed, 1 failed" if wrong else "1 passed, 0 failed")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
