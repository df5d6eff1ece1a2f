"""Every kind of image file becomes the sRGB pixels that a viewer shows."""

import contextlib
import functools
import io
import re
import struct
import warnings
import zlib
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from colorization.core.errors import ColorizationError, PhotographWarning
from colorization.photos import decoding, jpeg
from colorization.photos.strips import strips
from samples import encoded, scene


def decoded(content: bytes) -> np.ndarray:
    """What the project sees of a file."""
    image = decoding.to_srgb(decoding.open_image(content))
    assert image.mode == "RGB"
    return np.asarray(image)


def quarters() -> Image.Image:
    """Red, green, blue and white quarters, 32 x 16: no two orientations look alike."""
    image = Image.new("RGB", (32, 16), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 15, 7), "red")
    draw.rectangle((16, 0, 31, 7), "lime")
    draw.rectangle((0, 8, 15, 15), "blue")
    return image


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("L", "PNG"), ("1", "PNG"), ("LA", "PNG"), ("L", "JPEG"), ("L", "TIFF")],
)
def test_gray_files_give_three_equal_channels(mode: str, kind: str) -> None:
    gray = Image.fromarray(scene(1)).convert("L").convert(mode)
    rgb = decoded(encoded(gray, kind))
    assert (rgb == rgb[..., :1]).all()
    if kind != "JPEG":
        np.testing.assert_array_equal(rgb[..., 0], np.asarray(gray.convert("L")))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP", "GIF"])
