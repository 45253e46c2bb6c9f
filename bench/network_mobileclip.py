"""MobileCLIP-S1's image tower (FastViT "mci1") in plain PyTorch, in its folded form, so that an old PyTorch
without timm runs the same network as a current one.

The layers are those that timm's fastvit_mci1 has after its own folding, but for one: the batch norm behind
the 7 x 7 convolution is folded too, which timm leaves to the runtime.  The weights come from the known
answer's file in the form of training and are folded here in double precision.
"""
import torch
from torch import nn
from torch.nn import functional as F

WIDTHS, DEPTHS, MLP, HEAD, EPS = (64, 128, 256, 512), (4, 12, 20, 4), 3, 32, 1e-5


class Squeeze(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(width, inner, 1), nn.Conv2d(inner, width, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class Mobile(nn.Module):
    """Folded convolution, squeeze where there is one, GELU."""

    def __init__(self, inside, outside, kernel, stride, groups, squeeze=0):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups)
        self.se = Squeeze(outside, squeeze) if squeeze else nn.Identity()

    def forward(self, x):
        return F.gelu(self.se(self.conv(x)))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 7, 1, 3, groups=width)
        self.fc1, self.fc2 = nn.Conv2d(width, MLP * width, 1), nn.Conv2d(MLP * width, width, 1)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(self.conv(x))))


class Mixer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mixer = nn.Conv2d(width, width, 3, 1, 1, groups=width)
        self.mlp = Mlp(width)
        self.gamma = nn.Parameter(torch.zeros(width, 1, 1))

    def forward(self, x):
        x = self.mixer(x)
        return x + self.mlp(x) * self.gamma


