#!/usr/bin/env python3
"""Known answers of torchvision's transforms on Pillow pictures, for src/train/ops_test.c.

    python3 make_augment.py > augment.tsv

A line is: operation, size, parameters (as the test reads them), SHA-256 of the result's bytes (R G B
by the pixel).  The blur's results are written out in hex, because a sum that lies on a half may be
rounded either way.  The source is a formula, so no picture has to be stored.
"""
import hashlib
import math
import sys

import PIL
import torch
import torchvision
import torchvision.transforms as T
import torchvision.transforms.functional as F
from PIL import Image, ImageEnhance
from torchvision.transforms import InterpolationMode as I

SIZE = 64


def source(width, height):
    data = bytearray()
    for y in range(height):
        for x in range(width):
            data += bytes(((x * 4 + y * 2 + (x * y) % 29) & 255, (y * 5 + (x * x) % 61) & 255,
                           (255 - x * 3 + (y * y * 3) % 47) & 255))
    return Image.frombytes("RGB", (width, height), bytes(data))


def line(name, size, params, image):
    params = ",".join(str(p) for p in params) or "-"
    print(name, size, params, hashlib.sha256(image.tobytes()).hexdigest(), sep="\t")


def shear(im, level, vertical):
    angle = math.degrees(math.atan(level))
    return F.affine(im, angle=0.0, translate=[0, 0], scale=1.0,
                    shear=[0.0, angle] if vertical else [angle, 0.0], interpolation=I.NEAREST,
                    fill=None, center=[0, 0])


def translate(im, dx, dy):
    return F.affine(im, angle=0.0, translate=[dx, dy], scale=1.0, interpolation=I.NEAREST,
                    shear=[0.0, 0.0], fill=None)


def blur(im, sigma):
    return F.gaussian_blur(im, [5, 5], [sigma, sigma])


def chain(im):
    """One of everything, in the order of training."""
    im = F.resize(im, [SIZE + 32, SIZE + 32], I.BILINEAR)
    im = F.hflip(F.crop(im, 9, 20, SIZE, SIZE))
    im = F.rotate(im, -7.25, I.NEAREST, fill=0)
    im = F.adjust_hue(im, 0.0625)
    im = F.adjust_contrast(im, 1.125)
    im = F.adjust_brightness(im, 0.875)
    im = F.adjust_saturation(im, 1.1875)
    return F.perspective(im, [[0, 0], [63, 0], [63, 63], [0, 63]],
                         [[2, 3], [62, 1], [60, 61], [1, 62]], I.BILINEAR, fill=0)


def main():
    print("# Pillow", PIL.__version__, "torchvision", torchvision.__version__.split("+")[0], "torch",
          torch.__version__.split("+")[0])
    for size in (SIZE, 45):
        im = source(size, size)
        line("horizontal", size, [], F.hflip(im))
        line("vertical", size, [], F.vflip(im))
        for d in (15, -15, 3.75, -0.5, 0, 30, 77.5, 161.25):
            line("rotate", size, [d], F.rotate(im, d, I.NEAREST, fill=0))
        for v in (0.1, -0.3, 0.015625):
            line("shear_x", size, [v], shear(im, v, False))
            line("shear_y", size, [v], shear(im, v, True))
        for dx, dy in ((7, 0), (-9, 0), (0, 5), (0, -21)):
            line("translate", size, [dx, dy], translate(im, dx, dy))
        for f in (0, 0.5, 0.8125, 1, 1.1875, 1.9):
            line("brightness", size, [f], F.adjust_brightness(im, f))
            line("contrast", size, [f], F.adjust_contrast(im, f))
            line("saturation", size, [f], F.adjust_saturation(im, f))
            line("sharpness", size, [f], F.adjust_sharpness(im, f))
        for h in (0, 0.1, -0.1, 0.03125, -0.25, 0.5, -0.5):
            line("hue", size, [h], F.adjust_hue(im, h))
        for b in (8, 7, 5, 4, 1):
            line("posterize", size, [b], F.posterize(im, b))
        for t in (255, 178, 100, 0):
            line("solarize", size, [t], F.solarize(im, t))
        line("autocontrast", size, [], F.autocontrast(F.adjust_contrast(im, 0.5)))
        line("equalize", size, [], F.equalize(im))
        n = size - 1
        for to in ([[2, 3], [n - 1, 1], [n - 3, n - 2], [1, n - 1]],
                   [[3, 0], [n, 2], [n - 2, n], [0, n - 3]]):
            flat = [v for p in to for v in p]
            line("perspective", size, flat,
                 F.perspective(im, [[0, 0], [n, 0], [n, n], [0, n]], to, I.BILINEAR, fill=0))
    for i, j, h, w in ((3, 5, 40, 52), (0, 0, 60, 90), (20, 11, 13, 17)):
        line("resized_crop", SIZE, [j, i, w, h],
             F.resized_crop(source(90, 60), i, j, h, w, [SIZE, SIZE], I.BILINEAR))
    line("chain", SIZE, [], chain(source(100, 75)))
    t = F.normalize(F.to_tensor(source(SIZE, SIZE)), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    print("tensor", SIZE, "-", hashlib.sha256(t.contiguous().numpy().tobytes()).hexdigest(), sep="\t")
    for sigma in (0.1, 0.5, 1.25, 2.0):
        print("blur", 21, sigma, blur(source(21, 21), sigma).tobytes().hex(), sep="\t")


if __name__ == "__main__":
    sys.exit(main())
