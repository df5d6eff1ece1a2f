"""Show that photographs are those that labels number, so that they are MIRFLICKR-25000.

Each of some labels is compared with a quantity that it should change: photographs at night are
darker. The measure is the probability that a photograph with the label has more of the quantity
than one without (Mann and Whitney's; 0.5 if they are unrelated). It is computed with the labels as
they are numbered and, as a null distribution, with the numbers shifted by every other amount:
labels of another collection, or of another order, fit no better than shifted ones. Prints a
Markdown table.

    python benchmarks/label_association.py --archives photos.zip --labels annotations.zip
"""

from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from PIL import Image
from scipy import stats

from arguments import build_parser
from colorization.color import lab
from colorization.labels.reading import read_labels
from colorization.labels.subsets import join
from colorization.photos import decoding
from colorization.sources.archives import image_names, read_member

REDUCED = 8  # px, side to which a photograph is reduced before its colors are averaged
# In words, and from the mean L*, a*, b* of the upper and of the lower half of a photograph.
QUANTITIES = {
    "night": ("darker", lambda halves: -halves[:, 0].sum()),
    "sky": ("bluer above than below", lambda halves: halves[1, 2] - halves[0, 2]),
    "clouds": ("lighter above than below", lambda halves: halves[0, 0] - halves[1, 0]),
    "sea": ("bluer below", lambda halves: -halves[1, 2]),
    "sunset": ("redder", lambda halves: halves[:, 1].sum()),
    "plant_life": ("greener", lambda halves: -halves[:, 1].sum()),
    "indoor": ("redder and yellower", lambda halves: halves[:, 1:].sum()),
}


def main(archives: list[Path], labels: str) -> None:
    means: dict[str, np.ndarray] = {}
    for archive in archives:
        means |= mean_colors(archive)
    table = join(read_labels(labels, Path(".dvc", "tmp", "downloads")), means)
    names = sorted(means, key=lambda name: int(Path(name).stem.removeprefix("im")))
    rows, scores = [], []
    for label, (what, quantity) in QUANTITIES.items():
        labeled = np.isin(names, table["name"][table["label"] == label])
        values = np.array([quantity(means[name]) for name in names])
        probability = of_every_shift(labeled, values)
        shifted = probability[1:]
        scores.append((probability - shifted.mean()) / shifted.std())
        rows.append(
            {
                "label": label,
                "photographs": f"{labeled.sum():,}",
                "quantity": what,
                "as numbered": f"{probability[0]:.3f}",
                "shifted: mean": f"{shifted.mean():.3f}",
                "shifted: highest": f"{shifted.max():.3f}",
            }
        )
    together = np.mean(scores, axis=0)
    print(f"{len(names):,} photographs, {names[0]} to {names[-1]}; {len(names) - 1:,} shifts.\n")
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))
    print(
        "\nIn standard deviations of the shifted numbers, mean over the labels: "
        f"{together[0]:.1f} as numbered; {together[1:].max():.1f} at most with any shift."
    )


def of_every_shift(labeled: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Probability that a labeled photograph has the larger value, by shift of the labels.

    Parameters
    ----------
    labeled : (N,) bool array
    values : (N,) float array

    Returns
    -------
    (N,) float64 array
        Unshifted first. It is a linear function of the sum of the labeled photographs' ranks, and
        the sums of all shifts are a circular correlation.
    """
    ranks = stats.rankdata(values) - (len(values) + 1) / 2
    sums = np.fft.irfft(np.fft.rfft(ranks) * np.conj(np.fft.rfft(labeled)), len(values))
    ones = labeled.sum()
    return 0.5 + sums / (ones * (len(values) - ones))


def mean_colors(archive: Path) -> dict[str, np.ndarray]:
    """The mean CIE Lab of the upper and of the lower half of each photograph, (2, 3), by name."""
    names = image_names(archive)
    reduced = Parallel(n_jobs=-1)(delayed(_reduced)(archive, name) for name in names)
    L, ab = lab.rgb_to_lab(np.stack(reduced))
    scaled = np.concatenate([50 * (L + 1), lab.AB_SCALE * ab], axis=-1)
    halves = scaled.reshape(len(names), 2, -1, 3).mean(axis=2)
    return dict(zip((Path(name).name for name in names), halves, strict=True))


def _reduced(archive: Path, name: str) -> np.ndarray:
    image = decoding.to_srgb(decoding.open_image(read_member(archive, name)))
    return np.asarray(image.resize((REDUCED, REDUCED), Image.Resampling.BOX))


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--archives", type=Path, nargs="+", required=True)
    parser.add_argument("--labels", required=True)
    main(**vars(parser.parse_args()))
