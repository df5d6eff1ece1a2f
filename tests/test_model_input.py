"""Training, `colorization.load` and the command see the same of a photograph."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from keras import ops
from PIL import ExifTags, Image

from colorization.color import lab
from colorization.colorizing.bulk import TASKS, colorize_files
from colorization.colorizing.colorizer import Colorizer
from colorization.colorizing.jobs import Job
from colorization.colorizing.predictor import Embedder
from colorization.colorizing.prepared import Prepared, prepare
from colorization.colorizing.tasks import upload
from colorization.core.settings import Preprocess
from colorization.core.workers import Workers
from colorization.dataset import arrays
from colorization.embedding import resizing, standardization
from colorization.photos import decoding, model_input
from colorization.photos.preprocessing import preprocess
from samples import decoded_batch, encoded, pack, reopened, scene

SIDE = 64  # px, of the training
EMBEDDER_SIDE = 100  # px


def noisy(width: int, height: int) -> Image.Image:
    """A photograph for which resizing methods differ."""
    smooth = np.asarray(Image.fromarray(scene(1)).resize((width, height)), np.float32)
    noise = np.random.default_rng(width).normal(0, 60, smooth.shape)
    return Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8))


def rotated(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def transparent(width: int, height: int) -> Image.Image:
    image = noisy(width, height)
    image.putalpha(Image.linear_gradient("L").resize((width, height)))
    return image


def palette(width: int, height: int) -> bytes:
    image = noisy(width, height).quantize(8)
    return encoded(image, transparency=image.getpixel((0, 0)))


def deep(width: int, height: int) -> Image.Image:
    """16-bit gray from 4096 on, which Pillow's own conversion would make white."""
    gray = np.asarray(noisy(width, height).convert("L")).astype(np.uint16)
    return Image.fromarray((gray * 240 + 4096).astype(np.uint16))


# Files of a given size whose pixels could be read in several ways.
FILES: dict[str, Callable[[int, int], bytes]] = {
    "large.jpg": lambda w, h: encoded(noisy(4 * w, 4 * h), "JPEG", quality=95),
    "rotated.jpg": lambda w, h: encoded(noisy(4 * w, 4 * h), "JPEG", quality=95, exif=rotated(6)),
    "rotated.png": lambda w, h: encoded(transparent(w, h), exif=rotated(8)),
    "rotated.tif": lambda w, h: encoded(noisy(w, h), "TIFF", exif=rotated(5)),
    "transparent.png": lambda w, h: encoded(transparent(w, h)),
    "transparent.tif": lambda w, h: encoded(transparent(w, h), "TIFF", exif=rotated(6)),
    "transparent.webp": lambda w, h: encoded(transparent(w, h), "WEBP", lossless=True),
    "palette.png": palette,
    "deep.png": lambda w, h: encoded(deep(w, h)),
    "deep_and_transparent.png": lambda w, h: encoded(deep(w, h), transparency=4096),
}


@pytest.fixture
def colorizer() -> Colorizer:
    """A model that takes an embedding, by networks of no parameters."""

    def embedder(squares: np.ndarray) -> list[np.ndarray]:
        return [np.zeros((len(squares), 1000), np.float32)]

    def network(L: np.ndarray, embedding: np.ndarray) -> list[np.ndarray]:
        assert embedding.shape == (len(L), 1000)
        return [np.repeat(L, 2, axis=-1)]

    embedding = Embedder(embedder, EMBEDDER_SIDE, standardization.RAW)
    return Colorizer(network, SIDE, embedding, None, "0" * 64)


