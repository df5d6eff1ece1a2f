"""HEIC, AVIF, JPEG 2000 and JPEG XL decode to the pixels that were encoded, or are refused."""

import io
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from colorization.colorizing import originals
from colorization.core.errors import ColorizationError, PhotographWarning
from colorization.photos import boxes, color_encoding, decoding, jpeg_xl
from heic import needs_heic, pillow_heif
from mutations import mutants

WIDTH, HEIGHT = 72, 48


def photograph() -> np.ndarray:
    """A smooth picture in color, different in each corner, (HEIGHT, WIDTH, 3) uint8."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([40 + 2 * x, 60 + 3 * y, 200 - x - y], axis=-1).astype(np.uint8)


def with_alpha() -> np.ndarray:
    alpha = np.linspace(0, 255, WIDTH).astype(np.uint8)
    return np.dstack([photograph(), np.broadcast_to(alpha, (HEIGHT, WIDTH))])


def in_file(pixels: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def heic(pixels: np.ndarray | Image.Image, **options: Any) -> bytes:
    return in_file(pixels, "HEIF", **{"quality": -1, "chroma": 444, **options})


def avif(pixels: np.ndarray | Image.Image, **options: Any) -> bytes:
    return in_file(pixels, "AVIF", **{"quality": 100, "subsampling": "4:4:4", **options})


def jp2(pixels: np.ndarray | Image.Image, **options: Any) -> bytes:
    return in_file(pixels, "JPEG2000", **options)


def codestream(pixels: np.ndarray) -> bytes:
    return jp2(pixels, no_jp2=True)


def jxl(pixels: np.ndarray, **options: Any) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(pixels, lossless=True, **options))


def boxed_jxl(pixels: np.ndarray) -> bytes:
    return jxl(pixels, usecontainer=True)


Encode = Callable[..., bytes]
ENCODERS: list[Any] = [
    pytest.param(heic, marks=needs_heic),
    avif,
    jp2,
    codestream,
    jxl,
    boxed_jxl,
]


def decoded(content: bytes) -> np.ndarray:
    return np.asarray(decoding.to_srgb(decoding.open_image(content)))


def difference(actual: np.ndarray, expected: np.ndarray) -> int:
    assert actual.shape == expected.shape
    return int(np.abs(actual.astype(int) - expected).max())


def attempt(content: bytes) -> tuple[np.ndarray | None, str]:
    """The pixels of a file, or why it is refused."""
    try:
        return decoded(content), ""
    except ColorizationError as error:
        return None, str(error)


def refusal(content: bytes) -> str:
    with pytest.raises(ColorizationError) as caught:
        decoded(content)
    return str(caught.value)


@pytest.mark.parametrize("encode", ENCODERS)
def test_pixels_are_those_that_were_encoded(encode: Encode) -> None:
    most = 3 if encode in (heic, avif) else 0  # these store YCbCr
    assert difference(decoded(encode(photograph())), photograph()) <= most
    gray = photograph()[..., 1]
    assert difference(decoded(encode(gray)), np.dstack([gray] * 3)) <= most


@pytest.mark.parametrize("encode", ENCODERS)
def test_transparency_is_kept(encode: Encode) -> None:
    rgba = with_alpha()
    image = decoding.to_srgb_with_alpha(decoding.open_image(encode(rgba)))
    visible = rgba[..., 3] > 8  # encoders may change what cannot be seen
    most = 3 if encode in (heic, avif) else 0
    assert difference(np.asarray(image)[visible], rgba[visible]) <= most


@pytest.mark.parametrize("encode", [pytest.param(heic, marks=needs_heic), avif])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_upright(encode: Encode, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = Image.fromarray(photograph())
    stored.info["exif"] = exif.tobytes()
    content = encode(stored, exif=exif.tobytes())
    upright = ImageOps.exif_transpose(
        Image.open(io.BytesIO(in_file(Image.fromarray(photograph()), "PNG", exif=exif)))
    )
    assert difference(decoded(content), np.asarray(upright)) <= 3
    assert decoding.upright_size(decoding.open_image(content)) == upright.size


def p3_to_srgb(values: np.ndarray) -> np.ndarray:
    """Convert Display P3 to sRGB, both 8 bits, by their definitions."""

    def to_xyz(primaries: tuple[float, ...]) -> np.ndarray:
        x, y = np.array(primaries).reshape(3, 2).T
        columns = np.stack([x / y, np.ones(3), (1 - x - y) / y])
        white_x, white_y = color_encoding.D65
        white = np.array([white_x / white_y, 1, (1 - white_x - white_y) / white_y])
        return columns * np.linalg.solve(columns, white)

    v = values / 255
    light = np.where(v > 0.04045, ((v + 0.055) / 1.055) ** 2.4, v / 12.92)
    p3 = to_xyz((0.680, 0.320, 0.265, 0.690, 0.150, 0.060))
    srgb = to_xyz((0.640, 0.330, 0.300, 0.600, 0.150, 0.060))
    return encode_srgb(light @ (np.linalg.inv(srgb) @ p3).T)


def encode_srgb(light: np.ndarray) -> np.ndarray:
    light = light.clip(0, 1)
    curved = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    return np.rint(255 * curved)


def in_numbers(primaries: int, transfer: int, pixels: np.ndarray) -> bytes:
    """An AVIF whose color encoding is only named by the numbers of CICP."""
    return bytes(
        imagecodecs.avif_encode(
            pixels, level=100, pixelformat="444", primaries=primaries, transfer=transfer, matrix=0
        )
    )


def test_display_p3_that_is_named_by_numbers_is_converted() -> None:
    pixels = photograph()
    expected = p3_to_srgb(pixels)
    assert difference(expected, pixels) > 20
    content = in_numbers(color_encoding.P3, color_encoding.SRGB, pixels)
    assert difference(decoded(content), expected) <= 3
    plain = in_numbers(color_encoding.BT709, 1, pixels)
    assert difference(decoded(plain), pixels) <= 1


@needs_heic
def test_display_p3_of_a_heic_is_converted() -> None:
    pixels = photograph()
    expected = p3_to_srgb(pixels)
    numbers = {"color_primaries": 12, "transfer_characteristics": 13}
    content = heic(pixels, save_nclx_profile=True, **numbers)
    assert boxes.color_of_heif(io.BytesIO(content)) == (12, 13)
    assert np.abs(decoded(content) - expected).mean() < 1
    p3 = color_encoding.profile(color_encoding.of_numbers(12, 13))
    profiled = heic(pixels, icc_profile=p3, save_nclx_profile=False)
    assert np.abs(decoded(profiled) - expected).mean() < 1


def test_high_dynamic_range_is_reduced_to_reference_white() -> None:
    """A gray of half of reference white, by the PQ curve of BT.2100, has L* of half of white."""
    light = np.array([0.5 * 203, 203, 2000]) / 10_000
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    signal = ((c1 + c2 * light**m1) / (1 + c3 * light**m1)) ** m2
    pixels = np.broadcast_to(np.rint(255 * signal)[:, None], (3, 24)).astype(np.uint8).T
    content = in_numbers(color_encoding.BT2020, color_encoding.PQ, np.dstack([pixels] * 3))
    actual = decoded(content)[12].mean(axis=-1)
    np.testing.assert_allclose(actual, [188, 255, 255], atol=3)  # 188: sRGB of half the light
    hlg = color_encoding.profile(color_encoding.of_numbers(9, color_encoding.HLG))
    assert hlg is not None
    image = Image.new("RGB", (1, 1), (191, 191, 191))  # 75%: reference white
    srgb = ImageCms.createProfile("sRGB")
    profile = ImageCms.ImageCmsProfile(io.BytesIO(hlg))
    converted = ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB")
    assert converted is not None
    np.testing.assert_allclose(np.asarray(converted)[0, 0], 255, atol=2)


@needs_heic
def test_ten_bits_are_read() -> None:
    wide = photograph().astype(np.uint16) * 257
    of_heif = pillow_heif.from_bytes("RGB;16", (WIDTH, HEIGHT), wide.tobytes())
    content = io.BytesIO()
    of_heif.save(content, quality=-1, chroma=444)
    assert difference(decoded(content.getvalue()), photograph()) <= 3
    tens = imagecodecs.avif_encode(wide >> 6, level=100, bitspersample=10, pixelformat="444")
    assert difference(decoded(bytes(tens)), photograph()) <= 3


@needs_heic
def test_the_primary_photograph_of_several_is_read() -> None:
    several = pillow_heif.from_pillow(Image.fromarray(photograph()[::-1]))
    several.add_from_pillow(Image.fromarray(photograph()))
    content = io.BytesIO()
    several.save(content, quality=-1, chroma=444, primary_index=1)
    assert difference(decoded(content.getvalue()), photograph()) <= 3


def test_animations_are_refused() -> None:
    frames = [Image.fromarray(photograph()), Image.fromarray(photograph()[::-1])]
    moving = in_file(frames[0], "AVIF", save_all=True, append_images=frames[1:])
    assert refusal(moving) == "an animation"
    assert refusal(jxl(np.stack(list(map(np.asarray, frames))))) == "an animation"


def test_the_profile_of_a_jpeg_2000_is_applied() -> None:
    gray = np.broadcast_to(np.arange(256, dtype=np.uint8), (32, 256))
    profile = imagecodecs.cms_profile("gray", gamma=1.0)
    content = jp2(gray)
    at = content.index(b"colr") - 4
    color = struct.pack(">L4s3B", 11 + len(profile), b"colr", 2, 0, 0) + profile
    header = content.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">L", content, header)
    (old,) = struct.unpack_from(">L", content, at)
    changed = content[:at] + color + content[at + old :]
    sized = struct.pack(">L", size + len(color) - old)
    changed = changed[:header] + sized + changed[header + 4 :]
    assert difference(decoded(content)[0, :, 0], gray[0]) == 0
    actual, expected = decoded(changed)[0, :, 0], encode_srgb(gray[0] / 255)
    assert difference(actual[16:], expected[16:]) <= 1  # of darker ones, 8 bits are too few


def test_linear_light_of_a_jpeg_xl_is_converted() -> None:
    """imagecodecs says of 16 bits that they are linear light."""
    light = np.linspace(0, 65535, WIDTH).astype(np.uint16)
    content = jxl(np.broadcast_to(light, (HEIGHT, WIDTH)))
    assert jpeg_xl.read_header(io.BytesIO(content)).encoding == color_encoding.Encoding(gamma=1.0)
    dark = light < 3000  # 8 bits of linear light are few there
    actual, expected = decoded(content)[0, :, 0], encode_srgb(light / 65535)
    assert difference(actual[~dark], expected[~dark]) <= 3


class Writer:
    """Write the bits of an image header, the lowest of each byte first."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def put(self, value: int, count: int) -> "Writer":
        self.bits += [value >> at & 1 for at in range(count)]
        return self

    def content(self) -> bytes:
        padded = self.bits + [0] * (-len(self.bits) % 8 + 64)
        return b"\xff\x0a" + np.packbits(padded, bitorder="little").tobytes()


