# SPDX-License-Identifier: Apache-2.0
"""Writes tests/host/data/ends: 4,000 samples at 48 kHz, which encoders fill up at both ends.

The sound is a burst of 2 kHz around sample 1,500. How long each file plays is what libsndfile 1.2
(libopus, libvorbis, mpg123) gives for Ogg and MP3, what FFmpeg 8 gives for MP3 in Matroska, and
what the edit list says for M4A and MP4: there FFmpeg plays the filled-up packet to its end.

    python3 -m venv env && env/bin/pip install numpy av soundfile
    env/bin/python tests/reference/recording_ends.py
"""

import io
from pathlib import Path

import av
import numpy as np
import soundfile

RATE, LENGTH, MIDDLE = 48_000, 4_000, 1_500
FOLDER = Path(__file__).parent.parent / "host/data/ends"


def burst() -> np.ndarray:
    n = np.arange(LENGTH) - MIDDLE
    return 0.5 * np.exp(-((n / 120) ** 2)) * np.cos(2 * np.pi * 2_000 * n / RATE)


def by_ffmpeg(container: str, codec: str) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(codec, rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            burst().astype(np.float32)[None], format="fltp", layout="mono"
        )
        frame.rate = RATE
        frame.pts = 0
        for packet in [*stream.encode(frame), *stream.encode()]:
            file.mux(packet)
    return target.getvalue()


def by_libsndfile(container: str, codec: str) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, burst(), RATE, format=container, subtype=codec)
    return target.getvalue()


def played(data: bytes, name: str) -> int:
    if name.endswith((".ogg", ".mp3")):
        return len(soundfile.read(io.BytesIO(data))[0])
    with av.open(io.BytesIO(data)) as file:
        if name.endswith(".mkv"):
            return sum(frame.samples for frame in file.decode(audio=0))
        return file.streams.audio[0].duration


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, data in {
        "opus.ogg": by_libsndfile("OGG", "OPUS"),
        "vorbis.ogg": by_libsndfile("OGG", "VORBIS"),
        "lame.mp3": by_libsndfile("MP3", "MPEG_LAYER_III"),
        "lame.mkv": by_ffmpeg("matroska", "libmp3lame"),
        "opus.mkv": by_ffmpeg("matroska", "libopus"),
        "opus.mp4": by_ffmpeg("mp4", "libopus"),
        "lame.mp4": by_ffmpeg("mp4", "libmp3lame"),
        "aac.m4a": by_ffmpeg("ipod", "aac"),
        "aac.mov": by_ffmpeg("mov", "aac"),
    }.items():
        (FOLDER / name).write_bytes(data)
        print(name, len(data), "bytes, plays", played(data, name), "samples")


if __name__ == "__main__":
    main()
