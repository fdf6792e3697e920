"""One formula for NumPy arrays and torch tensors: the functions it needs, from the library its arguments come from.

    xp, s = array_of(s)         # xp.sin, xp.cos, xp.clip, ... of NumPy or of torch

torch is looked up, never imported: who has a tensor has imported it already.
"""

from __future__ import annotations

import sys
from functools import cache
from types import SimpleNamespace

import numpy as np


def _clip(x, low: float, high: float):
    return np.minimum(np.maximum(x, low), high)  # half the time of np.clip on 200 numbers


def _join(columns):
    first = columns[0]
    result = np.empty((*first.shape, len(columns)), first.dtype)  # a sixth of the time of np.stack
    for i, column in enumerate(columns):
        result[..., i] = column
    return result


NUMPY = SimpleNamespace(
    sin=np.sin,
    cos=np.cos,
    tan=np.tan,
    where=np.where,
    clip=_clip,
    join=_join,
    zeros_like=np.zeros_like,
    stack=np.array,  # a list of arrays of one shape: a fifth of the time of np.stack
    move=lambda x: np.moveaxis(x, -1, 0),
    contiguous=np.ascontiguousarray,
)
"""join: [...] each of k columns -> [..., k].  clip(x, low, high): low and high are numbers; NaN stays NaN.
stack: T of [...] -> [T, ...].  move: [..., T] -> [T, ...]."""


@cache
def _torch() -> SimpleNamespace:
    torch = sys.modules["torch"]
    return SimpleNamespace(
        sin=torch.sin,
        cos=torch.cos,
        tan=torch.tan,
        where=torch.where,
        clip=torch.clamp,
        join=lambda columns: torch.stack(columns, dim=-1),
        zeros_like=torch.zeros_like,
        stack=torch.stack,
        move=lambda x: torch.movedim(x, -1, 0),
        contiguous=torch.Tensor.contiguous,
    )


def is_tensor(x) -> bool:
    """Say whether `x` is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def array_of(x) -> tuple[SimpleNamespace, object]:
    """Return the functions for `x`, and `x` as an array or tensor of real numbers.

    float32 stays float32; whole numbers become float64 (NumPy) or torch's default.
    """
    if type(x) is np.ndarray and x.dtype.kind == "f":  # the usual case first: this runs at every step
        return NUMPY, x
    if is_tensor(x):
        return _torch(), x if x.is_floating_point() else x.to(sys.modules["torch"].get_default_dtype())
    x = np.asarray(x)
    return NUMPY, x if x.dtype.kind == "f" else x.astype(float)


def sinc(xp, z):
    """Return sin(z) / z, which is 1 at z = 0, with its derivatives right there too.

    Near zero it is the Taylor series: the first term left out, z^10 / 11!, is below 3e-18 where |z| < 0.1. The inner
    `where` keeps the branch that is not taken from dividing by zero, whose gradient torch would make NaN.
    """
    small = abs(z) < 0.1
    square = z * z
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72)))
    away = xp.where(small, 1.0, z)
    return xp.where(small, series, xp.sin(away) / away)
