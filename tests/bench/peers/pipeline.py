#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tar shards -> shuffled batches on two cores: Weft with two threads against torch's DataLoader with two workers, in turn.

    taskset -c 0,1 python3 tests/bench/peers/pipeline.py build/release/bin/pipeline_peer [--batch N] [--side PIXELS] [JPEG or FLAC…]

A sample is a JPEG, a FLAC and a JSON with a caption; it becomes a picture of 224 x 224 (a random part, perhaps mirrored, normalised), a
log-mel spectrum as Whisper defines it and the ids of a SentencePiece model. The shards and the model are made in a temporary folder,
from examples/photos and tests/reference/log_mel_presets.flac or the files named. With --side, pictures are first enlarged to that
many pixels along their longer side, with noise, as quality 90.

The peers are webdataset and a map-style data set with an index of the same tars, over torchvision (Pillow or decode_jpeg), soundfile,
torchaudio and sentencepiece, none of which the project installs. Beside samples per second by the clock stands what a sample costs in
the processor's time, of all threads and workers, since other programs on the machine take turns with these.
"""

import argparse
import io
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import tarfile
import tempfile
import time

import numpy
import sentencepiece
import soundfile
import torch
import torchaudio
import torchvision
import webdataset
from PIL import Image
from torchvision.transforms import v2

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
ROUNDS, SECONDS = 5, 4
SHARDS, SAMPLES = 8, 1024  # of a shard's samples
SIZE, MEAN, STD = (224, 224), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FRAMES, LENGTH = 200, 32
HOP = 160
AHEAD = 4 + 1  # batches that are taken before time is: those made ahead, and one


def spent(processes):
    """Seconds of the processor's time that the processes have taken."""
    ticks = 0
    for process in processes:
        with open(f"/proc/{process}/stat") as stat:
            ticks += sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


# ---- the files ----

def example_photos():
    """The bytes and a caption of each photograph."""
    found = {}
    with tarfile.open(os.path.join(ROOT, "examples/photos/photos-000.tar.gz")) as tar:
        for member in tar:
            found.setdefault(member.name.split(".")[0], {})[member.name.split(".")[-1]] = tar.extractfile(member).read()
    return [(sample["jpg"], json.loads(sample["json"])["captions"][0]["caption"]) for sample in found.values()]


def enlarged(file, side, noise):
    picture = Image.open(io.BytesIO(file)).convert("RGB")
    factor = side / max(picture.size)
    picture = picture.resize([round(factor * length) for length in picture.size], Image.Resampling.BICUBIC)
    pixels = numpy.asarray(picture) + noise.normal(0, 4, (picture.height, picture.width, 1))
    result = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8)).save(result, "jpeg", quality=90)
    return result.getvalue()


def add(tar, name, content):
    head = tarfile.TarInfo(name)
    head.size = len(content)
    tar.addfile(head, io.BytesIO(content))


def make_shards(folder, files, side):
    """The paths of shards in which pictures and recordings of unlike numbers meet in turn."""
    read = [open(file, "rb").read() for file in files]
    recordings = [file for file in read if file[:4] == b"fLaC"]
    pictures = [file for file in read if file[:2] == b"\xff\xd8"]
    photos = example_photos()
    captions = [caption for _, caption in photos]
    pictures = pictures or [file for file, _ in photos]
    if side:
        noise = numpy.random.default_rng(0)
        pictures = [enlarged(file, side, noise) for file in pictures]
    if not recordings:
        recordings = [open(os.path.join(ROOT, "tests/reference/log_mel_presets.flac"), "rb").read()]
    paths = []
    for shard in range(SHARDS):
        paths.append(os.path.join(folder, f"part-{shard:03}.tar"))
        with tarfile.open(paths[-1], "w", format=tarfile.USTAR_FORMAT) as tar:
            for i in range(shard * SAMPLES, (shard + 1) * SAMPLES):
                add(tar, f"{i:06}.jpg", pictures[i % len(pictures)])
                add(tar, f"{i:06}.flac", recordings[i % len(recordings)])
                add(tar, f"{i:06}.json", json.dumps({"caption": captions[i % len(captions)]}).encode())
    with open(os.path.join(folder, "captions.txt"), "w") as text:
        text.write("\n".join(captions))
    sentencepiece.SentencePieceTrainer.train(input=os.path.join(folder, "captions.txt"), model_prefix=os.path.join(folder, "captions"),
                                             vocab_size=200, pad_id=3, minloglevel=2)
    kilobytes = [statistics.mean(map(len, kind)) / 1e3 for kind in (pictures, recordings)]
    print(f"{SHARDS * SAMPLES} samples in {SHARDS} shards: {len(pictures)} JPEGs of {kilobytes[0]:.1f} kB, "
          f"{len(recordings)} FLACs of {kilobytes[1]:.1f} kB, in the mean")
    return paths


# ---- Weft ----

