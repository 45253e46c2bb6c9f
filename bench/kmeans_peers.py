"""bench/kmeans_peers.py - the same rows by scikit-learn and faiss: one line each, as bench/kmeans prints.

    python bench/kmeans_peers.py ROWS.npy make           writes the rows: 300 normal centres, each row one of them plus as much noise, unit length
    python bench/kmeans_peers.py ROWS.npy K sklearn-batch|sklearn-lloyd|faiss [ROUNDS]
"""
import sys
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


def main():
    if sys.argv[2] == "make":
        return make(sys.argv[1])
    x, k, which = np.load(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    seconds, done, centres = by_faiss(x, k, rounds) if which == "faiss" else by_sklearn(x, k, rounds, which.endswith("batch"))
    print(f"{which} {seconds:.3f} s, {done} rounds, inertia {inertia(x, centres):.2f}")


if __name__ == "__main__":
    main()
