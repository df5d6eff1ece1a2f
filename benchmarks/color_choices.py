"""Compare choices for the classification network: trainings with one change each.

Trains mobilenet_unet on cached arrays with the settings of params.yaml, except the epochs and the
number of training images, and scores the validation images. Prints a Markdown table: mean, minimum
and maximum over the seeds. The minutes are CPU time of all cores, so other programs on the machine
change them little.

    dvc repro colors experiments/dvc.yaml:inputs@mobilenet_unet
    python benchmarks/color_choices.py --images 3000 --epochs 4 --seeds 1 2 3
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
import pandas as pd
from keras import ops

import turns
from arguments import build_parser
from cached import FewData, settings_and_data, train
from colorization.color import color_metrics, lab, similarity
from colorization.core.settings import Train
from colorization.dataset.examples import Examples, predict_batch
from colorization.networks import classification
from colorization.networks.saving import load_model
from colorization.networks.vividness import AdjustableModel
from colorization.training import fitting, training

VARIANT = "mobilenet_unet"
LAST_BLOCKS = ("block_13", "block_14", "block_15", "block_16", "Conv_1")  # of MobileNetV2
MOMENTUM = 0.99  # of averaged weights

Patch = Callable[[], AbstractContextManager]


@dataclass(frozen=True)
class Choice:
    """A change of the training's settings and of code."""

    settings: dict[str, Any] = field(default_factory=dict)
    patches: tuple[Patch, ...] = ()


def last_blocks(*given: Any) -> keras.Model | None:
    """Make only the last layers of the encoder trainable."""
    encoder = _encoder_to_train(*given)
    for layer in encoder.layers if encoder else ():
        layer.trainable = layer.name.startswith(LAST_BLOCKS)
    return encoder


def averaging(*given: Any, **options: Any) -> keras.optimizers.Optimizer:
    optimizer = _build_optimizer(*given, **options)
    optimizer.use_ema, optimizer.ema_momentum = True, MOMENTUM
    return optimizer


class Swap(keras.callbacks.SwapEMAWeights):
    """Keras' callback without its end of training, which fails with JAX."""

    def _finalize_ema_values(self) -> None:
        pass  # average and weight would share an array, which JAX deletes with either


def fit_and_swap(model: keras.Model, *given: Any, callbacks: list, **options: Any) -> Any:
    """Train; the averaged weights are validated and saved."""
    swap = Swap(swap_on_epoch=True)
    return _fit(model, *given, callbacks=[swap, *callbacks], **options)


def sixteen_bins(centers: np.ndarray) -> Callable:
    """Assign softly like `classification._soft_encoder`, at twice the distance."""
    width = classification.BIN_WIDTH / lab.AB_SCALE

    def toward(ab: keras.KerasTensor) -> keras.KerasTensor:
        a, b = (
            ops.relu(1 - ops.abs(ab[..., axis, None] - centers[:, axis]) / (2 * width))
            for axis in (0, 1)
        )
        return a * b / ops.sum(a * b, axis=-1, keepdims=True)

    return toward


_encoder_to_train, _build_optimizer = training._encoder_to_train, fitting.build_optimizer
_fit = keras.Model.fit

CHOICES = {
    "as params.yaml says": Choice(),
    "the encoder is left as it is": Choice({"encoder_lr_multiplier": 0.0}),
    "of the encoder, the last four blocks are trained": Choice(
        patches=(partial(patch.object, training, "_encoder_to_train", last_blocks),)
    ),
    "the encoder is trained at the rate of the rest": Choice({"encoder_lr_multiplier": 1.0}),
    "twice the epochs": Choice({"epochs": 2}),
    f"weights averaged, momentum {MOMENTUM}": Choice(
        patches=(
            partial(patch.object, fitting, "build_optimizer", averaging),
            partial(patch.object, keras.Model, "fit", fit_and_swap),
        )
    ),
    "near-gray photographs are trained on too": Choice({"min_chroma": 0.0}),
    "a color counts for sixteen bins": Choice(
        patches=(partial(patch.object, classification, "_soft_encoder", sixteen_bins),)
    ),
    "weights half as strong": Choice(
        patches=(partial(patch.object, classification, "UNIFORM_SHARE", 0.75),)
    ),
    "no weights": Choice(patches=(partial(patch.object, classification, "UNIFORM_SHARE", 1.0),)),
    "stronger weights": Choice(
        patches=(partial(patch.object, classification, "UNIFORM_SHARE", 0.25),)
    ),
}


