"""Try the settings of a study: trainings at several image sizes, amounts of data and rates.

Prepares photographs with the settings of a params file, once for each size, and trains variants
from one seed in each combination. After each epoch they are scored on the validation photographs
whose mean chroma is at least `evaluate.min_chroma`, by the error removed: the share of the constant
color's squared error in ab that is gone. The learning rate of an epoch does not depend on how many
follow, so the table also says what fewer epochs would give.

    nohup python benchmarks/study_settings.py mirflickr mobilenet_v2.weights.h5 trial &

All is kept in the work folder, here `trial`: trainings.csv has a row per epoch of each completed
training, trainings.md the table so far. The same command resumes: completed trainings are not
repeated, and an interrupted one continues after its last epoch. The table is printed at the end.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import turns
from arguments import build_parser
from cached import FewData
from colorization.backbones.weights import fingerprint_weights
from colorization.color.statistics import ColorStatistics, count_colors
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder, atomic_write
from colorization.core.settings import NONE, Params, Preprocess, load_params
from colorization.core.tables import read_table, write_table
from colorization.dataset import arrays
from colorization.dataset.examples import Examples
from colorization.embedding.writing import write_embeddings
from colorization.networks import catalog
from colorization.networks.inputs import VariantInputs
from colorization.photos.preprocessing import preprocess
from colorization.photos.split import split_archive
from colorization.sources.fetching import fetch
from colorization.sources.fingerprints import fingerprint_source
from colorization.training.training import train_variant

PROFILE = Path(__file__).resolve().parent.parent / "profiles" / "photographs.yaml"
VARIANTS = ("bn_maxpool", "baseline", "bn_maxpool_no_embedding")
SEED = 1

# In the work folder. For each size there is also a folder with cached arrays and their colors.
SETTINGS, RESULTS, TABLE = "settings.json", "trainings.csv", "trainings.md"
ARCHIVE, SPLIT, EMBEDDINGS, HASHES = "raw.zip", "split.csv", "embeddings", "hashes.json"
CHECKPOINTS = "checkpoints"


class Training(NamedTuple):
    """One combination: it is trained once."""

    variant: str
    image_size: int
    images: int
    learning_rate: float

    @property
    def name(self) -> str:
        """Of its rows and folders."""
        return f"{self.variant}-{self.image_size}px-{self.images}-{self.learning_rate:g}"


@dataclass(frozen=True)
class TrialData(FewData):
    """Data with the first training images, and the validation images that are not nearly gray."""

    min_chroma: float = 0.0

    def examples(self, split: str) -> Examples:
        examples = super().examples(split)
        if split != "validation":
            return examples
        colorful = examples.images.mean_chroma() >= self.min_chroma
        return examples.subset(np.flatnonzero(colorful).tolist())


def main(
    photographs: Path,
    weights: Path,
    work: Path,
    params: Path,
    sizes: list[int],
    images: list[int],
    rates: list[float],
    epochs: int,
) -> None:
    settings = read_settings(params, photographs, weights)
    work.mkdir(parents=True, exist_ok=True)
    prepare(settings, sizes, work)
    for image_size, count, rate, variant in product(sizes, images, rates, VARIANTS):
        available = len(arrays.read(lab_of(image_size, work) / "train").names)
        training = Training(variant, image_size, min(count, available), rate)
        if epochs_done(training, work) < epochs:
            record(train(training, settings, epochs, work), work)
    print(f"\n{(work / TABLE).read_text(encoding='utf-8')}")


def read_settings(params: Path, photographs: Path, weights: Path) -> Params:
    """Read a params file, and set what it takes photographs and the embedding's weights from."""
    settings = load_params(params, catalog.declared())
    download = {"source": str(photographs.absolute()), "labels": NONE}
    return settings.model_copy(
        update={
            "download": settings.download.model_copy(update=download),
            "embed": settings.embed.model_copy(update={"weights": str(weights.absolute())}),
        }
    )


def prepare(params: Params, sizes: list[int], work: Path) -> None:
    """Make the data that the work folder lacks.

    Raises
    ------
    ColorizationError
        If the work folder is of other photographs, weights or settings.
    """
    weights = fingerprint_weights(params.embed.weights, "the weights", work / HASHES)
    check_settings(params, weights, work)
    archive, split = work / ARCHIVE, work / SPLIT
    if not archive.exists():
        fetch(params.download, archive, work / CHECKPOINTS)
    if not split.exists():
        with atomic_write(split) as partial:
            write_table(split_archive(archive, params.split), partial)
    table = read_table(split)
    if not (work / EMBEDDINGS).exists():
        checkpoints = work / CHECKPOINTS / EMBEDDINGS
        hashes, out = work / HASHES, work / EMBEDDINGS
        write_embeddings(params.embed, weights, archive, table, checkpoints, hashes, out)
    for image_size in sizes:
        lab, colors = lab_of(image_size, work), colors_of(image_size, work)
        if not lab.exists():
            with atomic_folder(lab) as folder:
                preprocess(archive, table, Preprocess(image_size=image_size), folder)
        if not colors.exists():
            counted = count_colors(arrays.read(lab / "train").ab)
            with atomic_folder(colors) as folder:
                counted.write(folder)


