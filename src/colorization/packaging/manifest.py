"""Read and write the manifest of a packaged model, `colorization.json`, which lists its files.

colorization.json  this manifest
README.md          the model card
model.onnx         the network, from `L`, and `embedding` if it takes one, to `ab`, or to `logits`
                   if the model has a vividness; batch size, height and width are dynamic
decode.onnx        from `logits` and `vividness` to `ab`; only for a model with a vividness
embedder.onnx      the embedding network, from `L` of the photograph's center square, see
                   `embedder_input.prepare_embedder_input`, to `logits`; like the next file, only
                   for a model that takes an embedding
embedding.npy      (2, 1000) float32: mean and standard deviation of the embedder's logits
training.json      settings of the training
metrics.json       scores on the test split
history.csv        a row per epoch of the training

Packages are not trusted: no file is code or a pickle, and every file read is listed with its
sha256.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.core.records import ImageSize, NotEmpty, Record, Sha256, key_of, shortened

FORMAT: Final = 6
NAME = "colorization.json"
CARD = "README.md"
RELEASED = Path(__file__).parent.parent / "released"  # the released model
LONGEST = 2**20  # bytes of the manifest; typically under a thousand
MODEL = "model.onnx"
DECODE = "decode.onnx"
EMBEDDER = "embedder.onnx"
STANDARDIZATION = "embedding.npy"
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=255)]


class Vividness(Record):
    """The vividness of a model that predicts a distribution over colors.

    Attributes
    ----------
    default : float
        Default vividness, in [0, 1].
    bins : int
        Number of colors in the distribution.
    """

    default: Annotated[float, Field(ge=0, le=1)]
    bins: Annotated[int, Field(ge=1, le=10_000)]


class Manifest(Record):
    """What colorizing needs to know about a model.

    Attributes
    ----------
    format : int
        Version of this manifest's format, and of the formats of the files that it lists.
    variant : str
    image_size : int
        Shorter side of the network's input, px.
    vividness : Vividness or None
        None for a model that predicts ab directly.
    embedder_size : int or None
        Side of the embedding network's square input, px; None without an embedder.
    source : str
        Source of the photographs that the model was trained on.
    files : dict
        The sha256 of each file.
    """

    format: Literal[6]
    variant: NotEmpty
    image_size: ImageSize
    vividness: Vividness | None
    embedder_size: Annotated[int, Field(ge=32, le=1024)] | None
    source: NotEmpty
    files: dict[FileName, Sha256]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder that already contains all other files."""
    text = manifest.model_dump_json(indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read a package's manifest and verify every file that it lists.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Manifest

    Raises
    ------
    ColorizationError
        If the folder is not a package, or a file is missing or has another content.
    """
    manifest = _parse(folder / NAME, _text(folder))
    needed = {
        MODEL,
        *([DECODE] if manifest.vividness else []),
        *([EMBEDDER, STANDARDIZATION] if manifest.embedder_size else []),
    }
    for name in sorted(needed - set(manifest.files)):
        raise ColorizationError(f"{folder}: {NAME} does not list {name}; the package is incomplete")
    for name, sha256 in manifest.files.items():
        path = folder / name
        try:
            if not path.is_file():  # a pipe or a device would never end
                raise ColorizationError(f"{folder}: {name} is missing; the package is incomplete")
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
            f"{folder} is not a packaged model: it contains no readable {NAME}; "
            "`dvc repro package` makes one in models/chosen"
        ) from error


def _parse(path: Path, text: str) -> Manifest:
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        if mistake["type"] == "literal_error":  # `format`, the only literal
            raise ColorizationError(
                f"{path}: format must be {FORMAT}; found {shortened(mistake['input'])}; "
                "run `dvc repro package` again"
            ) from error
        raise ColorizationError(f"{path}: {key_of(mistake['loc'])} {mistake['msg']}") from error
