"""What a packaged model says of itself: `colorization.json`, beside the files that it lists.

colorization.json  this manifest
README.md          the model card
model.json         architecture, as Keras writes it
model.weights.h5   weights
embedding.npy      (2, 1000) float32: mean and deviation by which logits are standardised; missing
                   where the variant takes no embedding
training.json      what it was trained with
metrics.json       what it scored on the test split
history.csv        a row per epoch of its training

A package comes from anywhere and is not trusted: nothing in it is code or a pickle, every file that
is read is listed with its sha256, and Keras builds the architecture in safe mode.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.core.records import NotEmpty, Record, Seed, Sha256, key_of
from colorization.settings.embed import Network
from colorization.settings.preprocess import ImageSize

NAME = "colorization.json"
LONGEST = 2**20  # bytes of it; a few thousand are usual
LOADED = ("model.json", "model.weights.h5")
STANDARDIZATION = "embedding.npy"
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=255)]


class Embedding(Record):
    """The network whose logits the model takes.

    `weights` is "random" (drawn from `seed`), "imagenet" (Keras downloads them) or the sha256 of a
    weights file, which was at `path` when the model was trained: `~` stands for a home, whose name
    is nobody's business. `precision` is that of the logits in its training.
    """

    network: Network
    weights: Literal["random", "imagenet"] | Sha256
    seed: Seed
    precision: Literal["float32", "mixed_bfloat16"]
    path: Annotated[str, Field(max_length=4096)] | None


class Manifest(Record):
    """What is needed to colorize, and where the model comes from."""

    format: Literal[2]
    variant: NotEmpty
    image_size: ImageSize
    embedding: Embedding | None
    source: NotEmpty
    files: dict[FileName, Sha256]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a folder whose other files are all there."""
    text = manifest.model_dump_json(indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read a package's manifest, and verify every file that it lists.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Manifest
        It lists all that is loaded.

    Raises
    ------
    ColorizationError
        If the folder is no package, or a file is missing or not what was packaged.
    """
    manifest = _parse(folder / NAME, _text(folder))
    needed = {*LOADED, *([STANDARDIZATION] if manifest.embedding else [])}
    for name in sorted(needed - set(manifest.files)):
        raise ColorizationError(f"{folder}: {NAME} does not list {name}; the package is not whole")
    for name, sha256 in manifest.files.items():
        path = folder / name
        try:
            if not path.is_file():  # a pipe or a device would never end
                raise ColorizationError(f"{folder}: {name} is missing; the package is not whole")
            if sha256_of(path) != sha256:
                raise ColorizationError(f"{folder}: {name} is not the file that was packaged")
        except OSError as error:
            raise ColorizationError(f"{folder}: {name} cannot be read: {error.strerror}") from error
    return manifest


def _text(folder: Path) -> str:
    path = folder / NAME
    try:
        if not path.is_file():
            raise FileNotFoundError(path)
        if path.stat().st_size > LONGEST:
            raise ColorizationError(f"{path} is longer than {LONGEST} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ColorizationError(
            f"{folder} is not a packaged model: it holds no readable {NAME}; "
            "`dvc repro package` makes one in models/chosen"
        ) from error


def _parse(path: Path, text: str) -> Manifest:
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        key = key_of(mistake["loc"])
        again = "; `dvc repro package` makes the package anew" if key == "format" else ""
        raise ColorizationError(f"{path}: {key} {mistake['msg']}{again}") from error
