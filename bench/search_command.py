#!/usr/bin/env python3
"""`assay search` and POST /v1/search over 100,000 drawn vectors and 500 real pictures: p50, p99 and the cut-off.

    bench/search_command.py PROGRAM FOLDER [FOLDER ...] [--vectors 100000] [--pictures 500] [--runs 40] [--asked 300]

FOLDER: one sub-folder a class; pictures are taken from all of them, class by class in turn, until there are enough.
They are imported by the program itself; the drawn vectors are written into its database as a data set of their own
(unit vectors, 1,000 groups of 20 and the rest alone), as pictures without files.  Then:

  time      `assay search WORDS`, a process each time from its start to its end, and POST /v1/search by words and by a stored
            picture, all over both data sets at once
  cut-off   in each data set: how many questions have an answer, and how much of the answers is of the class that was
            meant; words for things that are not there, and drawn vectors of no group, should have none

Wants numpy.  The load of the machine is shown.
"""
import argparse
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import numpy as np

GROUP, GROUPS, SPREAD, ALONE = 20, 1000, 0.7, "alone"
ABSENT = ("elephant", "violin", "pizza", "sunflower", "aeroplane", "castle", "penguin", "strawberry", "sailing boat",
          "church", "horse", "bicycle", "guitar", "butterfly", "mountain", "banana")


def take_pictures(folders, wanted, to):
    """{class: files}, copied under to."""
    classes = {}
    for folder in folders:
        for name in sorted(os.listdir(folder)):
            if os.path.isdir(os.path.join(folder, name)):
                found = [os.path.join(base, f) for base, _, files in os.walk(os.path.join(folder, name))
                         for f in sorted(files) if f.lower().endswith((".jpg", ".jpeg", ".png"))]
                classes.setdefault(name, []).extend(found)
    taken, at = 0, 0
    while taken < wanted and any(at < len(f) for f in classes.values()):
        for name, files in classes.items():
            if at < len(files) and taken < wanted:
                os.makedirs(os.path.join(to, name), exist_ok=True)
                shutil.copy(files[at], os.path.join(to, name, f"{at}{os.path.splitext(files[at])[1].lower()}"))
                taken += 1
        at += 1
    return taken