class Attend(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width)
        self.mlp = Mlp(width)
        self.gamma1 = nn.Parameter(torch.zeros(width, 1, 1))
        self.gamma2 = nn.Parameter(torch.zeros(width, 1, 1))

    def attention(self, x):
        b, c, h, w = x.shape
        q, k, v = (self.qkv(x.flatten(2).transpose(-2, -1))
                   .reshape(b, h * w, 3, c // HEAD, HEAD).permute(2, 0, 3, 1, 4).unbind(0))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = torch.softmax((q * HEAD ** -0.5) @ k.transpose(-2, -1), -1) @ v
        y = self.proj(y.transpose(1, 2).reshape(b, h * w, c))
        return y.transpose(-2, -1).reshape(b, c, h, w)

    def forward(self, x):
        x = x + self.attention(self.norm(x)) * self.gamma1
        return x + self.mlp(x) * self.gamma2


class MobileClipS1(nn.Module):
    def __init__(self, dim=512):
        super().__init__()
        first, last = WIDTHS[0], WIDTHS[-1]
        self.stem = nn.Sequential(Mobile(3, first, 3, 2, 1), Mobile(first, first, 3, 2, first),
                                  Mobile(first, first, 1, 1, 1))
        stages = []
        for s, width in enumerate(WIDTHS):
            inside, attention = WIDTHS[s - 1], width == last
            layers = [] if s == 0 else [Mobile(inside, width, 7, 2, inside, width // 4 if s >= 2 else 0),
                                        Mobile(width, width, 1, 1, 1)]
            if attention:
                layers.append(nn.Conv2d(width, width, 7, 1, 3, groups=width))
            layers += [(Attend if attention else Mixer)(width) for _ in range(DEPTHS[s])]
            stages.append(nn.Sequential(*layers))
        self.stages = nn.Sequential(*stages)
        self.final = Mobile(last, 2 * last, 3, 1, last, 2 * last // 16)
        self.head = nn.Linear(2 * last, dim)

    def forward(self, x):
        return self.head(self.final(self.stages(self.stem(x))).mean((2, 3)))


class Folder:
    """Copies tensors by name into a MobileClipS1, branches of a convolution added up."""

    def __init__(self, value, names):
        self.value, self.names = lambda name: value(name).double(), names

    def norm(self, at):
        """(factor, shift) of a batch norm."""
        v = self.value
        factor = v(at + ".weight") / torch.sqrt(v(at + ".running_var") + EPS)
        return factor, v(at + ".bias") - v(at + ".running_mean") * factor

    def branch(self, at, kernel):
        """A convolution and its norm as (weights padded to kernel, bias)."""
        factor, shift = self.norm(at + ".bn")
        weight = self.value(at + ".conv.weight") * factor.view(-1, 1, 1, 1)
        return F.pad(weight, [(kernel - weight.shape[-1]) // 2] * 4), shift

    def identity(self, at, like):
        """A norm alone as a convolution shaped as like."""
        factor, shift = self.norm(at)
        weight, middle = torch.zeros_like(like), like.shape[-1] // 2
        for c in range(len(weight)):
            weight[c, c % weight.shape[1], middle, middle] = factor[c]
        return weight, shift

    def branches(self, at, kernel):
        weight, bias = self.branch(at + "conv_kxk.0", kernel)
        if at + "conv_scale.conv.weight" in self.names:
            more = self.branch(at + "conv_scale", kernel)
            weight, bias = weight + more[0], bias + more[1]
        if at + "identity.weight" in self.names:
            more = self.identity(at + "identity", weight)
            weight, bias = weight + more[0], bias + more[1]
        return weight, bias

    def put(self, layer, weight, bias):
        layer.weight.data.copy_(weight)
        layer.bias.data.copy_(bias)

    def copy(self, layer, at):
        for name, parameter in list(layer.named_parameters()) + list(layer.named_buffers()):
            if name != "num_batches_tracked":
                parameter.data.copy_(self.value(at + name))

    def mobile(self, layer, at):
        kernel = layer.conv.kernel_size[0]
        if at + "large_conv.conv.weight" in self.names:
            large, small = (self.branch(at + part, kernel) for part in ("large_conv", "small_conv"))
            self.put(layer.conv, large[0] + small[0], large[1] + small[1])
        else:
            self.put(layer.conv, *self.branches(at, kernel))
        if isinstance(layer.se, Squeeze):
            self.copy(layer.se, at + "se.")

    def mlp(self, layer, at):
        self.put(layer.conv, *self.branch(at + "conv", 7))
        self.copy(layer.fc1, at + "fc1.")
        self.copy(layer.fc2, at + "fc2.")

    def mixer(self, layer, at):
        """x + gamma * (branches(x) - norm(x)) as one convolution."""
        weight, bias = self.branches(at + "token_mixer.mixer.", 3)
        norm = self.identity(at + "token_mixer.norm.identity", weight)
        gamma = self.value(at + "token_mixer.layer_scale.gamma").view(-1)
        weight = (weight - norm[0]) * gamma.view(-1, 1, 1, 1)
        weight[:, 0, 1, 1] += 1
        self.put(layer.mixer, weight, (bias - norm[1]) * gamma)
        layer.gamma.data.copy_(self.value(at + "layer_scale.gamma"))

    def attend(self, layer, at):
        for part, name in ((layer.norm, "norm."), (layer.qkv, "token_mixer.qkv."), (layer.proj, "token_mixer.proj.")):
            self.copy(part, at + name)
        layer.gamma1.data.copy_(self.value(at + "layer_scale_1.gamma"))
        layer.gamma2.data.copy_(self.value(at + "layer_scale_2.gamma"))

    def position(self, layer, at):
        """x + conv(x) as one convolution."""
        weight = self.value(at + "weight").clone()
        weight[:, 0, 3, 3] += 1
        self.put(layer, weight, self.value(at + "bias"))

    def stage(self, layers, at):
        downsample = block = 0
        for layer in layers:
            if isinstance(layer, Mobile):
                self.mobile(layer, f"{at}downsample.proj.{downsample}.")
                downsample += 1
            elif isinstance(layer, nn.Conv2d):
                self.position(layer, f"{at}pos_emb.pos_enc.")
            else:
                here = f"{at}blocks.{block}."
                (self.mixer if isinstance(layer, Mixer) else self.attend)(layer, here)
                self.mlp(layer.mlp, here + "mlp.")
                block += 1

    def fill(self, model):
        for i, layer in enumerate(model.stem):
            self.mobile(layer, f"stem.{i}.")
        for s, layers in enumerate(model.stages):
            self.stage(layers, f"stages.{s}.")
        self.mobile(model.final, "final_conv.")
        self.copy(model.head, "head.fc.")
        return model


def make(value, names):
    """value(name) gives a tensor by timm's name; names: the set of those there are."""
    return Folder(value, names).fill(MobileClipS1()).eval()
