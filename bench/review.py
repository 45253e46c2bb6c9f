#!/usr/bin/env python3
"""What do answers bring?  The same number of answers to the program's questions and to pictures drawn by lot.

    bench/review.py ASSAY FOLDER [--answers 60] [--seeds 5] [--start 1]

FOLDER holds one folder of pictures a class.  Of each class a third is kept aside for judging, `start` pictures are taught, the rest
lie in the library without a class.  Then a person who knows the right answers (the folders' names) answers: once the first question
of GET /v1/review each time, once a picture drawn by lot.  Judged every ten answers by POST /v1/predict on the pictures kept
aside: the share whose nearest class is right.  Printed: means over the seeds; one line a number of answers.
"""
import argparse
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Server:
    def __init__(self, assay, data):
        self.log = open(os.path.join(data, "..", "serve.log"), "w+")
        self.process = subprocess.Popen([assay, "serve", "--data", data, "--port", "0", "--bind", "127.0.0.1"], stdout=self.log, stderr=self.log)
        for _ in range(300):
            found = re.search(r"http://127[^\s]+", open(self.log.name).read())
            if found:
                self.url = found.group(0).rstrip("/")
                return
            time.sleep(0.1)
        sys.exit("the server did not start: " + open(self.log.name).read())

    def call(self, method, path, body=None, kind="application/json", **query):
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        data = json.dumps(body).encode() if kind == "application/json" and body is not None else body
        request = urllib.request.Request(url, data, {"Content-Type": kind}, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            sys.exit(f"{method} {path}: {e.code} {e.read().decode()}")

    def picture(self, path, file):
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\nContent-Type: image/jpeg\r\n\r\n'
        return self.call("POST", path, head.encode() + file.read_bytes() + f"\r\n--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}")

    def put(self, file, sha, dataset, klass):
        self.call("PUT", f"/v1/images/{sha}", file.read_bytes(), "application/octet-stream", dataset=dataset, **{"class": klass})

    def stop(self):
        self.process.terminate()
        self.process.wait()


def digest(file):
    import hashlib
    return hashlib.sha256(file.read_bytes()).hexdigest()


def judge(server, aside):
    right = 0
    for file, klass in aside:
        answer = server.picture("/v1/predict", file)
        right += bool(answer["matches"]) and answer["matches"][0]["class"] == klass
    return right / len(aside)


def run(options, seed, by_lot):
    rng = random.Random(seed)
    classes = sorted(p for p in pathlib.Path(options.folder).iterdir() if p.is_dir())
    aside, taught, pool = [], [], {}
    for k in classes:
        files = sorted(f for f in k.rglob("*") if f.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp", ".webp"))
        rng.shuffle(files)
        files = files[:options.most]
        third = len(files) // 3
        aside += [(f, k.name) for f in files[:third]]
        taught += [(f, k.name) for f in files[third:third + options.start]]
        pool.update({digest(f): (f, k.name) for f in files[third + options.start:]})
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        os.mkdir(data)
        server = Server(options.assay, data)
        for k in classes:
            server.call("POST", "/v1/classes", {"name": k.name})
        for f, k in taught:
            server.put(f, digest(f), "main", k)
        server.call("GET", "/v1/review", dataset="")  # makes the library
        unsorted = server.call("GET", "/v1/classes", dataset="Library")["items"][0]["id"]
        for sha, (f, _) in pool.items():
            server.put(f, sha, "Library", unsorted)
        left, scores = list(pool), [judge(server, aside)]
        for n in range(1, options.answers + 1):
            if by_lot:
                sha = left.pop(rng.randrange(len(left)))
            else:
                items = server.call("GET", "/v1/review", dataset="main", limit=1)["items"]
                sha = items[0]["sha256"] if items else None
            klass = dict((digest(f), k) for f, k in taught).get(sha) or (pool[sha][1] if sha else None)
            if sha:
                server.call("POST", "/v1/review", {"dataset": "main", "sha256": sha, "answer": "class", "label": klass})
            if n % 10 == 0:
                scores.append(judge(server, aside))
        server.stop()
    return scores


def main():
    p = argparse.ArgumentParser()
    p.add_argument("assay")
    p.add_argument("folder")
    p.add_argument("--answers", type=int, default=60)
    p.add_argument("--seeds", type=int, default=5)
    p.add_argument("--start", type=int, default=1)
    p.add_argument("--most", type=int, default=120, help="pictures a class")
    options = p.parse_args()
    both = {name: [run(options, s, lot) for s in range(options.seeds)] for name, lot in (("questions", False), ("by lot", True))}
    print(f"{'answers':>8} {'questions':>10} {'by lot':>10}")
    for i in range(options.answers // 10 + 1):
        print(f"{i * 10:8} " + " ".join(f"{sum(r[i] for r in both[n]) / options.seeds:10.3f}" for n in both))


if __name__ == "__main__":
    main()
