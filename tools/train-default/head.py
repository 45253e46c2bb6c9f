"""Replaces the head of a checkpoint by partial whitening of its pooled values.

The trained head is made for telling the training classes apart; neighbours among classes never seen
do better with the principal components of the (normalised) pooled values, each divided by a power of
its variance: power 0 keeps plain components, 0.5 is full whitening, which makes noise as loud as
meaning. Mean and covariance come from training pictures only, without augmentation, at the size of use.
"""

import argparse

import numpy as np
import torch
from torch.nn import functional as F

import data as sets
import train


def pooled_values(trainee, data, at, size):
    """Normalised pooled values [n, pooled] of the training pictures at these places."""
    parts = []
    with torch.no_grad():
        for chunk in np.array_split(at, len(at) // 60 + 1):
            x = torch.from_numpy(data["x"][chunk]).permute(0, 3, 1, 2).float() / 255
            x = F.interpolate((x - train.MEAN) / train.STD, size=(size, size), mode="bilinear", antialias=True)
            x = x.contiguous(memory_format=torch.channels_last)
            parts.append(trainee.pooled(trainee.network.pool(x)))
    return torch.cat(parts).double().numpy()


def whitening(values, dim, power):
    """(weight [dim, pooled], bias [dim]) of the partial whitening of these values."""
    mean = values.mean(0)
    variance, axes = np.linalg.eigh(np.cov((values - mean).T))
    order = np.argsort(variance)[::-1][:dim]
    weight = (axes[:, order] * variance[order] ** -power).T
    return weight, -weight @ mean


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packs", nargs="+", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--checkpoint", required=True, help="made by train.py")
    parser.add_argument("--out", required=True, help="checkpoint to write")
    parser.add_argument("--sets", default="free,texture,fractal,thing,device,drawn")
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--power", type=float, default=0.25)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    stored = torch.load(options.checkpoint)
    trainee = train.Trainee(len(stored["names"]))
    trainee.load_state_dict(stored["trainee"])
    trainee.eval().to(memory_format=torch.channels_last)
    data = sets.load_sets(options.sets.split(","), options.packs, options.work)
    at = sets.Sampler(data, 5).batch(options.pictures)
    values = pooled_values(trainee, data, at, options.size)
    weight, bias = whitening(values, train.MODEL["dim"], options.power)
    stored["trainee"]["network.head.weight"] = torch.from_numpy(weight).float()
    stored["trainee"]["network.head.bias"] = torch.from_numpy(bias).float()
    torch.save(stored, options.out)


if __name__ == "__main__":
    main()
