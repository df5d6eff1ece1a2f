"""Error removed by label, against a recomputation from the rows with NumPy alone."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from colorization.labels.subsets import NATURE_ONLY, OBJECTS_ONLY, join, subsets
from colorization.scoring.evaluation import Evaluation
from colorization.study import measures
from colorization.study.estimates import Estimate
from colorization.study.experiments import Experiments
from colorization.study.label_scores import LabelScores
from colorization.study.labels import (
    LABEL_SCORES,
    draw_labels,
    labels_table,
    score_labels,
    sea_and_vegetation,
)
from evaluated import evaluation, record, rows
from samples import reopened

IMAGES = 120
NUMBERS = np.arange(IMAGES)
LABELS = {
    "sky": frozenset(range(0, 70, 2)),
    "sea": frozenset(range(20)),
    "indoor": frozenset(range(60, 118)),
    "dog": frozenset({118}),
    "cloud_free": frozenset(),
}
TABLE = join(LABELS, [f"im{number}.jpg" for number in NUMBERS])
COLORS = pd.DataFrame(
    [("sky", 50, -0.05, -0.2), ("indoor", 70, 0.1, 0.2)],
    columns=["subset", "photographs", "mean_a", "mean_b"],
)


@cache
def pixels() -> np.ndarray:
    """True ab of each photograph, (I, 50, 2)."""
    rng = np.random.default_rng(5)
    return rng.normal(0.05, 0.1, (IMAGES, 1, 2)) + rng.normal(0, 0.1, (IMAGES, 50, 2))


def mse(predicted: Any) -> np.ndarray:
    return ((pixels() - predicted) ** 2).mean(axis=(1, 2))


def predictions(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return pixels() * rng.uniform(0, 1, (IMAGES, 1, 1)) + rng.normal(0, 0.03, pixels().shape)


@cache
def trained(seed: int) -> Evaluation:
    table = rows(IMAGES).assign(
        name=[f"im{number}.jpg" for number in NUMBERS],
        model_mse_ab=mse(predictions(seed)),
        constant_mse_ab=mse(0.05),
        gray_mse_ab=mse(0),
        mean_a=pixels()[..., 0].mean(axis=1),
        mean_b=pixels()[..., 1].mean(axis=1),
    )
    return replace(evaluation(table), training=record(3, seed=seed))


def study(*seeds: int, **changes: Any) -> Experiments:
    made = Experiments(
        {("bn_maxpool", seed): trained(seed) for seed in seeds},
        "photographs",
        subsets=subsets(TABLE),
        label_colors=COLORS,
    )
    return replace(made, **changes)


def removed(model: np.ndarray, constant: np.ndarray) -> float:
    return 100 * (1 - model.sum() / constant.sum())


def test_a_subsets_scores_are_those_of_its_photographs() -> None:
    scores = score_labels(study(1, 2, 3))
    constant = mse(0.05)
    model = np.mean([mse(predictions(seed)) for seed in (1, 2, 3)], axis=0)
    color = mse(np.array([-0.05, -0.2]))
    sky = np.isin(NUMBERS, list(LABELS["sky"]))
    actual = scores.error_removed["bn_maxpool"]
    assert actual["sky"].value == pytest.approx(removed(model[sky], constant[sky]))
    assert scores.colors["sky"].value == pytest.approx(removed(color[sky], constant[sky]))
    assert scores.over_color["bn_maxpool"]["sky"].value == pytest.approx(
        actual["sky"].value - scores.colors["sky"].value
    )
    nature = np.isin(NUMBERS, list(LABELS["sky"] | LABELS["sea"]))
    indoor = np.isin(NUMBERS, list(LABELS["indoor"] | LABELS["dog"]))
    kinds = {NATURE_ONLY: nature & ~indoor, OBJECTS_ONLY: indoor & ~nature}
    for kind, mask in kinds.items():
        assert scores.photographs[kind] == mask.sum()
        assert actual[kind].value == pytest.approx(removed(model[mask], constant[mask]))
    leads = scores.leads["bn_maxpool"]
    assert list(leads) == [NATURE_ONLY, "sea"]  # no photograph has vegetation
    for subset, lead in leads.items():
        assert lead.value == pytest.approx(actual[subset].value - actual[OBJECTS_ONLY].value)
    assert set(scores.colors) == {"sky", "indoor"}
    assert "cloud_free" not in scores.photographs


def test_the_interval_of_one_training_is_that_of_a_ratio_of_sums() -> None:
    """Cochran: Sampling Techniques (1977), equation 2.39, and Student's t."""
    sky = np.isin(NUMBERS, list(LABELS["sky"]))
    model, constant = mse(predictions(1))[sky], mse(0.05)[sky]
    ratio, count = model.sum() / constant.sum(), sky.sum()
    residuals = model - ratio * constant
    error = np.sqrt(count * (residuals**2).sum() / (count - 1)) / constant.sum()
    actual = score_labels(study(1)).error_removed["bn_maxpool"]["sky"]
    assert actual.se == pytest.approx(100 * error, rel=1e-4)
    low, high = stats.t.interval(0.95, count - 1, 100 * (1 - ratio), 100 * error)
    assert (actual.low, actual.high) == (
        pytest.approx(low, rel=1e-4),
        pytest.approx(high, rel=1e-4),
    )


