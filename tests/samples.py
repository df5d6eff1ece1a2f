"""Small images, archives, settings and networks that several tests use."""

import functools
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from colorization.color import lab
from colorization.color.statistics import ColorStatistics, count_colors
from colorization.core.settings import NONE, Params, Variant, load_params
from colorization.core.splits import NAMES
from colorization.dataset import arrays
from colorization.dataset.examples import Examples
from colorization.embedding.photographs import decode_batch
from colorization.networks import catalog
from colorization.networks.architecture import Network, build_network
from colorization.networks.vividness import OPERATING_POINTS, AdjustableModel
from colorization.sources import archives, scenes
from colorization.sources.archives import Member

ROOT = Path(__file__).resolve().parent.parent
PARAMS: Params = load_params(ROOT / "profiles" / "quick.yaml", catalog.declared())
VARIANTS: dict[str, Variant] = load_params(
    ROOT / "profiles" / "photographs.yaml", catalog.declared()
).variants


def scene(seed: int, width: int = 48, height: int = 40) -> np.ndarray:
    """A landscape, (height, width, 3) uint8."""
    return scenes.draw(np.random.default_rng(seed), width, height)


def encoded(image: Image.Image | np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    """The content of an image file."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def pack(path: Path, members: dict[str, bytes]) -> Path:
    """A zip of some files, by name."""
    archives.write_zip(
        (Member(name, len(content), io.BytesIO(content)) for name, content in members.items()), path
    )
    return path


def cache(folder: Path, names: list[str], squares: list[np.ndarray]) -> None:
    """Write cached arrays of some square images."""
    arrays.create(folder, names, squares[0].shape[0])
    arrays.fill(folder, 0, np.stack(squares))


def examples(folder: Path, count: int, side: int = 32, first_seed: int = 0) -> Examples:
    """Cached arrays of square scenes, with embeddings drawn from a seed."""
    folder.mkdir(parents=True)
    squares = [scene(first_seed + index, side, side) for index in range(count)]
    cache(folder, [f"{index}.png" for index in range(count)], squares)
    embeddings = np.random.default_rng(first_seed).normal(size=(count, 1000)).astype(np.float32)
    return Examples(arrays.read(folder), embeddings)


def name_embeddings(folder: Path, counts: dict[str, int]) -> None:
    """Write which photographs embeddings belong to, by split: those of `examples`."""
    names = {split: [f"{index}.png" for index in range(count)] for split, count in counts.items()}
    (folder / NAMES).write_text(json.dumps(names))


@functools.cache
def colors_of_scenes() -> ColorStatistics:
    """The colors of a few scenes."""
    return count_colors(lab.rgb_to_lab(np.stack([scene(seed) for seed in range(4)]))[1])


def built(variant: str, seed: int = 1, precision: str = "float32") -> Network:
    """The network of a variant of the study on photographs, with weights drawn from a seed."""
    line = VARIANTS[variant]
    return build_network(
        variant,
        catalog.load(line.network),
        seed,
        precision,
        colors_of_scenes(),
        embedding=line.embedding != NONE,
    )


def model_of(variant: str, seed: int = 1, precision: str = "float32") -> keras.Model:
    """The model of a variant; if its vividness is adjustable, it is calibrated to matter."""
    return calibrated(built(variant, seed, precision).model)


def calibrated(model: keras.Model) -> keras.Model:
    """A model whose vividness matters, if it is adjustable."""
    if adjustable := AdjustableModel.of(model):
        adjustable.decoder.set_operating_points(
            np.linspace(1, 0, OPERATING_POINTS), np.linspace(0.2, 1, OPERATING_POINTS), 0.5
        )
    return model


def network_of(model: keras.Model) -> Network:
    """A network whose training model is the model itself, which predicts ab."""
    return Network(model, keras.Model(model.inputs, model.outputs))


def reopened(path: Path) -> Image.Image:
    """An image file, without keeping it open."""
    return Image.open(io.BytesIO(path.read_bytes()))


def decoded_batch(archive: Path, names: Sequence[str], image_size: int) -> np.ndarray:
    """`decode_batch` of photographs of any size."""
    decoded = decode_batch(archive, names, image_size, most_pixels=10**9)
    assert isinstance(decoded, np.ndarray)
    return decoded
