#!/usr/bin/env python3
"""Write image_stored.tsv beside this file: small pictures with transparency, as hexadecimal text, and the SHA-256 of what Pillow's
convert("RGB") makes of them, which is how open_clip, transformers and timm read pictures.  Checked by src/image/vectors_test.c.
Needs Pillow with WebP."""
import hashlib
import io
import pathlib
import struct
import zlib

import PIL
from PIL import Image

W, H = 13, 9


def pixel(x, y):
    alpha = (0, 255, 90, 0, 200)[(x + 2 * y) % 5]
    return (x * 17 % 256, y * 29 % 256, (x * y * 7 + 40) % 256, alpha)


def drawn(mode):
    im = Image.new("RGBA", (W, H))
    im.putdata([pixel(x, y) for y in range(H) for x in range(W)])
    return im if mode == "RGBA" else im.convert(mode)


def saved(im, kind, **options):
    out = io.BytesIO()
    im.save(out, kind, **options)
    return out.getvalue()


def interlaced():
    """Pillow writes no Adam7, so it is written here."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        for y in range(y0, H, dy):
            line = b"".join(bytes(pixel(x, y)) for x in range(x0, W, dx))
            rows += b"\0" + line if line else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 8, 6, 0, 0, 1)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


rgba = drawn("RGBA")
palette = rgba.convert("RGB").quantize(12)
files = {
    "png RGBA": saved(rgba, "PNG"),
    "png RGBA interlaced": interlaced(),
    "png grey and alpha": saved(drawn("LA"), "PNG"),
    "png palette": saved(palette, "PNG", transparency=bytes([0, 128, 255, 7])),
    "png one colour": saved(rgba.convert("RGB"), "PNG", transparency=(17, 0, 40)),
    "webp lossless": saved(rgba, "WEBP", lossless=True, exact=True),
    "webp lossless, cleared": saved(rgba, "WEBP", lossless=True),
    "webp lossy": saved(rgba, "WEBP", quality=60),
}
with open(pathlib.Path(__file__).parent / "image_stored.tsv", "w") as out:
    out.write(f"# Pillow {PIL.__version__}: name, file, sha256 of convert(\"RGB\")\n")
    for name, data in files.items():
        seen = Image.open(io.BytesIO(data)).convert("RGB")
        assert seen.size == (W, H)
        out.write(f"{name}\t{data.hex()}\t{hashlib.sha256(seen.tobytes()).hexdigest()}\n")
