"""Golden answers of HDBSCAN* for src/index/density_test.c.

    python test/vectors/make_density.py > test/vectors/density.json

What is right is the paper (Campello, Moulavi and Sander 2013): edges of one length leave the tree at once.  That is worked out here by
brute force, in float64, from all pairs of rows.  scikit-learn's answers stand beside: it removes edges of one length one by one, in the
order in which its tree found them, so the same rows in another order give other groups ("by_order": how many groups at least and
at most over eight orders, and the least agreement with its own first answer).  Where lengths do not tie the three are the same.

Rows by formula.py, of unit length:
    spread   600 x 6: five groups, each row its centre plus its spread times the numbers; the last hundred lie all over the place
    copies   260 x 16: twenty rows eight times each, then a hundred that are alone
    noise    300 x 32: no groups; in so many dimensions most edges tie, as one row's core distance decides several
    few      9 x 4
"""
import json
import platform
import sys

import numpy as np
import sklearn
from sklearn.cluster import HDBSCAN

import formula

LEAST = 1e-3  # AY_DENSITY_LEAST: what is nearer counts as that near
SPREADS = (0.1, 0.15, 0.2, 0.3, 0.45)


def rows(name):
    n, dim = {"spread": (600, 6), "copies": (260, 16), "noise": (300, 32), "few": (9, 4)}[name]
    label = "rows" if name == "spread" else name
    x = formula.unit(label, n * dim).reshape(n, dim)
    if name == "spread":
        centres = formula.unit("centres", 5 * dim).reshape(5, dim)
        for i in range(500):
            x[i] = centres[i % 5] + np.float32(SPREADS[i % 5]) * x[i]
    if name == "copies":
        x[20:160] = x[np.arange(20, 160) % 20]
    x = x.astype(np.float64)
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def hierarchy(x, samples):
    """Sets of single linkage by mutual reachability: (length, parts) each, rows are 0..n-1, set i is n + i; all edges of a length at once."""
    n = len(x)
    near = np.maximum(np.sqrt(np.maximum(0, 2 - 2 * x @ x.T)), LEAST)
    np.fill_diagonal(near, LEAST)
    core = np.sort(near, 1)[:, min(samples, n) - 1]
    near = np.maximum(near, np.maximum(core[:, None], core[None]))
    a, b = np.triu_indices(n, 1)
    length = near[a, b]
    order = np.argsort(length, kind="stable")
    up, now, sets, at = list(range(n)), list(range(n)), [], 0

    def root(i):
        while up[i] != i:
            up[i] = up[up[i]]
            i = up[i]
        return i

    while len(set(map(root, range(n)))) > 1:
        this, joined = length[order[at]], {}
        while at < len(order) and length[order[at]] == this:
            i, j = root(a[order[at]]), root(b[order[at]])
            at += 1
            if i != j:
                joined[i] = joined.pop(i, [now[i]]) + joined.pop(j, [now[j]])
                up[j] = i
        for i, parts in joined.items():
            sets.append((this, parts))
            now[i] = n + len(sets) - 1
    return sets


def paper(x, least, samples, leaves):
    n, x = len(x), x.astype(np.float64)
    sets = hierarchy(x, samples)
    size = [1] * n
    for _, parts in sets:
        size.append(sum(size[p] for p in parts))
    groups = [{"up": -1, "born": 0.0, "mass": 0.0, "last": 0.0, "below": []}]
    owner, left, todo = np.zeros(n, int), np.zeros(n), [(n + len(sets) - 1, 0)]
    while todo:
        s, g = todo.pop()
        level, large = 1 / sets[s - n][0], sum(size[p] >= least for p in sets[s - n][1])
        for p in sets[s - n][1]:
            if size[p] >= least and large == 1:
                todo.append((p, g))
                continue
            groups[g]["mass"] += (level - groups[g]["born"]) * size[p]
            groups[g]["last"] = max(groups[g]["last"], level)
            if size[p] >= least:
                groups[g]["below"].append(len(groups))
                todo.append((p, len(groups)))
                groups.append({"up": g, "born": level, "mass": 0.0, "last": 0.0, "below": []})
                continue
            out = [p]
            while out:
                i = out.pop()
                if i >= n:
                    out += sets[i - n][1]
                else:
                    owner[i], left[i] = g, level
    for g in reversed(groups[1:]):
        below = sum(groups[i]["best"] for i in g["below"])
        g["kept"] = not g["below"] or (not leaves and g["mass"] >= below)
        g["best"] = g["mass"] if g["kept"] else below
    label, count = {0: -1}, 0
    for i, g in enumerate(groups[1:], 1):
        label[i] = label[g["up"]]
        if label[i] < 0 and g["kept"]:
            label[i], g["label"], count = count, count, count + 1
    last = {g["label"]: g["last"] for g in groups if "label" in g}
    labels = [label[o] for o in owner]
    return labels, [0.0 if g < 0 else min(v, last[g]) / last[g] for g, v in zip(labels, left)]


def agreement(a, b):
    a, b = np.asarray(a), np.asarray(b)
    same = ((a < 0) & (b < 0)).sum()
    for g in set(a) - {-1}:
        inside = b[(a == g) & (b >= 0)]
        same += np.bincount(inside).max() if len(inside) else 0
    return same / len(a)


def by_scikit_learn(x, least, samples, leaves):
    x, answers = x.astype(np.float64), []
    for seed in range(8):
        order = np.random.default_rng(seed).permutation(len(x)) if seed else np.arange(len(x))
        labels = np.empty(len(x), int)
        labels[order] = HDBSCAN(min_cluster_size=least, min_samples=samples, copy=True,
                                cluster_selection_method="leaf" if leaves else "eom").fit(x[order]).labels_
        answers.append(labels)
    groups = [int(a.max()) + 1 for a in answers]
    return answers[0], [min(groups), max(groups)], min(agreement(answers[0], a) for a in answers)


def main():
    cases = []
    for name, least, samples, leaves in (
            ("spread", 5, 5, False), ("spread", 10, 5, False), ("spread", 25, 10, False), ("spread", 5, 5, True), ("spread", 2, 2, False),
            ("spread", 60, 20, False), ("copies", 5, 5, False), ("copies", 10, 3, False), ("copies", 3, 10, False), ("copies", 2, 2, True),
            ("noise", 5, 5, False), ("noise", 10, 3, False), ("noise", 3, 10, False), ("noise", 5, 5, True), ("few", 2, 2, False), ("few", 5, 9, False)):
        x = rows(name)
        labels, strength = paper(x, least, samples, leaves)
        theirs, groups, self_agreement = by_scikit_learn(x, least, samples, leaves)
        told = {"groups": max(labels) + 1, "outside": labels.count(-1), "scikit_learn": int(theirs.max()) + 1, "by_order": groups,
                "agreement": round(agreement(labels, theirs), 4), "self_agreement": round(self_agreement, 4)}
        print(name, least, samples, "leaf" if leaves else "", told, file=sys.stderr)
        cases.append({"rows": name, "min_size": least, "min_samples": samples, "leaves": leaves, **told, "labels": labels,
                      "strength": [round(float(p), 4) for p in strength]})
    print(json.dumps({"by": f"brute force as above; scikit-learn {sklearn.__version__}, numpy {np.__version__}, Python {platform.python_version()}",
                      "first_row": [float(v) for v in rows("spread")[0]], "cases": cases}))


if __name__ == "__main__":
    main()
