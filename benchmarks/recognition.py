r"""Measure how well ImageNet networks recognize gray photographs, by the size they are fed at.

Takes photographs of MIRFLICKR-25000 with its labels: `dog_r1.txt` lists the numbers of those that
are of a dog. Prints a Markdown table of the area under the ROC curve (0.5 is chance) with which the
probability of all dogs, birds or cars tells the labeled photographs from the others.

    python benchmarks/recognition.py --photographs mirflickr --labels mirflickr_labels.zip \
        --weights mobilenet_v2=mobilenet_v2.weights.h5 \
                  efficientnet_lite2=efficientnet_lite2.weights.h5
"""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from PIL import Image
from scipy.stats import rankdata

import turns
from arguments import build_parser
from colorization.core.progress import progress
from colorization.networks.encoders import ENCODERS
from colorization.sources import archives

# Classes of ImageNet (ILSVRC 2012) in alphabetical order of their WordNet number.
CLASSES = {
    "dog_r1": [*range(151, 269)],
    "bird_r1": [*range(7, 25), *range(80, 101), *range(127, 147)],
    "car_r1": [407, 436, 468, 511, 609, 627, 656, 661, 717, 751, 817, 864],
}
# Factor and offset from pixels of 0 to 255 to those that the weights expect.
RESCALING = {"mobilenet_v2": (1 / 127.5, -1), "efficientnet_lite2": (1 / 128, -127 / 128)}
OTHERS = 10  # photographs without any of the labels, for each of the mean label
BATCH = 16


def main(
    photographs: Path, labels: Path, weights: list[str], content: list[int], sizes: list[int]
) -> None:
    numbers = labeled(labels)
    paths = numbered(photographs)
    chosen = choose(set(paths), numbers)
    print(f"{turns.machine()}\n\n{len(chosen)} gray photographs\n", flush=True)
    rows = []
    for name, path in (pair.split("=") for pair in weights):
        for px in content:
            for size in sizes:
                rows.append(
                    {"network": name, "content, px": px, "fed at, px": size}
                    | areas(load(name, path, size), paths, chosen, numbers, px, size)
                )
                print(rows[-1], flush=True)
    print(f"\n{pd.DataFrame(rows).to_markdown(index=False, floatfmt='.3f')}")


def labeled(archive: Path) -> dict[str, set[int]]:
    """The numbers of the photographs with each label."""
    with zipfile.ZipFile(archive) as file:
        return {name: set(map(int, file.read(f"{name}.txt").split())) for name in CLASSES}


def numbered(photographs: Path) -> dict[int, Path]:
    """The photographs of a folder by their numbers, in any image format: 123 is `im123.jpg`."""
    return {
        int(path.stem.removeprefix("im")): path
        for path in photographs.glob("im[0-9]*")
        if path.suffix.lower() in archives.EXTENSIONS
    }


def choose(available: set[int], numbers: dict[str, set[int]]) -> list[int]:
    """The photographs with a label, and evenly spaced others."""
    positive = set.union(*numbers.values()) & available
    negative = np.array(sorted(available - positive))
    others = min(len(negative), OTHERS * len(positive) // len(CLASSES))
    spaced = np.linspace(0, len(negative) - 1, others)
    return sorted(positive | set(negative[spaced.astype(int)].tolist()))


def load(name: str, path: str, size: int) -> keras.Model:
    """A network with its weights, for images of a size with pixels of 0 to 255."""
    network = ENCODERS[name].build(input_shape=(size, size, 3), weights=None)
    network.load_weights(path)
    return keras.Sequential([keras.layers.Rescaling(*RESCALING[name]), network])


def areas(
    network: keras.Model,
    paths: dict[int, Path],
    chosen: list[int],
    numbers: dict[str, set[int]],
    content: int,
    size: int,
) -> dict[str, float]:
    """Area under the ROC curve for each label."""
    probabilities = []
    starts = range(0, len(chosen), BATCH)
    for start in progress(starts, f"{content} px at {size}", len(starts)):
        batch = [pixels(paths[number], content, size) for number in chosen[start : start + BATCH]]
        probabilities.append(network.predict_on_batch(np.stack(batch)))
    of_classes = np.concatenate(probabilities)
    return {
        label: area(
            of_classes[:, classes].sum(axis=1),
            np.array([number in numbers[label] for number in chosen]),
        )
        for label, classes in CLASSES.items()
    }


def pixels(path: Path, content: int, size: int) -> np.ndarray:
    """A photograph in gray, reduced to its content and enlarged: (size, size, 3), 0 to 255."""
    with Image.open(path) as image:
        gray = image.convert("L").resize((content, content), Image.Resampling.BOX)
    enlarged = gray.resize((size, size), Image.Resampling.BILINEAR)
    return np.repeat(np.asarray(enlarged, np.float32)[..., None], 3, axis=-1)


def area(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve, from the ranks (Mann and Whitney)."""
    ranks = rankdata(scores)[positive]
    count = int(positive.sum())
    return float((ranks.sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--weights", nargs="+", required=True, metavar="NETWORK=FILE")
    parser.add_argument("--content", type=int, nargs="+", default=[96, 128])
    parser.add_argument("--sizes", type=int, nargs="+", default=[96, 128, 192, 256])
    main(**vars(parser.parse_args()))