def test_lossless_files_keep_their_pixels(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(decoded(encoded(quarters(), kind, **options)), quarters())


def test_palettes_are_applied() -> None:
    palette = quarters().convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    np.testing.assert_array_equal(decoded(encoded(palette)), quarters())


def test_a_transparent_palette_color_is_white() -> None:
    palette = quarters().convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    rgb = decoded(encoded(palette, transparency=palette.getpixel((0, 0))))
    assert rgb[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(rgb[0, 16:], np.asarray(quarters())[0, 16:])


def test_transparency_is_composited_on_white() -> None:
    image = Image.new("RGBA", (3, 1), (200, 0, 100, 255))
    image.putpixel((1, 0), (200, 0, 100, 0))
    image.putpixel((2, 0), (200, 0, 100, 51))  # a fifth
    rgb = decoded(encoded(image))
    assert rgb[0, 0].tolist() == [200, 0, 100]
    assert rgb[0, 1].tolist() == [255, 255, 255]
    np.testing.assert_allclose(rgb[0, 2], [244, 204, 224], atol=1)


def test_sixteen_bit_gray_is_scaled() -> None:
    values = np.array([[0, 255, 256, 32768, 65535]], dtype=np.uint16)
    for kind in ("PNG", "TIFF"):
        rgb = decoded(encoded(values, kind))
        # 16 bits hold 257 times 8 bits; a viewer may round either way.
        np.testing.assert_allclose(rgb[0, :, 0], values[0] / 257, atol=1)
        assert (rgb == rgb[..., :1]).all()


def test_twelve_bits_in_sixteen_stay_dark_with_a_warning() -> None:
    values = np.array([[0, 256, 4095]], np.uint16)
    for kind in ("PNG", "TIFF"):
        with pytest.warns(PhotographWarning, match=r"^almost black: "):
            assert decoded(encoded(values, kind))[0, :, 0].tolist() == [0, 1, 15]
    assert decoded(encoded(values + 1))[0, :, 0].tolist() == [0, 1, 16]


def png(width: int, height: int, color: int, depth: int, pixels: bytes, key: bytes) -> bytes:
    """A PNG by the letter of its specification (ISO 15948), which Pillow cannot write so."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    line = len(pixels) // height
    lines = b"".join(b"\0" + pixels[line * y : line * (y + 1)] for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"tRNS", key), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*item) for item in chunks)


def test_sixteen_bit_gray_with_one_transparent_value_keeps_the_others() -> None:
    values = np.array([[0, 300, 301, 44_204, 65535, 300]], ">u2")  # 44,204 ends in the same bits
    content = png(6, 1, 0, 16, values.tobytes(), struct.pack(">H", 300))
    rgba = np.asarray(decoding.to_srgb_with_alpha(decoding.open_image(content)))
    assert rgba[0, :, 3].tolist() == [255, 0, 255, 255, 255, 0]
    assert rgba[0, :, 0].tolist() == [0, 1, 1, 172, 255, 1]
    assert decoded(content)[0, :, 1].tolist() == [0, 255, 1, 172, 255, 255]  # on white


@pytest.mark.parametrize("order", ["<", ">"])
def test_either_byte_order_is_scaled(order: str) -> None:
    values = np.array([[0, 4096, 65535]], dtype=f"{order}u2")
    mode = "I;16" if order == "<" else "I;16B"
    image = Image.frombytes(mode, (3, 1), values.tobytes())
    assert np.asarray(decoding.to_srgb(image))[0, :, 0].tolist() == [0, 16, 255]


def tiff(values: np.ndarray, bits: int, *, interpretation: int = 1) -> bytes:
    """A TIFF of one line by the letter of its specification, which Pillow cannot write so."""
    pixels = values.tobytes()
    if bits == 12:
        first, second = values[::2].astype(int), values[1::2].astype(int)
        packed = [first >> 4, (first & 15) << 4 | second >> 8, second & 255]
        pixels = np.stack(packed, axis=1).astype(np.uint8).tobytes()
    sample = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    start = 8 + 2 + 10 * 12 + 4  # after the header and the directory
    tags = {256: len(values), 257: 1, 258: bits, 259: 1, 262: interpretation, 273: start}
    tags |= {277: 1, 278: 1, 279: len(pixels), 339: sample}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + pixels


@pytest.mark.parametrize(
    ("values", "bits"),
    [
        (np.array([0, 256, 32768, 65535], "<u2"), 16),
        (np.array([0, 128, 16384, 32767], "<i2"), 16),
        (np.array([0, 16, 2048, 4095], "<u2"), 12),
        (np.array([0, 2**24, 2**31, 2**32 - 1], "<u4"), 32),
        (np.array([0, 2**23, 2**30, 2**31 - 1], "<i4"), 32),
        (np.array([0, 256, 32768, 65535], "<u4"), 32),  # 16 bits with room to spare
        (np.array([-5, 256, 32768, 65535], "<i4"), 32),
        (np.array([0, 1 / 255, 128 / 255, 1], "<f4"), 32),
        (np.array([0, 1, 128, 255], "<f4"), 32),
    ],
    ids=lambda given: f"{given.dtype}-{given.max():g}" if isinstance(given, np.ndarray) else "",
)
def test_black_and_white_of_a_tiff_are_kept_at_any_bit_depth(values: np.ndarray, bits: int) -> None:
    assert decoded(tiff(values, bits))[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("kind", ["u2", "f4"])
def test_a_tiff_whose_white_is_zero_is_inverted(kind: str) -> None:
    values = np.array([0, 257, 65535], "<u2") if kind == "u2" else np.array([0, 1, 255], "<f4")
    content = tiff(values, values.itemsize * 8, interpretation=0)
    assert decoded(content)[0, :, 0].tolist() == [255, 254, 0]


@pytest.mark.parametrize("largest", [1.0, 255.0])
def test_floating_point_is_scaled_to_its_range(largest: float) -> None:
    values = np.array([[0, 0.25, 1, -1, np.nan]], dtype=np.float32) * largest
    rgb = decoded(encoded(Image.fromarray(values.astype(np.float32)), "TIFF"))
    assert rgb[0, :, 2].tolist() == [0, 64, 255, 0, 0]


def test_a_lab_file_is_converted_to_srgb() -> None:
    # Lindbloom: sRGB's red has L* = 53.24, a* = 80.09, b* = 67.20 under D65; here L* is 0..255,
    # and a profile's white is D50, whose red differs a little.
    red = Image.new("LAB", (4, 4), (139, 208, 198))
    rgb = decoded(encoded(red, "TIFF"))[0, 0].astype(int)
    assert rgb[0] > 240
    assert rgb[1:].max() < 60


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "RGBa", "RGBX", "PA"])
def test_every_other_mode_of_pillow_is_converted(mode: str) -> None:
    image = quarters()
    if mode in ("RGBa", "PA"):
        image = image.convert("RGBA" if mode == "RGBa" else "P")
    assert decoding.to_srgb(image.convert(mode)).mode == "RGB"


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_is_converted(kind: str) -> None:
    inks = Image.new("CMYK", (3, 1), (0, 0, 0, 0))
    inks.putpixel((1, 0), (0, 255, 255, 0))
    inks.putpixel((2, 0), (0, 0, 0, 255))
    inks = inks.resize((48, 16), Image.Resampling.NEAREST)
    paper, red, black = decoded(encoded(inks, kind))[8, 8::16].astype(int)
    assert paper.min() > 250
    assert red[0] > 200 > 60 > red[1:].max()
    assert black.max() < 60


# EXIF 2.32, tag 0x0112: where the stored image's row 0 and column 0 belong.
TO_STORED = {
    1: [],
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270],
}


@pytest.mark.parametrize("orientation", TO_STORED)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])  # Pillow turns the second by itself
def test_an_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    stored = quarters()
    for operation in TO_STORED[orientation]:
        stored = stored.transpose(operation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(stored, kind, exif=exif)
    np.testing.assert_array_equal(decoded(content), quarters())
    assert decoding.upright_size(decoding.open_image(content)) == quarters().size
    stored.putalpha(stored.getchannel("R"))
    content = encoded(stored, kind, exif=exif)
    rgba = decoding.to_srgb_with_alpha(decoding.open_image(content))
    np.testing.assert_array_equal(np.asarray(rgba)[..., :3], quarters())
    np.testing.assert_array_equal(rgba.getchannel("A"), quarters().getchannel("R"))


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff"]
)
def test_a_damaged_exif_block_is_ignored(exif: bytes) -> None:
    assert decoded(encoded(quarters(), "JPEG", exif=exif)).shape == (16, 32, 3)


def linear_light_profile() -> bytes:
    """An RGB profile with sRGB's primaries and no gamma: half means half the light."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for tag in range(int.from_bytes(profile[128:132])):
        entry = 132 + 12 * tag
        if profile[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            offset = int.from_bytes(profile[entry + 4 : entry + 8])
            # ICC.1:2010, 10.5: a "curv" of no points is the identity.
            profile[offset : offset + 12] = b"curv" + bytes(8)
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_an_embedded_profile_is_converted_to_srgb(mode: str) -> None:
    half = Image.new("RGB", (8, 8), (128, 128, 128))
    half = half.quantize(4) if mode == "P" else half.convert(mode)
    rgb = decoded(encoded(half, icc_profile=linear_light_profile()))
    # IEC 61966-2-1: half the light is 1.055 * 0.502 ** (1 / 2.4) - 0.055 = 0.7366, 188 of 255.
    np.testing.assert_allclose(rgb, 188, atol=1)


def linear_gray_profile() -> bytes:
    """A profile for gray images, without gamma; ICC.1:2010, sections 7.2, 7.3 and 10.5."""
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)  # D50, of 65536
    curve = b"curv" + bytes(8)  # of no points, which is the identity
    head = bytearray(128)
    head[8:24] = struct.pack(">I", 0x02400000) + b"mntr" + b"GRAY" + b"XYZ "
    head[36:40] = b"acsp"
    head[68:80] = white[8:]
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, 20, b"kTRC", 176, 12)
    profile = head + tags + white + curve
    profile[:4] = struct.pack(">I", len(profile))
    return bytes(profile)


@pytest.mark.parametrize("mode", ["L", "LA", "I;16", "F", "transparent"])
def test_an_embedded_profile_of_a_gray_image_is_converted_to_srgb(mode: str) -> None:
    options: dict = {"icc_profile": linear_gray_profile()}
    half = Image.new("L", (8, 8), 128)
    if mode == "I;16":
        half = Image.fromarray(np.full((8, 8), 128 * 257, np.uint16))
    elif mode == "F":
        half = Image.fromarray(np.full((8, 8), 128 / 255, np.float32))
    elif mode == "transparent":
        options["transparency"] = 7
    else:
        half = half.convert(mode)
    content = encoded(half, "TIFF" if mode == "F" else "PNG", **options)
    np.testing.assert_allclose(decoded(content), 188, atol=1)  # as above


def test_a_damaged_profile_is_ignored() -> None:
    for profile in (b"no profile", linear_light_profile()[:200]):
        content = encoded(quarters(), icc_profile=profile)
        np.testing.assert_array_equal(decoded(content), quarters())


# Of a damaged file, Pillow may warn as it likes.
@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_truncated_file_is_refused(kind: str) -> None:
    content = encoded(scene(2), kind)
    for kept in (0, 1, 10, len(content) // 2):
        with pytest.raises(
            ColorizationError, match=r"^(not an image$|cannot be decoded: \w|damaged)"
        ):
            decoded(content[:kept])


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_damaged_file_is_refused_or_decoded_and_nothing_else(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10**6)  # damage may enlarge an image
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(scene(3), kind, **({"exif": exif} if kind != "BMP" else {}))
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(150):
        damaged = bytearray(content)
        for position in rng.integers(0, min(len(content), 400), 4):
            damaged[position] = rng.integers(256)
        try:
            decoded(bytes(damaged))
        except ColorizationError:
            refused += 1
    assert refused > 0


def test_text_is_not_an_image() -> None:
    with pytest.raises(ColorizationError, match=r"^not an image$"):
        decoding.open_image(b"a letter to my aunt")


def file_type(*brands: bytes) -> bytes:
    """The beginning of a HEIF file: ISO/IEC 14496-12, section 4.3."""
    content = b"ftyp" + brands[0] + bytes(4) + b"".join(brands)
    return struct.pack(">I", 4 + len(content)) + content


def test_a_video_is_not_an_image() -> None:
    with pytest.raises(ColorizationError, match=r"^not an image$"):
        decoding.open_image(file_type(b"isom", b"mp42"))


def test_a_damaged_image_is_reported_with_its_format() -> None:
    with pytest.raises(ColorizationError) as caught:
        decoding.open_image(b"\x89PNG\r\n\x1a\nand so on")
    assert str(caught.value) == "damaged, or an unsupported kind of PNG"


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (NotImplementedError(), "not implemented error"),
        (EOFError(), "the file is truncated"),
        (OSError("broken\n data  stream"), "broken data stream"),
    ],
)
def test_an_error_without_a_message_is_reported_by_its_type(
    raised: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Image.Image) -> None:
        raise raised

    image = decoding.open_image(encoded(quarters()))
    monkeypatch.setattr(type(image), "load", fail)
    with pytest.raises(ColorizationError) as caught:
        decoding.to_srgb(image)
    assert str(caught.value) == f"cannot be decoded: {message}"


