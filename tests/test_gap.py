"""The gap between test and training error, by hand."""

import keras
import numpy as np
import pandas as pd
import pytest

from colorization.color import lab
from colorization.dataset.examples import Examples
from colorization.networks.classification import classification
from colorization.networks.vividness import VIVIDNESS, AdjustableModel
from colorization.scoring.gap import Gap, summarize_gap
from colorization.scoring.gap_rows import score_gap
from samples import colors_of_scenes, examples


def table(train: list[tuple[float, float]], test: list[tuple[float, float]]) -> pd.DataFrame:
    """Errors of photographs, with the best and with the last weights."""
    rows = [("train", *errors) for errors in train] + [("test", *errors) for errors in test]
    return pd.DataFrame(rows, columns=["split", "mse_ab_best", "mse_ab_last"])


def test_the_gap_is_test_over_training_error() -> None:
    actual = summarize_gap(table([(2, 1), (4, 3)], [(5, 8), (7, 8), (6, 5)]))
    assert actual is not None
    assert actual.images == {"train": 2, "test": 3}
    assert actual.mse_ab == {"train": {"best": 3, "last": 2}, "test": {"best": 6, "last": 7}}
    assert actual.ratio == {"best": 2, "last": 3.5}
    # Errors of the means: 1 of 3, and 1 / sqrt(3) of 6; 1 of 2, and 1 of 7.
    assert actual.ratio_se == {
        "best": pytest.approx(2 * (1 / 9 + 1 / 108) ** 0.5),
        "last": pytest.approx(3.5 * (1 / 4 + 1 / 49) ** 0.5),
    }
    assert Gap.from_json(actual.as_json()) == actual
    assert actual.as_json()["test_images"]["gap_last"] == 3.5


def test_its_error_agrees_with_repeated_draws() -> None:
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(300):
        errors = rng.gamma(2, [[0.01], [0.02], [0.015], [0.03]], (4, 200))
        actual = summarize_gap(
            table([*zip(*errors[:2], strict=True)], [*zip(*errors[2:], strict=True)])
        )
        assert actual is not None
        drawn.append((actual.ratio["last"], actual.ratio_se["last"]))
    ratios, ses = np.array(drawn, float).T
    assert ses.mean() == pytest.approx(ratios.std(), rel=0.15)


def test_without_photographs_or_error_there_is_none() -> None:
    assert summarize_gap(table([], [(1, 1)])) is None
    assert summarize_gap(table([(0, 0)], [(1, 1)])) is None
    assert Gap.from_json({"images": 4}) is None
    one = summarize_gap(table([(1, 1)], [(1, 2)]))
    assert one is not None
    assert one.ratio_se == {"best": None, "last": None}


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Examples]:
    folder = tmp_path_factory.mktemp("gap")
    return {
        "train": examples(folder / "train", 3),
        "test": examples(folder / "test", 2, first_seed=10),
    }


def chosen(splits: dict[str, Examples]) -> dict[str, tuple[Examples, range]]:
    """All photographs of each split."""
    return {name: (part, range(len(part))) for name, part in splits.items()}


def test_chosen_photographs_have_the_errors_that_they_have_among_all(
    splits: dict[str, Examples],
) -> None:
    model = small_classification()
    train = Examples(splits["train"].images, None)
    every = score_gap({"best": model}, {"train": (train, range(3))}, 1)
    few = score_gap({"best": model}, {"train": (train, np.array([2, 0]))}, 1)
    pd.testing.assert_frame_equal(few, every.iloc[[2, 0]].reset_index(drop=True))


def test_errors_are_of_each_photographs_exact_pixels(splits: dict[str, Examples]) -> None:
    L, embedding = keras.Input((None, None, 1)), keras.Input((1000,))
    models = {
        weights: keras.Model([L, embedding], keras.ops.concatenate([factor * L, 0 * L], axis=-1))
        for weights, factor in {"best": 0.1, "last": 0.2}.items()
    }
    actual = score_gap(models, chosen(splits), 2)
    assert actual["split"].tolist() == ["train"] * 3 + ["test"] * 2
    assert actual["name"].tolist() == [*splits["train"].images.names, *splits["test"].images.names]
    rgb = np.concatenate([part.images.rgb for part in splits.values()])
    light, ab = lab.rgb_to_lab(rgb)
    for weights, factor in {"best": 0.1, "last": 0.2}.items():
        predicted = np.concatenate([factor * light, 0 * light], axis=-1)
        expected = ((predicted.astype(float) - ab) ** 2).mean(axis=(1, 2, 3))
        # The network sees the cached L, which is rounded.
        np.testing.assert_allclose(actual[f"mse_ab_{weights}"], expected, rtol=1e-2)
    chroma = np.hypot(ab[..., 0], ab[..., 1]).mean(axis=(1, 2)) * 128
    np.testing.assert_allclose(actual["mean_chroma"], chroma, rtol=1e-5)


def small_classification() -> keras.Model:
    """A network of one convolution that predicts distributions."""
    objective = classification(colors_of_scenes())
    L, vividness = keras.Input((None, None, 1)), keras.Input((1,), name=VIVIDNESS, optional=True)
    logits = objective.head(keras.layers.Conv2D(3, 2, strides=2)(L))
    return keras.Model([L, vividness], objective.to_ab(logits, vividness))


def test_a_distribution_is_judged_by_its_mean_at_any_operating_point(
    splits: dict[str, Examples],
) -> None:
    model = small_classification()
    alone = chosen({name: Examples(part.images, None) for name, part in splits.items()})
    before = score_gap({"best": model}, alone, 2)
    adjustable = AdjustableModel.of(model)
    assert adjustable is not None
    adjustable.decoder.set_operating_points(np.full(11, 0.3), np.full(11, 0.2), 1.0)
    pd.testing.assert_frame_equal(score_gap({"best": model}, alone, 2), before)


def test_the_entropy_is_that_of_the_unweighted_distribution() -> None:
    adjustable = AdjustableModel.of(small_classification())
    assert adjustable is not None
    bins = adjustable.decoder.centers.shape[0]
    weights = np.random.default_rng(1).uniform(0.2, 5, bins)
    adjustable.decoder.log_weights.assign(np.log(weights))
    logits = np.random.default_rng(2).normal(0, 2, (2, 3, 4, bins)).astype(np.float32)
    shares = np.exp(logits.astype(float)) / weights
    shares /= shares.sum(axis=-1, keepdims=True)
    expected = -(shares * np.log2(shares)).sum(axis=-1)
    np.testing.assert_allclose(adjustable.entropy(logits), expected, rtol=1e-4)
    # One certain color has none; equal shares of all have the most.
    certain = np.where(np.arange(bins) == 3, 1000.0, 0).astype(np.float32)[None, None, None]
    assert adjustable.entropy(certain) == pytest.approx(0, abs=1e-6)
    even = np.log(weights).astype(np.float32)[None, None, None]
    assert adjustable.entropy(even) == pytest.approx(np.log2(bins), rel=1e-5)
