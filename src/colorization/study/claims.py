"""The claims of the paper, and what is measured for each; `verdicts` judges them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from colorization.scoring.evaluation import Evaluation
from colorization.scoring.summary import CONSTANT, GRAY, MODEL, PSNR
from colorization.study.estimates import Estimate
from colorization.study.experiments import (
    Experiments,
    Quantity,
    difference_on_images,
    of_curves,
    of_images,
    times,
    times_on_images,
)
from colorization.study.verdicts import (
    ABOVE,
    BELOW,
    IMAGENET,
    LONG,
    PHOTOGRAPHS,
    Claim,
    Finding,
)

GRAYISH = 0.5  # grayish: at most this share of the photographs' colorfulness
RISE = 0.05  # a curve that rises by a larger share does more than waver
MARGIN = 0.1  # dB in PSNR; a smaller gain is no significant improvement

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

PROMISING = "bn_maxpool"  # the paper's choice
RIVALS = tuple(name for name in THE_PAPERS if name != PROMISING)
PSNR_OF_MODEL = f"{MODEL}_{PSNR}"


def _mean_error(evaluation: Evaluation) -> float:
    """Geometric mean of the training MSE over the epochs; lower if the MSE falls sooner.

    Convergence is told by the training MSE: the validation MSE is also low because a network has
    not begun to overfit.
    """
    return float(np.exp(np.log(evaluation.history["train_mse"]).mean()))


def _unsteadiness(evaluation: Evaluation) -> float:
    """Mean absolute change of the validation MSE from one epoch to the next, in nepers."""
    return float(np.log(evaluation.history["val_mse"]).diff().abs().mean())


def _overfitting(history: pd.DataFrame) -> float:
    return history["val_mse"].iloc[-1] / history["val_mse"].min()


def _training_after_best(history: pd.DataFrame) -> float:
    return (
        history["train_mse"].iloc[-1] / history["train_mse"].iloc[int(history["val_mse"].argmin())]
    )


def _final_ratio(history: pd.DataFrame) -> float:
    return history["val_mse"].iloc[-1] / history["train_mse"].iloc[-1]


def _largest_rise(history: pd.DataFrame) -> float:
    return history["train_mse"].pct_change().max()


def _ratio(one: float, other: float) -> float:
    return one / other


def _difference(one: float, other: float) -> float:
    return one - other


def _difference_of_ratios(a: float, b: float, c: float, d: float) -> float:
    return a / b - c / d


def _beyond(*means: float) -> float:
    """The difference of the first four means less that of the last four."""
    return _difference_of_ratios(*means[:4]) - _difference_of_ratios(*means[4:])


def _times(study: Experiments, one: str, other: str, quantity: Quantity) -> Estimate | None:
    return times(*study.pairs(one, other), quantity)


def _psnr(study: Experiments, one: str, other: str) -> Estimate | None:
    """PSNR of one variant less that of the other, in dB."""
    return difference_on_images(*study.pairs(one, other), PSNR_OF_MODEL)


def _colorfulness_of(trainings: Sequence[Evaluation]) -> Estimate | None:
    return of_images(trainings, ["model_colorfulness", "colorfulness"], _ratio)


def _baseline(study: Experiments) -> list[Finding]:
    return [
        Finding(
            "training MSE over all epochs, baseline over bn_maxpool",
            _times(study, "baseline", "bn_maxpool", _mean_error),
            ABOVE,
            1,
            errors=True,
        ),
        Finding(
            "colorfulness over the photographs', baseline",
            _colorfulness_of(study.of("baseline")),
            BELOW,
            GRAYISH,
        ),
    ]


def _deeper(study: Experiments) -> list[Finding]:
    return [
        Finding(
            "PSNR, deeper less baseline, dB", _psnr(study, "deeper", "baseline"), BELOW, MARGIN
        ),
        Finding(
            "training MSE over all epochs, deeper over baseline",
            _times(study, "deeper", "baseline", _mean_error),
            ABOVE,
            1,
            errors=True,
        ),
    ]


def _bn_maxpool(study: Experiments) -> list[Finding]:
    trainings = study.of("bn_maxpool")
    parts = ["model_ab_error_large_regions", "gray_ab_error_large_regions"]
    return [
        Finding(
            "largest rise of the training MSE from one epoch to the next; below 0 it never rose",
            of_curves(trainings, _largest_rise),
            BELOW,
            RISE,
        ),
        Finding(
            "error in ab on large parts, over that of gray",
            of_images(trainings, parts, _ratio),
            BELOW,
            1,
        ),
    ]


def _overfits(study: Experiments) -> list[Finding]:
    trainings = study.of("bn_maxpool")
    return [
        Finding(
            "validation MSE of bn_maxpool, last epoch over the lowest",
            of_curves(trainings, _overfitting),
            ABOVE,
            1 + RISE,
            errors=True,
        ),
        Finding(
            "training MSE of bn_maxpool, last epoch over the one that validated best",
            of_curves(trainings, _training_after_best),
            BELOW,
            1,
            errors=True,
        ),
        Finding(
            "validation MSE over training MSE of bn_maxpool, last epoch",
            of_curves(trainings, _final_ratio),
            decides=False,
            errors=True,
        ),
    ]


def _l2(study: Experiments) -> list[Finding]:
    return [
        Finding(
            "colorfulness, l2 over bn_maxpool",
            times_on_images(*study.pairs("l2", "bn_maxpool"), "model_colorfulness"),
            BELOW,
            1,
        ),
        Finding(
            "change of the validation MSE from epoch to epoch, l2 over bn_maxpool",
            _times(study, "l2", "bn_maxpool", _unsteadiness),
            ABOVE,
            1,
        ),
    ]


def _spatial_dropout(study: Experiments) -> list[Finding]:
    return [
        replace(_overfits(study)[0], condition="bn_maxpool overfits"),
        Finding(
            "validation MSE, last epoch over the lowest, spatial_dropout over bn_maxpool",
            _times(
                study, "spatial_dropout", "bn_maxpool", lambda found: _overfitting(found.history)
            ),
            BELOW,
            1,
            errors=True,
        ),
    ]


def _vgg16(study: Experiments) -> list[Finding]:
    difference = _psnr(study, "vgg16_repeat", "vgg16_conv")
    return [Finding("PSNR, vgg16_repeat less vgg16_conv, dB", difference, ABOVE, 0)]


def _most_promising(study: Experiments) -> list[Finding]:
    return [
        Finding(
            f"PSNR, bn_maxpool less {name}, dB",
            _psnr(study, "bn_maxpool", name),
            ABOVE,
            0,
            variant=name,
        )
        for name in RIVALS
    ]


def _undersaturated(study: Experiments) -> list[Finding]:
    trainings = study.of("bn_maxpool")

    def parts(colorizer: str) -> list[str]:
        return [
            f"{whose}chroma_{size}_regions"
            for size in ("small", "large")
            for whose in (f"{colorizer}_", "")
        ]

    return [
        Finding(
            "colorfulness over the photographs', bn_maxpool",
            _colorfulness_of(trainings),
            BELOW,
            1,
        ),
        Finding(
            "chroma over the photographs', small parts less large parts, less the same of the mean "
            "color",
            of_images(trainings, [*parts(MODEL), *parts(CONSTANT)], _beyond),
            BELOW,
            0,
        ),
        Finding(
            "chroma over the photographs', small parts less large parts",
            of_images(trainings, parts(MODEL), _difference_of_ratios),
            decides=False,
        ),
    ]


def _small_parts(study: Experiments) -> list[Finding]:
    trainings = study.of("bn_maxpool")

    def parts(colorizer: str) -> list[str]:
        return [f"{colorizer}_ab_error_{size}_regions" for size in ("small", "large")]

    return [
        Finding(
            "error in ab, small parts less large parts, bn_maxpool",
            of_images(trainings, parts(MODEL), _difference),
            ABOVE,
            0,
        ),
        Finding(
            "the same, less that of the gray image",
            of_images(
                trainings, [*parts(MODEL), *parts(GRAY)], lambda a, b, c, d: (a - b) - (c - d)
            ),
            ABOVE,
            0,
        ),
        Finding(
            "error in ab, small parts less large parts, gray image",
            of_images(trainings, parts(GRAY), _difference),
            decides=False,
        ),
    ]


def _more_data(study: Experiments) -> list[Finding]:
    subsets = {
        evaluation.training.train.fraction: name
        for (name, _), evaluation in study.trainings.items()
        if evaluation.training.network == PROMISING and evaluation.training.train.fraction < 1
    }
    return [
        Finding(
            f"PSNR, bn_maxpool on all training images less on {fraction:.0%} of them, dB",
            _psnr(study, "bn_maxpool", name),
            ABOVE,
            0,
        )
        for fraction, name in sorted(subsets.items(), reverse=True)
    ]


CLAIMS = (
    Claim(
        1,
        "3.4",
        "The baseline converges slowly, its loss stays high, and its output is grayish or "
        "brownish.",
        "training MSE beside bn_maxpool's; colorfulness beside the photographs'",
        f"its training MSE, over all epochs, is above bn_maxpool's, and it is less than {GRAYISH} "
        "times as colorful as the photographs",
        (PHOTOGRAPHS, IMAGENET),
        ("baseline", "bn_maxpool"),
        _baseline,
    ),
    Claim(
        2,
        "3.4.1",
        "The deeper network brings no significant improvement and converges even more slowly.",
        "PSNR and training MSE beside the baseline's",
        f"its PSNR is shown to be less than {MARGIN} dB above the baseline's, and its training "
        "MSE, over all epochs, is higher",
        (PHOTOGRAPHS, IMAGENET),
        ("deeper", "baseline"),
        _deeper,
    ),
    Claim(
        3,
        "3.4.2",
        "With batch normalization and max pooling it converges robustly and colors large parts: "
        "sky, sea, forest.",
        "the course of the training MSE; error in ab on large parts beside gray's",
        f"the training MSE's largest rise from one epoch to the next is under {RISE:.0%}, and on "
        "large parts its error is below the gray image's",
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
        "With L2 regularization the output regresses to brownish and grayish, and the model is "
        "more sensitive.",
        "colorfulness, and change of the validation MSE from epoch to epoch, beside bn_maxpool's",
        "it is less colorful than bn_maxpool, and its validation MSE changes more from epoch to "
        "epoch",
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
        "For VGG16, repeating the gray channel is better than a convolution to three channels.",
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
        "its PSNR is above that of each of the paper's other variants",
        (PHOTOGRAPHS, IMAGENET),
        THE_PAPERS,
        _most_promising,
        apart=RIVALS,
    ),
    Claim(
        9,
        "4.1",
        "Outputs are under-saturated where the network is uncertain.",
        "colorfulness beside the photographs'; chroma of small and of large parts likewise, "
        "beside that of the mean color, which is the same everywhere",
        "it is less colorful than the photographs, and small parts have lost more chroma than "
        "large ones, by more than with the mean color",
        (),
        ("bn_maxpool",),
        _undersaturated,
    ),
    Claim(
        10,
        "4.1",
        "Small details and specific objects are colored worse than large parts.",
        "error in ab of small and of large parts, image by image, beside the gray image's",
        "the error is larger in small parts, by more than the gray image's",
        (),
        ("bn_maxpool",),
        _small_parts,
    ),
    Claim(
        11,
        "4.2",
        "More training data improves the results.",
        "PSNR after as many steps on all training images and on parts of them",
        "the PSNR after training on all images is above that after training on each part",
        (PHOTOGRAPHS, IMAGENET),
        ("bn_maxpool",),
        _more_data,
    ),
)
