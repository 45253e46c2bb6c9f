"""bench/kmeans_peers.py - groups of 100,000 x 512 rows beside scikit-learn and faiss.

    python bench/kmeans_peers.py table [PYTHON WITH FAISS [N]]   the whole table of kmeans.md: every way in turns, twice (three minutes on a
                                                                 quiet machine); N: rows, 100000

or one line each, as bench/kmeans prints:

    python bench/kmeans_peers.py ROWS.npy make           writes the rows: 300 normal centres, each row one of them plus as much noise, unit length
    python bench/kmeans_peers.py ROWS.npy K sklearn-batch|sklearn-lloyd|faiss [ROUNDS]
"""
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy as np


def inertia(x, centres):
    total = 0.0
    for i in range(0, len(x), 8192):
        part = x[i:i + 8192].astype(np.float64)
        d = (part**2).sum(1)[:, None] - 2 * part @ centres.T.astype(np.float64) + (centres.astype(np.float64)**2).sum(1)
        total += d.min(1).sum()
    return total


def by_faiss(x, k, rounds):
    import faiss
    km = faiss.Kmeans(x.shape[1], k, niter=rounds or 25, seed=42, max_points_per_centroid=len(x), verbose=False)
    start = time.perf_counter()
    km.train(x)
    km.index.search(x, 1)
    return time.perf_counter() - start, rounds or 25, km.centroids


def by_sklearn(x, k, rounds, batch):
    from sklearn.cluster import KMeans, MiniBatchKMeans
    kind = MiniBatchKMeans(k, random_state=42, n_init="auto", batch_size=1024) if batch else \
        KMeans(k, random_state=42, n_init=1, max_iter=rounds or 100, tol=0, algorithm="lloyd")
    start = time.perf_counter()
    kind.fit(x)
    return time.perf_counter() - start, kind.n_steps_ if batch else kind.n_iter_, kind.cluster_centers_


def make(path, n=100000, dim=512, groups=300):
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((groups, dim))
    x = centres[rng.integers(0, groups, n)] + rng.standard_normal((n, dim))
    np.save(path, (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32))


def table(faiss_python, n=100000):
    """Each way alone, one after the other, then all of it again."""
    with tempfile.TemporaryDirectory() as room:
        rows = os.path.join(room, "rows.npy")
        make(rows, n)
        peer = lambda python, way: [python, __file__, rows, "100", way]
        ways = [("**Assay, Lloyd**", ["build/release/bench/kmeans", rows, "100", "lloyd"]),
                ("**Assay, batches**", ["build/release/bench/kmeans", rows, "100", "batch"]),
                ("scikit-learn MiniBatchKMeans", peer(sys.executable, "sklearn-batch")),
                ("scikit-learn KMeans (Lloyd, one start, k-means++ on all rows)", peer(sys.executable, "sklearn-lloyd")),
                ("faiss Kmeans", peer(faiss_python, "faiss"))]
        told = {name: [] for name, _ in ways}
        for _ in range(2):
            for name, command in ways:
                line = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
                found = re.search(r"([0-9.]+) s, ([0-9]+) .*inertia ([0-9.]+)", line)
                if found:
                    told[name].append(tuple(map(float, found.groups())))
                print("#", name, line.strip() or "failed", file=sys.stderr, flush=True)
    print("| | seconds | steps or rounds | inertia |\n|---|---|---|---|")
    for name, runs in told.items():
        print("|", name, "|", ", ".join("%.2f" % r[0] for r in runs) or "not there", "|", ", ".join(sorted({"%d" % r[1] for r in runs})), "|",
              ", ".join(sorted({"{:,.0f}".format(r[2]) for r in runs})), "|")
    ours, batch, faiss = (min((r[0] for r in told[name]), default=0) for name in (ways[0][0], ways[2][0], ways[4][0]))
    if ours:
        print("Lloyd here: %.1f times as fast as scikit-learn's batches, %.0f times as faiss" % (batch / ours, faiss / ours))


def main():
    if sys.argv[1] == "table":
        return table(sys.argv[2] if len(sys.argv) > 2 else "python3", int(sys.argv[3]) if len(sys.argv) > 3 else 100000)
    if sys.argv[2] == "make":
        return make(sys.argv[1])
    x, k, which = np.load(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    seconds, done, centres = by_faiss(x, k, rounds) if which == "faiss" else by_sklearn(x, k, rounds, which.endswith("batch"))
    print(f"{which} {seconds:.3f} s, {done} rounds, inertia {inertia(x, centres):.2f}")


if __name__ == "__main__":
    main()
