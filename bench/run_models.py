#!/usr/bin/env python3
"""Whole networks beside their peers, in one interleaved run.

    bench/run_models.py [--towers] [--rounds 5] [--minutes M] [--seconds 2] [--only assay,torch] [--cases TEXT] [--one-thread]

--towers: the image and text towers of ViT-B/32 and MobileCLIP-S1 in bf16, beside both versions of PyTorch
(onnxruntime-node has no bf16 kernels: beside it in f32), and how near each comes to the best product of
matrices that this processor does.  Without it: ResNet18 and the image towers in f32 and bf16.

--minutes: no round begins later than that after the start, but for the first.

--one-thread gives every contender one thread and counts its processor time: what to use on a machine
that has other work. Without it: all processors and the wall clock. BENCH_PYTHON names a Python with a
current PyTorch, ONNX Runtime and OpenVINO.

Contenders are processes that wait between their turns. A round gives every contender its turn at every
case, so that a noisy neighbour hurts all alike; what is printed is the median over the rounds.
Contenders whose program or module is missing are left out and named.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CASES = [(m, p, b) for m in ("resnet18", "vit-b32", "mobileclip-s1") for p in ("f32", "bf16") for b in (1, 16)]
SHORT = "-short"  # Assay alone: 8 places of a causal tower; the peers' figure is that of all 77
TOWERS = [("matmul", "bf16", 1024), ("matmul", "bf16", 2048)] + [
    (m, p, b) for m in ("vit-b32", "vit-b32-text", "mobileclip-s1", "mobileclip-s1-text") for p in ("bf16", "f32")
    for b in (1, 16)] + [("vit-b32-text" + SHORT, "bf16", b) for b in (1, 16)]
DEBIAN = "/usr/bin/python3"
PEER = os.environ.get("BENCH_PYTHON", "python3")  # one with a current torch, onnxruntime, openvino
NAMES = {"assay": "Assay", "torch-debian": "PyTorch 1.13", "torch": "PyTorch", "onnxruntime": "ONNX Runtime",
         "openvino": "OpenVINO", "ort-node": "onnxruntime-node"}


def has(python, module):
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def version(python, module):
    code = f"import {module}; print({module}.__version__)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip().split("+")[0]


def contenders():
    here = os.path.join(ROOT, "bench")
    yield "assay", [os.path.join(ROOT, "build", "release", "bench", "models")], None
    yield "torch-debian", [DEBIAN, f"{here}/models_torch.py"], (DEBIAN, "torch")
    if os.path.realpath(shutil.which(PEER) or PEER) != os.path.realpath(DEBIAN) or PEER != "python3":
        yield "torch", [PEER, f"{here}/models_torch.py"], (PEER, "torch")
    yield "onnxruntime", [PEER, f"{here}/models_onnx.py", "onnxruntime"], (PEER, "onnxruntime")
    yield "openvino", [PEER, f"{here}/models_onnx.py", "openvino"], (PEER, "openvino")
    yield "ort-node", ["node", f"{here}/models_ort.mjs"], None


class Contender:
    def __init__(self, name, command, one_thread):
        self.name, self.rates = name, {}
        self.environment = dict(os.environ)
        if one_thread:
            self.environment.update(BENCH_THREADS="1", BENCH_CLOCK="cpu", OMP_NUM_THREADS="1")
        log = open(os.path.join(ROOT, "build", "bench", name + ".log"), "w")
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=log, text=True,
                                        env=self.environment)

    def takes(self, case, towers):
        model, precision, _ = case
        if model.endswith(SHORT):
            return self.name == "assay"
        if self.name == "torch-debian" and precision == "f32":  # generic BLAS: minutes a turn
            return model == "resnet18"
        if precision == "bf16" and self.name in ("onnxruntime", "ort-node"):
            return False
        return not (towers and precision == "f32" and self.name in ("torch", "openvino"))

    def turn(self, case, seconds):
        model, precision, batch = case
        try:
            self.process.stdin.write(f"{model} {precision} {batch} {seconds}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().split(maxsplit=3)
        except BrokenPipeError:
            answer = []
        if len(answer) == 4 and answer[0] != "-":
            rate, latency, cosine, setting = answer
            self.rates.setdefault(case, []).append(
                (float(rate), float(latency), float(cosine), setting.strip()))
        return answer

    def rate(self, case):
        """Median, or None."""
        seen = self.rates.get(case)
        return statistics.median(s[0] for s in seen) if seen else None


def ready(options):
    chosen = []
    for name, command, needs in contenders():
        if options.only and name not in options.only.split(","):
            continue
        if needs and not has(*needs) or name == "ort-node" and not os.path.isdir(
                os.path.join(ROOT, "bench", "node_modules", "onnxruntime-node")):
            print(f"{name}: not installed here, left out", file=sys.stderr)
            continue
        if needs:
            NAMES[name] = NAMES[name].split()[0] + " " + version(*needs)
        chosen.append(Contender(name, command, options.one_thread))
    if any(c.name in ("onnxruntime", "openvino", "ort-node") for c in chosen):
        subprocess.run([PEER, f"{ROOT}/bench/models_onnx.py", "export"], check=True,
                       stderr=subprocess.DEVNULL)
    return chosen


def get_ready(chosen, cases, options):
    """A turn at each case before the first round: compiling, choosing a way of running.  With one thread each and
    processor time the contenders do so beside one another."""
    def prepare(c):
        for case in cases:
            if c.takes(case, options.towers):
                print("ready", c.name, *case, *c.turn(case, 0), file=sys.stderr, flush=True)
        c.rates.clear()

    threads = [threading.Thread(target=prepare, args=(c,)) for c in chosen]
    for t in threads:
        t.start()
        if not options.one_thread:
            t.join()
    for t in threads:
        t.join()


def machine():
    with open("/proc/cpuinfo") as f:
        name = re.search(r"model name\s*: (.*)", f.read())
    return f"{os.cpu_count()} cores, {name[1] if name else 'unknown processor'}"


def row(cells):
    print("| " + " | ".join(cells) + " |")


def header(cells):
    row(cells)
    print("|" + "---|" * len(cells))


def table(chosen, cases):
    """Pictures or texts a second; in brackets how many times as fast Assay is."""
    ours = next((c for c in chosen if c.name == "assay"), None)
    header(["pictures or texts/s"] + [NAMES[c.name] for c in chosen])
    for case in cases:
        cells = [f"{case[0]} {case[1]}, {case[2]}"]
        for c in chosen:
            rate = c.rate(case if c is ours else (case[0].replace(SHORT, ""), *case[1:]))
            mine = ours and ours.rate(case)
            ratio = f" ({mine / rate:.2f})" if mine and rate and c is not ours else ""
            cells.append(f"{rate:.1f}{ratio}" if rate else "-")
        row(cells)


def product(chosen, case):
    """The best product's GFLOP/s of anybody."""
    return max((2e-9 * case[2] ** 3 / min(s[1] for s in c.rates[case]) * 1e3 for c in chosen if case in c.rates),
               default=0)


