"""The paper's claims: verdicts and their reasons."""

import json
from typing import Any

import numpy as np
import pytest

from colorization.backbones.weights import Pretrained
from colorization.networks import catalog
from colorization.scoring.evaluation import Evaluation
from colorization.study.claims import CLAIMS, MARGIN, PAPER_VARIANTS
from colorization.study.experiments import Experiments
from colorization.study.verdicts import CONTRADICTED, NOT_TESTED, SUPPORTED, UNDECIDED, judge
from evaluated import evaluation, rows

SEEDS = (1, 2, 3)
FALLING = tuple(np.geomspace(0.06, 0.01, 20))
IMAGENET = Pretrained(network="inception_v3", weights="imagenet", precision="float32")
OVERFITTING = (*np.geomspace(0.06, 0.02, 10), *np.geomspace(0.021, 0.03, 10))


def trained(psnr: float = 24.0, colors: float = 0.9, **options: Any) -> list[Evaluation]:
    """Trainings of a variant from three seeds that differ a little."""
    curve = np.array(options.pop("val_mse", FALLING))
    course = np.array(options.pop("train_mse", np.linspace(0.05, 0.02, len(curve))))
    columns = {
        name: options.pop(name)
        for name in list(options)
        if name.startswith(("model_", "gray_", "colorfulness"))
    }
    found = []
    for seed in SEEDS:
        table = rows(6, **{"model_psnr_rgb_db": psnr + 0.01 * seed} | columns)
        table["model_colorfulness"] = (colors + 0.001 * seed) * table["colorfulness"]
        noise = 1 + 0.001 * seed * np.arange(len(curve))
        options.setdefault("embedding", IMAGENET)
        found.append(evaluation(table, tuple(curve * noise), tuple(course * noise), **options))
    return found


def study(source: str = "photos.zip", seeds: int = 3, **given: Any) -> Experiments:
    """The paper's variants, all alike except for those given."""
    every = {name: trained() for name in PAPER_VARIANTS} | given
    return Experiments(
        {
            (name, seed): found
            for name, trainings in every.items()
            for seed, found in list(zip(SEEDS, trainings, strict=True))[:seeds]
        },
        source,
    )


def verdict(number: int, experiments: Experiments) -> str:
    return {one.claim.number: one for one in judge(CLAIMS, experiments)}[number].verdict


SLOW = tuple(np.geomspace(0.06, 0.03, 20))
WAVERING = tuple(np.array(FALLING) * np.tile([1, 1.5], 10))

# For each claim, a study that supports it and one that contradicts it.
CASES: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {
    1: (
        {"baseline": trained(train_mse=SLOW, colors=0.3)},
        {"baseline": trained(train_mse=SLOW, colors=0.8)},
    ),
    2: ({"deeper": trained(24.0, train_mse=SLOW)}, {"deeper": trained(25.0, train_mse=SLOW)}),
    3: ({}, {"bn_maxpool": trained(model_ab_error_large_regions=35.0)}),
    4: ({"bn_maxpool": trained(val_mse=OVERFITTING)}, {}),
    5: (
        {"l2": trained(colors=0.4, val_mse=WAVERING)},
        {"l2": trained(colors=0.95, val_mse=WAVERING)},
    ),
    6: (
        {"bn_maxpool": trained(val_mse=OVERFITTING)},
        {
            "bn_maxpool": trained(val_mse=OVERFITTING),
            "spatial_dropout": trained(val_mse=(*OVERFITTING, 0.032)),
        },
    ),
    7: ({"vgg16_repeat": trained(24.5)}, {"vgg16_repeat": trained(23.5)}),
    8: ({"bn_maxpool": trained(24.5)}, {"bn_maxpool": trained(24.5), "l2": trained(25.0)}),
    9: ({}, {"bn_maxpool": trained(colors=1.2)}),
    10: ({}, {"bn_maxpool": trained(model_ab_error_small_regions=9.0)}),
    11: (
        {
            "bn_maxpool_quarter": trained(22.0, fraction=0.25),
            "bn_maxpool_half": trained(23.0, fraction=0.5),
        },
        {
            "bn_maxpool_quarter": trained(22.0, fraction=0.25),
            "bn_maxpool_half": trained(24.5, fraction=0.5),
        },
    ),
}


@pytest.mark.parametrize("number", CASES)
def test_a_study_that_confirms_a_claim_supports_it(number: int) -> None:
    assert verdict(number, study(**CASES[number][0])) == SUPPORTED


@pytest.mark.parametrize("number", CASES)
def test_a_study_that_refutes_a_claim_contradicts_it(number: int) -> None:
    assert verdict(number, study(**CASES[number][1])) == CONTRADICTED


