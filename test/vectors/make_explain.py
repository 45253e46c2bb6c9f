"""Known answers for train/explain.h -> explain.json: Grad-CAM and attention rollout with weights by formula
(the models of resnet18-torchvision.json and clip-hf-small.json), passes by numpy, turns by Pillow.

    python test/vectors/make_explain.py      (needs torch, torchvision, transformers, Pillow)
"""
import hashlib
import json
import os

import numpy as np
import PIL
import torch
import torchvision
import transformers
from PIL import Image

import formula

HERE = os.path.dirname(os.path.abspath(__file__))


def stretch(m):
    return (m - m.min()) / (m.max() - m.min())


def gradcam(target):
    model = torchvision.models.resnet18(weights=None).eval()
    formula.fill(model)
    model = model.double()
    seen = []

    def keep(module, given, out):
        out.retain_grad()
        seen.append(out)

    model.layer4.register_forward_hook(keep)
    x = torch.from_numpy(formula.tensor("input", [1, 3, 224, 224], 0.0, 2.0)).double()
    z = model(x)
    k = int(z.argmax()) if target < 0 else target
    z[0, k].backward()
    a, d = seen[0][0], seen[0].grad[0]
    cam = torch.relu((d.mean((1, 2))[:, None, None] * a).sum(0)).detach().numpy()
    return dict(target=target, explained=k, heat=formula.digits(stretch(cam).flatten()))


def rollout():
    config = json.load(open(os.path.join(HERE, "clip-hf-small.json")))["config"]
    vision = transformers.CLIPVisionConfig(**config["vision_config"], attn_implementation="eager")
    model = transformers.CLIPVisionModelWithProjection(vision).eval()
    formula.fill(model)
    shape = json.load(open(os.path.join(HERE, "clip-hf-small.json")))["input"]
    x = torch.from_numpy(formula.tensor("input", shape, 0.0, 2.0)).double()[:1]
    with torch.no_grad():
        out = model.double()(pixel_values=x, output_attentions=True)
    all_ = np.eye(out.attentions[0].shape[-1])
    for a in out.attentions:
        m = a[0].mean(0).numpy()
        all_ = (m / 2 + np.eye(len(m)) / 2) @ all_
    return formula.digits(stretch(all_[0, 1:]))


def passes():
    p = formula.tensor("passes", [7, 5], 1.5, 1.4).astype(np.float32)
    p = (p / p.sum(1, keepdims=True)).astype(np.float32)
    d = p.astype(np.float64)
    mean = d.mean(0)
    h = lambda v: float(-(v * np.log(v)).sum())
    return dict(mean=mean.tolist(), spread=d.std(0, ddof=1).tolist(), entropy=h(mean),
                mutual_information=h(mean) - float(np.mean([h(r) for r in d])))


def views():
    u = formula.unit("picture", 60 * 60 * 3)
    im = Image.fromarray(((u + 1) * 127).astype(np.uint8).reshape(60, 60, 3))
    pic = {0: im, 1: im.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 2: im.rotate(5), 3: im.rotate(-5),
           4: im.resize((68, 68), Image.Resampling.BILINEAR).crop((4, 4, 64, 64))}
    return [hashlib.sha256(pic[k].tobytes()).hexdigest() for k in range(5)]


json.dump(dict(made_by="make_explain.py",
               versions=dict(formula.versions(torch, torchvision, transformers), pillow=PIL.__version__),
               gradcam=[gradcam(-1), gradcam(7)], rollout=rollout(), passes=passes(), views=views()),
          open(os.path.join(HERE, "explain.json"), "w"), indent=1)