def weft(program, shards, model, batch):
    data = {
        "shards": {"train": shards},
        "tokenizer": {"file": model},
        "loading": {"workers": 2, "prefetch": 4, "cache": 0},
        "fields": {
            "picture": {"kind": "image", "member": "jpg", "size": SIZE, "channels": 3, "mean": MEAN, "std": STD, "resize": "bilinear",
                        "crop": {"scale": [0.08, 1], "ratio": [0.75, 4 / 3]}, "flip": 0.5},
            "voice": {"kind": "log_mel", "member": "flac", "preset": "whisper", "frames": FRAMES},
            "caption": {"kind": "text", "pointer": "/caption", "length": LENGTH},
        },
    }
    worker = subprocess.Popen([program, json.dumps(data), str(batch)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(seconds):
        begun = spent([worker.pid])
        worker.stdin.write(f"{seconds}\n")
        worker.stdin.flush()
        count, taken = map(float, worker.stdout.readline().split())
        return count / taken, (spent([worker.pid]) - begun) / (count + AHEAD * batch)
    return run


# ---- the peers ----

class Transform:
    """What a peer does with the three members of a sample."""

    def __init__(self, model, reader):
        self.reader, self.model = reader, model
        tail = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
        head = [v2.RandomResizedCrop(SIZE, antialias=True), v2.RandomHorizontalFlip()]
        self.picture = v2.Compose(head + ([v2.PILToTensor()] if reader == "Pillow" else []) + tail)
        self.mel = torchaudio.transforms.MelSpectrogram(16000, n_fft=400, hop_length=HOP, n_mels=80, norm="slaney", mel_scale="slaney")
        self.tokenizer = None

    def read_picture(self, file):
        if self.reader == "Pillow":
            return Image.open(io.BytesIO(file)).convert("RGB")
        file = torch.frombuffer(bytearray(file), dtype=torch.uint8)
        return torchvision.io.decode_jpeg(file, mode=torchvision.io.ImageReadMode.RGB)

    def voice(self, file):
        samples, _ = soundfile.read(io.BytesIO(file), dtype="float32")
        samples = torch.from_numpy(samples)[:FRAMES * HOP]
        samples = torch.nn.functional.pad(samples, (0, FRAMES * HOP - len(samples)))
        logarithms = self.mel(samples)[:, :-1].clamp(min=1e-10).log10()
        return (torch.maximum(logarithms, logarithms.max() - 8) + 4) / 4

    def __call__(self, sample):
        if self.tokenizer is None:  # in the worker
            self.tokenizer = sentencepiece.SentencePieceProcessor(model_file=self.model)
        ids = self.tokenizer.encode(json.loads(sample["json"])["caption"])[:LENGTH]
        return {"picture": self.picture(self.read_picture(sample["jpg"])), "voice": self.voice(sample["flac"]),
                "caption": torch.tensor(ids + [3] * (LENGTH - len(ids)))}


class Indexed(torch.utils.data.Dataset):
    """Samples by their number, out of plain tars."""

    def __init__(self, shards, transform):
        self.shards, self.transform, self.samples, self.files = shards, transform, [], None
        for shard, path in enumerate(shards):
            places = {}
            with tarfile.open(path) as tar:
                for member in tar:
                    key, kind = member.name.split(".")
                    places.setdefault(key, {})[kind] = (shard, member.offset_data, member.size)
            self.samples += places.values()

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        if self.files is None:
            self.files = [os.open(path, os.O_RDONLY) for path in self.shards]
        return self.transform({kind: os.pread(self.files[shard], size, begin) for kind, (shard, begin, size) in self.samples[i].items()})


def forever(loader):
    while True:
        yield from loader


def loaded(batches, batch):
    """Takes what was made ahead, then counts."""
    def run(seconds):
        processes = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
        before = spent(processes)
        for _ in range(AHEAD):
            next(batches)
        begun, count = time.perf_counter(), 0
        while (taken := time.perf_counter() - begun) < seconds:
            count += len(next(batches)["caption"])
        return count / taken, (spent(processes) - before) / (count + AHEAD * batch)
    return run


def peers(shards, model, batch):
    options = dict(num_workers=2, prefetch_factor=2, persistent_workers=True)
    pipeline = webdataset.WebDataset(shards, shardshuffle=SHARDS).shuffle(1000).map(Transform(model, "Pillow"))
    pipeline = pipeline.batched(batch, partial=False, collation_fn=torch.utils.data.default_collate).repeat()
    yield "webdataset, Pillow", loaded(iter(torch.utils.data.DataLoader(pipeline, batch_size=None, **options)), batch)
    for reader in ("Pillow", "decode_jpeg"):
        data = Indexed(shards, Transform(model, reader))
        loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, drop_last=True, **options)
        yield f"map-style, {reader}", loaded(forever(loader), batch)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("files", nargs="*")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--side", type=int, default=0)
    options = parser.parse_args()
    random.seed(0)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        shards = make_shards(folder, options.files, options.side)
        model = os.path.join(folder, "captions.model")
        ways = {"Weft": weft(options.program, shards, model, options.batch)} | dict(peers(shards, model, options.batch))
        for way in ways.values():
            way(1)
        taken = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                taken[name].append(way(SECONDS))
        medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in taken.items()}
        print(f"batches of {options.batch}, median of {ROUNDS} rounds of {SECONDS} s: samples/s and how many times that Weft's is, "
              "ms of the processor a sample and its ratio to Weft's")
        speed, cost = medians["Weft"]
        for name, (its_speed, its_cost) in medians.items():
            print(f"{name:26} {its_speed:8.0f} {speed / its_speed:6.2f} {1e3 * its_cost:8.2f} {its_cost / cost:6.2f}", flush=True)


if __name__ == "__main__":
    main()
