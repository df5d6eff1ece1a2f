"""Made-up evaluations, for the tests of pages and studies."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from colorization.core.model_records import Pretrained, TrainingRecord
from colorization.core.provenance import Machine, Run
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.gap import summarize_gap
from colorization.scoring.metrics import METRICS
from colorization.scoring.samples import SETS, STATES, Samples
from colorization.scoring.summary import COLORIZERS, summarize
from colorization.scoring.vividness import VividnessSweep
from samples import PARAMS, scene


def rows(images: int = 6, **changes: Any) -> pd.DataFrame:
    """Test images with distinct scores; `changes` replace columns."""
    table: dict[str, Any] = {
        "name": [f"im{index}.jpg" for index in range(images)],
        "mean_chroma": np.linspace(10, 20, images),
        "mean_a": 0.01,
        "mean_b": 0.05,
        "colorfulness": np.linspace(30, 60, images),
        "small_regions": 0.1,
        "chroma_small_regions": 40.0,
        "chroma_large_regions": 30.0,
    }
    for number, colorizer in enumerate(COLORIZERS):
        table |= {f"{colorizer}_{metric.key}": 1.0 + number for metric in METRICS}  # added ones
        table |= {
            f"{colorizer}_psnr_rgb_db": 24.5 - 3.25 * number + np.linspace(-1, 1, images),
            f"{colorizer}_ssim_rgb": 0.87654 - 0.01 * number,
            f"{colorizer}_ciede2000_mean": 6.125 + 5 * number + np.linspace(1, -1, images),
            f"{colorizer}_auc_ab_percent": 92.25 - 8 * number,
            f"{colorizer}_auc_ab_rebalanced_percent": 89.75 - 8 * number,
            f"{colorizer}_mse_ab": 0.0123456 + 0.01 * number,
            f"{colorizer}_psnr_vs_gray_db": 16.75 + number,
            f"{colorizer}_ssim_vs_gray": 0.81234 + 0.05 * number,
            f"{colorizer}_ab_error_small_regions": 20.0 + number,
            f"{colorizer}_ab_error_large_regions": 10.0 + 20 * number,
            f"{colorizer}_colorfulness": np.linspace(30, 60, images) * (0.9 if not number else 0),
            f"{colorizer}_chroma_small_regions": (20.0, 0.0, 10.0)[number],
            f"{colorizer}_chroma_large_regions": (24.0, 0.0, 10.0)[number],
            f"{colorizer}_mse_ab_in_small_regions": 0.25 * (0.0123456 + 0.01 * number),
            f"{colorizer}_mse_ab_in_large_regions": 0.75 * (0.0123456 + 0.01 * number),
        }
    return pd.DataFrame(table | changes)


def evaluation(
    table: pd.DataFrame | None = None,
    val_mse: tuple[float, ...] = (0.06, 0.04, 0.045),
    train_mse: tuple[float, ...] | None = None,
    **training: Any,
) -> Evaluation:
    """An evaluation of rows, with a training of one epoch per value of `val_mse`."""
    table = rows() if table is None else table
    trained = train_mse or tuple(np.linspace(0.05, 0.02, len(val_mse)))
    images = {state: np.stack([scene(1, 32, 32)]) for state in STATES}
    gaps = gap_rows()
    return Evaluation(
        summary=summarize(table, PARAMS.evaluate.min_chroma, gap=summarize_gap(gaps)),
        rows=table,
        chroma=pd.DataFrame({"chroma": [0.0, 2.0, 4.0], "truth": [5, 3, 2], "model": [7, 3, 0]}),
        training=record(len(val_mse), **training),
        history=pd.DataFrame(
            {
                "epoch": range(1, len(val_mse) + 1),
                "train_mse": trained,
                "val_mse": val_mse,
                "val_mse_gray": 0.08,
                "val_mse_constant": 0.07,
            }
        ),
        samples={name: Samples(table.iloc[[0]], images) for name in SETS},
        gap_rows=gaps,
    )


def gap_rows(best: float = 1.0, last: float = 0.8, test: float = 0.96) -> pd.DataFrame:
    """Errors of 500 training and 500 test photographs, by the factors of their means.

    Of training photographs with the best and with the last weights; those of test photographs are
    the same with both.
    """
    errors = np.linspace(0.015, 0.025, 500)
    splits = {"train": (best * errors, last * errors), "test": (test * errors[::-1],) * 2}
    tables = [
        pd.DataFrame({"split": split, "mse_ab_best": of_best, "mse_ab_last": of_last})
        for split, (of_best, of_last) in splits.items()
    ]
    table = pd.concat(tables, ignore_index=True).assign(mean_chroma=10.0)
    return table.assign(name=[f"{index}.jpg" for index in range(len(table))])


def sweep(images: np.ndarray) -> VividnessSweep:
    """A vividness sweep with images at five operating points, (S, 5, H, W, 3) uint8."""
    keys = (
        "psnr_gain_over_gray_db",
        "psnr_gain_over_constant_db",
        "ciede2000_mean",
        "colorfulness_ratio",
        "error_removed_percent",
        "stains_percent",
    )
    scores = {key: np.array([0.5, 0.4, 0.2]) + number for number, key in enumerate(keys)}
    errors = {f"{key}_se": 0.01 for key in keys}
    return VividnessSweep(
        pd.DataFrame({"vividness": [0.0, 0.5, 1.0]} | scores | errors), images, 0.5
    )


def record(epochs: int = 3, fraction: float = 1.0, **changes: Any) -> TrainingRecord:
    """A training's record; `changes` replace fields."""
    content: dict[str, Any] = {
        "variant": "bn_maxpool",
        "network": "bn_maxpool",
        "seed": 3,
        "objective": "mse",
        "precision": "float32",
        "embedding": Pretrained(network="inception_v3", weights="random", precision="float32"),
        "train": PARAMS.train.model_copy(update={"epochs": epochs, "fraction": fraction}),
        "training_images": 720,
        "image_size": 64,
        "parameters": 6_571_234,
        "best_epoch": 2,
    }
    return TrainingRecord(**(content | changes))


def run(stage: str, seconds: float, **figures: Any) -> Run:
    """One run of a stage, on a machine that could break a page."""
    machine = Machine(
        processor="Abacus <9>",
        cores=2,
        platform="Linux",
        python="3.11.7",
        versions={"keras": "3"},
        variables={},
    )
    return Run(stage=stage, seconds=seconds, machine=machine, **figures)


def files_in(folder: Path) -> set[str]:
    """The files in a folder and all below it, by their path."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
