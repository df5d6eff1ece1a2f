"""L* of photographs of more than 8 bits is kept to 16 bits, in PNG and TIFF."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageOps

from colorization.color import lab
from colorization.colorizing import borders, originals, sixteen_bit_results, sixteen_bits
from colorization.colorizing.mark import mark
from colorization.colorizing.sixteen_bits import SixteenBitImage
from colorization.core.errors import ColorizationError, PhotographWarning
from colorization.photos import decoding

WIDTH, HEIGHT = 320, 205
STEP = 100 / 65535  # of L*, on average


def scan() -> np.ndarray:
    """A gray ramp over all 16 bits, with fine steps, (HEIGHT, WIDTH) uint16."""
    return np.linspace(0, 65535, WIDTH * HEIGHT).round().astype(np.uint16).reshape(HEIGHT, WIDTH)


def in_color() -> np.ndarray:
    gray = scan()
    return np.dstack([gray, gray[::-1], gray[:, ::-1]])


def with_alpha(samples: np.ndarray) -> np.ndarray:
    return np.dstack([samples, scan()[:, ::-1]])


def colors(strength: float) -> np.ndarray:
    """Predicted ab; many outside the gamut if strong."""
    return np.random.default_rng(1).normal(0, strength, (16, 24, 2)).astype(np.float32)


def tiff(samples: np.ndarray, **options: Any) -> bytes:
    content = io.BytesIO()
    photometric = "rgb" if samples.shape[2:] in ((3,), (4,)) else "minisblack"
    extra = ["unassalpha"] if samples.shape[2:] in ((2,), (4,)) else None
    options = {"photometric": photometric, "extrasamples": extra, "metadata": None, **options}
    tifffile.imwrite(content, samples, **options)
    return content.getvalue()


def png(samples: np.ndarray) -> bytes:
    return bytes(imagecodecs.png_encode(samples))


def jp2(samples: np.ndarray, **options: Any) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(samples, codecformat="jp2", reversible=True, **options))


FILES = {".png": png, ".tif": tiff, ".jp2": jp2}


def lightness(rgb: np.ndarray) -> np.ndarray:
    """CIE L* of 16-bit sRGB, (..., 3), in float64 by IEC 61966-2-1 and CIE 15."""
    v = rgb / 65535
    light = np.where(v > 0.04045, ((v + 0.055) / 1.055) ** 2.4, v / 12.92)
    Y = light @ [0.212671, 0.715160, 0.072169]
    return np.where(Y > (6 / 29) ** 3, 116 * np.cbrt(Y) - 16, Y * (29 / 3) ** 3)


def colorized(content: bytes, ending: str, folder: Path, strength: float = 0.1) -> Path:
    path = folder / f"in{ending}"
    path.write_bytes(content)
    out = folder / f"out{'.png' if ending not in ('.png', '.tif') else ending}"
    original = originals.read_in_full_depth(path)
    result = originals.join(original.rgb, colors(strength))
    originals.write_original(original, result, out, mark=mark("ab" * 32, 0.5, 1.0))
    return out


def read(path: Path) -> np.ndarray:
    """Pixels as other libraries read them: libpng or tifffile."""
    if path.suffix == ".png":
        return np.asarray(imagecodecs.png_decode(path.read_bytes()))
    return tifffile.imread(path)


@pytest.mark.parametrize("strength", [0, 0.1, 0.8])
@pytest.mark.parametrize("ending", FILES)
@pytest.mark.parametrize("samples", [scan(), in_color()], ids=["gray", "RGB"])
def test_lightness_is_that_of_the_scan_to_16_bits(
    samples: np.ndarray, ending: str, strength: float, tmp_path: Path
) -> None:
    written = read(colorized(FILES[ending](samples), ending, tmp_path, strength))
    assert written.dtype == np.uint16
    assert written.shape == (HEIGHT, WIDTH, 3)
    expected = lightness(samples if samples.ndim == 3 else np.dstack([samples] * 3))
    error = np.abs(lightness(written) - expected)
    # Near black, a step of 16 bits is up to 5 times as large.
    assert error.max() < 5 * STEP
    assert error.mean() < STEP / 2
    if strength:
        assert (np.ptp(written.astype(int), axis=-1) > 1000).mean() > 0.5  # it is colored
    elif samples.ndim == 2:
        assert np.abs(written.astype(int) - samples[..., None]).max() <= 2  # white is rounded


def test_the_same_as_in_8_bits_but_for_rounding(tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    path.write_bytes(tiff(in_color()))
    ab = colors(0.3)
    eight = np.asarray(originals.join(originals.read_original(path).rgb, ab)).astype(float)
    deep = read(colorized(path.read_bytes(), ".tif", tmp_path, 0.3)) / 257
    bright = scan() > 4096  # 8 bits are truncated, which matters in the dark
    assert np.abs(deep - eight)[bright].mean() < 1


@pytest.mark.parametrize(
    ("ending", "samples"),
    [
        (".png", with_alpha(scan())),
        (".png", with_alpha(in_color())),
        (".tif", with_alpha(scan())),
        (".tif", with_alpha(in_color())),
        (".jp2", with_alpha(in_color())),
    ],
)
def test_transparency_is_kept_to_16_bits(ending: str, samples: np.ndarray, tmp_path: Path) -> None:
    written = read(colorized(FILES[ending](samples), ending, tmp_path))
    np.testing.assert_array_equal(written[..., 3], samples[..., -1])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_scans_are_upright(orientation: int, kind: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    content = io.BytesIO()
    stored = Image.fromarray(scan())
    stored.save(content, kind, exif=exif)
    file = io.BytesIO(content.getvalue())
    deep = sixteen_bits.decode(decoding.open_image(file), file)
    assert deep is not None
    stored.getexif()[ExifTags.Base.Orientation] = orientation
    expected = np.asarray(ImageOps.exif_transpose(stored))
    np.testing.assert_array_equal(deep.samples[..., 0], expected)


def test_profiles_are_applied_in_16_bits(tmp_path: Path) -> None:
    profile = imagecodecs.cms_profile("gray", gamma=2.2)
    written = read(colorized(tiff(scan(), iccprofile=profile), ".tif", tmp_path))
    Y = (scan() / 65535) ** 2.2
    expected = np.where(Y > (6 / 29) ** 3, 116 * np.cbrt(Y) - 16, Y * (29 / 3) ** 3)
    error = np.abs(lightness(written) - expected)
    assert error[scan() > 12_000].max() < 10 * STEP
    assert error.max() < 0.5  # near black, the profile's curve has few points
    unusable = tiff(in_color(), iccprofile=profile)  # gray, for RGB: ignored, as for 8 bits
    actual = lightness(read(colorized(unusable, ".tif", tmp_path)))
    np.testing.assert_allclose(actual, lightness(in_color()), atol=0.02)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (tiff((scan() >> 4).astype(np.uint16), extratags=[(281, "H", 1, 4095, False)]), 4096),
        (tiff((scan() / 65535).astype(np.float32)), 65536),
        (tiff(scan().astype(np.uint32) << 16), 65536),
        (tiff(65535 - scan(), photometric="miniswhite"), 65536),
        (tiff(np.moveaxis(in_color(), -1, 0), planarconfig="separate", photometric="rgb"), 65536),
        (tiff(scan(), tile=(64, 64), compression="lzw", predictor=True), 65536),
        (jp2((scan() >> 4).astype(np.uint16), bitspersample=12), 4096),
        (bytes(imagecodecs.jpegxl_encode(scan(), lossless=True)), 65536),
    ],
)
def test_all_values_of_a_scan_are_kept(content: bytes, values: int) -> None:
    file = io.BytesIO(content)
    deep = sixteen_bits.decode(decoding.open_image(file), file)
    assert deep is not None
    gray = deep.samples[..., 0]
    assert np.abs(gray.astype(int) - scan()).max() <= 65536 // values
    assert len(np.unique(gray)) > 0.9 * min(values, scan().size)


def test_photographs_of_8_bits_are_not_decoded_to_16() -> None:
    rgb = (in_color() >> 8).astype(np.uint8)
    for content in (
        png(rgb),
        tiff(rgb),
        jp2(rgb),
        bytes(imagecodecs.jpegxl_encode(rgb, lossless=True)),
        tiff(np.dstack([in_color(), scan()]), photometric="separated", extrasamples=None),
    ):
        file = io.BytesIO(content)
        assert sixteen_bits.decode(decoding.open_image(file), file) is None


def test_damaged_scans_are_refused(tmp_path: Path) -> None:
    for ending, encode in FILES.items():
        path = tmp_path / f"in{ending}"
        path.write_bytes(encode(scan())[:-5000])
        with pytest.raises(ColorizationError):
            originals.read_in_full_depth(path)


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_metadata_is_that_of_8_bits(ending: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ISOSpeedRatings: 400}
    path = tmp_path / "in.png"
    Image.fromarray(scan()).save(path, exif=exif, dpi=(600, 600))
    written = []
    for name, original in (
        ("8", originals.read_original(path)),
        ("16", originals.read_in_full_depth(path)),
    ):
        out = tmp_path / f"{name}{ending}"
        result = originals.join(original.rgb, colors(0.1))
        originals.write_original(original, result, out, mark=mark("ab" * 32, 0.5, 1.0))
        image = Image.open(out)
        image.load()
        tags = image.getexif()
        written.append(
            (
                image.size,
                image.info["xmp"],
                tuple(map(float, image.info["dpi"])),
                tags[ExifTags.Base.Artist],
                tags.get_ifd(ExifTags.IFD.Exif),
            )
        )
    assert written[0] == written[1]


def test_side_by_side_the_left_one_is_the_scan(tmp_path: Path) -> None:
    original = SixteenBitImage(scan()[..., None])
    result = originals.join(original, colors(0.2), side_by_side=True)
    assert result.size == (2 * WIDTH, HEIGHT)
    for ending in (".png", ".tif"):
        out = tmp_path / f"out{ending}"
        originals.write_original(originals.Original(original), result, out)
        written = read(out)
        assert np.abs(written[:, :WIDTH].astype(int) - scan()[..., None]).max() <= 1
        assert (
            np.abs(lightness(written[:, WIDTH:]) - lightness(written[:, :WIDTH])).max() < 10 * STEP
        )


def test_strips_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    result = originals.join(SixteenBitImage(in_color()), colors(0.1))
    whole = np.concatenate(list(result.strips()))
    for pixels in (7 * WIDTH, 100):  # some rows, and less than one
        monkeypatch.setattr(sixteen_bit_results, "PIXELS_AT_A_TIME", pixels)
        divided = np.concatenate(list(result.strips()))
        assert np.abs(divided.astype(int) - whole).max() <= 64  # a quarter of a step of 8 bits


def test_a_png_is_what_libpng_and_pillow_read(tmp_path: Path) -> None:
    result = originals.join(SixteenBitImage(with_alpha(in_color())), colors(0.1))
    content = io.BytesIO()
    sixteen_bit_results.write_png(result, content, {"dpi": (300, 300)})
    expected = np.concatenate(list(result.strips()))
    np.testing.assert_array_equal(imagecodecs.png_decode(content.getvalue()), expected)
    image = Image.open(content)
    np.testing.assert_array_equal(np.asarray(image), expected >> 8)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    at, kinds = 8, []
    while at < len(content.getvalue()):
        size, kind = struct.unpack_from(">L4s", content.getvalue(), at)
        body = content.getvalue()[at + 4 : at + 8 + size]
        assert zlib.crc32(body) == struct.unpack_from(">L", content.getvalue(), at + 8 + size)[0]
        kinds.append(kind)
        at += size + 12
    assert kinds[0] == b"IHDR"
    assert kinds[-1] == b"IEND"


def test_lab_of_16_bits_agrees_with_that_of_8() -> None:
    eight = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    L = sixteen_bit_results.luminance(eight.astype(np.uint16) * 257)
    expected, ab = lab.rgb_to_lab(eight)
    np.testing.assert_allclose(L / lab.L_SCALE - 1, expected[..., 0], atol=1e-5)
    back = sixteen_bit_results.lab_to_rgb(L, ab)
    assert np.abs(back / 257 - eight).max() < 0.02


def test_a_dark_scan_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    path.write_bytes(tiff(scan() >> 4))
    with pytest.warns(PhotographWarning, match="almost black"):
        originals.read_in_full_depth(path)


def test_the_border_of_a_scan_stays_gray(tmp_path: Path) -> None:
    picture = borders.Picture((40, 20, 240, 180), (WIDTH, HEIGHT))
    original = SixteenBitImage(scan()[..., None])
    result = originals.join(original, colors(0.2), picture)
    pixels = np.concatenate(list(result.strips())).astype(int)
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[20:180, 40:240] = True
    assert np.abs(pixels - scan()[..., None])[~inside].max() <= 2
    assert (np.ptp(pixels, axis=-1)[inside] > 1000).mean() > 0.5
