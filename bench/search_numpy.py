# The peer of search_cut: the 200 best of N unit vectors by one multiplication and a partial sort in NumPy.
#   python3 bench/search_numpy.py [N]
import sys, time
import numpy as np

n, dim, asked = int(sys.argv[1]) if len(sys.argv) > 1 else 100000, 256, 400
rng = np.random.default_rng(1)
rows = rng.standard_normal((n, dim), dtype=np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
ms = []
for q in rng.standard_normal((asked, dim), dtype=np.float32):
    begun = time.perf_counter()
    scores = rows @ q
    best = np.argpartition(scores, -200)[-200:]
    best = best[np.argsort(-scores[best])]
    ms.append(1e3 * (time.perf_counter() - begun))
ms.sort()
print(f"NumPy {np.__version__}: {n} x {dim}: p50 {ms[asked // 2]:.2f} ms  p99 {ms[asked * 99 // 100]:.2f} ms")
