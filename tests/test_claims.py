"""The paper's claims: verdicts, and what limits them."""

import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from colorization.core.model_records import Pretrained
from colorization.core.settings import Variant
from colorization.labels.subsets import NATURE_ONLY, OBJECTS_ONLY, VEGETATION
from colorization.networks import catalog
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.predictions import Predictions
from colorization.study.claims import CLAIMS, PAPER_VARIANTS, judge_claims
from colorization.study.estimates import mean_over_seeds, t_interval
from colorization.study.experiments import Experiments
from colorization.study.verdicts import (
    BELOW,
    CONTRADICTED,
    NOT_TESTED,
    SUPPORTED,
    UNDECIDED,
    Claim,
    Contrast,
    JudgedClaim,
    judge,
)
from evaluated import evaluation, gap_rows, record, rows

SEEDS = (1, 2, 3)
IMAGES = 12
FALLING = tuple(np.geomspace(0.06, 0.01, 8))
RISING = (*FALLING[:4], 1.15 * FALLING[3], *FALLING[5:])
SLOW = tuple(np.geomspace(0.06, 0.03, 8))
WAVERING = tuple(np.array(FALLING) * np.tile([1, 1.5], 4))
IMAGENET = Pretrained(network="inception_v3", weights="imagenet", precision="float32")
RANDOM = Pretrained(network="inception_v3", weights="random", precision="float32")
PAPER_RATE = {"learning_rate": 0.0001, "batch_size": 64}

# The last photographs are of objects and the sea, the others of nature and the sky.
OBJECTS = np.arange(IMAGES) >= 8
SUBSETS = {
    NATURE_ONLY: frozenset(f"im{index}.jpg" for index in range(8)),
    OBJECTS_ONLY: frozenset(f"im{index}.jpg" for index in range(8, IMAGES)),
    VEGETATION: frozenset(("im1.jpg", "im2.jpg", "im3.jpg")),
    "sky": frozenset(("im4.jpg", "im5.jpg")),
    "sea": frozenset(("im10.jpg", "im11.jpg")),
}
# 16x16 of each photograph: the right half is uncertain.
TRUTH = np.full((IMAGES, 16, 16, 2), 10.0)
ENTROPY = np.broadcast_to(np.linspace(1, 7, 16), (IMAGES, 16, 16))


def trained(
    removed: Any = 5.0,
    colors: float = 0.9,
    gap: float = 1.2,
    after_best: float = 0.8,
    certain: float = 0.8,
    uncertain: float = 0.5,
    small: float = -2.0,
    noise: float = 0.3,
    train: dict[str, Any] | None = None,
    **options: Any,
) -> list[Evaluation]:
    """Trainings of a variant from three seeds that differ a little.

    `removed` is the error removed, percent, in all or each of the photographs, and `small` what is
    removed more in small regions than in all; `certain` and `uncertain` are the chroma over the
    photographs' in the left and in the right half.
    """
    curve = np.array(options.pop("val_mse", FALLING))
    course = np.array(options.pop("train_mse", np.linspace(0.05, 0.02, len(curve))))
    settings = record(len(curve), **{"embedding": IMAGENET} | options)
    settings = settings.model_copy(update={"train": settings.train.model_copy(update=train or {})})
    made = evaluated_once()
    constant = np.linspace(0.02, 0.03, IMAGES)
    evaluations = []
    for seed in SEEDS:
        error = constant * (1 - (removed + noise * (seed - 2)) / 100)
        in_small = constant / 4 * (1 - (removed + small + noise * (seed - 2)) / 100)
        wander = 1 + 0.001 * seed * np.arange(len(curve))
        last = after_best + 0.001 * seed
        gaps = gap_rows(best=1, last=last, test=last * (gap + 0.002 * seed))
        chroma = np.where(np.arange(16)[:, None] < 8, certain, uncertain) + 0.001 * seed
        evaluations.append(
            replace(
                made,
                training=settings,
                rows=made.rows.assign(
                    constant_mse_ab=constant,
                    model_mse_ab=error,
                    constant_mse_ab_in_small_regions=constant / 4,
                    constant_mse_ab_in_large_regions=constant * 3 / 4,
                    model_mse_ab_in_small_regions=in_small,
                    model_mse_ab_in_large_regions=error - in_small,
                    model_colorfulness=(colors + 0.001 * seed) * made.rows["colorfulness"],
                ),
                history=pd.DataFrame({"train_mse": course * wander, "val_mse": curve * wander}),
                gap_rows=gaps,
                predictions=Predictions(TRUTH * chroma, ENTROPY if seed < 3 else None),
            )
        )
    return evaluations


