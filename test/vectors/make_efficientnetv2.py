"""Golden vectors of EfficientNetV2-S: timm, weights by formula, double precision.

    python test/vectors/make_efficientnetv2.py      (needs torch, timm)

`taps` are the channel means of the last maps of stride 16 and 32 (timm's feature indices 3 and 4).
"""
import os

import timm
import torch

import formula

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = [
    # file, timm's name, classes, input side, pictures
    ("efficientnetv2-rw-s", "efficientnetv2_rw_s", 10, 96, 1),
    ("efficientnetv2-tf-s", "tf_efficientnetv2_s", 0, 75, 2),
]


def scale(name, shape):
    """The last norm of a block is small: forty sums would double the signal forty times."""
    last = name.endswith(".bn3.weight") or (name.endswith(".bn2.weight") and
                                            name.startswith(("blocks.0", "blocks.1", "blocks.2")))
    return (0.25, 0.0625) if last else formula.scale_of(name, shape)


def main():
    for name, arch, classes, side, count in CASES:
        model = timm.create_model(arch, num_classes=classes).eval()
        rows = formula.fill(model, scale=scale)
        shape = [count, 3, side, side]
        x = torch.from_numpy(formula.tensor("input", shape, 0.0, 2.0)).double()
        model, maps = model.double(), []
        hooks = [model.blocks[i].register_forward_hook(lambda m, i, out: maps.append(out))
                 for i in (4, 5)]
        with torch.no_grad():
            features = model.forward_head(model.forward_features(x), pre_logits=True)
        for h in hooks:
            h.remove()
        golden = dict(arch="efficientnetv2", input=shape, input_amp=2.0,
                      features=formula.digits(features.flatten()),
                      taps=[formula.digits(m.mean((2, 3)).flatten()) for m in maps])
        if classes:
            golden["logits"] = formula.digits(model.classifier(features).detach().flatten())
        formula.save(os.path.join(HERE, name + ".json"), made_by="make_efficientnetv2.py",
                     versions=formula.versions(torch, timm), config=dict(architecture=arch),
                     **golden, tensors=rows)
        print(name, tuple(features.shape), float(features.abs().mean()), float(features.std()))


if __name__ == "__main__":
    main()
