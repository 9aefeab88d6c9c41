"""What the tests of `weft data` share: small shards, and a recipe's section over them."""
import io
import json
import tarfile
import zlib

from cases import *

STATE = ["0", "1", "2"]


def png(shade, height=8, width=6):
    """A grey picture of one shade."""
    def chunk(kind, content):
        return (len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big"))
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    rows = (b"\0" + bytes([shade]) * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write_tar(path, members):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def samples(numbers, prefix="s"):
    return [(f"{prefix}{i}.{ext}", content) for i in numbers
            for ext, content in (("png", png(i)), ("txt", b"a text of number " + b"x " * i), ("cls", b"%d" % (i % 3)))]


class DataCase(Case):
    batch = 8

    def setUp(self):
        super().setUp()
        self.tars = {name: self.folder / f"{name}.tar" for name in ("train", "val", "test")}
        write_tar(self.tars["train"], samples(range(20)))
        write_tar(self.tars["val"], samples(range(30, 34)))
        write_tar(self.tars["test"], samples(range(40, 44)))

    def overrides(self, **more):
        section = {"shards": {name: [str(path)] for name, path in self.tars.items()},
                   "tokenizer": {"type": "word", "vocab_size": 50, "from": ["txt"]},
                   "fields": {"picture": {"kind": "image", "member": "png", "size": [8, 6], "mean": 0.5, "std": 0.25},
                              "text": {"kind": "text", "member": "txt", "max_length": 24},
                              "label": {"kind": "class", "member": "cls", "classes": STATE}}, **more}
        stages = json.loads(SHORT[-1].removeprefix("stages="))
        stages[0]["batch_size"] = self.batch
        section = {key: value for key, value in section.items() if value is not None}
        # A section without the part that the recipe evaluates would be its mistake.
        unmeasured = [] if "test" in section.get("shards", {"test": []}) else ["--set", "evaluate=null"]
        # "clean" extends "av", and has nothing to extend here.
        return ["--set", "data.av=" + json.dumps(section), "--set", "data.clean=null", "--set", "stages=" + json.dumps(stages), *unmeasured]

    def data(self, action, *more, code=0, **section):
        result = weft("data", action, PICTURE, "--data", "av", *self.overrides(**section), *more)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def read(self, action, code=0, **section):
        return json.loads(self.data(action, "--json", code=code, **section).stdout)[action][0]
