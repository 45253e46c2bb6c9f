#!/usr/bin/env python3
"""Judgements of seeded logits, computed by PyTorch in float64: test/vectors/zeroshot.json.

Made with torch 2.15: python3 test/vectors/make_zeroshot.py > test/vectors/zeroshot.json
Each case: logits (scale * cosine), then softmax, entropy over all, entropy of the K best renormalised
and over ln K, margin, ambiguous with the limits 2.5 and 0.76; with a boost the same of p * boost / sum.
"""
import json
import math

import torch


def judge(logits, boost, k):
    p = torch.softmax(logits, 0)
    s = p if boost is None else p * boost.clamp(min=0) / (p * boost.clamp(min=0)).sum()
    order = sorted(range(len(s)), key=lambda i: (-float(s[i]), -float(logits[i])))
    k = min(k, len(s))
    entropy = float(torch.distributions.Categorical(probs=s).entropy())
    top = s[order[:k]] / s[order[:k]].sum()
    entropy_top = float(torch.distributions.Categorical(probs=top).entropy())
    normal = min(max(entropy_top / math.log(k), 0), 1) if k > 1 else 0.0
    margin = float(s[order[0]] - s[order[1]]) if len(s) > 1 else float(s[order[0]])
    return {
        "logits": [round(float(v), 6) for v in logits],
        "boost": None if boost is None else [round(float(v), 6) for v in boost],
        "k": k, "order": order, "p": p.tolist(), "score": s.tolist(), "entropy": entropy,
        "entropy_top": entropy_top, "entropy_normalized": normal, "margin": margin,
        "ambiguous": entropy > 2.5 or normal > 0.76,
    }


def main():
    torch.manual_seed(20)
    cases = []
    for n, scale, spread, k, boosted in [(121, 100.0, 0.02, 5, False), (121, 100.0, 0.002, 5, False),
                                         (40, 60.0, 0.03, 8, True), (5, 100.0, 0.1, 20, False),
                                         (2, 10.0, 0.01, 5, True), (1, 100.0, 0.1, 5, False)]:
        logits = torch.round(scale * (0.22 + spread * torch.randn(n, dtype=torch.float64)), decimals=6)
        boost = torch.round(1 + 0.37 * (2 * torch.rand(n, dtype=torch.float64) - 1), decimals=6)
        cases.append(judge(logits, boost if boosted else None, k))
    print(json.dumps({"made_by": "test/vectors/make_zeroshot.py", "torch": torch.__version__,
                      "cases": cases}))


main()
