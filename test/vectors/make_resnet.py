"""Golden vectors of ResNet-18/34/50: torchvision and timm, weights by formula, double precision.

    python test/vectors/make_resnet.py      (needs torch, torchvision, timm)
"""
import os

import timm
import torch
import torchvision

import formula

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = [
    # file, maker, input side, pictures
    ("resnet18-torchvision", lambda: torchvision.models.resnet18(weights=None), 224, 1),
    ("resnet34-torchvision", lambda: torchvision.models.resnet34(weights=None), 64, 2),
    ("resnet50-torchvision", lambda: torchvision.models.resnet50(weights=None), 96, 2),
    ("resnet18-timm", lambda: timm.create_model("resnet18", num_classes=0), 96, 1),
    ("resnet50-timm", lambda: timm.create_model("resnet50", num_classes=10), 64, 1),
]


def features_and_logits(model, x):
    if hasattr(model, "forward_features"):
        features = model.forward_head(model.forward_features(x), pre_logits=True)
        return features, model(x) if model.num_classes else None
    seen = []
    hook = model.avgpool.register_forward_hook(lambda m, i, out: seen.append(out.flatten(1)))
    logits = model(x)
    hook.remove()
    return seen[0], logits


def main():
    for name, make, side, count in CASES:
        model = make().eval()
        rows = formula.fill(model)
        shape = [count, 3, side, side]
        x = torch.from_numpy(formula.tensor("input", shape, 0.0, 2.0)).double()
        with torch.no_grad():
            features, logits = features_and_logits(model.double(), x)
        golden = dict(arch="resnet", input=shape, input_amp=2.0,
                      features=formula.digits(features.flatten()))
        if logits is not None:
            golden["logits"] = formula.digits(logits.flatten())
        formula.save(os.path.join(HERE, name + ".json"), made_by="make_resnet.py",
                     versions=formula.versions(torch, torchvision, timm), **golden, tensors=rows)
        print(name, tuple(features.shape), float(features.abs().mean()), float(features.std()))


if __name__ == "__main__":
    main()