def inputs_of_both(
    colorizer: Colorizer, paths: list[Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[Prepared], list[Prepared]]:
    """The model's inputs for each file, in a call and in the command."""
    asked: list[Prepared] = []
    predict = colorizer.predict

    def recorded(inputs: list[Prepared], *hints: Any) -> list[np.ndarray]:
        asked.extend(inputs)
        return predict(inputs, *hints)

    monkeypatch.setattr(colorizer, "predict", recorded)
    for path in paths:
        colorizer(path)
    called = list(asked)
    asked.clear()
    out.mkdir()
    jobs = [Job(path, out / f"{path.name}.png") for path in paths]
    options: Any = {"saturation": 1, "side_by_side": False, "quiet": True}
    with Workers(TASKS, 1) as workers:
        outcomes = list(colorize_files(colorizer, jobs, workers, **options))
    assert not any(outcome.reason for outcome in outcomes)
    return called, asked


def test_training_a_call_and_the_command_have_the_same_input_for_a_square(
    tmp_path: Path, colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {name: content(300, 300) for name, content in FILES.items()}
    paths = [tmp_path / name for name in contents]
    for path in paths:
        path.write_bytes(contents[path.name])
    pack(tmp_path / "raw.zip", contents)
    parts = ["validation", "test", *["train"] * (len(contents) - 2)]
    table = pd.DataFrame({"name": list(contents), "split": parts})
    (tmp_path / "arrays").mkdir()
    preprocess(tmp_path / "raw.zip", table, Preprocess(image_size=SIDE), tmp_path / "arrays")
    trained: dict[str, np.ndarray] = {}
    for part in ("train", "validation", "test"):
        cached = arrays.read(tmp_path / "arrays" / part)
        trained |= dict(zip(cached.names, cached.L.astype(np.float32), strict=True))

    called, commanded = inputs_of_both(colorizer, paths, tmp_path / "out", monkeypatch)
    for path, by_call, by_command in zip(paths, called, commanded, strict=True):
        np.testing.assert_array_equal(by_call.L, trained[path.name], path.name)
        np.testing.assert_array_equal(by_command.L, trained[path.name], path.name)


def test_a_call_and_the_command_have_the_same_input(
    tmp_path: Path, colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name for name in FILES]
    for path in paths:
        path.write_bytes(FILES[path.name](400, 300))
    called, commanded = inputs_of_both(colorizer, paths, tmp_path / "out", monkeypatch)
    for path, by_call, by_command in zip(paths, called, commanded, strict=True):
        np.testing.assert_array_equal(by_call.L, by_command.L, path.name)
        high = (SIDE, 96) if "rotated" not in path.name and path.suffix != ".tif" else (96, SIDE)
        assert by_call.L.shape == (*high, 1), path.name


@pytest.mark.parametrize("size", [(400, 300), (48, 40)])  # larger and smaller than the embedder's
def test_embedding_a_call_and_the_command_give_the_embedder_the_same_input(
    tmp_path: Path,
    colorizer: Colorizer,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    contents = {name: content(*size) for name, content in FILES.items()}
    paths = [tmp_path / name for name in contents]
    for path in paths:
        path.write_bytes(contents[path.name])
    archive = pack(tmp_path / "raw.zip", contents)
    embedded = decoded_batch(archive, list(contents), EMBEDDER_SIDE)
    assert embedded.shape == (len(contents), EMBEDDER_SIDE, EMBEDDER_SIDE, 1)

    called, commanded = inputs_of_both(colorizer, paths, tmp_path / "out", monkeypatch)
    uploaded = [upload(contents[path.name], SIDE, EMBEDDER_SIDE, 100)[0] for path in paths]
    for path, square, *inputs in zip(paths, embedded, called, commanded, uploaded, strict=True):
        for prepared in inputs:
            assert prepared.square is not None
            np.testing.assert_array_equal(prepared.square, square, path.name)


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".jpg")])
def test_an_open_image_has_the_input_of_its_file(
    tmp_path: Path, colorizer: Colorizer, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name](400, 300))
    # Not from its path: Pillow 12 maps some oriented TIFFs into memory and turns them twice.
    np.testing.assert_array_equal(
        colorizer.prepare_input(reopened(path)).L, colorizer.prepare_input(path).L
    )


