"""Yardstick of the embedded default encoder: 5-nearest-neighbour accuracy on pictures never trained on.

Protocol: unit vectors, cosine distance, five neighbours, plain majority (a tie goes to the first
class in alphabetical order, as scikit-learn does), mean of five stratified 80/20 splits with seeds
0 to 4. Two folders of class folders are measured: `ewaste` (8 x 60 photographs, many of them
cut-outs with alpha, composed over white) and `neu-det` (6 x 100 grey pictures of steel).

Rows: hand-made histograms, the encoder in models/default, and (when asked for) a ResNet18 with
ImageNet weights as the upper end of the scale. The ResNet18 is only measured here; nothing of it
enters the training.
"""

import argparse
import json
import pathlib

import numpy as np
import torch
from PIL import Image
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier

import model as ay

YARDSTICKS = ("ewaste", "neu-det")
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"}


def rgb_over_white(path):
    """Opens a picture as 8-bit RGB; alpha is composed over white."""
    image = Image.open(path)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def load_folder(root):
    """Reads a folder of class folders: (list of pictures, array of class numbers, class names)."""
    pictures, labels, names = [], [], []
    for folder in sorted(p for p in pathlib.Path(root).iterdir() if p.is_dir()):
        names.append(folder.name)
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                pictures.append(rgb_over_white(path))
                labels.append(len(names) - 1)
    return pictures, np.array(labels), names


def knn_accuracy(vectors, labels, neighbours=5, splits=5):
    """Mean accuracy (and its standard deviation) over stratified 80/20 splits."""
    vectors = np.asarray(vectors, np.float64)
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    scores = []
    for seed in range(splits):
        cut = StratifiedShuffleSplit(1, test_size=0.2, random_state=seed)
        train, test = next(cut.split(vectors, labels))
        judge = KNeighborsClassifier(neighbours, metric="cosine", algorithm="brute")
        scores.append(judge.fit(vectors[train], labels[train]).score(vectors[test], labels[test]))
    return float(np.mean(scores)), float(np.std(scores))


def histogram_features(picture):
    """Colour (16 bins a channel) and gradient (8 directions x 4 x 4 cells) histograms, square-rooted."""
    pixels = np.asarray(picture.resize((64, 64), Image.BILINEAR), np.float32) / 255
    colour = np.concatenate([np.histogram(pixels[..., k], 16, (0, 1))[0] for k in range(3)])
    dy, dx = np.gradient(pixels @ np.array([0.299, 0.587, 0.114], np.float32))
    size, turn = np.hypot(dx, dy), (np.arctan2(dy, dx) % np.pi / np.pi * 8).astype(int) % 8
    corners = [(y, x) for y in range(0, 64, 16) for x in range(0, 64, 16)]
    cells = [np.bincount(turn[y : y + 16, x : x + 16].ravel(), size[y : y + 16, x : x + 16].ravel(), 8) for y, x in corners]
    gradient = np.concatenate(cells)
    return np.sqrt(np.concatenate([colour / colour.sum() * 0.5, gradient / max(gradient.sum(), 1e-9)]))


def resnet18_features(pictures, weights):
    """Pooled features (512) of torchvision's ResNet18 with the weights file given."""
    import torchvision
    from safetensors.torch import load_file

    network = torchvision.models.resnet18()
    network.load_state_dict(load_file(weights), strict=False)
    network.fc = torch.nn.Identity()
    network.eval()
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    rows = []
    for picture in pictures:
        scale = 256 / min(picture.size)
        size = [max(256, int(side * scale)) for side in picture.size]
        left, top = (round((side - 224) / 2) for side in size)
        picture = picture.resize(size, Image.BILINEAR).crop((left, top, left + 224, top + 224))
        rows.append(((np.asarray(picture) / 255 - mean) / std).astype(np.float32).transpose(2, 0, 1))
    with torch.no_grad():
        chunks = torch.from_numpy(np.stack(rows)).split(32)
        return torch.cat([network(chunk) for chunk in chunks]).numpy()


def encoder_features(pictures, network, preprocessing):
    """Unit vectors of our encoder."""
    batch = np.stack([ay.preprocess(picture, preprocessing) for picture in pictures])
    with torch.no_grad():
        chunks = torch.from_numpy(batch).split(64)
        return torch.cat([network(chunk).float() for chunk in chunks]).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="folder that holds ewaste/ and neu-det/")
    parser.add_argument("--model", default="models/default", help="folder of config.json and model.safetensors")
    parser.add_argument("--resnet18", help="resnet18.safetensors with ImageNet weights (measured only)")
    parser.add_argument("--more", nargs="*", default=[], help="further folders of class folders to measure on")
    parser.add_argument("--bf16", action="store_true", help="also the encoder in bfloat16, as the runner may compute")
    options = parser.parse_args()

    network, config = ay.load(options.model)
    folders = [pathlib.Path(options.data) / name for name in YARDSTICKS] + [pathlib.Path(p) for p in options.more]
    for folder in folders:
        pictures, labels, names = load_folder(folder)
        vectors = encoder_features(pictures, network, config["preprocessing"])
        rows = {"histograms": [histogram_features(p) for p in pictures], "default encoder": vectors}
        if options.bf16:
            with torch.autocast("cpu", torch.bfloat16):
                rows["default, bf16"] = encoder_features(pictures, network, config["preprocessing"])
        if options.resnet18:
            rows["ResNet18, ImageNet"] = resnet18_features(pictures, options.resnet18)
        print(f"{folder.name}: {len(pictures)} pictures, {len(names)} classes")
        for row, features in rows.items():
            print("  {:20s}{:.3f} (sd {:.3f})".format(row, *knn_accuracy(features, labels)), flush=True)
        if options.bf16:
            cosine = (vectors * rows["default, bf16"]).sum(1)
            print(f"  smallest cosine of a bf16 vector with its f32 vector: {cosine.min():.5f}")


if __name__ == "__main__":
    main()
