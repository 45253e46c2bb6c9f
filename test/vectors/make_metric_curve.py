"""Ten training steps of a small HOAMV2 with the hybrid metric loss: PyTorch's loss, step by step, in double.

    python test/vectors/make_metric_curve.py      (needs torch, timm; make_hoam.py and make_metric.py beside it)

The network is that of train-hoamv2-small.json.  Step t reads the picture batch "input t" by formula; eight
pictures, two of each of four classes.  AdamW over network and loss together (decay on everything, the body
at a twentieth of the rate), gradients clipped to a common norm of 1; the body is frozen for the first four
steps, in which its batch norms go on in training mode.  Checked by src/train/metric_curve_test.c.
"""
import json
import os

import timm
import torch

import formula
import make_hoam
import make_metric
import make_train

HERE = os.path.dirname(os.path.abspath(__file__))
CLASSES, SUB, DIM, BATCH, SIDE, STEPS, FROZEN = 4, 3, 16, 8, 96, 10, 4
MARGIN, SCALE, TRIPLET, CENTER, RATE, DECAY, BODY = 0.4, 30.0, 0.3, 0.01, 3e-4, 1e-4, 0.05


def by_formula(name, shape, amp):
    return torch.from_numpy(formula.tensor(name, shape, 0.0, amp)).double()


def main():
    torch.set_num_threads(1)
    model, net, _ = make_train.fresh(make_hoam.CASES["train-hoamv2-small"][0], "", make_hoam.scale)
    model.train()
    w = by_formula("loss.weight", (DIM, CLASSES * SUB), 1.5).requires_grad_()
    centers = by_formula("loss.centers", (CLASSES, DIM), 1.5).requires_grad_()
    body = [p for n, p in net.named_parameters() if "backbone" in n]
    rest = [p for n, p in net.named_parameters() if "backbone" not in n] + [w, centers]
    optimiser = torch.optim.AdamW([{"params": body, "lr": RATE * BODY}, {"params": rest, "lr": RATE}],
                                  weight_decay=DECAY)
    y = torch.arange(CLASSES).repeat_interleave(BATCH // CLASSES)
    rows = []
    for t in range(STEPS):
        for p in body:
            p.requires_grad_(t >= FROZEN)
        v = model(by_formula(f"input {t}", (BATCH, 3, SIDE, SIDE), 2.0))
        parts = [make_metric.arc(v, y, w, SUB, MARGIN, SCALE), make_metric.triplet(v, y, TRIPLET),
                 make_metric.center(v, y, centers)]
        loss = parts[0] + parts[1] + CENTER * parts[2]
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(body + rest, 1.0)
        optimiser.step()
        rows.append([float(f"{float(x):.10g}") for x in [v.item() for v in (loss, *parts, norm)]])
    golden = dict(made_by="make_metric_curve.py", versions=formula.versions(torch, timm), network="train-hoamv2-small",
                  classes=CLASSES, sub=SUB, batch=BATCH, side=SIDE, frozen=FROZEN, rate=RATE, body=BODY, decay=DECAY,
                  columns=["loss", "arc", "triplet", "center", "norm of all gradients"], steps=rows)
    with open(os.path.join(HERE, "metric-curve.json"), "w") as f:
        json.dump(golden, f, indent=1)
        f.write("\n")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
