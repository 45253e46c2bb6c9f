"""Writes what ships: model.safetensors, config.json and golden.json (the runner's known answers).

Tensors of one dimension are stored as F32, all others as F16 (read back as F32). The golden
input needs no decoder: value(c, y, x) is an integer formula, so every language can build it exactly.
"""

import argparse
import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

import model as ay

FORMULA = "v(c, y, x) = ((37 * c + 101 * y + 53 * x + (x * y * (c + 1)) mod 97) mod 256) / 127.5 - 1"


def golden_input(size):
    """The formula above as float32 [1, 3, size, size]: the tensor after preprocessing."""
    c, y, x = np.meshgrid(np.arange(3), np.arange(size), np.arange(size), indexing="ij")
    values = (37 * c + 101 * y + 53 * x + (x * y * (c + 1)) % 97) % 256
    return torch.from_numpy((values / 127.5 - 1).astype(np.float32))[None]


def write(network, config, folder):
    """Writes the three files, then reads them back so that golden.json speaks of the stored numbers."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for name, tensor in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        keep = tensor.ndim == 1
        tensors[name] = tensor.detach().to(torch.float32 if keep else torch.float16).contiguous()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt", "name": config["name"]})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    network, config = ay.load(folder)
    size = config["preprocessing"]["size"]
    with torch.no_grad():
        x = golden_input(size)
        pooled, head = network.pool(x)[0], network.head(network.pool(x))[0]
        vector = network(x)[0]
    golden = {
        "what": "float32 answers of the stored weights to a synthetic input tensor",
        "input": {"shape": [1, 3, size, size], "formula": FORMULA, "first": x.flatten()[:8].tolist()},
        "pooled_first_16": pooled[:16].tolist(),
        "pooled_sum": float(pooled.double().sum()),
        "head_norm": float(head.norm()),
        "vector_first_16": vector[:16].tolist(),
        "vector_norm": float(vector.norm()),
        "tolerance": {"f32_absolute": 1e-4, "bf16_cosine": 0.999},
        "vector": vector.tolist(),
    }
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", help="made by train.py; without one the weights are random (seed 1)")
    parser.add_argument("--config", required=True, help="config.json to take the architecture from")
    parser.add_argument("--out", required=True, help="folder to write")
    options = parser.parse_args()
    config = json.loads(pathlib.Path(options.config).read_text())
    torch.manual_seed(1)
    network = ay.Encoder(config)
    if options.checkpoint:
        network.load_state_dict(torch.load(options.checkpoint)["network"])
    write(network.eval(), config, options.out)


if __name__ == "__main__":
    main()
