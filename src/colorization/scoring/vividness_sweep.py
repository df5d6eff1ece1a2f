"""Runs a model with adjustable vividness at several operating points."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.color import lab
from colorization.core.progress import progress_bar
from colorization.dataset.examples import Examples
from colorization.networks.vividness import OPERATING_POINTS, AdjustableModel
from colorization.scoring.metrics import ImageScores
from colorization.scoring.one_image import score_colorizations
from colorization.scoring.reference import Reference
from colorization.scoring.trivial import TrivialScores
from colorization.scoring.vividness import DISPLAYED, KEYS, summarize_sweep

SCORED = np.linspace(0, 1, OPERATING_POINTS).round(3)  # beside the default


def sweep_vividness(
    adjustable: AdjustableModel,
    test: Examples,
    trivial: TrivialScores,
    batch_size: int,
    min_chroma: float,
) -> pd.DataFrame:
    """Score the test images over the range of vividness; see `VividnessSweep.scores`."""
    scored = np.union1d(SCORED, adjustable.default)
    scores: list[list[ImageScores]] = []
    with Parallel(n_jobs=-1) as parallel, progress_bar("vividness sweep", len(test)) as bar:
        for start in range(0, len(test), batch_size):
            batch = slice(start, start + batch_size)
            logits = adjustable.logits(test.inputs(batch))
            ab = np.stack([adjustable.decode(logits, vividness) for vividness in scored], axis=1)
            scores += parallel(
                delayed(score_colorizations)(Reference(np.array(rgb)), decoded, KEYS)
                for rgb, decoded in zip(test.images.rgb[batch], ab, strict=True)
            )
            bar.update(len(logits))
    return summarize_sweep(scored, scores, trivial.rows, min_chroma)


def decode_samples(
    adjustable: AdjustableModel, test: Examples, indices: Sequence[int], batch_size: int
) -> np.ndarray:
    """Colorize some test images at each of `DISPLAYED`; see `VividnessSweep.images`."""
    samples = test.subset(indices)
    decoded = []
    for start in range(0, len(samples), batch_size):
        batch = slice(start, start + batch_size)
        L, _ = lab.rgb_to_lab(np.array(samples.images.rgb[batch]))
        logits = adjustable.logits(samples.inputs(batch))
        rgb = [lab.lab_to_rgb(L, adjustable.decode(logits, vividness)) for vividness in DISPLAYED]
        decoded.append(np.stack(rgb, axis=1))
    return np.concatenate(decoded)