def draw(count, groups, dim):
    rng = np.random.default_rng(1)
    v = rng.standard_normal((count, dim), dtype=np.float32)
    planted = groups * GROUP
    v[:planted] = np.repeat(rng.standard_normal((groups, dim), dtype=np.float32), GROUP, 0) + SPREAD * v[:planted]
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def add_drawn(data, count):
    """A data set "drawn" beside the one that the program made: {digest: class} of the real and of the drawn ones."""
    path = next(os.path.join(data, f) for f in os.listdir(data) if f.endswith(".db"))
    db = sqlite3.connect(path)
    now = db.execute("SELECT max(added_us) FROM member").fetchone()[0]
    model, preprocess, dim = db.execute("SELECT model, preprocess, dim FROM vector").fetchone()
    real = dict(db.execute("SELECT m.sha256, c.name FROM member m JOIN class c ON c.id = m.class_id"))
    dataset = db.execute("INSERT INTO dataset (name, created_us, trash) VALUES ('drawn', ?, 0)", (now,)).lastrowid
    groups = min(GROUPS, count // 2 // GROUP)
    classes = [f"group {g}" for g in range(groups)] + [ALONE]
    ids = [db.execute("INSERT INTO class (dataset, name, position, created_us, trash) VALUES (?, ?, ?, ?, 0)",
                      (dataset, name, i, now)).lastrowid for i, name in enumerate(classes)]
    names = [hashlib.sha256(b"drawn %d" % i).hexdigest() for i in range(count)]
    group = [min(i // GROUP, groups) for i in range(count)]
    db.executemany("INSERT INTO picture (sha256, format, width, height, bytes, phash, created_us, examined) VALUES (?, 'jpeg', 64, 64, 1, ?, ?, 1)",
                   ((n, i * 2654435761 % 2 ** 62, now) for i, n in enumerate(names)))
    db.executemany("INSERT INTO member (dataset, class_id, sha256, file, added_us, trash) VALUES (?, ?, ?, ?, ?, 0)",
                   ((dataset, ids[group[i]], n, f"{i}.jpg", now) for i, n in enumerate(names)))
    db.executemany("INSERT INTO vector (sha256, model, preprocess, dim, data) VALUES (?, ?, ?, ?, ?)",
                   ((n, model, preprocess, dim, row.tobytes()) for n, row in zip(names, draw(count, groups, dim))))
    db.commit()
    db.close()
    return real, {n: classes[g] for n, g in zip(names, group)}, dim


def told(name, ms, note=""):
    print(f"| {name} | {len(ms)} | {np.percentile(ms, 50):.1f} | {np.percentile(ms, 99):.1f} | {max(ms):.1f} | {note} |", flush=True)


def command(program, data, words, runs):
    ms = []
    for i in range(runs):
        begun = time.perf_counter()
        r = subprocess.run([program, "search", "--data", data, "--dataset", "*", "--log-level", "error", "-q", words[i % len(words)]],
                           capture_output=True, text=True)
        ms.append((time.perf_counter() - begun) * 1e3)
        assert r.returncode in (0, 3), r.stderr
    return ms


class Server:
    def __init__(self, program, data):
        begun = time.perf_counter()
        self.process = subprocess.Popen([program, "serve", "--data", data, "--port", "0", "--log-level", "warn"],
                                        stdout=subprocess.PIPE, text=True)
        while True:
            m = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/", self.process.stdout.readline())
            if m:
                break
        self.started = time.perf_counter() - begun
        self.link = http.client.HTTPConnection("127.0.0.1", int(m.group(1)), timeout=60)

    def ask(self, ms, **question):
        begun = time.perf_counter()
        self.link.request("POST", "/v1/search", json.dumps(question), {"Content-Type": "application/json"})
        answer = self.link.getresponse()
        body = answer.read()
        ms.append((time.perf_counter() - begun) * 1e3)
        assert answer.status == 200, body[:300]
        return json.loads(body)

    def close(self):
        self.link.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Verdict:
    """What the answers of several questions hold."""

    def __init__(self):
        self.found, self.right = [], []

    def add(self, answer, wanted):
        classes = [r["class"] for r in answer["results"]]
        self.found.append(bool(classes))
        if classes:
            self.right.append(sum(c == wanted for c in classes) / len(classes))

    def tell(self, name, meant):
        right = f"{np.mean(self.right):.2f}" if self.right and meant else "-"
        print(f"| {name} | {len(self.found)} | {np.mean(self.found):.2f} | {right} |")


def evenly(items, n):
    return items[::max(1, len(items) // n)][:n]


def measure_times(server, real, asked):
    """Over both data sets."""
    names, pictures = sorted({n.lower() for n in real.values()}), evenly(sorted(real), asked)
    first, words_ms, picture_ms = [], [], []
    considered = server.ask(first, words=names[0], dataset="*")["considered"]
    server.ask(first, sha256=pictures[0], dataset="*")
    for i in range(asked):
        server.ask(words_ms, words=(names + list(ABSENT))[i % (len(names) + len(ABSENT))], dataset="*")
        server.ask(picture_ms, sha256=pictures[i % len(pictures)], dataset="*")
    return considered, first, words_ms, picture_ms


def judge(server, real, drawn, asked):
    """[(name of the row, is a class meant, verdict)]"""
    rows = {name: Verdict() for name in ROWS}
    for name in sorted(set(real.values())):
        answer = server.ask([], words=name.lower().replace("_", " "), limit=200)
        if not answer["unknown_words"]:
            rows[ROWS[0]].add(answer, name)
    for words in ABSENT:
        answer = server.ask([], words=words, limit=200)
        if not answer["unknown_words"]:
            rows[ROWS[2]].add(answer, None)
    for sha in evenly(sorted(real), asked):
        rows[ROWS[1]].add(server.ask([], sha256=sha, limit=200), real[sha])
    for alone, row in ((False, ROWS[3]), (True, ROWS[4])):
        for sha in evenly(sorted(s for s, c in drawn.items() if (c == ALONE) == alone), asked):
            rows[row].add(server.ask([], sha256=sha, dataset="drawn", limit=200), drawn[sha])
    return rows


ROWS = ("real pictures, by words: the names of their classes", "real pictures, by one of them",
        "real pictures, words for what is not there", "drawn vectors, by one of a group", "drawn vectors, by one of no group")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("program")
    p.add_argument("folders", nargs="+")
    p.add_argument("--vectors", type=int, default=100000)
    p.add_argument("--pictures", type=int, default=500)
    p.add_argument("--runs", type=int, default=40)
    p.add_argument("--asked", type=int, default=300)
    a = p.parse_args()
    load = os.getloadavg()[0]
    work = tempfile.mkdtemp(prefix="assay-search-")
    try:
        data = os.path.join(work, "data")
        pictures = take_pictures(a.folders, a.pictures, os.path.join(work, "real"))
        subprocess.run([a.program, "dataset", "import", os.path.join(work, "real"), "--data", data], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        real, drawn, dim = add_drawn(data, a.vectors)
        names = sorted({n.lower() for n in real.values()})
        cold = command(a.program, data, names, 1)
        ms = command(a.program, data, names, a.runs)
        server = Server(a.program, data)
        try:
            considered, first, words_ms, picture_ms = measure_times(server, real, a.asked)
            rows = judge(server, real, drawn, a.asked)
        finally:
            server.close()
        print(f"{os.cpu_count()} cores; {pictures} real pictures imported, {len(real)} of them different; {len(drawn)} drawn "
              f"vectors of {dim} numbers; {considered} searched; load {load:.1f} before, {os.getloadavg()[0]:.1f} after\n")
        print("| ms | times | p50 | p99 | most | |\n|---|---|---|---|---|---|")
        told("`assay search WORDS`, a whole process", ms, f"the very first {cold[0]:.0f}")
        told("POST /v1/search, words", words_ms, f"the first {first[0]:.0f}; server ready after {server.started * 1e3:.0f}")
        told("POST /v1/search, a stored picture", picture_ms, f"the first {first[1]:.0f}")
        print("\n| cut-off | asked | with an answer | right of it |\n|---|---|---|---|")
        for i, name in enumerate(ROWS):
            rows[name].tell(name, i in (0, 1, 3))
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