def test_a_large_jpeg_in_memory_is_used_in_full_size(tmp_path: Path, colorizer: Colorizer) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(FILES["large.jpg"](400, 300))
    image = reopened(path)
    inputs = [colorizer.prepare_input(given).L for given in (image, np.asarray(image))]
    reduced = np.asarray(image.resize((96, 64), Image.Resampling.BICUBIC))
    for L in inputs:
        np.testing.assert_array_equal(L, model_input.luminance(reduced))
    assert 0.1 < np.abs(inputs[0] - colorizer.prepare_input(path).L).max() * lab.L_SCALE < 2


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16"])
def test_transparent_pixels_are_white(mode: str) -> None:
    if mode == "I;16":
        content = encoded(
            Image.fromarray(np.full((90, 120), 30_000, np.uint16)), transparency=30_000
        )
    elif mode == "P":
        content = encoded(Image.new("P", (120, 90), 0), transparency=0)
    else:
        content = encoded(Image.new("RGBA", (120, 90), (200, 0, 100, 0)).convert(mode))
    assert (model_input.decode_square(decoding.open_image(content), 32) == 255).all()
    assert (prepare(lambda: decoding.open_image(content), 32, None).L == 1).all()
    hidden = np.asarray(decoding.to_srgb_with_alpha(decoding.open_image(content)))
    assert hidden[..., :3].max() < 255
    assert hidden[..., 3].max() == 0


def test_a_large_jpeg_decoded_at_a_fraction_is_similar() -> None:
    large = Image.fromarray(scene(1, 640, 640))
    small = model_input.decode_square(decoding.open_image(encoded(large, "JPEG", quality=95)), 32)
    exact = np.asarray(large.resize((32, 32), Image.Resampling.BICUBIC))
    assert np.abs(small.astype(int) - exact).mean() < 2


def test_the_square_is_the_center_of_the_image() -> None:
    image = Image.new("RGB", (96, 32), "red")
    image.paste("lime", (32, 0, 64, 32))
    for oriented in (image, image.transpose(Image.Transpose.ROTATE_90)):
        assert (
            model_input.decode_square(decoding.open_image(encoded(oriented)), 32) == [0, 255, 0]
        ).all()
        assert (model_input.center_square(oriented, 32) == [0, 255, 0]).all()


@pytest.mark.parametrize("size", [(32, 32), (500, 40), (33, 31)])
def test_every_shape_is_resized_to_the_square(size: tuple[int, int]) -> None:
    square = model_input.center_square(Image.new("RGB", size, (10, 200, 30)), 64)
    assert square.shape == (64, 64, 3)
    assert square.dtype == np.uint8
    assert (square == [10, 200, 30]).all()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((500, 500), (224, 224)),
        ((481, 321), (320, 224)),  # 335.6, to the nearest 32
        ((321, 481), (224, 320)),
        ((5000, 1), (896, 224)),  # four times, at most
        ((1, 1), (224, 224)),
        ((230, 224), (224, 224)),
    ],
)
def test_the_input_keeps_the_aspect_in_multiples_of_32(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert model_input.input_size(size, 224) == expected


def test_luminance_equals_the_cached_arrays() -> None:
    every = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)
    L = model_input.luminance(every)
    assert (L.shape, L.dtype) == ((1, 256, 1), np.float32)
    np.testing.assert_array_equal(L, L.astype(np.float16))
    assert (L[0, 0, 0], L[0, -1, 0]) == (-1, 1)
    assert (np.diff(L[0, :, 0]) > 0).all()


@pytest.mark.parametrize(
    ("height", "width", "side"),
    [
        (64, 64, 224),
        (64, 64, 299),
        (224, 224, 299),
        (320, 224, 224),
        (896, 224, 299),
        (101, 47, 37),
        (33, 1000, 333),
        (1, 7, 3),
        (1024, 1024, 224),
        (299, 299, 299),
    ],
)
def test_l_is_resized_for_an_embedding_network_as_tensorflow_does_it(
    height: int, width: int, side: int
) -> None:
    L = np.random.default_rng(height).uniform(-1, 1, (2, height, width, 1)).astype(np.float32)
    expected = np.asarray(ops.image.resize(L, (side, side), antialias=True))
    resized = resizing.resize_square(L, side)
    assert (resized.shape, resized.dtype) == ((2, side, side, 1), np.float32)
    np.testing.assert_allclose(resized, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(resizing.resize_square(L[1], side), resized[1], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("from_px", "to_px"), [(64, 224), (640, 299), (5, 1), (1, 5)])
def test_resizing_keeps_what_is_flat_and_what_is_symmetric(from_px: int, to_px: int) -> None:
    matrix = resizing.resize_matrix(from_px, to_px)
    assert (matrix.shape, matrix.dtype) == ((to_px, from_px), np.float32)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(matrix, matrix[::-1, ::-1], atol=1e-4)  # in float32, far from 0
    assert matrix.min() >= 0
