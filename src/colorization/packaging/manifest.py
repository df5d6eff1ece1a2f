"""Read and write a packaged model's manifest, `colorization.json`, which lists its files.

colorization.json  this manifest
README.md          the model card
model.onnx         the network, from `L`, and `embedding` if it takes one, to `ab`, or to `logits`
                   if there is a dial; it takes any number of photographs of any height and width
dial.onnx          from `logits` and `vividness` to `ab`; missing if the variant has no dial
embedder.onnx      the embedding network, from `L` to `logits`; missing, like the next file, if the
                   variant takes no embedding
embedding.npy      (2, 1000) float32: mean and deviation by which logits are standardized
training.json      the settings that the model was trained with
metrics.json       the model's scores on the test split
history.csv        a row per epoch of its training

A package may come from anywhere, so it is not trusted: nothing in it is code or a pickle, and every
file that is read is listed with its sha256.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.core.records import ImageSize, NotEmpty, Record, Sha256, key_of

NAME = "colorization.json"
CARD = "README.md"
RELEASED = Path(__file__).parent.parent / "released"  # the model that comes with this program
LONGEST = 2**20  # bytes of the manifest; a few thousand are usual
MODEL = "model.onnx"
DIAL = "dial.onnx"
EMBEDDER = "embedder.onnx"
STANDARDIZATION = "embedding.npy"
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=255)]


class Dial(Record):
    """The dial of a model that predicts how likely each color is.

    Attributes
    ----------
    default : float
        Position unless another is asked for, in [0, 1].
    bins : int
        Number of colors.
    """

    default: Annotated[float, Field(ge=0, le=1)]
    bins: Annotated[int, Field(ge=1, le=10_000)]


class Manifest(Record):
    """The facts that colorizing needs, and the origin of the model.

    Attributes
    ----------
    format : int
        Version of this manifest's format, and of the formats of the files that it lists.
    variant : str
    image_size : int
        px, the shorter side of the images that the network sees.
    dial : Dial or None
        None for a model without a dial.
    embedder_size : int or None
        px, the side of the squares that the embedding network sees; None without an embedder.
    source : str
        Source of the photographs that the model was trained on.
    files : dict
        The sha256 of each file.
    """

    format: Literal[4]
    variant: NotEmpty
    image_size: ImageSize
    dial: Dial | None
    embedder_size: Annotated[int, Field(ge=32, le=1024)] | None
    source: NotEmpty
    files: dict[FileName, Sha256]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder that already holds all the other files."""
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
        It lists every file that is loaded.

    Raises
    ------
    ColorizationError
        If the folder is no package, or a file is missing or is not the one that was packaged.
    """
    manifest = _parse(folder / NAME, _text(folder))
    needed = {
        MODEL,
        *([DIAL] if manifest.dial else []),
        *([EMBEDDER, STANDARDIZATION] if manifest.embedder_size else []),
    }
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
