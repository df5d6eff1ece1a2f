"""The claims of the paper, as a table: what is measured for each, and when it is supported."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from colorization.scoring.summary import CONSTANT, GRAY, MODEL, PSNR
from colorization.study.estimates import Estimate
from colorization.study.experiments import (
    Experiments,
    function_of_columns,
    mean_of_histories,
    paired_difference_on_images,
    paired_ratio,
    paired_ratio_on_images,
)
from colorization.study.verdicts import (
    ABOVE,
    BELOW,
    IMAGENET,
    LONG,
    PHOTOGRAPHS,
    Claim,
    Contrast,
)

GRAYISH = 0.5  # at most this share of the photographs' colorfulness is grayish
RISE = 0.05  # a curve that rises by a larger share is not noise
MARGIN = 0.1  # dB of PSNR; a smaller gain is no significant improvement

PAPER_VARIANTS = (
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
RIVALS = tuple(name for name in PAPER_VARIANTS if name != PROMISING)
SUBSETS = {"bn_maxpool_half": "50%", "bn_maxpool_quarter": "25%"}  # of the training images

Measure = Callable[[Experiments], Estimate | None]


def _psnr_difference(one: str, other: str) -> Measure:
    """PSNR of one variant minus that of the other, dB."""
    return lambda study: paired_difference_on_images(*study.pairs(one, other), f"{MODEL}_{PSNR}")


def _history_ratio(one: str, other: str, quantity: Callable[[pd.DataFrame], float]) -> Measure:
    """Ratio of a quantity of the learning curves of two variants."""
    return lambda study: paired_ratio(
        *study.pairs(one, other), lambda training: quantity(training.history)
    )


def _history_mean(variant: str, quantity: Callable[[pd.DataFrame], float]) -> Measure:
    """Mean of a quantity of a variant's learning curves."""
    return lambda study: mean_of_histories(study.trainings_of(variant), quantity)


def _columns(variant: str, columns: Sequence[str], function: Callable[..., float]) -> Measure:
    """Function of the means of some columns of a variant's rows."""
    return lambda study: function_of_columns(study.trainings_of(variant), columns, function)


def _colorfulness_ratio(variant: str) -> Measure:
    """Colorfulness of a variant's images, divided by that of the photographs."""
    return _columns(variant, [f"{MODEL}_colorfulness", "colorfulness"], _ratio)


def _mean_training_mse(history: pd.DataFrame) -> float:
    """Geometric mean of the training MSE over the epochs; lower with faster convergence.

    The validation MSE is also low while a network has not begun to overfit.
    """
    return float(np.exp(np.log(history["train_mse"]).mean()))


def _instability(history: pd.DataFrame) -> float:
    """Mean absolute change of log validation MSE from one epoch to the next."""
    return float(np.log(history["val_mse"]).diff().abs().mean())


def _overfitting(history: pd.DataFrame) -> float:
    """Last validation MSE, divided by the lowest."""
    return history["val_mse"].iloc[-1] / history["val_mse"].min()


def _training_after_best(history: pd.DataFrame) -> float:
    """Last training MSE, divided by that of the epoch with the lowest validation MSE."""
    return (
        history["train_mse"].iloc[-1] / history["train_mse"].iloc[int(history["val_mse"].argmin())]
    )


def _final_ratio(history: pd.DataFrame) -> float:
    """Last validation MSE, divided by the last training MSE."""
    return history["val_mse"].iloc[-1] / history["train_mse"].iloc[-1]


def _largest_rise(history: pd.DataFrame) -> float:
    """Largest relative increase of the training MSE from one epoch to the next."""
    return history["train_mse"].pct_change().max()


def _ratio(a: float, b: float) -> float:
    return a / b


def _difference(a: float, b: float) -> float:
    return a - b


def _difference_of_differences(a: float, b: float, c: float, d: float) -> float:
    return (a - b) - (c - d)


def _difference_of_ratios(a: float, b: float, c: float, d: float) -> float:
    return a / b - c / d


def _excess_of_ratios(*means: float) -> float:
    """`_difference_of_ratios` of the first four means minus that of the last four."""
    return _difference_of_ratios(*means[:4]) - _difference_of_ratios(*means[4:])


def _ab_errors(colorizer: str) -> list[str]:
    return [f"{colorizer}_ab_error_{size}_regions" for size in ("small", "large")]


def _chroma(colorizer: str) -> list[str]:
    """Columns of a colorizer's and the photographs' chroma in small, then in large regions."""
    return [
        f"{prefix}chroma_{size}_regions"
        for size in ("small", "large")
        for prefix in (f"{colorizer}_", "")
    ]


