"""A TIFF gives the pixels that were written into it, or is refused in one line; never others."""

import io
import itertools
import logging
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

import tiffs
from colorization.core.errors import ColorizationError, PhotographWarning
from colorization.photos import decoding, scaling, tiff
from samples import encoded, scene
from tiffs import Pixel

# What a pixel consists of, besides the kinds that `tiffs` tries.
PIXELS = {
    name: pixel
    for name, pixel in tiffs.PIXELS.items()
    if name not in {"palette", "YCbCr", "CIELab"}  # which tifffile does not write
} | {
    "gray and a sample": Pixel(1, 1, (0,)),
    "RGB and a sample": Pixel(2, 3, (0,)),
    "RGB and two samples": Pixel(2, 3, (0, 0)),
    "CMYK and a sample": Pixel(5, 4, (0,)),
}
WHOLE_BYTES = ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"]
COMPRESSIONS: list[tuple[str | None, bool]] = [  # and whether values are differences
    *((None, False), ("lzw", False), ("lzw", True), ("deflate", False), ("deflate", True)),
    ("packbits", False),
]


def samples_of(pixel: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """What is written, (H, W, samples), and the RGB or RGBA that it shows."""
    sample_format = {"u": 1, "i": 2, "f": 3}[kind[0]]
    eight = tiffs.picture(PIXELS[pixel])
    samples, eight = tiffs.in_bits(eight, sample_format, 8 * int(kind[1]))
    return samples.astype(kind), tiffs.rgb_of(eight, PIXELS[pixel])


def decoded(content: bytes) -> np.ndarray:
    """What the project sees of a file, with alpha if it has any."""
    image = decoding.open_image(content)
    decoding.load(image)
    return np.asarray(decoding.to_srgb_with_alpha(image))


def assert_decoded(content: bytes, expected: np.ndarray, pixel: str, layout: object) -> None:
    """Assert that the project sees these pixels."""
    pixels, message = decoded(content), str(layout)
    assert pixels.shape == expected.shape, message
    if "associated" in pixel:
        # Where nothing shows, no color is known; elsewhere, Pillow divides with its own rounding.
        pixels, expected = (rgba[expected[..., -1] > 0] for rgba in (pixels, expected))
        np.testing.assert_allclose(pixels, expected, rtol=0, atol=1, err_msg=message)
    else:
        np.testing.assert_array_equal(pixels, expected, err_msg=message)


def tiff_of(samples: np.ndarray, pixel: str, *, planar: bool = False, **options: Any) -> bytes:
    """A TIFF that tifffile writes."""
    photometric, _, extra = PIXELS[pixel]
    several = samples.shape[-1] > 1
    array = np.moveaxis(samples, -1, 0) if planar else samples if several else samples[..., 0]
    options |= {"photometric": photometric, "metadata": None}
    if several:
        options |= {"planarconfig": "separate" if planar else "contig", "extrasamples": extra}
    content = io.BytesIO()
    tifffile.imwrite(content, array, **options)
    return content.getvalue()


def layouts(channels: int) -> Iterator[dict[str, Any]]:
    """Every layout in which a TIFF may hold its samples, apart from their compression."""
    for planar, order, tile in itertools.product([False, True], "<>", [None, (16, 16)]):
        if channels > 1 or not planar:
            yield {
                "planar": planar,
                "byteorder": order,
                **({"tile": tile} if tile else {"rowsperstrip": 7}),
            }


@pytest.mark.parametrize("kind", WHOLE_BYTES)
@pytest.mark.parametrize("pixel", PIXELS)
def test_pixels_are_read_from_every_layout(pixel: str, kind: str) -> None:
    samples, expected = samples_of(pixel, kind)
    for layout in layouts(samples.shape[-1]):
        for compression, differences in COMPRESSIONS:
            predictor = (3 if kind[0] == "f" else 2) if differences else None
            content = tiff_of(
                samples, pixel, compression=compression, predictor=predictor, **layout
            )
            assert_decoded(content, expected, pixel, (layout, compression))


@pytest.mark.parametrize("bits", [*range(1, 8), *range(9, 16)])
@pytest.mark.parametrize("pixel", tiffs.PIXELS)
def test_packed_samples_are_unpacked(pixel: str, bits: int) -> None:
    for compression in ("none", "deflate"):
        is_read = tiffs.is_read(pixel, 1, bits, compression)
        assert is_read == (bits <= tiffs_limit(pixel))


def tiffs_limit(pixel: str) -> int:
    """The most bits of a sample of these kinds; CIELab has 8 alone."""
    return {"palette": 8, "YCbCr": 8, "CIELab": 0}.get(pixel, 16)


@pytest.mark.parametrize("pixel", tiffs.PIXELS)
def test_jpeg_within_a_tiff_is_decoded(pixel: str) -> None:
    assert tiffs.jpeg_is_read(pixel)


@pytest.mark.parametrize("photometric", [3, 6, 8])
def test_pillow_and_tifffile_decode_eight_bits_alike(photometric: int) -> None:
    channels = 1 if photometric == 3 else 3
    samples = np.random.default_rng(1).integers(0, 256, (20, 30, channels), np.uint8)
    palette = np.random.default_rng(2).integers(0, 2**16, 768).tolist()
    tags: dict[int, int | Sequence[int]] = {258: [8] * channels, 277: channels, 530: (1, 1)}
    tags |= {262: photometric} | ({320: palette} if photometric == 3 else {})
    together = zlib.compress(samples.tobytes())
    apart = [zlib.compress(samples[..., channel].tobytes()) for channel in range(channels)]
    pictures = [
        decoding.open_image(tiffs.written(strips, (30, 20), tags | {259: 8, 284: planar}))
        for strips, planar in (([together], 1), (apart, 2))
    ]
    assert [isinstance(image, tiff.TiffPage) for image in pictures] == [False, True]
    first, second = (np.asarray(decoding.to_srgb(image), int) for image in pictures)
    # Their formulas for YCbCr round differently.
    np.testing.assert_allclose(first, second, rtol=0, atol=1 if photometric == 6 else 0)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_a_fax_compression_of_one_bit_is_read(compression: str) -> None:
    one_bit = Image.fromarray(scene(1)).convert("1")
    content = encoded(one_bit, "TIFF", compression=compression)
    np.testing.assert_array_equal(decoded(content), np.asarray(one_bit.convert("RGB")))


@pytest.mark.parametrize("compression", ["lzma", "zstd"])
def test_newer_compressions_are_read(compression: str) -> None:
    samples, expected = samples_of("RGB", "u2")
    content = tiff_of(samples, "RGB", planar=True, compression=compression)
    np.testing.assert_array_equal(decoded(content), expected)


@pytest.mark.parametrize("pixel", ["gray", "RGB"])
def test_a_bigtiff_is_read(pixel: str) -> None:
    for kind in ("u1", "u2"):
        samples, expected = samples_of(pixel, kind)
        content = tiff_of(samples, pixel, bigtiff=True)
        np.testing.assert_array_equal(decoded(content), expected)
    content = tiff_of(samples, pixel, bigtiff=True, byteorder=">")
    assert (
        refusal(content) == "a TIFF with 64-bit offsets in big-endian order, which is not supported"
    )


def test_max_sample_value_scales_twelve_bits_in_sixteen() -> None:
    samples = np.array([[0, 16, 2048, 4095]], np.uint16)[..., None]
    for pixel, channels in (("gray", 1), ("RGB", 3)):
        content = tiff_of(
            samples.repeat(channels, -1), pixel, extratags=[(281, "H", 1, 4095, False)]
        )
        assert decoded(content)[0, :, 1].tolist() == [0, 1, 128, 255]


def test_without_a_tag_sixteen_bits_are_sixteen() -> None:
    # A dark photograph has the same tags and the same values.
    samples = np.array([[0, 16, 2048, 4095]], np.uint16)[..., None]
    for extratags in ([], [(281, "H", 1, 4000, False)]):  # the greatest value that occurs
        content = tiff_of(samples, "gray", extratags=extratags)
        with pytest.warns(PhotographWarning, match=r"^almost black: .* exceeds 4,095$"):
            assert decoded(content)[0, :, 0].tolist() == [0, 0, 8, 15]


def linear_profile() -> bytes:
    """An RGB profile with sRGB's primaries and no gamma."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for tag in range(int.from_bytes(profile[128:132])):
        entry = 132 + 12 * tag
        if profile[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            offset = int.from_bytes(profile[entry + 4 : entry + 8])
            profile[offset : offset + 12] = b"curv" + bytes(8)
    return bytes(profile)


def test_an_embedded_profile_is_applied_to_planes_too() -> None:
    half = np.full((8, 8, 3), 128 * 257, np.uint16)
    content = tiff_of(half, "RGB", planar=True, iccprofile=linear_profile())
    # IEC 61966-2-1: half the light is 188 of 255.
    np.testing.assert_allclose(decoded(content), 188, atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_applied_to_planes_too(orientation: int) -> None:
    samples, expected = samples_of("RGB", "u2")
    content = tiff_of(samples, "RGB", planar=True, extratags=[(274, "H", 1, orientation, True)])
    # Section 8: which corner of the stored image the visual top left is.
    rotated = expected.swapaxes(0, 1) if orientation > 4 else expected
    across = orientation in (2, 3, 6, 7)
    down = orientation in (3, 4, 7, 8)
    rotated = rotated[:: -1 if down else 1, :: -1 if across else 1]
    np.testing.assert_array_equal(decoded(content), rotated)
    image = decoding.open_image(content)
    assert decoding.upright_size(image) == rotated.shape[1::-1]


def test_metadata_of_a_tiff_is_kept() -> None:
    samples, _ = samples_of("RGB", "u2")
    content = tiff_of(samples, "RGB", planar=True, software="camera", description="the hill")
    exif = decoding.open_image(content).getexif()
    assert (exif[0x010E], exif[0x0131]) == ("the hill", "camera")


def refusal(content: bytes) -> str:
    with pytest.raises(ColorizationError) as caught:
        decoded(content)
    return str(caught.value)


def test_unsupported_tiffs_are_named() -> None:
    gray = np.zeros((4, 4, 1), np.uint8)

    def named(tags: dict[int, int | Sequence[int]]) -> str:
        usual: dict[int, int | Sequence[int]] = {258: 8, 259: 1, 262: 1, 277: 1}
        message = refusal(tiffs.written([gray.tobytes()], (4, 4), usual | tags))
        before, what = message.split("a TIFF with ")
        assert before == ""
        return what.removesuffix(", which is not supported")

    assert named({262: 77}) == "PhotometricInterpretation 77"
    assert named({262: 8, 258: 16, 277: 3}) == "CIELab of 16 unsigned bits"
    assert named({258: 24}) == "samples of 24 unsigned bits"
    assert named({339: 6, 258: 64}) == "samples of 64 mixed or complex bits"
    assert named({258: (5, 6, 5), 262: 2, 277: 3}) == "samples of 5/6/5 unsigned bits"
    assert named({259: 34712}) == "compression 34712 of 8 unsigned bits"
    assert named({277: 3}) == "3 samples a pixel in gray"
    assert named({277: 9, 262: 2, 338: (0,) * 6}) == "9 samples a pixel in RGB"
    assert named({277: 5, 262: 5, 338: 2}) == "CMYK with alpha"
    assert named({277: 4, 262: 5, 332: 2, 284: 2}) == "inks other than CMYK"
    assert named({262: 3, 258: 16}) == "palette color of 16 unsigned bits"
    assert named({32997: 2, 258: 16}) == "more than one layer in depth"


@pytest.fixture
def photograph() -> np.ndarray:
    return scene(1)


def of_directories(*images: tuple[np.ndarray, dict[str, Any]]) -> bytes:
    content = io.BytesIO()
    with tifffile.TiffWriter(content) as writer:
        for image, options in images:
            writer.write(image, metadata=None, **options)
    return content.getvalue()


def test_thumbnails_masks_and_pyramids_are_not_pages(photograph: np.ndarray) -> None:
    half, mask = photograph[::2, ::2], photograph[..., 0] > 128
    rgb: dict[str, Any] = {"photometric": "rgb"}
    for others in (
        [(half, rgb | {"subfiletype": 1})],
        [(mask, {"photometric": "mask", "subfiletype": 4})],
        [(half, rgb | {"subfiletype": 1}), (half[::2, ::2], rgb | {"subfiletype": 1})],
        [(half, rgb | {"extratags": [(255, "H", 1, 2, True)]})],
    ):
        for position in (0, len(others)):  # before the photograph, and after it
            images = [*others]
            images.insert(position, (photograph, rgb))
            content = of_directories(*images)
            assert decoding.count_pages(content) == 1
            np.testing.assert_array_equal(decoded(content), photograph)
    content = of_directories((photograph, rgb | {"subifds": 1}), (half, rgb | {"subfiletype": 1}))
    assert decoding.count_pages(content) == 1
    np.testing.assert_array_equal(decoded(content), photograph)


def test_a_lone_reduced_image_is_a_photograph(photograph: np.ndarray) -> None:
    content = of_directories((photograph, {"photometric": "rgb", "subfiletype": 1}))
    np.testing.assert_array_equal(decoded(content), photograph)


def test_the_thumbnail_of_a_raw_file_is_not_its_photograph(photograph: np.ndarray) -> None:
    small = {"photometric": "rgb", "subfiletype": 1, "subifds": 1}
    content = of_directories((photograph[::2, ::2], small), (photograph, {"photometric": "rgb"}))
    message = "a TIFF with its photograph in a SubIFD, like a camera's raw file"
    assert refusal(content) == f"{message}, which is not supported"
    assert decoding.count_pages(content) == 1


def test_each_page_is_read(photograph: np.ndarray) -> None:
    rgb: dict[str, Any] = {"photometric": "rgb"}
    planar = {"photometric": "rgb", "planarconfig": "separate"}
    wide = np.moveaxis(photograph, -1, 0).astype(np.uint16) * 257
    # Pages that Pillow reads and pages that tifffile reads, and a thumbnail between them.
    images: list[tuple[np.ndarray, dict[str, Any]]] = [
        (photograph, rgb),
        (photograph[::2, ::2], rgb | {"subfiletype": 1}),
        (wide[:, ::-1], planar),
        (photograph[:, ::-1], rgb),
    ]
    expected = [photograph, photograph[::-1], photograph[:, ::-1]]
    for order in ([0, 1, 2, 3], [2, 1, 3, 0]):
        content = of_directories(*(images[number] for number in order))
        assert decoding.count_pages(content) == 3
        assert decoding.count_pages(io.BytesIO(content)) == 3
        assert (
            refusal(content)
            == "3 pages, not a single photograph; the command colorize accepts them"
        )
        pages = [expected[{0: 0, 2: 1, 3: 2}[number]] for number in order if number != 1]
        second = decoding.open_image(content, large=True, page=1)
        np.testing.assert_array_equal(np.asarray(decoding.to_srgb(second)), pages[1])
        for page, pixels in enumerate(pages):
            image = decoding.open_image(io.BytesIO(content), page=page)
            np.testing.assert_array_equal(np.asarray(decoding.to_srgb(image)), pixels)
    for page in (-1, 3):
        with pytest.raises(ColorizationError, match=rf"^no page {page + 1}: 3 pages$"):
            decoding.open_image(content, page=page)


def test_other_formats_have_one_page() -> None:
    for content in (encoded(scene(1)), b"", b"II*\0", b"II*\0" + bytes(4), b"a letter"):
        assert decoding.count_pages(content) == 1
    image = decoding.to_srgb(decoding.open_image(encoded(scene(1)), page=0))
    np.testing.assert_array_equal(np.asarray(image), scene(1))
    with pytest.raises(ColorizationError, match=r"^no page 2: a single image$"):
        decoding.open_image(encoded(scene(1)), page=1)


def test_a_circular_chain_of_directories_ends(photograph: np.ndarray) -> None:
    content = bytearray(of_directories(*[(photograph, {"photometric": "rgb"})] * 2))
    first = int.from_bytes(content[4:8], "little")

    def link(directory: int) -> int:
        return directory + 2 + 12 * int.from_bytes(content[directory : directory + 2], "little")

    second = int.from_bytes(content[link(first) : link(first) + 4], "little")
    content[link(second) : link(second) + 4] = struct.pack("<L", first)
    assert decoding.count_pages(bytes(content)) == 2
    content[link(first) : link(first) + 4] = struct.pack("<L", first)
    np.testing.assert_array_equal(decoded(bytes(content)), photograph)


@pytest.mark.filterwarnings("ignore:::PIL")
def test_malformed_directories_are_refused(photograph: np.ndarray) -> None:
    content = bytearray(of_directories((photograph, {"photometric": "rgb"})))
    first = int.from_bytes(content[4:8], "little")

    def damaged(at: int, value: bytes) -> str:
        changed = bytes(content[:at]) + value + bytes(content[at + len(value) :])
        assert decoding.count_pages(changed) == 1
        return refusal(changed)

    outside = "damaged TIFF: a directory outside the file"
    assert damaged(4, b"\xff\xff\xff\xff") == outside
    assert damaged(4, bytes(4)) == "damaged TIFF: no directory"
    assert damaged(first, b"\xff\xff") == "damaged TIFF: a directory of 65,535 entries"
    after = first + 2 + 12 * int.from_bytes(content[first : first + 2], "little")
    assert damaged(after, b"\xff\xff\xff\xff") == outside
    # A count of values that the file cannot hold, at the first entry: the width.
    width = damaged(first + 2 + 4, b"\xff\xff\xff\x7f")
    assert width == "damaged TIFF: no width or height"


@pytest.mark.filterwarnings("ignore:::PIL")
def test_harmless_damage_is_tolerated(photograph: np.ndarray) -> None:
    content = of_directories((photograph, {"photometric": "rgb"}))
    software = content.index(struct.pack("<HH", 305, 2))
    lying = content[: software + 4] + b"\xff\xff\xff\x7f" + content[software + 8 :]
    np.testing.assert_array_equal(decoded(lying), photograph)
    gray = photograph[..., 0]
    whole = tiffs.written([gray.tobytes()], gray.shape[::-1], {258: 8, 262: 1, 277: 1})
    np.testing.assert_array_equal(decoded(whole[:-4]), gray[..., None].repeat(3, -1))  # no next one


def test_malformed_data_is_refused() -> None:
    zeros = bytes(10**6)
    tags: dict[int, int | Sequence[int]] = {258: 16, 259: 8, 262: 1, 277: 1}
    whole = tiffs.written([zlib.compress(zeros)], (1000, 500), tags)
    assert not decoded(whole).any()
    assert refusal(tiffs.written([zlib.compress(zeros + b"\0")], (1000, 500), tags))  # a bomb
    assert refusal(tiffs.written([zlib.compress(zeros[:-2])], (1000, 500), tags))
    assert refusal(tiffs.written([zlib.compress(zeros)[:-9]], (1000, 500), tags))
    assert refusal(tiffs.written([zeros[:-2]], (1000, 500), tags | {259: 1}))
    big = tiffs.written([zlib.compress(zeros)], (13_000, 13_000), tags | {339: 3, 258: 64})
    with pytest.raises(ColorizationError, match=r"a strip or tile is too large$"):
        decoding.to_srgb(decoding.open_image(big, large=True))


def test_overlapping_strips_are_refused() -> None:
    strip = zlib.compress(bytes(2 * 100))
    content = tiffs.written([strip] * 3, (100, 1), {258: [16] * 3, 259: 8, 262: 2, 277: 3, 284: 2})
    assert not decoded(content).any()
    start = content.index(struct.pack("<3L", *[len(strip)] * 3))
    lying = content[:start] + struct.pack("<3L", *[len(content) // 2] * 3) + content[start + 12 :]
    assert "overlap" in refusal(lying)


def test_tifffile_does_not_log_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("tifffile").error("odd")
    samples, _ = samples_of("RGB", "u2")
    content = tiff_of(samples, "RGB", planar=True, extratags=[(42113, "s", 0, "odd", True)])
    decoded(content)
    assert capfd.readouterr() == ("", "")


def test_long_strips_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "PIXELS", 5 * tiffs.WIDTH)
    for kind, planar in (("u2", True), ("f4", False)):
        samples, expected = samples_of("RGB", kind)
        content = tiff_of(samples, "RGB", planar=planar)
        page = tifffile.TiffFile(io.BytesIO(content)).pages.first
        assert len(page.dataoffsets) == (3 if planar else 1)
        np.testing.assert_array_equal(decoded(content), expected)


def test_the_limit_on_pixels_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for width, large, accepted in (
        (10, False, True),
        (11, False, False),
        (20, True, True),
        (21, True, False),
    ):
        content = tiff_of(np.zeros((10, width, 3), np.uint16), "RGB", planar=True)
        if accepted:
            decoding.open_image(content, large=large)
        else:
            with pytest.raises(ColorizationError, match=r"^too many pixels"):
                decoding.open_image(content, large=large)


def test_a_jpeg_that_is_larger_than_its_strip_is_refused() -> None:
    large = imagecodecs.jpeg8_encode(np.zeros((64, 64), np.uint8))
    tags: dict[int, int | Sequence[int]] = {258: 8, 259: 7, 262: 1, 277: 1, 339: 1}
    assert not decoded(tiffs.written([large], (64, 64), tags)).any()
    three: dict[int, int | Sequence[int]] = {258: [8] * 3, 262: 2, 277: 3, 284: 2}
    content = tiffs.written([large] * 3, (16, 16), tags | three)
    assert "does not match the size of its strip or tile" in refusal(content)


def test_many_directories_are_read_in_little_time() -> None:
    # Each of 4,096 entries, which all claim values that it would take long to read.
    entry = struct.pack("<HHLL", 258, 3, 10**6, 8)
    links = [8 + number * (2 + 12 * 4096 + 4) for number in range(101)]
    body = b"".join(
        struct.pack("<H", 4096) + 4096 * entry + struct.pack("<L", following)
        for following in [*links[1:-1], 0]
    )
    content = b"II*\0" + struct.pack("<L", 8) + body
    start = time.process_time()
    assert decoding.count_pages(content) == 1
    assert time.process_time() - start < 2
    assert refusal(content).startswith("damaged TIFF: overlapping values")


def test_a_jpeg_is_decoded_without_the_packages_for_tiffs(tmp_path: Path) -> None:
    path = tmp_path / "photograph.jpg"
    path.write_bytes(encoded(Image.fromarray(scene(1)), "JPEG"))
    code = f"""
import sys
from colorization.photos import decoding
assert decoding.count_pages(open({str(path)!r}, "rb")) == 1
decoding.to_srgb(decoding.open_image(open({str(path)!r}, "rb")))
print({{"tifffile", "imagecodecs"}} & {{*sys.modules}})
"""
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_samples_are_clipped_to_black_and_white() -> None:
    for values, white, expected in (
        (np.array([-128, -1, 0, 127], np.int8), 127, [0, 0, 0, 255]),
        (np.array([-(2**15), -1, 0, 2**15 - 1], np.int16), 2**15 - 1, [0, 0, 0, 255]),
        (np.array([-np.inf, -1, np.nan, np.inf], np.float32), 1, [0, 0, 0, 255]),
        (np.array([0, 4095, 4096, 65535], np.uint16), 4095, [0, 255, 255, 255]),
        (np.array([False, True]), 1, [0, 255]),
    ):
        assert scaling.to_eight_bits(values, white).tolist() == expected