def bounds(chosen, cases, products):
    """What the processor can do at most, and what ratio that leaves."""
    rates = {case: product(chosen, case) for case in products}
    best = max(rates.values())
    ours = next(c for c in chosen if c.name == "assay")
    print("\nBest product of square matrices in bf16, by anybody: " + ", ".join(
        f"{rate:.0f} GFLOP/s ({case[2]} x {case[2]})" for case, rate in rates.items()) + ".\n")
    peers = [c for c in chosen if c.name.startswith("torch")]
    header(["bf16", "GFLOP each", "Assay GFLOP/s", "of the best product"] +
           [f"at that rate x {NAMES[c.name]}" for c in peers])
    for case in cases:
        flops = re.search(r"([\d.]+) GFLOP", ours.rates[case][-1][3]) if case in ours.rates else None
        if not flops or case[1] != "bf16":
            continue
        each, rate = float(flops[1]), ours.rate(case)
        row([f"{case[0]}, {case[2]}", f"{each:.2f}", f"{each * rate:.0f}", f"{each * rate / best:.0%}"] +
            [f"{best / each / c.rate(case):.2f}" if c.rate(case) else "-" for c in peers])


def settings(chosen, cases):
    print("\nMedian latency, least cosine with the known answer, and what was fastest:")
    for case in cases:
        for c in chosen:
            seen = c.rates.get(case)
            if seen:
                latency = statistics.median(s[1] for s in seen)
                print(f"  {case[0]:18} {case[1]:5} b{case[2]:<4} {NAMES[c.name]:17} {latency:9.2f} ms"
                      f"  cosine {min(s[2] for s in seen):.6f}  {seen[-1][3]}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--minutes", type=float, default=1e9)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--only")
    p.add_argument("--towers", action="store_true")
    p.add_argument("--one-thread", action="store_true")
    p.add_argument("--cases", default="", help="substring of 'resnet18 bf16 16'")
    options = p.parse_args()
    os.makedirs(os.path.join(ROOT, "build", "bench"), exist_ok=True)
    cases = [c for c in (TOWERS if options.towers else CASES) if options.cases in " ".join(map(str, c)) + " "]
    before, begun = os.getloadavg()[0], time.monotonic()
    chosen = ready(options)
    get_ready(chosen, cases, options)
    done = 0
    while done < options.rounds and (done == 0 or time.monotonic() - begun < options.minutes * 60):
        for case in cases:
            for c in chosen:
                if c.takes(case, options.towers):
                    answer = c.turn(case, options.seconds)
                    print(done, c.name, *case, *(a.strip() for a in answer), file=sys.stderr, flush=True)
        done += 1
    how = "one thread each, processor time" if options.one_thread else "all processors, wall clock"
    print(f"{machine()}; {how}; {done} rounds; load {before:.1f} before, {os.getloadavg()[0]:.1f} after\n")
    products = [c for c in cases if c[0] == "matmul"]
    networks = [c for c in cases if c[0] != "matmul"]
    table(chosen, networks)
    if products and any(c.name == "assay" for c in chosen):
        bounds(chosen, networks, products)
    settings(chosen, networks)
    for c in chosen:
        c.process.stdin.close()
        c.process.wait()


if __name__ == "__main__":
    main()
