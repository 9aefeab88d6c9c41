"""Makes the shards of examples/stamps from Tux Paint's stamps. Usage: make.py STAMPS OUT

STAMPS is the folder usr/share/tuxpaint/stamps of the unpacked Debian package tuxpaint-stamps-default; `./dev data stamps`
fetches it and calls this. Needs Pillow, rsvg-convert and ffmpeg. README.md beside this file says what comes out. The same
package and tools give the same bytes.
"""
import array
import hashlib
import io
import json
import math
import re
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

from PIL import Image

SIDE, MARGIN = 128, 4  # pixels
RATE, HOP = 16000, 160  # Hz, samples
LONGEST = 2.25  # seconds
LANGUAGES = "en fr es ca ro ru bg de it pt nl sv".split()
SPOKEN = ("fr", "es")
CLASSES = {"animals": "animal", "clothes": "clothing", "food": "food", "household": "household", "plants": "plant",
           "seasonal": "seasonal", "town": "town", "vehicles": "vehicle", "people": "person", "space": "space",
           "symbols": "symbol"}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True).stdout


def picture(path):
    """The stamp, without its empty border, in the middle of a white square; PNG."""
    if path.suffix == ".svg":
        path = io.BytesIO(output_of("rsvg-convert", "-a", "-w", str(2 * SIDE), "-h", str(2 * SIDE), path))
    stamp = Image.open(path).convert("RGBA")
    stamp = stamp.crop(stamp.getchannel("A").getbbox() or (0, 0, *stamp.size))
    stamp.thumbnail((SIDE - 2 * MARGIN, SIDE - 2 * MARGIN), Image.LANCZOS)
    square = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 255))
    square.alpha_composite(stamp, ((SIDE - stamp.width) // 2, (SIDE - stamp.height) // 2))
    png = io.BytesIO()
    square.convert("RGB").save(png, "PNG", optimize=True)
    return png.getvalue()


def tenth_percentile(values):
    """Between the two nearest of the sorted values, as numpy.percentile has it."""
    place = 0.1 * (len(values) - 1)
    low = int(place)
    ordered = sorted(values)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(values) - 1)] - ordered[low])


def recording(path):
    """16 kHz, mono, 16 bits, peak 0.9, without the silence around it; None if nothing is heard or it is too long."""
    samples = array.array("f", output_of("ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"))
    peak = max(map(abs, samples), default=0)
    if peak < 1e-3:
        return None
    samples = [0.9 / peak * x for x in samples]
    blocks = len(samples) // HOP
    if blocks < 10:
        return None
    loud = [math.sqrt(sum(x * x for x in samples[i * HOP:(i + 1) * HOP]) / HOP) for i in range(blocks)]
    floor = max(0.02, 3 * tenth_percentile(loud)) if max(loud) > 0.05 else 0
    heard = [i for i, loudness in enumerate(loud) if loudness > floor or floor == 0]
    if not heard:
        return None
    samples = samples[max(0, heard[0] - 8) * HOP:min(blocks, heard[-1] + 12) * HOP]  # 80 and 120 ms around it stay
    if len(samples) > LONGEST * RATE:
        return None
    pcm = array.array("h", (round(x * 32767) for x in samples)).tobytes()
    head = b"RIFF" + (36 + len(pcm)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += b"".join(value.to_bytes(size, "little") for value, size in
                     ((1, 2), (1, 2), (RATE, 4), (2 * RATE, 4), (2, 2), (16, 2)))
    return head + b"data" + len(pcm).to_bytes(4, "little") + pcm


def captions(path):
    """By language; English stands in the first line."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    found = {"en": lines[0] if lines else ""}
    for line in lines:
        match = re.match(r"([A-Za-z_@]+)\.utf8=(.*)", line)
        if match and match[1] in LANGUAGES and match[2].strip():
            found[match[1]] = match[2].strip()
    return found


def split_of(caption):
    """By the caption's letters, so that no caption is in two splits."""
    group = re.sub(r"[^a-z]+", " ", caption.lower()).strip()
    place = int(hashlib.sha256(("stamps:" + group).encode()).hexdigest(), 16) % 100
    return "train" if place < 76 else "val" if place < 86 else "test"


def sample(stamps, text, held_out):
    """(key, split, members) of the stamp whose captions are in the file `text`, or None."""
    stem = text.relative_to(stamps).with_suffix("")
    drawn = next((text.with_suffix(end) for end in (".svg", ".png") if text.with_suffix(end).exists()), None)
    caption = captions(text)
    key = re.sub(r"[^a-z0-9]+", "-", str(stem).lower()).strip("-")
    if drawn is None or not caption["en"] or "alphabets" in str(stem) or key in held_out:
        return None
    spoken = {language: recording(file) for language in SPOKEN if language in caption
              and (file := text.with_name(f"{text.stem}_desc_{language}.ogg")).exists()}
    members = {f"{language}.wav": wav for language, wav in spoken.items() if wav}
    if not members:
        return None
    about = {"class": CLASSES.get(stem.parts[0]), "folder": str(stem.parent), "captions": caption,
             "texts": [{"language": language, "text": words} for language, words in sorted(caption.items())],
             "voices": {language: f"{language}.wav" in members for language in SPOKEN}}
    effect = text.with_suffix(".ogg")
    if effect.exists() and (wav := recording(effect)):
        members["effect.wav"] = wav
    members["png"] = picture(drawn)
    members["txt"] = (caption["en"] + "\n").encode()
    members["json"] = (json.dumps(about, ensure_ascii=False, sort_keys=True) + "\n").encode()
    return key, split_of(caption["en"]), members


def main(stamps, out):
    counts = Counter()
    held_out = set((Path(__file__).parent / "held_out.txt").read_text().split())
    shards = {split: tarfile.open(out / f"stamps-{split}-000.tar", "w") for split in ("train", "val", "test")}
    for text in sorted(stamps.rglob("*.txt"), key=str):
        found = sample(stamps, text, held_out)
        if not found:
            continue
        key, split, members = found
        for name, content in sorted(members.items()):
            entry = tarfile.TarInfo(f"{key}.{name}")
            entry.size = len(content)
            shards[split].addfile(entry, io.BytesIO(content))
        counts.update([split, *(f"{split}/{name}" for name in members if name.endswith(".wav"))])
    for shard in shards.values():
        shard.close()
    (out / "counts.json").write_text(json.dumps(dict(sorted(counts.items())), indent=1) + "\n")
    print(json.dumps(dict(sorted(counts.items()))))


main(Path(sys.argv[1]), Path(sys.argv[2]))
