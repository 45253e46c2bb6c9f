"""Golden vectors of HOAM and HOAMV2: the vector, one training step's loss and every gradient, the running
statistics it leaves, and ten-step loss curves.  PyTorch modules as the published networks are composed
(whole maps through every layer, nothing taken a shorter way), timm's features_only backbones, weights
by formula, double precision.

    python test/vectors/make_hoam.py [CASE ...]      (needs torch, timm; make_train.py's helpers)

The loss is make_train.py's: the mean cross-entropy of the vector against the labels 0, 1, 2, ...
`features` are the vectors in evaluation mode.  HOAM (the first) is its author's repair: no edge layer,
the average of the global map alone, no projector.

`hybrid` is ten steps of AdamW on HybridMarginLoss instead (sub-centre ArcFace with its margin in radians,
batch-hard triplets, centres; the formulas of pytorch-metric-learning written out), pictures two of a class,
the loss's own weights by formula and learning too (checked by src/train/metric_hoam_test.c).
"""
import os
import sys

import timm
import torch
from torch import nn

import formula
import make_efficientnetv2
import make_train

HERE = os.path.dirname(os.path.abspath(__file__))
HEADS = 8


def widen(channels, width):
    layers = dict(conv=nn.Conv2d(channels, width, 1, bias=False), norm=nn.BatchNorm2d(width, eps=0.001))
    return nn.ModuleDict(layers)


class Attention(nn.Module):
    """torch.nn.MultiheadAttention, whose in_proj is kept as three layers."""

    def __init__(self, width):
        super().__init__()
        self.q, self.k, self.v, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        parts = (self.q, self.k, self.v)
        return nn.functional.multi_head_attention_forward(
            x, x, x, x.shape[-1], HEADS, torch.cat([p.weight for p in parts]),
            torch.cat([p.bias for p in parts]), None, None, False, 0.0, self.out_proj.weight,
            self.out_proj.bias, need_weights=False)[0]


class Hoam(nn.Module):
    def __init__(self, backbone, width, dim, second):
        super().__init__()
        self.backbone = backbone
        local, whole = backbone.feature_info.channels()[-2:]
        self.local = widen(local, width)
        if second:
            edge = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
            self.edge = nn.ModuleDict(dict(conv=edge, norm=nn.BatchNorm2d(width)))
        self.attention = Attention(width)
        self.add_module("global", widen(whole, width))
        self.projector = nn.Linear(2 * width, width) if second else nn.Identity()
        self.embedding = nn.ModuleDict(dict(fc1=nn.Linear(2 * width, dim), fc2=nn.Linear(dim, dim),
                                            norm=nn.BatchNorm1d(dim)))
        self.second = second

    def forward(self, x):
        act, (low, high) = nn.functional.silu, self.backbone(x)[-2:]
        low = act(self.local["norm"](self.local["conv"](low)))
        if self.second:
            low = self.edge["norm"](self.edge["conv"](low))
        n, c, h, w = low.shape
        rows = low.flatten(2).permute(2, 0, 1)
        rows = self.attention(rows)
        low = rows.permute(1, 2, 0).reshape(n, c, h, w)
        part = getattr(self, "global")
        high = act(part["norm"](part["conv"](high)))
        whole = high.mean((2, 3))
        if self.second:
            whole = self.projector(torch.cat([whole, high.amax((2, 3))], 1))
        unit = whole / (whole.norm(dim=1, keepdim=True) + 1e-6)
        along = torch.einsum("nc,nchw->nhw", unit, low)
        right = low - unit[:, :, None, None] * along[:, None]
        both = torch.cat([whole[:, :, None, None].expand_as(right), right], 1).mean((2, 3))
        return self.embedding["norm"](self.embedding["fc2"](self.embedding["fc1"](both)))


MARGIN, SCALE, SUB, TRIPLET, CENTER = 0.4, 30.0, 3, 0.3, 0.01


