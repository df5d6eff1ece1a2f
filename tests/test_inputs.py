"""What the API takes: arrays and images of every kind, and the numbers beside them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from colorization.colorizing.colorizer import Colorizer
from colorization.colorizing.inputs import image_from_array
from colorization.colorizing.predictor import Decoder
from colorization.core.errors import ColorizationError
from samples import scene

PHOTOGRAPH = scene(3, 48, 40)
GRAY = np.asarray(Image.fromarray(PHOTOGRAPH).convert("L"))


@pytest.fixture
def colorizer() -> Colorizer:
    """Colors that follow from lightness and vividness, by networks of no parameters."""

    def network(L: np.ndarray) -> list[np.ndarray]:
        return [np.repeat(L[:, ::2, ::2], 2, axis=-1)]

    def decode(logits: np.ndarray, vividness: np.ndarray) -> list[np.ndarray]:
        ab = 0.5 * logits * vividness[..., None, None]
        return [ab.repeat(2, axis=1).repeat(2, axis=2)]

    return Colorizer(network, 64, None, Decoder(decode, 0.5, 2), "0" * 64)


def with_alpha(array: np.ndarray) -> np.ndarray:
    channels = array if array.ndim == 3 else array[..., None]
    return np.concatenate([channels, np.full_like(channels[..., :1], 128)], axis=-1)


SAME_AS_GRAY: dict[str, Any] = {
    "(H, W, 1)": GRAY[..., None],
    "(H, W, 3)": np.stack([GRAY] * 3, axis=-1),
    "int8 that are small": (GRAY // 4).astype(np.int8),
    "int32": GRAY.astype(np.int32),
    "int64": GRAY.astype(np.int64),
    "uint64": GRAY.astype(np.uint64),
    "big-endian int32": GRAY.astype(">i4"),
    "uint16": GRAY.astype(np.uint16) * 257,
    "big-endian uint16": (GRAY.astype(np.uint16) * 257).astype(">u2"),
    "float16": (GRAY / 255).astype(np.float16),
    "float32": (GRAY / 255).astype(np.float32),
    "float64": GRAY / 255,
    "not contiguous": np.repeat(GRAY, 2, axis=1)[:, ::2],
    "read only": np.frombuffer(GRAY.tobytes(), np.uint8).reshape(GRAY.shape),
    "mode I": Image.fromarray(GRAY).convert("I"),
    "mode I of 16 bits": Image.fromarray(GRAY.astype(np.int32) * 257),
    "mode I;16": Image.fromarray(GRAY.astype(np.uint16) * 257),
    "mode F": Image.fromarray(GRAY).convert("F"),
    "mode F to 1": Image.fromarray((GRAY / 255).astype(np.float32)),
}


@pytest.mark.parametrize("kind", SAME_AS_GRAY)
def test_the_type_of_an_array_does_not_matter(colorizer: Colorizer, kind: str) -> None:
    expected = GRAY // 4 if "small" in kind else GRAY
    given = SAME_AS_GRAY[kind]
    before = given.copy()
    np.testing.assert_array_equal(colorizer(given), colorizer(expected))
    same, other = (colorizer.prepare_input(image).L for image in (given, expected))
    np.testing.assert_array_equal(same, other)
    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize(
    ("dtype", "scale"), [("uint8", 1), ("uint16", 257), ("int32", 1), ("float32", 1 / 255)]
)
def test_the_type_of_colors_and_alpha_does_not_matter(dtype: str, scale: float) -> None:
    for array in (PHOTOGRAPH, with_alpha(PHOTOGRAPH), with_alpha(GRAY)):
        image = image_from_array((array.astype(np.float64) * scale).astype(dtype))
        assert image.mode == {2: "LA", 3: "RGB", 4: "RGBA"}[array.shape[2]]
        np.testing.assert_array_equal(np.asarray(image), array)


def test_true_is_white_and_false_is_black() -> None:
    image = image_from_array(GRAY > 99)
    np.testing.assert_array_equal(np.asarray(image), np.where(GRAY > 99, 255, 0))


def test_16_bits_in_memory_are_those_of_a_file(colorizer: Colorizer, tmp_path: Path) -> None:
    deep = (GRAY.astype(np.uint16) << 8) + 77
    Image.fromarray(deep).save(tmp_path / "deep.png")
    from_file = np.asarray(colorizer(tmp_path / "deep.png"))
    np.testing.assert_array_equal(colorizer(deep), from_file)
    with Image.open(tmp_path / "deep.png") as image:
        np.testing.assert_array_equal(colorizer(image), from_file)


def in_mode(mode: str) -> Image.Image:
    """The gray photograph in one of Pillow's modes."""
    gray = Image.fromarray(GRAY)
    if mode.startswith("I;16"):
        order = {"B": ">", "L": "<"}.get(mode[4:], "=")
        return Image.frombytes(mode, gray.size, (GRAY.astype(f"{order}u2") * 257).tobytes())
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(gray.convert("RGB"), *profiles, outputMode="LAB")
        assert converted is not None
        return converted
    by_way_of = {"La": "LA", "RGBa": "RGBA", "HSV": "RGB", "YCbCr": "RGB"}
    return gray.convert(by_way_of.get(mode, "L")).convert(mode)