@cache
def evaluated_once() -> Evaluation:
    return evaluation(rows(IMAGES))


LINES = {
    name: Variant(network=name, embedding="imagenet", encoder="none")
    for name in (*PAPER_VARIANTS, "bn", "max_pooling")
}
LINES |= {
    f"{name}_paper_rate": Variant(
        network=name, embedding="imagenet", encoder="none", train=PAPER_RATE
    )
    for name in ("baseline", "bn_maxpool")
}
FRACTIONS = {"half_of_it": 0.5, "quarter_of_it": 0.25}
LINES |= {
    name: Variant(
        network="bn_maxpool", embedding="imagenet", encoder="none", train={"fraction": share}
    )
    for name, share in FRACTIONS.items()
}


@cache
def alike() -> dict[str, list[Evaluation]]:
    """Trainings of each variant, all with the same scores."""
    return {name: trained(train=line.train) for name, line in LINES.items()}


def study(source: str = "photos.zip", seeds: int = 3, **given: Any) -> Experiments:
    """A study with all that the claims need, its variants all alike except for those given."""
    return Experiments(
        {
            (name, seed): made
            for name, trainings in (alike() | given).items()
            for seed, made in list(zip(SEEDS, trainings, strict=True))[:seeds]
        },
        source,
        lines=LINES,
        subsets=SUBSETS,
        truth=TRUTH,
    )


def judged(number: int, experiments: Experiments) -> JudgedClaim:
    return {claim.claim.number: claim for claim in judge_claims(experiments)}[number]


def verdict(number: int, experiments: Experiments) -> str:
    return judged(number, experiments).verdict


def at_paper_rate(**options: Any) -> list[Evaluation]:
    return trained(train=PAPER_RATE, **options)


def part(fraction: float, removed: float) -> list[Evaluation]:
    return trained(removed, train={"fraction": fraction})


# For each claim, a study that supports it and one that contradicts it.
CASES: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {
    1: (
        {"baseline_paper_rate": at_paper_rate(train_mse=SLOW, colors=0.3)},
        {"baseline_paper_rate": at_paper_rate(train_mse=SLOW, colors=0.8)},
    ),
    2: (
        {"deeper": trained(6.0, train_mse=SLOW)},
        {"deeper": trained(9.0, train_mse=SLOW)},
    ),
    3: ({}, {"bn_maxpool": trained(np.where(np.isin(np.arange(IMAGES), (4, 5)), -5.0, 5.0))}),
    4: ({}, {"bn_maxpool": trained(gap=1.0)}),
    5: (
        {"l2": trained(colors=0.4, val_mse=WAVERING)},
        {"l2": trained(colors=0.95, val_mse=WAVERING)},
    ),
    6: ({"spatial_dropout": trained(gap=1.1)}, {"spatial_dropout": trained(gap=1.3)}),
    7: (
        {"vgg16_repeat": trained(7.0, image_size=128), "vgg16_conv": trained(image_size=128)},
        {"vgg16_repeat": trained(3.0, image_size=128), "vgg16_conv": trained(image_size=128)},
    ),
    8: ({"bn_maxpool": trained(8.0)}, {"bn_maxpool": trained(8.0), "l2": trained(10.0)}),
    9: ({}, {"bn_maxpool": trained(uncertain=0.9)}),
    10: (
        {"bn_maxpool": trained(np.where(OBJECTS, 1.0, 5.0))},
        {"bn_maxpool": trained(np.where(OBJECTS, 1.0, 5.0), small=2.0)},
    ),
    11: (
        {"half_of_it": part(0.5, 3.0), "quarter_of_it": part(0.25, 1.0)},
        {"half_of_it": part(0.5, 7.0), "quarter_of_it": part(0.25, 9.0)},
    ),
    12: ({"bn": trained(8.0)}, {"bn": trained(2.0)}),
}


