"""ViT-B/32's text tower in PyTorch: milliseconds for 1, 16 and 121 texts, beside bench/text.c.

    python bench/text_torch.py [--threads N] [--seconds S]

The tower is written out with torch.nn.functional (the same layers that open_clip runs: fused qkv,
scaled_dot_product_attention where there is one, GELU), so that an old PyTorch without open_clip can be
measured too.  Random weights; bf16 means weights and activations in bfloat16.
"""
import argparse
import time

import torch
import torch.nn.functional as F

WIDTH, LAYERS, HEADS, CONTEXT, VOCABULARY = 512, 12, 8, 77, 49408


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH)
        self.qkv, self.out = torch.nn.Linear(WIDTH, 3 * WIDTH), torch.nn.Linear(WIDTH, WIDTH)
        self.fc, self.proj = torch.nn.Linear(WIDTH, 4 * WIDTH), torch.nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, mask):
        n, t, _ = x.shape
        q, k, v = (y.view(n, t, HEADS, -1).transpose(1, 2) for y in self.qkv(self.ln_1(x)).chunk(3, -1))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            y = torch.softmax(q @ k.transpose(-1, -2) / 8 + mask, -1) @ v
        x = x + self.out(y.transpose(1, 2).reshape(n, t, WIDTH))
        return x + self.proj(F.gelu(self.fc(self.ln_2(x))))


class Tower(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(VOCABULARY, WIDTH)
        self.places = torch.nn.Parameter(torch.randn(CONTEXT, WIDTH) * 0.01)
        self.blocks = torch.nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_final = torch.nn.LayerNorm(WIDTH)
        self.projection = torch.nn.Parameter(torch.randn(WIDTH, WIDTH) * 0.04)

    def forward(self, ids, mask):
        x = self.words(ids) + self.places
        for block in self.blocks:
            x = block(x, mask)
        x = self.ln_final(x)[torch.arange(len(ids)), ids.argmax(-1)]
        return x @ self.projection


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--only", default="", help="f32 or bf16")
    a = p.parse_args()
    clock = time.process_time if a.threads == 1 else time.perf_counter
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    tower = Tower().eval()
    ids = torch.zeros(121, CONTEXT, dtype=torch.long)
    ids[:, 0], ids[:, 1:6], ids[:, 6] = VOCABULARY - 2, 320, VOCABULARY - 1
    for kind in (torch.float32, torch.bfloat16):
        if a.only and a.only not in ("bf16" if kind == torch.bfloat16 else "f32"):
            continue
        tower = tower.to(kind)
        mask = torch.full((CONTEXT, CONTEXT), float("-inf"), dtype=kind).triu(1)
        for n in (1, 16, 121):
            best, end = 1e9, time.perf_counter() + a.seconds
            with torch.inference_mode():
                while time.perf_counter() < end:
                    start = clock()
                    tower(ids[:n], mask)
                    best = min(best, clock() - start)
            name = "bf16" if kind == torch.bfloat16 else "f32"
            print(f"torch {torch.__version__} {name} full {a.threads} threads: {n:3d} texts "
                  f"{best * 1e3:.2f} ms", flush=True)


if __name__ == "__main__":
    main()
