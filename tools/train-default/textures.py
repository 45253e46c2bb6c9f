"""Textures and fractals drawn with numpy: a class is one random recipe, a picture one random draw of it.

A texture recipe is one to three layers out of seven kinds (noise, band noise, ridges, cells, spots,
lines, waves), each with its own scale, direction and tone curve. What may vary inside a class is what
should not matter to a scanner: brightness, contrast, uneven light, the random positions. A fractal is
an iterated function system whose maps are shaken a little from picture to picture.
"""

import math

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import cKDTree

SIDE = 96
_FY = np.fft.fftfreq(SIDE)[:, None] * SIDE
_FX = np.fft.rfftfreq(SIDE)[None, :] * SIDE
_RADIUS, _ANGLE = np.hypot(_FY, _FX), np.arctan2(_FY, _FX)
_Y, _X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)


def standard(field):
    """Mean 0, deviation 1."""
    return (field - field.mean()) / (field.std() + 1e-6)


def spectral(r, beta, ring, width, angle, focus):
    """Gaussian noise with the amplitude f^-beta, a log-normal band at ring, and a preferred direction."""
    spectrum = np.fft.rfft2(r.standard_normal((SIDE, SIDE)))
    gain = (_RADIUS + 1) ** -beta
    if ring > 0:
        gain = gain * np.exp(-0.5 * (np.log((_RADIUS + 0.5) / ring) / width) ** 2)
    if focus > 0:
        gain = gain * np.exp(focus * (np.cos(2 * (_ANGLE - angle)) - 1))
    gain[0, 0] = 0
    return standard(np.fft.irfft2(spectrum * gain, (SIDE, SIDE)))


def _noise(c, r):
    return spectral(r, c["beta"], 0, 1, c["ang"], c["kap"])


def _ring(c, r):
    return spectral(r, 0, c["ring"], c["width"], c["ang"], c["kap"])


def _ridge(c, r):
    return standard(-np.abs(spectral(r, c["beta"], c["ring"], 0.6, c["ang"], c["kap"])))


def _cells(c, r):
    """Voronoi cells: distance to the nearest point, to the border, or one tone a cell."""
    n = max(6, int(c["n"] * math.exp(r.normal() * 0.1)))
    points = r.random((n, 2)) * SIDE
    points = np.concatenate([points + np.array([a, b]) * SIDE for a in (-1, 0, 1) for b in (-1, 0, 1)])
    ca, sa, st = math.cos(c["ang"]), math.sin(c["ang"]), c["stretch"]
    turn = np.array([[ca * st, -sa * st], [sa, ca]])
    d, i = cKDTree(points @ turn.T).query(np.stack([_Y.ravel(), _X.ravel()], 1) @ turn.T, k=2)
    if c["mode"] == 0:
        field = d[:, 0]
    elif c["mode"] == 1:
        field = np.minimum(d[:, 1] - d[:, 0], c["edge"])
    else:
        field = (i[:, 0] % n * 7919 % 101) / 50.0
    return standard(field.reshape(SIDE, SIDE))


def _spots(c, r):
    field = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(r.poisson(c["n"]) + 1):
        y, x = r.random(2) * SIDE
        radius, st = c["rad"] * math.exp(r.normal() * c["spread"]), c["stretch"]
        a = c["ang"] + r.normal() * c["wob"]
        u = (_Y - y) * math.cos(a) + (_X - x) * math.sin(a)
        v = -(_Y - y) * math.sin(a) + (_X - x) * math.cos(a)
        q = (u * u * st + v * v / st) / (radius * radius)
        spot = 1 / (1 + np.exp(np.minimum((q - 1) * c["sharp"], 30)))
        sign = 1 if r.random() > c["both"] else -1
        field = field + sign * spot if c["add"] else np.where(spot > 0.5, sign * spot, field)
    return field * c["gain"]


