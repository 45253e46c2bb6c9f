#!/usr/bin/env python3
"""Whole networks beside their peers, in one interleaved run.

    bench/run_models.py [--rounds 5] [--seconds 2] [--only assay,torch] [--cases TEXT] [--one-thread]

--one-thread gives every contender one thread and counts its processor time: what to use on a machine
that has other work. Without it: all processors and the wall clock. BENCH_PYTHON names a Python with a
current PyTorch, ONNX Runtime and OpenVINO.

Contenders are processes that wait between their turns. A round gives every contender its turn at every
case, so that a noisy neighbour hurts all alike; what is printed is the median over the rounds.
Contenders whose program or module is missing are left out and named.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CASES = [(m, p, b) for m in ("resnet18", "vit-b32", "mobileclip-s1") for p in ("f32", "bf16") for b in (1, 16)]
DEBIAN = "/usr/bin/python3"
PEER = os.environ.get("BENCH_PYTHON", "python3")  # one with a current torch, onnxruntime, openvino


def has(python, module):
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


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


def ready(options):
    chosen = []
    for name, command, needs in contenders():
        if options.only and name not in options.only.split(","):
            continue
        if needs and not has(*needs) or name == "ort-node" and not os.path.isdir(
                os.path.join(ROOT, "bench", "node_modules", "onnxruntime-node")):
            print(f"{name}: not installed here, left out", file=sys.stderr)
            continue
        chosen.append(Contender(name, command, options.one_thread))
    if any(c.name in ("onnxruntime", "openvino", "ort-node") for c in chosen):
        subprocess.run([PEER, f"{ROOT}/bench/models_onnx.py", "export"], check=True,
                       stderr=subprocess.DEVNULL)
    return chosen


def table(chosen, cases):
    print(f"{'case':22}" + "".join(f"{c.name:>16}" for c in chosen))
    for case in cases:
        cells = []
        ours = next((c.rates[case] for c in chosen if c.name == "assay" and case in c.rates), None)
        for c in chosen:
            seen = c.rates.get(case)
            if not seen:
                cells.append(f"{'-':>16}")
                continue
            rate = statistics.median(s[0] for s in seen)
            ratio = statistics.median(s[0] for s in ours) / rate if ours and c.name != "assay" else 0
            cells.append(f"{rate:9.1f}" + (f" {ratio:5.2f}x" if ratio else " " * 7))
        print(f"{case[0]:9} {case[1]:5} b{case[2]:<5}" + "".join(f"{c:>16}" for c in cells))
    print("\npictures/s, median; 2.00x: Assay is twice as fast. Median latency in ms and settings:")
    for case in cases:
        for c in chosen:
            for seen in [c.rates.get(case)]:
                if seen:
                    latency = statistics.median(s[1] for s in seen)
                    print(f"  {case[0]:9} {case[1]:5} b{case[2]:<3} {c.name:13} {latency:9.2f} ms"
                          f"  cosine {min(s[2] for s in seen):.6f}  {seen[-1][3]}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--only")
    p.add_argument("--one-thread", action="store_true")
    p.add_argument("--cases", default="", help="substring of 'resnet18 bf16 16'")
    options = p.parse_args()
    os.makedirs(os.path.join(ROOT, "build", "bench"), exist_ok=True)
    cases = [c for c in CASES if options.cases in " ".join(map(str, c)) + " "]
    chosen = ready(options)
    for case in cases:  # a turn to get ready: compiling, choosing a way of running
        for c in chosen:
            c.turn(case, 0)
    for c in chosen:
        c.rates.clear()
    for number in range(options.rounds):
        for case in cases:
            for c in chosen:
                answer = c.turn(case, options.seconds)
                print(number, c.name, *case, *(a.strip() for a in answer), file=sys.stderr, flush=True)
    table(chosen, cases)
    for c in chosen:
        c.process.stdin.close()
        c.process.wait()


if __name__ == "__main__":
    main()
