"""Groups of labelled pictures by Assay and by scikit-learn, from the same vectors: purity and normalised mutual information.

    build/release/assay embed -q --npy rows.npy FOLDER > names.txt      # one sub-folder a class
    build/release/assay cluster -q --list [-k N | --density N] FOLDER > groups.tsv
    python bench/groups_peers.py rows.npy names.txt groups.tsv [k=N | density=N | choose]

The class of a picture is the folder that it is in.  Pictures in no group count as one group together.  scikit-learn: KMeans and MiniBatchKMeans of unit rows (n_init 3, as Assay), HDBSCAN with min_cluster_size N; for
"choose" the numbers that Assay tries, the best silhouette of a sample of 2,000 kept.
"""
import os
import sys

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans, MiniBatchKMeans
from sklearn.metrics import normalized_mutual_info_score, silhouette_score

TRIED = [2, 3, 4, 5, 6, 8, 11, 15, 20, 28, 40, 56, 80]


def purity(truth, groups):
    right = 0
    for g in set(groups):
        inside = truth[groups == g]
        right += np.unique(inside, return_counts=True)[1].max()
    return right / len(truth)


def tell(name, truth, groups):
    n = len(set(groups) - {-1})
    nmi = normalized_mutual_info_score(truth, groups)
    print(f"{name:<28}{n:>7}{(groups < 0).sum():>9}{purity(truth, groups):>9.3f}{nmi:>8.3f}")


def main():
    rows, names = np.load(sys.argv[1]), open(sys.argv[2]).read().splitlines()
    how = sys.argv[4] if len(sys.argv) > 4 else "choose"
    folder = [os.path.basename(os.path.dirname(n)) for n in names]
    truth = np.unique(folder, return_inverse=True)[1]
    ours = {line.split("\t")[3]: int(line.split("\t")[0]) - 1 for line in open(sys.argv[3]).read().splitlines()}
    print(f"{len(rows)} pictures in {len(set(folder))} folders, {how}\n{'':<28}{'groups':>7}{'in none':>9}{'purity':>9}{'NMI':>8}")
    tell("Assay", truth, np.array([ours[n] for n in names]))
    if how == "choose":
        best = max((k for k in TRIED if 3 * k <= len(rows)), key=lambda k: silhouette_score(
            rows, KMeans(k, n_init=3, random_state=42).fit_predict(rows), sample_size=2000, random_state=42))
        how = f"k={best}"
    number = int(how.split("=")[1])
    if how.startswith("k"):
        tell("scikit-learn KMeans", truth, KMeans(number, n_init=3, random_state=42).fit_predict(rows))
        tell("scikit-learn MiniBatchKMeans", truth, MiniBatchKMeans(number, n_init=3, random_state=42).fit_predict(rows))
    else:
        tell("scikit-learn HDBSCAN", truth, HDBSCAN(min_cluster_size=number, copy=True).fit_predict(rows))


main()