@pytest.mark.parametrize("number", CASES)
def test_a_study_that_confirms_a_claim_supports_it(number: int) -> None:
    claim = judged(number, study(**CASES[number][0]))
    notes = ["uncertainty: the entropy of baseline"] if number == 9 else []
    assert (claim.verdict, claim.reasons) == (SUPPORTED, notes)


@pytest.mark.parametrize("number", CASES)
def test_a_study_that_refutes_a_claim_contradicts_it(number: int) -> None:
    assert verdict(number, study(**CASES[number][1])) == CONTRADICTED


def test_all_twelve_claims_have_a_case_and_can_be_written_as_json() -> None:
    assert [claim.number for claim in CLAIMS] == list(range(1, 13)) == list(CASES)
    written = [claim.as_json() for claim in judge_claims(study())]
    assert json.loads(json.dumps(written, allow_nan=False)) == written


def test_beside_claim_12_are_what_pooling_adds_and_the_interaction() -> None:
    removed = {"baseline": 5.0, "bn": 8.0, "max_pooling": 6.0, "bn_maxpool": 13.0}  # percent
    given: dict[str, Any] = {name: trained(value) for name, value in removed.items()}
    claim = judged(12, study(**given))
    values = [finding.estimate and finding.estimate.value for finding in claim.findings]
    assert values == pytest.approx([8 - 5, 6 - 5, 13 - 6, 13 - 8, (13 - 8) - (6 - 5)])


def test_an_insignificant_gain_does_not_contradict() -> None:
    gain = study(deeper=trained(5.0 + np.linspace(0, 5.5, IMAGES), train_mse=SLOW))
    claim = judged(2, gain)
    estimate = claim.findings[0].estimate
    assert estimate
    assert estimate.low
    assert 0 < estimate.low < 2 < estimate.value
    assert claim.verdict == UNDECIDED


def test_each_finding_has_its_outcome() -> None:
    claim = judged(2, study(**CASES[2][1]))
    assert [finding.outcome for finding in claim.findings] == ["the opposite", "as claimed"]
    claim = judged(12, study())
    assert [finding.outcome for finding in claim.findings] == [
        "not significantly above 0 points",
        *["does not decide"] * 4,
    ]
    claim = judged(2, study(seeds=1))
    assert [finding.outcome for finding in claim.findings] == ["one seed"] * 2


# Verdicts of measures that are given, with a standard error of 1 and few degrees of freedom.


def contrast(t: float, seeds: int = 3) -> Contrast:
    """A part whose mean over seeds lies `t` standard errors above the bound of 0."""
    spread = np.linspace(-1, 1, seeds)
    spread *= np.sqrt(seeds) / np.std(spread, ddof=1)
    values = (spread + t).tolist()
    return Contrast(f"t of {t}", lambda _: mean_over_seeds(values))


def judged_parts(*contrasts: Contrast) -> JudgedClaim:
    claim = Claim("", "", variants=(), contrasts=contrasts, number=1, section="")
    return judge([claim], study())[0]


def test_support_needs_each_part_and_no_correction() -> None:
    t = float(stats.t.isf(0.029 / 2, 2))  # a two-sided p of 0.029
    assert judged_parts(*[contrast(t)] * 7).verdict == SUPPORTED
    assert judged_parts(*[contrast(t)] * 6, contrast(0.1)).verdict == UNDECIDED


