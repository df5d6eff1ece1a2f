"""Defines the schema of params.yaml: a class for each section, and `Params` for all of them.

params.yaml is recorded with every result, so it must not contain secrets. User and password are
read from ~/.netrc. A URL's query may refer to other secrets by the names of environment variables.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Annotated, Any, Literal, get_args
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Field, ValidationError

from colorization.core.errors import ColorizationError
from colorization.core.parameters import Section, Sections, read_yaml
from colorization.core.records import (
    MAX_COUNT,
    Count,
    Fraction,
    ImageSize,
    NotEmpty,
    Record,
    Seed,
    distinct,
    explain,
    mistake,
    shortened,
)

NONE = "none"  # instead of an embedding, an encoder or labels

Side = Annotated[int, Field(ge=32, le=1024)]  # as preprocess.image_size; larger ones take gigabytes

# Keys of a query whose values are secret, as in presigned URLs.
SECRET = re.compile(
    "token|secret|passw|signature|credential|accesskey|(^|[-_])(api)?(key|sig|auth|pwd)$",
    re.IGNORECASE,
)


def redact(source: str) -> str:
    """Remove what may be secret from a source: the user, password and query of a URL."""
    if "://" not in source:
        return source
    return re.sub(r"(?<=://)[^/?#]*@|\?[^#]*", "", source)


def _refuse_secrets(source: str) -> str:
    if re.match(r"\w+://[^/?#]*@", source):
        raise mistake(
            "must not contain a user and password, since params.yaml is recorded with every "
            "result; write `machine HOST login USER password PASSWORD` into ~/.netrc"
        )
    query = source.partition("#")[0].partition("?")[2] if "://" in source else ""
    for name, value in parse_qsl(query):
        if SECRET.search(name) and not value.startswith("$"):
            raise mistake(
                f"must not contain its {name}, since params.yaml is recorded with every result; "
                f"write {name}=$NAME, and set the environment variable NAME"
            )
    if not Template(query).is_valid():
        raise mistake(
            "has a $ in its query without the name of an environment variable; "
            "write $$ for a literal $"
        )
    return source


class Scenes(Record):
    """`download.scenes`: the procedural landscapes."""

    count: Count
    width: Side
    height: Side
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]
    seed: Seed


UNLABELED = ("scenes", "bsds500")  # sources that are not of MIRFLICKR-25000


class Download(Section):
    """`download`: the source of the photographs, and of labels that say what is on them.

    Attributes
    ----------
    source : str
    labels : str
        "none", "mirflickr25k", or the path of a zip or a folder; see `labels.reading`.
    scenes : Scenes
    """

    source: Annotated[NotEmpty, AfterValidator(_refuse_secrets)]
    labels: NotEmpty
    scenes: Scenes

    @property
    def redacted_source(self) -> str:
        """The source without secrets; see `redact`."""
        return redact(self.source)


def _sum_to_one(ratios: tuple[float, ...]) -> tuple[float, ...]:
    total = sum(ratios)
    if abs(total - 1) > 1e-9:
        terms = " + ".join(f"{ratio:g}" for ratio in ratios)
        raise mistake(f"must sum to 1; found {terms} = {total:g}")
    return ratios


class Split(Section):
    """`split`: the split of the photographs into training, validation and test."""

    ratios: Annotated[tuple[Fraction, Fraction, Fraction], AfterValidator(_sum_to_one)]
    seed: Seed
    # px. A larger minimum would exclude every square: at most 89 megapixels are decoded.
    min_side: Annotated[int, Field(ge=1, le=9459)]
    max_aspect: Annotated[float, Field(ge=1, le=1e8)]  # no decoded image is longer
    min_chroma: Annotated[float, Field(ge=0, le=134)]  # sRGB's blue has the largest, 134


class Preprocess(Section):
    """`preprocess`: the cached arrays."""

    image_size: ImageSize


EmbeddingNetwork = Literal["inception_resnet_v2", "inception_v3", "mobilenet_v2"]


class Embed(Section):
    """`embed`: the ImageNet embedding of each image."""

    network: EmbeddingNetwork
    weights: NotEmpty
    seed: Seed
    # The largest network takes 1.3 GB, and each image of a batch 17 MB: together under 2 GiB.
    batch_size: Annotated[int, Field(ge=1, le=32)]
    # Without mixed_float16: the logits of random weights are too small for float16.
    precision: Literal["auto", "float32", "mixed_bfloat16"]


def _refuse_imagenet(weights: str) -> str:
    if weights == "imagenet":
        raise mistake(
            "must be random, or the path of a weights file, since Keras has none to download; "
            "tools/efficientnet_lite2.py makes one; found 'imagenet'"
        )
    return weights


class Encoders(Section):
    """`encoders`: the weights of each pretrained encoder."""

    vgg16: NotEmpty
    vgg19: NotEmpty
    mobilenet_v2: NotEmpty
    efficientnet_lite2: Annotated[NotEmpty, AfterValidator(_refuse_imagenet)]

    def weights(self, encoder: str) -> str:
        """Return the weights of an encoder, a key of this section."""
        return self.model_dump()[encoder]


class Model(Section):
    """`model`: the variant that `dvc repro` trains."""

    variant: NotEmpty


class Train(Section):
    """`train`: the training of all variants; a variant may override any of it."""

    epochs: Count
    batch_size: Annotated[int, Field(ge=1, le=4096)]
    learning_rate: Annotated[float, Field(gt=0, le=1000)]  # about Adam's step
    schedule: Literal["exponential", "cosine"]
    decay_steps: Annotated[int, Field(ge=1, le=1_000_000_000)]
    decay_rate: Annotated[float, Field(gt=0, le=1)]
    encoder_lr_multiplier: Annotated[float, Field(ge=0, le=1)]
    fraction: Annotated[float, Field(ge=0.001, le=1)]
    min_chroma: Annotated[float, Field(ge=0, le=134)]  # the largest chroma of sRGB
    flip: bool
    crop: Annotated[int, Field(ge=0, le=1024, multiple_of=32)]
    aged: Annotated[float, Field(ge=0, le=1)]
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
    devices: Literal["one", "all"]
    num_val_images: Count

    def override(self, overrides: dict[str, Any], variant: str) -> "Train":
        """Return the settings of a variant.

        Raises
        ------
        ColorizationError
            If an override is unknown, mistyped or out of range. The message begins with its key.
        """
        try:
            settings = Train.model_validate({**self.model_dump(), **overrides})
        except ValidationError as error:
            lines = explain(error, f"variants.{variant}.train")
            raise ColorizationError("\n".join(lines)) from error
        if settings.epochs / settings.fraction > MAX_COUNT:
            raise ColorizationError(
                f"variants.{variant}: epochs / fraction must be at most {MAX_COUNT:,}; "
                f"found {settings.epochs:,} / {settings.fraction:g}"
            )
        return settings


IMAGENET = "imagenet"  # the embedding as the section `embed` defines it
# Embeddings without semantic information on their photograph.
Uninformative = Literal["random_network", "another_photograph"]
UNINFORMATIVE: tuple[Uninformative, ...] = get_args(Uninformative)
# What variants may take in place of `IMAGENET`, to see what it is worth.
Control = Literal["imagenet_raw", Uninformative]
CONTROLS: tuple[Control, ...] = get_args(Control)
Embedding = Literal["none", "imagenet", Control]
Encoder = Literal["none", "vgg16", "vgg19", "mobilenet_v2", "efficientnet_lite2"]


class Variant(Record):
    """A variant: a line of `variants`.

    Attributes
    ----------
    network : str
        The name of a file in `colorization.architectures`.
    embedding : str
        A folder of data/embeddings: "imagenet", as the section `embed` defines them; one of
        `CONTROLS`; or "none".
    encoder : str
        The pretrained encoder of the network, a key of `encoders`, or "none".
    train : dict
        Overrides of the section `train`.
    """

    network: NotEmpty
    embedding: Embedding
    encoder: Encoder
    train: dict[str, Any] = Field(default_factory=dict)


class Study(Section):
    """`study`: what the trainings of the comparison need.

    Attributes
    ----------
    controls : tuple of str
        The embeddings to compute beside "imagenet", for variants that name them.
    seeds : tuple of int
        Each variant is trained once from each of them.
    """

    controls: Annotated[tuple[Control, ...], AfterValidator(distinct)]
    seeds: Annotated[
        tuple[Seed, ...], Field(min_length=1, max_length=1000), AfterValidator(distinct)
    ]


class Evaluate(Section):
    """`evaluate`: the test metrics and pictures."""

    batch_size: Annotated[int, Field(ge=1, le=1024)]
    min_chroma: Annotated[float, Field(ge=0, le=134)]  # the largest chroma of sRGB
    num_samples: Annotated[int, Field(ge=1, le=1000)]  # each is several pictures of a page
    num_best_worst: Annotated[int, Field(ge=1, le=1000)]


# Keys and columns of the comparison beside the variants' own.
RESERVED = ("constant", "gray", "images", "images_scored", "photograph", "truth")


def _check_names(variants: dict[str, Variant]) -> dict[str, Variant]:
    """Refuse names that do not suit files, DVC's stages, parameters, or the tables of a study."""
    for name in variants:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
            raise mistake(
                "must have names of up to 100 lowercase letters, digits and underscores, with a "
                f"letter first; found {shortened(name)}"
            )
        if name in RESERVED:
            raise mistake(f"must not have the names {', '.join(RESERVED)}; found {name!r}")
    return variants


