"""Score a model with a dial at each position of the dial."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.color import lab
from colorization.core.progress import progress_bar
from colorization.dataset.examples import Examples
from colorization.networks.vividness import OPERATING_POINTS, AdjustableModel
from colorization.scoring.one_image import score_decoded
from colorization.scoring.trivial import TrivialScores
from colorization.scoring.vividness import SHOWN, summarize_sweep

SCORED = np.linspace(0, 1, OPERATING_POINTS)


def sweep_vividness(
    adjustable: AdjustableModel, test: Examples, trivial: TrivialScores, batch_size: int
) -> pd.DataFrame:
    """Score the test images at each position, on all cores; see `Dial.scores`."""
    measured: list[np.ndarray] = []
    with Parallel(n_jobs=-1) as parallel, progress_bar("turning the dial", len(test)) as bar:
        for start in range(0, len(test), batch_size):
            batch = slice(start, start + batch_size)
            logits = adjustable.logits_model.predict_on_batch(test.inputs(batch))
            ab = np.stack([adjustable.decode(logits, position) for position in SCORED], axis=1)
            measured += parallel(
                delayed(score_decoded)(np.array(rgb), turned, trivial.colors, np.array(small))
                for rgb, turned, small in zip(
                    test.images.rgb[batch], ab, trivial.small[batch], strict=True
                )
            )
            bar.update(len(logits))
    return summarize_sweep(SCORED, np.stack(measured), trivial.rows)


def turn(
    adjustable: AdjustableModel, test: Examples, chosen: Sequence[int], batch_size: int
) -> np.ndarray:
    """Colorize some of the test images at each position of `SHOWN`; see `Dial.images`."""
    some = test.subset(chosen)
    turned = []
    for start in range(0, len(some), batch_size):
        batch = slice(start, start + batch_size)
        L, _ = lab.rgb_to_lab(np.array(some.images.rgb[batch]))
        logits = adjustable.logits_model.predict_on_batch(some.inputs(batch))
        ways = [lab.lab_to_rgb(L, adjustable.decode(logits, position)) for position in SHOWN]
        turned.append(np.stack(ways, axis=1))
    return np.concatenate(turned)
