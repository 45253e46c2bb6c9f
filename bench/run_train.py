#!/usr/bin/env python3
"""Training steps beside PyTorch, interleaved: every round, each contender in turn takes one step.

    bench/run_train.py [--networks resnet18,efficientnetv2-s] [--batches 16,32] [--precisions bf16,f32]
                       [--threads 2] [--rounds 5] [--python DEBIAN_PYTHON] [--new-python NEWER_PYTHON]

What a busy machine does to one it does to all.  The figure is processor time of all threads, the
least of the rounds (what a step takes when nobody is in the way); wall time likewise, which on a busy
machine says little.  OMP_WAIT_POLICY=PASSIVE for all, so that waiting threads do not count as working.
"""
import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ASSAY = os.path.join(HERE, "..", "build", "release", "bench", "train")
ENV = dict(os.environ, OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT="0")


class Contender:
    def __init__(self, label, command):
        self.label, self.cpu, self.wall, self.peak = label, [], [], 0.0
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env=ENV)
        self.alive = self.process.stdout.readline().strip() == "ready"

    def step(self):
        if not self.alive:
            return
        self.process.stdin.write("1\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        self.alive = len(answer) == 4
        if self.alive:
            self.cpu.append(float(answer[0]))
            self.wall.append(float(answer[1]))
            self.peak = float(answer[2])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(args, network, batch, precision):
    case = [network, str(batch), precision, str(args.threads)]
    peer = os.path.join(HERE, "train_torch.py")
    contenders = [Contender("Assay", [ASSAY, *case, "serve"])]
    for python in (args.python, args.new_python):
        if not python:
            continue
        version = subprocess.run([python, "-c", "import torch; print(torch.__version__.split('a')[0].split('+')[0])"],
                                 capture_output=True, text=True).stdout.strip()
        for layout in ([], ["channels_last"]):
            contenders.append(Contender(f"PyTorch {version} {''.join(layout).replace('_', ' ')}".strip(),
                                        [python, peer, *case, *layout]))
    for _ in range(args.rounds + 1):
        for c in contenders:
            c.step()
    for c in contenders:
        c.close()
        if len(c.cpu) < 2:
            print(f"| {network} | {precision} | {batch} | {c.label} | - | - | - | - | - |", flush=True)
            continue
        cpu, wall = min(c.cpu[1:]), min(c.wall[1:])  # the first step warms up
        ours = min(contenders[0].cpu[1:])
        print(f"| {network} | {precision} | {batch} | {c.label} | {cpu:.3f} | {batch / cpu:.1f} | {cpu / ours:.2f} "
              f"| {wall:.3f} | {c.peak:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default="resnet18,efficientnetv2-s")
    parser.add_argument("--batches", default="16,32")
    parser.add_argument("--precisions", default="bf16,f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--new-python", default=os.environ.get("BENCH_PYTHON"))
    args = parser.parse_args()
    if not os.path.exists(ASSAY):
        sys.exit("build/release/bench/train is missing: make build/release/bench/train")
    print("| network | precision | batch | contender | processor s a step | pictures/s of it | times Assay's "
          "| wall s a step | peak MB |")
    print("|---|---|---:|---|---:|---:|---:|---:|---:|")
    for network in args.networks.split(","):
        for precision in args.precisions.split(","):
            for batch in args.batches.split(","):
                compare(args, network, int(batch), precision)


main()
