#!/usr/bin/env python3
"""Write fuzz/corpus/image_decode: a small drawn picture in every format and variant Pillow can write."""
import pathlib

import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).parent / "corpus" / "image_decode"
OUT.mkdir(parents=True, exist_ok=True)
y, x = np.mgrid[0:18, 0:20]
rgb = Image.fromarray(np.stack([x * 12, y * 13, (x + y) * 6 % 256], 2).astype(np.uint8))
alpha = Image.fromarray(((x * y) % 256).astype(np.uint8))
rgba = rgb.copy()
rgba.putalpha(alpha)
grey, palette, bits = rgb.convert("L"), rgb.convert("P", palette=Image.ADAPTIVE, colors=16), rgb.convert("1")
deep = Image.fromarray((x * y * 190).astype(np.uint16))
exif = Image.Exif()
exif[0x0112] = 6


def save(name, im, **options):
    im.save(OUT / name, **options)


save("420.jpg", rgb, quality=80, exif=exif)
save("444.jpg", rgb, quality=90, subsampling=0)
save("progressive.jpg", rgb, progressive=True)
save("grey.jpg", grey)
save("cmyk.jpg", rgb.convert("CMYK"))
save("restart.jpg", rgb, restart_marker_blocks=1)
save("rgb.png", rgb)
save("rgba.png", rgba, exif=exif)
save("palette.png", palette)
save("clear.png", palette, transparency=3)
save("bits.png", bits)
save("deep.png", deep)
save("grey_alpha.png", rgba.convert("LA"))
save("lossy.webp", rgb)
save("lossy_alpha.webp", rgba, exif=exif)
save("lossless.webp", rgba, lossless=True)
save("film.webp", rgb, save_all=True, append_images=[rgb.rotate(90)], duration=50)
save("plain.gif", palette)
save("clear.gif", palette, transparency=2)
save("film.gif", palette, save_all=True, append_images=[palette.rotate(180)], duration=50)
save("rgb.bmp", rgb)
save("rgba.bmp", rgba)
save("palette.bmp", palette)
save("bits.bmp", bits)
save("raw.tif", rgb)
save("lzw.tif", rgba, compression="tiff_lzw")
save("deflate.tif", palette, compression="tiff_adobe_deflate")
save("packbits.tif", grey, compression="packbits")
save("jpeg.tif", rgb, compression="jpeg")
save("fax.tif", bits, compression="group4")
save("cmyk.tif", rgb.convert("CMYK"), compression="tiff_lzw")
save("deep.tif", deep)

# What Pillow does not write: run lengths, colour masks, an interlaced PNG.
header = b"BM" + bytes(8)
palette4 = bytes(v for i in range(16) for v in (i * 16, 255 - i * 16, 128, 0))


def bmp(name, bits_, compression, body, extra=b"", masks=b""):
    at = 14 + 40 + len(masks) + len(extra)
    info = b"".join(v.to_bytes(n, "little") for v, n in
                    ((40, 4), (8, 4), (4, 4), (1, 2), (bits_, 2), (compression, 4), (len(body), 4), (0, 16)))
    (OUT / name).write_bytes(header + at.to_bytes(4, "little") + info + masks + extra + body)


bmp("rle4.bmp", 4, 2, bytes([8, 0x12, 0, 0, 0, 4, 0x34, 0x56, 0, 2, 1, 1, 3, 0x77, 0, 1]), palette4)
bmp("rle8.bmp", 8, 1, bytes([8, 1, 0, 0, 0, 3, 4, 5, 6, 0, 0, 2, 1, 1, 3, 7, 0, 1]), palette4 * 16)
bmp("masks.bmp", 16, 3, bytes(range(64)), masks=b"\x00\xf8\0\0\xe0\x07\0\0\x1f\0\0\0")
