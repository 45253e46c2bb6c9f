#!/usr/bin/env python3
"""Write the image_*.tsv files beside this one: the bytes that src/image has to give.

The oracle is Pillow (and torchvision for preprocessing).  Pictures are drawn by the formula in
drawn() below, which src/image/vectors_test.c repeats, so only hashes are stored.  Run it with a Python
that has numpy, scipy, Pillow and torchvision; the versions used are written into each file's first line.
image_photos.tsv and image_corpus.tsv need the shared test data and its unpacked hostile.tar.zst:
    make_image_vectors.py ../shared/data build/hostile
"""
import hashlib
import pathlib
import sys
import warnings

import numpy as np
import PIL
import torchvision
from PIL import Image, ImageOps
from scipy import fft
from torchvision import transforms

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).parent
FILTERS = {"nearest": 0, "box": 4, "bilinear": 2, "bicubic": 3, "lanczos": 1}
VERSIONS = f"Pillow {PIL.__version__}, torchvision {torchvision.__version__.split('+')[0]}"

# Sides chosen for: one pixel, up, down, far down, no change, one side only, odd and prime numbers.
RESIZES = [
    (1, 1, 1, 1), (1, 40, 3, 9), (2, 9, 5, 4), (1, 1, 7, 5), (7, 5, 1, 1), (2, 3, 3, 2), (16, 16, 16, 16), (17, 13, 17, 29),
    (17, 13, 31, 13), (64, 48, 32, 24), (64, 48, 128, 96), (100, 75, 33, 21), (97, 101, 53, 211),
    (640, 480, 299, 224), (480, 640, 224, 298), (1, 500, 3, 224), (500, 1, 224, 3), (333, 257, 224, 224),
    (1280, 960, 298, 224), (31, 2000, 64, 64), (2000, 31, 64, 64), (255, 256, 257, 258), (3, 3, 1000, 2),
    (200, 200, 224, 224), (400, 300, 8, 6), (5, 4, 400, 300),
    (100, 100, 75, 25), (100, 100, 50, 25), (148, 129, 109, 46), (40, 300, 224, 40), (224, 1000, 100, 446),
]
# width, height, size, resize (0: size), fit, filter
PREPROCESS = [
    (640, 480, 224, 0, "crop", "bicubic"), (480, 641, 224, 0, "crop", "bicubic"),
    (500, 375, 224, 256, "crop", "bilinear"), (333, 500, 224, 256, "crop", "bilinear"),
    (225, 224, 224, 0, "crop", "bicubic"), (227, 224, 224, 224, "crop", "bicubic"),
    (300, 200, 256, 0, "crop", "bilinear"), (90, 57, 64, 61, "crop", "lanczos"),
    (57, 90, 65, 50, "crop", "box"), (640, 480, 128, 0, "squash", "bicubic"),
    (37, 53, 64, 0, "squash", "bilinear"), (640, 480, 96, 0, "pad", "bicubic"),
    (53, 37, 64, 0, "pad", "bicubic"), (100, 700, 224, 0, "crop", "bicubic"),
    (700, 90, 64, 0, "pad", "lanczos"), (400, 1300, 96, 128, "crop", "bilinear"),
]
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def drawn(width, height):
    """Noise and gradients in a chessboard of 16-pixel fields; all arithmetic modulo 2**32."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    x, y, c = (a.astype(np.uint32) for a in (x, y, c))
    h = x * np.uint32(374761393) + y * np.uint32(668265263) + c * np.uint32(2246822519)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(1274126177)
    noise = (h ^ (h >> np.uint32(16))) & np.uint32(255)
    slope = (x * np.uint32(5) + y * np.uint32(3) + c * np.uint32(40)) & np.uint32(255)
    field = ((x >> np.uint32(4)) + (y >> np.uint32(4))) & np.uint32(1)
    return Image.fromarray(np.where(field == 1, noise, slope).astype(np.uint8))


def digest(data):
    return hashlib.sha256(data).hexdigest()


def write(name, columns, rows):
    with open(HERE / name, "w") as f:
        print(f"# {VERSIONS}: {columns}", file=f)
        for r in rows:
            print(*r, sep="\t", file=f)


def resizes():
    for w, h, w2, h2 in RESIZES:
        for name, number in FILTERS.items():
            out = drawn(w, h).resize((w2, h2), number)
            yield w, h, w2, h2, name, digest(out.tobytes())


def preprocess(im, size, resize, fit, filt):
    mode = transforms.InterpolationMode(filt)
    if fit == "crop":
        steps = [transforms.Resize(resize or size, mode, antialias=True), transforms.CenterCrop(size)]
    elif fit == "squash":
        steps = [transforms.Resize((size, size), mode, antialias=True)]
    else:
        im = ImageOps.pad(im, (size, size), FILTERS[filt], (255, 255, 255))
        steps = []
    return transforms.Compose(steps + [transforms.ToTensor(), transforms.Normalize(MEAN, STD)])(im)


def preprocesses():
    for w, h, size, resize, fit, filt in PREPROCESS:
        out = preprocess(drawn(w, h), size, resize, fit, filt)
        yield w, h, size, resize, fit, filt, digest(out.numpy().tobytes())


def colours():
    for w, h in ((64, 48), (97, 31)):
        yield "grey", w, h, digest(drawn(w, h).convert("L").tobytes())


def upright(path):
    """Turned by EXIF, 16-bit grey cut to its high byte, transparency over white."""
    im = ImageOps.exif_transpose(Image.open(path))
    if im.mode.startswith("I;16"):
        im = Image.fromarray((np.asarray(im) >> 8).astype(np.uint8))
    if im.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in im.info:
        im = im.convert("RGBA")
        white = Image.new("RGB", im.size, (255, 255, 255))
        white.paste(im, mask=im.getchannel("A"))
        return white
    return im.convert("RGB")


def photos(root):
    for folder in ("photos", "resnet18-imagenet/photos", "neu-det/crazing", "ewaste/TV"):
        for path in sorted((root / folder).iterdir()):
            if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
                rgb = upright(path)
                yield path.relative_to(root), rgb.width, rgb.height, digest(rgb.tobytes())


# Where we mean to differ: uncovered canvas of a GIF is white and not black, the screen and not the
# frame decides its size, libtiff rounds 16-bit samples where Pillow cuts them, and pixels with a wrong
# checksum are an error.
DIFFERENT = {"border_touching_layers.gif", "issue_1455_undersized.gif", "oob.gif", "issue_1455_oversized.gif",
             "hpredict.tiff", "hpredict_packbits.tiff", "rgb-3c-16b.tiff", "xcsn0g01.png"}


def corpus(root):
    folders = ("codec-corpus/image-rs", "codec-corpus/pngsuite", "codec-corpus/mozjpeg",
               "codec-corpus/zune/test-images", "exif-orientation", "libjpeg-turbo", "libvips")
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            try:
                if Image.open(path).format not in ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
                    continue
                rgb = upright(path)
            except Exception:  # what Pillow refuses is not for this file to judge
                continue
            if path.name not in DIFFERENT and not path.name.endswith(".bad_bmp"):
                yield path.relative_to(root), rgb.width, rgb.height, digest(rgb.tobytes())


def seeds():
    """The small pictures that the fuzzer starts from: every format, no shared data needed."""
    root = HERE.parent.parent
    for path in sorted((root / "fuzz/corpus/image_decode").iterdir()):
        if not path.name.startswith("rle"):  # Pillow wants every pixel written, ours skip some
            rgb = upright(path)
            yield path.relative_to(root), rgb.width, rgb.height, digest(rgb.tobytes())


def hashes():
    """ImageHash's phash, from a 32 x 32 picture that was resized in colour and then turned grey."""
    for w, h in ((64, 48), (300, 200), (97, 101), (640, 480)):
        grey = np.asarray(drawn(w, h).resize((32, 32), Image.LANCZOS).convert("L"), dtype=np.float64)
        low = fft.dct(fft.dct(grey, axis=0), axis=1)[:8, :8]
        bits = (low > np.median(low)).flatten()
        yield w, h, f"{int(''.join('01'[int(b)] for b in bits), 2):016x}"


write("image_seeds.tsv", "file width height sha256", seeds())
write("image_phash.tsv", "width height hash", hashes())
write("image_resize.tsv", "width height new_width new_height filter sha256", resizes())
write("image_preprocess.tsv", "width height size resize fit filter sha256", preprocesses())
write("image_colour.tsv", "what width height sha256", colours())
if len(sys.argv) > 1:
    write("image_photos.tsv", "file width height sha256", photos(pathlib.Path(sys.argv[1])))
if len(sys.argv) > 2:
    write("image_corpus.tsv", "file width height sha256", corpus(pathlib.Path(sys.argv[2])))
