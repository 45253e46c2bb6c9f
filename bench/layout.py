#!/usr/bin/env python3
"""The map beside umap-learn's: are neighbours kept, and at what price?

    PYTHON bench/layout.py ASSAY FOLDER...       (wants umap-learn, scikit-learn; build/release/bench/layout)

Vectors of the folders' pictures by `assay embed`.  Trustworthiness (scikit-learn, 15 neighbours, cosine): 1 when no point has
neighbours on the plane that are far in the vectors' space.  Kept: share of the 15 nearest that are among the 15 nearest on the plane.
Same folder: share of points whose nearest on the plane is of their folder.
"""
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors


def judge(name, v, xy, label, seconds):
    far = NearestNeighbors(n_neighbors=16, metric="cosine").fit(v).kneighbors(v, return_distance=False)[:, 1:]
    near = NearestNeighbors(n_neighbors=16).fit(xy).kneighbors(xy, return_distance=False)[:, 1:]
    kept = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(far, near)])
    same = np.mean(label == label[near[:, 0]])
    trust = trustworthiness(v, xy, n_neighbors=15, metric="cosine")
    print(f"| {name} | {trust:.3f} | {kept:.3f} | {same:.3f} | {seconds} |")


def main():
    assay, folders = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as tmp:
        npy = os.path.join(tmp, "v.npy")
        names = subprocess.run([assay, "embed", "--quiet", "--npy", npy, *folders], capture_output=True, text=True, check=True).stdout.splitlines()
        v = np.ascontiguousarray(np.load(npy), dtype=np.float32)
        label = np.array([os.path.basename(os.path.dirname(n)) for n in names])
        raw, out = os.path.join(tmp, "v.f32"), os.path.join(tmp, "xy.f32")
        v.tofile(raw)
        print(f"{len(v)} pictures, {len(set(label))} folders\n\n| | trustworthiness | kept | same folder | s |\n|---|---|---|---|---|")
        start = time.perf_counter()
        subprocess.run(["build/release/bench/layout", raw, str(len(v)), str(v.shape[1]), out], check=True, stdout=subprocess.DEVNULL)
        judge("Assay", v, np.fromfile(out, np.float32).reshape(-1, 2), label, f"{time.perf_counter() - start:.2f}")
        import umap
        umap.UMAP(n_neighbors=15, min_dist=0.1, metric="cosine", random_state=1).fit_transform(v[:100])  # compiles
        start = time.perf_counter()
        xy = umap.UMAP(n_neighbors=15, min_dist=0.1, metric="cosine", random_state=1).fit_transform(v)
        judge(f"umap-learn {umap.__version__}", v, xy, label, f"{time.perf_counter() - start:.2f}")
        from sklearn.decomposition import PCA
        judge("projection (scikit-learn's PCA)", v, PCA(2).fit_transform(v), label, "")


if __name__ == "__main__":
    main()
