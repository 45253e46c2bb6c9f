"""The protocol between bench/run and a contender: one line in, one line out.

    in    MODEL PRECISION BATCH SECONDS          e.g.  resnet18 bf16 16 2.0
    out   RATE LATENCY COSINE SETTING            pictures or texts/s, median ms a call, against the known answer
          or  -  REASON                          when it cannot do that
"""
import os
import statistics
import sys
import time

# "cpu": processor time of the process, for one thread on a busy machine; else the wall clock.
clock = time.process_time if os.environ.get("BENCH_CLOCK") == "cpu" else time.perf_counter


def measure(call, batch, seconds):
    call()
    took, start = [], time.perf_counter()
    while time.perf_counter() - start < seconds or len(took) < 3:
        before = clock()
        call()
        took.append(clock() - before)
    middle = statistics.median(took)
    return batch / middle, middle * 1e3


def serve(prepare):
    """prepare(model, precision, batch) -> (call, cosine, setting); kept for later rounds."""
    ready = {}
    for line in sys.stdin:
        model, precision, batch, seconds = line.split()
        key = (model, precision, int(batch))
        try:
            if key not in ready:
                ready[key] = prepare(*key)
            call, cosine, setting = ready[key]
            rate, latency = measure(call, int(batch), float(seconds))
            print(f"{rate:.2f} {latency:.3f} {cosine:.6f} {setting}", flush=True)
        except Exception as e:  # a peer that cannot do a case must not end the run
            print("-", " ".join(str(e).split())[:200] or type(e).__name__, flush=True)
