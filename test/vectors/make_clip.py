"""Golden vectors of the CLIP image tower: open_clip and transformers, weights by formula, double
precision, GELU and QuickGELU, small configurations and ViT-B/32.

    python test/vectors/make_clip.py [CASE ...]      (needs torch, open_clip, transformers)
"""
import os
import sys

import open_clip
import torch
import transformers

import formula

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = dict(width=128, layers=2, side=32, patch=8, heads=2, mlp=256, dim=48)
B32 = dict(width=768, layers=12, side=224, patch=32, heads=12, mlp=3072, dim=512)
L14 = dict(width=1024, layers=2, side=224, patch=14, heads=16, mlp=4096, dim=768)
CASES = [
    # file, shape of the tower, QuickGELU?, pictures
    ("small", SMALL, False, 3),
    ("small-quick", SMALL, True, 3),
    ("small-heads", dict(SMALL, heads=4, layers=1), False, 2),
    ("b32", B32, False, 1),
    ("b32-quick", B32, True, 1),
    # The first two layers: the sizes are what can go wrong, and the files stay small.
    ("b16-short", dict(B32, patch=16, layers=2), False, 1),
    ("l14-short", L14, True, 1),
]


def openclip_config(c, quick):
    """As open_clip_config.json holds it beside published weights."""
    return {"model_cfg": {
        "embed_dim": c["dim"], "quick_gelu": quick,
        "vision_cfg": {"image_size": c["side"], "layers": c["layers"], "width": c["width"],
                       "head_width": c["width"] // c["heads"], "patch_size": c["patch"],
                       "mlp_ratio": c["mlp"] / c["width"]},
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 64, "heads": 1, "layers": 1}}}


def hf_config(c, quick):
    """As config.json holds it beside published weights."""
    return {"model_type": "clip", "projection_dim": c["dim"], "vision_config": {
        "hidden_size": c["width"], "intermediate_size": c["mlp"], "num_hidden_layers": c["layers"],
        "num_attention_heads": c["heads"], "image_size": c["side"], "patch_size": c["patch"],
        "hidden_act": "quick_gelu" if quick else "gelu", "projection_dim": c["dim"]}}


def openclip_run(config, x):
    cfg = config["model_cfg"]
    model = open_clip.CLIP(embed_dim=cfg["embed_dim"], vision_cfg=cfg["vision_cfg"],
                           text_cfg=cfg["text_cfg"], quick_gelu=cfg["quick_gelu"]).eval()
    rows = formula.fill(model, skip=lambda n: not n.startswith("visual."))
    return rows, model.double().encode_image(x)


def hf_run(config, x):
    vision = transformers.CLIPVisionConfig(**config["vision_config"])
    model = transformers.CLIPVisionModelWithProjection(vision).eval()
    rows = formula.fill(model)
    return rows, model.double()(pixel_values=x).image_embeds


def main():
    for name, c, quick, count in CASES:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        shape = [count, 3, c["side"], c["side"]]
        x = torch.from_numpy(formula.tensor("input", shape, 0.0, 2.0)).double()
        for maker, config, run in (("openclip", openclip_config(c, quick), openclip_run),
                                   ("hf", hf_config(c, quick), hf_run)):
            with torch.no_grad():
                rows, out = run(config, x)
            formula.save(os.path.join(HERE, f"clip-{maker}-{name}.json"), made_by="make_clip.py",
                         versions=formula.versions(torch, open_clip, transformers),
                         arch="clip-vit", config=config, input=shape, input_amp=2.0,
                         features=formula.digits(out.flatten()), tensors=rows)
            print(maker, name, tuple(out.shape), float(out.std()), out[0, :3])


if __name__ == "__main__":
    main()
