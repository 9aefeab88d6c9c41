"""The snapshots of the ABI that were taken (releases.json), and whether all that belongs to them is still as it was."""
import hashlib
import json
import subprocess
from pathlib import Path

HEADER = "sdk/include/weft/abi.h"
KEPT = ("sdk/abi/frozen", "tests/golden")  # where a snapshot's files lie
PACKAGES = "cmake/packages.txt"  # what building a host needs, in its own commit
NOT_KEPT = ("sdk/abi/frozen/.clang-format", "tests/golden/source/", "tests/golden/CMakeLists.txt")


class GitFailed(Exception):
    """A git command failed; the text is its own."""


def git(root, *words):
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GitFailed(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_releases(root):
    return json.loads((root / "sdk/abi/releases.json").read_text(encoding="utf-8"))["releases"]


def packages_at(root, commit):
    """The Debian packages with which the host of a commit is built."""
    lines = git(root, "show", f"{commit}:{PACKAGES}").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def changed_files(root):
    """Files of snapshots that were edited, removed or added since, as sentences."""
    problems, listed = [], {}
    for release in read_releases(root):
        listed.update({name: (release["abi"], digest) for name, digest in release["files"].items()})
    for name, (abi, digest) in listed.items():
        if not (root / name).is_file():
            problems.append(f"{name}: is missing, but belongs to the snapshot of ABI {abi}. Restore it.")
        elif sha256(root / name) != digest:
            problems.append(f"{name}: was edited, but the snapshot of ABI {abi} is frozen. Restore it, or take the snapshot "
                            "anew: ./dev snapshot --replace --reason \"…\".")
    for folder in KEPT:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            own = name.endswith((".cpp", ".hpp")) or name.startswith(NOT_KEPT)
            if path.is_file() and not own and name not in listed:
                problems.append(f"{name}: belongs to no snapshot of sdk/abi/releases.json.")
    return problems


def lost_history(root):
    """Snapshots whose commit this clone does not have, or whose host had another header, as sentences."""
    problems = []
    for release in read_releases(root):
        abi, commit = release["abi"], release["commit"]
        try:
            git(root, "rev-parse", "--verify", "--quiet", "HEAD")
        except GitFailed as error:
            problems.append(f"ABI {abi}: the host of commit {commit[:12]} is needed, and this is no git clone ({error}).")
            continue
        try:
            git(root, "merge-base", "--is-ancestor", commit, "HEAD")
            frozen = (root / "sdk/abi" / release["header"]).read_text(encoding="utf-8")
            if git(root, "show", f"{commit}:{HEADER}") != frozen:
                problems.append(f"ABI {abi}: {HEADER} of commit {commit[:12]} is not the frozen header.")
        except GitFailed:
            shallow = git(root, "rev-parse", "--is-shallow-repository").strip() == "true"
            remedy = "This clone is shallow: run git fetch --unshallow." if shallow else "Record a commit that main has."
            problems.append(f"ABI {abi}: the history of HEAD does not hold commit {commit[:12]}, whose host is the older one. "
                            + remedy)
    return problems


if __name__ == "__main__":  # the packages that the older hosts need, one a line: what ./dev setup installs for them
    print(*sorted({name for release in read_releases(Path(__file__).parents[2]) for name in release["packages"]}), sep="\n")
