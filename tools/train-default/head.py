"""Joins the head that training made with one fitted to the pooled values, and keeps 256 directions of both.

The trained head tells the training classes apart. Neighbours among classes never seen gain from a second one that mutes
what varies inside classes (light, pose, background, wear) and evens out the rest:

    z = S^-1/2 x          S = covariance inside the classes + shrink * its mean variance * identity
    y = principal components of z, each divided by variance^power

Both are scaled to vectors of length 1 on average and laid side by side; the main directions of that (about the origin, so
that cosines stay) are the head that ships: still one linear layer. Everything comes from training pictures, without
augmentation, at the size of use.
"""

import argparse

import numpy as np
import torch
from torch.nn import functional as F

import data as sets
import train

# Most pictures of a class that are used, by set: classes that vary as scanned things do count most.
MOST = {"drawn": 12, "device": 16, "caltech101": 8, "grocery_store": 5, "clothing_cc0": 16, "texture": 3, "thing": 3}


def choose(data, seed):
    """Places of the pictures to fit on, in storage order."""
    rng, at = np.random.default_rng(seed), []
    for group, most in MOST.items():
        here = np.where(data["group"] == group)[0]
        for label in np.unique(data["label"][here]):
            at += list(rng.permutation(here[data["label"][here] == label])[:most])
    return np.sort(np.array(at))


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


def within_class(values, labels):
    """Covariance around the class means, corrected for the size of each class."""
    _, index = np.unique(labels, return_inverse=True)
    count = np.bincount(index)
    means = np.zeros((len(count), values.shape[1]))
    np.add.at(means, index, values)
    means /= count[:, None]
    rest = (values - means[index]) * np.sqrt(count / np.maximum(count - 1, 1))[index][:, None]
    return rest.T @ rest / len(values)


def fit(values, labels, dim, shrink, power):
    """(weight [dim, pooled], bias [dim]) of the head described above."""
    inside = within_class(values, labels)
    inside += shrink * np.trace(inside) / len(inside) * np.eye(len(inside))
    size, axes = np.linalg.eigh(inside)
    whiten = axes * size**-0.5 @ axes.T
    values = values @ whiten
    mean = values.mean(0)
    variance, axes = np.linalg.eigh(np.cov((values - mean).T))
    order = np.argsort(variance)[::-1][:dim]
    weight = (axes[:, order] * variance[order] ** -power).T
    return weight @ whiten, -weight @ mean


def join(first, second, values, dim):
    """One (weight [dim, pooled], bias [dim]) of two heads of equal say: the dim main directions of both together."""
    weights, biases = [], []
    for weight, bias in (first, second):
        scale = np.sqrt(((values @ weight.T + bias) ** 2).sum(1)).mean()
        weights.append(weight / scale)
        biases.append(bias / scale)
    weight, bias = np.concatenate(weights), np.concatenate(biases)
    both = values @ weight.T + bias
    size, axes = np.linalg.eigh(both.T @ both / len(both))
    turn = axes[:, np.argsort(size)[::-1][:dim]].T
    return turn @ weight, turn @ bias


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packs", nargs="+", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--checkpoint", required=True, help="made by train.py")
    parser.add_argument("--out", required=True, help="checkpoint to write")
    parser.add_argument("--sets", default="free,texture,thing,device,drawn")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--shrink", type=float, default=0.1)
    parser.add_argument("--power", type=float, default=0.25)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    stored = torch.load(options.checkpoint)
    trainee = train.Trainee(len(stored["names"]))
    trainee.load_state_dict(stored["trainee"])
    trainee.eval().to(memory_format=torch.channels_last)
    data = sets.load_sets(options.sets.split(","), options.packs, options.work)
    at = choose(data, 3)
    values = pooled_values(trainee, data, at, options.size)
    dim, head = train.MODEL["dim"], trainee.network.head
    fitted = fit(values, data["label"][at], dim, options.shrink, options.power)
    trained = head.weight.detach().double().numpy(), head.bias.detach().double().numpy()
    weight, bias = join(trained, fitted, values, dim)
    stored["trainee"]["network.head.weight"] = torch.from_numpy(weight).float()
    stored["trainee"]["network.head.bias"] = torch.from_numpy(bias).float()
    torch.save(stored, options.out)


if __name__ == "__main__":
    main()
