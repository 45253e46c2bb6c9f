"""Pictures for training: the free packs and our own drawings, decoded once into arrays of 96 x 96 pixels.

The pictures of src/draw come as a folder of class folders, WORK/drawn, which draw-pictures writes.

A set is {x: uint8 [n, 96, 96, 3], aspect: float32 [n] (width / height before the squash), label: str
[n], group: str [n] (the pack)}. Squashing keeps every pixel and one size for all; the augmentation
undoes it at random, since the aspect is kept. Sets are cached as .npz files in the work folder.

Emoji are their own classes (one picture each, skin tones together): with augmentation that is
telling single pictures apart. Other packs keep their folders as classes.
"""

import multiprocessing
import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image

import devices
import textures
import things

SIDE = 96
FREE = ["caltech101", "clothing_cc0", "euro_coins", "grocery_store", "noto_emoji", "screw_present"]

# Never in weights that ship: their licences forbid it. Here to measure what they would add.
RESEARCH = {
    "tiny_imagenet": 3.0,
    "coil100": 0.5,
    "electronics6": 0.3,
    "gtsrb_signs": 0.3,
    "pacs_styles": 0.3,
    "elpv_solar_cells": 0.2,
    "magnetic_tile": 0.2,
    "casting_ok_ng": 0.1,
    "mvtec_screw": 0.1,
}

# name: (number of classes, pictures a class, seed, recipe of a class, picture of a recipe)
DRAWN = {
    "texture": (240, 32, 14, textures.texture_recipe, textures.draw_texture),
    "fractal": (120, 20, 15, textures.fractal_recipe, textures.draw_fractal),
    "thing": (240, 24, 16, things.thing_recipe, things.draw_thing),
    "device": (len(devices.DEVICES), 240, 18, lambda k: list(devices.DEVICES)[k], devices.draw_device),
}

# How often a set is drawn from: a share, split over its classes by the square root of their size.
SHARES = {
    "caltech101": 2.0,
    "grocery_store": 0.4,
    "clothing_cc0": 0.4,
    "euro_coins": 0.15,
    "screw_present": 0.08,
    "noto_emoji": 0.3,
    "texture": 0.3,
    "fractal": 0.06,
    "thing": 0.3,
    "device": 1.5,
    "drawn": 3.0,
}
ANY_TURN = {"texture", "euro_coins", "screw_present"}  # have no upright
ON_WHITE = {"noto_emoji", "thing", "fractal", "device"}  # white ground that may be tinted


def _decode(path):
    image = Image.open(path).convert("RGB")
    return np.asarray(image.resize((SIDE, SIDE), Image.BICUBIC)), image.width / image.height


def read_pack(pack, work):
    """Decodes a pack (NAME.tar.zst, or a folder NAME of class folders)."""
    root = pathlib.Path(pack)
    if root.suffix == ".zst":
        target = pathlib.Path(work) / "packs"
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "--zstd", "-xf", str(root), "-C", str(target)], check=True)
        root = target / root.name.split(".")[0]
    paths = sorted(p for p in root.glob("*/*") if p.suffix in (".jpg", ".png"))
    with multiprocessing.Pool() as pool:
        pairs = pool.map(_decode, paths, chunksize=100)
    labels = []
    for path in paths:
        name = path.parent.name
        if root.name == "noto_emoji":
            sign = path.stem.split("_", 1)[1]
            for cut in ("_light_skin_tone", "_dark_skin_tone", "_medium"):
                sign = sign.split(cut)[0]
            name = f"{name}/{sign}"
        labels.append(f"{root.name}/{name}")
    return {
        "x": np.stack([pixels for pixels, _ in pairs]),
        "aspect": np.array([aspect for _, aspect in pairs], np.float32),
        "label": np.array(labels),
        "group": np.full(len(paths), root.name),
    }


def _draw_class(job):
    name, number = job
    _, pictures, seed, recipe, draw = DRAWN[name]
    made, r = recipe(number), np.random.default_rng([seed, number])
    return [draw(made, r) for _ in range(pictures)]


def draw_set(name):
    """Draws one of the DRAWN sets; the same pictures every time."""
    classes, pictures = DRAWN[name][:2]
    with multiprocessing.Pool() as pool:
        drawn = pool.map(_draw_class, [(name, k) for k in range(classes)], chunksize=2)
    x = np.stack([picture for one in drawn for picture in one])
    titles = list(devices.DEVICES) if name == "device" else range(classes)
    label = np.repeat([f"{name}/{title}" for title in titles], pictures)
    return {"x": x, "aspect": np.ones(len(x), np.float32), "label": label, "group": np.full(len(x), name)}


def load_sets(names, packs, work):
    """The named sets, from the cache in work or made now; "free" and "research" stand for all such packs."""
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    parts, groups = [], {"free": FREE, "research": list(RESEARCH)}
    for name in [n for one in names for n in groups.get(one, [one])]:
        cache = work / f"{name}.npz"
        if not cache.exists():
            if name in DRAWN:
                made = draw_set(name)
            else:
                places = [pathlib.Path(p) / n for p in packs for n in (f"{name}.tar.zst", name)] + [work / name]
                made = read_pack(next((p for p in places if p.exists()), places[0]), work)
            np.savez(cache, **made)
        with np.load(cache) as stored:
            parts.append({key: stored[key] for key in stored.files})
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def write(folder):
    """Writes the drawn sets as PNG files, FOLDER/<set>/<class>/, for trainers that read files."""
    for name in DRAWN:
        drawn, count = draw_set(name), {}
        for picture, label in zip(drawn["x"], drawn["label"]):
            place = pathlib.Path(folder) / label
            place.mkdir(parents=True, exist_ok=True)
            count[label] = count.get(label, -1) + 1
            Image.fromarray(picture).save(place / f"{count[label]:04d}.png")


class Sampler:
    """Draws batches: a set by its share, in it a class by the square root of its size, in it a picture."""

    def __init__(self, data, seed):
        self.data = data
        self.names, self.target = np.unique(data["label"], return_inverse=True)
        size = np.bincount(self.target)[self.target]
        weight = np.zeros(len(size))
        for group in np.unique(data["group"]):
            here = data["group"] == group
            w = 1 / np.sqrt(size[here])
            weight[here] = w / w.sum() * {**SHARES, **RESEARCH}.get(group, 1.0)
        self.edges = np.cumsum(weight / weight.sum())
        self.any_turn = np.isin(data["group"], list(ANY_TURN))
        self.on_white = np.isin(data["group"], list(ON_WHITE))
        self.rng = np.random.default_rng(seed)

    def batch(self, n):
        """Index of n pictures, in storage order."""
        at = np.searchsorted(self.edges, self.rng.random(n) * self.edges[-1] * (1 - 1e-9))
        return np.sort(at)


if __name__ == "__main__":
    write(sys.argv[1])
