#!/usr/bin/env python3
"""A data set "drawn" of N pictures without files, written straight into the database of a data folder that the program made.

    bench/map_rows.py DATA [N]

Unit vectors around 240 centres, 12 classes, dates over ten years; the vectors carry the digests of those that are there already.  So
one picture must have been imported before, and no program may have the folder.  Wants numpy."""
import glob
import hashlib
import os
import sqlite3
import sys

import numpy as np

CENTRES, CLASSES, YEAR_US = 240, 12, 31557600000000
data, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100000
db = sqlite3.connect(glob.glob(os.path.join(data, "*.db"))[0])
now = db.execute("SELECT max(added_us) FROM member").fetchone()[0]
model, preprocess, dim = db.execute("SELECT model, preprocess, dim FROM vector").fetchone()
rng = np.random.default_rng(1)
centre = rng.standard_normal((CENTRES, dim), dtype=np.float32)
centre += 1.2 * rng.standard_normal((CLASSES, dim), dtype=np.float32)[np.arange(CENTRES) % CLASSES]
where = rng.integers(0, CENTRES, count)
vectors = centre[where] + 0.6 * rng.standard_normal((count, dim), dtype=np.float32)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
taken = now - rng.integers(0, 10 * YEAR_US, count)
dataset = db.execute("INSERT INTO dataset (name, created_us, trash) VALUES ('drawn', ?, 0)", (now,)).lastrowid
classes = [db.execute("INSERT INTO class (dataset, name, position, created_us, trash) VALUES (?, ?, ?, ?, 0)",
                      (dataset, f"kind {i + 1}", i, now)).lastrowid for i in range(CLASSES)]
names = [hashlib.sha256(b"drawn %d" % i).hexdigest() for i in range(count)]
db.executemany("INSERT INTO picture (sha256, format, width, height, bytes, phash, created_us, taken_us, examined) VALUES (?, 'jpeg', 64, 64, 1, ?, ?, ?, 1)",
               ((n, i * 2654435761 % 2 ** 62, now, int(t)) for i, (n, t) in enumerate(zip(names, taken))))
db.executemany("INSERT INTO member (dataset, class_id, sha256, file, added_us, trash) VALUES (?, ?, ?, ?, ?, 0)",
               ((dataset, classes[w % CLASSES], n, f"{i}.jpg", now) for i, (n, w) in enumerate(zip(names, where.tolist()))))
db.executemany("INSERT INTO vector (sha256, model, preprocess, dim, data) VALUES (?, ?, ?, ?, ?)",
               ((n, model, preprocess, dim, row.tobytes()) for n, row in zip(names, vectors)))
db.commit()
