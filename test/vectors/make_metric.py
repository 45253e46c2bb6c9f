"""Golden vectors of metric learning: losses and their gradients by PyTorch in float64, retrieval figures by
numpy and scikit-learn.

    python test/vectors/make_metric.py      (needs torch, numpy, scikit-learn)

The losses are written down here from their definitions (pytorch-metric-learning's sub-centre ArcFace, its
batch-hard miner with the triplet margin loss averaged over non-zero ones, mean squared distance to learnt
centres), so that autograd's gradients are those of formulas that anybody can read.  Numbers of the input are
rounded and stand in the file, so both sides start from the same doubles.  Checked by
src/train/metric_loss_test.c and metric_retrieval_test.c.
"""
import json
import math
import os

import numpy
import sklearn
import torch
from sklearn.metrics import silhouette_score
from torch.nn.functional import cross_entropy, mse_loss, normalize

HERE = os.path.dirname(os.path.abspath(__file__))
CLASSES, DIM, SUB, SCALE, TRIPLET, CENTER = 4, 6, 3, 30.0, 0.3, 0.01


def arc(x, y, w, sub, margin, scale):
    cosine = normalize(x) @ normalize(w, dim=0)
    cosine = cosine.view(len(x), -1, sub).max(dim=2).values
    rows = torch.arange(len(x))
    own = torch.acos(cosine[rows, y].clip(-1, 1))
    moved = torch.where(own <= math.pi - margin, torch.cos(own + margin),
                        torch.cos(own) - margin * math.sin(margin))
    logits = cosine.clone()
    logits[rows, y] = moved
    return cross_entropy(scale * logits, y)


def triplet(x, y, margin):
    z = normalize(x)
    d = (z[:, None] - z[None]).pow(2).sum(2).clamp_min(1e-30).sqrt()
    same = y[:, None] == y[None]
    itself = torch.eye(len(x), dtype=torch.bool)
    terms = []
    for a in range(len(x)):
        positives = torch.nonzero(same[a] & ~itself[a]).flatten()
        negatives = torch.nonzero(~same[a]).flatten()
        if len(positives) and len(negatives):
            terms.append(torch.relu(d[a, positives].max() - d[a, negatives].min() + margin))
    terms = torch.stack(terms) if terms else torch.zeros(0, dtype=x.dtype)
    active = terms[terms > 0]
    return active.mean() if len(active) else (x * 0).sum()


def center(x, y, centers):
    return mse_loss(normalize(x), centers[y])


def numbers(rng, *shape):
    return numpy.round(rng.standard_normal(shape), 4)


def loss_cases():
    rng = numpy.random.default_rng(3)
    y = [0, 0, 0, 1, 1, 2, 2, 3, 1]  # class 3 has one: no positive
    x, w = numbers(rng, len(y), DIM), numbers(rng, DIM, CLASSES * SUB)
    plain, centers = numbers(rng, DIM, CLASSES), numbers(rng, CLASSES, DIM)
    cases = [("hybrid_margin", 0.4, "radians"), ("hybrid_margin", 0.4, "degrees"),
             ("hybrid_margin", 28.6, "degrees"), ("subcenter_arcface", 2.2, "radians"),
             ("arcface", 0.5, "radians"), ("triplet", 0.4, "radians"), ("center", 0.4, "radians")]
    made = []
    for name, margin, unit in cases:
        m = math.radians(margin) if unit == "degrees" else margin
        t = {"x": x, "w": plain if name == "arcface" else w, "centers": centers}
        t = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in t.items()}
        labels = torch.tensor(y)
        zero = (t["x"] * 0).sum()
        parts = {"arc": zero, "triplet": zero, "center": zero}
        if name in ("hybrid_margin", "subcenter_arcface", "arcface"):
            parts["arc"] = arc(t["x"], labels, t["w"], 1 if name == "arcface" else SUB, m, SCALE)
        if name in ("hybrid_margin", "triplet"):
            parts["triplet"] = triplet(t["x"], labels, TRIPLET)
        if name in ("hybrid_margin", "center"):
            parts["center"] = center(t["x"], labels, t["centers"])
        by = CENTER if name == "hybrid_margin" else 1.0
        loss = parts["arc"] + parts["triplet"] + by * parts["center"]
        loss.backward()
        made.append({"loss": name, "margin": margin, "unit": unit, "value": loss.item(),
                     "parts": {k: v.item() for k, v in parts.items()},
                     "diff": {k: v.grad.flatten().tolist() for k, v in t.items() if v.grad is not None}})
    return {"classes": CLASSES, "dim": DIM, "sub": SUB, "scale": SCALE, "triplet_margin": TRIPLET,
            "center_weight": CENTER, "labels": y, "x": x.flatten().tolist(), "w": w.flatten().tolist(),
            "plain": plain.flatten().tolist(), "centers": centers.flatten().tolist(), "cases": made}


def retrieval(vectors, labels):
    z = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = z @ z.T
    numpy.fill_diagonal(cosine, -numpy.inf)
    figures = []
    for i, label in enumerate(labels):
        order = numpy.argsort(-cosine[i], kind="stable")[:-1]
        hit = labels[order] == label
        r = hit.sum()
        if r == 0:
            continue
        precision = numpy.cumsum(hit) / numpy.arange(1, len(hit) + 1)
        first = int(numpy.argmax(hit)) + 1
        figures.append([float(hit[0]), (precision * hit)[:r].sum() / r,
                        (precision * hit)[:10].sum() / min(r, 10), 1 / first,
                        1 / first if first <= 10 else 0.0])
    mean = numpy.mean(figures, axis=0)
    return {"queries": len(figures), "precision_at_1": mean[0], "map_at_r": mean[1], "map_at_10": mean[2],
            "mrr": mean[3], "mrr_10": mean[4],
            "silhouette": float(silhouette_score(vectors, labels, metric="cosine"))}


def retrieval_cases():
    rng = numpy.random.default_rng(5)
    made = []
    for n, classes, spread in ((60, 5, 0.5), (90, 3, 3.0), (41, 20, 1.0)):
        labels = numpy.concatenate([[classes], rng.integers(0, classes, n - 1)])  # the first one is alone
        vectors = numbers(rng, classes + 1, 8)[labels] + spread * numbers(rng, n, 8)
        vectors = numpy.round(vectors, 3).astype(numpy.float32)
        made.append({"n": n, "dim": 8, "classes": classes + 1, "labels": labels.tolist(),
                     "vectors": [round(float(v), 3) for v in vectors.flatten()],
                     **retrieval(vectors.astype(numpy.float64), labels)})
    return made


if __name__ == "__main__":
    with open(os.path.join(HERE, "metric.json"), "w") as f:
        json.dump({"made_with": {"torch": torch.__version__, "numpy": numpy.__version__,
                                 "scikit-learn": sklearn.__version__},
                   "losses": loss_cases(), "retrieval": retrieval_cases()}, f)
        f.write("\n")