def test_the_header_of_a_jpeg_xl_is_read() -> None:
    """Each field by the tables of ISO/IEC 18181-1, Annexes D and E."""
    written = Writer().put(0, 1).put(0, 2).put(299, 9).put(3, 3)  # 300 px high, 4:3
    written.put(0, 1).put(1, 1).put(5, 3).put(0, 3)  # orientation 6, no preview, no animation
    written.put(0, 1).put(3, 2).put(15, 6).put(1, 1)  # 16 bits
    written.put(1, 2).put(0, 1).put(0, 2).put(0, 1).put(0, 2)  # an extra channel: alpha, 8 bits
    written.put(0, 2).put(1, 2).put(2, 4).put(0x6261, 16).put(1, 1)  # "ab", associated
    written.put(0, 1).put(0, 1).put(0, 1).put(0, 2)  # not XYB; an encoding without profile: RGB
    written.put(1, 2).put(2, 2).put(9, 4).put(0, 1).put(2, 2).put(11, 4).put(0, 2)
    header = jpeg_xl.read_header(io.BytesIO(written.content()))
    assert header == jpeg_xl.Header(
        size=(300, 400),
        bits=16,
        has_alpha=True,
        is_premultiplied=True,
        encoding=color_encoding.of_numbers(color_encoding.P3_DCI, color_encoding.SRGB)._replace(
            white=color_encoding.D65
        ),
    )


