"""The default encoder as PyTorch code: a residual network whose pooled stages all reach the vector.

    x      = (pixels / 255 - mean) / std                     [n, 3, size, size]
    x      = relu(bn1(conv1(x)))                             3 x 3, stride 2
    x      = layer1..layer4(x)                               basic blocks, torchvision's names
    pooled = concat(average pool of every listed stage, then max pool of every listed stage)
    vector = head(pooled) / |head(pooled)|                   a linear layer with bias

Coarse stages say what a thing is, fine stages say what it is made of: a surface fault has no shape
that the last stage could name. So the linear head reads all of them. Rejected: a bilinear or Gram
pooling (needs one more operator in the runner), a transformer (slow to train from nothing on a CPU).
"""

import json
import pathlib

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Basic residual block: two 3 x 3 convolutions; a 1 x 1 convolution on the shortcut where shapes change."""

    def __init__(self, inside, outside, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Encoder(nn.Module):
    """The network of config["widths"], ["depths"], ["pool_average"], ["pool_max"], ["dim"]."""

    def __init__(self, config):
        super().__init__()
        widths, depths = config["widths"], config["depths"]
        self.average, self.largest = config["pool_average"], config["pool_max"]
        self.conv1 = nn.Conv2d(3, widths[0], 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        inside = widths[0]
        for stage, (width, depth) in enumerate(zip(widths, depths), 1):
            blocks = []
            for index in range(depth):
                blocks.append(Block(inside, width, 2 if stage > 1 and index == 0 else 1))
                inside = width
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.pooled = sum(widths[s - 1] for s in self.average + self.largest)
        self.head = nn.Linear(self.pooled, config["dim"])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def stages(self, x):
        """The outputs of the four stages."""
        x = F.relu(self.bn1(self.conv1(x)))
        outputs = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            outputs.append(x)
        return outputs

    def pool(self, x):
        """The concatenated pooled stages [n, pooled]: averages first, then maxima."""
        outputs = self.stages(x)
        parts = [outputs[s - 1].mean((2, 3)) for s in self.average]
        parts += [outputs[s - 1].amax((2, 3)) for s in self.largest]
        return torch.cat(parts, 1)

    def forward(self, x):
        return F.normalize(self.head(self.pool(x)), dim=1)


def preprocess(picture, steps):
    """An RGB picture as float32 [3, size, size], by config["preprocessing"]."""
    size, filters = steps["size"], {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
    if steps["fit"] == "letterbox":
        picture = ImageOps.pad(picture, (size, size), filters[steps["filter"]], (255, 255, 255))
    elif steps["fit"] == "squash":
        picture = picture.resize((size, size), filters[steps["filter"]])
    else:
        raise ValueError(f"unknown fit {steps['fit']}")
    pixels = np.asarray(picture, np.float32) / 255
    pixels = (pixels - np.array(steps["mean"], np.float32)) / np.array(steps["std"], np.float32)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def load(folder):
    """Opens config.json and model.safetensors: (network in evaluation mode, config)."""
    from safetensors.torch import load_file

    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    network = Encoder(config)
    tensors = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    network.load_state_dict(tensors, strict=False)
    return network.eval(), config
