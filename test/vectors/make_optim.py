"""Golden vectors of the optimisers, schedules and averages: PyTorch in float32.

    python test/vectors/make_optim.py      (needs torch)

Weight k (of TENSORS) starts as sin(0.7 i + k), its gradient in step t = 1, 2, ... is
(1 + 0.1 t) cos(0.9 i + 1.7 t + k); src/nn/optim_test.c makes the same numbers.
"""
import math
import os

import torch

import formula

HERE = os.path.dirname(os.path.abspath(__file__))
TENSORS = [("l.weight", (4, 5)), ("l.bias", (4,)), ("n.weight", (4,)), ("n.bias", (4,))]
STEPS, KEEP = 10, (1, 3, 10)
BASE = dict(momentum=0.0, nesterov=False, decay=0.0, decay_all=False, clip=0.0, group=False)
CASES = [
    dict(kind="sgd"),
    dict(kind="sgd", momentum=0.9, decay=0.05),
    dict(kind="sgd", momentum=0.8, nesterov=True, decay=0.05, decay_all=True),
    dict(kind="adam"),
    dict(kind="adam", decay=0.05, decay_all=True),
    dict(kind="adamw", decay=0.05),
    dict(kind="adamw", decay=0.05, decay_all=True, clip=1.0),
    dict(kind="adamw", decay=0.05, group=True),
]
LR = 0.02


def start():
    made = []
    for k, (_, shape) in enumerate(TENSORS):
        n = math.prod(shape)
        made.append(torch.tensor([math.sin(0.7 * i + k) for i in range(n)],
                                 dtype=torch.float32).reshape(shape).requires_grad_())
    return made


def gradients(params, t):
    for k, p in enumerate(params):
        values = [(1 + 0.1 * t) * math.cos(0.9 * i + 1.7 * t + k) for i in range(p.numel())]
        p.grad = torch.tensor(values, dtype=torch.float32).reshape(p.shape)


def optimiser(params, c):
    groups = []
    for (name, shape), p in zip(TENSORS, params):
        decays = c["decay_all"] or len(shape) > 1
        lr, decay = LR, c["decay"] if decays else 0.0
        if c["group"] and name.startswith("l."):
            lr, decay = LR * 0.25, decay * 0.5
        groups.append(dict(params=[p], lr=lr, weight_decay=decay))
    if c["kind"] == "sgd":
        return torch.optim.SGD(groups, lr=LR, momentum=c["momentum"], nesterov=c["nesterov"])
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[c["kind"]](groups, lr=LR)


def run(c):
    params, norms, kept = start(), [], []
    opt = optimiser(params, c)
    for t in range(1, STEPS + 1):
        gradients(params, t)
        norm = torch.nn.utils.clip_grad_norm_(params, c["clip"] or math.inf)
        norms.append(float(norm))
        opt.step()
        if t in KEEP:
            kept.append(formula.digits(torch.cat([p.detach().flatten() for p in params])))
    return dict(c, norms=formula.digits(norms), values=kept)


def schedule(make, epochs, scores=None):
    p = torch.zeros(1, requires_grad=True)
    opt = torch.optim.SGD([p], lr=1.0)
    sched, seen = make(opt), []
    for e in range(epochs):
        seen.append(opt.param_groups[0]["lr"])
        p.grad = torch.zeros(1)
        opt.step()
        sched.step(scores[e]) if scores else sched.step()
    return formula.digits(seen)


def schedules():
    from torch.optim import lr_scheduler as s
    scores = [0.5, 0.6, 0.6, 0.60001, 0.59, 0.7, 0.7, 0.7, 0.7, 0.7, 0.71, 0.1]
    warm = lambda o: s.SequentialLR(o, [s.LinearLR(o, 0.1, 1.0, 3), s.CosineAnnealingLR(o, 9, 0.05)],
                                    milestones=[3])
    return dict(
        cosine=schedule(lambda o: s.CosineAnnealingLR(o, 12, 0.05), 12),
        warm_cosine=schedule(warm, 12),
        step=schedule(lambda o: s.StepLR(o, 4, 0.3), 12),
        plateau=schedule(lambda o: s.ReduceLROnPlateau(o, "max", 0.5, 2, 1e-4), 12, scores),
        scores=scores)


def averages():
    p, ema, swa = start()[0].detach(), None, None
    for t in range(1, STEPS + 1):
        v = p * (1 + 0.2 * t)
        swa = v.clone() if swa is None else swa + (v - swa) / t
        decay = min(0.3, t / (9 + t))
        ema = (p.clone() if ema is None else ema).lerp(v, 1 - decay)
    return dict(swa=formula.digits(swa.flatten()), ema=formula.digits(ema.flatten()))


def main():
    formula.save(os.path.join(HERE, "train-optim.json"), made_by="make_optim.py",
                 versions=formula.versions(torch), lr=LR, keep=KEEP,
                 cases=[run({**BASE, **c}) for c in CASES], schedules=schedules(),
                 averages=averages())


if __name__ == "__main__":
    main()
