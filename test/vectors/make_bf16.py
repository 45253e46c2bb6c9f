"""How wrong PyTorch's bf16 gradients are: the networks of src/nn/dnnl/learn_test.c in double precision
and under CPU autocast.  Prints the rows of that test's table.

    python test/vectors/make_bf16.py

A parameter's error is measured against its gradient's root mean square plus a twentieth of that of all
parameters together: a bias before a normalisation has no gradient at all, only noise.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

import formula

SEED, STEP, BATCH = 9, 5, 4
DROPOUT_NODE = {"bottleneck": 24, "odds": 37, "saturated": 37}  # the mask's key holds the node's number
ACTIVATIONS = [F.relu, F.gelu, lambda x: F.gelu(x, approximate="tanh"),
               lambda x: x * torch.sigmoid(1.702 * x), F.silu, torch.sigmoid, torch.tanh, F.hardswish,
               F.hardsigmoid, F.relu6]


class Weights:
    """Tensors by formula, made when first asked for."""

    def __init__(self, dtype):
        self.made, self.dtype = {}, dtype

    def __call__(self, name, *shape):
        if name not in self.made:
            if len(shape) > 1:
                amp = ((6.0 if len(shape) == 4 else 3.0) / math.prod(shape[1:])) ** 0.5
            else:
                amp = 0.25
            one = len(shape) == 1 and "bias" not in name
            amp = np.float32(amp) * (3 if "3." in name else 1)
            self.made[name] = parameter(name, shape, float(one), amp, self.dtype)
        return self.made[name]


def parameter(name, shape, base, amp, dtype):
    t = torch.from_numpy(formula.tensor(name, list(shape), base, amp)).to(dtype)
    return t.clone().requires_grad_(True)


def noise(key, i):
    with np.errstate(over="ignore"):
        z = np.uint64(key) + (np.asarray(i, dtype=np.uint64) + np.uint64(1)) * np.uint64(formula.GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def dropout(x, p, node):
    key = noise(noise(SEED, STEP), node)
    keep = (noise(key, np.arange(x.numel())) >> np.uint64(32)).astype(np.float64) >= p * 2.0 ** 32
    return x * torch.from_numpy(keep.reshape(tuple(x.shape))).to(x.dtype) / (1 - p)


def norm(w, x, name):
    return F.batch_norm(x, None, None, w(name + ".weight", x.shape[1]), w(name + ".bias", x.shape[1]),
                        True, 0.1, 1e-5)


def conv(w, x, name, out, kernel, bias=False, groups=1, **options):
    shape = (out, x.shape[1] // groups, kernel, kernel)
    return F.conv2d(x, w(name + ".weight", *shape), w(name + ".bias", out) if bias else None,
                    groups=groups, **options)


def conv_norm(w, x, name, out, kernel, act=None, **options):
    x = norm(w, conv(w, x, name, out, kernel, **options), name + ".bn")
    return act(x) if act else x


def linear(w, x, name, out, bias=False):
    return F.linear(x, w(name + ".weight", out, x.shape[-1]), w(name + ".bias", out) if bias else None)


def block(w, x, name, out, stride):
    y = conv_norm(w, x, name + ".a", out, 3, F.relu, stride=stride, padding=1)
    y = conv_norm(w, y, name + ".b", out, 3, padding=1)
    return F.relu(y + (conv_norm(w, x, name + ".c", out, 1, stride=stride) if stride > 1 else x))


def residual(w, x, drop):
    x = F.max_pool2d(conv_norm(w, x, "stem", 24, 7, F.relu, stride=2, padding=3), 3, 2, 1)
    x = block(w, block(w, x, "one", 24, 1), "two", 32, 2)
    return linear(w, x.mean((2, 3)), "fc", 10, True)


def bottleneck(w, x, drop):
    x = conv_norm(w, F.pad(x, (1, 1, 0, 1)), "stem", 16, 3, F.silu, stride=2)
    y = conv_norm(w, x, "expand", 40, 1, F.silu)
    y = conv_norm(w, y, "dw", 40, 3, F.silu, padding=1, groups=40)
    s = F.silu(conv(w, y.mean((2, 3), keepdim=True), "se.a", 4, 1, True))
    y = y * torch.sigmoid(conv(w, s, "se.b", 40, 1, True))
    x = x + conv_norm(w, y, "project", 16, 1)
    x = conv_norm(w, x, "group", 32, 3, F.hardswish, groups=4, dilation=2)
    return linear(w, drop(x.mean((2, 3)), 0.3), "fc", 7, True)


def blocks(w, x, q, k):
    def layer_norm(x, name):
        return F.layer_norm(x, (32,), w(name + ".weight", 32), w(name + ".bias", 32), 1e-5)

    x = conv(w, x, "patch", 32, 8, True, stride=8).flatten(2).transpose(1, 2)
    start = w("cls", 32).view(1, 1, -1).expand(BATCH, -1, -1)
    x = torch.cat([start.to(x.dtype), x], 1) + w("pos", 10, 32)
    for i in range(2):
        y = layer_norm(x, f"n{i}")
        heads = [linear(w, y, f"a{i}.{part}", 32, True).view(BATCH, -1, 4, 8).transpose(1, 2)
                 for part in (q, k, "v")]
        y = F.scaled_dot_product_attention(*heads, is_causal=i == 1).transpose(1, 2).flatten(2)
        x = x + linear(w, y, f"p{i}", 32)
        y = linear(w, layer_norm(x, f"m{i}"), f"u{i}", 64, True)
        y = y * torch.sigmoid(1.702 * y) if i else F.gelu(y)
        x = x + F.linear(y, w(f"d{i}.weight", 64, 32).t()) * w(f"s{i}", 32)
    return F.normalize(linear(w, layer_norm(x, "last")[:, 0], "proj", 12), dim=-1)


def rest(w, x, drop, scale):
    x = conv_norm(w, x, "a", 19, 3, F.relu, padding=1)
    x = torch.cat([F.avg_pool2d(x, 3, 2, 1), F.max_pool2d(x, 2), F.avg_pool2d(x, 2)], 1)
    t = x = conv(w, x[:, 3:51], "b", 24, 1, True)
    for act in ACTIVATIONS:
        x = x + act(t)
    t = x.reshape(BATCH, 24, 30).transpose(1, 2)
    t = torch.matmul(F.softmax(torch.matmul(t, t.transpose(1, 2)) * scale, -1), t)
    t = t * linear(w, t, "l", 24, True)
    t = drop(t, 0.25)[:, 2:7].flatten(1)
    return norm(w, linear(w, t, "fc", 6), "bn")


NETS = {
    "residual": (residual, (3, 33, 30)),
    "bottleneck": (bottleneck, (3, 20, 23)),
    "tokens": (lambda w, x, drop: blocks(w, x, "q", "k"), (3, 24, 24)),
    "odds": (lambda w, x, drop: rest(w, x, drop, 0.02), (5, 12, 10)),
    "sharp": (lambda w, x, drop: blocks(w, x, "q3", "k3"), (3, 24, 24)),
    "saturated": (lambda w, x, drop: rest(w, x, drop, 1.0), (5, 12, 10)),
}


def run(name, dtype, autocast):
    net, shape = NETS[name]
    w, x = Weights(dtype), parameter("x", (BATCH, *shape), 0.0, 2.0, dtype)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        y = net(w, x, lambda t, p: dropout(t, p, DROPOUT_NODE[name]))
    y.backward(torch.from_numpy(formula.tensor("dy", list(y.shape), 0.0, 2.0)).to(y.dtype))
    grads = {n: p.grad.double() for n, p in w.made.items()}
    return y.detach().double(), x.grad.double(), grads


def rms(t):
    return float(t.square().mean()) ** 0.5


def main():
    for name in NETS:
        y, dx, grads = run(name, torch.float64, False)
        by, bdx, bgrads = run(name, torch.float32, True)
        typical = 0.05 * rms(torch.cat([g.flatten() for g in grads.values()]))
        worst = max(rms(bgrads[n] - g) / (rms(g) + typical) for n, g in grads.items())
        print(f'{{"{name}", {name}, {rms(by - y) / rms(y):.3g}, {rms(bdx - dx) / rms(dx):.3g}, '
              f"{worst:.3g}}},")


if __name__ == "__main__":
    main()
