#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""JPEG bytes -> decoded, resized to 224 x 224, normalised: Weft against torchvision, Pillow and OpenCV, in turn, one thread each.

    taskset -c 0 python3 tests/bench/peers/image.py build/release/bin/image_peer FILE…

Needs torch, torchvision, pillow and opencv-python-headless, which the project does not install. All files are read into memory first. What is
compared is the processor's time, since other programs on the machine take turns with these.
"""

import io
import json
import statistics
import subprocess
import sys
import time

import cv2
import numpy
import torch
import torchvision
from PIL import Image
from torchvision.transforms import v2

ROUNDS = 15
SIZE = (224, 224)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FIELD = dict(kind="image", member="jpg", size=SIZE, channels=3, mean=MEAN, std=STD, resize="bilinear")


def weft(program, paths, **more):
    worker = subprocess.Popen([program, json.dumps(FIELD | more), *paths], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run():
        worker.stdin.write("1\n")
        worker.stdin.flush()
        return float(worker.stdout.readline())
    return run


def timed(files, transform):
    def run():
        begun = time.process_time()
        for file in files:
            transform(file)
        return time.process_time() - begun
    return run


def torchvision_tensor(files):
    tail = v2.Compose([v2.Resize(SIZE, antialias=True), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    tensors = [torch.frombuffer(bytearray(file), dtype=torch.uint8) for file in files]
    rgb = torchvision.io.ImageReadMode.RGB
    return timed(tensors, lambda bytes_: tail(torchvision.io.decode_jpeg(bytes_, mode=rgb)))


def torchvision_pillow(files, draft):
    tail = v2.Compose([v2.Resize(SIZE), v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])

    def transform(file):
        picture = Image.open(io.BytesIO(file))
        if draft:
            picture.draft("RGB", SIZE)
        return tail(picture.convert("RGB"))
    return timed(files, transform)


def opencv(files, flag=cv2.IMREAD_COLOR, filter_=cv2.INTER_AREA):
    cv2.setNumThreads(1)
    mean = numpy.array(MEAN, numpy.float32) * 255
    scale = 1 / (numpy.array(STD, numpy.float32) * 255)

    def transform(file):
        picture = cv2.imdecode(numpy.frombuffer(file, numpy.uint8), flag)
        picture = cv2.cvtColor(cv2.resize(picture, SIZE, interpolation=filter_), cv2.COLOR_BGR2RGB)
        # The fastest of several ways: planes, then one pass over each.
        return numpy.stack([(plane.astype(numpy.float32) - mean[i]) * scale[i] for i, plane in enumerate(cv2.split(picture))])
    return timed(files, transform)


def main():
    program, paths = sys.argv[1], sys.argv[2:]
    torch.set_num_threads(1)
    files = [open(path, "rb").read() for path in paths]
    ways = {
        "Weft": weft(program, paths),
        "Weft, draft": weft(program, paths, draft=True),
        "torchvision, decode_jpeg": torchvision_tensor(files),
        "torchvision, Pillow": torchvision_pillow(files, False),
        "torchvision, Pillow with draft": torchvision_pillow(files, True),
        "OpenCV, INTER_AREA": opencv(files),
        "OpenCV, INTER_LINEAR (aliased)": opencv(files, filter_=cv2.INTER_LINEAR),
        "OpenCV, half size": opencv(files, cv2.IMREAD_REDUCED_COLOR_2),
    }
    times = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(1e3 * way() / len(files))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    print(f"{len(files)} JPEGs -> 224 x 224, normalised: ms a picture, median of {ROUNDS} rounds, and its ratio to Weft's, to the draft's")
    for name, taken in medians.items():
        print(f"{name:32} {taken:7.3f} {taken / medians['Weft']:6.2f} {taken / medians['Weft, draft']:6.2f}")


if __name__ == "__main__":
    with torch.inference_mode():
        main()