def test_a_png_with_damaged_pixels_is_refused_every_time() -> None:
    content = bytearray(encoded(scene(1)))
    content[content.index(b"IDAT") + 200] ^= 1
    image = decoding.open_image(bytes(content))
    with pytest.raises(ColorizationError, match=r"^cannot be decoded: "):
        decoding.upright_size(image)


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "turned", "F", "I;16", "P", "CMYK", "LA"])
def test_strips_are_seamless(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = Image.fromarray(scene(1, 50, 30))
    options: dict = {"icc_profile": linear_light_profile()}
    if kind == "turned":
        options["exif"] = image.getexif()
        options["exif"][0x0112] = 7
    elif kind in ("F", "I;16"):
        gray = np.asarray(image.convert("L"))
        wide = (gray * np.uint16(200)) if kind == "I;16" else (gray / np.float32(255))
        image, options = Image.fromarray(wide), {}
    else:
        image = image.convert(kind)
    if kind in ("RGBA", "LA"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    content = encoded(image, "PNG" if kind in ("P", "RGBA", "LA", "turned") else "TIFF", **options)

    def both() -> list[np.ndarray]:
        images = (decoding.open_image(content), decoding.open_image(content))
        return [
            np.asarray(decoding.to_srgb(images[0])),
            np.asarray(decoding.to_srgb_with_alpha(images[1])),
        ]

    whole = both()
    monkeypatch.setattr(decoding, "strips", functools.partial(strips, pixels=70))
    for actual, expected in zip(both(), whole, strict=True):
        np.testing.assert_array_equal(actual, expected)
    assert whole[1].shape[-1] == (4 if kind in ("RGBA", "LA") else 3)


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (1, 100), (100, 1), (10, 10)])
@pytest.mark.parametrize("pixels", [1, 7, 10, 1000])
def test_strips_cover_every_pixel_once(size: tuple[int, int], pixels: int) -> None:
    covered = np.zeros(size[::-1], int)
    for left, top, right, bottom in strips(size, pixels):
        covered[top:bottom, left:right] += 1
        assert 0 < (right - left) * (bottom - top) <= pixels
    assert (covered == 1).all()


