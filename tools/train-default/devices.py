"""Everyday devices drawn flat with Pillow, then posed: 44 classes with generous variation inside each.

Every device is a function (pen, r): it draws in a unit square of the aspect it asks for. draw_device
wears the flat drawing out, lights it, makes it a face of a box or a tilted card, and lays it on a ground. The drawings are
meant to teach what scanners of scrap and parts see (keys in rows, lenses, screens, knobs, leads),
not to look real.
"""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import textures

SIDE = 192  # drawn at twice the size that is stored


class Pen:
    """Draws in unit coordinates on a transparent picture of a given aspect (width / height)."""

    def __init__(self, aspect, r):
        side = SIDE * 0.98
        self.w = int(side * min(1, aspect))
        self.h = int(side * min(1, 1 / aspect))
        self.r = r
        self.image = Image.new("RGBA", (self.w, self.h), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def px(self, x0, y0, x1, y1):
        x0, x1 = sorted((x0, x1))
        y0, y1 = sorted((y0, y1))
        return [x0 * self.w, y0 * self.h, max(x1 * self.w, x0 * self.w + 1), max(y1 * self.h, y0 * self.h + 1)]

    def box(self, x0, y0, x1, y1, fill, corner=0.0, edge=None):
        at = self.px(x0, y0, x1, y1)
        radius = corner * min(at[2] - at[0], at[3] - at[1])
        self.draw.rounded_rectangle(at, radius, fill=fill, outline=edge, width=2 if edge else 1)

    def disc(self, x, y, radius, fill, edge=None, ry=None):
        """radius in shares of the shorter side."""
        unit = min(self.w, self.h)
        rx, ry = radius * unit, (radius if ry is None else ry) * unit
        at = [x * self.w - rx, y * self.h - ry, x * self.w + rx, y * self.h + ry]
        self.draw.ellipse(at, fill=fill, outline=edge, width=2 if edge else 1)

    def line(self, points, fill, width=0.02):
        wide = max(1, int(width * min(self.w, self.h)))
        self.draw.line([(x * self.w, y * self.h) for x, y in points], fill=fill, width=wide, joint="curve")

    def poly(self, points, fill, edge=None):
        self.draw.polygon([(x * self.w, y * self.h) for x, y in points], fill=fill, outline=edge)

    def grid(self, x0, y0, x1, y1, columns, rows, fill, gap=0.2, corner=0.2, marks=None):
        dx, dy = (x1 - x0) / columns, (y1 - y0) / rows
        for i in range(columns):
            for j in range(rows):
                at = (x0 + dx * (i + gap / 2), y0 + dy * (j + gap / 2), x0 + dx * (i + 1 - gap / 2), y0 + dy * (j + 1 - gap / 2))
                self.box(*at, fill, corner)
                if marks:
                    self.box(at[0] * 0.65 + at[2] * 0.35, at[1] * 0.6 + at[3] * 0.4, (at[0] + at[2]) / 2, (at[1] + at[3]) / 2, marks)

    def screen(self, x0, y0, x1, y1, corner=0.03):
        """A lit or a dark screen: picture, gradient, text lines or glare."""
        r = self.r
        kind = r.random()
        dark = tone(r, 0.08, 0.06)
        self.box(x0, y0, x1, y1, dark, corner)
        a, b, c, d = (int(v) for v in self.px(x0, y0, x1, y1))
        size = (max(2, c - a - 2), max(2, d - b - 2))
        if kind < 0.45:
            cells = tuple(int(v) for v in r.integers(2, 6, 2))
            colours = r.random((*cells, 3)) if r.random() < 0.6 else r.random(3) * r.random((*cells, 1)) + r.random(3) * 0.4
            art = Image.fromarray((np.clip(colours, 0, 1) * 255).astype(np.uint8)).resize(size, Image.BICUBIC)
            self.image.paste(art, (a + 1, b + 1))
            if r.random() < 0.4:
                n = int(r.integers(3, 6))
                self.grid(x0 + 0.02, y0 + 0.02, x1 - 0.02, y1 - 0.02, n, max(1, int(n * (d - b) / max(1, c - a))), colour(r), 0.45, 0.3)
        elif kind < 0.6:
            self.box(x0 + 0.01, y0 + 0.01, x1 - 0.01, y1 - 0.01, colour(r), corner)
        elif kind < 0.8:
            self.line([(x0 + (x1 - x0) * 0.2, y1), (x0 + (x1 - x0) * 0.6, y0)], tuple(min(255, v + 50) for v in dark), r.uniform(0.03, 0.2))

    def knob(self, x, y, radius, fill):
        self.disc(x, y, radius, fill, shade(fill, 0.6))
        turn = self.r.random() * 6.3
        unit = min(self.w, self.h)
        self.line([(x, y), (x + radius * unit / self.w * math.cos(turn), y + radius * unit / self.h * math.sin(turn))], shade(fill, 0.4), 0.015)

    def text(self, x0, y0, x1, y1, lines, fill):
        for j in range(lines):
            x, y = x0, y0 + (y1 - y0) * j / lines
            while x < x1 - 0.02:
                length = self.r.uniform(0.02, 0.1)
                self.box(x, y, min(x + length, x1), y + (y1 - y0) / lines * 0.4, fill)
                x += length + 0.02


def tone(r, mean, spread=0.1):
    """A nearly grey colour of about this brightness."""
    v = np.clip(mean + r.normal() * spread + r.normal(size=3) * 0.02, 0, 1)
    return tuple(int(a * 255) for a in v)


def colour(r):
    return tuple(int(v) for v in r.integers(0, 256, 3))


def shade(c, f):
    return tuple(int(min(255, v * f)) for v in c[:3])


def body(r):
    """The usual colours of cases: black, white, grey, silver, beige, at times anything."""
    t = r.random()
    if t < 0.38:
        return tone(r, 0.13, 0.06)
    if t < 0.6:
        return tone(r, 0.9, 0.06)
    if t < 0.82:
        return tone(r, 0.6, 0.12)
    if t < 0.88:
        return tuple(int(v + r.normal() * 8) for v in (215, 205, 180))
    return colour(r)


def contrast(c, r):
    """A colour that can be seen on c."""
    return tone(r, 0.85 if sum(c[:3]) < 380 else 0.15, 0.1) if r.random() < 0.8 else colour(r)


def keyboard(p, r):
    c = body(r)
    k = c if r.random() < 0.4 else body(r)
    k = shade(k, r.choice([0.8, 1.25]))
    p.box(0, 0, 1, 1, c, r.uniform(0, 0.2), shade(c, 0.6))
    top, rows, pad = r.uniform(0.06, 0.25), int(r.integers(4, 7)), r.random() < 0.6
    right, n, gap = (0.75 if pad else 0.97), int(r.integers(11, 16)), r.uniform(0.12, 0.35)
    marks = contrast(k, r) if r.random() < 0.5 else None
    step = (0.95 - top) / rows
    for j in range(rows - 1):
        shift = r.uniform(0, 0.02)
        p.grid(0.03 + shift, top + j * step, right, top + (j + 1) * step, n, 1, k, gap, 0.2, marks)
    y = top + (rows - 1) * step
    p.grid(0.03, y, 0.2, y + step, 3, 1, k, gap)
    p.box(0.22, y + 0.02, right - 0.2, y + step * 0.85, k, 0.2)
    p.grid(right - 0.18, y, right, y + step, 3, 1, k, gap)
    if pad:
        p.grid(0.79, top, 0.97, 0.95, 4, rows, k, gap, 0.2, marks)


def phone(p, r):
    c = body(r)
    p.box(0, 0, 1, 1, c, r.uniform(0.08, 0.25), shade(c, 0.55))
    t = r.random()
    if t < 0.6:
        m = r.uniform(0.02, 0.07)
        v = r.choice([0.02, 0.12])
        p.screen(m, v, 1 - m, 1 - v, 0.08)
        if v > 0.1:
            p.disc(0.5, 0.94, 0.07, shade(c, 0.8), shade(c, 0.5)) if r.random() < 0.6 else p.box(0.38, 0.92, 0.62, 0.96, shade(c, 0.7), 0.5)
            p.box(0.4, 0.055, 0.6, 0.065, shade(c, 0.5))
    elif t < 0.8:
        for i in range(int(r.integers(1, 4))):
            p.disc(0.2, 0.1 + 0.1 * i, 0.09, (20, 20, 25), shade(c, 0.6))
        p.text(0.35, 0.5, 0.65, 0.55, 1, contrast(c, r))
    else:
        p.screen(0.12, 0.1, 0.88, 0.45)
        p.grid(0.1, 0.56, 0.9, 0.96, 3, 4, contrast(c, r), r.uniform(0.2, 0.5), 0.5)
        p.disc(0.5, 0.51, 0.09, contrast(c, r))


def mouse(p, r):
    c = body(r)
    p.disc(0.5, 0.5, 0.5, c, shade(c, 0.6), ry=0.5 * p.h / min(p.w, p.h))
    seam = shade(c, 0.5) if sum(c) > 200 else shade(c, 1.9)
    y = r.uniform(0.35, 0.5)
    if r.random() < 0.8:
        p.line([(0.5, 0.02), (0.5, y)], seam, 0.02)
        p.line([(0.05, y), (0.5, y + 0.04), (0.95, y)], seam, 0.02)
    p.box(0.44, 0.12, 0.56, 0.32, contrast(c, r), 0.5)
    if r.random() < 0.4:
        p.disc(0.5, 0.75, 0.09, contrast(c, r))
    if r.random() < 0.3:
        p.box(0.02, 0.4, 0.1, 0.7, contrast(c, r), 0.4)


def television(p, r):
    c = tone(r, 0.1, 0.06) if r.random() < 0.75 else body(r)
    if r.random() < 0.25:
        p.box(0, 0, 1, 0.95, c, 0.08, shade(c, 0.5))
        p.screen(0.06, 0.08, 0.72, 0.85, 0.15)
        for y in (0.2, 0.4):
            p.knob(0.86, y, 0.08, contrast(c, r))
        p.grid(0.77, 0.55, 0.95, 0.85, 1, 6, shade(c, 0.6), 0.4)
        return
    foot = r.uniform(0.8, 0.95)
    m = r.uniform(0.012, 0.05)
    if r.random() < 0.5:
        p.box(0.44, foot, 0.56, 0.97, shade(c, 0.8))
        p.box(0.3, 0.94, 0.7, 1, c, 0.4)
    else:
        for x in (0.15, 0.85):
            p.line([(x, foot), (x - 0.05, 1)], c, 0.03)
            p.line([(x, foot), (x + 0.05, 1)], c, 0.03)
    p.box(0, 0, 1, foot, c, 0.02, shade(c, 0.5))
    p.screen(m, m * 1.5, 1 - m, foot - m * r.uniform(1.5, 3.5))


def camera(p, r):
    c = body(r)
    top = r.uniform(0.12, 0.25)
    p.box(0, top, 1, 1, c, r.uniform(0.05, 0.2), shade(c, 0.5))
    if r.random() < 0.6:
        p.poly([(0.35, top + 0.02), (0.4, 0), (0.65, 0), (0.7, top + 0.02)], shade(c, 0.9))
    if r.random() < 0.6:
        p.box(0, 0.45, 1, 0.85, shade(c, 0.6))
    p.box(0.06, top - 0.06, 0.2, top + 0.01, shade(c, 0.7), 0.3)
    p.disc(0.86, top, 0.08, shade(c, 0.7))
    x, y, q = r.uniform(0.4, 0.62), r.uniform(0.52, 0.62), r.uniform(0.28, 0.4)
    metal = tone(r, r.choice([0.1, 0.5]), 0.08)
    for k in range(4):
        p.disc(x, y, q * (1 - 0.2 * k), shade(metal, 1 - 0.22 * k if k % 2 else 1), shade(metal, 0.4))
    p.disc(x, y, q * 0.35, (15, 15, 40))
    p.disc(x - 0.04, y - 0.05, q * 0.1, (200, 200, 230))
    if r.random() < 0.6:
        p.box(0.08, top + 0.08, 0.22, top + 0.2, tone(r, 0.85, 0.1), 0.2)


def laptop(p, r):
    c = body(r)
    fold, lean = r.uniform(0.45, 0.72), r.uniform(0.02, 0.16)
    p.box(lean, 0, 1 - lean, fold, c, 0.04, shade(c, 0.5))
    p.screen(lean + 0.03, 0.03, 1 - lean - 0.03, fold - 0.05)
    p.poly([(lean, fold), (1 - lean, fold), (1, 0.96), (0, 0.96)], shade(c, 1.1), shade(c, 0.5))
    p.box(0, 0.955, 1, 1, shade(c, 0.7), 0.3)
    k = contrast(c, r) if r.random() < 0.5 else tone(r, 0.1, 0.05)
    rows, end = int(r.integers(3, 6)), fold + (0.96 - fold) * r.uniform(0.55, 0.75)
    for j in range(rows):
        y0 = fold + 0.03 + (end - fold - 0.03) * j / rows
        y1 = fold + 0.03 + (end - fold - 0.03) * (j + 1) / rows
        inset = lean * (1 - (y0 - fold) / (0.96 - fold)) + 0.06
        p.grid(inset, y0, 1 - inset, y1, 12, 1, k, 0.25)
    p.box(0.4, end + 0.02, 0.6, 0.93, shade(c, 0.85), 0.1)


def microwave(p, r):
    c = body(r)
    p.box(0, 0, 1, 0.96, c, 0.04, shade(c, 0.5))
    for x in (0.08, 0.85):
        p.box(x, 0.95, x + 0.07, 1, (30, 30, 30))
    split = r.uniform(0.7, 0.82)
    p.box(0.03, 0.05, split - 0.01, 0.91, shade(c, r.uniform(0.7, 1.1)), 0.03, shade(c, 0.6))
    glass = tone(r, 0.1, 0.05)
    p.box(0.09, 0.15, split - 0.1, 0.8, glass, r.choice([0.03, 0.2]), shade(glass, 0.6))
    if r.random() < 0.5:
        p.disc((0.05 + split) / 2 - 0.03, 0.68, 0.25, shade(glass, 2.2), ry=0.05)
    if r.random() < 0.6:
        p.box(split - 0.07, 0.15, split - 0.04, 0.8, contrast(c, r), 0.5)
    panel = tone(r, 0.12, 0.05) if r.random() < 0.5 else shade(c, 0.92)
    p.box(split, 0.05, 0.97, 0.91, panel, 0.03)
    mark = contrast(panel, r)
    if r.random() < 0.35:
        p.knob((split + 0.97) / 2, 0.3, 0.13, mark)
        p.knob((split + 0.97) / 2, 0.65, 0.13, mark)
    else:
        p.box(split + 0.03, 0.1, 0.94, 0.22, (10, 40, 30) if r.random() < 0.5 else (20, 20, 20))
        p.grid(split + 0.02, 0.28, 0.95, 0.75, 3, int(r.integers(3, 6)), mark, 0.4)
        p.box(split + 0.03, 0.79, 0.94, 0.87, mark, 0.2)


def watch(p, r):
    strap, c = body(r), body(r)
    w = r.uniform(0.2, 0.3)
    p.poly([(0.5 - w, 0.35), (0.5 - w * 0.75, 0), (0.5 + w * 0.75, 0), (0.5 + w, 0.35)], strap, shade(strap, 0.6))
    p.poly([(0.5 - w, 0.65), (0.5 - w * 0.75, 1), (0.5 + w * 0.75, 1), (0.5 + w, 0.65)], strap, shade(strap, 0.6))
    if r.random() < 0.4:
        for y in np.arange(0.04, 0.97, 0.06):
            p.line([(0.5 - w, y), (0.5 + w, y)], shade(strap, 0.6), 0.015)
    round_face = r.random() < 0.45
    if round_face:
        p.disc(0.5, 0.5, 0.45, c, shade(c, 0.5))
        p.disc(0.5, 0.5, 0.38, tone(r, r.choice([0.06, 0.06, 0.9]), 0.04))
    else:
        h = 0.36 * p.w / p.h * r.uniform(1, 1.25)
        p.box(0.12, 0.5 - h, 0.88, 0.5 + h, c, 0.25, shade(c, 0.5))
        p.screen(0.18, 0.5 - h * 0.85, 0.82, 0.5 + h * 0.85, 0.2)
    p.box(0.88, 0.46, 0.97, 0.54, shade(c, 0.8), 0.3)
    if round_face or r.random() < 0.3:
        for k, length in ((0, 0.2), (1, 0.3)):
            a = r.random() * 6.3
            p.line([(0.5, 0.5), (0.5 + length * math.cos(a), 0.5 + length * p.w / p.h * math.sin(a))], (230, 230, 230) if k else (200, 60, 60), 0.03)
    elif r.random() < 0.5:
        for k in range(7):
            a = k * math.pi / 3
            p.disc(0.5 + (0.18 if k else 0) * math.cos(a), 0.5 + (0.18 if k else 0) * p.w / p.h * math.sin(a), 0.07, colour(r))


def remote(p, r):
    c = body(r)
    p.box(0, 0, 1, 1, c, r.uniform(0.1, 0.5), shade(c, 0.6))
    k = contrast(c, r)
    p.disc(0.5, 0.08, 0.12, (200, 30, 30))
    p.grid(0.12, 0.16, 0.88, 0.5, 3, int(r.integers(3, 6)), k, r.uniform(0.3, 0.6), 0.5)
    p.disc(0.5, 0.63, 0.35, shade(c, 0.7), k)
    p.disc(0.5, 0.63, 0.14, k)
    p.grid(0.12, 0.78, 0.88, 0.94, 3, 2, k, 0.5, 0.5)


def radio(p, r):
    c = body(r)
    p.line([(0.85, 0.3), (r.uniform(0.3, 0.9), 0)], tone(r, 0.7), 0.02)
    p.box(0, 0.22, 1, 1, c, 0.1, shade(c, 0.5))
    for x in (0.22, 0.78) if r.random() < 0.5 else (0.25,):
        p.disc(x, 0.64, 0.28, (30, 30, 30), shade(c, 0.6))
        for k in range(3):
            p.disc(x, 0.64, 0.24 - 0.07 * k, tone(r, 0.25), (15, 15, 15))
    p.box(0.4, 0.32, 0.92, 0.42, tone(r, 0.9), 0.1)
    p.knob(0.6, 0.7, 0.09, contrast(c, r))


def fan(p, r):
    c = body(r)
    p.box(0.46, 0.6, 0.54, 0.95, c)
    p.box(0.25, 0.93, 0.75, 1, c, 0.5)
    y = 0.45 * p.w / p.h
    p.disc(0.5, y, 0.45, None, shade(c, 0.7))
    blades, turn = int(r.integers(3, 6)), r.random() * 6
    for i in range(blades):
        a = turn + i * 2 * math.pi / blades
        pts = [(0.5, y)] + [(0.5 + 0.4 * math.cos(a + t), y + 0.4 * p.w / p.h * math.sin(a + t)) for t in (0, 0.25, 0.5)]
        p.poly(pts, shade(c, 0.85))
    for i in range(24):
        a = i * math.pi / 12
        p.line([(0.5, y), (0.5 + 0.44 * math.cos(a), y + 0.44 * p.w / p.h * math.sin(a))], shade(c, 0.5), 0.008)
    p.disc(0.5, y, 0.1, contrast(c, r))


def washer(p, r):
    c = tone(r, 0.92, 0.05) if r.random() < 0.7 else body(r)
    p.box(0, 0, 1, 1, c, 0.03, shade(c, 0.6))
    p.line([(0, 0.17), (1, 0.17)], shade(c, 0.7), 0.015)
    p.knob(0.5 + r.uniform(-0.1, 0.3), 0.09, 0.06, shade(c, 0.8))
    p.box(0.05, 0.04, 0.3, 0.13, shade(c, 0.9))
    for k, q in enumerate((0.34, 0.29, 0.24)):
        p.disc(0.5, 0.57, q, (shade(c, 0.8), tone(r, 0.4), tone(r, 0.15))[k], shade(c, 0.5))


def fridge(p, r):
    c = body(r)
    p.box(0, 0, 1, 1, c, 0.04, shade(c, 0.5))
    y = r.choice([0.3, 0.65])
    p.line([(0, y), (1, y)], shade(c, 0.4), 0.03)
    for a, b in ((0.06, y - 0.06), (y + 0.06, 0.94)):
        p.box(0.08, (a + b) / 2 - 0.08, 0.14, (a + b) / 2 + 0.08, contrast(c, r), 0.4)


def printer(p, r):
    c = body(r)
    p.poly([(0.2, 0.3), (0.25, 0), (0.75, 0), (0.8, 0.3)], tone(r, 0.92, 0.04), (150, 150, 150))
    p.box(0, 0.25, 1, 0.85, c, 0.1, shade(c, 0.5))
    p.box(0.12, 0.55, 0.88, 0.68, (25, 25, 25))
    p.poly([(0.18, 0.62), (0.82, 0.62), (0.9, 1), (0.1, 1)], tone(r, 0.93, 0.04), (160, 160, 160))
    p.grid(0.65, 0.32, 0.93, 0.45, 4, 1, contrast(c, r), 0.4, 0.5)


def router(p, r):
    c = body(r)
    for x in np.linspace(0.1, 0.9, int(r.integers(1, 5))):
        p.line([(x, 0.7), (x + r.normal() * 0.06, 0)], shade(c, 0.8), 0.05)
    p.box(0, 0.6, 1, 1, c, 0.15, shade(c, 0.5))
    p.grid(0.1, 0.75, 0.6, 0.82, 8, 1, (60, 220, 60), 0.6, 0.5)


def headphones(p, r):
    c = body(r)
    at = p.px(0.08, 0.03, 0.92, 1.2)
    p.draw.arc(at, 180, 360, fill=c, width=int(r.uniform(8, 18)))
    for x in (0.0, 0.76):
        p.box(x, 0.5, x + 0.24, 1, shade(c, 0.8), 0.5, shade(c, 0.5))
        p.box(x + 0.05, 0.56, x + 0.19, 0.94, contrast(c, r), 0.5)


def plug(p, r):
    c = body(r)
    for x in (0.3, 0.62):
        p.box(x, 0, x + 0.08, 0.35, tone(r, 0.7, 0.05))
    p.box(0.1, 0.25, 0.9, 0.75, c, r.uniform(0.1, 0.5), shade(c, 0.6))
    p.line([(0.5, 0.7), (0.5, 0.85), (0.5 + r.normal() * 0.2, 1)], c, 0.12)


def bulb(p, r):
    glass = tone(r, 0.9, 0.06) if r.random() < 0.7 else (250, 230, 130)
    p.disc(0.5, 0.34 * p.w / p.h * 1.3, 0.46, glass, shade(glass, 0.7))
    p.poly([(0.2, 0.5), (0.8, 0.5), (0.68, 0.72), (0.32, 0.72)], glass)
    for k in range(4):
        p.box(0.33, 0.7 + 0.065 * k, 0.67, 0.75 + 0.065 * k, tone(r, 0.55, 0.08), 0.4)
    p.disc(0.5, 0.97, 0.08, (40, 40, 40))


def battery(p, r):
    c, d = colour(r), body(r)
    p.box(0.38, 0, 0.62, 0.06, tone(r, 0.75), 0.2)
    p.box(0, 0.04, 1, 1, c, 0.12, shade(c, 0.6))
    p.box(0, 0.04, 1, r.uniform(0.2, 0.4), d, 0.12)
    p.text(0.2, 0.5, 0.8, 0.7, 2, contrast(c, r))


def harddisk(p, r):
    c = tone(r, 0.7, 0.08)
    p.box(0, 0, 1, 1, c, 0.06, shade(c, 0.5))
    if r.random() < 0.5:
        p.disc(0.5, 0.36, 0.44, tone(r, 0.85, 0.04), shade(c, 0.5))
        p.disc(0.5, 0.36, 0.1, shade(c, 0.6), shade(c, 0.4))
        p.poly([(0.85, 0.9), (0.55, 0.45), (0.75, 0.95)], shade(c, 0.75), shade(c, 0.4))
    else:
        p.box(0.12, 0.12, 0.88, 0.7, tone(r, 0.93, 0.03))
        p.text(0.18, 0.18, 0.82, 0.62, 6, (40, 40, 40))
    for x in (0.06, 0.94):
        for y in (0.05, 0.95):
            p.disc(x, y, 0.03, shade(c, 0.5))


def board(p, r):
    c = tuple(int(v) for v in ((20, 95, 45), (15, 60, 110), (90, 20, 20), (25, 25, 25))[r.choice(4, p=[0.6, 0.2, 0.1, 0.1])] + r.normal(size=3) * 10)
    p.box(0, 0, 1, 1, c, 0.02)
    for _ in range(int(r.integers(8, 30))):
        x, y = r.random(2)
        a, b = r.normal(size=2) * 0.2
        p.line([(x, y), (x + a, y), (x + a + b, y + b)], shade(c, 1.5), 0.008)
    for _ in range(int(r.integers(3, 14))):
        x, y, w, h = *r.uniform(0.05, 0.85, 2), *r.uniform(0.04, 0.25, 2)
        t = r.random()
        if t < 0.5:
            p.grid(x - 0.02, y, x + w + 0.02, y + h, 1, int(h * 30) + 2, tone(r, 0.75), 0.5, 0)
            p.box(x, y, x + w, y + h, tone(r, 0.1, 0.04))
        elif t < 0.7:
            p.disc(x, y, w * 0.5, tone(r, 0.7), (40, 40, 40))
        elif t < 0.85:
            p.box(x, y, x + w, y + h, tone(r, 0.9, 0.05))
        else:
            p.grid(x, y, x + w, y + 0.05, int(w * 40) + 2, 1, (215, 180, 80), 0.4, 0)
    for x in (0.05, 0.95):
        for y in (0.06, 0.94):
            p.disc(x, y, 0.035, (240, 240, 240), (200, 170, 80))


def memory(p, r):
    c = tuple(int(v) for v in np.array([(20, 95, 45), (15, 60, 110), (25, 25, 25)][r.integers(3)]) + r.normal(size=3) * 8)
    p.box(0, 0, 1, 0.9, c)
    p.grid(0.02, 0.15, 0.98, 0.6, int(r.integers(4, 10)), 1, tone(r, 0.1, 0.04), 0.25, 0)
    p.grid(0.02, 0.8, 0.98, 1, 40, 1, (215, 180, 80), 0.4, 0)
    p.box(0.52, 0.85, 0.55, 1, (255, 255, 255))


def processor(p, r):
    c = tuple(int(v) for v in np.array([(30, 90, 50), (120, 90, 60), (40, 60, 100)][r.integers(3)]) + r.normal(size=3) * 10)
    p.box(0, 0, 1, 1, c, 0.02)
    if r.random() < 0.5:
        p.box(0.14, 0.14, 0.86, 0.86, tone(r, 0.72, 0.06), 0.08, (120, 120, 120))
        p.text(0.25, 0.3, 0.75, 0.65, 4, (90, 90, 90))
    else:
        n = int(r.integers(10, 20))
        p.grid(0.05, 0.05, 0.95, 0.95, n, n, (220, 190, 90), 0.5, 0.5)
        p.box(0.35, 0.35, 0.65, 0.65, c)


def supply(p, r):
    c = tone(r, r.choice([0.12, 0.6]), 0.08)
    p.box(0, 0, 1, 1, c, 0.02, shade(c, 0.5))
    p.disc(0.4, 0.5, 0.42, (20, 20, 20), shade(c, 1.4))
    for k in range(4):
        p.disc(0.4, 0.5, 0.4 - 0.08 * k, None, tone(r, 0.6))
    p.box(0.78, 0.15, 0.95, 0.45, (15, 15, 15), 0.1)
    p.box(0.8, 0.6, 0.93, 0.75, (200, 40, 40))


def iron(p, r):
    c = colour(r)
    p.poly([(0, 0.95), (0.05, 0.75), (0.6, 0.55), (1, 0.95)], c, shade(c, 0.6))
    p.box(0, 0.92, 1, 1, tone(r, 0.75))
    p.line([(0.1, 0.75), (0.12, 0.25), (0.6, 0.25), (0.68, 0.62)], shade(c, 0.8), 0.13)


def kettle(p, r):
    c = body(r)
    p.poly([(0.2, 0.15), (0.65, 0.15), (0.78, 0.95), (0.08, 0.95)], c, shade(c, 0.6))
    p.poly([(0.22, 0.2), (0.02, 0.25), (0.17, 0.4)], shade(c, 0.9))
    p.line([(0.65, 0.2), (0.95, 0.25), (0.93, 0.75), (0.75, 0.8)], (30, 30, 30), 0.09)
    p.box(0.3, 0.08, 0.55, 0.16, (30, 30, 30), 0.3)
    p.box(0.05, 0.93, 0.82, 1, (30, 30, 30), 0.3)


def toaster(p, r):
    c = body(r)
    if r.random() < 0.5:
        for x in (0.2, 0.55):
            p.box(x, 0, x + 0.27, 0.35, (200, 150, 90), 0.2)
    p.box(0.03, 0.18, 0.97, 0.95, c, 0.2, shade(c, 0.5))
    p.box(0.93, 0.35, 1, 0.45, (20, 20, 20))
    p.knob(0.8, 0.78, 0.08, contrast(c, r))
    p.box(0.1, 0.94, 0.9, 1, (30, 30, 30))


def dryer(p, r):
    c = body(r) if r.random() < 0.5 else colour(r)
    p.poly([(0, 0.12), (0.3, 0.05), (0.7, 0), (0.95, 0.1), (1, 0.25), (0.9, 0.42), (0.7, 0.48), (0.3, 0.42), (0, 0.38)], c, shade(c, 0.6))
    p.poly([(0.6, 0.4), (0.85, 0.4), (0.78, 1), (0.56, 0.97)], shade(c, 0.9), shade(c, 0.6))
    p.box(0, 0.1, 0.07, 0.4, (30, 30, 30))


def drill(p, r):
    c = colour(r)
    p.line([(0, 0.25), (0.25, 0.25)], tone(r, 0.6), 0.05)
    p.poly([(0.22, 0.15), (0.35, 0.1), (0.35, 0.4), (0.22, 0.35)], (40, 40, 40))
    p.box(0.33, 0.05, 1, 0.45, c, 0.2, shade(c, 0.6))
    p.poly([(0.6, 0.4), (0.85, 0.4), (0.95, 0.85), (0.7, 0.85)], (35, 35, 35))
    p.box(0.55, 0.82, 1, 1, c, 0.15)


def calculator(p, r):
    c = body(r)
    p.box(0, 0, 1, 1, c, 0.08, shade(c, 0.5))
    p.box(0.08, 0.06, 0.92, 0.25, (165, 180, 150), 0.05, (40, 40, 40))
    p.grid(0.06, 0.32, 0.94, 0.95, int(r.integers(4, 6)), int(r.integers(4, 7)), contrast(c, r), 0.3, 0.2)


def controller(p, r):
    c = body(r)
    p.poly([(0.15, 0.1), (0.85, 0.1), (1, 0.75), (0.92, 1), (0.8, 0.95), (0.65, 0.65), (0.35, 0.65), (0.2, 0.95), (0.08, 1), (0, 0.75)], c, shade(c, 0.5))
    for x in (0.35, 0.65):
        p.disc(x, 0.52, 0.12, shade(contrast(c, r), 0.8), shade(c, 0.4))
    p.line([(0.14, 0.33), (0.3, 0.33)], contrast(c, r), 0.09)
    p.line([(0.22, 0.22), (0.22, 0.44)], contrast(c, r), 0.09)
    for a in range(4):
        p.disc(0.78 + 0.06 * math.cos(a * 1.571), 0.33 + 0.09 * math.sin(a * 1.571), 0.055, colour(r))


def tablet(p, r):
    c = tone(r, r.choice([0.08, 0.92]), 0.04)
    p.box(0, 0, 1, 1, c, 0.06, (90, 90, 90))
    p.screen(0.07, 0.07, 0.93, 0.93)


def telephone(p, r):
    c = body(r) if r.random() < 0.6 else colour(r)
    p.poly([(0.12, 0.35), (0.88, 0.35), (1, 1), (0, 1)], c, shade(c, 0.6))
    p.box(0, 0.05, 1, 0.28, shade(c, 0.85), 0.5, shade(c, 0.5))
    p.box(0, 0.05, 0.22, 0.42, shade(c, 0.85), 0.4)
    p.box(0.78, 0.05, 1, 0.42, shade(c, 0.85), 0.4)
    if r.random() < 0.4:
        p.disc(0.5, 0.68, 0.26, contrast(c, r), shade(c, 0.5))
        for k in range(10):
            p.disc(0.5 + 0.18 * math.cos(k * 0.55), 0.68 + 0.18 * p.w / p.h * math.sin(k * 0.55), 0.04, c)
    else:
        p.grid(0.3, 0.48, 0.7, 0.92, 3, 4, contrast(c, r), 0.3)


def strip(p, r):
    c = body(r)
    n = int(r.integers(3, 7))
    p.box(0, 0, 1, 1, c, 0.2, shade(c, 0.6))
    for i in range(n):
        x = (i + 0.5) / n
        p.disc(x, 0.5, 0.36, shade(c, 0.8), shade(c, 0.6))
        for s in (-1, 1):
            p.disc(x + s * 0.13 * p.h / p.w, 0.5, 0.06, (20, 20, 20))


def stick(p, r):
    c = colour(r)
    p.box(0, 0.12, 0.3, 0.88, tone(r, 0.75), 0.03, (110, 110, 110))
    p.box(0.07, 0.28, 0.14, 0.42, (60, 60, 60))
    p.box(0.07, 0.58, 0.14, 0.72, (60, 60, 60))
    p.box(0.27, 0, 1, 1, c, r.uniform(0.1, 0.5), shade(c, 0.6))


def cassette(p, r):
    c = body(r)
    p.box(0, 0, 1, 1, c, 0.06, shade(c, 0.5))
    p.box(0.08, 0.1, 0.92, 0.7, colour(r), 0.05)
    p.box(0.22, 0.32, 0.78, 0.58, tone(r, 0.15), 0.4)
    for x in (0.32, 0.68):
        p.disc(x, 0.45, 0.11, (240, 240, 240), (30, 30, 30))
    p.poly([(0.2, 1), (0.25, 0.8), (0.75, 0.8), (0.8, 1)], shade(c, 0.8))


def compact_disc(p, r):
    c = tone(r, 0.8, 0.06) if r.random() < 0.6 else colour(r)
    p.disc(0.5, 0.5, 0.5, c, shade(c, 0.7))
    for k in range(6):
        a = r.random() * 6.3
        p.poly([(0.5, 0.5), (0.5 + 0.48 * math.cos(a), 0.5 + 0.48 * math.sin(a)), (0.5 + 0.48 * math.cos(a + 0.3), 0.5 + 0.48 * math.sin(a + 0.3))], tuple(int(0.7 * u + 0.3 * v) for u, v in zip(c, colour(r))))
    p.disc(0.5, 0.5, 0.18, shade(c, 0.9), shade(c, 0.6))
    p.disc(0.5, 0.5, 0.07, (255, 255, 255), shade(c, 0.5))


def motor(p, r):
    c = tone(r, 0.55, 0.12)
    p.box(0.82, 0.42, 1, 0.58, tone(r, 0.8))
    p.box(0.1, 0.08, 0.85, 0.92, c, 0.08, shade(c, 0.5))
    p.grid(0.2, 0.08, 0.72, 0.92, int(r.integers(6, 14)), 1, shade(c, 0.7), 0.5, 0)
    p.box(0, 0.25, 0.12, 0.75, shade(c, 0.8))


def transformer(p, r):
    c = tone(r, 0.5, 0.12)
    p.box(0, 0, 1, 0.22, c)
    p.box(0, 0.78, 1, 1, c)
    p.box(0, 0, 0.15, 1, c)
    p.box(0.85, 0, 1, 1, c)
    copper = tuple(int(v + r.normal() * 12) for v in (180, 100, 45))
    p.box(0.2, 0.2, 0.8, 0.8, copper)
    for y in np.arange(0.22, 0.8, 0.05):
        p.line([(0.2, y), (0.8, y + 0.01)], shade(copper, 0.65), 0.012)


def capacitor(p, r):
    c = [(30, 50, 120), (25, 25, 25), (20, 110, 60), (110, 40, 30)][r.integers(4)]
    for x in (0.35, 0.6):
        p.line([(x, 0.6), (x + r.normal() * 0.05, 1)], tone(r, 0.7), 0.05)
    p.box(0.05, 0, 0.95, 0.7, c, 0.12, shade(c, 0.6))
    p.box(0.08, 0.01, 0.92, 0.07, tone(r, 0.75), 0.4)
    p.box(0.68, 0.08, 0.88, 0.68, tone(r, 0.85))
    p.text(0.15, 0.2, 0.6, 0.5, 3, tone(r, 0.85))


def resistor(p, r):
    c = [(215, 185, 140), (90, 150, 190), (170, 120, 80)][r.integers(3)]
    p.line([(0, 0.5), (1, 0.5)], tone(r, 0.7), 0.12)
    p.box(0.22, 0.1, 0.78, 0.9, c, 0.4, shade(c, 0.7))
    for x in (0.3, 0.42, 0.52, 0.66):
        p.box(x, 0.12, x + 0.05, 0.88, colour(r))


def dip(p, r):
    n = int(r.integers(3, 11))
    p.grid(0.02, 0, 0.98, 1, n, 1, tone(r, 0.75), 0.65, 0)
    p.box(0, 0.2, 1, 0.8, tone(r, 0.1, 0.04), 0.03)
    p.disc(0.03, 0.5, 0.07, tone(r, 0.3))
    p.text(0.2, 0.36, 0.85, 0.64, 2, tone(r, 0.75))


def speaker(p, r):
    c = body(r)
    p.box(0, 0, 1, 1, c, 0.04, shade(c, 0.5))
    for y, q in ((0.22, 0.2), (0.66, 0.38)):
        p.disc(0.5, y, q, (25, 25, 25), tone(r, 0.6))
        p.disc(0.5, y, q * 0.75, tone(r, 0.3), (15, 15, 15))
        p.disc(0.5, y, q * 0.3, tone(r, 0.2))


def meter(p, r):
    c = [(230, 190, 30), (200, 60, 40), (60, 60, 60)][r.integers(3)]
    p.box(0, 0, 1, 1, c, 0.12, shade(c, 0.6))
    p.box(0.1, 0.06, 0.9, 0.32, (160, 175, 150), 0.05, (30, 30, 30))
    p.knob(0.5, 0.6, 0.28, (40, 40, 40))
    for x in (0.2, 0.5, 0.8):
        p.disc(x, 0.91, 0.06, (20, 20, 20), (200, 200, 200))


# name: (drawing, lowest and highest aspect, how often it is a box with depth, how freely it may be turned)
DEVICES = {
    "keyboard": (keyboard, 2.1, 3.6, 0.5, 0.3),
    "phone": (phone, 0.44, 0.58, 0.4, 0.5),
    "mouse": (mouse, 0.5, 0.75, 0.0, 0.6),
    "television": (television, 1.3, 1.75, 0.3, 0.05),
    "camera": (camera, 1.2, 1.7, 0.5, 0.1),
    "laptop": (laptop, 1.0, 1.5, 0.0, 0.1),
    "microwave": (microwave, 1.5, 1.9, 0.7, 0.04),
    "watch": (watch, 0.45, 0.7, 0.0, 0.3),
    "remote": (remote, 0.22, 0.35, 0.3, 0.8),
    "radio": (radio, 1.2, 2.0, 0.5, 0.05),
    "fan": (fan, 0.6, 0.75, 0.0, 0.05),
    "washer": (washer, 0.65, 0.9, 0.5, 0.04),
    "fridge": (fridge, 0.4, 0.55, 0.6, 0.04),
    "printer": (printer, 1.0, 1.5, 0.3, 0.05),
    "router": (router, 1.1, 1.8, 0.2, 0.1),
    "headphones": (headphones, 0.8, 1.1, 0.0, 0.3),
    "plug": (plug, 0.6, 0.9, 0.0, 1.0),
    "bulb": (bulb, 0.55, 0.65, 0.0, 0.5),
    "battery": (battery, 0.28, 0.5, 0.0, 1.0),
    "harddisk": (harddisk, 0.68, 0.75, 0.5, 0.5),
    "board": (board, 0.8, 1.6, 0.1, 0.5),
    "memory": (memory, 3.5, 5.0, 0.0, 0.5),
    "processor": (processor, 0.95, 1.05, 0.2, 0.5),
    "supply": (supply, 1.1, 1.6, 0.6, 0.2),
    "iron": (iron, 1.3, 1.6, 0.0, 0.2),
    "kettle": (kettle, 0.8, 1.0, 0.0, 0.05),
    "toaster": (toaster, 1.2, 1.5, 0.3, 0.05),
    "dryer": (dryer, 0.9, 1.1, 0.0, 0.5),
    "drill": (drill, 1.0, 1.2, 0.0, 0.3),
    "calculator": (calculator, 0.55, 0.75, 0.3, 0.3),
    "controller": (controller, 1.3, 1.6, 0.0, 0.2),
    "tablet": (tablet, 0.65, 1.45, 0.3, 0.3),
    "telephone": (telephone, 0.95, 1.3, 0.0, 0.1),
    "strip": (strip, 3.0, 5.5, 0.3, 0.5),
    "stick": (stick, 2.2, 3.2, 0.2, 1.0),
    "cassette": (cassette, 1.5, 1.65, 0.3, 0.3),
    "disc": (compact_disc, 1.0, 1.0, 0.0, 1.0),
    "motor": (motor, 1.2, 1.8, 0.0, 0.5),
    "transformer": (transformer, 0.9, 1.3, 0.3, 0.2),
    "capacitor": (capacitor, 0.5, 0.7, 0.0, 0.6),
    "resistor": (resistor, 2.2, 3.2, 0.0, 1.0),
    "dip": (dip, 1.4, 3.0, 0.0, 0.6),
    "speaker": (speaker, 0.5, 0.75, 0.6, 0.05),
    "meter": (meter, 0.5, 0.65, 0.3, 0.2),
}


def lit(image, r):
    """A linear change of light over the drawing, and at times a streak of gloss."""
    pixels = np.asarray(image).astype(np.float32)
    y, x = np.mgrid[0 : image.height, 0 : image.width] / SIDE - 0.5
    a, b = r.normal(size=2) * 0.3
    light = 1 + a * x + b * y
    if r.random() < 0.3:
        light = light + 0.5 * r.random() * np.exp(-(((x * math.cos(a * 9) + y * math.sin(a * 9)) - r.normal() * 0.2) ** 2) / 0.01)
    pixels[..., :3] = np.clip(pixels[..., :3] * light[..., None] + r.normal(size=pixels.shape[:2] + (1,)) * 4, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8), "RGBA")