def test_contradiction_is_corrected_for_the_number_of_parts() -> None:
    t = -float(stats.t.isf(0.02 / 2, 2))
    assert judged_parts(contrast(t)).verdict == CONTRADICTED
    assert judged_parts(contrast(t), contrast(0.1)).verdict == UNDECIDED  # 0.04
    (opposite, _) = judged_parts(contrast(t), contrast(0.1)).findings
    assert opposite.p_value == pytest.approx(0.02)
    assert opposite.p_against == pytest.approx(0.04)
    # A part as claimed counts, too, however small its p-value.
    assert judged_parts(contrast(t), contrast(1000)).verdict == UNDECIDED
    assert judged_parts(contrast(t), contrast(1000)).reasons == [
        f"t of {t}: the opposite, but not after correction for the number of parts"
    ]


@pytest.mark.parametrize(
    ("seeds", "p", "expected"),
    [(3, 0.031, UNDECIDED), (3, 0.029, SUPPORTED), (4, 0.049, SUPPORTED), (4, 0.051, UNDECIDED)],
)
def test_fewer_than_four_seeds_need_a_smaller_p_value(seeds: int, p: float, expected: str) -> None:
    t = float(stats.t.isf(p / 2, seeds - 1))
    claim = judged_parts(contrast(t, seeds))
    assert claim.verdict == expected
    if seeds == 3 and expected == UNDECIDED:
        assert claim.reasons == [
            f"t of {t}: p = 0.031, which has to be below 0.03 with fewer than 4 seeds"
        ]
        assert judged_parts(contrast(-t)).reasons == [
            f"t of {-t}: the opposite, but p = 0.031, which has to be below 0.03 with fewer than 4 "
            "seeds"
        ]


# What limits a verdict.


def test_an_undecided_claim_says_what_would_be_detected() -> None:
    images = np.linspace(-20, 20, IMAGES)
    claim = judged(12, study(bn=trained(6 + images)))
    assert claim.verdict == UNDECIDED
    (limit,) = claim.reasons
    match = re.fullmatch(
        r"error removed, bn minus baseline: not significantly above 0 points; "
        r"3 seeds and 12 photographs detect (\d+) points above that at 80% power "
        r"\((\d)% of the variance is between seeds\)",
        limit,
    )
    assert match
    estimate = claim.findings[0].estimate
    assert estimate
    assert estimate.se
    assert estimate.df
    # Of a t-test with that error, 80% are beyond the critical value.
    power = stats.nct.sf(
        stats.t.isf(0.03 / 2, estimate.df), estimate.df, int(match[1]) / estimate.se
    )
    assert power == pytest.approx(0.8, abs=0.02)


def test_the_limits_of_several_parts_are_in_one_text() -> None:
    claim = judged(8, study(bn_maxpool=trained(5.1, noise=4)))
    assert claim.verdict == UNDECIDED
    (limit,) = claim.reasons
    names = ", ".join(name for name in PAPER_VARIANTS if name != "bn_maxpool")
    assert limit.startswith(
        f"{names}: not significantly above 0 points; 3 seeds and 12 photographs detect "
    )
    assert "at 80% power, in each alone" in limit