@pytest.mark.parametrize(
    ("side", "reason"),  # Pillow warns of the first and refuses the second
    [(11, "11 x 11, more than 100"), (100, "more than 200")],
)
def test_a_decompression_bomb_is_refused(
    monkeypatch: pytest.MonkeyPatch, side: int, reason: str
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ColorizationError, match=f"^too many pixels: {reason}$"):
        decoding.open_image(encoded(Image.new("1", (side, side))))


def test_large_accepts_twice_as_many_pixels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    image = decoding.open_image(encoded(Image.new("1", (20, 10))), large=True)
    assert image.size == (20, 10)
    with pytest.raises(ColorizationError, match=r"^too many pixels: more than 200$"):
        decoding.open_image(encoded(Image.new("1", (67, 3))), large=True)


@pytest.mark.parametrize("large", [True, False])
def test_opening_an_image_keeps_the_warning_filters(
    monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    during: list[list] = []

    def open_image(*arguments: Any, **options: Any) -> Image.Image:
        during.append(list(warnings.filters))
        return pillow_open(*arguments, **options)

    pillow_open = Image.open
    monkeypatch.setattr(Image, "open", open_image)
    decoding.open_image(encoded(quarters()), large=large)
    assert during == [list(warnings.filters)]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_several_frames_are_refused(kind: str) -> None:
    frames = [Image.fromarray(scene(seed)) for seed in range(3)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(ColorizationError, match=r"^an animation$"):
        decoding.open_image(content)
    assert decoded(encoded(frames[0], kind, save_all=True)).shape == (40, 48, 3)


def test_the_photograph_of_a_cameras_mpo_is_its_first_image() -> None:
    views = [Image.new("RGB", (32, 16), color) for color in ("red", "blue")]
    rgb = decoded(encoded(views[0], "MPO", save_all=True, append_images=views[1:]))
    np.testing.assert_allclose(rgb[8, 16], [255, 0, 0], atol=3)


def test_a_jpeg_is_decoded_at_a_fraction_of_its_size() -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    large = Image.fromarray(scene(1, 640, 320))
    image = decoding.open_image(encoded(large, "JPEG", quality=95, exif=tags))
    assert decoding.upright_size(image) == (320, 640)
    small = decoding.to_srgb(image, least_side=80)
    assert small.size == (80, 160)
    upright = large.transpose(Image.Transpose.ROTATE_270).resize(small.size)
    assert np.abs(np.asarray(small, int) - np.asarray(upright)).mean() < 4


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("side", [100, 447, 448, 700, 1349, 3141])
def test_the_pixels_to_decode_are_those_that_pillow_decodes(side: int, progressive: bool) -> None:
    image = Image.new("L", (side, side + 50))
    opened = decoding.open_image(encoded(image, "JPEG", progressive=progressive))
    count = decoding.pixels_to_decode(opened, 224)
    if not progressive:  # that has all coefficients in memory, however small it is decoded
        opened.draft(None, (224, 224))
    assert count == pytest.approx(opened.width * opened.height, rel=0.02)


def lossless_jpeg(image: Image.Image) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(np.asarray(image), lossless=True))


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_lossless_jpeg_is_decoded_in_full_size(mode: str) -> None:
    # Reduced, it makes Pillow 12 write beyond its memory.
    pixels = Image.fromarray(scene(1, 400, 300)).convert(mode)
    content = lossless_jpeg(pixels)
    image = decoding.open_image(content)
    assert decoding.pixels_to_decode(image, 32) == 400 * 300
    rgb = decoding.to_srgb(image, least_side=32)
    np.testing.assert_array_equal(rgb, pixels.convert("RGB"))


def frames_of_jpeg() -> dict[int, bytes]:
    """Contents by their frame's marker."""
    image = Image.fromarray(scene(1, 64, 48))
    baseline = encoded(image, "JPEG")
    return {
        0xC0: baseline,
        0xC1: baseline.replace(b"\xff\xc0", b"\xff\xc1"),  # with more tables; here it has not
        0xC2: encoded(image, "JPEG", progressive=True),
        0xC3: lossless_jpeg(image),
        0xC9: baseline.replace(b"\xff\xc0", b"\xff\xc9"),  # as if arithmetically coded
    }


@pytest.mark.parametrize("marker", frames_of_jpeg())
def test_only_jpegs_that_pillow_can_reduce_are_reduced(marker: int) -> None:
    content = frames_of_jpeg()[marker]
    assert content.count(bytes([0xFF, marker, 0])) == 1
    file = io.BytesIO(content[:2] + b"\xff\xe5\0\6\xff\xc3no" + content[2:])  # not a frame's marker
    assert jpeg.can_be_reduced(file) == (marker in (0xC0, 0xC1, 0xC2))


def test_twelve_bits_of_a_jpeg_are_not_reduced() -> None:
    content = bytearray(encoded(Image.fromarray(scene(1)), "JPEG"))
    content[content.index(b"\xff\xc0") + 4] = 12
    assert not jpeg.can_be_reduced(io.BytesIO(content))


JPEGS: dict[str, tuple[str, dict[str, Any]]] = {
    "baseline": ("RGB", {}),
    "gray": ("L", {}),
    "CMYK": ("CMYK", {}),
    "progressive": ("RGB", {"progressive": True}),
    "progressive gray": ("L", {"progressive": True}),
    "optimized": ("RGB", {"optimize": True}),
    "best": ("RGB", {"quality": 100, "subsampling": 0}),
    "best progressive": ("RGB", {"quality": 100, "progressive": True}),
    "in intervals": ("RGB", {"restart_marker_rows": 1}),
    "gray in intervals": ("L", {"restart_marker_blocks": 3}),
}


@pytest.mark.filterwarnings("ignore::colorization.core.errors.PhotographWarning")
@pytest.mark.parametrize("picture", ["scene", "flat"])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_truncated_jpeg_is_decoded_only_if_no_pixel_is_missing(kind: str, picture: str) -> None:
    mode, options = JPEGS[kind]
    image = Image.fromarray(scene(5, 130, 97)) if picture == "scene" else Image.new("RGB", (70, 50))
    content = encoded(image.convert(mode), "JPEG", **options)
    whole = decoded(content)
    accepted = []
    for cut in [*range(1, 80), len(content) // 4, len(content) // 2]:
        with contextlib.suppress(ColorizationError):
            np.testing.assert_array_equal(decoded(content[:-cut]), whole)
            accepted.append(cut)
    assert accepted[:2] == [1, 2]
    if picture == "scene":
        assert max(accepted) <= 4  # of black, more of the end is of no consequence


def test_a_jpeg_without_end_marker_is_decoded_with_a_warning() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(Image.fromarray(scene(1, 640, 320)), "JPEG", exif=exif)[:-2]
    image = decoding.open_image(content)
    assert decoding.upright_size(image) == (320, 640)
    with pytest.warns(PhotographWarning, match=r"^missing end marker$"):
        assert decoding.to_srgb(image, least_side=80).size == (80, 160)


def test_a_jpeg_padded_with_zeros_is_refused() -> None:
    content = encoded(Image.fromarray(scene(1, 200, 200)), "JPEG")
    for kept in (len(content) - 2, len(content) - 40, len(content) // 2):
        padded = content[:kept] + bytes(4096)
        if kept == len(content) - 2:
            with pytest.warns(PhotographWarning):
                np.testing.assert_array_equal(decoded(padded), decoded(content))
        else:
            with pytest.raises(ColorizationError, match=r"image file is truncated$"):
                decoded(padded)


def test_a_progressive_jpeg_with_missing_scans_is_refused() -> None:
    content = encoded(Image.fromarray(scene(1)), "JPEG", progressive=True)
    scans = [match.start() for match in re.finditer(b"\xff\xda", content)]
    assert len(scans) == 10
    for start in scans[1:]:
        # What defines a scan's tables comes before it.
        tables = content.rindex(b"\xff\xc4", 0, start)
        for cut in (start, tables):
            with pytest.raises(ColorizationError, match=r"image file is truncated$"):
                decoded(content[:cut])


def test_data_after_the_end_of_a_jpeg_is_ignored() -> None:
    content = encoded(Image.fromarray(scene(1)), "JPEG")
    for more in (bytes(5000), b"\xff", b"a trailer", content[:300]):
        np.testing.assert_array_equal(decoded(content + more), decoded(content))
