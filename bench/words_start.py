"""How soon a server with a CLIP model gives its first answers, and what it then holds in memory.

    python bench/words_start.py PROGRAM MODEL-FOLDER [TIMES [PRESET]]

Each time a new process on the same data folder: from its start to the first scan of a picture (image tower), to the first
classification by words (text tower too), then memory as /proc counts it: resident, of that anonymous and of mapped files,
and the share that is its own (Pss).  In brackets the processor's seconds until then, which other work on the machine does not
stretch as it does the clock.  The first line is a start with nothing remembered.  With the name of a preset (vit-b-32-laion2b)
the folder is then laid into a cache of the hub as a pull would, "assay model pull" is run on it, and each further line is the
first start of a new data folder after that.  The load of the machine is shown.
Standard library only.
"""
import http.client
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib


def png(seed):
    rows = b"".join(b"\0" + bytes((x * 7 + y * 3 + seed) % 256 for x in range(320) for _ in range(3)) for y in range(240))
    part = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 320, 240, 8, 2, 0, 0, 0)) +
            part(b"IDAT", zlib.compress(rows, 1)) + part(b"IEND", b""))


def post(port, path, body, kind):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    c.request("POST", path, body, {"Content-Type": kind})
    answer = c.getresponse()
    text = answer.read()
    assert answer.status == 200, (answer.status, text[:300])


def form(picture, labels):
    b = "----words"
    return (f'--{b}\r\nContent-Disposition: form-data; name="labels"\r\n\r\n{labels}\r\n--{b}\r\n'
            'Content-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n').encode() + picture + \
        f"\r\n--{b}--\r\n".encode(), f"multipart/form-data; boundary={b}"


def memory(pid):
    text = open(f"/proc/{pid}/status").read() + open(f"/proc/{pid}/smaps_rollup").read()
    mb = {k: int(re.search(rf"^{k}:\s+(\d+) kB", text, re.M).group(1)) / 1024 for k in ("VmHWM", "VmRSS", "RssAnon", "RssFile", "Pss")}
    return "  ".join(f"{k} {v:.0f}" for k, v in mb.items())


def processor(pid):
    f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


def once(program, model, data, seed, environment=None):
    begun = time.monotonic()
    p = subprocess.Popen([program, "serve", "--model", model, "--data", data, "--port", "0", "--log-level", "warn"],
                         stdout=subprocess.PIPE, text=True, env=environment)
    try:
        while True:
            m = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/", p.stdout.readline())
            if m:
                break
        ready, cpu = time.monotonic() - begun, [processor(p.pid)]
        port, picture = int(m.group(1)), png(seed)
        post(port, "/v1/predict", picture, "image/png")
        scan = time.monotonic() - begun
        cpu.append(processor(p.pid))
        post(port, "/classify", *form(picture, "a dog,a cat,a red bottle"))
        words = time.monotonic() - begun
        cpu.append(processor(p.pid))
        small = memory(p.pid)
        for i in range(8):
            post(port, "/classify", *form(png(seed + i), "a dog,a cat,the sky,a bottle with a red label,rain,snow,a car,a tree,a street"))
        print(f"ready {ready:.2f} s ({cpu[0]:.2f})  scan {scan:.2f} s ({cpu[1]:.2f})  words {words:.2f} s ({cpu[2]:.2f})   {small}"
              f"   later: {memory(p.pid)}", flush=True)
    finally:
        p.send_signal(signal.SIGTERM)
        p.wait()


def lay_into_cache(program, model, preset, cache):
    """As a pull leaves it: blobs by name of their digest (any will do here), a snapshot of links, the branch."""
    environment = dict(os.environ, HF_HUB_CACHE=cache, HF_HUB_OFFLINE="1")
    refused = subprocess.run([program, "model", "pull", preset], env=environment, capture_output=True, text=True)
    repo = re.search(r"[\w.-]+/[\w.-]+", refused.stderr.replace(cache, "")).group(0)
    commit = "0123456789" * 4
    base = f"{cache}/models--{repo.replace('/', '--')}"
    for folder in ("blobs", f"snapshots/{commit}", "refs"):
        os.makedirs(f"{base}/{folder}")
    with open(f"{base}/refs/main", "w") as f:
        f.write(commit)
    for i, name in enumerate(os.listdir(model)):
        shutil.copy(f"{model}/{name}", f"{base}/blobs/{i:064x}")
        os.symlink(f"../../blobs/{i:064x}", f"{base}/snapshots/{commit}/{name}")
    subprocess.run([program, "model", "pull", preset], env=environment, check=True, stdout=subprocess.DEVNULL)
    return environment


def after_pull(program, model, preset, times):
    cache = tempfile.mkdtemp(prefix="assay-words-cache-")
    environment = lay_into_cache(program, model, preset, cache)
    print(f"first starts after a pull of {preset}, each on a data folder of its own")
    for i in range(times):
        data = tempfile.mkdtemp(prefix="assay-words-start-")
        once(program, preset, data, i, environment)
        shutil.rmtree(data)
    shutil.rmtree(cache)


def main():
    program, model = sys.argv[1:3]
    times = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    data = tempfile.mkdtemp(prefix="assay-words-start-")
    print("load", open("/proc/loadavg").read().split()[:3], "MB where not said")
    for i in range(times):
        once(program, model, data, i)
    shutil.rmtree(data)
    if len(sys.argv) > 4:
        after_pull(program, model, sys.argv[4], times)


main()
