"""Things: bodies with parts, drawn with Pillow. A class is one random construction, a picture one pose of it.

The body (plate, disc, gear, ring, polygon, folded sheet) carries up to four parts (grid of keys,
screen, rings, leads, cable, slots, marks). Inside a class the tones, sizes, light, pose and ground
vary; what the thing is built of does not.
"""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import textures

CANVAS = 192  # drawn at twice the size that is stored
BODIES = ["rect", "rrect", "rrect", "rrect", "ell", "poly", "gear", "ring", "two"]
PARTS = ["grid", "grid", "screen", "screen", "disc", "disc", "bars", "leads", "cable", "row", "cross", "text"]


def thing_recipe(number):
    """The construction of this number."""
    r, parts = np.random.default_rng([13, number]), []
    body = {"kind": str(r.choice(BODIES)), "aspect": math.exp(r.normal() * 0.5), "n": int(r.integers(5, 16))}
    body["depth"], body["round"], body["fold"] = r.uniform(0.08, 0.4), r.uniform(0.05, 0.5), r.uniform(0.3, 0.7)
    body["tone"] = r.choice([0.12, 0.12, 0.3, 0.55, 0.8, 0.9])
    body["hue"] = None if r.random() < 0.65 else r.random(3)
    for _ in range(int(r.choice([0, 1, 1, 2, 2, 3, 4]))):
        p = {"kind": str(r.choice(PARTS))}
        p["cx"], p["cy"] = (0.5, 0.5) if r.random() < 0.4 else r.uniform(0.25, 0.75, 2)
        p["w"], p["h"] = r.uniform(0.2, 0.9), r.uniform(0.15, 0.8)
        p["n"], p["m"] = int(r.integers(2, 13)), int(r.integers(1, 7))
        p["gap"], p["rad"] = r.uniform(0.1, 0.45), r.uniform(0.06, 0.4)
        p["rings"], p["round"] = int(r.integers(1, 5)), r.choice([0, 0.2, 0.5])
        p["tone"] = r.choice([0.05, 0.2, 0.5, 0.8, 0.95])
        p["hue"] = None if r.random() < 0.7 else r.random(3)
        p["side"], p["picture"] = int(r.integers(4)), r.random() < 0.3
        parts.append(p)
    return {"body": body, "parts": parts, "tilt": r.choice([0.03, 0.3, 3])}


def _colour(c, r):
    base = np.array(c["hue"]) if c["hue"] is not None else np.full(3, c["tone"])
    return tuple(int(a * 255) for a in np.clip(base + r.normal() * 0.1 + r.normal(size=3) * 0.03, 0, 1))


def _draw_leads(d, p, at, colour):
    x0, y0, x1, y1 = at
    w, h, n = x1 - x0, y1 - y0, p["n"]
    for i in range(n):
        t = (i + 0.5) / n
        if p["side"] % 2 == 0:
            for y, s in ((y0, -1), (y1, 1)) if p["side"] else ((y1, 1),):
                d.line([(x0 + w * t, y), (x0 + w * t, y + s * 16)], fill=colour, width=max(2, int(w / n * 0.4)))
        else:
            for x, s in ((x0, -1), (x1, 1)) if p["side"] > 1 else ((x1, 1),):
                d.line([(x, y0 + h * t), (x + s * 16, y0 + h * t)], fill=colour, width=max(2, int(h / n * 0.4)))


def _draw_behind(d, c, at, aspect, r):
    """Leads, cables and bars: what the body hides in part."""
    x0, y0, x1, y1 = at
    w, h, q = x1 - x0, y1 - y0, CANVAS
    for p in c["parts"]:
        if p["kind"] == "leads":
            _draw_leads(d, p, at, _colour(p, r))
        if p["kind"] == "cable":
            points, a = [(x0 + w * p["cx"], y0 + h * 0.5)], -math.pi / 2 + r.normal() * 0.4
            for _ in range(14):
                points.append((points[-1][0] + 10 * math.cos(a), points[-1][1] + 10 * math.sin(a)))
                a += r.normal() * 0.3
            d.line(points, fill=_colour(p, r), width=int(3 + p["rad"] * 12))
        if p["kind"] == "bars":
            wide = w * (0.15 + p["rad"] * 0.8) / 2
            upright = aspect > 1.1 or p["side"] < 2
            box = [q / 2 - wide, 0, q / 2 + wide, q] if upright else [0, q / 2 - wide, q, q / 2 + wide]
            d.rectangle(box, fill=_colour(p, r))


