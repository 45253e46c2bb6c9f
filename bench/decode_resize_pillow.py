#!/usr/bin/env python3
"""Pillow's side of decode_resize.c: reads "path n" lines, answers with seconds of processor time a picture."""
import io
import sys
import time

import PIL
from PIL import Image, features

print("Pillow", PIL.__version__, "with libjpeg-turbo", features.version("libjpeg_turbo"), flush=True)


def once(data):
    im = Image.open(io.BytesIO(data)).convert("RGB")
    w, h = im.size
    size = (224, 224 * h // w) if w <= h else (224 * w // h, 224)
    im = im.resize(size, Image.BICUBIC)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    return im.crop((left, top, left + 224, top + 224)).tobytes()


for line in sys.stdin:
    path, n = line.split()
    with open(path, "rb") as f:
        data = f.read()
    start = time.process_time()
    for _ in range(int(n)):
        once(data)
    print((time.process_time() - start) / int(n), flush=True)
