"""Arithmetic in whole numbers: the functions of docs/weights-format.md, for arrays of 64-bit integers.

A number on the grid Qn is an integer that stands for itself / 2^n. NumPy computes in 64 bits; `fits` raises where an
engine, which has 32, could not hold a result.
"""

from __future__ import annotations

import numpy as np

#: Largest argument of `decay`.
MOST_DECAY = (1 << 14) - 1
#: 1 in Q15, the grid of gates.
ONE = 1 << 15
#: Largest magnitude of a weight in units of its row's scale.
MOST_WEIGHT = 63


def fits(x, signed: bool = True) -> np.ndarray:
    """`x`, checked to fit 32 bits."""
    x = np.asarray(x)
    least, most = (-(1 << 31), (1 << 31) - 1) if signed else (0, (1 << 32) - 1)
    if x.size and (x.min() < least or x.max() > most):
        raise OverflowError(f"{x.min()} to {x.max()} does not fit 32 bits")
    return x


def round_away(x) -> np.ndarray:
    """The nearest integers to f64 numbers, halves away from zero."""
    x = np.asarray(x, np.float64)
    whole = np.trunc(x)
    # Exact, unlike floor(x + 0.5), whose sum may round up.
    return (whole + np.where(np.abs(x - whole) >= 0.5, np.sign(x), 0)).astype(np.int64)


def rsh(x, n) -> np.ndarray:
    """x / 2^n, rounded to the nearest, halves up; n >= 1."""
    x, n = np.asarray(x, np.int64), np.asarray(n, np.int64)
    return fits(x + (1 << (n - 1))) >> n


def rescale(x, m, k) -> np.ndarray:
    """x m / 2^k, rounded to the nearest, halves up, for 0 <= m < 2^15 and 1 <= k <= 46."""
    x, m, k = (np.asarray(value, np.int64) for value in (x, m, k))
    return fits((fits(x) * m + (np.int64(1) << (k - 1))) >> k)


def scaled(x, m, k) -> np.ndarray:
    """`rescale` for x >= 0, at most `MOST_DECAY`, however large the exact result."""
    x = np.asarray(x, np.int64)
    return np.minimum((fits(x) * m + (1 << (k - 1))) >> k, MOST_DECAY)


def _rounded(factor, k: int) -> np.ndarray:
    """`factor` 2^k, rounded, halves up, in f64."""
    return np.floor(np.asarray(factor, np.float64) * 2.0**k + 0.5)


def factor(value: float, least: int = 1) -> tuple[int, int]:
    """(m, k) of a factor >= 0 for `rescale`, with k at least `least`; m is the largest for factors too large for it."""
    k = next((k for k in range(46, least, -1) if _rounded(value, k) < 1 << 15), least)
    return int(min(_rounded(value, k), (1 << 15) - 1)), k


def row_factors(scales: np.ndarray, power: int = 0) -> tuple[np.ndarray, int]:
    """m of each row and the k they share, of the row scales times 2^`power`."""
    factors = scales.astype(np.float64) * 2.0**power
    if factors.max() >= 1 << 13:
        raise OverflowError(f"a row's scale of {scales.max():g} is too large")
    k = factor(factors.max())[1]
    return _rounded(factors, k).astype(np.int64), k


def quantise_rows(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix of floats `[rows, columns]` as integers within +-63 and the scale of each row, in f64."""
    value = value.astype(np.float64)
    largest = np.abs(value).max(axis=1) / MOST_WEIGHT
    # In units of the fourth significant bit.
    unit = np.exp2(np.frexp(largest)[1] - 4.0)
    scale = np.ceil(largest / unit) * unit
    return round_away(value / np.where(scale > 0, scale, 1)[:, None]), scale


def decay(a) -> np.ndarray:
    """e^-a in Q16, a in Q10, 0 <= a <= `MOST_DECAY`."""
    # a is a sixteenth of itself in Q14; a polynomial for e^(-a / 16), squared four times
    a = np.asarray(a, np.int64)
    if a.size and (a.min() < 0 or a.max() > MOST_DECAY):
        raise ValueError(f"decay of {a.min()} to {a.max()}")
    t = np.full_like(a, 2008)
    for term in (10_589, 32_713, 65_534):
        t = term - (fits(t * a, False) >> 14)
    t = 65_536 - (fits(t * a + (1 << 13), False) >> 14)
    for _ in range(4):
        t = t - (fits(t * (65_536 - t) + (1 << 15), False) >> 16)
    return t


def sigmoid(x) -> np.ndarray:
    """Logistic function in Q15, x in Q10."""
    x = np.asarray(x, np.int64)
    e = decay(np.minimum(np.abs(x), MOST_DECAY)) >> 1
    t = np.full_like(x, 3666)
    for term in (14_372, 25_922, 31_523, 32_691):
        t = term - (fits(t * e) >> 15)
    t = ONE - (fits(t * e + (1 << 14)) >> 15)
    return np.where(x >= 0, t, ONE - t)


def tanh(x) -> np.ndarray:
    """Hyperbolic tangent in Q15, x in Q10."""
    return 2 * sigmoid(2 * np.clip(x, -(1 << 14), 1 << 14)) - ONE


def exp(x) -> tuple[np.ndarray, np.ndarray]:
    """e^x, x in Q16, as (p, n): p 2^(n - 15) with 2^15 <= p < 2^16."""
    # x times log2 e
    t = rescale(np.clip(x, -20 << 16, 20 << 16), 23_637, 14)
    f = (t & 65_535) >> 1
    p = np.full_like(f, 444)
    for term in (1705, 7910, 22_709, 32_768):
        p = term + (fits(p * f) >> 15)
    return np.minimum(p, 65_535), t >> 16


def fixed(x, g: int, most: int) -> np.ndarray:
    """e^x, x in Q16, on the grid Qg, at most `most`."""
    p, n = exp(x)
    r = n + g - 15
    left = fits(p << np.clip(r, 0, 15))
    right = rsh(p, np.clip(-r, 1, 17))
    value = np.where(r > 15, most, np.where(r >= 0, left, np.where(r < -17, 0, right)))
    return np.minimum(value, most)


def ln(x) -> np.ndarray:
    """Natural logarithm in Q10 of integers from 1 to 2^32 - 1."""
    x = np.asarray(x, np.int64)
    if x.size and (x.min() < 1 or x.max() >= 1 << 32):
        raise ValueError(f"ln of {x.min()} to {x.max()}")
    # Exact: f64 holds integers of 32 bits.
    k = np.frexp(x.astype(np.float64))[1].astype(np.int64) - 1
    f = ((x << (31 - k)) >> 16) - ONE
    p = np.full_like(f, 1026)
    for term in (4397, 9440, 16_106, 32_750):
        p = term - (fits(p * f) >> 15)
    return rsh(fits(22_713 * k + (fits(p * f) >> 15)), 5)


def share(u, n) -> np.ndarray:
    """u n / 2^24, rounded down, for 0 <= u < 2^24 and n < 2^26."""
    return (np.asarray(u, np.int64) * n) >> 24
