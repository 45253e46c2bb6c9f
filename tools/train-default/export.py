"""Writes what ships: model.safetensors, config.json and golden.json (the runner's known answers).

Tensors of one dimension are stored as F32, all others as F16 (read back as F32). The normalisation of
the pooled values that training keeps apart is folded into the head here. The golden input needs no
decoder: value(c, y, x) is an integer formula, so every language can build it exactly.
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


def from_checkpoint(path, config):
    """The encoder of a checkpoint of train.py, with head(norm(pooled)) folded into one linear layer."""
    state = torch.load(path)["trainee"]
    network = ay.Encoder(config)
    network.load_state_dict({k[len("network.") :]: v for k, v in state.items() if k.startswith("network.")})
    mean, deviation = state["pooled.running_mean"], torch.sqrt(state["pooled.running_var"] + 1e-5)
    with torch.no_grad():
        network.head.weight /= deviation
        network.head.bias -= network.head.weight @ mean
    return network


def write(network, config, folder):
    """Writes the three files, then reads them back so that golden.json speaks of the stored numbers."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for name, tensor in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            kind = torch.float32 if tensor.ndim == 1 else torch.float16
            tensors[name] = tensor.detach().to(kind).contiguous()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt", "name": config["name"]})
    (folder / "model.safetensors").chmod(0o644)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    write_golden(folder)


def write_golden(folder):
    """What PyTorch answers with the weights that lie in folder."""
    network, config = ay.load(folder)
    size = config["preprocessing"]["size"]
    with torch.no_grad():
        x = golden_input(size)
        pooled = network.pool(x)[0]
        head = network.head(pooled)
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
    (pathlib.Path(folder) / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", help="made by train.py; without one the weights are random (seed 1)")
    parser.add_argument("--golden", metavar="FOLDER", help="only write golden.json of the model in this folder")
    parser.add_argument("--config", help="config.json to take the architecture from")
    parser.add_argument("--version", help="version to write into config.json")
    parser.add_argument("--out", help="folder to write")
    options = parser.parse_args()
    if options.golden:
        return write_golden(options.golden)
    if not options.config or not options.out:
        parser.error("--config and --out are wanted, or --golden")
    config = json.loads(pathlib.Path(options.config).read_text())
    if options.version:
        config["version"] = options.version
    torch.manual_seed(1)
    network = from_checkpoint(options.checkpoint, config) if options.checkpoint else ay.Encoder(config)
    write(network.eval(), config, options.out)


if __name__ == "__main__":
    main()
