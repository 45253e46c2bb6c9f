#!/usr/bin/env python3
"""The pipeline of bench/augment.c with torchvision on Pillow pictures, one thread, processor time.

    augment_torch.py [folder]     pictures/s; with a folder of classes also decoding
"""
import pathlib
import sys
import time

import torch
import torchvision.transforms as T
from PIL import Image

torch.set_num_threads(1)
SIZE = 224
HEAD = [T.Resize((SIZE + 32, SIZE + 32))]
REST = [
    T.RandomCrop(SIZE), T.RandomHorizontalFlip(), T.RandomRotation(15),
    T.ColorJitter(0.2, 0.2, 0.2, 0.1), T.RandomApply([T.GaussianBlur(5, (0.1, 2.0))], 0.1),
    T.RandomPerspective(0.1, 0.2), T.ToTensor(),
    T.RandomErasing(0.1, (0.02, 0.15), (0.3, 3.3), 0),
    T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
]


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else None
    files = sorted(p for p in pathlib.Path(folder).rglob("*.*"))[:200] if folder else []
    pictures = [HEAD[0](Image.open(p).convert("RGB")) for p in files[:32]] or \
        [Image.effect_noise((SIZE + 32, SIZE + 32), 60).convert("RGB") for _ in range(32)]
    rest, best = T.Compose(REST), 1e9
    for _ in range(4):
        start = time.process_time()
        for i in range(100):
            rest(pictures[i % len(pictures)])
        best = min(best, time.process_time() - start)
    print(f"torchvision, from resized pictures: {100 / best:.0f} pictures/s ({best * 10:.2f} ms each)")
    if files:
        full, start = T.Compose(HEAD + REST), time.process_time()
        for p in files:
            full(Image.open(p).convert("RGB"))
        print(f"torchvision, with decoding: {len(files) / (time.process_time() - start):.0f} pictures/s")


if __name__ == "__main__":
    main()