def test_a_profile_that_cannot_be_read_is_told_of() -> None:
    header = Writer().put(1, 1).put(0, 5).put(1, 3)  # 8 x 8
    header.put(0, 1).put(0, 1).put(0, 1).put(0, 2).put(1, 1).put(0, 2)  # 8 bits, no extra channel
    header.put(0, 1).put(0, 1).put(1, 1).put(0, 2)  # not XYB; an ICC profile; RGB
    image = jpeg_xl.JpegXL(io.BytesIO(header.content()))
    assert image.header.encoding is None
    with (
        pytest.warns(PhotographWarning, match=r"^color profile not read"),
        pytest.raises(ColorizationError, match="damaged or truncated JPEG XL"),
    ):
        image.load()


@pytest.mark.parametrize("encode", ENCODERS)
def test_the_limit_on_pixels_holds_before_pixels_are_decoded(
    encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encode(photograph())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", WIDTH * HEIGHT - 1)
    monkeypatch.setattr(Image.Image, "load", pytest.fail)
    with pytest.raises(ColorizationError, match=r"^too many pixels"):
        decoding.open_image(content)


@pytest.mark.parametrize("encode", ENCODERS)
def test_truncated_files_are_refused(encode: Encode) -> None:
    content = encode(photograph())
    whole = decoded(content)
    for end in [*range(0, 64, 8), *np.linspace(64, len(content) - 1, 24).astype(int)]:
        pixels, message = attempt(content[:end])
        assert "\n" not in message
        if pixels is not None:  # what is missing lies behind the pixels
            np.testing.assert_array_equal(pixels, whole)
            assert end > 0.9 * len(content)


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.filterwarnings("ignore::colorization.core.errors.PhotographWarning")
def test_damaged_files_are_decoded_or_refused_in_one_line(encode: Encode) -> None:
    refused = 0
    for content in mutants([encode(photograph()), encode(with_alpha())], 60, 1):
        pixels, message = attempt(content)
        refused += pixels is None
        assert "\n" not in message
    assert refused > 10


def test_without_its_decoder_a_heic_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    content = struct.pack(">L4s4s4x4s", 20, b"ftyp", b"heic", b"mif1")
    expected = 'HEIC needs pillow-heif: pip install "colorization-pipeline[heic]"'
    assert refusal(content) == expected


@needs_heic
def test_heif_with_neither_codec_is_refused() -> None:
    message = "damaged, or an unsupported kind of HEIC"
    assert refusal(struct.pack(">L4s4s4x4s", 20, b"ftyp", b"mif1", b"mif1")) == message


@pytest.mark.parametrize(("encode", "counted"), [(avif, 1), (jp2, 2), (jxl, 2)])
def test_decoders_that_take_much_memory_are_limited(
    encode: Encode, counted: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "photograph"
    path.write_bytes(encode(photograph()))
    assert originals.count_pixels(path) == counted * WIDTH * HEIGHT
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", WIDTH * HEIGHT - 1)
    if counted == 1:
        decoding.open_image(path.read_bytes(), large=True)
    else:
        with pytest.raises(ColorizationError, match=r"^too many pixels"):
            decoding.open_image(path.read_bytes(), large=True)
