"""Weights and inputs by formula, so that a golden vector needs no weight file beside it.

Element i of the tensor called `name` is  base + amp * u(name, i),  all in float32, where
    u(name, i) = (splitmix64_output(fnv1a64(name) + (i + 1) * 0x9e3779b97f4a7c15) >> 40) / 2^23 - 1
lies in [-1, 1) and is exact in float32.  src/models/formula.h makes the same numbers in C.
"""
import json
import platform

import numpy as np

GAMMA = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def fnv1a64(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def unit(name, count):
    """count float32 in [-1, 1)."""
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a64(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)


def tensor(name, shape, base, amp):
    u = unit(name, int(np.prod(shape)))
    return (np.float32(base) + np.float32(amp) * u).reshape(shape)


def scale_of(name, shape):
    """(base, amp) that keep activations of order one through a deep network."""
    if name.endswith("running_var"):
        return 1.0, 0.5
    if name.endswith("running_mean"):
        return 0.0, 0.25
    if name.endswith("bias"):
        return 0.0, 0.125
    if len(shape) == 1 and name.endswith("weight"):
        return 1.0, 0.25
    if len(shape) == 4:
        return 0.0, rounded((6.0 / np.prod(shape[1:])) ** 0.5)
    if name.endswith(("embedding", "embedding.weight", "position_ids")) or len(shape) == 1:
        return 0.0, 0.5
    fan_in = shape[0] if name.endswith("proj") else shape[-1]
    return 0.0, rounded((3.0 / fan_in) ** 0.5)


def rounded(x):
    """Few digits, so that Python, JSON and C hold the same float32."""
    return float(f"{float(x):.6g}")


def fill(model, skip=lambda name: False, scale=scale_of):
    """Give every floating tensor of a torch model its formula values.  Returns the list of
    [name, shape, base, amp] that a golden file stores."""
    import torch

    rows, state = [], model.state_dict()
    for name, old in state.items():
        if not old.is_floating_point() or skip(name):
            continue
        base, amp = scale(name, tuple(old.shape))
        state[name] = torch.from_numpy(tensor(name, tuple(old.shape), base, amp))
        rows.append([name, list(old.shape), base, amp])
    model.load_state_dict(state)
    return rows


def save(path, **golden):
    """One array a line: a change shows in a diff."""
    with open(path, "w") as f:
        f.write("{\n")
        for i, (key, value) in enumerate(golden.items()):
            comma = "," if i + 1 < len(golden) else ""
            if key == "tensors":
                lines = ",\n".join("  " + json.dumps(row) for row in value)
                f.write(f' "{key}": [\n{lines}\n ]{comma}\n')
            else:
                f.write(f' "{key}": {json.dumps(value)}{comma}\n')
        f.write("}\n")


def digits(values):
    return [float(f"{float(v):.8g}") for v in values]


def versions(*modules):
    made = {m.__name__: m.__version__ for m in modules}
    return {"python": platform.python_version(), **made}