def _draw_body(d, b, at, colour, r):
    x0, y0, x1, y1 = at
    w, h, q = x1 - x0, y1 - y0, CANVAS
    edge, kind = tuple(int(v * 0.6) for v in colour), b["kind"]
    if kind == "rect":
        d.rectangle(at, fill=colour, outline=edge, width=2)
    elif kind == "rrect":
        d.rounded_rectangle(at, min(w, h) * b["round"], fill=colour, outline=edge, width=2)
    elif kind == "ell":
        d.ellipse(at, fill=colour, outline=edge, width=2)
    elif kind == "ring":
        d.ellipse(at, fill=colour, outline=edge, width=2)
        hole = (0.2 + b["depth"]) / 2
        d.ellipse([q / 2 - w * hole, q / 2 - h * hole, q / 2 + w * hole, q / 2 + h * hole], fill=(0, 0, 0, 0), outline=edge, width=2)
    elif kind in ("poly", "gear"):
        n = b["n"] if kind == "gear" else max(3, b["n"] // 2)
        turn, low = r.random() * 6.3, 1 - b["depth"]
        teeth = ((0, 1), (0.3, 1), (0.5, low), (0.8, low)) if kind == "gear" else ((0, 1),)
        angles = [(turn + (i + f) * 2 * math.pi / n, k) for i in range(n) for f, k in teeth]
        d.polygon([(q / 2 + w / 2 * k * math.cos(a), q / 2 + h / 2 * k * math.sin(a)) for a, k in angles], fill=colour, outline=edge)
    else:
        fold, x2, x3 = y0 + h * b["fold"], x0 + w * 0.08, x1 - w * 0.08
        d.rounded_rectangle([x2, y0, x3, fold], 6, fill=colour, outline=edge, width=2)
        lighter = tuple(int(min(255, v * 1.15)) for v in colour)
        d.polygon([(x2, fold), (x3, fold), (x1, y1), (x0, y1)], fill=lighter, outline=edge)


def _grid(im, d, p, box, size, colour, r):
    a0, b0, a1, b1 = box
    cw, ch, g = (a1 - a0) / p["n"], (b1 - b0) / p["m"], p["gap"]
    for i in range(p["n"]):
        for j in range(p["m"]):
            u, v = a0 + cw * i, b0 + ch * j
            at = [u + cw * g / 2, v + ch * g / 2, u + cw * (1 - g / 2), v + ch * (1 - g / 2)]
            d.rounded_rectangle(at, min(cw, ch) * (1 - g) * p["round"], fill=colour)


def _screen(im, d, p, box, size, colour, r):
    a0, b0, a1, b1 = box
    w, h = a1 - a0, b1 - b0
    d.rounded_rectangle(box, min(w, h) * p["round"] * 0.2, fill=colour, outline=tuple(int(v * 0.7) for v in colour), width=2)
    if p["picture"]:
        art = Image.fromarray((r.random((3, 4, 3)) * 255).astype(np.uint8))
        art = art.resize((max(2, int(w * 0.92)), max(2, int(h * 0.92))), Image.BICUBIC)
        im.paste(art, (int(a0 + w * 0.04), int(b0 + h * 0.04)))
    elif r.random() < 0.4:
        gloss = tuple(min(255, v + 60) for v in colour)
        d.line([(a0 + w * 0.2, b1 - 3), (a0 + w * 0.5, b0 + 3)], fill=gloss, width=max(2, int(w * 0.08)))


def _disc(im, d, p, box, size, colour, r):
    x, y, edge = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, tuple(int(v * 0.7) for v in colour)
    radius = p["rad"] * size * math.exp(r.normal() * 0.1)
    for k in range(p["rings"]):
        q = radius * (1 - k / p["rings"] * 0.85)
        d.ellipse([x - q, y - q, x + q, y + q], fill=edge if k % 2 else colour, outline=None if k else (20, 20, 20))


def _row(im, d, p, box, size, colour, r):
    w, h, y = box[2] - box[0], box[3] - box[1], (box[1] + box[3]) / 2
    q = min(w / p["n"] * 0.35, h * 0.5, 10)
    for i in range(p["n"]):
        x = box[0] + w * (i + 0.5) / p["n"]
        d.ellipse([x - q, y - q, x + q, y + q], fill=colour)


def _cross(im, d, p, box, size, colour, r):
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    d.line([(box[0], y), (box[2], y)], fill=colour, width=5)
    d.line([(x, box[1]), (x, box[3])], fill=colour, width=5)


def _text(im, d, p, box, size, colour, r):
    for j in range(p["m"]):
        x, y = box[0], box[1] + (box[3] - box[1]) * j / p["m"]
        while x < box[2] - 4:
            length = r.uniform(3, 12)
            d.rectangle([x, y, min(x + length, box[2]), y + 3], fill=colour)
            x += length + 3


_FACE = {"grid": _grid, "screen": _screen, "disc": _disc, "row": _row, "cross": _cross, "text": _text}


def _draw_part(im, d, p, at, r):
    """A part on the face: its colour, size and place a little off the recipe, kept inside the body."""
    x0, y0, x1, y1 = at
    w, h = x1 - x0, y1 - y0
    colour = _colour(p, r)
    pw, ph = w * p["w"] * math.exp(r.normal() * 0.06), h * p["h"] * math.exp(r.normal() * 0.06)
    x = x0 + w * min(max(p["cx"] + r.normal() * 0.02, 0.1), 0.9)
    y = y0 + h * min(max(p["cy"] + r.normal() * 0.02, 0.1), 0.9)
    pw, ph = min(pw, 2 * min(x - x0, x1 - x)), min(ph, 2 * min(y - y0, y1 - y))
    if p["kind"] in _FACE:
        _FACE[p["kind"]](im, d, p, [x - pw / 2, y - ph / 2, x + pw / 2, y + ph / 2], min(w, h), colour, r)


def ground(r):
    """What a thing lies on: mostly white, else one colour or a texture."""
    t = r.random()
    if t < 0.5:
        return Image.new("RGB", (CANVAS, CANVAS), (255, 255, 255))
    if t < 0.75:
        return Image.new("RGB", (CANVAS, CANVAS), tuple(int(v) for v in r.integers(40, 255, 3)))
    recipe = textures.BACKGROUNDS[r.integers(len(textures.BACKGROUNDS))]
    return Image.fromarray(textures.draw_texture(recipe, r)).resize((CANVAS, CANVAS), Image.BILINEAR)


def _pose(im, tilt, r):
    """Turns, scales and shears the drawing by moving its corners."""
    a = r.normal() * min(tilt, 1.5) if tilt < 2 else r.random() * 6.3
    scale, q, corners = r.uniform(0.85, 1.5), CANVAS, []
    for u, v in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
        u, v = u * q / 2 * scale + r.normal() * 7, v * q / 2 * scale + r.normal() * 7
        corners += [q / 2 + u * math.cos(a) - v * math.sin(a), q / 2 + u * math.sin(a) + v * math.cos(a)]
    return im.transform((q, q), Image.QUAD, corners, Image.BILINEAR)


def draw_thing(c, r):
    """One picture of the class: uint8 [96, 96, 3]."""
    q, b = CANVAS, c["body"]
    aspect = b["aspect"] * math.exp(r.normal() * 0.1)
    w = 150 * min(1, math.sqrt(aspect))
    w, h = (150 * aspect, 150) if w / aspect > 150 else (w, w / aspect)
    at = [(q - w) / 2, (q - h) / 2, (q + w) / 2, (q + h) / 2]
    im = Image.new("RGBA", (q, q), (0, 0, 0, 0))
    d = ImageDraw.Draw(im)
    colour = _colour(b, r)
    _draw_behind(d, c, at, aspect, r)
    _draw_body(d, b, at, colour, r)
    for p in c["parts"]:
        _draw_part(im, d, p, at, r)
    pixels, (gx, gy) = np.asarray(im).astype(np.float32), r.normal(size=2) * 0.25
    y, x = np.mgrid[0:q, 0:q] / q - 0.5
    pixels[..., :3] = np.clip(pixels[..., :3] * (1 + gx * x + gy * y)[..., None], 0, 255)
    im = _pose(Image.fromarray(pixels.astype(np.uint8), "RGBA"), c["tilt"], r)
    scene = ground(r)
    if r.random() < 0.4:
        shadow = im.getchannel("A").filter(ImageFilter.GaussianBlur(6)).point(lambda v: int(v * 0.45))
        scene.paste((0, 0, 0), (int(r.normal() * 6), 8), shadow)
    scene.paste(im, (0, 0), im)
    return np.asarray(scene.resize((96, 96), Image.BOX))
