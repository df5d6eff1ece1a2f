"""Score a model with a dial at each position of the dial."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.core.progress import progress_bar
from colorization.dataset.examples import Examples
from colorization.imaging import lab
from colorization.networks.dial import POSITIONS, Dialled
from colorization.scoring.dial import SHOWN, summarize_dial
from colorization.scoring.floors import Floors
from colorization.scoring.one_image import score_turned

SCORED = np.linspace(0, 1, POSITIONS)


def evaluate_dial(
    dialled: Dialled, test: Examples, floors: Floors, batch_size: int
) -> pd.DataFrame:
    """Score the test images at each position, on all cores; see `Dial.scores`."""
    measured: list[np.ndarray] = []
    with Parallel(n_jobs=-1) as parallel, progress_bar("turning the dial", len(test)) as bar:
        for start in range(0, len(test), batch_size):
            batch = slice(start, start + batch_size)
            logits = dialled.before.predict_on_batch(test.inputs(batch))
            ab = np.stack([dialled.ab(logits, position) for position in SCORED], axis=1)
            measured += parallel(
                delayed(score_turned)(np.array(rgb), turned, floors.colors, np.array(small))
                for rgb, turned, small in zip(
                    test.images.rgb[batch], ab, floors.small[batch], strict=True
                )
            )
            bar.update(len(logits))
    return summarize_dial(SCORED, np.stack(measured), floors.rows)


def turn(dialled: Dialled, test: Examples, chosen: Sequence[int], batch_size: int) -> np.ndarray:
    """Colorize some of the test images at each position of `SHOWN`; see `Dial.images`."""
    some = test.some(chosen)
    turned = []
    for start in range(0, len(some), batch_size):
        batch = slice(start, start + batch_size)
        L, _ = lab.rgb_to_lab(np.array(some.images.rgb[batch]))
        logits = dialled.before.predict_on_batch(some.inputs(batch))
        ways = [lab.lab_to_rgb(L, dialled.ab(logits, position)) for position in SHOWN]
        turned.append(np.stack(ways, axis=1))
    return np.concatenate(turned)