OVERFITTING = Contrast(
    "validation MSE of bn_maxpool, last epoch over the lowest",
    _history_mean("bn_maxpool", _overfitting),
    ABOVE,
    1 + RISE,
    is_mse_ratio=True,
)

CLAIMS = (
    Claim(
        1,
        "3.4",
        "The baseline converges slowly, its loss stays high, and its output is grayish or "
        "brownish.",
        measured="training MSE, compared with bn_maxpool's; colorfulness, compared with the "
        "photographs'",
        rule="its training MSE over all epochs is above bn_maxpool's, and its colorfulness is "
        f"below {GRAYISH} times the photographs'",
        needs=(PHOTOGRAPHS, IMAGENET),
        variants=("baseline", "bn_maxpool"),
        contrasts=(
            Contrast(
                "training MSE over all epochs, baseline over bn_maxpool",
                _history_ratio("baseline", "bn_maxpool", _mean_training_mse),
                ABOVE,
                1,
                is_mse_ratio=True,
            ),
            Contrast(
                "colorfulness over the photographs', baseline",
                _colorfulness_ratio("baseline"),
                BELOW,
                GRAYISH,
            ),
        ),
    ),
    Claim(
        2,
        "3.4.1",
        "The deeper network brings no significant improvement and converges even more slowly.",
        measured="PSNR and training MSE, compared with the baseline's",
        rule=f"its PSNR is significantly less than {MARGIN} dB above the baseline's, and its "
        "training MSE over all epochs is higher",
        needs=(PHOTOGRAPHS, IMAGENET),
        variants=("deeper", "baseline"),
        contrasts=(
            Contrast(
                "PSNR, deeper minus baseline, dB",
                _psnr_difference("deeper", "baseline"),
                BELOW,
                MARGIN,
            ),
            Contrast(
                "training MSE over all epochs, deeper over baseline",
                _history_ratio("deeper", "baseline", _mean_training_mse),
                ABOVE,
                1,
                is_mse_ratio=True,
            ),
        ),
    ),
    Claim(
        3,
        "3.4.2",
        "With batch normalization and max pooling it converges robustly and colors large regions: "
        "sky, sea, forest.",
        measured="rises of the training MSE; error in ab in large regions, compared with gray's",
        rule=f"the largest rise of the training MSE from one epoch to the next is below {RISE:.0%} "
        "and in large regions its error is below that of the gray image",
        needs=(),
        variants=("bn_maxpool",),
        contrasts=(
            Contrast(
                "largest rise of the training MSE from one epoch to the next (negative if it never "
                "rises)",
                _history_mean("bn_maxpool", _largest_rise),
                BELOW,
                RISE,
            ),
            Contrast(
                "error in ab in large regions, over that of gray",
                _columns("bn_maxpool", [_ab_errors(MODEL)[1], _ab_errors(GRAY)[1]], _ratio),
                BELOW,
                1,
            ),
        ),
    ),
    Claim(
        4,
        "3.4.2",
        "bn_maxpool overfits after a certain point.",
        measured="validation and training MSE after the best epoch",
        rule=f"the validation MSE ends more than {RISE:.0%} above its minimum, while the training "
        "MSE keeps falling",
        needs=(PHOTOGRAPHS, LONG),
        variants=("bn_maxpool",),
        contrasts=(
            OVERFITTING,
            Contrast(
                "training MSE of bn_maxpool, last epoch over the one that validated best",
                _history_mean("bn_maxpool", _training_after_best),
                BELOW,
                1,
                is_mse_ratio=True,
            ),
            Contrast(
                "validation MSE over training MSE of bn_maxpool, last epoch",
                _history_mean("bn_maxpool", _final_ratio),
                decides=False,
                is_mse_ratio=True,
            ),
        ),
    ),
    Claim(
        5,
        "3.4.3",
        "With L2 regularization the output regresses to brownish and grayish, and the model is "
        "more sensitive.",
        measured="colorfulness, and change of the validation MSE from epoch to epoch, compared "
        "with bn_maxpool's",
        rule="it is less colorful than bn_maxpool, and its validation MSE changes more from epoch "
        "to epoch",
        needs=(PHOTOGRAPHS, IMAGENET),
        variants=("l2", "bn_maxpool"),
        contrasts=(
            Contrast(
                "colorfulness, l2 over bn_maxpool",
                lambda study: paired_ratio_on_images(
                    *study.pairs("l2", "bn_maxpool"), f"{MODEL}_colorfulness"
                ),
                BELOW,
                1,
            ),
            Contrast(
                "change of the validation MSE from epoch to epoch, l2 over bn_maxpool",
                _history_ratio("l2", "bn_maxpool", _instability),
                ABOVE,
                1,
            ),
        ),
    ),
    Claim(
        6,
        "3.4.4",
        "Spatial dropout mitigates the overfitting.",
        measured="how far the validation MSE ends above its minimum, compared with bn_maxpool's",
        rule="bn_maxpool overfits, and with dropout the validation MSE ends less far above its "
        "minimum",
        needs=(PHOTOGRAPHS, LONG),
        variants=("spatial_dropout", "bn_maxpool"),
        precondition=(OVERFITTING, "bn_maxpool overfits"),
        contrasts=(
            Contrast(
                "validation MSE, last epoch over the lowest, spatial_dropout over bn_maxpool",
                _history_ratio("spatial_dropout", "bn_maxpool", _overfitting),
                BELOW,
                1,
                is_mse_ratio=True,
            ),
        ),
    ),
    Claim(
        7,
        "3.5.1",
        "For VGG16, repeating the gray channel is better than a convolution to three channels.",
        measured="PSNR of both",
        rule="vgg16_repeat has the higher PSNR",
        needs=(PHOTOGRAPHS, IMAGENET),
        variants=("vgg16_repeat", "vgg16_conv"),
        contrasts=(
            Contrast(
                "PSNR, vgg16_repeat minus vgg16_conv, dB",
                _psnr_difference("vgg16_repeat", "vgg16_conv"),
            ),
        ),
    ),
    Claim(
        8,
        "4.1",
        "bn_maxpool is the most promising of all.",
        measured="PSNR, compared with each of the paper's other variants",
        rule="its PSNR is above that of each of the paper's other variants",
        needs=(PHOTOGRAPHS, IMAGENET),
        variants=PAPER_VARIANTS,
        rivals=RIVALS,
        contrasts=tuple(
            Contrast(
                f"PSNR, bn_maxpool minus {name}, dB",
                _psnr_difference("bn_maxpool", name),
                variant=name,
            )
            for name in RIVALS
        ),
    ),
    Claim(
        9,
        "4.1",
        "Outputs are under-saturated where the network is uncertain.",
        measured="colorfulness, compared with the photographs'; chroma of small and of large "
        "regions likewise, compared with the constant color's",
        rule="it is less colorful than the photographs, and small regions have lost more chroma "
        "than large ones, by more than with the constant color",
        needs=(),
        variants=("bn_maxpool",),
        contrasts=(
            Contrast(
                "colorfulness over the photographs', bn_maxpool",
                _colorfulness_ratio("bn_maxpool"),
                BELOW,
                1,
            ),
            Contrast(
                "chroma over the photographs', small minus large regions, minus the same of the "
                "constant color",
                _columns("bn_maxpool", [*_chroma(MODEL), *_chroma(CONSTANT)], _excess_of_ratios),
                BELOW,
            ),
            Contrast(
                "chroma over the photographs', small minus large regions",
                _columns("bn_maxpool", _chroma(MODEL), _difference_of_ratios),
                decides=False,
            ),
        ),
    ),
    Claim(
        10,
        "4.1",
        "Small details and specific objects are colored worse than large regions.",
        measured="error in ab of small and of large regions of each image, compared with gray's",
        rule="the error is larger in small regions, by more than that of the gray image",
        needs=(),
        variants=("bn_maxpool",),
        contrasts=(
            Contrast(
                "error in ab, small minus large regions, bn_maxpool",
                _columns("bn_maxpool", _ab_errors(MODEL), _difference),
            ),
            Contrast(
                "the same, minus that of the gray image",
                _columns(
                    "bn_maxpool",
                    [*_ab_errors(MODEL), *_ab_errors(GRAY)],
                    _difference_of_differences,
                ),
            ),
            Contrast(
                "error in ab, small minus large regions, gray image",
                _columns("bn_maxpool", _ab_errors(GRAY), _difference),
                decides=False,
            ),
        ),
    ),
    Claim(
        11,
        "4.2",
        "More training data improves the results.",
        measured="PSNR after as many steps on all training images and on subsets of them",
        rule="the PSNR after training on all images is above that after training on each subset",
        needs=(PHOTOGRAPHS, IMAGENET),
        variants=("bn_maxpool",),
        contrasts=tuple(
            Contrast(
                f"PSNR, bn_maxpool on all training images minus on {share} of them, dB",
                _psnr_difference("bn_maxpool", name),
                variant=name,
            )
            for name, share in SUBSETS.items()
        ),
    ),
)
