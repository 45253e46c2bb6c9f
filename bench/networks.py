"""The networks of the bench as plain PyTorch, the same code for every version of PyTorch
(MobileCLIP-S1's image tower: network_mobileclip.py).

Weights by formula (test/vectors/formula.py), so every contender computes the same thing, and each is
checked against the known answer before its speed counts.
"""
import functools
import json
import os
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "test", "vectors"))
import formula  # noqa: E402
import network_mobileclip  # noqa: E402

GOLDEN = {"resnet18": "resnet18-torchvision.json", "vit-b32": "clip-openclip-b32.json",
          "mobileclip-s1": "mobileclip-s1.json", "vit-b32-text": "clip-text-openclip-b32.json",
          "mobileclip-s1-text": "clip-text-openclip-mobileclip-s1.json"}


class Block(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False),
                                            nn.BatchNorm2d(outside))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """Up to the pooled features, as an encoder is used."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inside = 64
        for k, width in enumerate((64, 128, 256, 512), 1):
            stage = nn.Sequential(Block(inside, width, 1 if k == 1 else 2), Block(width, width, 1))
            setattr(self, f"layer{k}", stage)
            inside = width
        self.avgpool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return torch.flatten(self.avgpool(x), 1)


class Attention(nn.Module):
    def __init__(self, width, heads, mask=None):
        super().__init__()
        self.heads = heads
        self.register_buffer("mask", mask, persistent=False)
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (F.linear(x, self.in_proj_weight, self.in_proj_bias)
                   .view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask)
        else:
            scores = q @ k.transpose(-2, -1) * (d // self.heads) ** -0.5
            y = torch.softmax(scores if self.mask is None else scores + self.mask, -1) @ v
        return self.out_proj(y.transpose(1, 2).reshape(b, t, d))


class Layer(nn.Module):
    def __init__(self, width, heads, mask=None):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads, mask)
        self.mlp = nn.Module()
        self.mlp.c_fc = nn.Linear(width, 4 * width)
        self.mlp.c_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp.c_proj(F.gelu(self.mlp.c_fc(self.ln_2(x))))


class VitB32(nn.Module):
    """CLIP's image tower, open_clip's names."""

    def __init__(self, width=768, heads=12, layers=12, patch=32, places=50, dim=512):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros(places, width))
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.proj = nn.Parameter(torch.zeros(width, dim))

    def forward(self, x):
        x = self.conv1(x).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(x.shape[0], 1, -1)
        x = self.ln_pre(torch.cat([first, x], 1) + self.positional_embedding)
        for layer in self.transformer.resblocks:
            x = layer(x)
        return self.ln_post(x[:, 0]) @ self.proj


class TextTower(nn.Module):
    """CLIP's text tower, open_clip's names: all places are computed, as open_clip does."""

    def __init__(self, causal, width=512, heads=8, layers=12, places=77, words=49408, dim=512):
        super().__init__()
        mask = torch.full((places, places), float("-inf")).triu(1) if causal else None
        self.token_embedding = nn.Embedding(words, width)
        self.positional_embedding = nn.Parameter(torch.zeros(places, width))
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList(Layer(width, heads, mask) for _ in range(layers))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.zeros(width, dim))

    def forward(self, ids):
        x = self.token_embedding(ids) + self.positional_embedding
        for layer in self.transformer.resblocks:
            x = layer(x)
        x = self.ln_final(x)[torch.arange(ids.shape[0]), ids.argmax(-1)]
        return x @ self.text_projection


@functools.lru_cache(maxsize=None)
def values(name, shape, base, amp):
    """A tensor by formula, made once: ViT-B/32 has 88 million numbers."""
    return torch.from_numpy(formula.tensor(name, shape, base, amp))


PREFIX = {"resnet18": "", "vit-b32": "visual.", "mobileclip-s1": "visual.trunk.", "vit-b32-text": "",
          "mobileclip-s1-text": "text."}
MAKE = {"resnet18": ResNet18, "vit-b32": VitB32, "vit-b32-text": lambda: TextTower(True),
        "mobileclip-s1-text": lambda: TextTower(False)}


def filled(name, golden):
    prefix = PREFIX[name]
    rows = {row[0][len(prefix):]: row[1:] for row in golden["tensors"] if row[0].startswith(prefix)}

    def value(key):
        shape, base, amp = rows[key]
        return values(prefix + key, tuple(shape), base, amp)

    if name == "mobileclip-s1":
        return network_mobileclip.make(value, set(rows))
    model = MAKE[name]().eval()
    state = model.state_dict()
    for key in state:
        if not key.endswith("num_batches_tracked"):
            state[key] = value(key)
    model.load_state_dict(state)
    return model


def load(name):
    """(model with formula weights, known input, known features): one picture [1, 3, S, S], or the known
    texts' tokens [3, 77]; features [inputs, dim]."""
    with open(os.path.join(ROOT, "test", "vectors", GOLDEN[name])) as f:
        golden = json.load(f)
    if "ids" in golden:
        x = torch.tensor(golden["ids"])
    else:
        x = torch.from_numpy(formula.tensor("input", golden["input"], 0.0, golden["input_amp"]))
    return filled(name, golden), x, np.array(golden["features"]).reshape(len(x), -1)


def batch_of(x, n):
    """The first n of x, x, x ..."""
    return x[torch.arange(n) % len(x)]


def least_cosine(out, known):
    """Of what a network gave for batch_of(...) and the known features, the worst pair's cosine."""
    return min(cosine(row, known[i % len(known)]) for i, row in enumerate(np.asarray(out)))


def cosine(a, b):
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