def test_an_insignificant_gain_does_not_contradict() -> None:
    psnr = 24.14 + np.linspace(-0.1, 0.1, 6)  # significantly above, but not by 0.1 dB
    unsure = study(deeper=trained(model_psnr_rgb_db=psnr, train_mse=SLOW))
    (judged,) = (one for one in judge(CLAIMS, unsure) if one.claim.number == 2)
    estimate = judged.findings[0].estimate
    assert estimate
    assert estimate.low
    assert 0 < estimate.low < MARGIN < estimate.value
    assert judged.verdict == UNDECIDED
    assert verdict(2, study(deeper=trained(24.3, train_mse=SLOW))) == CONTRADICTED


def test_variants_without_a_common_seed_are_not_compared() -> None:
    every = study().trainings
    kept = {("vgg16_conv", 1), ("vgg16_repeat", 2)}
    apart = {key: found for key, found in every.items() if "vgg16" not in key[0] or key in kept}
    judged = judge(CLAIMS, Experiments(apart, "photographs"))
    (found,) = (one for one in judged if one.claim.number == 7)
    assert (found.verdict, found.reasons) == (
        NOT_TESTED,
        ["these variants have no seed in common"],
    )


def test_a_variant_equal_to_another_leaves_a_claim_undecided() -> None:
    assert verdict(7, study()) == UNDECIDED
    (judged,) = (one for one in judge(CLAIMS, study()) if one.claim.number == 7)
    assert [finding.holds for finding in judged.findings] == [None]
    assert judged.reasons == []


def test_a_claim_with_an_undecided_precondition_is_undecided() -> None:
    ends = (0.0195, 0.021, 0.024)  # over the lowest, 0.02: on either side of 5%
    noisy = [
        evaluation(rows(6), (*OVERFITTING[:10], *[end] * 10), embedding=IMAGENET) for end in ends
    ]
    (judged,) = (one for one in judge(CLAIMS, study(bn_maxpool=noisy)) if one.claim.number == 6)
    assert judged.verdict == UNDECIDED
    assert judged.reasons == ["it is undecided whether bn_maxpool overfits"]
    assert reasons(6, study()) == "it requires that bn_maxpool overfits"


def test_what_also_holds_for_a_baseline_is_no_property_of_the_network() -> None:
    constant = trained(model_chroma_small_regions=10.0, model_chroma_large_regions=10.0)
    assert verdict(9, study(bn_maxpool=constant)) == UNDECIDED
    sizes = {"small": 31.0, "large": 30.0}
    errors = {
        f"{of}_ab_error_{size}_regions": sizes[size] for of in ("model", "gray") for size in sizes
    }
    assert verdict(10, study(bn_maxpool=trained(**errors))) == UNDECIDED


def test_each_finding_has_its_outcome() -> None:
    (judged,) = (one for one in judge(CLAIMS, study(**CASES[2][1])) if one.claim.number == 2)
    assert [finding.outcome for finding in judged.findings] == ["the opposite", "as claimed"]
    (judged,) = (one for one in judge(CLAIMS, study()) if one.claim.number == 10)
    assert [finding.outcome for finding in judged.findings] == [
        "as claimed",
        "as claimed",
        "does not decide",
    ]
    (judged,) = (one for one in judge(CLAIMS, study()) if one.claim.number == 7)
    assert [finding.outcome for finding in judged.findings] == ["not significant"]


def test_the_more_colorful_half_has_its_own_verdict() -> None:
    """Repeating is worse on the last three of six images, the more colorful ones."""
    gain = np.array([2.0, 2, 2, -1, -1, -1])
    mixed = trained(model_psnr_rgb_db=24.0 + gain)
    (judged,) = (one for one in judge(CLAIMS, study(vgg16_repeat=mixed)) if one.claim.number == 7)
    assert judged.on_colorful_half == CONTRADICTED
    assert judged.verdict != CONTRADICTED
    assert judged.as_json()["verdict_on_colorful_half"] == CONTRADICTED


def test_p_values_are_corrected_for_multiple_comparisons() -> None:
    """Each difference has p = 0.03 by itself; of seven, none is below 0.05 by Holm's method."""
    error = 0.173  # of three seeds: t = 0.173 ** -1, of which p = 0.029 with two degrees of df
    near = [24.0, 24.0 + error * 3**0.5, 24.0 - error * 3**0.5]
    seeds = [trained_alike(psnr + 1) for psnr in near]
    alike: dict[str, Any] = {name: [trained_alike(24.0)] * 3 for name in PAPER_VARIANTS}
    alone = study(**alike | {"vgg16_repeat": seeds})
    assert verdict(7, alone) == SUPPORTED
    together = study(**alike | {"bn_maxpool": seeds})
    assert verdict(8, together) == UNDECIDED


def trained_alike(psnr: float) -> Evaluation:
    return evaluation(rows(6, model_psnr_rgb_db=psnr), FALLING, embedding=IMAGENET)


def test_all_eleven_claims_have_a_case_and_can_be_written_as_json() -> None:
    assert [claim.number for claim in CLAIMS] == list(range(1, 12)) == list(CASES)
    judged = [one.as_json() for one in judge(CLAIMS, study())]
    assert json.loads(json.dumps(judged, allow_nan=False)) == judged


