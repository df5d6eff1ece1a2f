"""The paper's claims: what is measured of each, and the verdict on it.

A verdict is "supported" where all that a claim says was found, "not supported" where the settings
were fit to show it and did not, and "not tested" where they were not fit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from colorization.scoring.evaluation import Evaluation
from colorization.study.experiments import (
    Estimate,
    Experiments,
    between,
    of_curves,
    of_images,
    times,
)

SUPPORTED, NOT_SUPPORTED, NOT_TESTED = "supported", "not supported", "not tested"

GREYISH = 0.5  # as colourful as the photographs, at most so much
COLOURED = 0.5  # of the grey image's error in ab, at most so much is left
RISE = 0.05  # a curve that goes up by more does not just waver
EPOCHS = 20  # fewer show no overfitting

THE_PAPERS = (
    "baseline",
    "deeper",
    "bn_maxpool",
    "l2",
    "spatial_dropout",
    "vgg16_conv",
    "vgg16_repeat",
    "vgg19_unet",
)

# What a claim cannot be tested without.
PHOTOGRAPHS, IMAGENET, LONG = "photographs", "imagenet", "long"


@dataclass(frozen=True)
class Finding:
    """One thing that was measured.

    Attributes
    ----------
    what : str
    estimate : Estimate or None
        None where the test images do not have it.
    holds : bool or None
        Whether the claim's side is the one where the whole interval lies; None where there is no
        interval, or the claim says nothing of it.
    decides : bool
        Whether the verdict hangs on it.
    """

    what: str
    estimate: Estimate | None
    holds: bool | None
    decides: bool = True


@dataclass(frozen=True)
class Claim:
    """A claim of the paper.

    Attributes
    ----------
    number : int
    section : str
        Of the paper.
    text : str
    measured : str
        What is measured.
    rule : str
        When the claim is supported.
    needs : tuple of str
        What it cannot be tested without.
    variants : tuple of str
        Those that it speaks of.
    findings : callable
        Takes the experiments, which have all these variants.
    """

    number: int
    section: str
    text: str
    measured: str
    rule: str
    needs: tuple[str, ...]
    variants: tuple[str, ...]
    findings: Callable[[Experiments], list[Finding]]


@dataclass(frozen=True)
class Judged:
    """A claim with its evidence and verdict; `reasons` tells why it was not tested."""

    claim: Claim
    findings: list[Finding]
    verdict: str
    reasons: list[str]

    def as_json(self) -> dict[str, Any]:
        """What claims.json holds."""
        return {
            "number": self.claim.number,
            "section": self.claim.section,
            "claim": self.claim.text,
            "measured": self.claim.measured,
            "rule": self.claim.rule,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "evidence": [
                {"what": finding.what, "holds": finding.holds}
                | (vars(finding.estimate) if finding.estimate else {})
                for finding in self.findings
            ],
        }


def judge(experiments: Experiments) -> list[Judged]:
    """Judge every claim of the paper by what the study measured."""
    return [_judge(claim, experiments) for claim in CLAIMS]


def _judge(claim: Claim, experiments: Experiments) -> Judged:
    missing = [name for name in claim.variants if name not in experiments.variants]
    if missing:
        return Judged(claim, [], NOT_TESTED, [f"{', '.join(missing)}: not in this study"])
    findings = claim.findings(experiments)
    deciding = [finding for finding in findings if finding.decides]
    reasons = _unmet(claim, experiments)
    if not deciding:
        reasons.append("nothing to compare with in this study")
    if not reasons and any(finding.holds is False for finding in deciding):
        return Judged(claim, findings, NOT_SUPPORTED, [])
    if any(finding.estimate is None for finding in deciding):
        reasons.append("these images and epochs do not have what it speaks of")
    if any(finding.estimate and finding.estimate.low is None for finding in deciding):
        reasons.append("one seed: a difference is not established")
    return Judged(claim, findings, NOT_TESTED if reasons else SUPPORTED, reasons)


def _unmet(claim: Claim, experiments: Experiments) -> list[str]:
    """Why these settings cannot test a claim, whatever they measured."""
    trainings = [found.training for name in claim.variants for found in experiments.of(name)]
    reasons = []
    if PHOTOGRAPHS in claim.needs and experiments.source == "scenes":
        reasons.append("synthetic data, whose texture tells the colours")
    random = {training.random_network for training in trainings if training.random_network}
    if IMAGENET in claim.needs and random:
        reasons.append(f"no ImageNet weights in {', '.join(sorted(random))}")
    epochs = min(training.train.epochs for training in trainings)
    if LONG in claim.needs and epochs < EPOCHS:
        reasons.append(f"{epochs} epochs, of at least {EPOCHS}")
    return reasons


def above(what: str, estimate: Estimate | None, bound: float) -> Finding:
    """Claim that something is above a bound."""
    known = estimate is not None and estimate.low is not None
    return Finding(what, estimate, estimate.low > bound if known else None)  # type: ignore[union-attr, operator]


def below(what: str, estimate: Estimate | None, bound: float) -> Finding:
    """Claim that something is below a bound."""
    known = estimate is not None and estimate.high is not None
    return Finding(what, estimate, estimate.high < bound if known else None)  # type: ignore[union-attr, operator]


def not_above(what: str, estimate: Estimate | None, bound: float) -> Finding:
    """Claim that something is not shown to be above a bound."""
    shown = above(what, estimate, bound).holds
    return Finding(what, estimate, None if shown is None else not shown)


def _psnr(evaluation: Evaluation) -> float | None:
    return evaluation.summary.model["psnr_rgb_db"].value


def _last_error(evaluation: Evaluation) -> float:
    return evaluation.history["val_mse"].iloc[-1]


def _mean_error(evaluation: Evaluation) -> float:
    """Geometric mean of the validation MSE over the epochs: the lower, the sooner it fell."""
    return float(np.exp(np.log(evaluation.history["val_mse"]).mean()))


def _unsteadiness(evaluation: Evaluation) -> float:
    """Mean change of the validation MSE from one epoch to the next, either way, in nepers."""
    return float(np.log(evaluation.history["val_mse"]).diff().abs().mean())


def _overfitting(history: pd.DataFrame) -> float:
    return history["val_mse"].iloc[-1] / history["val_mse"].min()


def _training_after_best(history: pd.DataFrame) -> float:
    return (
        history["train_mse"].iloc[-1] / history["train_mse"].iloc[int(history["val_mse"].argmin())]
    )


def _largest_rise(history: pd.DataFrame) -> float:
    return history["train_mse"].pct_change().max()


def _ratio(one: np.ndarray, other: np.ndarray, axis: int) -> float:
    return one.sum(axis=axis) / other.sum(axis=axis)


def _difference(one: np.ndarray, other: np.ndarray, axis: int) -> float:
    return (one - other).mean(axis=axis)


def _difference_of_ratios(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, axis: int
) -> float:
    return _ratio(a, b, axis) - _ratio(c, d, axis)


def _colourfulness(evaluation: Evaluation) -> float | None:
    return evaluation.summary.model["colourfulness_ratio"].value


def _colourfulness_of(trainings: Sequence[Evaluation]) -> Estimate | None:
    return of_images(trainings, ["model_colourfulness", "colourfulness"], _ratio)


def _baseline(study: Experiments) -> list[Finding]:
    baseline, normalized = study.of("baseline"), study.of("bn_maxpool")
    return [
        above(
            "validation MSE after the last epoch, baseline over bn_maxpool",
            times(baseline, normalized, _last_error),
            1,
        ),
        below(
            "colourfulness over the photographs', baseline", _colourfulness_of(baseline), GREYISH
        ),
    ]


def _deeper(study: Experiments) -> list[Finding]:
    deeper, baseline = study.of("deeper"), study.of("baseline")
    return [
        not_above("PSNR, deeper less baseline, dB", between(deeper, baseline, _psnr), 0),
        above(
            "validation MSE over all epochs, deeper over baseline",
            times(deeper, baseline, _mean_error),
            1,
        ),
    ]


def _bn_maxpool(study: Experiments) -> list[Finding]:
    trainings = study.of("bn_maxpool")
    return [
        below(
            "largest rise of the training MSE from one epoch to the next",
            of_curves(trainings, _largest_rise),
            RISE,
        ),
        below(
            "error in ab on large parts, over that of grey",
            of_images(
                trainings, ["model_ab_error_large_parts", "grey_ab_error_large_parts"], _ratio
            ),
            COLOURED,
        ),
    ]


def _overfits(study: Experiments) -> list[Finding]:
    trainings = study.of("bn_maxpool")
    return [
        above(
            "validation MSE of bn_maxpool, last epoch over the lowest",
            of_curves(trainings, _overfitting),
            1 + RISE,
        ),
        below(
            "training MSE of bn_maxpool, last epoch over the one that validated best",
            of_curves(trainings, _training_after_best),
            1,
        ),
    ]


def _l2(study: Experiments) -> list[Finding]:
    penalized, plain = study.of("l2"), study.of("bn_maxpool")
    return [
        below(
            "colourfulness, l2 over bn_maxpool",
            times(penalized, plain, _colourfulness),
            1,
        ),
        above(
            "change of the validation MSE from epoch to epoch, l2 over bn_maxpool",
            times(penalized, plain, _unsteadiness),
            1,
        ),
    ]


def _spatial_dropout(study: Experiments) -> list[Finding]:
    dropped, plain = study.of("spatial_dropout"), study.of("bn_maxpool")
    return [
        _overfits(study)[0],
        below(
            "validation MSE, last epoch over the lowest, spatial_dropout over bn_maxpool",
            times(dropped, plain, lambda found: _overfitting(found.history)),
            1,
        ),
    ]


def _vgg16(study: Experiments) -> list[Finding]:
    difference = between(study.of("vgg16_repeat"), study.of("vgg16_conv"), _psnr)
    return [above("PSNR, vgg16_repeat less vgg16_conv, dB", difference, 0)]


def _most_promising(study: Experiments) -> list[Finding]:
    best = study.of("bn_maxpool")
    return [
        above(f"PSNR, bn_maxpool less {name}, dB", between(best, study.of(name), _psnr), 0)
        for name in THE_PAPERS
        if name != "bn_maxpool"
    ]


def _undersaturated(study: Experiments) -> list[Finding]:
    trainings = study.of("bn_maxpool")
    parts = [
        f"{colorizer}chroma_{size}_parts"
        for size in ("small", "large")
        for colorizer in ("model_", "")
    ]
    return [
        below("colourfulness over the photographs', bn_maxpool", _colourfulness_of(trainings), 1),
        below(
            "chroma over the photographs', small parts less large parts",
            of_images(trainings, parts, _difference_of_ratios),
            0,
        ),
    ]


def _small_parts(study: Experiments) -> list[Finding]:
    trainings = study.of("bn_maxpool")

    def worse(colorizer: str) -> Estimate | None:
        parts = [f"{colorizer}_ab_error_{size}_parts" for size in ("small", "large")]
        return of_images(trainings, parts, _difference)

    return [
        above("error in ab, small parts less large parts, bn_maxpool", worse("model"), 0),
        Finding("the same of the grey image, for comparison", worse("grey"), None, decides=False),
    ]


def _more_data(study: Experiments) -> list[Finding]:
    thinned = {
        found.training.one_in: name
        for (name, _), found in study.trainings.items()
        if name.startswith("bn_maxpool_one_in_")
    }
    return [
        above(
            f"PSNR, bn_maxpool on all training images less on one in {one_in}, dB",
            between(study.of("bn_maxpool"), study.of(name), _psnr),
            0,
        )
        for one_in, name in sorted(thinned.items())
    ]


CLAIMS = (
    Claim(
        1,
        "3.4",
        "The baseline converges slowly, its loss stays high, and its output is greyish or "
        "brownish.",
        "validation MSE beside bn_maxpool's; colourfulness beside the photographs'",
        f"its last validation MSE is above bn_maxpool's, and it is less than {GREYISH} times as "
        "colourful as the photographs",
        (PHOTOGRAPHS, IMAGENET),
        ("baseline", "bn_maxpool"),
        _baseline,
    ),
    Claim(
        2,
        "3.4.1",
        "The deeper network brings no significant improvement and converges even more slowly.",
        "PSNR and validation MSE beside the baseline's",
        "its PSNR is not shown to be above the baseline's, and its validation MSE, over all "
        "epochs, is higher",
        (PHOTOGRAPHS, IMAGENET),
        ("deeper", "baseline"),
        _deeper,
    ),
    Claim(
        3,
        "3.4.2",
        "With batch normalization and max pooling it converges robustly and colours large parts: "
        "sky, sea, forest.",
        "the course of the training MSE; error in ab on large parts beside grey's",
        f"the training MSE never rises by more than {RISE:.0%} from one epoch to the next, and on "
        f"large parts less than {COLOURED} of the grey image's error is left",
        (),
        ("bn_maxpool",),
        _bn_maxpool,
    ),
    Claim(
        4,
        "3.4.2",
        "bn_maxpool overfits after a certain point.",
        "validation and training MSE after the best epoch",
        f"the validation MSE ends more than {RISE:.0%} above its lowest, while the training MSE "
        "has gone on falling",
        (PHOTOGRAPHS, LONG),
        ("bn_maxpool",),
        _overfits,
    ),
    Claim(
        5,
        "3.4.3",
        "With L2 regularization the output regresses to brownish and greyish, and the model is "
        "more sensitive.",
        "colourfulness, and change of the validation MSE from epoch to epoch, beside bn_maxpool's",
        "it is less colourful than bn_maxpool, and its validation MSE changes more",
        (PHOTOGRAPHS, IMAGENET),
        ("l2", "bn_maxpool"),
        _l2,
    ),
    Claim(
        6,
        "3.4.4",
        "Spatial dropout mitigates the overfitting.",
        "how far the validation MSE ends above its lowest, beside bn_maxpool's",
        "bn_maxpool overfits, and with dropout the validation MSE ends less far above its lowest",
        (PHOTOGRAPHS, LONG),
        ("spatial_dropout", "bn_maxpool"),
        _spatial_dropout,
    ),
    Claim(
        7,
        "3.5.1",
        "For VGG16, repeating the grey channel is better than a convolution to three channels.",
        "PSNR of both",
        "vgg16_repeat has the higher PSNR",
        (PHOTOGRAPHS, IMAGENET),
        ("vgg16_repeat", "vgg16_conv"),
        _vgg16,
    ),
    Claim(
        8,
        "4.1",
        "bn_maxpool is the most promising of all.",
        "PSNR beside that of each of the paper's other variants",
        "its PSNR is above that of each of these",
        (PHOTOGRAPHS, IMAGENET),
        THE_PAPERS,
        _most_promising,
    ),
    Claim(
        9,
        "4.1",
        "Outputs are under-saturated where the network is uncertain.",
        "colourfulness beside the photographs'; chroma of small and of large parts likewise. On "
        "scenes the small parts are those whose colour nobody can know",
        "it is less colourful than the photographs, and small parts have lost more chroma than "
        "large ones",
        (),
        ("bn_maxpool",),
        _undersaturated,
    ),
    Claim(
        10,
        "4.1",
        "Small details and specific objects are coloured worse than large parts.",
        "error in ab of small and of large parts, image by image",
        "small parts are further from their colours",
        (),
        ("bn_maxpool",),
        _small_parts,
    ),
    Claim(
        11,
        "4.2",
        "More training data improves the results.",
        "PSNR after as many steps on all training images and on parts of them",
        "on all it is above that on each part",
        (PHOTOGRAPHS, IMAGENET),
        ("bn_maxpool",),
        _more_data,
    ),
)