class Params(Sections):
    """All sections of params.yaml."""

    download: Download
    split: Split
    preprocess: Preprocess
    embed: Embed
    encoders: Encoders
    model: Model
    variants: Annotated[dict[str, Variant], Field(min_length=1), AfterValidator(_check_names)]
    study: Study
    train: Train
    evaluate: Evaluate

    def trainings(self) -> list[tuple[str, int]]:
        """List every variant and seed, in the study's order."""
        return [(variant, seed) for variant in self.variants for seed in self.study.seeds]


@dataclass(frozen=True)
class NetworkInputs:
    """What a network takes beside L.

    Attributes
    ----------
    embedding : bool
        Whether it can take an embedding.
    encoder : str
        Its pretrained encoder, a key of `encoders`, or "none".
    """

    embedding: bool
    encoder: str


def load_params(path: Path, networks: Mapping[str, NetworkInputs]) -> Params:
    """Read and validate a params file.

    Parameters
    ----------
    path : Path
    networks : mapping of str to NetworkInputs
        All networks, by name.

    Returns
    -------
    Params

    Raises
    ------
    ColorizationError
        As for `Sections.load`; also if a variant has an unknown network, one that its encoder or
        embedding does not suit, or invalid overrides, or if `model.variant` is not one of
        `variants` or takes an embedding that no photograph to be colorized has.
    """
    _refuse_old(path)
    params = Params.load(path)
    if lines := [f"{path}: {line}" for line in _disagreements(params, networks)]:
        raise ColorizationError("\n".join(lines))
    return params


