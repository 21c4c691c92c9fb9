"""Arithmetic in whole numbers: close to the functions it stands for, and never beyond 32 bits."""

from __future__ import annotations

import numpy as np
import pytest

from train.export.quantise import quantise_rows
from train.reference import arithmetic as a

LEAST, MOST = -(1 << 31), (1 << 31) - 1


def test_functions_are_close_to_those_they_stand_for():
    x = np.arange(a.MOST_DECAY + 1)
    np.testing.assert_allclose(a.decay(x) / 65_536, np.exp(-x / 1024), atol=2e-4)
    x = np.arange(-20_000, 20_001)
    np.testing.assert_allclose(a.sigmoid(x) / 32_768, 1 / (1 + np.exp(-x / 1024)), atol=1.5e-4)
    np.testing.assert_allclose(a.tanh(x) / 32_768, np.tanh(x / 1024), atol=3e-4)
    x = np.arange(-13 << 16, 10 << 16, 997)
    p, n = a.exp(x)
    assert p.min() >= 1 << 15
    assert p.max() < 1 << 16
    np.testing.assert_allclose(p * 2.0 ** (n - 15), np.exp(x / 65_536), rtol=3e-4)
    np.testing.assert_allclose(a.fixed(x, 12, MOST) / 4096, np.exp(x / 65_536), rtol=3e-4, atol=2e-4)
    x = np.concatenate([np.arange(1, 5000), np.arange(5000, 1 << 32, 65_521)])
    np.testing.assert_allclose(a.ln(x) / 1024, np.log(x), atol=1e-3)


def test_the_logistic_function_and_its_relatives_are_monotone():
    x = np.arange(-20_000, 20_001)
    assert (np.diff(a.sigmoid(x)) >= 0).all()
    assert (np.diff(a.tanh(x)) >= 0).all()
    assert (np.diff(a.decay(np.arange(a.MOST_DECAY + 1))) <= 0).all()


def test_functions_saturate_where_an_engine_has_no_more_digits():
    assert a.decay([0, a.MOST_DECAY]).tolist() == [65_536, 0]
    assert a.sigmoid([-MOST, 0, MOST]).tolist() == [0, 1 << 14, 1 << 15]
    assert a.tanh([LEAST, 0, MOST]).tolist() == [-(1 << 15), 0, 1 << 15]
    assert a.fixed(np.array([LEAST, MOST]), 16, 1 << 30).tolist() == [0, 1 << 30]


def test_rescaling_and_shares_are_exact_quotients():
    rng = np.random.default_rng(1)
    for _ in range(500):
        x, m, k = int(rng.integers(LEAST, MOST)), int(rng.integers(0, 1 << 15)), int(rng.integers(1, 47))
        exact = (x * m + (1 << (k - 1))) >> k
        assert a.scaled(abs(x), m, k) == min((abs(x) * m + (1 << (k - 1))) >> k, a.MOST_DECAY)
        if LEAST <= exact <= MOST:
            assert a.rescale(x, m, k) == exact
        else:
            with pytest.raises(OverflowError):
                a.rescale(x, m, k)
        u, n = int(rng.integers(0, 1 << 24)), int(rng.integers(0, 1 << 26))
        assert a.share(u, n) == u * n // (1 << 24)


def test_halves_are_rounded_up_by_shifts_and_away_from_zero_where_floats_become_integers():
    assert a.rsh([5, -5, 6, -6, 7, -7], 2).tolist() == [1, -1, 2, -1, 2, -2]
    numbers = [0.5, -0.5, 1.5, -1.5, 2.49, -2.51, 0.49999999999999994]
    assert a.round_away(numbers).tolist() == [1, -1, 2, -2, 2, -3, 0]


def test_a_factor_has_fifteen_bits_unless_it_is_too_small_or_too_large():
    for value in (3e-4, 0.0175, 0.3, 1.0, 8191.0):
        m, k = a.factor(value)
        assert m >= 1 << 14 or k == 46
        assert m / 2**k == pytest.approx(value, rel=4e-5)
    assert a.factor(0.0) == (0, 46)
    assert a.factor(1e9, 2) == (32_767, 2)
    m, k = a.row_factors(np.array([0.5, 0.25, 0.0]), 1)
    assert (m.tolist(), k) == ([16_384, 8192, 0], 14)
    with pytest.raises(OverflowError, match="scale of 16 is too large"):
        a.row_factors(np.array([16.0]), 9)


def test_a_result_that_an_engine_cannot_hold_is_an_error():
    with pytest.raises(OverflowError):
        a.fits(np.array([0, 1 << 31]))
    with pytest.raises(OverflowError):
        a.fits(np.array([-1]), signed=False)
    with pytest.raises(OverflowError):
        a.rsh(np.array([MOST]), 4)


def test_the_reference_quantises_as_the_trainer_does():
    rng = np.random.default_rng(4)
    value = (rng.uniform(-1, 1, (60, 40)) * 10.0 ** rng.integers(-6, 3, (60, 1))).astype(np.float32)
    value[0] = 0
    # Exact halves: the scale is 0.5, as it stands in a row whose largest magnitude is 31.5.
    value[1] = 0.25 * np.arange(-20, 20)
    value[1, 0] = 31.5
    whole, scale = a.quantise_rows(value)
    exported, exported_scale = quantise_rows(value)
    assert np.array_equal(whole, exported)
    assert np.array_equal(scale, exported_scale)
    assert whole[1, 1:6].tolist() == [-10, -9, -9, -8, -8]
