"""What ./dev asks of sources: their format, linters of Python and shell, and clang-tidy on what has changed."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKS = (("format", "--check"), ("lint", "--scripts"), ("lint", "--changed"))

failed = 0
for words in CHECKS:
    done = subprocess.run([ROOT / "dev", *words], capture_output=True, text=True, check=False)
    print("FAIL" if done.returncode else "ok  ", "./dev", *words)
    if done.returncode:
        failed += 1
        print(done.stdout + done.stderr)
print(f"{len(CHECKS) - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