def check_settings(params: Params, weights: str, work: Path) -> None:
    """Record what all trainings of the work folder have in common, or compare it."""
    common = {
        "photographs": fingerprint_source(params.download.source, work / HASHES),
        "weights": weights,
        "min_chroma": params.evaluate.min_chroma,
        "split": params.split.model_dump(mode="json"),
        "embed": params.embed.model_dump(exclude={"weights"}),
        "train": params.train.model_dump(exclude={"learning_rate", "epochs"}),
        "variants": {name: params.variants[name].model_dump() for name in VARIANTS},
    }
    path = work / SETTINGS
    if not path.exists():
        with atomic_write(path) as partial:
            partial.write_text(json.dumps(common, indent=1) + "\n", encoding="utf-8")
    recorded = json.loads(path.read_text(encoding="utf-8"))
    if different := [key for key, value in common.items() if recorded.get(key) != value]:
        raise ColorizationError(
            f"{path} has other {', '.join(different)}; name another work folder to start anew"
        )


def lab_of(image_size: int, work: Path) -> Path:
    return work / f"{image_size}px" / "lab"


def colors_of(image_size: int, work: Path) -> Path:
    return work / f"{image_size}px" / "colors"


def epochs_done(training: Training, work: Path) -> int:
    """Count the epochs of a completed training; 0 if it is not completed."""
    results = work / RESULTS
    return int((read_table(results)["training"] == training.name).sum()) if results.exists() else 0


def train(training: Training, params: Params, epochs: int, work: Path) -> pd.DataFrame:
    """Train, and return a row per epoch."""
    line = params.variants[training.variant]
    colors = colors_of(training.image_size, work)
    data = TrialData(
        lab_of(training.image_size, work),
        colors,
        VariantInputs(
            line, encoder=None, embeddings=None if line.embedding == NONE else work / EMBEDDINGS
        ),
        training.images,
        params.evaluate.min_chroma,
    )
    print(f"\n{training.name}", flush=True)
    rate = {"epochs": epochs, "learning_rate": training.learning_rate}
    model = work / "models" / training.name
    trained = train_variant(
        training.variant,
        SEED,
        params.train.model_copy(update=rate),
        params.encoders,
        data,
        model,
        work / CHECKPOINTS / training.name,
        work / HASHES,
    )
    history = read_table(model / "history.csv")
    shutil.rmtree(model)
    validation = data.examples("validation")
    rows = history[["epoch", "train_mse", "val_mse"]].assign(
        validation_images=len(validation),
        error_removed=100 * (1 - history["val_mse"] / constant_mse(validation, colors)),
        images_per_second=trained.outcome.images_per_second,
    )
    of_training = {"training": training.name, **training._asdict()}
    for position, (column, value) in enumerate(of_training.items()):
        rows.insert(position, column, value)
    return rows


def constant_mse(validation: Examples, colors: Path) -> float:
    """Mean squared error of ab if every pixel has the mean color of the training images."""
    mean_ab = ColorStatistics.read(colors).mean_ab
    errors = [np.mean((mean_ab - ab) ** 2, dtype=np.float64) for ab in validation.images.ab]
    return float(np.mean(errors))


def record(rows: pd.DataFrame, work: Path) -> None:
    """Add the rows of a completed training to those of the others, and write the table."""
    results = work / RESULTS
    if results.exists():
        others = read_table(results)
        rows = pd.concat([others[others["training"] != rows["training"].iloc[0]], rows])
    with atomic_write(results) as partial:
        write_table(rows, partial)
    with atomic_write(work / TABLE) as partial:
        partial.write_text(f"{turns.machine()}\n\n{tabulated(rows)}\n", encoding="utf-8")


def tabulated(rows: pd.DataFrame) -> str:
    """Tabulate the error removed: a row per training, a column per epoch."""
    titles = {
        "variant": "variant",
        "image_size": "px",
        "images": "training images",
        "learning_rate": "learning rate",
        "images_per_second": "images per second",
    }
    rows = rows.assign(images_per_second=rows["images_per_second"].round(1))
    table = rows.pivot_table("error_removed", list(titles), "epoch", sort=False).round(1)
    count = rows["validation_images"].max()
    return (
        f"Error removed after each epoch, in percent, on {count:,} validation photographs that are "
        f"not nearly gray\n\n{table.reset_index().rename(columns=titles).to_markdown(index=False)}"
    )


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("photographs", type=Path, help="a folder, a zip or a tar")
    parser.add_argument("weights", type=Path, help="of the embedding network of the params file")
    parser.add_argument("work", type=Path, help="the work folder; made if missing")
    parser.add_argument("--params", type=Path, default=PROFILE)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96], metavar="PX")
    parser.add_argument("--images", type=int, nargs="+", default=[6000, 12000], metavar="COUNT")
    parser.add_argument("--rates", type=float, nargs="+", default=[1e-3, 3e-4, 1e-4])
    parser.add_argument("--epochs", type=int, default=8)
    try:
        main(**vars(parser.parse_args()))
    except (ColorizationError, OSError) as error:
        sys.exit(f"study_settings: {error}")
