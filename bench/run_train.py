#!/usr/bin/env python3
"""Training steps beside PyTorch, interleaved: every round, each contender in turn takes one step.

    bench/run_train.py [--new-python PYTHON] [--minutes 11]     # everything in doc order, see CASES
    bench/run_train.py --cases resnet18:bf16:16,head:bf16:30 --threads 1
    bench/run_train.py --cases hoamv2:bf16:8,hoamv2:bf16:32 --minutes 5 --new-python PYTHON   # hoam.md

A case is network:precision:batch.  What a busy machine does to one it does to all.  Two figures of every
step: wall time and the processor time of all threads, the least of the rounds each (what a step takes
when nobody is in the way); ratios are to Assay's.  On a busy machine the second says more.
OMP_WAIT_POLICY=PASSIVE for all, so that waiting threads do not count as working.

Every version of PyTorch runs in its default layout and channels last; at batch 32 only in the layout
that was faster in this run at a smaller one, so that all contenders fit into memory.
"""
import argparse
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ASSAY = os.path.join(HERE, "..", "build", "release", "bench", "train")
ENV = dict(os.environ, OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT="0")
# The share of the time is that of the work.
CASES = (("resnet18:bf16:16", 3), ("efficientnetv2-s:bf16:16", 6), ("head:bf16:30", 4),
         ("resnet18:bf16:32", 3), ("efficientnetv2-s:bf16:32", 7), ("resnet18:f32:16", 4),
         ("efficientnetv2-s:f32:16", 7), ("resnet18:f32:32", 4), ("efficientnetv2-s:f32:32", 8))
faster = {}  # (network, precision, version) -> layout, from a smaller batch


class Contender:
    def __init__(self, label, command, key=None, layout=None):
        self.label, self.key, self.layout = label, key, layout
        self.cpu, self.wall, self.peak = [], [], 0.0
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env=ENV)
        self.alive = True

    def ready(self):
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

    def least(self):
        """(processor, wall) seconds; the first step warms up."""
        return (min(self.cpu[1:]), min(self.wall[1:])) if len(self.cpu) > 1 else None


def version_of(python):
    code = "import torch; print(torch.__version__.split('a')[0].split('+')[0])"
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


def contenders_of(pythons, network, precision, batch, threads):
    case = [network, str(batch), precision, str(threads)]
    own = [network, str(batch), "f32" if network == "head" else precision, str(threads)]
    yield Contender("Assay", [ASSAY, *own, "serve"])
    for python, version in pythons:
        key = (network, precision, version)
        for layout in [faster[key]] if batch == 32 and key in faster else ["", "channels_last"]:
            label = f"PyTorch {version} {layout.replace('_', ' ')}".strip()
            yield Contender(label, [python, os.path.join(HERE, "train_torch.py"), *case, *layout.split()],
                            key, layout)


def compare(pythons, network, precision, batch, threads, rounds, seconds):
    start = time.monotonic()
    contenders = list(contenders_of(pythons, network, precision, batch, threads))
    for c in contenders:
        c.ready()
    taken = 0
    while taken < 2 or (taken <= rounds and time.monotonic() - start < seconds * taken / (taken + 1)):
        for c in contenders:
            c.step()
        taken += 1
    ours = contenders[0].least()
    for c in sorted(contenders[1:], key=lambda c: c.least() or (1e9, 1e9), reverse=True):
        if c.key and batch < 32 and c.least():
            faster[c.key] = c.layout
    for c in contenders:
        c.close()
        head = f"| {network} | {precision} | {batch} | {c.label} |"
        if not c.least() or not ours:
            print(head + " - | - | - | - | - | - |", flush=True)
            continue
        (cpu, wall), many = c.least(), 14 * batch if network == "head" else batch
        print(head + f" {wall:.3g} | {many / wall:.1f} | {wall / ours[1]:.2f} | {cpu:.3g} | {cpu / ours[0]:.2f} "
              f"| {c.peak:.0f} |", flush=True)
    return taken - 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", default=",".join(name for name, _ in CASES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=11)
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--new-python", default=os.environ.get("BENCH_PYTHON"))
    args = parser.parse_args()
    if not os.path.exists(ASSAY):
        sys.exit("build/release/bench/train is missing: make build/release/bench/train")
    pythons = [(p, version_of(p)) for p in (args.python, args.new_python) if p]
    cases, weight = args.cases.split(","), dict(CASES)
    end, rounds = time.monotonic() + args.minutes * 60, []
    print("| network | precision | batch | contender | wall s a step | pictures/s | times Assay's "
          "| processor s | times Assay's | peak MB |")
    print("|---|---|---:|---|---:|---:|---:|---:|---:|---:|")
    for i, case in enumerate(cases):
        network, precision, batch = case.split(":")
        share = weight.get(case, 5) / sum(weight.get(c, 5) for c in cases[i:])
        rounds.append(compare([p for p in pythons if p[1]], network, precision, int(batch), args.threads,
                              args.rounds, (end - time.monotonic()) * share))
    print(f"\nA head's step is an epoch of 420 pictures. Measured rounds a case: {', '.join(map(str, rounds))}; "
          f"{args.threads} threads.")


main()