def test_the_share_between_seeds_is_unknown_of_one_seed() -> None:
    spread = np.tile([-200.0, 200.0], IMAGES // 2)
    claim = judged(10, study(seeds=1, bn_maxpool=trained(spread)))
    assert claim.verdict == UNDECIDED
    limit = claim.reasons[0]
    assert "; 1 seed and 12 photographs detect " in limit
    assert "between seeds" not in limit


def test_what_one_seed_decides_holds_for_its_training_alone() -> None:
    one = judged(10, study(seeds=1, **CASES[10][0]))
    assert (one.verdict, one.reasons) == (
        SUPPORTED,
        ["of one seed: it holds for this training alone"],
    )


def test_exactly_the_bound_is_said_whatever_the_rounding() -> None:
    limit = Contrast("ratio", lambda _: t_interval(1, 1e-12, 2), BELOW, 1)
    assert judged_parts(limit).reasons == ["ratio: exactly the bound"]


def test_seeds_whose_last_epoch_is_the_best_are_counted() -> None:
    made = trained()
    epochs = made[0].training.train.epochs
    last = replace(made[0], training=made[0].training.model_copy(update={"best_epoch": epochs}))
    claim = judged(4, study(bn_maxpool=[last, *made[1:]]))
    assert "the best epoch is the last one in 1 of 3 seeds" in claim.reasons


def test_what_a_constant_color_has_as_well_is_said() -> None:
    # Twice the chroma in the uncertain half: a constant color is a smaller share of it there.
    more = np.where(np.arange(16)[:, None] >= 8, 20.0, 10.0)
    colors = study(bn_maxpool=trained(certain=0.6, uncertain=0.61))
    truth = np.broadcast_to(more, TRUTH.shape)
    claim = judged(9, replace(colors, truth=truth))
    assert claim.verdict == SUPPORTED
    assert claim.reasons[1:] == ["not shown to be more under-saturated there than a constant color"]


def test_what_would_be_detected_has_a_unit() -> None:
    rising = judged(3, study(bn_maxpool=[*trained()[:2], *trained(train_mse=RISING)[2:]]))
    assert rising.verdict == UNDECIDED
    (limit,) = rising.reasons
    assert re.search(
        r"not significantly below 5 percent; 3 seeds detect \d\d percent below that at 80% power$",
        limit,
    )
    varied: dict[str, Any] = {"noise": 4, "train": {"fraction": 0.25}}
    slope = judged(11, study(quarter_of_it=trained(5.0, **varied)))
    (limit,) = slope.reasons
    assert re.search(
        r"not significantly below 1; 3 seeds .* detect a factor of 1\.\d+ below that", limit
    )


def test_a_variant_equal_to_another_leaves_a_claim_undecided() -> None:
    claim = judged(12, study())
    assert claim.verdict == UNDECIDED
    assert [finding.holds for finding in claim.findings] == [None] * 5
    same = study(bn=trained(noise=0), baseline=trained(noise=0))
    assert judged(12, same).reasons == ["error removed, bn minus baseline: exactly the bound"]


def test_a_claim_that_rests_on_another_is_not_more_certain() -> None:
    assert reasons(6, study(bn_maxpool=trained(gap=1.0))) == (
        "it rests on claim 4, which is contradicted"
    )
    unsure = judged(6, study(bn_maxpool=trained(gap=1.055)))
    assert unsure.verdict == UNDECIDED
    assert unsure.reasons == ["it rests on claim 4, which is undecided"]
    assert "it rests on claim 4, which is not tested" in reasons(6, study("scenes"))


def test_a_network_that_gives_a_constant_color_is_named() -> None:
    gray = [
        replace(made, summary=replace(made.summary, constant_output=True)) for made in trained()
    ]
    claim = judged(8, study(bn_maxpool=trained(8.0), l2=gray))
    assert claim.verdict == SUPPORTED
    assert claim.reasons == ["l2: the network gives a constant color"]


# Studies that cannot test a claim.


def reasons(number: int, experiments: Experiments) -> str:
    claim = judged(number, experiments)
    assert claim.verdict == NOT_TESTED
    return "; ".join(claim.reasons)


def without(experiments: Experiments, *names: str) -> Experiments:
    kept = {key: made for key, made in experiments.trainings.items() if key[0] not in names}
    return replace(experiments, trainings=kept)


def test_one_seed_is_not_enough_for_a_difference() -> None:
    better = study(seeds=1, bn=trained(34.0))
    assert reasons(12, better) == "one seed is not enough"
    # A single training is enough for a contrast on its images.
    assert verdict(9, better) == SUPPORTED


def test_a_contrast_within_one_training_can_contradict_with_one_seed() -> None:
    colorful = study(seeds=1, baseline_paper_rate=at_paper_rate(train_mse=SLOW, colors=0.95))
    assert verdict(1, colorful) == CONTRADICTED


def test_variants_need_no_seed_in_common() -> None:
    apart = study(**CASES[12][0])
    trainings = {
        (name, seed + 10 if name == "bn" else seed): made
        for (name, seed), made in apart.trainings.items()
    }
    assert verdict(12, replace(apart, trainings=trainings)) == SUPPORTED


@pytest.mark.parametrize("number", CASES)
def test_drawn_scenes_do_not_test_claims_on_photographs(number: int) -> None:
    assert "synthetic images" in reasons(number, study("scenes", **CASES[number][0]))


@pytest.mark.parametrize("number", CASES)
def test_random_weights_do_not_test_any_claim(number: int) -> None:
    drawn = {
        key: replace(
            made, training=made.training.model_copy(update={"embedding": RANDOM, "encoder": None})
        )
        for key, made in study(**CASES[number][0]).trainings.items()
    }
    assert "no ImageNet weights in inception_v3" in reasons(
        number, replace(study(), trainings=drawn)
    )


def test_the_default_profile_tests_no_claim() -> None:
    """One seed, drawn scenes, random weights."""
    random = Pretrained(network="mobilenet_v2", weights="random")
    given = study(
        "scenes",
        seeds=1,
        bn_maxpool=trained(embedding=RANDOM),
        l2=trained(embedding=None, encoder=random),
    )
    assert {claim.verdict for claim in judge_claims(given)} == {NOT_TESTED}


@pytest.mark.parametrize("number", [3, 10])
def test_photographs_without_labels_do_not_test_claims_on_labels(number: int) -> None:
    supported = study(**CASES[number][0])
    assert reasons(number, replace(supported, subsets={})) == "no labels of the photographs"
    portion = {name: names for name, names in SUBSETS.items() if name not in ("sea", NATURE_ONLY)}
    lacking = {3: "sea", 10: NATURE_ONLY}[number]
    assert (
        reasons(number, replace(supported, subsets=portion)) == f"no test photograph of {lacking}"
    )


def test_without_a_classification_network_nothing_is_uncertain() -> None:
    certain = study()
    trainings = {
        key: replace(made, predictions=made.predictions and Predictions(made.predictions.ab))
        for key, made in certain.trainings.items()
    }
    assert "no training of a classification network" in reasons(
        9, replace(certain, trainings=trainings)
    )


def test_uncertainty_is_of_the_first_classification_network_with_imagenet_weights() -> None:
    random = trained(embedding=RANDOM)
    assert judged(9, study(baseline=random)).reasons == ["uncertainty: the entropy of deeper"]
    given: dict[str, Any] = {name: random for name in LINES if name != "bn_maxpool"}
    direct = [
        replace(made, predictions=made.predictions and Predictions(made.predictions.ab))
        for made in trained()
    ]
    assert reasons(9, study(**given, bn_maxpool=direct)).startswith(
        "no training of a classification network with ImageNet weights"
    )


def test_a_constant_color_is_not_under_saturated_where_uncertain() -> None:
    gray = [
        replace(made, summary=replace(made.summary, constant_output=True)) for made in trained()
    ]
    assert reasons(9, study(bn_maxpool=gray)) == "bn_maxpool: the network gives a constant color"


def test_an_undefined_part_is_named() -> None:
    claim = judged(3, study(bn_maxpool=trained(val_mse=FALLING[:1])))
    assert claim.verdict == NOT_TESTED
    assert claim.reasons == [
        "largest rise of the training MSE from one epoch to the next, mean over seeds (negative if "
        "it never rises): undefined for these images or epochs"
    ]


def test_random_weights_do_not_test_claims_on_imagenet_weights() -> None:
    vgg16 = Pretrained(network="vgg16", weights="random")
    random = trained(24.5, embedding=None, encoder=vgg16, image_size=128)
    repeat_random = study(vgg16_repeat=random, vgg16_conv=trained(image_size=128))
    assert reasons(7, repeat_random) == "no ImageNet weights in vgg16"


def test_small_images_do_not_test_vgg16() -> None:
    assert reasons(7, study()) == "64 px; at least 128 are needed"


def test_rivals_without_imagenet_weights_do_not_decide() -> None:
    vgg19 = Pretrained(network="vgg19", weights="random")
    better = study(bn_maxpool=trained(8.0), vgg19_unet=trained(9.5, embedding=None, encoder=vgg19))
    claim = judged(8, better)
    assert claim.verdict == SUPPORTED
    assert claim.reasons == ["judged without vgg19_unet: no ImageNet weights in vgg19"]
    (aside,) = (finding for finding in claim.findings if not finding.decides)
    assert aside.contrast.variant == "vgg19_unet"
    assert aside.estimate is not None
    assert aside.estimate.value == pytest.approx(-1.5)


def test_a_claim_on_a_missing_variant_is_not_tested() -> None:
    whole = study()
    assert reasons(5, without(whole, "l2")) == "l2: not in this study"
    assert "l2: not in this study" in reasons(8, without(whole, "l2"))
    awaited = replace(without(whole, "l2"), missing=["l2-1"])
    assert reasons(5, awaited) == "l2: not trained yet"


def test_a_study_at_the_papers_rate_needs_no_lines_for_it() -> None:
    paper: dict[str, Any] = {
        name: at_paper_rate(colors=0.3 if name == "baseline" else 0.9, train_mse=course)
        for name, course in (("baseline", SLOW), ("bn_maxpool", FALLING))
    }
    plain = without(study(**paper), "baseline_paper_rate", "bn_maxpool_paper_rate")
    assert verdict(1, plain) == SUPPORTED
    other = without(study(), "baseline_paper_rate", "bn_maxpool_paper_rate")
    assert reasons(1, other).endswith("not in this study")
    for wrong in ({"learning_rate": 0.001}, {"batch_size": 32}):
        assert reasons(1, study(baseline_paper_rate=trained(train=PAPER_RATE | wrong))) == (
            "not trained at the paper's rate and batch, 0.0001 and 64"
        )


def test_two_amounts_of_data_are_no_trend() -> None:
    expected = "bn_maxpool was not trained on three amounts of data"
    assert reasons(11, without(study(), "half_of_it")) == expected


def test_the_claims_cover_all_variants_of_the_paper() -> None:
    named = {variant for claim in CLAIMS for variant in claim.variants}
    assert set(PAPER_VARIANTS) < named
    assert set(PAPER_VARIANTS) <= set(catalog.names())


def test_the_most_promising_is_compared_with_the_papers_variants_alone() -> None:
    beaten = study(**CASES[8][0], mine=trained(30.0))
    assert verdict(8, beaten) == SUPPORTED
    claim = judged(8, beaten)
    assert len(claim.findings) == len(PAPER_VARIANTS) - 1
    assert not any("mine" in finding.contrast.text for finding in claim.findings)


def test_one_epoch_or_gray_images_give_verdicts_without_nan() -> None:
    for changes in ({"val_mse": FALLING[:1]}, {"colors": 0.0}, {"removed": 100.0, "noise": 0}):
        every: dict[str, Any] = {
            name: trained(train=line.train, **changes) for name, line in LINES.items()
        }
        claims = judge_claims(study(**every))
        assert len(claims) == 12
        json.dumps([claim.as_json() for claim in claims], allow_nan=False)


def test_a_baseline_that_is_grayer_than_another_but_not_gray_contradicts_claim_1() -> None:
    contradicted = judged(1, study(**CASES[1][1]))
    assert [finding.holds for finding in contradicted.findings] == [True, False, True]
