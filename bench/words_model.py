"""A CLIP model of the real size with random weights, for measuring how it starts and what it holds in memory.

    python bench/words_model.py vit-b-32|mobileclip-s1 FOLDER

Names, shapes and sizes of the values come from the golden files of both towers, the values from a seeded generator; the
vocabulary is open_clip's, so this wants a Python that has it.  What the model says means nothing.
"""
import json
import os
import shutil
import struct
import sys

import numpy as np
import open_clip

VECTORS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "test", "vectors")
MODELS = {"vit-b-32": ("clip-openclip-b32.json", "clip-text-openclip-b32.json"),
          "mobileclip-s1": ("mobileclip-s1.json", "clip-text-openclip-mobileclip-s1.json")}


def main():
    name, folder = sys.argv[1:]
    image, text = (json.load(open(os.path.join(VECTORS, f))) for f in MODELS[name])
    config = {**text["config"], **image["config"]}
    config["model_cfg"] = {**image["config"]["model_cfg"], "text_cfg": text["config"]["model_cfg"]["text_cfg"]}
    tensors = {t[0]: t[1:] for t in image["tensors"] if t[0].startswith("visual.")}
    tensors.update({t[0]: t[1:] for t in text["tensors"] if not t[0].startswith("visual.")})
    head, at = {}, 0
    for key, (shape, _, _) in tensors.items():
        size = 4 * int(np.prod(shape, dtype=np.int64))
        head[key] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    os.makedirs(folder, exist_ok=True)
    packed = json.dumps(head).encode()
    packed += b" " * (-len(packed) % 64 + 56)
    rng = np.random.default_rng(1)
    with open(os.path.join(folder, "open_clip_model.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(packed)) + packed)
        for shape, base, amp in tensors.values():
            f.write((base + amp * (2 * rng.random(shape, dtype=np.float32) - 1)).astype("<f4").tobytes())
    with open(os.path.join(folder, "open_clip_config.json"), "w") as f:
        json.dump(config, f)
    vocabulary = "bpe_simple_vocab_16e6.txt.gz"
    shutil.copy(os.path.join(os.path.dirname(open_clip.__file__), vocabulary), folder)
    print(f"{folder}: {at / 1e6:.0f} MB, {len(tensors)} tensors")


main()
