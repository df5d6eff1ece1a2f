r"""Show photographs as several models colorize them, side by side, to be looked at.

Writes sheets of `ACROSS` photographs as PNG: a row in gray, rows by each model at vividness 0, its
default and 1, and the photographs themselves. The photographs are evenly spaced, none is picked by
hand. `--aged` makes the gray ones look old, with the defects of `training/aging.py`.

    python benchmarks/side_by_side.py --photos bsds500.zip --out sheets/bsds500 --aged \
        --models former=../former/src/colorization/released new=src/colorization/released
    python benchmarks/side_by_side.py --photos data/raw.zip --split data/split.csv \
        --labels mirflickr_labels.zip --label portrait_r1 --out sheets/portraits \
        --models new=models/chosen
"""

from functools import partial
from pathlib import Path

import numpy as np

from arguments import build_parser
from colorization.color import lab
from colorization.colorizing.colorizer import Colorizer, load
from colorization.core.tables import read_table
from colorization.labels.reading import read_labels
from colorization.labels.subsets import join
from colorization.pages import pictures
from colorization.pages.pictures import Block
from colorization.photos import decoding, model_input
from colorization.sources import archives
from colorization.training import aging

ACROSS = 8  # photographs of a sheet
SIDE = pictures.TILE  # px, of the photographs' center squares
SEED = 1  # of the defects
ALWAYS = (aging.fade, aging.grain)  # defects of every aged photograph


def main(
    photos: Path,
    models: list[tuple[str, Colorizer]],
    out: Path,
    split: Path | None,
    labels: Path | None,
    label: str,
    count: int,
    aged: bool,
) -> None:
    folder = photos.is_dir()
    names = archives.folder_image_names(photos) if folder else archives.image_names(photos)
    read = (
        (lambda name: (photos / name).read_bytes())
        if folder
        else partial(archives.read_member, photos)
    )
    if split is not None:
        names = in_test_split(names, split)
    if labels is not None:
        names = with_label(names, labels, label)
    chosen = names[:: max(1, len(names) // count)][:count]
    out.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(chosen), ACROSS):
        batch = chosen[start : start + ACROSS]
        truth = np.stack([square(read(name)) for name in batch])
        path = out / f"{1 + start // ACROSS}.png"
        pictures.figure([Block("", rows(truth, dict(models), aged, start))], path)
        print(path, *batch)


def in_test_split(names: list[str], split: Path) -> list[str]:
    table = read_table(split)
    test = set(table.loc[table["split"] == "test", "name"])
    return [name for name in names if name in test]


def with_label(names: list[str], labels: Path, label: str) -> list[str]:
    table = join(read_labels(str(labels.resolve()), Path()), names)
    labeled = set(table.loc[table["label"] == label, "name"])
    return [name for name in names if name in labeled]


def square(content: bytes) -> np.ndarray:
    """The center square of a photograph, (SIDE, SIDE, 3) uint8 sRGB."""
    return model_input.decode_square(decoding.open_image(content), SIDE)


def rows(
    truth: np.ndarray, models: dict[str, Colorizer], aged: bool, first: int
) -> dict[str, np.ndarray]:
    """The rows of a sheet: photographs in gray, by each model, and in true colors.

    Parameters
    ----------
    truth : (S, SIDE, SIDE, 3) uint8 array
        sRGB.
    models : dict of str to Colorizer
    aged : bool
        Whether the gray photographs look old.
    first : int
        Number of the first one: each photograph has defects of its own.

    Returns
    -------
    dict of str to (S, SIDE, SIDE, 3) uint8 array
    """
    L = lab.rgb_to_lab(truth)[0]
    if aged:
        L = np.stack(
            [age(image, np.random.default_rng((SEED, first + n))) for n, image in enumerate(L)]
        )
    gray = lab.lab_to_rgb(L, np.zeros(2))
    colorized = {}
    for name, colorizer in models.items():
        for vividness in positions(colorizer):
            title = name if vividness is None else f"{name}_{vividness:g}"
            images = [np.asarray(colorizer(image, vividness=vividness)) for image in gray]
            colorized[title] = np.stack(images)
    return {"gray": gray, **colorized, "truth": truth}


def positions(colorizer: Colorizer) -> list[float | None]:
    """Vividness 0, the default, and 1; only None for a model without vividness."""
    if colorizer.vividness is None:
        return [None]
    return [*sorted({0.0, colorizer.vividness, 1.0})]


def age(L: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make one L, (H, W, 1) in [-1, 1], look old; unlike `aging.age`, always, and never blank."""
    light = (L[..., 0] + 1) / 2
    for defect in aging.DEFECTS:
        if defect in ALWAYS or rng.random() < aging.DEFECTIVE:
            light, _ = defect(light, rng)
    return (np.clip(light, 0, 1) * 2 - 1)[..., None].astype(np.float32)


def named_model(text: str) -> tuple[str, Colorizer]:
    name, _, folder = text.partition("=")
    return name, load(folder)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder or zip")
    parser.add_argument("--models", type=named_model, nargs="+", required=True, metavar="NAME=DIR")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", type=Path, help="split.csv: only test photographs")
    parser.add_argument("--labels", type=Path, help="as download.labels")
    parser.add_argument("--label", default="portrait_r1", help="with --labels")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--aged", action="store_true")
    main(**vars(parser.parse_args()))