def worn(image, r):
    """Scrap is seldom new: uneven surface, rust or dirt in patches, cracks across the face."""
    pixels = np.asarray(image).astype(np.float32)
    rough = lambda beta, ring: np.asarray(
        Image.fromarray(textures.spectral(r, beta, ring, 0.5, 0, 0).astype(np.float32)).resize(image.size, Image.BILINEAR)
    )[..., None]
    if r.random() < 0.5:
        pixels[..., :3] *= 1 + rough(r.uniform(0.3, 1.5), 0) * r.uniform(0.02, 0.12)
    if r.random() < 0.2:
        patch = np.clip((rough(1.6, 0) - r.uniform(0.3, 1.2)) * 3, 0, 1) * r.uniform(0.3, 0.9)
        stain = np.array([(120, 70, 40), (60, 50, 45), (170, 165, 155)][r.integers(3)], np.float32)
        pixels[..., :3] = pixels[..., :3] * (1 - patch) + stain * patch
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGBA")
    if r.random() < 0.2:
        draw, (x, y) = ImageDraw.Draw(image), r.random(2) * image.size
        light = int(r.uniform(120, 240))
        for _ in range(int(r.integers(2, 12))):
            points, a = [(x, y)], r.random() * 6.3
            for _ in range(int(r.integers(2, 8))):
                a += r.normal() * 0.5
                length = r.uniform(4, 30)
                points.append((points[-1][0] + length * math.cos(a), points[-1][1] + length * math.sin(a)))
            draw.line(points, fill=(light, light, light, 255), width=1)
        image.putalpha(Image.fromarray(pixels[..., 3].astype(np.uint8)))
    return image


