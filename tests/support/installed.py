"""What the tests of an installed Weft share: running its program and building a project against it."""
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Installed:
    """A prefix that `cmake --install` filled."""

    def __init__(self, prefix):
        self.prefix = Path(prefix).resolve()

    def weft(self, *arguments, plugins=None, cwd=None):
        environment = {**os.environ, "WEFT_PLUGIN_PATH": str(plugins or "")}
        environment.setdefault("WEFT_CACHE", f"{self.prefix}-cache")  # never the user's own
        return subprocess.run([self.prefix / "bin/weft", *map(str, arguments)], capture_output=True, text=True,
                              timeout=3000, cwd=cwd, env=environment)

    def configure(self, project, build, *options, prefix=True):
        """Configures a project of CMake, whose commands are what they are for a third party: no variable of Weft's is set."""
        place = [f"-DCMAKE_PREFIX_PATH={self.prefix}"] if prefix else []
        return run("cmake", "-S", project, "-B", build, *place, *options)

    def built(self, project, build, *options):
        """Configures and builds; what the two said. @throws AssertionError if one failed"""
        said = ""
        for step in (lambda: self.configure(project, build, *options), lambda: run("cmake", "--build", build)):
            result = step()
            said += result.stdout + result.stderr
            assert result.returncode == 0, said
        return said


def run(*words, cwd=None):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=cwd, timeout=3000)


def exports(library):
    """The symbols that a library defines for others."""
    return run("nm", "-D", "--defined-only", library).stdout.split()[2::3]


def needed(library):
    """The libraries that it wants to be loaded with it."""
    lines = run("readelf", "-dW", library).stdout.splitlines()
    return {line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line}
