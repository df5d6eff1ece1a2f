r"""Compare choices for efficientnet_unet: trainings with a few changes each.

Trains it on cached arrays with the settings of params.yaml, except the epochs and the number of
training images, and scores the validation images with a mean chroma of at least 2. Prints a line
for each training, then a Markdown table.

    dvc repro colors experiments/dvc.yaml:inputs@efficientnet_unet
    python benchmarks/efficientnet_choices.py --images 4000 --epochs 4 \
        --choices crops crops+tuned crops+tuned+aged
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from skimage.transform import resize, resize_local_mean

import turns
from arguments import build_parser
from cached import DATA, FewData, settings_and_data, train
from color_choices import averaging, fit_and_swap
from colorization.architectures import efficientnet_unet
from colorization.color import color_metrics
from colorization.color.statistics import ColorStatistics
from colorization.core.model_records import Pretrained
from colorization.core.settings import Train
from colorization.dataset.arrays import LabArrays
from colorization.dataset.examples import Examples
from colorization.networks import catalog
from colorization.networks.classification import classification
from colorization.networks.encoders import encode
from colorization.networks.objective import Objective
from colorization.networks.saving import load_model
from colorization.networks.vividness import AdjustableModel
from colorization.training import fitting, input_pipeline
from colorization.training.aging import age
from colorization.training.one_image import measure_colorizations

VARIANT = "efficientnet_unet"
MIN_CHROMA = 2.0
MSE_WEIGHT = 100.0  # of ab in [-1, 1]: 1.5, beside a cross-entropy of 3 to 4
TEMPERATURES = (1.2, 1.0, 0.6)
WATCHED = 256  # validation images after each epoch, and in the scores beside the error
BATCH = 32

Patch = Callable[[], AbstractContextManager]


class Watching(FewData):
    """Data with few validation images as well, and with images of a chosen size."""

    def examples(self, split: str) -> Examples:
        examples = super().examples(split)
        if split == "validation":
            examples = examples.subset(slice(0, WATCHED))
        images = examples.images
        L, ab, rgb = (resized(maps) for maps in (images.L, images.ab, images.rgb))
        return Examples(LabArrays(images.names, L, ab, rgb), None)


def with_mse(colors: ColorStatistics, rebalancing: float) -> Objective:
    """Add the squared error of the mean color to the cross-entropy."""
    objective = classification(colors, rebalancing=rebalancing)

    def loss(ab: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        return objective.loss(ab, logits) + MSE_WEIGHT * objective.squared_error(ab, logits)

    return replace(objective, loss=loss)


def architecture(**changes: Any) -> AbstractContextManager:
    changed = replace(efficientnet_unet.ARCHITECTURE, **changes)
    return patch.object(efficientnet_unet, "ARCHITECTURE", changed)


def objective(rebalancing: float) -> Patch:
    return partial(architecture, objective=partial(classification, rebalancing=rebalancing))


def setting(**changes: Any) -> AbstractContextManager:
    return patch.dict(SETTINGS, changes)


def constant(name: str, value: Any) -> Patch:
    return partial(patch.object, efficientnet_unet, name, value)


def cut_and_resize(
    L: np.ndarray, ab: np.ndarray, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut a square of any size from half of the side out of each image, and resize it."""
    sides = rng.integers(L.shape[1] // 2, L.shape[1], len(L), endpoint=True)
    places = rng.integers(0, L.shape[1] - sides, size=(2, len(L)), endpoint=True).T
    squares = [
        np.s_[top : top + length, left : left + length]
        for (top, left), length in zip(places, sides, strict=True)
    ]
    return tuple(  # type: ignore[return-value]
        np.stack(
            [
                resize(image[square], (side, side), order=1, anti_aliasing=False)
                for image, square in zip(maps, squares, strict=True)
            ]
        )
        for maps in (L, ab)
    )


def resized(maps: np.ndarray) -> np.ndarray:
    """Return (N, H, W, C) maps at the chosen image size, by area averaging."""
    side = IMAGE_SIZE.get("side", maps.shape[1])
    if side == maps.shape[1]:
        return maps
    small = np.stack([resize_local_mean(image.astype(np.float32), (side, side)) for image in maps])
    return (np.rint(small) if maps.dtype == np.uint8 else small).astype(maps.dtype)


def mobilenet(x: keras.KerasTensor, _: str, outputs: tuple[str, ...]) -> list[keras.KerasTensor]:
    return encode(x, "mobilenet_v2", outputs)


SETTINGS: dict[str, Any] = {}
IMAGE_SIZE: dict[str, int] = {}  # "side", px, if it is not that of the cached arrays
# The outputs of MobileNetV2's last blocks at the same sizes, and its layers before the third.
MOBILENET_TAPS = ("block_16_project", "block_12_add", "block_5_add", "block_2_add")
MOBILENET_FROZEN = ("Conv1", "expanded_conv", *(f"block_{index}_" for index in range(1, 6)))

CHOICES: Mapping[str, tuple[Patch, ...]] = {
    "plain": (),
    "crops": (partial(setting, crop=96),),
    "zooms": (partial(patch.object, input_pipeline, "_cut_out", cut_and_resize),),
    "96 px": (partial(patch.dict, IMAGE_SIZE, side=96),),
    "aged": (partial(setting, aged=0.3),),
    "a tenth aged": (partial(setting, aged=0.1),),
    "tuned": (partial(setting, encoder_lr_multiplier=0.1),),
    "tuned whole": (
        partial(setting, encoder_lr_multiplier=0.1),
        partial(architecture, frozen=()),
    ),
    "tuned faster": (partial(setting, encoder_lr_multiplier=0.3),),
    "no dropout": (constant("DROPOUT", 0.0),),
    "more dropout": (constant("DROPOUT", 0.2),),
    "mse": (partial(architecture, objective=partial(with_mse, rebalancing=0.0)),),
    "half weights and mse": (partial(architecture, objective=partial(with_mse, rebalancing=0.5)),),
    "half weights": (objective(0.5),),
    "full weights": (objective(1.0),),
    "averaged": (
        partial(patch.object, fitting, "build_optimizer", averaging),
        partial(patch.object, keras.Model, "fit", fit_and_swap),
    ),
    "slower": (partial(setting, learning_rate=0.0005),),
    "last level of 64": (constant("DECODER", (256, 256, 160, 64)),),
    "wider decoder": (constant("DECODER", (384, 320, 192, 128)),),
    "wider where small": (constant("DECODER", (512, 384, 160, 64)),),
    "mobilenet_v2": (
        partial(patch.object, efficientnet_unet, "encode", mobilenet),
        constant(
            "TAPS",
            [
                (name, channels)
                for name, (_, channels) in zip(MOBILENET_TAPS, efficientnet_unet.TAPS, strict=True)
            ],
        ),
        partial(architecture, encoder="mobilenet_v2", frozen=MOBILENET_FROZEN),
    ),
    "head": (constant("TAPS", (("head_relu", 256), *efficientnet_unet.TAPS[1:])),),
    "batches of 16": (partial(setting, batch_size=16),),
}


def main(images: int | None, epochs: int, seed: int, choices: list[str]) -> None:
    settings, data = settings_and_data(VARIANT, images)
    settings = settings.model_copy(update={"epochs": epochs, "num_val_images": 1})
    validation = data.examples("validation")
    data = Watching(data.arrays, data.colors, data.inputs, data.images)
    print(f"{turns.machine()}\n\n{images or 'all'} training images, {epochs} epochs, seed {seed}\n")
    rows = {}
    for names in choices:
        rows[names] = train_and_score(names.split("+"), seed, settings, data, validation)
        print(names, rows[names], flush=True)
    print(f"\n{pd.DataFrame(rows).T.to_markdown()}")


def train_and_score(
    names: list[str], seed: int, settings: Train, data: FewData, validation: Examples
) -> dict[str, float]:
    """Train once with some choices, and return the scores with the minutes it took."""
    with ExitStack() as patched, tempfile.TemporaryDirectory() as folder:
        enter = patched.enter_context
        enter(patch.dict(SETTINGS))
        enter(patch.object(fitting, "calibrate_vividness", lambda *_: None))
        for name in names:
            for patch_code in CHOICES[name]:
                enter(patch_code())
        chosen = efficientnet_unet.ARCHITECTURE
        enter(patch.object(catalog, "load", lambda _: chosen))
        encoder = Pretrained.read(DATA / "weights" / f"{chosen.encoder}.json")
        data = replace(data, inputs=replace(data.inputs, encoder=encoder))
        started = time.perf_counter()
        model = train(VARIANT, seed, settings.model_copy(update=SETTINGS), data, Path(folder))
        minutes = (time.perf_counter() - started) / 60
        history = pd.read_csv(model / "history.csv")
        best = int(history.val_loss.argmin())
        return {
            "best epoch": best + 1,
            "val_mse": float(history.val_mse[best]),
            **scores(model, validation, ColorStatistics.read(data.colors)),
            "minutes": minutes,
        }


def scores(folder: Path, validation: Examples, colors: ColorStatistics) -> dict[str, float]:
    """Score the mean of the distribution at several temperatures."""
    adjustable = AdjustableModel.of(load_model(folder))
    if adjustable is None:
        raise ValueError(f"{VARIANT} has no vividness")
    rebalancing = float(adjustable.decoder.rebalancing)
    colorful = np.flatnonzero(validation.images.mean_chroma() >= MIN_CHROMA)
    errors, errors_old, measured = [], [], []
    for start in range(0, len(colorful), BATCH):
        batch = colorful[start : start + BATCH]
        L = resized(validation.images.L[batch]).astype(np.float32)
        logits = adjustable.logits([L])
        truth = validation.images.ab[batch].astype(np.float32)
        ways = [adjustable.decode_with(logits, rebalancing, t) for t in TEMPERATURES]
        ways = [enlarged(way, truth.shape) for way in ways]
        old, displayed = looking_old(L, resized(truth), start)
        colorized_old = adjustable.decode_with(adjustable.logits([old]), rebalancing, 1.0)
        errors_old += [
            [np.mean((ab - displayed[i]) ** 2) for ab in (colors.mean_ab, colorized_old[i])]
            for i in range(len(batch))
        ]
        constant_color = np.broadcast_to(colors.mean_ab, truth.shape)
        errors += [
            [np.mean((way[i] - truth[i]) ** 2) for way in (constant_color, *ways)]
            for i in range(len(batch))
        ]
        if start < WATCHED:
            measured += Parallel(n_jobs=-1)(
                delayed(measure_colorizations)(rgb, np.stack(ab))
                for rgb, *ab in zip(validation.images.rgb[batch], *ways, strict=True)
            )
    constant_error, *model_errors = np.sum(errors, axis=0)
    removed = 100 * (1 - np.array(model_errors) / constant_error)
    constant_error, model_error = np.sum(errors_old, axis=0)
    removed_old = 100 * (1 - model_error / constant_error)
    difference, colorfulness, stains, _ = np.moveaxis(np.array(measured), -1, 0).mean(axis=1)
    truth_colorfulness = np.mean(
        [color_metrics.colorfulness(validation.images.rgb[i]) for i in colorful[: len(measured)]]
    )
    named = {"E, aged": round(float(removed_old), 2)}
    for index, t in enumerate(TEMPERATURES):
        named[f"E, T {t:g}"] = round(float(removed[index]), 2)
    for index, t in enumerate(TEMPERATURES[1:], start=2):
        named[f"CIEDE2000, T {t:g}"] = round(float(difference[index] - difference[0]), 2)
        named[f"colorfulness, T {t:g}"] = round(float(colorfulness[index] / truth_colorfulness), 3)
        named[f"stains, T {t:g}, %"] = round(float(100 * stains[index]), 3)
    return named


def looking_old(L: np.ndarray, ab: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return L that looks old, and ab, which is gray where nothing of the photograph shows."""
    old, displayed = L.copy(), ab.copy()
    age(old, displayed, 1.0, np.random.default_rng(seed))
    return old, displayed


def enlarged(ab: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if ab.shape == shape:
        return ab
    return np.stack([resize(image, shape[1:], order=1) for image in ab])


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--images", type=int)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--choices", nargs="+", required=True)
    main(**vars(parser.parse_args()))
