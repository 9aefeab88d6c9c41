#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the small pictures of tests/reference/pictures, and what Pillow 13.0 and torchvision 0.26 make of them.

    python3 tests/reference/pictures.py

Needs torch, torchvision, pillow, numpy and opencv-python-headless. NAME.jpg, .png or .webp is a picture, NAME.expected.png what it shows:
turned by its orientation, on the background (200, 100, 50), as colours. cases.json says what else is compared with what.
"""

import io
import json
from pathlib import Path

import cv2
import numpy
import torch
from PIL import Image, ImageOps
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

HERE = Path(__file__).parent / "pictures"
BACKGROUND = (200, 100, 50)
OPERATIONS = ("Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast", "Sharpness",
              "Posterize", "Solarize", "AutoContrast", "Equalize")


def scene(width, height, seed=0):
    """Smooth colours, an edge and some noise."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [128 + 90 * numpy.sin(x / (3 + i) + y / 7 + i) for i in range(3)]
    pixels = numpy.stack(planes, -1) + random.normal(0, 6, (height, width, 3))
    pixels[height // 3:height // 2, width // 4:width // 2] = (250, 20, 60)
    return numpy.clip(pixels, 0, 255).astype(numpy.uint8)


def shown(picture):
    """On the background, by the definition: round((a v + (255 - a) b) / 255)."""
    picture = ImageOps.exif_transpose(picture).convert("RGBA")
    pixels = numpy.asarray(picture).astype(int)
    alpha = pixels[..., 3:]
    return Image.fromarray(((pixels[..., :3] * alpha + numpy.array(BACKGROUND) * (255 - alpha) + 127) // 255).astype(numpy.uint8))


def save(name, data, expected=None):
    (HERE / name).write_bytes(data)
    picture = expected if expected is not None else shown(Image.open(io.BytesIO(data)))
    picture.save(HERE / (name + ".expected.png"))


def encoded(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def formats():
    rgb = Image.fromarray(scene(23, 17))
    alpha = Image.fromarray(numpy.linspace(0, 255, 23 * 17).reshape(17, 23).astype(numpy.uint8))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    palette = rgb.quantize(13)
    for name, picture, options in (("colour", rgb, {}), ("grey", rgb.convert("L"), {}), ("alpha", rgba, {}), ("grey_alpha", rgba.convert("LA"), {}),
                                   ("bits", rgb.convert("1"), {}), ("palette", palette, {}), ("palette_alpha", palette, {"transparency": 3})):
        save(name + ".png", encoded(picture, "PNG", **options))
    deep = numpy.random.default_rng(1).integers(0, 65536, (17, 23, 4)).astype(numpy.uint16)
    small = ((deep.astype(int) * 255 + 32767) // 65535).astype(numpy.uint8)
    for name, last in (("deep_grey", 1), ("deep", 3), ("deep_alpha", 4)):
        made = cv2.imencode(".png", deep[..., 0] if last == 1 else deep[..., [2, 1, 0, 3][:last]])[1].tobytes()
        save(name + ".png", made, shown(Image.fromarray(small[..., 0] if last == 1 else small[..., :last])))
    for name, options in (("444", {"subsampling": 0}), ("422", {"subsampling": 1}), ("420", {"subsampling": 2}), ("progressive", {"progressive": True})):
        save(name + ".jpg", encoded(rgb, "JPEG", quality=85, **options))
    save("grey.jpg", encoded(rgb.convert("L"), "JPEG"))
    cmyk = encoded(rgb.convert("CMYK"), "JPEG", quality=90)
    save("cmyk.jpg", cmyk)
    at = cmyk.index(b"Adobe") + 11
    assert cmyk[at] == 0
    save("ycck.jpg", cmyk[:at] + b"\2" + cmyk[at + 1:])
    for name, picture, options in (("lossy", rgb, {"quality": 80}), ("lossless", rgb, {"lossless": True}), ("lossy_alpha", rgba, {"quality": 80}),
                                   ("lossless_alpha", rgba, {"lossless": True, "exact": True}),
                                   ("even", Image.fromarray(scene(16, 12)), {"quality": 50})):
        save(name + ".webp", encoded(picture, "WEBP", **options))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"turned_{orientation}.jpg", encoded(rgb, "JPEG", subsampling=0, exif=exif))
    exif[0x0112] = 6
    save("turned_6.png", encoded(rgb, "PNG", exif=exif))
    save("turned_6.webp", encoded(rgb, "WEBP", lossless=True, exif=exif))


def sizes():
    """What a field makes of scene.png: [height, width], resize, fit, the reference."""
    picture = Image.fromarray(scene(61, 47))
    picture.save(HERE / "scene.png")
    tensor = F.pil_to_tensor(picture)
    cases = []
    for number, (height, width) in enumerate(((20, 17), (47, 30), (70, 90), (1, 1), (13, 61))):
        for resize, way, mode in (("bilinear", Image.Resampling.BILINEAR, F.InterpolationMode.BILINEAR),
                                  ("bicubic", Image.Resampling.BICUBIC, F.InterpolationMode.BICUBIC)):
            made = {f"pillow_{number}": picture.resize((width, height), way),
                    f"torchvision_{number}": F.to_pil_image(F.resize(tensor, [height, width], mode, antialias=True)),
                    f"grey_{number}": picture.convert("L").resize((width, height), way),
                    f"pad_{number}": ImageOps.pad(picture, (width, height), way, color=BACKGROUND)}
            if height == 20:
                made["crop"] = v2.CenterCrop(20)(F.resize(picture, 20, mode))
                made["crop_turned"] = v2.CenterCrop(21)(F.resize(picture.transpose(Image.Transpose.ROTATE_90), 21, mode))
            for name, expected in made.items():
                fit = name.split("_")[0]
                name = f"{name}_{resize}.png"
                expected.save(HERE / name)
                cases.append({"picture": "turned.png" if "turned" in name else "scene.png", "expected": name,
                              "field": {"size": [expected.height, expected.width], "channels": 1 if fit == "grey" else 3, "resize": resize,
                                        "fit": fit if fit in ("crop", "pad") else "stretch"}})
    exif = Image.Exif()
    exif[0x0112] = 8  # a quarter counter-clockwise
    picture.save(HERE / "turned.png", exif=exif)
    large = Image.fromarray(scene(260, 190))
    large.save(HERE / "large.jpg", quality=90)
    for resize, way in (("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)):
        for draft in (False, True):
            opened = Image.open(HERE / "large.jpg")
            if draft:
                opened.draft("RGB", (60, 40))
                assert opened.size == (65, 48), opened.size
            name = f"large_{resize}{'_draft' if draft else ''}.png"
            opened.convert("RGB").resize((60, 40), way).save(HERE / name)
            cases.append({"picture": "large.jpg", "expected": name,
                          "field": {"size": [40, 60], "channels": 3, "resize": resize, "dct_scaling": draft}})
    return cases


def colours():
    """colours.png: scene24.png after each change, one below the other; rand_augment.png: after each operation, + and - 17."""
    picture = Image.fromarray(scene(24, 20, 7) // 2 + 30)
    picture.save(HERE / "scene24.png")
    tensor = F.pil_to_tensor(picture)
    changes = [("brightness", 1.4), ("brightness", 0.3), ("contrast", 1.7), ("contrast", 0.2), ("saturation", 1.9), ("saturation", 0.0),
               ("hue", 0.3), ("hue", -0.45), ("sharpness", 1.9), ("sharpness", 0.2)]
    made = [getattr(F, "adjust_" + name)(tensor, amount) for name, amount in changes]
    F.to_pil_image(torch.cat(made, 1)).save(HERE / "colours.png")
    operations = v2.RandAugment()
    made = []
    for name in OPERATIONS:
        magnitudes, is_signed = operations._AUGMENTATION_SPACE[name]
        magnitudes = magnitudes(31, 20, 24)
        for sign in (1, -1):
            amount = 0.0 if magnitudes is None else float(magnitudes[17]) * (sign if is_signed else 1)
            made.append(operations._apply_image_or_video_transform(tensor, name, amount, F.InterpolationMode.NEAREST, {torch.Tensor: None}))
    F.to_pil_image(torch.cat(made, 1)).save(HERE / "rand_augment.png")
    return changes


def main():
    HERE.mkdir(exist_ok=True)
    formats()
    cases = {"sizes": sizes(), "changes": colours()}
    (HERE / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