def test_the_claims_cover_all_variants_of_the_paper() -> None:
    assert {variant for claim in CLAIMS for variant in claim.variants} == set(PAPER_VARIANTS)
    assert set(PAPER_VARIANTS) <= set(catalog.names())


def test_the_most_promising_is_compared_with_the_papers_variants_alone() -> None:
    beaten = study(**CASES[8][0], mine=trained(30.0))
    assert verdict(8, beaten) == SUPPORTED
    (judged,) = (one for one in judge(CLAIMS, beaten) if one.claim.number == 8)
    assert len(judged.findings) == len(PAPER_VARIANTS) - 1
    assert not any("mine" in finding.contrast.text for finding in judged.findings)


def reasons(number: int, experiments: Experiments) -> str:
    found = {one.claim.number: one for one in judge(CLAIMS, experiments)}[number]
    assert found.verdict == NOT_TESTED
    return "; ".join(found.reasons)


def test_one_seed_is_not_enough_for_a_difference() -> None:
    better = study(seeds=1, vgg16_repeat=trained(34.0))
    assert reasons(7, better) == "one seed is not enough"
    # A single training suffices for a contrast on its images.
    assert verdict(10, better) == SUPPORTED


def test_a_contrast_within_one_training_can_contradict_with_one_seed() -> None:
    colorful = study(seeds=1, baseline=trained(train_mse=SLOW, colors=0.95))
    assert verdict(1, colorful) == CONTRADICTED


@pytest.mark.parametrize("number", [1, 2, 4, 5, 6, 7, 8, 11])
def test_drawn_scenes_do_not_test_claims_on_photographs(number: int) -> None:
    assert "synthetic images" in reasons(number, study("scenes", **CASES[number][0]))


@pytest.mark.parametrize("number", [3, 9, 10])
def test_drawn_scenes_test_claims_on_regions(number: int) -> None:
    assert verdict(number, study("scenes")) == SUPPORTED


def test_random_weights_do_not_test_claims_on_imagenet_weights() -> None:
    vgg16 = Pretrained(network="vgg16", weights="random")
    random = trained(24.5, embedding=None, encoder=vgg16)
    found = reasons(7, study(vgg16_repeat=random))
    assert found == "no ImageNet weights in vgg16"


def test_rivals_without_imagenet_weights_do_not_decide() -> None:
    vgg19 = Pretrained(network="vgg19", weights="random")
    without = study(
        bn_maxpool=trained(24.5), vgg19_unet=trained(26.0, embedding=None, encoder=vgg19)
    )
    (judged,) = (one for one in judge(CLAIMS, without) if one.claim.number == 8)
    assert judged.verdict == SUPPORTED
    assert judged.reasons == ["judged without vgg19_unet: no ImageNet weights in vgg19"]
    (aside,) = (finding for finding in judged.findings if not finding.decides)
    assert aside.contrast.variant == "vgg19_unet"
    assert aside.estimate is not None
    assert aside.estimate.value == pytest.approx(-1.5)


def test_few_epochs_do_not_test_overfitting() -> None:
    short = study(bn_maxpool=trained(val_mse=OVERFITTING[:12]))
    assert reasons(4, short) == "trained for 12 epochs; at least 20 are needed"


def test_a_claim_on_a_missing_variant_is_not_tested() -> None:
    whole = study()
    without = {key: found for key, found in whole.trainings.items() if key[0] != "l2"}
    assert reasons(5, Experiments(without, "photos.zip")) == "l2: not in this study"
    assert "l2: not in this study" in reasons(8, Experiments(without, "photos.zip"))
    awaited = Experiments(without, "photos.zip", ["l2-1"])
    assert reasons(5, awaited) == "l2: not trained yet"


def test_without_trainings_on_subsets_more_data_is_not_tested() -> None:
    assert reasons(11, study()) == "the study has nothing to compare with"


def test_images_without_small_regions_do_not_test_them() -> None:
    blank = trained(model_ab_error_small_regions=np.nan)
    expected = "undefined for these images or epochs"
    assert reasons(10, study(bn_maxpool=blank)) == expected


def test_one_epoch_gray_or_exact_images_give_verdicts_without_nan() -> None:
    for changes in (
        {"val_mse": FALLING[:1]},
        {"colorfulness": 0.0, "colors": 0.0},
        {"psnr": np.nan},
    ):
        every = {name: trained(**changes) for name in PAPER_VARIANTS}
        judged = judge(CLAIMS, study(**every))  # type: ignore[arg-type]
        assert len(judged) == 11
        json.dumps([one.as_json() for one in judged], allow_nan=False)


def test_a_difference_within_the_noise_of_the_seeds_is_undecided() -> None:
    noisy = [
        evaluation(rows(6, model_psnr_rgb_db=psnr), FALLING, embedding=IMAGENET)
        for psnr in (23.0, 25.5, 24.5)
    ]
    scores = [found.summary.model["psnr_rgb_db"].value for found in noisy]
    assert np.mean(np.array(scores, float)) > 24.03
    assert verdict(7, study(vgg16_repeat=noisy)) == UNDECIDED
