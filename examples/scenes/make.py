"""Places handwritten digits on a canvas: examples/scenes/scenes-{train,val,test}-000.tar from the pictures of examples/digits.

Usage: make.py DIGITS_FOLDER OUTPUT_FOLDER [SCENES]. Needs the standard library alone, and gives the same bytes each time. With
SCENES each split has so many. A scene is SIZE x SIZE pixels, black, with 1 to 3 digits of its own split that do not touch; a box
is the least one around a digit's ink.
"""
import io
import json
import random
import struct
import sys
import tarfile
import zlib
from pathlib import Path

SIZE = 64
SCENES = {"train": 3000, "val": 150, "test": 300}
INK = 48  # of 255: what is darker counts as paper


def read_png(data):
    """Rows of bytes of a grey PNG with 8 bits a pixel, not interlaced."""
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    if (bits, colour, interlaced) != (8, 0, 0):
        raise ValueError(f"expected a grey PNG of 8 bits, found {bits} bits, colour type {colour}, interlacing {interlaced}")
    packed, at = b"", 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    raw, rows, above = zlib.decompress(packed), [], bytes(width)
    for y in range(height):
        kind, line = raw[y * (width + 1)], bytearray(raw[y * (width + 1) + 1:(y + 1) * (width + 1)])
        for x in range(width):
            left, up, corner = (line[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
            line[x] = (line[x] + predicted(kind, left, up, corner)) % 256
        rows.append(line)
        above = line
    return rows


def predicted(kind, left, up, corner):
    """The five filters of the PNG specification, section 9."""
    if kind == 4:
        return min((left, up, corner), key=lambda one: abs(left + up - corner - one))
    return (0, left, up, (left + up) // 2)[kind]


def write_png(rows):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    lines = b"".join(b"\0" + bytes(row) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")


def cut_out(rows):
    """The least rectangle with all the ink."""
    ys = [y for y, row in enumerate(rows) if max(row) >= INK]
    xs = [x for x in range(len(rows[0])) if any(row[x] >= INK for row in rows)]
    return [row[xs[0]:xs[-1] + 1] for row in rows[ys[0]:ys[-1] + 1]]


def digits_of(shard):
    """[(digit, rows)] of a shard, in the order of names."""
    with tarfile.open(shard) as tar:
        members = {member.name: member for member in tar}
        return [(json.load(tar.extractfile(members[name]))["written"],
                 cut_out(read_png(tar.extractfile(members[name[:-5] + ".png"]).read())))
                for name in sorted(members) if name.endswith(".json")]


def scene(digits, chance):
    """Rows of a picture and its objects; a digit that finds no room is left out."""
    rows, objects = [bytearray(SIZE) for _ in range(SIZE)], []
    for _ in range(chance.randint(1, 3)):
        digit, ink = chance.choice(digits)
        width, height = len(ink[0]), len(ink)
        for _ in range(20):
            x, y = chance.randint(0, SIZE - width), chance.randint(0, SIZE - height)
            if all(x >= a + w or a >= x + width or y >= b + h or b >= y + height for a, b, w, h in (o["bbox"] for o in objects)):
                for line, row in enumerate(ink):
                    rows[y + line][x:x + width] = row
                objects.append({"bbox": [x, y, width, height], "label": str(digit)})
                break
    return rows, objects


def main(folder, out, scenes=None):
    out.mkdir(parents=True, exist_ok=True)
    for split in SCENES:
        digits, chance = digits_of(folder / f"digits-qa-{split}-000.tar"), random.Random(f"scenes {split}")
        with tarfile.open(out / f"scenes-{split}-000.tar", "w") as tar:
            for number in range(scenes or SCENES[split]):
                rows, objects = scene(digits, chance)
                for name, content in (("json", json.dumps({"objects": objects}).encode()), ("png", write_png(rows))):
                    entry = tarfile.TarInfo(f"{split}-{number:04}.{name}")
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), *map(int, sys.argv[3:4]))
