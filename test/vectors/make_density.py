"""Golden answers of HDBSCAN* by scikit-learn for src/index/density_test.c.

    python test/vectors/make_density.py > test/vectors/density.json

Rows by formula.py: each of five groups is its centre plus its spread times the numbers, then of unit
length; the last hundred rows lie all over the place.
"""
import json
import platform
import sys

import numpy as np
import sklearn
from sklearn.cluster import HDBSCAN

import formula

N, DIM, GROUPS, LOOSE = 600, 6, 5, 100
SPREADS = (0.1, 0.15, 0.2, 0.3, 0.45)


def rows():
    centres = formula.unit("centres", GROUPS * DIM).reshape(GROUPS, DIM)
    x = formula.unit("rows", N * DIM).reshape(N, DIM)
    for i in range(N - LOOSE):
        x[i] = centres[i % GROUPS] + np.float32(SPREADS[i % GROUPS]) * x[i]
    x = x.astype(np.float64)
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def fit(x, size, samples, leaves):
    return HDBSCAN(min_cluster_size=size, min_samples=samples, copy=True, cluster_selection_method="leaf" if leaves else "eom").fit(x)


def by_order(x, first, *options):
    """Where distances are equal the answer depends on the order of rows: on how many rows in or out, and strengths?"""
    outside = strengths = 0
    for seed in range(8):
        order = np.random.default_rng(seed).permutation(len(x))
        again = fit(x[order], *options)
        outside = max(outside, int(((again.labels_ < 0) != (first.labels_[order] < 0)).sum()))
        strengths = max(strengths, int((abs(again.probabilities_ - first.probabilities_[order]) > 1e-3).sum()))
    return outside, strengths


def main():
    x = rows().astype(np.float64)
    cases = []
    for size, samples, leaves in ((5, 5, False), (10, 5, False), (25, 10, False), (5, 5, True), (2, 2, False), (60, 20, False)):
        h = fit(x, size, samples, leaves)
        outside, strengths = by_order(x, h, size, samples, leaves)
        cases.append({"min_size": size, "min_samples": samples, "leaves": leaves, "labels": h.labels_.tolist(),
                      "outside_by_order": outside, "strengths_by_order": strengths,
                      "strength": [round(float(p), 5) for p in h.probabilities_]})
        print(size, samples, leaves, h.labels_.max() + 1, (h.labels_ < 0).sum(), outside, strengths, file=sys.stderr)
    print(json.dumps({"by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, Python {platform.python_version()}",
                      "n": N, "dim": DIM, "first_row": [float(v) for v in rows()[0]], "cases": cases}))


if __name__ == "__main__":
    main()
