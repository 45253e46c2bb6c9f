"""Golden vectors of MobileCLIP's image towers: timm inside open_clip, weights by formula, double
precision, in the form of training; and small FastViTs for the forms and names that files come in.

    python test/vectors/make_mobileclip.py [CASE ...]      (needs torch, timm, open_clip)

Names: open_clip's for S1, S2 and B, timm's for S0, Apple's for the small ones called so.  Apple's
names are made from timm's here by the inverse of the translation that timm itself does.
"""
import os
import re
import sys

import open_clip
import timm
import torch
from timm.models.fastvit import FastVit, RepConditionalPosEnc
from timm.utils import reparameterize_model

import formula

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = dict(layers=(1, 2, 1, 2), embed_dims=(16, 32, 64, 128), mlp_ratios=(3, 3, 3, 3),
             se_downsamples=(False, False, True, True),
             pos_embs=(None, None, None, RepConditionalPosEnc),
             token_mixers=("repmixer", "repmixer", "repmixer", "attention"), lkc_use_act=True)
LARGE = dict(layers=(1, 1, 1, 1, 2), embed_dims=(8, 16, 32, 64, 128), mlp_ratios=(4,) * 5,
             se_downsamples=(False,) * 5, downsamples=(False, True, True, True, True),
             pos_embs=(None, None, None, RepConditionalPosEnc, RepConditionalPosEnc),
             token_mixers=("repmixer",) * 3 + ("attention",) * 2, lkc_use_act=True,
             norm_layer=lambda n, **kw: timm.layers.LayerNorm2d(n, eps=1e-5, **kw),
             stem_use_scale_branch=False)
CASES = [
    # file, open_clip's or timm's name or a configuration, names, input side, pictures
    ("s0", "fastvit_mci0", "timm", 256, 1),
    ("s1", "MobileCLIP-S1", "openclip", 256, 1),
    ("s2", "MobileCLIP-S2", "openclip", 128, 1),
    ("b", "MobileCLIP-B", "openclip", 224, 1),
    ("small", SMALL, "timm", 64, 2),
    ("small-apple", SMALL, "apple", 64, 2),
    ("small-five", LARGE, "timm", 96, 2),
]


def loud(name, shape):
    """For towers of few blocks, so that the picture shows in the vector as much as the biases do."""
    return (0.1875, 0.0625) if name.endswith("gamma") else formula.scale_of(name, shape)


def scale(name, shape):
    """Layer scales of a quarter keep eighty residual sums in range and let the picture through; the
    branches that are added up share the signal between them."""
    if name.endswith("gamma"):
        return 0.25, 0.125
    base, amp = formula.scale_of(name, shape)
    if len(shape) == 1 and name.endswith("weight") and re.search(r"conv_kxk|conv_scale|identity|"
                                                                 r"large_conv|small_conv", name):
        return 0.5, 0.125
    return base, amp


def build(what):
    if isinstance(what, dict):
        return FastVit(num_classes=24, **what)
    if what.startswith("fastvit"):
        return timm.create_model(what, num_classes=512)
    return open_clip.create_model(what)


def apples(name):
    """timm's name of a FastViT in four stages as Apple has it."""
    stage = re.match(r"stages\.(\d+)\.(.*)", name)
    if stage:
        s, rest = int(stage[1]), stage[2]
        if rest.startswith("downsample."):
            name = f"network.{2 * s - 1}.{rest[len('downsample.'):]}"
        elif rest.startswith("pos_emb.pos_enc"):
            name = f"network.{2 * s}.pe{rest[len('pos_emb.pos_enc'):]}"
        else:
            name = f"network.{2 * s + (s == 3)}.{rest[len('blocks.'):]}"
    for a, b in (("stem.", "patch_embed."), ("conv_kxk", "rbr_conv"), ("conv_scale", "rbr_scale"),
                 ("identity", "rbr_skip"), ("final_conv", "conv_exp"), ("large_conv", "lkb_origin"),
                 ("mlp.", "convffn."), ("se.fc1", "se.reduce"), ("se.fc2", "se.expand"),
                 (".gamma", "")):
        name = name.replace(a, b)
    return "image_encoder.model." + name


def with_apples_names(model, scale):
    """Weights by formula of the names a file of Apple's has; its projection is [in, out], no bias."""
    rows, state = [], model.state_dict()
    for name, old in state.items():
        if not old.is_floating_point():
            continue
        shape = tuple(old.shape)
        if name == "head.fc.bias":
            state[name] = torch.zeros(shape)
            continue
        base, amp = scale(name, shape)
        turned = name == "head.fc.weight"
        file_name = "image_encoder.model.head.proj" if turned else apples(name)
        file_shape = shape[::-1] if turned else shape
        t = torch.from_numpy(formula.tensor(file_name, file_shape, base, amp))
        state[name] = t.T if turned else t
        rows.append([file_name, list(file_shape), base, amp])
    model.load_state_dict(state)
    return rows


def config_of(what, names):
    if names == "openclip":
        cfg = open_clip.get_model_config(what)
        return {"model_cfg": cfg, "preprocess_cfg": {
            "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0], "interpolation": "bilinear",
            "resize_mode": "shortest"}}
    return None


def folded(model, x):
    """What PyTorch's own folding gives, as a check of the reference itself."""
    trunk = getattr(getattr(model, "visual", model), "trunk", model)
    return reparameterize_model(trunk)(x)


def main():
    for name, what, names, side, count in CASES:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        model = build(what).eval()
        if names == "apple":
            rows = with_apples_names(model, loud)
        else:
            rows = formula.fill(model, scale=loud if isinstance(what, dict) else scale, skip=lambda n: names == "openclip" and
                                not n.startswith("visual."))
        shape = [count, 3, side, side]
        x = torch.from_numpy(formula.tensor("input", shape, 0.0, 1.0)).double()
        model = model.double()
        with torch.no_grad():
            out = model.encode_image(x) if names == "openclip" else model(x)
            again = folded(model, x)
        config = config_of(what, names)
        extra = dict(config=config) if config else {}
        formula.save(os.path.join(HERE, f"mobileclip-{name}.json"), made_by="make_mobileclip.py",
                     versions=formula.versions(torch, timm, open_clip),
                     arch="vit-conv" if name == "b" else "fastvit", input=shape, input_amp=1.0,
                     features=formula.digits(out.flatten()), **extra, tensors=rows)
        print(name, tuple(out.shape), float(out.std()), float((again - out).abs().max()),
              float(torch.nn.functional.cosine_similarity(out[0], out[-1], dim=0)))


if __name__ == "__main__":
    main()
