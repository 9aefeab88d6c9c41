"""Strings spoken digits together: examples/speech/speech-{train,val,test}-000.tar from the recordings of examples/digits.

Usage: make.py DIGITS_FOLDER OUTPUT_FOLDER [STRINGS]. Needs the standard library alone, and gives the same bytes each time. With
STRINGS each split has so many. A string has 2 to 6 recordings of one speaker, each at a pace and a loudness of its own, with 0 to 0.1 s between them.
"""
import array
import io
import json
import random
import sys
import tarfile
import wave
from pathlib import Path

WORDS = "zero one two three four five six seven eight nine".split()
RATE = 8000
HEARD_IN_TEST_ALONE = ("theo", "yweweler")  # the last two of six by name
STRINGS = {"train": 1000, "val": 120, "test": 200}


def recordings(folder):
    """{"train" | "val" | "test": {speaker: [(digit, samples)]}}: who is heard in the test is heard nowhere else. Strings to
    validate with have recordings that training has not, of the voices that it has."""
    found = {split: {} for split in STRINGS}
    for shard in ("train", "val", "test"):
        with tarfile.open(folder / f"digits-qa-{shard}-000.tar") as tar:
            members = {member.name: member for member in tar}
            for name in sorted(members):
                if not name.endswith(".json"):
                    continue
                about = json.load(tar.extractfile(members[name]))
                with wave.open(tar.extractfile(members[name[:-5] + ".wav"])) as sound:
                    samples = array.array("h", sound.readframes(sound.getnframes()))
                if about["speaker"] in HEARD_IN_TEST_ALONE:
                    split = "test"
                else:
                    split = "train" if shard == "train" else "val"
                found[split].setdefault(about["speaker"], []).append((about["spoken"], samples))
    return found


def resampled(samples, pace, loudness):
    """At `pace` times its speed, and so higher or lower; between two samples along a line."""
    places = [i * pace for i in range(int((len(samples) - 1) / pace))]
    between = [(samples[int(at)], samples[int(at) + 1], at % 1) for at in places]
    return array.array("h", [int(loudness * (left + part * (right - left))) for left, right, part in between])


def string(voices, chance):
    """A WAV file and what it says."""
    speaker = chance.choice(sorted(voices))
    said, sound = [], array.array("h")
    for _ in range(chance.randint(2, 6)):
        digit, samples = chance.choice(voices[speaker])
        peak = max(1, max(map(abs, samples)))
        sound.extend(array.array("h", bytes(2 * chance.randint(0, RATE // 10))))
        sound.extend(resampled(samples, chance.uniform(0.85, 1.15), chance.uniform(0.3, 0.9) * 32767 / peak))
        said.append(digit)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(sound.tobytes())
    return file.getvalue(), {"speaker": speaker, "text": " ".join(WORDS[digit] for digit in said), "digits": said}


def main(digits, out, strings=None):
    out.mkdir(parents=True, exist_ok=True)
    for split, voices in recordings(digits).items():
        chance = random.Random(f"speech {split}")
        with tarfile.open(out / f"speech-{split}-000.tar", "w") as tar:
            for number in range(strings or STRINGS[split]):
                sound, about = string(voices, chance)
                for name, content in (("json", json.dumps(about).encode()), ("wav", sound)):
                    entry = tarfile.TarInfo(f"{split}-{number:04}.{name}")
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), *map(int, sys.argv[3:4]))
