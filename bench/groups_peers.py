"""Groups of labelled pictures by Assay and by scikit-learn, from the same vectors: purity and normalised mutual information.

    python bench/groups_peers.py ../shared/data [build/release/assay]

One command, the whole table of doc/organise.md.  The class of a picture is the folder that it is in; the same picture twice counts
once.  Pictures in no group count as one group together.  scikit-learn gets the unit rows of `assay embed`: KMeans and MiniBatchKMeans (n_init 3, as
Assay), HDBSCAN with min_cluster_size 5; where the number is chosen, the numbers that Assay tries and the best silhouette of at most
2,000 rows.  k-means depends on its start: mean and range of five seeds.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ["OMP_NUM_THREADS"] = "1"  # hundreds of small fits: threads that wait for each other take longer

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans, MiniBatchKMeans
from sklearn.metrics import normalized_mutual_info_score, silhouette_score

TRIED = [2, 3, 4, 5, 6, 8, 11, 15, 20, 28, 40, 56, 80]
SEEDS = range(1, 6)


def assay(*words):
    return subprocess.run([ASSAY, *map(str, words)], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


def purity(truth, groups):
    return sum(np.unique(truth[groups == g], return_counts=True)[1].max() for g in set(groups)) / len(truth)


def tell(what, name, truth, runs):
    """A row of the table from several groupings."""
    def part(values, form):
        low, high = min(values), max(values)
        return form % np.mean(values) + (f" ({form % low} to {form % high})" if form % low != form % high else "")
    out = part([(g < 0).sum() for g in runs], "%.0f")
    print("|", what, "|", name, "|", part([len(set(g) - {-1}) for g in runs], "%.0f"), "|", "" if out == "0" else out, "|",
          part([purity(truth, g) for g in runs], "%.3f"), "|", part([normalized_mutual_info_score(truth, g) for g in runs], "%.3f"), "|", flush=True)


def chosen(rows, kind, seed):
    fits = [kind(k, n_init=3, random_state=seed).fit_predict(rows) for k in TRIED if 3 * k <= len(rows)]
    return max(fits, key=lambda f: silhouette_score(rows, f, sample_size=min(2000, len(rows)), random_state=seed))


class Pictures:
    """A folder of folders: vectors, folders and digests of the pictures that are in it, and a data folder that has them too."""

    def __init__(self, room, name, folders):
        self.at = room / name
        for label, files in folders.items():
            (self.at / label).mkdir(parents=True)
            for i, f in enumerate(files):
                shutil.copy(f, self.at / label / f"{i:04d}{f.suffix}")
        names = assay("embed", "-q", "--npy", room / f"{name}.npy", self.at).splitlines()
        digests = [hashlib.sha256(open(n, "rb").read()).hexdigest() for n in names]
        first = [i for i, d in enumerate(digests) if d not in digests[:i]]
        self.rows = np.load(room / f"{name}.npy")[first]
        self.digests = [digests[i] for i in first]
        self.truth = np.unique([os.path.basename(os.path.dirname(names[i])) for i in first], return_inverse=True)[1]
        self.data = room / f"{name}.data"
        assay("import", "-q", "--data", self.data, self.at)

    def by_assay(self, *how):
        lines = [line.split("\t") for line in assay("cluster", "-q", "--list", "--data", self.data, *how).splitlines()]
        of = {digest: int(group) or -1 for group, _, _, digest, _ in lines}
        return np.array([of[d] for d in self.digests])

    def table(self, what, number):
        tell(f"{what}, number chosen", "**Assay**", self.truth, [self.by_assay("--again", "--seed", s) for s in SEEDS])
        for kind in (KMeans, MiniBatchKMeans):
            tell("", kind.__name__, self.truth, [chosen(self.rows, kind, s) for s in SEEDS])
        tell("the same, number chosen by stability", "**Assay**", self.truth, [self.by_assay("--k-by", "stability", "--seed", s) for s in SEEDS])
        tell(f"the same, {number} groups", "**Assay**", self.truth, [self.by_assay("-k", number, "--seed", s) for s in SEEDS])
        for kind in (KMeans, MiniBatchKMeans):
            tell("", kind.__name__, self.truth, [kind(number, n_init=3, random_state=s).fit_predict(self.rows) for s in SEEDS])
        tell("the same, density 5", "**Assay**", self.truth, [self.by_assay("--density", 5)])
        orders = [np.random.default_rng(s).permutation(len(self.rows)) for s in SEEDS]
        runs = [HDBSCAN(min_cluster_size=5, copy=True).fit_predict(self.rows[o])[np.argsort(o)] for o in orders]
        tell("", "HDBSCAN, five orders of rows", self.truth, runs)


def main():
    data = pathlib.Path(sys.argv[1])
    inside = lambda folder: {d.name: sorted(d.iterdir()) for d in sorted(folder.iterdir()) if d.is_dir()}
    scrap, steel = inside(data / "ewaste"), inside(data / "neu-det")
    photos = sorted(p for d in (data / "photos", data / "resnet18-imagenet" / "photos") for p in d.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    print("| | | groups | in none | purity | NMI |\n|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as room:
        room = pathlib.Path(room)
        Pictures(room, "scrap", scrap).table(f"electronic scrap in {len(scrap)} folders", len(scrap))
        Pictures(room, "mixed", {**scrap, "photo": photos}).table(f"scrap and {len(photos)} photographs in a folder more", len(scrap) + 1)
        Pictures(room, "steel", steel).table(f"{len(steel)} steel faults", len(steel))


ASSAY = sys.argv[2] if len(sys.argv) > 2 else "build/release/assay"
main()
