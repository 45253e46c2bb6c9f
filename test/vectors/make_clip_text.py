"""Golden vectors of the CLIP text tower: open_clip and transformers, weights by formula, double
precision; causal and not, GELU and QuickGELU, small ones, ViT-B/32's and MobileCLIP-S1's.

    python test/vectors/make_clip_text.py [CASE ...]      (needs torch, open_clip, transformers)
"""
import gzip
import os
import sys
import tempfile

import open_clip
import torch
import transformers

import formula

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = dict(width=128, layers=2, heads=2, mlp=512, dim=48, context=12, vocabulary=200)
B32 = dict(width=512, layers=12, heads=8, mlp=2048, dim=512, context=77, vocabulary=49408)
CASES = [
    # file, sizes, what is special, makers
    ("openclip-small", SMALL, {}),
    ("openclip-small-quick", SMALL, {"quick": True}),
    ("openclip-small-nomask", SMALL, {"causal": False, "custom": True}),
    ("openclip-small-eos", dict(SMALL, heads=4, layers=1), {"eos": 77, "custom": True}),
    ("openclip-small-linear", dict(SMALL, layers=1), {"proj_bias": True, "custom": True}),
    ("hf-small", SMALL, {}),
    ("hf-small-quick", SMALL, {"quick": True, "eos": 2}),
    ("hf-small-eos", dict(SMALL, heads=4, layers=1), {"eos": 77}),
    ("openclip-b32", B32, {}),                                   # laion2b
    ("openclip-b32-quick", B32, {"quick": True}),                # openai
    ("hf-b32-quick", B32, {"quick": True, "eos": 2}),            # openai/clip-vit-base-patch32
    ("openclip-mobileclip-s1", B32, {"causal": False, "custom": True}),
]


def texts(c, what):
    """Numbers as a tokenizer gives them: start, words, end, fill with 0."""
    end = what.get("eos", c["vocabulary"] - 1)
    end = c["vocabulary"] - 1 if end == 2 else end
    rows = []
    for n in (1, 3, c["context"] - 2):
        u = formula.unit(f"text {n}", n)
        words = [int((float(x) + 1) / 2 * (c["vocabulary"] - 3)) for x in u]
        words = [w + 1 if w == end else w for w in words]
        row = [c["vocabulary"] - 2] + words + [end]
        rows.append(row + [0] * (c["context"] - len(row)))
    return rows


def openclip_config(c, what):
    text = {"context_length": c["context"], "vocab_size": c["vocabulary"], "width": c["width"],
            "heads": c["heads"], "layers": c["layers"]}
    if not what.get("causal", True):
        text["no_causal_mask"] = True
    if "eos" in what:
        text.update(pool_type="eos", eos_id=what["eos"])
    if what.get("proj_bias"):
        text["proj_bias"] = True
    return {"model_cfg": {
        "embed_dim": c["dim"], "quick_gelu": what.get("quick", False),
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
        "text_cfg": text, "custom_text": what.get("custom", False)}}


def hf_config(c, what):
    return {"model_type": "clip", "projection_dim": c["dim"], "text_config": {
        "hidden_size": c["width"], "intermediate_size": c["mlp"], "num_hidden_layers": c["layers"],
        "num_attention_heads": c["heads"], "vocab_size": c["vocabulary"],
        "max_position_embeddings": c["context"], "projection_dim": c["dim"],
        "eos_token_id": what.get("eos", c["vocabulary"] - 1),
        "hidden_act": "quick_gelu" if what.get("quick") else "gelu"}}


def scale_of(name, shape):
    """exp(2.3) = 10: what the file's scale must come out as."""
    return (2.3, 0.25) if name == "logit_scale" else formula.scale_of(name, shape)


def openclip_run(config, ids, what):
    cfg = config["model_cfg"]
    make = open_clip.CustomTextCLIP if what.get("custom") else open_clip.CLIP
    model = make(embed_dim=cfg["embed_dim"], vision_cfg=cfg["vision_cfg"],
                 text_cfg=cfg["text_cfg"], quick_gelu=cfg["quick_gelu"]).eval()
    rows = formula.fill(model, skip=lambda n: n.startswith("visual."),
                        scale=scale_of)
    return rows, model.double().encode_text(ids)


def hf_run(config, ids, what):
    text = transformers.CLIPTextConfig(**config["text_config"])
    model = transformers.CLIPTextModelWithProjection(text).eval()
    rows = formula.fill(model)
    return rows, model.double()(input_ids=ids).text_embeds


WORDS = ["a dog", "a cat", "a photo of a dog", "dog", "It's THE photo, of ten cats!", "caf\u00e9", "\u732b",
         "one two three four five six", "x " * 200, "a photo of a very small dog beside a very large cat"]


def words(name="words-tiny"):
    """Both towers, the tiny vocabulary of make_tokenizer.py, and texts as a user gives them."""
    tiny = os.path.join(HERE, "tokenizer-tiny", "bpe_simple_vocab_16e6.txt")
    with tempfile.TemporaryDirectory() as folder:
        packed = os.path.join(folder, "tiny.gz")
        with open(tiny, "rb") as f, gzip.open(packed, "wb") as g:
            g.write(f.read())
        tokenizer = open_clip.tokenizer.SimpleTokenizer(bpe_path=packed)
    c = dict(SMALL, context=40, vocabulary=tokenizer.vocab_size)
    config = openclip_config(c, {})
    cfg = config["model_cfg"]
    model = open_clip.CLIP(embed_dim=cfg["embed_dim"], vision_cfg=cfg["vision_cfg"],
                           text_cfg=cfg["text_cfg"]).eval()
    rows = formula.fill(model, scale=scale_of)
    with torch.no_grad():
        out = model.double().encode_text(tokenizer(WORDS, c["context"]), normalize=True)
    formula.save(os.path.join(HERE, f"clip-{name}.json"), made_by="make_clip_text.py",
                 versions=formula.versions(torch, open_clip), arch="clip-text", config=config,
                 input=[len(WORDS), 1, 1, 1], input_amp=0.0, texts=WORDS,
                 features=formula.digits(out.flatten()), tensors=rows)
    print(name, tuple(out.shape), out[0, :3])


def main():
    if len(sys.argv) < 2 or "words-tiny" in sys.argv[1:]:
        words()
    for name, c, what in CASES:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        ids = texts(c, what)
        hf = name.startswith("hf")
        config = (hf_config if hf else openclip_config)(c, what)
        with torch.no_grad():
            rows, out = (hf_run if hf else openclip_run)(config, torch.tensor(ids), what)
        formula.save(os.path.join(HERE, f"clip-text-{name}.json"), made_by="make_clip_text.py",
                     versions=formula.versions(torch, open_clip, transformers),
                     arch="clip-text", config=config, ids=ids,
                     features=formula.digits(out.flatten()), tensors=rows)
        print(name, tuple(out.shape), float(out.std()), out[0, :3])


if __name__ == "__main__":
    main()