@pytest.mark.parametrize("subset", [NATURE_ONLY, "sea"])
def test_a_lead_over_objects_has_the_variance_of_independent_groups(subset: str) -> None:
    actual = score_labels(study(1))
    groups = [actual.error_removed["bn_maxpool"][kind] for kind in (subset, OBJECTS_ONLY)]
    expected = np.linalg.norm([group.se or np.nan for group in groups])
    lead = actual.lead_over_objects("bn_maxpool", subset)
    assert lead is not None
    assert lead.se == pytest.approx(expected, rel=0.02)


def test_the_groups_of_a_lead_share_their_seeds() -> None:
    """A seed that removes more everywhere does not change the lead."""
    better = {
        ("bn_maxpool", seed): replace(
            trained(1), rows=trained(1).rows.assign(model_mse_ab=mse(predictions(1)) - change)
        )
        for seed, change in ((1, 0.0), (2, 0.1 * mse(0.05)), (3, 0.2 * mse(0.05)))
    }
    several = score_labels(study(trainings=better))
    alone = score_labels(study(trainings={("bn_maxpool", 1): better["bn_maxpool", 1]}))
    for subset in (NATURE_ONLY, "sea"):
        leads = [scores.lead_over_objects("bn_maxpool", subset) for scores in (several, alone)]
        errors = [lead.se or np.nan for lead in leads if lead]
        assert errors[0] == pytest.approx(errors[1], rel=1e-3)
        groups = [several.error_removed["bn_maxpool"][kind] for kind in (subset, OBJECTS_ONLY)]
        assert errors[0] < 0.8 * np.linalg.norm([group.se or np.nan for group in groups])


def test_published_scores_stand_in_for_the_labels_of_the_same_trainings(tmp_path: Path) -> None:
    experiments = study(1, 2)
    scores = score_labels(experiments)
    scores.write(tmp_path / LABEL_SCORES)
    published = LabelScores.read(tmp_path / LABEL_SCORES)
    assert published == scores
    without = study(1, 2, subsets={}, label_scores=published)
    assert score_labels(without) == scores
    for measure in (
        measures.error_removed("bn_maxpool", "sky"),
        measures.lead_over_objects("bn_maxpool", NATURE_ONLY),
        measures.lead_over_objects("bn_maxpool", "sea"),
    ):
        assert measure(without) == measure(experiments)
    assert without.labeled
    assert without.count("sky") == len(LABELS["sky"])
    more = published.of_trainings(study(1, 2, 3).seeds)
    assert (more.error_removed, more.photographs) == ({}, published.photographs)
    assert more.lead_over_objects("bn_maxpool", "sea") is None


