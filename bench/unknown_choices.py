#!/usr/bin/env python3
"""Which features, which neighbour, which combination: the comparison behind engine/unknown.c.

    build/release/bench/unknown --save build/features NEU_DET EWASTE     (writes .vec files)
    bench/unknown_choices.py build/features-0.vec build/features-1.vec   (needs numpy, scikit-learn)

The same four tasks as bench/unknown.c, with a logistic regression for a head.  Printed: mean and least AUROC of
ten seeds, one column a task.
"""
import sys

import numpy as np
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

COMBINED = [("energy", "unit mahalanobis", "knn 1"), ("energy", "unit mahalanobis", "knn 3"),
            ("energy", "mahalanobis", "knn 3"), ("entropy", "unit mahalanobis", "knn 1"),
            ("unit mahalanobis", "knn 1"), ("energy", "knn 1"), ("energy", "unit mahalanobis")]


def read(path):
    raw = open(path, "rb").read()
    n, dim, _ = np.frombuffer(raw[:12], "<i4")
    return np.frombuffer(raw[12:12 + 4 * n], "<i4"), np.frombuffer(raw[12 + 4 * n:], "<f4").reshape(n, dim)


def unit(f):
    return f / np.linalg.norm(f, axis=1, keepdims=True)


def mahalanobis(train, labels, parts):
    means = np.stack([train[labels == c].mean(0) for c in np.unique(labels)])
    precision = np.linalg.inv(ledoit_wolf(train - means[labels], assume_centered=True)[0])
    return [np.stack([((p - m) @ precision * (p - m)).sum(1) for m in means], 1).min(1) for p in parts]


def scores(train, labels, parts):
    mean, scale = train.mean(0), train.std(0).mean()
    head = LogisticRegression(max_iter=300, C=.05).fit((train - mean) / scale, labels)
    raw = mahalanobis(train, labels, parts)
    turned = mahalanobis(unit(train), labels, [unit(p) for p in parts])
    out = []
    for p, a, b in zip(parts, raw, turned):
        z = head.decision_function((p - mean) / scale)
        e = np.exp(z - z.max(1, keepdims=True))
        q = e / e.sum(1, keepdims=True)
        near = np.sort(1 - unit(p) @ unit(train).T, axis=1)
        row = {"max_softmax": 1 - q.max(1), "entropy": -(q * np.log(q + 1e-12)).sum(1),
               "energy": -np.log(e.sum(1)) - z.max(1), "mahalanobis": a, "unit mahalanobis": b}
        row.update({f"knn {k}": near[:, k - 1] for k in (1, 3, 5, 10)})
        out.append(row)
    return out


def combine(validation, rows):
    for names in COMBINED:
        for row in rows:
            z = np.stack([(row[n] - validation[n].mean()) / validation[n].std() for n in names])
            row["mean of " + " + ".join(names)] = z.mean(0)
            row["largest of " + " + ".join(names)] = z.max(0)


def task(known, labels, strange, seed, table):
    order = np.random.RandomState(seed).permutation(len(labels))
    a, b = len(order) // 2, len(order) * 7 // 10
    parts = [known[order[a:b]], known[order[b:]], strange]
    validation, test, other = scores(known[order[:a]], labels[order[:a]], parts)
    combine(dict(validation), [test, other])
    for name in test:
        y = np.r_[np.zeros(len(test[name])), np.ones(len(other[name]))]
        table.setdefault(name, []).append(roc_auc_score(y, np.r_[test[name], other[name]]))


def kept_out(labels, features, seed, table):
    keep = np.random.RandomState(seed).permutation(labels.max() + 1)[2:]
    inside = np.isin(labels, keep)
    number = {c: i for i, c in enumerate(keep)}
    task(features[inside], np.array([number[c] for c in labels[inside]]), features[~inside], seed, table)


def main():
    (la, a), (lb, b) = read(sys.argv[1]), read(sys.argv[2])
    tables = [{}, {}, {}, {}]
    for seed in range(10):
        task(a, la, b, seed, tables[0])
        task(b, lb, a, seed, tables[1])
        kept_out(la, a, seed, tables[2])
        kept_out(lb, b, seed, tables[3])
    print("| score | first known | second known | two of the first kept out | two of the second |\n|---|---|---|---|---|")
    for name in sorted(tables[0], key=lambda n: -np.mean([np.mean(t[n]) for t in tables])):
        print(f"| {name} | " + " | ".join(f"{np.mean(t[name]):.3f} ({np.min(t[name]):.3f})" for t in tables) + " |")


main()
