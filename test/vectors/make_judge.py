#!/usr/bin/env python3
"""Known answers for metrics, calibration, bootstrap and unknown detectors -> judge.json.

Made with numpy 2, scipy and scikit-learn:  python3 test/vectors/make_judge.py > test/vectors/judge.json
Inputs are float32, stored as base64 of little-endian bytes, so that both sides start from the same bits.
"""
import base64
import json

import numpy as np
import scipy.optimize as so
from sklearn.covariance import ledoit_wolf
from sklearn.metrics import (confusion_matrix, log_loss, precision_recall_fscore_support, roc_auc_score,
                             top_k_accuracy_score)
from sklearn.neighbors import NearestNeighbors

MASK = (1 << 64) - 1


class Rng:
    """xoshiro256** as src/base/rng.c seeds and uses it (the algorithm is Blackman and Vigna's)."""

    def __init__(self, seed, a, b):
        x, seed = self.split(seed)
        x ^= a
        x, _ = self.split(x)
        x ^= b
        x, _ = self.split(x)
        self.s = []
        for _ in range(4):
            v, x = self.split(x)
            self.s.append(v)

    @staticmethod
    def split(x):
        x = (x + 0x9E3779B97F4A7C15) & MASK
        z = x
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31), x

    def u64(self):
        rotl = lambda v, k: ((v << k) | (v >> (64 - k))) & MASK
        s = self.s
        out = (rotl((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return out

    def below(self, n):
        least = (1 << 32) % n
        while True:
            m = (self.u64() >> 32) * n
            if (m & 0xFFFFFFFF) >= least:
                return m >> 32


def b64(a):
    return base64.b64encode(np.ascontiguousarray(a, "<f4").tobytes()).decode()


def softmax(z, t=1.0):
    z = z.astype(np.float64) / t
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def calibration(conf, right, bins=10):
    edges = np.linspace(0, 1, bins + 1)
    ece = mce = 0.0
    for lo, hi in zip(edges[:-1], edges[1:]):
        m = (conf > lo) & (conf <= hi)
        if m.any():
            gap = abs(right[m].mean() - conf[m].mean())
            ece += gap * m.mean()
            mce = max(mce, gap)
    return ece, mce


def figures(y, g, conf, classes, threshold):
    p, r, f, s = precision_recall_fscore_support(y, g, labels=range(classes), zero_division=0)
    wp, wr, wf, _ = precision_recall_fscore_support(y, g, labels=range(classes), average="weighted",
                                                    zero_division=0)
    mp, mr, mf, _ = precision_recall_fscore_support(y, g, labels=range(classes), average="macro", zero_division=0)
    acc = conf >= threshold
    ece, mce = calibration(conf, y == g)
    return dict(precision=p.tolist(), recall=r.tolist(), f1=f.tolist(), support=s.tolist(), macro_precision=mp,
                macro_recall=mr, macro_f1=mf, weighted_precision=wp, weighted_recall=wr, weighted_f1=wf,
                accuracy=float((y == g).mean()), rejection_rate=float(1 - acc.mean()),
                high_confidence_accuracy=float((y == g)[acc].mean()) if acc.any() else 0.0,
                expected_calibration_error=ece, max_calibration_error=mce)


def metrics_case(name, p, y, classes, k, threshold, bootstrap):
    p = p.astype(np.float32)
    pd = p.astype(np.float64)
    g, conf, n = pd.argmax(1), pd.max(1), len(y)
    d = figures(y, g, conf, classes, threshold)
    order = np.argsort(-pd, axis=1, kind="stable")
    d["top_k_accuracy"] = float((order[:, :k] == y[:, None]).any(1).mean())
    if classes > 2 and name != "ties":
        assert abs(d["top_k_accuracy"] - top_k_accuracy_score(y, pd, k=k, labels=range(classes))) < 1e-12
    d["confusion"] = confusion_matrix(y, g, labels=range(classes)).tolist()
    d["brier"] = float(((pd - np.eye(classes)[y])**2).sum(1).mean())
    d["log_loss"] = float(-np.log(np.clip(pd[np.arange(n), y], 1e-12, None)).mean())
    risk = np.empty(n)
    o = np.argsort(-conf, kind="stable")
    for i in range(n):
        risk[i] = (y != g)[conf >= conf[o[i]]].mean()
    d["risk_area"] = float(risk.mean())
    d["risk"] = risk[:: max(1, n // 20)].tolist()
    if bootstrap:
        draws = []
        for r in range(bootstrap):
            rng = Rng(7, r, 0)
            i = np.array([rng.below(n) for _ in range(n)])
            f = figures(y[i], g[i], conf[i], classes, threshold)
            draws.append([f["macro_f1"], f["weighted_f1"], f["expected_calibration_error"],
                          f["high_confidence_accuracy"]])
        q = np.quantile(np.array(draws), [0.025, 0.975], axis=0)
        d["intervals"] = dict(zip(["macro_f1", "weighted_f1", "ece", "confident"], q.T.tolist()))
        d["resamples"] = bootstrap
    d.update(name=name, n=n, classes=classes, k=k, threshold=threshold, probabilities=b64(p), labels=y.tolist())
    return d


def temperature_case(z, y):
    z = z.astype(np.float32)

    def nll(beta, even):
        zd = z.astype(np.float64) * beta
        lse = np.log(np.exp(zd - zd.max(1, keepdims=True)).sum(1)) + zd.max(1)
        return float((lse - (1 - even) * zd[np.arange(len(y)), y] - even * zd.mean(1)).mean())

    out = dict(logits=b64(z), labels=y.tolist(), n=len(y), classes=z.shape[1])
    for key, even in (("plain", 0.0), ("smooth", 0.25 / (len(y) + 2))):
        r = so.minimize_scalar(lambda b: nll(b, even), bounds=(1 / 20, 20), method="bounded",
                               options=dict(xatol=1e-12))
        out[key] = 1 / r.x
        out[key + "_after"] = nll(r.x, 0)
    out["before"] = nll(1.0, 0)
    return out


def unknown_case(rng, classes=4, dim=24):
    centres = rng.normal(size=(classes, dim)) * 1.5
    mix = rng.normal(size=(dim, dim)) * 0.35 + np.eye(dim)

    def draw(n, far=0.0):
        y = rng.integers(0, classes, n)
        f = centres[y] + rng.normal(size=(n, dim)) @ mix + far * rng.normal(size=dim)
        z = f @ centres.T / 4 + rng.normal(size=(n, classes)) * 0.3
        return f.astype(np.float32), z.astype(np.float32), y

    (ft, _, yt), (fv, zv, _), (fk, zk, _), (fu, zu, _) = draw(70), draw(50), draw(20), draw(20, 2.5)
    t, k, rate = 1.7, 2, 0.05
    unit = lambda f: f.astype(np.float64) / np.linalg.norm(f.astype(np.float64), axis=1, keepdims=True)
    u = unit(ft)
    means = np.stack([u[yt == c].mean(0) for c in range(classes)])
    cov, shrinkage = ledoit_wolf(u - means[yt], assume_centered=True)
    precision = np.linalg.inv(cov)
    near = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(u)

    def scores(f, z):
        p, g, z = softmax(z, t), unit(f), z.astype(np.float64)
        d = np.stack([np.einsum("nd,de,ne->n", g - m, precision, g - m) for m in means], 1).min(1)
        return np.stack([1 - p.max(1), -(p * np.log(np.clip(p, 1e-300, None))).sum(1),
                         -np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) - z.max(1), d,
                         near.kneighbors(g)[0][:, -1]])

    v, kn, un = scores(fv, zv), scores(fk, zk), scores(fu, zu)
    mean, spread = v.mean(1), v.std(1)
    combined = lambda s: ((s - mean[:, None]) / spread[:, None])[[2, 3, 4]].mean(0)
    m = min(int(np.ceil((v.shape[1] + 1) * (1 - rate))), v.shape[1])
    threshold = np.sort(np.vstack([v, combined(v)]), axis=1)[:, m - 1]
    votes = lambda s: (s > threshold[:5, None]).sum(0)
    full = lambda s: np.vstack([s, combined(s), votes(s)])
    kn, un = full(kn), full(un)
    auroc = [roc_auc_score(np.r_[np.zeros(20), np.ones(20)], np.r_[a, b]) for a, b in zip(kn, un)]
    return dict(classes=classes, dim=dim, temperature=t, neighbours=k, false_alarm=rate, shrinkage=shrinkage,
                train_features=b64(ft), train_labels=yt.tolist(), val_features=b64(fv), val_logits=b64(zv),
                known_features=b64(fk), known_logits=b64(zk), unknown_features=b64(fu), unknown_logits=b64(zu),
                threshold=threshold.tolist(), vote_threshold=float(np.sort(votes(v))[m - 1] + 0.5),
                known=kn.tolist(), unknown=un.tolist(), auroc=auroc)


def main():
    rng = np.random.default_rng(2026)
    y = rng.integers(0, 6, 120)
    six = metrics_case("six", softmax(rng.normal(size=(120, 6)) * 1.5 + 2 * np.eye(6)[y]), y, 6, 3, 0.7, 60)
    y = rng.integers(0, 3, 40)
    y[y == 2] = 1  # class 2 has no pictures; class 3 is neither there nor guessed
    p = np.round(softmax(rng.normal(size=(40, 4)) * 2 + np.array([0, 0, 0, -9])), 1)
    p[:, 0] = np.round(1 - p[:, 1:].sum(1), 1)
    ties = metrics_case("ties", np.clip(p, 0, 1), y, 4, 2, 0.5, 0)
    y = rng.integers(0, 50, 130)
    fifty = metrics_case("fifty", softmax(rng.normal(size=(130, 50)) * 1.2 + 4 * np.eye(50)[y]), y, 50, 5, 0.9, 0)
    y = rng.integers(0, 5, 80)
    sure = temperature_case(rng.normal(size=(80, 5)) * 4 + 3 * np.eye(5)[y], y)
    shy = temperature_case(0.2 * (rng.normal(size=(80, 5)) + 3 * np.eye(5)[y]), y)
    perfect = temperature_case(5 * np.eye(5)[y] + 0.1 * rng.normal(size=(80, 5)), y)
    json.dump(dict(metrics=[six, ties, fifty], temperature=[sure, shy, perfect], unknown=unknown_case(rng)),
              __import__("sys").stdout, indent=None, separators=(",", ":"))
    print()


main()