def warp(image, corners):
    """Moves the corners of image (top left, top right, bottom right, bottom left) to the given places."""
    w, h = image.size
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, ((0, 0), (w, 0), (w, h), (0, h))):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    try:
        return image.transform((SIDE, SIDE), Image.PERSPECTIVE, np.linalg.solve(rows, right), Image.BILINEAR)
    except np.linalg.LinAlgError:
        return image.resize((SIDE, SIDE))


def ground(r):
    """What a device lies on: mostly white, else one colour, a change of colour, a texture."""
    t = r.random()
    if t < 0.6:
        return Image.new("RGB", (SIDE, SIDE), (255, 255, 255))
    if t < 0.75:
        return Image.new("RGB", (SIDE, SIDE), tuple(int(v) for v in r.integers(40, 255, 3)))
    if t < 0.85:
        a, b = r.integers(40, 255, (2, 3))
        y = np.linspace(0, 1, SIDE)[:, None, None]
        return Image.fromarray(np.broadcast_to(a * (1 - y) + b * y, (SIDE, SIDE, 3)).astype(np.uint8))
    recipe = textures.BACKGROUNDS[r.integers(len(textures.BACKGROUNDS))]
    return Image.fromarray(textures.draw_texture(recipe, r)).resize((SIDE, SIDE), Image.BILINEAR)