def test_without_labels_there_are_no_scores_by_label() -> None:
    unlabeled = study(1, subsets={})
    assert score_labels(unlabeled) == LabelScores.empty()
    assert not unlabeled.labeled
    assert measures.error_removed("bn_maxpool", "sky")(unlabeled) is None


def test_only_subsets_with_enough_photographs_are_printed(tmp_path: Path) -> None:
    scores = score_labels(study(1, 2))
    table = labels_table(scores, ["bn_maxpool"])
    assert [row[0] for row in table.rows] == [NATURE_ONLY, OBJECTS_ONLY, "sea", "sky", "indoor"]
    sky = scores.error_removed["bn_maxpool"]["sky"]
    assert table.rows[3][3] == f"{sky.value:.1f} ({sky.low:.1f} to {sky.high:.1f})"
    assert table.rows[2][2] == "undefined"  # no training photograph has the label
    for name in ("one.png", "other.png"):
        draw_labels(scores, ["bn_maxpool", "missing"], tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()
    assert reopened(tmp_path / "one.png").width > 600


def test_groups_come_first_then_nature_then_objects() -> None:
    names = ["car", "night", "objects only", "sea", "sea_r1", "nature only", "baby_r1", "clouds"]
    scores = LabelScores.empty().model_copy(
        update={"photographs": dict.fromkeys(sorted(names), 99)}
    )
    assert [row[0] for row in labels_table(scores, []).rows] == [
        "nature only",
        "objects only",
        "clouds",
        "sea",
        "sea_r1",
        "baby_r1",
        "car",
        "night",
    ]


def test_sea_and_vegetation_are_compared_with_objects() -> None:
    removed = {
        "sea": Estimate(8.0, 5.0, 11.0),
        "plant_life or tree": Estimate(-2.0, -4.0, 0.0),
        "objects only": Estimate(1.0, -1.0, 3.0),
    }
    leads = {"sea": Estimate(7.0, 4.5, 9.5), "plant_life or tree": Estimate(-3.0, -6.5, 0.5)}
    scores = LabelScores.empty().model_copy(
        update={
            "photographs": dict.fromkeys(removed, 20),
            "error_removed": {"bn_maxpool": removed},
            "leads": {"bn_maxpool": leads},
        }
    )
    assert sea_and_vegetation(scores, "bn_maxpool") == (
        "On photographs of objects only `bn_maxpool` removes 1.0% (-1.0 to 3.0) of the error; of "
        "sea 8.0% (5.0 to 11.0), 7.0 points more (4.5 to 9.5); of plant_life or tree -2.0% "
        "(-4.0 to 0.0), 3.0 points less (-0.5 to 6.5)."
    )
    assert sea_and_vegetation(scores, "l2") == ""
    few = scores.model_copy(update={"photographs": scores.photographs | {"sea": 19}})
    assert "sea" not in sea_and_vegetation(few, "bn_maxpool")
    few = scores.model_copy(update={"photographs": scores.photographs | {"objects only": 19}})
    assert sea_and_vegetation(few, "bn_maxpool") == ""
    assert sea_and_vegetation(scores.model_copy(update={"leads": {}}), "bn_maxpool") == ""


def test_an_interval_that_rounds_away_is_left_out() -> None:
    """A network that gives the constant color removes nothing, on any photographs."""
    nothing = dict.fromkeys(("sea", "objects only"), Estimate(0.0, -0.01, 0.01))
    scores = LabelScores.empty().model_copy(
        update={
            "photographs": dict.fromkeys(nothing, 20),
            "error_removed": {"bn_maxpool": nothing},
            "leads": {"bn_maxpool": {"sea": Estimate(-0.01, -0.02, 0.01)}},
        }
    )
    assert sea_and_vegetation(scores, "bn_maxpool") == (
        "On photographs of objects only `bn_maxpool` removes 0.0% of the error; of sea 0.0%, "
        "0.0 points less."
    )
    assert labels_table(scores, ["bn_maxpool"]).rows[0][3:5] == ["0.0", "undefined"]
