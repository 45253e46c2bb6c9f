"""Trains the default encoder from scratch: one classification over the classes of all sets.

The loss is cross-entropy over the cosine between the vector and one learned direction a class (so
that neighbours by cosine mean something), plus half of a plain classification on the last stage
alone, which keeps that stage from leaving the work to the others. Weights are averaged over time; the
average is what is stored. The picture size grows during a run: most is learned cheaply at 48 pixels.

A run is scheduled by --steps, or by the clock with --minutes (then it says how many steps it made). A
run may start from an earlier one (--init); classes known to both keep their directions.
"""

import argparse
import copy
import math
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import data as sets
import evaluate
import model as ay
from augment import Augment

MODEL = {
    "widths": [32, 64, 160, 320],
    "depths": [1, 2, 2, 2],
    "pool_average": [1, 2, 3, 4],
    "pool_max": [3, 4],
    "dim": 256,
}
MEAN, STD = 0.5, 0.25


class Classes(nn.Module):
    """The two classifiers that exist while training only."""

    def __init__(self, dim, last, count):
        super().__init__()
        self.norm = nn.BatchNorm1d(dim)
        self.direction = nn.Parameter(torch.randn(count, dim) * 0.05)
        self.scale = nn.Parameter(torch.tensor(3.0))
        self.plain = nn.Linear(last, count)

    def forward(self, vector, last):
        cosine = F.linear(F.normalize(self.norm(vector), dim=1), F.normalize(self.direction, dim=1))
        return cosine * self.scale.exp(), self.plain(last)


class Trainee(nn.Module):
    """The encoder, a normalisation of the pooled values (folded into the head later), the classifiers."""

    def __init__(self, count):
        super().__init__()
        self.network = ay.Encoder(MODEL)
        self.pooled = nn.BatchNorm1d(self.network.pooled, affine=False)
        self.classes = Classes(MODEL["dim"], MODEL["widths"][3], count)
        self.last = sum(MODEL["widths"][:3])

    def forward(self, x):
        pooled = self.network.pool(x)
        vector = self.network.head(self.pooled(pooled))
        return self.classes(vector, pooled[:, self.last : self.last + MODEL["widths"][3]])


def start_from(trainee, names, path):
    """Copies an earlier run; directions of classes that both know move to their new places.

    A folder stands for weights that shipped: their classifiers are gone and start new.
    """
    if pathlib.Path(path).is_dir():
        state = {k: v for k, v in ay.load(path)[0].state_dict().items() if not k.startswith("head.")}
        trainee.network.load_state_dict(state, strict=False)
        return
    stored = torch.load(path)
    state, known = stored["trainee"], {name: i for i, name in enumerate(stored["names"])}
    pairs = [(i, known[name]) for i, name in enumerate(names) if name in known]
    here, there = [i for i, _ in pairs], [j for _, j in pairs]
    own = trainee.state_dict()
    for name in ("classes.direction", "classes.plain.weight", "classes.plain.bias"):
        own[name][here] = state.pop(name)[there]
    trainee.load_state_dict({**own, **state})


def yardstick(trainee, folder, size):
    """5-NN accuracy of the normalised pooled values and of the trained head, or nothing without a folder."""
    if not folder:
        return ""
    steps = {"size": size, "fit": "letterbox", "filter": "bicubic", "mean": [MEAN] * 3, "std": [STD] * 3}
    words = []
    for name in evaluate.YARDSTICKS:
        pictures, labels, _ = evaluate.load_folder(f"{folder}/{name}")
        batch = torch.from_numpy(np.stack([ay.preprocess(picture, steps) for picture in pictures]))
        with torch.no_grad():
            pooled = torch.cat([trainee.pooled(trainee.network.pool(part)) for part in batch.split(64)])
            vector = trainee.network.head(pooled)
        scores = [evaluate.knn_accuracy(v.numpy(), labels)[0] for v in (pooled, vector)]
        words.append(f"{name}: pooled {scores[0]:.3f} head {scores[1]:.3f}")
    return "  ".join(words)


