#!/usr/bin/env python3
"""How much doubt to mix into temperature scaling: the comparison behind train/calibrate.h.

    build/release/bench/unknown --save build/features NEU_DET EWASTE     (writes .vec files)
    bench/temperature_choices.py build/features-0.vec                    (needs numpy, scipy, scikit-learn)

Heads of three strengths on ResNet18 features, 70/15/15 split, ten seeds; T fitted on validation with e = doubt /
(n + 2).  Printed: ECE and log loss on test, mean T.
"""
import sys

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression


def loss(z, y, beta, e):
    z = z * beta
    total = np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) + z.max(1)
    return (total - (1 - e) * z[np.arange(len(y)), y] - e * z.mean(1)).mean()


def ece(z, y, beta):
    p = np.exp(z * beta - (z * beta).max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    sure, right, total = p.max(1), p.argmax(1) == y, 0
    for lo in np.arange(10) / 10:
        m = (sure > lo) & (sure <= lo + .1)
        total += abs(right[m].mean() - sure[m].mean()) * m.mean() if m.any() else 0
    return total


def main():
    raw = open(sys.argv[1], "rb").read()
    n, dim, _ = np.frombuffer(raw[:12], "<i4")
    y = np.frombuffer(raw[12:12 + 4 * n], "<i4")
    f = np.frombuffer(raw[12 + 4 * n:], "<f4").reshape(n, dim).astype(float)
    for strength in (.001, .02, 1):
        table = {}
        for seed in range(10):
            order = np.random.RandomState(seed).permutation(n)
            a, v, t = np.split(order, [n * 70 // 100, n * 85 // 100])
            mean, scale = f[a].mean(0), f[a].std(0).mean()
            head = LogisticRegression(max_iter=200, C=strength).fit((f[a] - mean) / scale, y[a])
            zv, zt = (head.decision_function((f[k] - mean) / scale) for k in (v, t))
            for doubt in (0, .05, .1, .25, .5, 1):
                beta = minimize_scalar(lambda b: loss(zv, y[v], b, doubt / (len(v) + 2)), bounds=(.05, 20),
                                       method="bounded").x
                table.setdefault(doubt, []).append((ece(zt, y[t], beta), loss(zt, y[t], beta, 0), 1 / beta))
            table.setdefault("T = 1", []).append((ece(zt, y[t], 1), loss(zt, y[t], 1, 0), 1))
        print(f"head of strength {strength}: doubt, ECE, log loss, T")
        for doubt, rows in table.items():
            print("  %-6s %.4f  %.4f  %.3f" % (doubt, *np.mean(rows, 0)))


main()
