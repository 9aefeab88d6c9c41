"""Takes a snapshot of the ABI: what `./dev snapshot` runs after it has built build/release.

Usage: snapshot.py [--replace --reason "…"]

It freezes sdk/include/weft/abi.h under its version (sdk/abi/frozen), builds the golden plug-ins with every toolchain, lets
the built host record their numbers (tests/golden/<version>), and enters all that into sdk/abi/releases.json with the
commit whose host is kept as the older one. A snapshot is made once; --replace makes it anew, which only a version below
1.0 allows, and writes the reason into CHANGELOG.md.
"""
import argparse
import datetime
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from golden import ROOT, TOOLCHAINS, build_all, version
from growth import growth_problems
from header import read_header
from layout import assertions, holes, measure
from releases import HEADER, GitFailed, git, packages_at, read_releases, sha256


class Refused(Exception):
    """No snapshot is taken; the text says why and what to do."""


def header_commit(root):
    """The commit that gave the header its present text: its host implements it, and it is there for every clone."""
    commit = git(root, "log", "-1", "--format=%H", "--", HEADER).strip()
    if git(root, "show", f"{commit}:{HEADER}") != (root / HEADER).read_text(encoding="utf-8"):
        raise Refused(f"{HEADER} has changes that are in no commit. Commit them with the host that implements them first.")
    return commit


def check_allowed(releases, abi, replace, reason):
    """Throws unless a snapshot of this version may be taken now."""
    exists = any(release["abi"] == abi for release in releases)
    if replace and not exists:
        raise Refused(f"there is no snapshot of ABI {abi} to replace. Leave --replace out.")
    if exists and not replace:
        raise Refused(f"there is a snapshot of ABI {abi} already, and what was released stays. Raise WEFT_ABI_MINOR for a new "
                      "one, or replace it deliberately: --replace --reason \"…\".")
    if exists and not abi.startswith("0."):
        raise Refused(f"ABI {abi} is released for ever: from 1.0 on no snapshot is replaced. Raise WEFT_ABI_MINOR.")
    if replace and not (reason or "").strip():
        raise Refused("replacing a snapshot needs --reason \"…\", which CHANGELOG.md will give.")


def with_reason(changelog, abi, reason, today):
    """The change log with a line under Unreleased / ABI."""
    line = f"- {today}: the snapshot of ABI {abi} was replaced: {reason.strip()}\n"
    start = changelog.index("## Unreleased\n")
    end = changelog.find("\n## ", start + 1)
    end = len(changelog) if end < 0 else end + 1
    section = changelog[start:end]
    if "### ABI\n\n" in section:
        section = section.replace("### ABI\n\n", f"### ABI\n\n{line}", 1)
    else:
        section = section.replace("## Unreleased\n", f"## Unreleased\n\n### ABI\n\n{line}", 1)
    return changelog[:start] + section + changelog[end:]


def check_contract(files, weft):
    """Throws unless every plug-in passes `weft plugin check`."""
    for file in files:
        done = subprocess.run([str(weft), "plugin", "check", str(file)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(f"{file.parent.name}/{file.name} does not pass `weft plugin check`. Mend tests/golden/source or the SDK.\n"
                          + done.stdout + done.stderr)


def record(folder, recorder):
    """Numbers of the golden plug-ins in `folder`, on which all toolchains agree, beside them."""
    done = subprocess.run([str(recorder), str(folder), *(str(folder / name) for name in TOOLCHAINS)], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise Refused(f"the golden plug-ins' numbers are not recorded. {done.stderr.strip()}")


def present_version(root):
    """The ABI's version in the header, such as "0.9"."""
    macros = read_header(root / HEADER).macros
    return ".".join(macros[f"WEFT_ABI_{part}"][1].rstrip("u") for part in ("MAJOR", "MINOR"))


def take(root, replace, reason):
    abi = present_version(root)
    releases = read_releases(root)
    check_allowed(releases, abi, replace, reason)
    commit = header_commit(root)
    frozen = root / f"sdk/abi/frozen/v{abi.replace('.', '_')}.h"
    golden = root / "tests/golden" / abi
    today = datetime.date.today().isoformat()

    with tempfile.TemporaryDirectory(dir=root / "build") as temporary:
        copy = Path(temporary, frozen.name)
        shutil.copyfile(root / HEADER, copy)
        header = read_header(copy)
        sizes = measure(copy, header)
        problems = holes(header, sizes)
        for release in releases:
            if release["abi"] != abi:
                problems += growth_problems(root / "sdk/abi" / release["header"], copy)
        if problems:
            raise Refused("the header breaks its own rules:\n  " + "\n  ".join(problems))
        made = Path(temporary, "golden")
        check_contract(build_all(made, root / "build/release/bin/weft"), root / "build/release/bin/weft")
        record(made, root / "build/release/bin/golden_record")

        frozen.parent.mkdir(exist_ok=True)
        shutil.copyfile(copy, frozen)
        frozen.with_suffix(".c").write_text(assertions(frozen.name, header, sizes), encoding="utf-8")
        shutil.rmtree(golden, ignore_errors=True)
        shutil.copytree(made, golden)

    kept = [frozen, frozen.with_suffix(".c"), *sorted(path for path in golden.rglob("*") if path.is_file())]
    entry = {"abi": abi, "date": today, "commit": commit, "header": str(frozen.relative_to(root / "sdk/abi")),
             "packages": packages_at(root, commit), "toolchains": {name: version(name) for name in TOOLCHAINS},
             "files": {str(path.relative_to(root)): sha256(path) for path in kept}}
    if replace:
        entry["replaces"] = {"reason": reason.strip()}
        changelog = root / "CHANGELOG.md"
        changelog.write_text(with_reason(changelog.read_text(encoding="utf-8"), abi, reason, today), encoding="utf-8")
    releases = [release for release in releases if release["abi"] != abi] + [entry]
    (root / "sdk/abi/releases.json").write_text(json.dumps({"releases": releases}, indent=2) + "\n", encoding="utf-8")
    return entry


def main():
    parser = argparse.ArgumentParser(prog="./dev snapshot", description="Take a snapshot of the ABI.")
    parser.add_argument("--replace", action="store_true", help="make the snapshot of the present version anew (below 1.0)")
    parser.add_argument("--reason", help="why it is replaced; goes into CHANGELOG.md")
    options = parser.parse_args()
    try:
        entry = take(ROOT, options.replace, options.reason)
    except (GitFailed, Refused) as refused:
        print(f"dev: no snapshot: {refused}", file=sys.stderr)
        return 1
    print(f"dev: snapshot of ABI {entry['abi']} taken: {len(entry['files'])} files, older host {entry['commit'][:12]}. "
          "Run ./dev test, then commit sdk/abi, tests/golden and CHANGELOG.md together.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
