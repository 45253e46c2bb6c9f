#!/usr/bin/env python3
"""Print the table of gelu_product_loops.c: 0.5 erfc(t / sqrt 2) in 32 pieces of 3/16 as polynomials of degree 3.

    python3 src/nn/dnnl/gelu_table.py          (needs numpy)

Piece k is around 3k/16 and a polynomial in t - 3k/16.  Coefficients: least squares on Chebyshev's nodes,
weighted again and again until the relative error is nearly even (Lawson).  The last piece is zero: there the
true value is under 4e-9.
"""
from math import erfc, sqrt

import numpy as np

PIECES, WIDTH, DEGREE, NODES = 32, 3 / 16, 3, 200


def piece(k):
    low, high = max(0, (k - 0.5) * WIDTH), (k + 0.5) * WIDTH
    t = np.cos((np.arange(NODES) + 0.5) / NODES * np.pi) * (high - low) / 2 + (high + low) / 2
    true = np.array([0.5 * erfc(x / sqrt(2)) for x in t])
    terms = np.vander(t - k * WIDTH, DEGREE + 1, increasing=True) / true[:, None]
    weight = np.ones(NODES)
    for _ in range(60):
        found = np.linalg.lstsq(terms * weight[:, None], weight, rcond=None)[0]
        error = np.abs(terms @ found - 1)
        weight *= (error / error.max() / 2 + 0.5) ** 0.5
        weight /= weight.max()
    return found


def main():
    table = np.array([piece(k) if k < PIECES - 1 else np.zeros(DEGREE + 1) for k in range(PIECES)])
    for power in range(DEGREE + 1):
        texts = [f"{np.float32(x):.9g}" for x in table[:, power]]
        texts = [t + ("f" if "." in t or "e" in t else ".0f") for t in texts]
        lines = [", ".join(texts[i:i + 6]) for i in range(0, PIECES, 6)]
        print("    {" + ",\n     ".join(lines) + "},")


main()
