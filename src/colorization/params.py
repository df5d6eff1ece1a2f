"""The schema of params.yaml: one frozen section per stage, validated as a whole.

No default stands in code: what a run used can be read in params.yaml alone.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from colorization.errors import ColorizationError

# In the paper's order. Their architectures are the table of the same names in models/variants.py.
EmbeddingVariant = Literal["baseline", "deeper", "bn_maxpool", "l2", "spatial_dropout"]
VggVariant = Literal["vgg16_conv", "vgg16_repeat", "vgg19_unet"]
Variant = Literal[EmbeddingVariant, VggVariant]

# The pretrained encoder of each VGG variant, a key of `encoders`.
ENCODER_OF = {
    "vgg16_conv": "vgg16",
    "vgg16_repeat": "vgg16",
    "vgg19_unet": "vgg19",
}

THINNED: Variant = "bn_maxpool"  # also trained on parts of the training images

EmbedPrecision = Literal["auto", "float32", "mixed_bfloat16"]  # random logits fall under float16
TrainPrecision = Literal[EmbedPrecision, "mixed_float16"]
Devices = Literal["one", "all"]

EmbeddingNetwork = Literal["inception_resnet_v2", "inception_v3", "mobilenet_v2"]

Count = Annotated[int, Field(ge=1)]
Thinning = Annotated[int, Field(ge=2)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotEmpty = Annotated[str, Field(min_length=1)]


def _distinct(items: tuple) -> tuple:
    if len(set(items)) < len(items):
        raise PydanticCustomError("distinct", "must name each item once")
    return items


def _sum_to_one(ratios: tuple[float, ...]) -> tuple[float, ...]:
    total = sum(ratios)
    if abs(total - 1) > 1e-9:
        terms = " + ".join(f"{ratio:g}" for ratio in ratios)
        raise PydanticCustomError("ratios", f"must sum to 1; found {terms} = {total:g}")
    return ratios


class Section(BaseModel):
    """A section of params.yaml: frozen, without conversions, without unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Scenes(Section):
    """`download.scenes`: the procedural landscapes."""

    count: Count
    width: Annotated[int, Field(ge=32, le=4096)]
    height: Annotated[int, Field(ge=32, le=4096)]
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]
    seed: Seed


class Download(Section):
    """`download`: where the photographs come from."""

    source: NotEmpty
    scenes: Scenes


class Split(Section):
    """`split`: which photograph serves for what."""

    ratios: Annotated[tuple[Fraction, Fraction, Fraction], AfterValidator(_sum_to_one)]
    seed: Seed
    min_side: Count
    max_aspect: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    min_chroma: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Preprocess(Section):
    """`preprocess`: the cached arrays."""

    image_size: Annotated[int, Field(ge=32, le=1024, multiple_of=32)]


class Embed(Section):
    """`embed`: the ImageNet embedding of each image."""

    network: EmbeddingNetwork
    weights: NotEmpty
    seed: Seed
    batch_size: Count
    precision: EmbedPrecision


class Encoders(Section):
    """`encoders`: the weights of each pretrained encoder."""

    vgg16: NotEmpty
    vgg19: NotEmpty


class Model(Section):
    """`model`: which variant `dvc repro` trains."""

    variant: Variant


class Study(Section):
    """`study`: all trainings that belong to the comparison.

    Beside those of `trainings`, THINNED is trained from each seed on one image in `one_in`.
    """

    variants: Annotated[tuple[EmbeddingVariant, ...], AfterValidator(_distinct)]
    vgg_variants: Annotated[tuple[VggVariant, ...], AfterValidator(_distinct)]
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(_distinct)]
    one_in: Annotated[tuple[Thinning, ...], AfterValidator(_distinct)]

    def trainings(self) -> list[tuple[Variant, int]]:
        """Every variant and seed that belongs to the comparison, in its order."""
        return [
            (variant, seed)
            for variant in (*self.variants, *self.vgg_variants)
            for seed in self.seeds
        ]


class Train(Section):
    """`train`: how every variant is trained."""

    epochs: Count
    batch_size: Count
    learning_rate: Positive
    decay_steps: Count
    decay_rate: Annotated[float, Field(gt=0, le=1)]
    flip: bool
    precision: TrainPrecision
    devices: Devices
    monitor_images: Count


class Evaluate(Section):
    """`evaluate`: the test metrics and pictures."""

    batch_size: Count
    sample_images: Count
    extreme_images: Count


class Params(Section):
    """The whole of params.yaml."""

    download: Download
    split: Split
    preprocess: Preprocess
    embed: Embed
    encoders: Encoders
    model: Model
    study: Study
    train: Train
    evaluate: Evaluate

    @model_validator(mode="after")
    def _variant_is_studied(self) -> Self:
        studied = (*self.study.variants, *self.study.vgg_variants)
        if self.model.variant not in studied:
            raise PydanticCustomError(
                "variant",
                "model.variant must be one of study.variants and study.vgg_variants "
                f"({', '.join(studied)}); found {self.model.variant!r}",
            )
        return self


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, with YAML 1.2's numbers: DVC writes 0.00001 as 1e-05."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def load_params(path: Path) -> Params:
    """Read and validate a params file.

    Parameters
    ----------
    path : Path
        A YAML file with the sections of `Params`.

    Returns
    -------
    Params

    Raises
    ------
    ColorizationError
        If the file cannot be read, or holds an unknown, missing, mistyped or out-of-range value.
        The message names file, key, what was wanted and what was found.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506
    except OSError as error:
        raise ColorizationError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ColorizationError(f"{path}: not valid YAML: {_one_line(error)}") from error
    try:
        # Through JSON, whose strict mode takes a list for a tuple and still no text for a number.
        text = json.dumps(content, default=str)
    except (TypeError, ValueError) as error:  # a date as a key, a list within itself
        raise ColorizationError(f"{path}: not valid YAML: {_one_line(error)}") from error
    try:
        return Params.model_validate_json(text)
    except ValidationError as error:
        raise ColorizationError("\n".join(f"{path}: {line}" for line in _explain(error))) from error


def _explain(error: ValidationError) -> list[str]:
    """One line per mistake: key, wanted, found."""
    lines = []
    for mistake in error.errors(include_url=False):
        key = ".".join(str(part) for part in mistake["loc"])
        if mistake["type"] == "extra_forbidden":
            lines.append(f"{key} is not a parameter; remove it or correct its name")
        elif mistake["type"] == "missing":
            lines.append(f"{key} is missing")
        elif mistake["type"] in ("ratios", "variant"):
            lines.append(f"{key} {mistake['msg']}".strip())
        else:
            wanted = mistake["msg"].replace("Input should be", "must be")
            if mistake["type"] == "literal_error":
                choices = mistake["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
                wanted = f"must be one of {choices}"
            found = mistake["input"]
            lines.append(f"{key or 'the file'} {wanted}; found {found!r}{_hint(found)}")
    return lines


def _hint(found: object) -> str:
    """Say that a number in quotes is text."""
    if isinstance(found, str):
        try:
            number = float(found)
            return f" (text to YAML; write {int(found) if found.isdecimal() else number!r})"
        except ValueError:
            pass
    return ""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