def _lines(c, r):
    image = Image.new("L", (SIDE * 2, SIDE * 2), 0)
    draw = ImageDraw.Draw(image)
    for _ in range(r.poisson(c["n"]) + 1):
        y, x = r.random(2) * SIDE * 2
        a = c["ang"] + r.normal() * c["wob"]
        length, points = c["len"] * math.exp(r.normal() * 0.4), []
        for t in np.linspace(-length, length, 6):
            a += r.normal() * c["bend"]
            points.append((x + t * math.cos(a), y + t * math.sin(a)))
        tone = int(120 + 135 * r.random())
        draw.line(points, fill=tone, width=max(1, int(c["wid"] * math.exp(r.normal() * 0.3))))
    return np.asarray(image.resize((SIDE, SIDE), Image.BOX), np.float32) / 255 * c["gain"] * 2


def _wave(c, r):
    warp, phase = spectral(r, 1.6, 0, 1, 0, 0) * c["warp"], r.random() * 6.3
    along, across = _X * math.cos(c["ang"]) + _Y * math.sin(c["ang"]), _Y * math.cos(c["ang"]) - _X * math.sin(c["ang"])
    field = np.sin(along * 2 * math.pi / c["per"] + warp + phase)
    if c["mode"]:
        field = field * np.sin(across * 2 * math.pi / c["per2"] + warp + phase)
    if c["mode"] == 2:
        field = np.sign(field) * np.abs(field) ** 0.3
    return standard(field)


_KINDS = {"noise": _noise, "ring": _ring, "ridge": _ridge, "cells": _cells, "spots": _spots, "lines": _lines, "wave": _wave}


def _layer(c, r):
    """One layer: its field and its tone curve."""
    field = _KINDS[c["kind"]](c, r)
    if c["shape"] == 1:
        return np.tanh((field - c["thr"]) * c["hard"])
    if c["shape"] == 2:
        return np.maximum(field, c["thr"])
    if c["shape"] == 3:
        return np.minimum(field, c["thr"])
    return np.abs(field - c["thr"]) if c["shape"] == 4 else field


def _layer_recipe(r):
    """Draws every number of a layer; the order of the draws is part of what a class number means."""
    log = lambda low, high: math.exp(r.uniform(math.log(low), math.log(high)))
    kind = str(r.choice(list(_KINDS), p=[0.16, 0.16, 0.13, 0.15, 0.17, 0.15, 0.08]))
    even = r.random() < 0.45
    c = {"kind": kind, "beta": r.uniform(0.2, 2.2), "ring": log(3, 30), "width": r.uniform(0.1, 0.6)}
    c["ang"] = r.uniform(0, math.pi)
    c["kap"] = 0 if even else math.exp(r.uniform(-1, 2.3))
    c["n"] = log(15, 300) if kind == "cells" else log(2, 90)
    c["stretch"] = 1 if even else math.exp(r.uniform(0, 1.3))
    c["mode"], c["edge"] = int(r.integers(3)), r.uniform(1.5, 8)
    c["rad"], c["spread"] = log(1.2, 14), r.uniform(0.05, 0.7)
    c["wob"], c["sharp"] = [0.05, 0.3, 3][r.integers(3)], math.exp(r.uniform(0, 2.5))
    c["both"], c["add"] = r.choice([0, 0, 0.5]), r.random() < 0.5
    c["gain"] = r.choice([-1, 1]) * r.uniform(1, 3)
    c["len"], c["bend"], c["wid"] = log(6, 160), r.choice([0, 0.02, 0.15]), r.choice([1, 2, 3, 5])
    c["warp"], c["per"], c["per2"] = r.choice([0, 0.5, 1.5, 4]), log(5, 32), log(5, 32)
    c["shape"], c["thr"] = int(r.choice([0, 0, 0, 1, 1, 2, 3, 4])), r.uniform(-1.2, 1.2)
    c["hard"] = math.exp(r.uniform(0, 2))
    return c


