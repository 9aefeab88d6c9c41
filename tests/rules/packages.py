"""Which files of this machine belong to the Debian packages that the project asks for, and to those that these need.

A machine that was used before holds more than `./dev setup` installs. So nothing is asked of the machine but what a listed
package brings: files that a build opened are looked up in dpkg's lists (packages_test.py), and tests find on PATH only the
programs of these packages. `packages.py FOLDER` fills FOLDER with links to them, which `./dev test` puts on PATH.
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "sdk/abi"))
from releases import read_releases  # noqa: E402

INFO = Path("/var/lib/dpkg/info")
FIELDS = ("Package", "Architecture", "Depends", "Pre-Depends", "Provides", "Priority", "Essential", "db:Status-Status")
# What a person works with who runs ./dev, whatever installs it; nothing that is built needs them.
AT_HAND = ("bash", "dpkg", "procps", "sudo")


def listed(path):
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def build_packages():
    """What ./dev demo installs: enough to build what is shipped."""
    return listed("cmake/packages.txt")


def own_packages():
    """What ./dev setup installs for today's tree."""
    return build_packages() | listed("tests/packages.txt")


def snapshot_packages():
    """What it installs for the hosts of older snapshots."""
    return {name for release in read_releases(ROOT) for name in release["packages"]}


def names_in(relations):
    """The packages that a line of relations names: "a (>= 1) | b, c:any" gives a, b and c."""
    return {re.split(r"[\s:(]", word.strip())[0] for word in re.split(r"[,|]", relations) if word.strip()}


class Installed:
    """What dpkg knows."""

    def __init__(self):
        shown = subprocess.run(["/usr/bin/dpkg-query", "-W", "-f", "\\t".join(f"${{{field}}}" for field in FIELDS) + "\\n"],
                               capture_output=True, text=True, check=True).stdout
        self.needs, self.base, provided = {}, set(AT_HAND), {}
        for line in shown.splitlines():
            name, _, depends, pre_depends, provides, priority, essential, status = line.split("\t")
            if status != "installed":
                continue
            self.needs[name] = names_in(depends) | names_in(pre_depends)
            for virtual in names_in(provides):
                provided.setdefault(virtual, set()).add(name)
            if essential == "yes" or priority == "required":
                self.base.add(name)
        self.provided = provided
        self.owners = {}
        for file in INFO.glob("*.list"):
            for path in file.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
                self.owners.setdefault(merged(path), set()).add(file.stem.split(":")[0])

    def with_needs(self, packages):
        """These packages and the base system, and all that they depend on. One that is not installed gives nothing."""
        known, new = set(), set(packages) | self.base
        while new:
            name = new.pop()
            for real in self.provided.get(name, set()) | ({name} if name in self.needs else set()):
                if real not in known:
                    known.add(real)
                    new |= self.needs[real]
        return known

    def owner(self, path):
        """The packages that installed this file or link; none for one that nothing installed."""
        return self.owners.get(merged(path), set())

    def strange(self, paths, packages):
        """Files of none of these packages, as sentences."""
        allowed, problems = self.with_needs(packages), []
        for path in sorted(paths):
            # A link of a -dev package leads to the file of another; one of /etc/alternatives is nobody's.
            owners = [owner for owner in (self.owner(path), self.owner(os.path.realpath(path))) if owner]
            strange = [owner for owner in owners if not owner & allowed]
            if not owners:
                problems.append(f"{path} belongs to no Debian package")
            elif strange:
                problems.append(f"{path} belongs to {' and '.join(sorted(strange[0]))}, which nothing listed needs")
        return problems


def merged(path):
    """Debian 12 has /bin, /lib and /sbin in /usr, where dpkg's lists still name both."""
    return re.sub(r"^/(bin|lib|lib64|sbin)/", r"/usr/\1/", path)


def link_programs(folder):
    """Fills a folder with links to the programs of the listed packages."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    installed = Installed()
    allowed = installed.with_needs(own_packages() | snapshot_packages())
    for place in ("/usr/bin", "/usr/sbin"):
        for program in sorted(Path(place).iterdir()):
            if not installed.strange([str(program)], allowed) and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)


if __name__ == "__main__":
    link_programs(Path(sys.argv[1]))