def optimiser(trainee, options):
    """SGD with Nesterov momentum; no decay on biases, norms and the scale."""
    parameters = list(trainee.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": options.decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=options.lr, momentum=0.9, nesterov=True)


def rate(share, options):
    """Learning rate after this share of the run: a short rise, then a cosine down to lr * end."""
    if share < options.warm:
        return options.lr * share / options.warm
    fall = (share - options.warm) / (1 - options.warm)
    return options.lr * (options.end + (1 - options.end) * 0.5 * (1 + math.cos(math.pi * fall)))


def loss_of(outputs, target, second, share):
    total = 0
    for weight, logits in zip((1.0, 0.5), outputs):
        one = share * F.cross_entropy(logits, target, label_smoothing=0.05)
        if share < 1:
            one = one + (1 - share) * F.cross_entropy(logits, second, label_smoothing=0.05)
        total = total + weight * one
    return total


@torch.no_grad()
def follow(average, trainee, step):
    """Moves the average of the weights towards the present ones; counts are copied."""
    decay = min(0.998, (1 + step) / (20 + step))
    for a, b in zip(average.state_dict().values(), trainee.state_dict().values()):
        a.lerp_(b, 1 - decay) if a.is_floating_point() else a.copy_(b)


def train(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    data = sets.load_sets(options.sets.split(","), options.packs, options.work)
    sampler, augment = sets.Sampler(data, options.seed), Augment(options.seed)
    print(f"{len(sampler.target)} pictures, {len(sampler.names)} classes, {device}", flush=True)
    trainee = Trainee(len(sampler.names))
    if options.init:
        start_from(trainee, sampler.names, options.init)
    trainee.to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(trainee).eval()
    descent, parameters = optimiser(trainee, options), list(trainee.parameters())
    started = reported = time.time()
    step, losses = 0, []
    trainee.train()
    while True:
        share = step / options.steps if options.steps else (time.time() - started) / (60 * options.minutes)
        if share >= 1:
            break
        for group in descent.param_groups:
            group["lr"] = rate(share, options)
        size = round((options.size0 + (options.size1 - options.size0) * share) / 8) * 8
        at = sampler.batch(options.batch)
        parts = (data["x"], data["aspect"], sampler.any_turn, sampler.on_white)
        x = (augment(*(torch.from_numpy(part[at]) for part in parts), size) - MEAN) / STD
        target, second, kept = torch.from_numpy(sampler.target[at]), None, 1.0
        if sampler.rng.random() < options.mix:
            x, second, kept = augment.mix(x, target)
            second = second.to(device)
        x = x.to(device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device, torch.bfloat16, enabled=options.bf16):
            outputs = trainee(x)
        loss = loss_of([logits.float() for logits in outputs], target.to(device), second, kept)
        descent.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 5.0)
        descent.step()
        follow(average, trainee, step)
        step += 1
        losses.append(loss.item())
        if time.time() - reported > options.report:
            reported = time.time()
            minutes = (reported - started) / 60
            print(
                f"{minutes:.1f} min, step {step}, {size} px, {step * options.batch / minutes / 60:.0f} pictures/s, "
                f"loss {np.mean(losses[-200:]):.3f}  {yardstick(average, options.yardstick, 96)}",
                flush=True,
            )
            save(average, sampler.names, step, options)
    save(average, sampler.names, step, options)
    print(f"end: {step} steps, loss {np.mean(losses[-200:]):.3f}  {yardstick(average, options.yardstick, 128)}", flush=True)


def save(average, names, step, options):
    record = {"trainee": average.state_dict(), "names": [str(name) for name in names], "steps": step, "options": vars(options)}
    torch.save(record, options.out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packs", nargs="+", required=True, help="folders of the packs (NAME.tar.zst or unpacked)")
    parser.add_argument("--work", required=True, help="folder for the decoded and drawn pictures")
    parser.add_argument("--out", required=True, help="checkpoint to write")
    parser.add_argument("--init", help="checkpoint, or model folder, to start from; none: from scratch")
    parser.add_argument("--sets", default="free,texture,fractal,thing,device", help="sets, comma between")
    parser.add_argument("--steps", type=int, default=0, help="length by count")
    parser.add_argument("--minutes", type=float, default=60, help="length by the clock, when --steps is 0")
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--size0", type=int, default=48, help="picture size at the start of the run")
    parser.add_argument("--size1", type=int, default=64, help="and at its end")
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--end", type=float, default=0.02, help="last rate, as a share of --lr")
    parser.add_argument("--warm", type=float, default=0.02, help="share of the run in which the rate rises")
    parser.add_argument("--decay", type=float, default=5e-5)
    parser.add_argument("--mix", type=float, default=0.3, help="share of the batches that are mixed")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where that is safe")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--report", type=float, default=300, help="seconds between reports and checkpoints")
    parser.add_argument("--yardstick", help="folder of ewaste/ and neu-det/ to report on (never trained on)")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
