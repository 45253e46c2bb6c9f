#!/usr/bin/env python3
"""The networks of bench/train in plain PyTorch, the same code for 1.13 and now: a contender of run_train.py.

    train_torch.py NETWORK BATCH f32|bf16 THREADS [channels_last]

hoamv2: AdamW, and the loss over the vector's 512 numbers.
head: an epoch of a frozen ResNet18 with a new head as it is usually written: every picture of 14
batches through the body again, a step of the head a batch.  Assay's peer trains over cached features.

bf16 is torch.autocast as its documentation shows it; the loss is float32, the optimiser SGD with
momentum.  For every number of steps on its input it takes so many steps and prints processor
seconds, wall seconds, peak memory (MB) and the last loss.
"""
import resource
import sys
import time

import torch
from torch import nn


def conv_bn(inside, out, kernel, stride=1, groups=1, act=None):
    layers = [nn.Conv2d(inside, out, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(out)]
    return nn.Sequential(*layers, *([act(inplace=True)] if act else []))


class Basic(nn.Module):
    def __init__(self, inside, out, stride):
        super().__init__()
        self.a = conv_bn(inside, out, 3, stride, act=nn.ReLU)
        self.b = conv_bn(out, out, 3)
        self.c = conv_bn(inside, out, 1, stride) if stride > 1 else None
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.b(self.a(x)) + (self.c(x) if self.c else x))


class Gate(nn.Module):
    def __init__(self, width, squeezed):
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(width, squeezed, 1), nn.Conv2d(squeezed, width, 1)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x):
        s = self.expand(self.act(self.reduce(x.mean((2, 3), keepdim=True))))
        return x * s.sigmoid()


class Inverted(nn.Module):
    def __init__(self, inside, widen, out, stride, fused):
        super().__init__()
        width = inside * widen
        self.a = conv_bn(inside, width, 3 if fused else 1, stride if fused else 1, act=nn.SiLU)
        self.b = nn.Identity() if fused else nn.Sequential(
            conv_bn(width, width, 3, stride, width, nn.SiLU), Gate(width, inside // 4))
        self.c = conv_bn(width, out, 1)
        self.shortcut = stride == 1 and inside == out

    def forward(self, x):
        y = self.c(self.b(self.a(x)))
        return y + x if self.shortcut else y


def resnet18():
    body = [conv_bn(3, 64, 7, 2, act=nn.ReLU), nn.MaxPool2d(3, 2, 1)]
    for i in range(8):
        body.append(Basic(32 << (i + 1) // 2 if i % 2 == 0 and i else 64 << i // 2, 64 << i // 2,
                          2 if i % 2 == 0 and i else 1))
    return body, 512


def efficientnetv2_s():
    """timm's efficientnetv2_rw_s."""
    body, inside = [conv_bn(3, 24, 3, 2, act=nn.SiLU)], 24
    for blocks, widen, out, stride, fused in ((2, 1, 24, 1, True), (4, 4, 48, 2, True), (4, 4, 64, 2, True),
                                              (6, 4, 128, 2, False), (9, 6, 160, 1, False),
                                              (15, 6, 272, 2, False)):
        for i in range(blocks):
            body.append(Inverted(inside, widen, out, 1 if i else stride, fused))
            inside = out
    return body + [conv_bn(272, 1792, 1, act=nn.SiLU)], 1792


class Hoam(nn.Module):
    """HOAMV2 on rw_s as published: every pixel through all of attention, and whole maps fused."""

    def __init__(self, width=1280, dim=512):
        super().__init__()
        body, _ = efficientnetv2_s()
        body = body[:-1]
        self.low, self.high = nn.Sequential(*body[:-15]), nn.Sequential(*body[-15:])
        self.local, self.whole = conv_bn(160, width, 1, act=nn.SiLU), conv_bn(272, width, 1, act=nn.SiLU)
        self.local[1].eps = self.whole[1].eps = 0.001
        self.edge = conv_bn(width, width, 3, groups=width)
        self.attention = nn.MultiheadAttention(width, 8)
        self.projector = nn.Linear(2 * width, width)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * width, dim),
                                  nn.Linear(dim, dim), nn.BatchNorm1d(dim))

    def forward(self, x):
        low = self.low(x)
        whole = self.whole(self.high(low))
        low = self.edge(self.local(low))
        n, c, h, w = low.shape
        rows = low.reshape(n, c, h * w).permute(2, 0, 1)
        rows = self.attention(rows, rows, rows, need_weights=False)[0]
        low = rows.permute(1, 2, 0).reshape(n, c, h, w)
        whole = torch.cat([nn.functional.adaptive_avg_pool2d(whole, 1),
                           nn.functional.adaptive_max_pool2d(whole, 1)], 1).flatten(1)
        whole = self.projector(whole)
        unit = whole / (whole.norm(dim=1, keepdim=True) + 1e-6)
        along = torch.bmm(unit.unsqueeze(1), low.flatten(2))
        right = low - torch.bmm(unit.unsqueeze(2), along).view(n, c, h, w)
        return self.head(torch.cat([whole[:, :, None, None].expand(n, c, h, w), right], 1))


def head_epoch(batch, precision, last):
    body, _ = resnet18()
    body = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    head = nn.Sequential(nn.Dropout(0.3), nn.Linear(512, 256), nn.ReLU(), nn.Dropout(0.15), nn.Linear(256, 6))
    x, labels = torch.rand(batch, 3, 224, 224) * 2 - 1, torch.arange(batch) * 37 % 6
    if last:
        body, x = (t.to(memory_format=torch.channels_last) for t in (body, x))
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-3)

    def epoch():
        for _ in range(14):
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                features = body(x)
            loss = nn.functional.cross_entropy(head(features.float()), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return loss

    return epoch


def network_step(name, batch, precision, last):
    x, classes = torch.rand(batch, 3, 224, 224) * 2 - 1, 512 if name == "hoamv2" else 1000
    if name == "hoamv2":
        model = Hoam().train()
    else:
        body, width = {"resnet18": resnet18, "efficientnetv2-s": efficientnetv2_s}[name]()
        model = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes)).train()
    labels = torch.arange(batch) * 37 % classes
    if last:
        model, x = (t.to(memory_format=torch.channels_last) for t in (model, x))
    if name == "hoamv2":
        optimiser = torch.optim.AdamW(model.parameters(), lr=3e-4)
    else:
        optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            logits = model(x)
        loss = nn.functional.cross_entropy(logits.float(), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    return step


def main():
    name, batch, precision, threads = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    last = "channels_last" in sys.argv
    step = (head_epoch(batch, precision, last) if name == "head" else
            network_step(name, batch, precision, last))
    print("ready", flush=True)
    for line in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(int(line)):
            loss = step()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{cpu:.6f} {wall:.6f} {peak:.1f} {float(loss.detach()):.6f}", flush=True)


main()