def _refuse_old(path: Path) -> None:
    """Refuse a params file in the format before `variants`."""
    content = read_yaml(path)
    if isinstance(content, dict) and "study" in content and "variants" not in content:
        raise ColorizationError(
            f"{path}: variants is missing; each variant is now a line of `variants`: start from a "
            "file of profiles/ and set your values there"
        )


def _disagreements(params: Params, networks: Mapping[str, NetworkInputs]) -> Iterator[str]:
    if params.download.source in UNLABELED and params.download.labels != NONE:
        yield (
            f"download.labels must be {NONE} for {params.download.source}: labels number the "
            f"photographs of MIRFLICKR-25000; found {shortened(params.download.labels)}"
        )
    yield from _large_crop("train", params.train, params.preprocess)
    for name, variant in params.variants.items():
        yield from _unsuitable(name, variant, networks)
        if variant.embedding in CONTROLS and variant.embedding not in params.study.controls:
            yield f"variants.{name}.embedding: study.controls must list {variant.embedding}, too"
        try:
            train = params.train.override(variant.train, name)
        except ColorizationError as error:
            yield from str(error).splitlines()
        else:
            if "crop" in variant.train:
                yield from _large_crop(f"variants.{name}.train", train, params.preprocess)
    chosen = params.model.variant
    choices = [
        name for name, line in params.variants.items() if line.embedding not in UNINFORMATIVE
    ]
    if chosen not in choices:
        control = ", a control" if chosen in params.variants else ""
        yield f"model.variant must be one of {', '.join(choices)}; found {chosen!r}{control}"


def _large_crop(where: str, train: Train, preprocess: Preprocess) -> Iterator[str]:
    if train.crop > preprocess.image_size:
        yield (
            f"{where}.crop must be at most preprocess.image_size, {preprocess.image_size}; "
            f"found {train.crop}"
        )


def _unsuitable(name: str, line: Variant, networks: Mapping[str, NetworkInputs]) -> Iterator[str]:
    """What of a variant's line does not suit its network."""
    if line.network not in networks:
        yield (
            f"variants.{name}.network must be one of {', '.join(networks)}; found {line.network!r}"
        )
        return
    takes = networks[line.network]
    if line.encoder != takes.encoder:
        yield (
            f"variants.{name}.encoder must be {takes.encoder}, as for any variant of the network "
            f"{line.network}; found {line.encoder}"
        )
    if line.embedding != NONE and not takes.embedding:
        yield (
            f"variants.{name}.embedding must be none, since the network {line.network} takes no "
            f"embedding; found {line.embedding}"
        )
