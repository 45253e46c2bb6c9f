"""Augmentation of a whole batch at once with tensor operations: geometry, colour, light, blur, noise.

One affine grid does crop, zoom, turn, flip, and the change of aspect; one 3 x 3 matrix a picture does
grey, saturation, hue and contrast. So it costs a few percent of a training step on two cores.
"""

import math

import torch
from torch.nn import functional as F


class Augment:
    """Callable on (pixels uint8 [n, h, w, 3], aspect [n], any_turn [n], on_white [n], size) -> [n, 3, size, size] in 0..1."""

    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)

    def uniform(self, *shape):
        return torch.rand(*shape, generator=self.g)

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.g)

    def tint(self, x, on_white):
        """Half of the pictures on white get a coloured ground (a ramp of two colours)."""
        n = len(x)
        chosen = (on_white & (self.uniform(n) < 0.5)).float().view(n, 1, 1, 1)
        left, right = self.uniform(n, 3, 1, 1) * 0.9 + 0.1, self.uniform(n, 3, 1, 1) * 0.9 + 0.1
        ramp = torch.linspace(0, 1, x.shape[3]).view(1, 1, 1, -1)
        white = chosen * ((x.amin(1, keepdim=True) - 0.9) / 0.1).clamp(0, 1)
        return x * (1 - white) + white * (left * (1 - ramp) + right * ramp) * x

    def place(self, x, aspect, any_turn, on_white, size):
        """Crop of 25 to 110 % of the area, turn, flip, aspect; at times smaller, with white or coloured margins."""
        n = len(x)
        area = self.uniform(n) * 0.85 + 0.25
        more = torch.where(on_white, torch.full((n,), 2.5), torch.full((n,), 0.8))
        area = torch.where(self.uniform(n) < 0.25, 1 + self.uniform(n) * more, area)
        stretch = aspect.log().clamp(-1.2, 1.2) * (self.uniform(n) < 0.5).float()
        shaken = stretch + self.normal(n) * 0.12
        whole = torch.exp(stretch.abs() / 2 * (self.uniform(n) < 0.6).float())
        sx, sy = area.sqrt() * torch.exp(-shaken / 2) * whole, area.sqrt() * torch.exp(shaken / 2) * whole
        turn = self.normal(n) * 0.15
        turn = torch.where(self.uniform(n) < 0.1, self.normal(n) * 0.6, turn)
        free = self.uniform(n) * 2 * math.pi * (self.uniform(n) < 0.25) + self.normal(n) * 0.15
        turn = torch.where(any_turn, free, turn)
        flip = torch.where(self.uniform(n) < 0.5, -1.0, 1.0)
        tx, ty = ((self.uniform(n) * 2 - 1) * (1 - s).abs() for s in (sx, sy))
        c, s = turn.cos(), turn.sin()
        rows = [torch.stack([c * sx * flip, -s * sy, tx], 1), torch.stack([s * sx * flip, c * sy, ty], 1)]
        grid = F.affine_grid(torch.stack(rows, 1), (n, 3, size, size), align_corners=False)
        margin = torch.where(self.uniform(n, 1) < 0.6, torch.ones(n, 3), self.uniform(n, 3)).view(n, 3, 1, 1)
        if size <= 64:  # a little blur against aliasing
            x = F.avg_pool2d(F.pad(x, (0, 1, 0, 1), mode="replicate"), 2, 1) * 0.5 + x * 0.5
        return F.grid_sample(x - margin, grid, padding_mode="zeros", align_corners=False) + margin

    def colour(self, x):
        """Grey (15 %), saturation, hue, contrast, brightness."""
        n, luma = len(x), torch.tensor([0.299, 0.587, 0.114])
        saturation = (1 + self.normal(n) * 0.4).clamp(0, 2)
        saturation = torch.where(self.uniform(n) < 0.15, torch.zeros(n), saturation).view(n, 1, 1)
        matrix = torch.eye(3) * saturation + (1 - saturation) * luma.view(1, 1, 3)
        hue = self.normal(n, 3, 3) * 0.06
        contrast = torch.exp(self.normal(n) * 0.25).view(n, 1, 1)
        matrix = contrast * (matrix + hue - hue.mean(2, keepdim=True))
        shift = x.mean((1, 2, 3)).view(n, 1) * (1 - contrast.view(n, 1)) + self.normal(n, 1) * 0.12 + self.normal(n, 3) * 0.04
        return torch.baddbmm(shift.view(n, 3, 1), matrix, x.flatten(2)).view_as(x)

    def spoil(self, x):
        """Uneven light, blur, noise: each on some of the pictures."""
        n, size = len(x), x.shape[-1]
        light = self.normal(n, 1, 3, 3) * 0.25 * (self.uniform(n) < 0.3).float().view(n, 1, 1, 1)
        x = (x * (1 + F.interpolate(light, size=(size, size), mode="bilinear", align_corners=True))).clamp(0, 1)
        i = (self.uniform(n) < 0.2).nonzero().flatten()
        if len(i):
            t, y = self.uniform(len(i)).view(-1, 1, 1, 1), x[i]
            x[i] = y * (1 - t) + F.avg_pool2d(F.pad(y, (2, 2, 2, 2), mode="reflect"), 5, 1) * t
        i = (self.uniform(n) < 0.2).nonzero().flatten()
        if len(i):
            x[i] += self.normal(len(i), 3, size, size) * self.uniform(len(i), 1, 1, 1) * 0.12
        return x.clamp_(0, 1)

    def __call__(self, pixels, aspect, any_turn, on_white, size):
        x = pixels.permute(0, 3, 1, 2).float().div_(255)
        x = self.place(self.tint(x, on_white), aspect, any_turn, on_white, size)
        return self.spoil(self.colour(x))

    def mix(self, x, target):
        """Cut-mix or mix-up of the batch with itself: (x, second target, share of the first)."""
        n, size = len(x), x.shape[-1]
        other, share = torch.randperm(n, generator=self.g), float(self.uniform(1))
        if self.uniform(1) < 0.5:
            return share * x + (1 - share) * x[other], target[other], share
        side = int(size * math.sqrt(1 - share))
        top, left = (int(v) for v in torch.randint(0, size - side + 1, (2,), generator=self.g))
        x[:, :, top : top + side, left : left + side] = x[other][:, :, top : top + side, left : left + side]
        return x, target[other], 1 - side * side / size / size
