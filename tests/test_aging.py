"""Photographs are made to look old, defect by defect."""

import numpy as np
import pytest
from scipy.fft import fft2

from colorization.training.aging import (
    DEFECTS,
    Defect,
    age,
    blur,
    expose,
    fade,
    frame,
    grain,
    scratch,
)
from samples import scene

LIGHT = scene(1, 64, 64).mean(axis=-1) / 255


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_a_defect_keeps_the_size_and_depends_on_the_generator_alone(defect: Defect) -> None:
    light, hidden = defect(LIGHT, rng())
    again, _ = defect(LIGHT, rng())
    other, _ = defect(LIGHT, rng(2))
    assert light.shape == LIGHT.shape
    np.testing.assert_array_equal(light, again)
    assert (light != other).any()
    assert (light != LIGHT).any()
    if hidden is not None:  # nothing but what is hidden changes
        np.testing.assert_array_equal(light[~hidden], LIGHT[~hidden])
        assert 0 < hidden.mean() < 0.5


def test_fading_and_exposure_keep_the_order_of_the_grays() -> None:
    for defect in (fade, expose):
        light, _ = defect(LIGHT, rng())
        order = np.argsort(LIGHT, axis=None)
        assert (np.diff(light.ravel()[order]) >= 0).all()


def test_fading_narrows_the_range() -> None:
    light, _ = fade(np.array([[0.0, 1.0]]), rng())
    assert 0 <= light[0, 0] <= 0.3
    assert 0.7 <= light[0, 1] <= 1


def test_blur_weakens_high_frequencies_and_grain_strengthens_them() -> None:
    def high(light: np.ndarray) -> float:
        return float(np.abs(fft2(light))[24:40, 24:40].mean())

    assert high(blur(LIGHT, rng())[0]) < high(LIGHT) < high(grain(LIGHT, rng())[0])


def test_a_frame_covers_edges_and_scratches_cross_the_image() -> None:
    hidden = frame(LIGHT, rng())[1]
    assert not hidden[10:-10, 10:-10].any()
    lines = scratch(LIGHT, rng())[1]
    assert lines.any(axis=1).all() or lines.any(axis=0).all()


def test_colors_are_gray_where_nothing_of_the_photograph_shows() -> None:
    L = np.full((200, 64, 64, 1), 0.2, np.float32)
    ab = np.ones((200, 64, 64, 2), np.float32)
    age(L, ab, 1.0, rng())
    assert -1 <= L.min() <= L.max() <= 1
    assert set(np.unique(ab)) == {0.0, 1.0}
    covered = (ab == 0).any(axis=(1, 2, 3)).mean()
    assert abs(covered - (1 - 0.6**2)) < 0.15  # a scratch, a frame, or both
    blank = (ab == 0).all(axis=(1, 2, 3))
    assert 0 < blank.mean() < 0.15
    grays = L[blank].mean(axis=(1, 2, 3))
    assert grays.max() - grays.min() > 0.5