def texture_recipe(number):
    """The texture class of this number."""
    r = np.random.default_rng([11, number])
    layers = [_layer_recipe(r) for _ in range(int(r.choice([1, 2, 2, 3])))]
    weights = [1] + [r.uniform(0.3, 1) for _ in layers[1:]]
    c = {"layers": layers, "weights": weights, "grey": r.random() < 0.6}
    c["first"], c["second"] = r.uniform(0, 1, 3), r.uniform(0, 1, 3)
    c["grain"], c["contrast"] = r.choice([0, 0.05, 0.2]), r.uniform(0.06, 0.3)
    return c


def draw_texture(c, r):
    """One picture of the class: uint8 [SIDE, SIDE, 3]."""
    field = sum(w * _layer(layer, r) for w, layer in zip(c["weights"], c["layers"]))
    field = standard(field) + r.normal(size=(SIDE, SIDE)) * c["grain"]
    field = field * c["contrast"] * math.exp(r.normal() * 0.35)
    if r.random() < 0.5:
        field = field + spectral(r, 2.5, 0, 1, 0, 0) * r.random() * 0.12
    base = r.uniform(0.25, 0.75)
    if c["grey"]:
        pixels = (base + field)[..., None] + r.normal(size=3) * 0.01
    else:
        mix = np.clip(0.5 + field, 0, 1)[..., None]
        pixels = c["first"] * mix + c["second"] * (1 - mix) + r.normal(size=3) * 0.06 + r.normal() * 0.08
    return (np.clip(pixels, 0, 1) * 255).astype(np.uint8)


BACKGROUNDS = [texture_recipe(100000 + i) for i in range(60)]


def _orbit(c, r, n=3000, rounds=14, skip=6):
    """Points of the attractor and the map that made each (the chaos game, n points at once)."""
    at, points, maps = r.normal(size=(n, 2)), [], []
    for k in range(rounds):
        i = r.choice(len(c["share"]), n, p=c["share"])
        m = c["maps"][i]
        at = np.einsum("nij,nj->ni", m[:, :, :2], at) + m[:, :, 2]
        if k >= skip:
            points.append(at)
            maps.append(i)
    return np.concatenate(points), np.concatenate(maps)


def fractal_recipe(number):
    """The iterated function system of this number: contracting maps that fill some area."""
    r = np.random.default_rng([12, number])
    while True:
        n = int(r.integers(2, 7))
        maps = r.uniform(-1, 1, (n, 2, 3))
        for i in range(n):
            u, _, v = np.linalg.svd(maps[i, :, :2])
            maps[i, :, :2] = u @ np.diag([r.uniform(0.35, 0.85), r.uniform(0.15, 0.8)]) @ v
        share = np.abs(np.linalg.det(maps[:, :, :2])) + 0.02
        c = {"maps": maps, "share": share / share.sum(), "colours": r.uniform(0, 1, (n, 3))}
        points = _orbit(c, r, 2000)[0]
        if np.isfinite(points).all() and points.std(0).min() > 0.1:
            return c


def draw_fractal(c, r):
    """One picture of the class: uint8 [SIDE, SIDE, 3]."""
    c = dict(c, maps=c["maps"] * np.exp(r.normal(size=c["maps"].shape) * 0.03))
    points, maps = _orbit(c, r)
    a = r.normal() * 0.3
    points = points @ np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    low, high = np.percentile(points, [1, 99], axis=0)
    points = (points - low) / (high - low + 1e-6) * 0.84 + 0.08
    inside = ((points > 0) & (points < 1)).all(1)
    pixel, maps = (points[inside] * SIDE).astype(int), maps[inside]
    place = pixel[:, 1] * SIDE + pixel[:, 0]
    count = np.bincount(place, minlength=SIDE * SIDE).astype(float)
    colours = np.clip(c["colours"] + r.normal(size=3) * 0.15, 0, 1)
    ink = np.stack([np.bincount(place, colours[maps, k], SIDE * SIDE) for k in range(3)], 1)
    ink, cover = ink / np.maximum(count, 1)[:, None], np.minimum(count / 3, 1)[:, None]
    ground = np.ones(3) if r.random() < 0.6 else r.random(3)
    return ((ink * cover + ground * (1 - cover)).reshape(SIDE, SIDE, 3) * 255).astype(np.uint8)