def _corners(w, h, turn, r):
    """Where the corners of a w x h face go, seen from a random side; and the angle it is turned by."""
    scale = math.exp(r.uniform(math.log(0.4), math.log(1.0)))
    yaw, pitch = r.normal() * 0.35, r.normal() * 0.25
    angle = r.normal() * (0.06 + turn * 0.4) if r.random() < 0.85 else r.random() * 6.3 * turn
    lying = r.uniform(0.55, 1) if turn >= 0.3 and r.random() < 0.4 else 1
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        near = 1 + 0.35 * (x * math.sin(yaw) + y * math.sin(pitch))
        u, v = x * w / 2 * scale * math.cos(yaw) * near, y * h / 2 * scale * (math.cos(pitch) * lying) * near
        corners.append((u * math.cos(angle) - v * math.sin(angle), u * math.sin(angle) + v * math.cos(angle)))
    return np.array(corners) + SIDE / 2 + r.normal(size=2) * 5, angle


def _sides(layer, face, corners, r):
    """The sides of a box behind the face, darker than it."""
    back = corners + np.array([r.choice([-1, 1]), r.choice([-1, -1, 1])]) * r.uniform(4, [56, 36])
    draw = ImageDraw.Draw(layer)
    base = tuple(int(v) for v in np.asarray(face)[face.height // 2, max(2, face.width // 40)][:3])
    for i in range(4):
        j = (i + 1) % 4
        quad = [tuple(corners[i]), tuple(corners[j]), tuple(back[j]), tuple(back[i])]
        draw.polygon(quad, fill=(*shade(base, (0.6, 0.8, 0.5, 0.7)[i]), 255))


def _with_cable(layer, corners, angle, r):
    """The layer with a cable that leaves from the middle of its upper edge, under it."""
    cable = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    points, a = [tuple((corners[0] + corners[1]) / 2)], angle - math.pi / 2
    for _ in range(12):
        a += r.normal() * 0.35
        points.append((points[-1][0] + 11 * math.cos(a), points[-1][1] + 11 * math.sin(a)))
    ImageDraw.Draw(cable).line(points, fill=(*tone(r, 0.2, 0.15), 255), width=4)
    cable.alpha_composite(layer)
    return cable


def draw_device(name, r):
    """One picture of the device: uint8 [96, 96, 3]."""
    make, low, high, depth, turn = DEVICES[name]
    pen = Pen(math.exp(r.uniform(math.log(low), math.log(high))), r)
    make(pen, r)
    face = lit(worn(pen.image, r), r)
    corners, angle = _corners(pen.w, pen.h, turn, r)
    scene = ground(r)
    layer = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    if r.random() < depth:
        _sides(layer, face, corners, r)
    layer.alpha_composite(warp(face, corners))
    if make in (mouse, plug, headphones, remote) and r.random() < 0.3:
        layer = _with_cable(layer, corners, angle, r)
    if r.random() < 0.4:
        shadow = layer.getchannel("A").filter(ImageFilter.GaussianBlur(7)).point(lambda v: int(v * 0.45))
        scene.paste((0, 0, 0), (int(r.normal() * 7), int(r.uniform(3, 12))), shadow)
    scene.paste(layer, (0, 0), layer)
    return np.asarray(scene.resize((SIDE // 2, SIDE // 2), Image.BOX))