def main(images: int, epochs: int, seeds: list[int], choices: list[str]) -> None:
    settings, data = settings_and_data(VARIANT, images)
    settings = settings.model_copy(update={"epochs": epochs})
    validation = data.examples("validation")
    side = validation.images.L.shape[1]
    print(f"{turns.machine()}\n\n{images} training images, {side} px, {epochs} epochs,")
    print(f"seeds {seeds}; scored on {len(validation)} validation images\n", flush=True)
    rows = {}
    for name in choices:
        results = []
        for seed in seeds:
            results.append(train_and_score(CHOICES[name], seed, settings, data, validation))
            print(f"{name}, seed {seed}: {results[-1]}", flush=True)
        rows[name] = {
            column: mean_and_range([result[column] for result in results]) for column in results[0]
        }
    print(f"\n{pd.DataFrame(rows).T.to_markdown()}")


def train_and_score(
    choice: Choice, seed: int, settings: Train, data: FewData, validation: Examples
) -> dict[str, float]:
    """Train once with a change, and return the scores with the CPU time."""
    with ExitStack() as patched, tempfile.TemporaryDirectory() as folder:
        for patch_code in choice.patches:
            patched.enter_context(patch_code())
        changed = dict(choice.settings)
        changed["epochs"] = settings.epochs * changed.get("epochs", 1)
        started = time.process_time()
        model = train(VARIANT, seed, settings.model_copy(update=changed), data, Path(folder))
        minutes = (time.process_time() - started) / 60
        return scores(model, validation) | {"CPU minutes": minutes}


def mean_and_range(values: list[float]) -> str:
    mean = f"{np.mean(values):.2f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.2f} to {max(values):.2f})"


def scores(model: Path, validation: Examples) -> dict[str, float]:
    """Score the ends and the default of the vividness, compared with gray images."""
    adjustable = AdjustableModel.of(load_model(model))
    if adjustable is None:
        raise ValueError(f"{VARIANT} has no vividness")
    positions = (0.0, adjustable.default, 1.0)
    measured = []
    for start in range(0, len(validation), 32):
        batch = slice(start, start + 32)
        logits = predict_batch(adjustable.logits_model, validation.inputs(batch))
        ways = [adjustable.decode(logits, position) for position in positions]
        for index, truth in enumerate(validation.images.rgb[batch]):
            L, _ = lab.rgb_to_lab(truth)
            colorized = [
                lab.lab_to_rgb(L, np.zeros(2)),
                *(lab.lab_to_rgb(L, w[index]) for w in ways),
            ]
            measured.append([_measure(truth, rgb) for rgb in (truth, *colorized)])
    psnr, difference, colorfulness = np.moveaxis(np.array(measured), -1, 0)
    over_gray = psnr[:, 2] - psnr[:, 1]  # infinity - infinity for a gray photograph
    worse = difference.mean(axis=0)[2:] - difference.mean(axis=0)[1]
    colors = colorfulness.sum(axis=0)[2:] / colorfulness[:, 0].sum()
    return {
        "faithful: PSNR gain over gray, dB": float(over_gray[np.isfinite(over_gray)].mean()),
        "its CIEDE2000, minus gray's": float(worse[0]),
        "default: vividness": adjustable.default,
        "its colorfulness": float(colors[1]),
        "vivid: CIEDE2000, minus gray's": float(worse[2]),
        "its colorfulness ": float(colors[2]),
    }


def _measure(truth: np.ndarray, rgb: np.ndarray) -> tuple[float, float, float]:
    one, other = (lab.to_cie(*lab.rgb_to_lab(image)) for image in (truth, rgb))
    return (
        similarity.psnr_rgb_db(truth, rgb),
        color_metrics.ciede2000_mean(one, other),
        color_metrics.colorfulness(rgb),
    )


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--choices", nargs="+", choices=CHOICES, default=list(CHOICES))
    main(**vars(parser.parse_args()))
