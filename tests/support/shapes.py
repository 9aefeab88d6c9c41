"""Draws 150 pictures of coloured shapes into the folder pictures, with captions; and new.png."""
import csv
import random
import zlib
from pathlib import Path

COLOURS = {"red": (220, 40, 40), "green": (40, 170, 60), "blue": (50, 80, 220)}
SHAPES = {"circle": lambda x, y: x * x + y * y < 1,
          "square": lambda x, y: abs(x) < 0.9 and abs(y) < 0.9,
          "triangle": lambda x, y: -1 < y < 0.9 and abs(x) < (y + 1) / 2}


def png(colour, shape, edge=32):
    """The bytes of a picture: the shape somewhere on grey, in some size."""
    size = random.uniform(7, 12)
    left, top = random.uniform(size, edge - size), random.uniform(size, edge - size)
    rows = b"".join(
        b"\0" + bytes(value for x in range(edge) for value in
                      (COLOURS[colour] if SHAPES[shape]((x - left) / size, (y - top) / size)
                       else (235, 235, 235))) for y in range(edge))
    chunks = {b"IHDR": edge.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0]),
              b"IDAT": zlib.compress(rows), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(content).to_bytes(4, "big") + kind + content
        + zlib.crc32(kind + content).to_bytes(4, "big") for kind, content in chunks.items())


def draw(folder, count=150):
    folder.mkdir()
    with open(folder / "metadata.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file_name", "caption"])
        for i in range(count):
            colour, shape = random.choice(list(COLOURS)), random.choice(list(SHAPES))
            (folder / f"{i:03}.png").write_bytes(png(colour, shape))
            table.writerow([f"{i:03}.png", f"a {colour} {shape}"])


if __name__ == "__main__":
    random.seed(17)
    draw(Path("pictures"))
    Path("new.png").write_bytes(png("blue", "triangle"))
