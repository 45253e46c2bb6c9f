"""Golden vectors of training: one step's loss and every gradient, the running statistics it leaves,
and ten-step loss curves with AdamW and SGD.  torchvision, timm, open_clip and transformers with
weights by formula, in double precision, the same batch in every step.

    python test/vectors/make_train.py [CASE ...]

The loss is the mean cross-entropy of the first output against the labels 0, 1, 2, ... modulo the
number of outputs.  Of a gradient the file keeps its norm, its product with the formula's tensor
"probe " + name, and three elements: first, middle, last.  Decay spares tensors of rank one.
"""
import os
import sys

import open_clip
import timm
import torch
import torchvision
import transformers
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

import formula
import make_clip
import make_efficientnetv2

HERE = os.path.dirname(os.path.abspath(__file__))
TINY = dict(width=64, layers=2, side=32, patch=8, heads=1, mlp=128, dim=16)


class HFVector(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        vision = transformers.CLIPVisionConfig(**config["vision_config"])
        self.net = transformers.CLIPVisionModelWithProjection(vision)

    def forward(self, x):
        return self.net(pixel_values=x).image_embeds


def openclip(config):
    cfg = config["model_cfg"]
    return open_clip.CLIP(embed_dim=cfg["embed_dim"], vision_cfg=cfg["vision_cfg"],
                          text_cfg=cfg["text_cfg"], quick_gelu=cfg["quick_gelu"])


def efficientnet(name):
    return timm.create_model(name, num_classes=5, channel_multiplier=0.5, depth_multiplier=0.1)


OPENCLIP, HF = make_clip.openclip_config(TINY, False), make_clip.hf_config(TINY, True)
CASES = {
    # file: maker, configuration, prefix of the trained part, scale, input side, pictures
    "train-resnet-small": (lambda: ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5), None, "",
                           formula.scale_of, 48, 4),
    "train-resnet-bottleneck": (lambda: ResNet(Bottleneck, [1, 1, 1, 1], num_classes=5), None, "",
                                formula.scale_of, 48, 4),
    "train-resnet18": (lambda: torchvision.models.resnet18(num_classes=5), None, "",
                       formula.scale_of, 64, 4),
    "train-vit-openclip": (lambda: openclip(OPENCLIP), OPENCLIP, "visual.", formula.scale_of,
                           32, 4),
    "train-vit-hf": (lambda: HFVector(HF), HF, "", formula.scale_of, 32, 4),
    "train-efficientnetv2-rw": (lambda: efficientnet("efficientnetv2_rw_s"),
                                dict(architecture="efficientnetv2_rw_s"), "",
                                make_efficientnetv2.scale, 64, 4),
    "train-efficientnetv2-tf": (lambda: efficientnet("tf_efficientnetv2_s"),
                                dict(architecture="tf_efficientnetv2_s"), "",
                                make_efficientnetv2.scale, 61, 4),
}
OPTIMISERS = {
    "adamw": lambda g, lr: torch.optim.AdamW(g, lr=lr),
    "sgd": lambda g, lr: torch.optim.SGD(g, lr=lr * 10, momentum=0.9),
}
DECAY = {"adamw": 0.05, "sgd": 1e-3}


def fresh(make, prefix, scale):
    model = make()
    net = getattr(model, "net", model)
    rows = formula.fill(net, skip=lambda n: not n.startswith(prefix), scale=scale)
    return model.double().train(), net, rows


def loss_of(model, x):
    out = model.encode_image(x) if hasattr(model, "encode_image") else model(x)
    labels = torch.arange(len(x)) % out.shape[1]
    return out, torch.nn.functional.cross_entropy(out, labels)


def gradient(name, g):
    probe = torch.from_numpy(formula.tensor("probe " + name, list(g.shape), 0.0, 1.0)).double()
    flat = g.flatten()
    return [name] + formula.digits([g.norm(), (g * probe).sum(), flat[0], flat[len(flat) // 2],
                                    flat[-1]])


def trained(net, prefix):
    return [(n, p) for n, p in net.named_parameters() if n.startswith(prefix)]


def rate(name):
    """Residual networks learn four pictures in one step of the others' rate."""
    return 5e-5 if "resnet" in name else 5e-4


def curve(make, prefix, scale, x, kind, lr):
    model, net, _ = fresh(make, prefix, scale)
    groups = [dict(params=[p], weight_decay=DECAY[kind] if p.ndim > 1 else 0.0)
              for _, p in trained(net, prefix)]
    opt, losses = OPTIMISERS[kind](groups, lr), []
    for _ in range(10):
        opt.zero_grad()
        _, loss = loss_of(model, x)
        loss.backward()
        opt.step()
        losses.append(loss.detach())
    return formula.digits(losses)


def main():
    for name, (make, config, prefix, scale, side, count) in CASES.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        shape = [count, 3, side, side]
        x = torch.from_numpy(formula.tensor("input", shape, 0.0, 2.0)).double()
        model, net, rows = fresh(make, prefix, scale)
        out, loss = loss_of(model, x)
        loss.backward()
        stats = [[n] + formula.digits([b.norm(), b.flatten()[0]])
                 for n, b in net.named_buffers() if "running" in n]
        golden = dict(input=shape, input_amp=2.0, features=formula.digits(out.detach().flatten()),
                      loss=formula.digits([loss.detach()])[0],
                      gradients=[gradient(n, p.grad) for n, p in trained(net, prefix)],
                      statistics=stats, rate=rate(name),
                      curves={k: curve(make, prefix, scale, x, k, rate(name)) for k in OPTIMISERS})
        if config:
            golden["config"] = config
        formula.save(os.path.join(HERE, name + ".json"), made_by="make_train.py",
                     versions=formula.versions(torch, torchvision, timm, open_clip, transformers),
                     **golden, tensors=rows)
        print(name, golden["loss"], golden["curves"])


if __name__ == "__main__":
    main()
