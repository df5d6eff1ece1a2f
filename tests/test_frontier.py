"""The dial runs along the best there is, from the most faithful colours to those of photographs."""

import dataclasses

import numpy as np
import pytest

from colorization.core.errors import ColorizationError
from colorization.dataset.examples import Examples
from colorization.imaging import colour_metrics, lab
from colorization.networks.dial import POSITIONS, Dialled
from colorization.networks.variant import build_network
from colorization.training import fitting, frontier
from colorization.training.frontier import BETAS, TEMPERATURES, fix_dial
from colorization.variants import load
from samples import colours_of_scenes, examples

# As a trained network behaves: sharper and less undone weighting is more colourful, and PSNR is
# highest where it is 0.35 times as colourful as photographs. By a little, a lower beta is worse at
# the faithful end and better at the vivid one.
COLOURFUL = (1 - 0.6 * BETAS[:, None]) * 0.5 * TEMPERATURES**-0.4
PSNR = 23 - 4 * (COLOURFUL - 0.35) ** 2 - 0.2 * np.abs(BETAS[:, None] - 1 + COLOURFUL - 0.35)


def colourful(beta: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    return (1 - 0.6 * beta) * 0.5 * temperature**-0.4


def test_positions_are_evenly_spaced_from_the_highest_psnr_to_the_photographs() -> None:
    found = colourful(*frontier.frontier(PSNR, COLOURFUL))
    best = COLOURFUL.flat[PSNR.argmax()]
    np.testing.assert_allclose(found, np.linspace(best, 1, POSITIONS), atol=0.01)


def test_beta_never_rises_along_the_dial() -> None:
    betas, _ = frontier.frontier(PSNR, COLOURFUL)
    assert (np.diff(betas) <= 0).all()
    assert betas[0] > betas[-1]


def test_of_the_betas_the_one_with_the_highest_psnr_is_taken() -> None:
    flat = np.where(np.isclose(BETAS, 0.5)[:, None], PSNR + 1, PSNR)
    betas, _ = frontier.frontier(flat, COLOURFUL)
    reached = COLOURFUL[np.isclose(BETAS, 0.5)].max()
    wanted = np.linspace(COLOURFUL.flat[flat.argmax()], 1, POSITIONS)
    np.testing.assert_allclose(betas[wanted <= reached], 0.5)


def test_where_nothing_is_as_colourful_as_the_photographs_the_end_is_the_most_colourful() -> None:
    betas, temperatures = frontier.frontier(PSNR, 0.5 * COLOURFUL)
    assert betas[-1] == 0
    assert temperatures[-1] == pytest.approx(TEMPERATURES[0])


def test_a_faithful_end_more_colourful_than_photographs_is_the_whole_dial() -> None:
    betas, temperatures = frontier.frontier(PSNR, COLOURFUL + 1)
    assert (np.unique(betas).size, np.unique(temperatures).size) == (1, 1)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    found = examples(tmp_path_factory.mktemp("frontier") / "validation", 6)
    return dataclasses.replace(found, embeddings=None)


def test_a_networks_dial_is_turned_from_paler_to_more_colourful(few: Examples) -> None:
    network = build_network("n", load("mobilenet_unet"), 1, colours=colours_of_scenes())
    dialled = Dialled.of(network.model)
    assert dialled is not None
    fix_dial(dialled, few)
    logits = dialled.before.predict_on_batch(few.inputs(slice(None)))
    L = lab.rgb_to_lab(np.array(few.images.rgb))[0]
    colourfulness = [
        sum(
            colour_metrics.colourfulness(lab.lab_to_rgb(one, ab))
            for one, ab in zip(L, dialled.ab(logits, position), strict=True)
        )
        for position in np.linspace(0, 1, POSITIONS)
    ]
    assert (np.diff(colourfulness) > -0.05 * max(colourfulness)).all()
    assert 0 <= dialled.default <= 1


def test_the_default_is_the_most_vivid_position_that_is_no_worse_than_grey(
    few: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build_network("n", load("mobilenet_unet"), 1, colours=colours_of_scenes())
    dialled = Dialled.of(network.model)
    assert dialled is not None
    two = [[5.0] * 4 + [7.0] * 7, [5.0] * 3 + [5.9] * 6 + [9.0] * 2]  # of images, by position
    grey = 6.0
    differences = iter([*(two[0] + [grey]) * 2, *(two[1] + [grey]) * 4])
    monkeypatch.setattr(frontier, "_difference", lambda *_: next(differences))
    fix_dial(dialled, few)
    means = (2 * np.array(two[0]) + 4 * np.array(two[1])) / 6
    assert dialled.default == max(np.flatnonzero(means <= grey)) / 10


def test_grey_photographs_alone_leave_the_dial_as_it_is(few: Examples) -> None:
    network = build_network("n", load("mobilenet_unet"), 1, colours=colours_of_scenes())
    dialled = Dialled.of(network.model)
    assert dialled is not None
    rgb = np.repeat(np.array(few.images.rgb)[..., :1], 3, axis=-1)
    grey = dataclasses.replace(few, images=dataclasses.replace(few.images, rgb=rgb))
    fix_dial(dialled, grey)
    assert (np.array(dialled.dial.temperatures) == 1).all()
    assert dialled.default == 0


def test_images_are_chosen_by_their_mean_chroma(few: Examples) -> None:
    ab = np.array(few.images.ab)
    chroma = 128 * np.hypot(*np.moveaxis(ab.astype(float), -1, 0)).mean(axis=(1, 2))
    least = float(np.median(chroma))
    np.testing.assert_array_equal(fitting.colourful(few, least), np.flatnonzero(chroma >= least))
    with pytest.raises(
        ColorizationError, match="no training image has a mean chroma of 130 or more"
    ):
        fitting.colourful(few, 130)