def arc(z, labels, w):
    cos = (z @ nn.functional.normalize(w, dim=0)).reshape(len(z), -1, SUB).amax(2)
    own = cos.gather(1, labels[:, None])[:, 0]
    turned = torch.cos(own.clip(-1, 1).acos() + MARGIN)
    turned = torch.where(own >= -torch.cos(torch.tensor(MARGIN)), turned,
                         own - MARGIN * torch.sin(torch.tensor(MARGIN)))
    return nn.functional.cross_entropy(SCALE * cos.scatter(1, labels[:, None], turned[:, None]), labels)


def triplet(z, labels):
    far, same = torch.cdist(z, z), labels[:, None] == labels[None]
    itself = torch.eye(len(z), dtype=torch.bool)
    positive = far.masked_fill(~same | itself, -1).amax(1)
    negative = far.masked_fill(same, 9).amin(1)
    v = positive - negative + TRIPLET
    return v[v > 0].sum() / max(1, int((v > 0).sum()))


def hybrid(make, x, rate):
    model, net, _ = make_train.fresh(make, "", scale)
    labels = torch.arange(len(x)) // 2
    classes, dim = int(labels.max()) + 1, net.embedding["fc2"].out_features
    w, centers = (nn.Parameter(torch.from_numpy(formula.tensor(n, s, 0.0, 1.0)).double())
                  for n, s in (("loss.w", [dim, classes * SUB]), ("loss.centers", [classes, dim])))
    named = list(net.named_parameters()) + [("w", w), ("centers", centers)]
    opt = torch.optim.AdamW([dict(params=[p], weight_decay=0.05 if p.ndim > 1 else 0.0)
                             for _, p in named], lr=rate)
    losses = []
    for _ in range(10):
        opt.zero_grad()
        z = nn.functional.normalize(model(x), dim=1)
        loss = arc(z, labels, w) + triplet(z, labels) + CENTER * ((z - centers[labels]) ** 2).mean()
        loss.backward()
        opt.step()
        losses.append(loss.detach())
    return formula.digits(losses)


def scale(name, shape):
    return make_efficientnetv2.scale(name.removeprefix("backbone."), shape)


def small(name):
    return timm.create_model(name, features_only=True, channel_multiplier=0.5, depth_multiplier=0.1)


CASES = {
    # file: maker, configuration, input side, pictures
    "train-hoamv2-small": (lambda: Hoam(small("efficientnetv2_rw_s"), 64, 16, True),
                           dict(architecture="hoamv2", backbone="efficientnetv2_rw_s"), 96, 4),
    "train-hoam-small": (lambda: Hoam(small("efficientnetv2_s"), 64, 16, False),
                         dict(architecture="hoam", backbone="efficientnetv2_s"), 64, 4),
    "train-hoamv2": (lambda: Hoam(timm.create_model("efficientnetv2_rw_s", features_only=True), 1280,
                                  128, True),
                     dict(architecture="hoamv2", backbone="efficientnetv2_rw_s"), 96, 4),
}


def main():
    torch.set_num_threads(1)
    for name, (make, config, side, count) in CASES.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        shape = [count, 3, side, side]
        x = torch.from_numpy(formula.tensor("input", shape, 0.0, 2.0)).double()
        model, net, rows = make_train.fresh(make, "", scale)
        with torch.no_grad():
            vectors = model.eval()(x)
        out, loss = make_train.loss_of(model.train(), x)
        loss.backward()
        stats = [[n] + formula.digits([b.norm(), b.flatten()[0]])
                 for n, b in net.named_buffers() if "running" in n]
        golden = dict(input=shape, input_amp=2.0, features=formula.digits(vectors.flatten()),
                      loss=formula.digits([loss.detach()])[0],
                      gradients=[make_train.gradient(n, p.grad) for n, p in net.named_parameters()],
                      statistics=stats, rate=1e-4,
                      parameters=sum(p.numel() for p in net.parameters()),
                      curves={k: make_train.curve(make, "", scale, x, k, 1e-4)
                              for k in make_train.OPTIMISERS})
        if name.endswith("-small"):
            golden["hybrid"] = hybrid(make, x, 1e-4)
        formula.save(os.path.join(HERE, name + ".json"), made_by="make_hoam.py",
                     versions=formula.versions(torch, timm), config=config, **golden, tensors=rows)
        print(name, golden["parameters"], golden["loss"], golden["curves"], float(vectors.std()))


if __name__ == "__main__":
    main()