@pytest.mark.parametrize("mode", Image.MODES)
def test_an_image_of_any_mode_keeps_its_lightness(colorizer: Colorizer, mode: str) -> None:
    image = in_mode(mode)
    assert image.mode == mode
    expected = np.asarray(image.convert("L") if mode == "1" else GRAY).astype(int)
    result = np.asarray(colorizer(image, saturation=0)).astype(int)
    assert np.abs(result - expected[..., None]).max() <= 3  # the rounding of LAB
    np.testing.assert_array_equal(np.asarray(image), np.asarray(in_mode(mode)))  # still the same


def wrong(array: np.ndarray, value: float) -> np.ndarray:
    changed = array.copy()
    changed[3, 4] = value
    return changed


UNIT = (GRAY / 255).astype(np.float32)
ARRAY = r"an array must be \(H, W\), or \(H, W, C\) with 1 to 4 channels; found the shape "
REFUSED: list[tuple[Any, str]] = [
    (GRAY[0], ARRAY + r"\(48,\)"),
    (PHOTOGRAPH[None], ARRAY + r"\(1, 40, 48, 3\)"),
    (np.zeros((4, 4, 5), np.uint8), ARRAY + r"\(4, 4, 5\)"),
    (np.zeros((4, 4, 0), np.uint8), ARRAY + r"\(4, 4, 0\)"),
    (np.zeros((0, 4), np.uint8), r"the array has no pixels: its shape is \(0, 4\)"),
    (np.zeros((4, 0, 3)), r"the array has no pixels: its shape is \(4, 0, 3\)"),
    (GRAY.astype(object), "an array must hold integers, floats or bool; found object"),
    (GRAY.astype(complex), "an array must hold integers, floats or bool; found complex128"),
    (GRAY.astype(str), "an array must hold integers, floats or bool; found <U3"),
    (GRAY.astype(int) - 300, "an array of int64 must hold values from 0 to 255; found -"),
    (GRAY.astype(np.int32) * 257, "an array of int32 must hold values from 0 to 255; found "),
    (GRAY.astype(np.float32), "an array of float32 must hold values from 0 to 1; found "),
    (wrong(UNIT, -0.1), "an array of float32 must hold values from 0 to 1; found -0.1 to "),
    (wrong(UNIT, np.nan), "an array of float32 must hold values from 0 to 1; found nan to nan"),
    (wrong(UNIT, np.inf), "an array of float32 must hold values from 0 to 1; found .* to inf"),
    (Image.new("RGB", (0, 5)), "the image has no pixels: 0 x 5"),
    (Image.fromarray(GRAY.astype(np.int32) * 70_000), "an array of int32 must hold values from 0"),
    ([[1, 2], [3, 4]], "must be a path, a PIL image or a NumPy array; found list"),
    (b"photo.jpg", "must be a path, a PIL image or a NumPy array; found bytes"),
    (None, "must be a path, a PIL image or a NumPy array; found NoneType"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_invalid_photographs_are_refused_in_one_line(
    colorizer: Colorizer, given: Any, message: str
) -> None:
    for function in (colorizer, colorizer.prepare_input):
        with pytest.raises(ColorizationError, match=message) as caught:
            function(given)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.1, 101, "strong", None, [1]])
def test_an_invalid_saturation_is_refused_before_decoding(colorizer: Colorizer, wrong: Any) -> None:
    with pytest.raises(ColorizationError, match=r"^saturation must be from 0 to 100; found "):
        colorizer("no such file", saturation=wrong)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.1, 1.1, "vivid", [1]])
def test_an_invalid_vividness_is_refused_before_decoding(colorizer: Colorizer, wrong: Any) -> None:
    with pytest.raises(ColorizationError, match=r"^vividness must be from 0 to 1; found "):
        colorizer("no such file", vividness=wrong)


def test_numpy_numbers_are_accepted(colorizer: Colorizer) -> None:
    half = np.asarray(colorizer(PHOTOGRAPH, vividness=0.25, saturation=2))
    numbers: dict[str, Any] = {"vividness": np.float32(0.25), "saturation": np.int64(2)}
    from_numpy = colorizer(PHOTOGRAPH, **numbers)
    np.testing.assert_array_equal(from_numpy, half)
