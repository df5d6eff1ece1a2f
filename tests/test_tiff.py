"""A TIFF gives the pixels that were written into it, or is refused in one line; never others."""

import functools
import io
import itertools
import logging
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from colorization.core.errors import ColorizationError
from colorization.imaging import decoding, tiff
from samples import encoded, scene

HEIGHT, WIDTH = 19, 37  # so that tiles of 16 px and strips of 7 lines end beyond the image
UNASSOCIATED, ASSOCIATED, OTHER = 2, 1, 0  # ExtraSamples

# What a pixel has: PhotometricInterpretation, and ExtraSamples.
PIXELS: dict[str, tuple[str, list[int]]] = {
    "gray": ("minisblack", []),
    "gray, white is zero": ("miniswhite", []),
    "gray with alpha": ("minisblack", [UNASSOCIATED]),
    "gray with associated alpha": ("minisblack", [ASSOCIATED]),
    "gray and a sample": ("minisblack", [OTHER]),
    "RGB": ("rgb", []),
    "RGB with alpha": ("rgb", [UNASSOCIATED]),
    "RGB with associated alpha": ("rgb", [ASSOCIATED]),
    "RGB and a sample": ("rgb", [OTHER]),
    "RGB and two samples": ("rgb", [OTHER, OTHER]),
    "CMYK": ("separated", []),
    "CMYK and a sample": ("separated", [OTHER]),
}
CODES = {"miniswhite": 0, "minisblack": 1, "rgb": 2, "palette": 3, "separated": 5, "ycbcr": 6}
CHANNELS = {"rgb": 3, "separated": 4}
WHOLE_BYTES = ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"]
COMPRESSIONS: list[tuple[str | None, bool]] = [  # and whether values are differences
    *((None, False), ("lzw", False), ("lzw", True), ("deflate", False), ("deflate", True)),
    ("packbits", False),
]


@functools.cache
def picture(channels: int) -> np.ndarray:
    """(HEIGHT, WIDTH, channels) uint8, with every channel different, black and white."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    parts = [7 * x, 255 - 13 * y, 3 * x + 5 * y, x * y, 9 * x]
    values = np.stack(parts[:channels], axis=-1) % 256
    values[0, 0], values[0, 1] = 0, 255
    return values.astype(np.uint8)


def samples_of(pixel: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """What is written, (HEIGHT, WIDTH, samples), and the same in 8 bits."""
    photometric, extra = PIXELS[pixel]
    eight = picture(CHANNELS.get(photometric, 1) + len(extra))
    if kind[0] == "f":
        return (eight / 255).astype(kind), eight
    bits = 8 * int(kind[1])
    if kind[0] == "u":
        # The lowest bits are not 0, so that rounding shows.
        return (eight.astype(np.int64) * ((2**bits - 1) // 255)).astype(kind), eight
    wide = eight.astype(np.int64) >> 1  # without the sign there is a bit less
    seen = wide * 255 // 127 if bits == 8 else wide << 1
    return (wide << (bits - 8)).astype(kind), seen.astype(np.uint8)


def shown(eight: np.ndarray, photometric: str, extra: Sequence[int]) -> np.ndarray:
    """The RGB or RGBA that samples of 8 bits stand for."""
    channels = CHANNELS.get(photometric, 1)
    color = eight[..., :channels].astype(int)
    if photometric == "miniswhite":
        color = 255 - color
    if photometric == "separated":  # as Pillow has it: each ink takes its part away
        color = np.asarray(Image.fromarray(eight[..., :4].copy(), "CMYK").convert("RGB"))
    color = np.broadcast_to(color, (*eight.shape[:2], 3))
    alpha = eight[..., channels : channels + 1].astype(int)
    if ASSOCIATED in extra:
        color = np.minimum(255 * color // np.maximum(alpha, 1), 255)
    return np.concatenate([color, alpha], axis=-1) if {1, 2} & {*extra} else color


def seen(content: bytes) -> np.ndarray:
    """What the project sees of a file, with alpha if it has any."""
    image = decoding.open_image(content)
    decoding.load(image)
    return np.asarray(decoding.to_srgb_with_alpha(image))


def assert_seen(content: bytes, expected: np.ndarray, pixel: str, layout: object) -> None:
    """Assert that the project sees these pixels."""
    found, told = seen(content), str(layout)
    assert found.shape == expected.shape, told
    if "associated" in pixel:
        # Where nothing shows, no color is known; elsewhere, Pillow divides with its own rounding.
        found, expected = (rgba[expected[..., -1] > 0] for rgba in (found, expected))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1, err_msg=told)
    else:
        np.testing.assert_array_equal(found, expected, err_msg=told)


def tiff_of(samples: np.ndarray, pixel: str, *, planar: bool = False, **options: Any) -> bytes:
    """A TIFF that tifffile writes."""
    photometric, extra = PIXELS[pixel]
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
def test_in_whatever_layout_the_pixels_are_those_that_were_written(pixel: str, kind: str) -> None:
    samples, eight = samples_of(pixel, kind)
    expected = shown(eight, *PIXELS[pixel])
    for layout in layouts(samples.shape[-1]):
        for compression, differences in COMPRESSIONS:
            predictor = (3 if kind[0] == "f" else 2) if differences else None
            content = tiff_of(
                samples, pixel, compression=compression, predictor=predictor, **layout
            )
            assert_seen(content, expected, pixel, (layout, compression))


def packed(samples: np.ndarray, bits: int) -> bytes:
    """Samples of any number of bits, highest bit first; each line begins on a byte (section 5)."""
    lines = samples.reshape(len(samples), -1, 1).astype(int)
    return np.packbits((lines >> np.arange(bits)[::-1] & 1).reshape(len(samples), -1), 1).tobytes()


def tiff_by_hand(
    strips: list[bytes],
    size: tuple[int, int],
    tags: dict[int, int | Sequence[int]],
    order: str = "<",
    following: int = 0,
) -> bytes:
    """A TIFF by the letter of its specification: a strip for the image, or for each plane."""
    head = struct.pack(
        f"{order}2sHL", b"II" if order == "<" else b"MM", 42, 8 + sum(map(len, strips))
    )
    offsets = [8 + sum(map(len, strips[:number])) for number in range(len(strips))]
    entries: dict[int, tuple[str, Sequence[int]]] = {
        tag: ("H", (value,) if isinstance(value, int) else value) for tag, value in tags.items()
    }
    entries |= {256: ("L", size[:1]), 257: ("L", size[1:]), 278: ("L", size[1:])}
    entries |= {273: ("L", offsets), 279: ("L", [len(strip) for strip in strips])}
    end = 8 + sum(map(len, strips)) + 2 + 12 * len(entries) + 4
    directory, elsewhere = struct.pack(f"{order}H", len(entries)), b""
    for tag, (form, values) in sorted(entries.items()):
        value = struct.pack(f"{order}{len(values)}{form}", *values)
        if len(value) > 4:
            value, elsewhere = struct.pack(f"{order}L", end + len(elsewhere)), elsewhere + value
        kind = {"H": 3, "L": 4}[form]
        directory += struct.pack(f"{order}HHL", tag, kind, len(values)) + value.ljust(4, b"\0")
    return head + b"".join(strips) + directory + struct.pack(f"{order}L", following) + elsewhere


@pytest.mark.parametrize("bits", [*range(1, 8), *range(9, 16)])
@pytest.mark.parametrize("pixel", PIXELS)
def test_samples_that_share_bytes_are_taken_apart(pixel: str, bits: int) -> None:
    photometric, extra = PIXELS[pixel]
    channels = CHANNELS.get(photometric, 1) + len(extra)
    y, x = np.mgrid[:HEIGHT, :WIDTH, :channels][:2]
    samples = (5 * x + 3 * y + np.arange(channels)) * 2 ** max(0, bits - 7) % 2**bits
    eight = samples * 255 // (2**bits - 1) if bits < 8 else samples >> (bits - 8)
    expected = shown(eight.astype(np.uint8), photometric, extra)
    tags: dict[int, int | Sequence[int]] = {258: [bits] * channels, 262: CODES[photometric]}
    tags |= {277: channels} | ({338: extra} if extra else {})
    for planar, order, deflated in itertools.product([False, True], "<>", [False, True]):
        if planar and channels == 1:
            continue
        planes = np.split(samples, channels, axis=-1) if planar else [samples]
        strips = [packed(plane, bits) for plane in planes]
        if deflated:
            strips = [zlib.compress(strip) for strip in strips]
        layout = {284: 1 + planar, 259: 8 if deflated else 1}
        content = tiff_by_hand(strips, (WIDTH, HEIGHT), tags | layout, order)
        assert_seen(content, expected, pixel, (planar, order, deflated))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("planar", [False, True])  # of one sample both are the same
def test_a_palette_is_looked_up(bits: int, planar: bool) -> None:
    rng = np.random.default_rng(bits)
    palette = rng.integers(0, 2**16, (3, 2**bits))
    samples = np.mgrid[:HEIGHT, :WIDTH].sum(axis=0)[..., None] % 2**bits
    tags = {258: bits, 262: 3, 277: 1, 284: 1 + planar, 320: [*palette.ravel().tolist()]}
    content = tiff_by_hand([packed(samples, bits)], (WIDTH, HEIGHT), tags)
    np.testing.assert_array_equal(seen(content), (palette.T >> 8)[samples[..., 0]])


@pytest.mark.parametrize(
    ("pixel", "planar"),
    [
        *(("gray", False), ("RGB", False), ("CMYK", False), ("gray with alpha", False)),
        *(("RGB", True), ("CMYK", True), ("RGB with alpha", True)),
    ],
)
def test_jpeg_within_a_tiff_is_decoded(pixel: str, planar: bool) -> None:
    samples, _ = samples_of(pixel, "u1")
    smooth = np.cumsum(np.ones_like(samples, int), axis=1) * 5 + np.arange(samples.shape[-1]) * 9
    smooth = smooth.astype(np.uint8)
    options = {"compressionargs": {"level": 98}, "rowsperstrip": 16}
    content = tiff_of(smooth, pixel, planar=planar, compression="jpeg", **options)
    np.testing.assert_allclose(seen(content), shown(smooth, *PIXELS[pixel]), rtol=0, atol=9)


@pytest.mark.parametrize("compression", ["lzma", "zstd"])
def test_younger_compressions_are_read(compression: str) -> None:
    samples, eight = samples_of("RGB", "u2")
    content = tiff_of(samples, "RGB", planar=True, compression=compression)
    np.testing.assert_array_equal(seen(content), eight)


@pytest.mark.parametrize("pixel", ["gray", "RGB"])
def test_a_bigtiff_is_read(pixel: str) -> None:
    for kind in ("u1", "u2"):
        samples, eight = samples_of(pixel, kind)
        content = tiff_of(samples, pixel, bigtiff=True)
        np.testing.assert_array_equal(seen(content), shown(eight, *PIXELS[pixel]))
    content = tiff_of(samples, pixel, bigtiff=True, byteorder=">")
    assert (
        refusal(content) == "a TIFF with 64-bit offsets in big-endian order, which is not supported"
    )


def test_twelve_bits_in_sixteen_are_as_bright_as_their_greatest_value_says() -> None:
    samples = np.array([[0, 16, 2048, 4095]], np.uint16)[..., None]
    for pixel, channels in (("gray", 1), ("RGB", 3)):
        told = tiff_of(samples.repeat(channels, -1), pixel, extratags=[(281, "H", 1, 4095, False)])
        assert seen(told)[0, :, 1].tolist() == [0, 1, 128, 255]


def test_without_a_tag_sixteen_bits_are_sixteen() -> None:
    # A dark photograph has the same tags and the same values.
    samples = np.array([[0, 16, 2048, 4095]], np.uint16)[..., None]
    for extratags in ([], [(281, "H", 1, 4000, False)]):  # the greatest value that occurs
        content = tiff_of(samples, "gray", extratags=extratags)
        with pytest.warns(decoding.PhotographWarning, match=r"^almost black: .* exceeds 4,095$"):
            assert seen(content)[0, :, 0].tolist() == [0, 0, 8, 15]


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
    np.testing.assert_allclose(seen(content), 188, atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_applied_to_planes_too(orientation: int) -> None:
    samples, eight = samples_of("RGB", "u2")
    content = tiff_of(samples, "RGB", planar=True, extratags=[(274, "H", 1, orientation, True)])
    # Section 8: which corner of the stored image the visual top left is.
    turned = eight.swapaxes(0, 1) if orientation > 4 else eight
    across = orientation in (2, 3, 6, 7)
    down = orientation in (3, 4, 7, 8)
    turned = turned[:: -1 if down else 1, :: -1 if across else 1]
    np.testing.assert_array_equal(seen(content), turned)
    image = decoding.open_image(content)
    assert decoding.upright_size(image) == turned.shape[1::-1]


def test_what_a_tiff_says_of_its_photograph_is_kept() -> None:
    samples, _ = samples_of("RGB", "u2")
    content = tiff_of(samples, "RGB", planar=True, software="camera", description="the hill")
    exif = decoding.open_image(content).getexif()
    assert (exif[0x010E], exif[0x0131]) == ("the hill", "camera")


def refusal(content: bytes) -> str:
    with pytest.raises(ColorizationError) as caught:
        seen(content)
    return str(caught.value)


def test_what_is_unusual_is_named() -> None:
    gray = np.zeros((4, 4, 1), np.uint8)

    def told(tags: dict[int, int | Sequence[int]]) -> str:
        usual: dict[int, int | Sequence[int]] = {258: 8, 259: 1, 262: 1, 277: 1}
        message = refusal(tiff_by_hand([gray.tobytes()], (4, 4), usual | tags))
        before, what = message.split("a TIFF with ")
        assert before == ""
        return what.removesuffix(", which is not supported")

    assert told({262: 77}) == "PhotometricInterpretation 77"
    assert told({262: 8, 258: 16, 277: 3}) == "PhotometricInterpretation 8"
    assert told({258: 24}) == "samples of 24 unsigned bits"
    assert told({339: 6, 258: 64}) == "samples of 64 mixed or complex bits"
    assert told({258: (5, 6, 5), 262: 2, 277: 3}) == "samples of 5/6/5 unsigned bits"
    assert told({259: 34712}) == "compression 34712 of 8 unsigned bits"
    assert told({277: 3}) == "3 samples a pixel in gray"
    assert told({277: 9, 262: 2, 338: (0,) * 6}) == "9 samples a pixel in RGB"
    assert told({277: 5, 262: 5, 338: 2}) == "CMYK with alpha"
    assert told({277: 4, 262: 5, 332: 2, 284: 2}) == "inks other than CMYK"
    assert told({262: 3, 258: 16}) == "palette color of 16 unsigned bits"
    assert told({32997: 2, 258: 16}) == "more than one layer in depth"


@pytest.fixture
def photograph() -> np.ndarray:
    return scene(1)


def of_directories(*images: tuple[np.ndarray, dict[str, Any]]) -> bytes:
    content = io.BytesIO()
    with tifffile.TiffWriter(content) as writer:
        for image, options in images:
            writer.write(image, metadata=None, **options)
    return content.getvalue()


def test_a_thumbnail_a_mask_and_a_pyramid_are_no_pages(photograph: np.ndarray) -> None:
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
            np.testing.assert_array_equal(seen(content), photograph)
    content = of_directories((photograph, rgb | {"subifds": 1}), (half, rgb | {"subfiletype": 1}))
    assert decoding.count_pages(content) == 1
    np.testing.assert_array_equal(seen(content), photograph)


def test_a_lone_reduced_image_is_a_photograph(photograph: np.ndarray) -> None:
    content = of_directories((photograph, {"photometric": "rgb", "subfiletype": 1}))
    np.testing.assert_array_equal(seen(content), photograph)


def test_each_page_can_be_had(photograph: np.ndarray) -> None:
    rgb = {"photometric": "rgb"}
    planar = {"photometric": "rgb", "planarconfig": "separate"}
    wide = np.moveaxis(photograph, -1, 0).astype(np.uint16) * 257
    # Pages that Pillow reads and pages that tifffile reads, and a thumbnail between them.
    images = [
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
        assert refusal(content) == "3 pages, not one photograph; the command colorize takes each"
        pages = [expected[{0: 0, 2: 1, 3: 2}[number]] for number in order if number != 1]
        for page, pixels in enumerate(pages):
            image = decoding.open_image(io.BytesIO(content), page=page)
            np.testing.assert_array_equal(np.asarray(decoding.to_srgb(image)), pixels)
    for page in (-1, 3):
        with pytest.raises(ColorizationError, match=rf"^there is no page {page + 1}: it has 3$"):
            decoding.open_image(content, page=page)


def test_what_is_no_tiff_has_one_page() -> None:
    for content in (encoded(scene(1)), b"", b"II*\0", b"II*\0" + bytes(4), b"a letter"):
        assert decoding.count_pages(content) == 1
    assert np.array_equal(
        decoding.to_srgb(decoding.open_image(encoded(scene(1)), page=0)), scene(1)
    )
    with pytest.raises(ColorizationError, match=r"^there is no page 2: it is one image$"):
        decoding.open_image(encoded(scene(1)), page=1)


def test_a_chain_of_directories_that_comes_back_ends(photograph: np.ndarray) -> None:
    content = bytearray(of_directories(*[(photograph, {"photometric": "rgb"})] * 2))
    first = int.from_bytes(content[4:8], "little")

    def link(directory: int) -> int:
        return directory + 2 + 12 * int.from_bytes(content[directory : directory + 2], "little")

    second = int.from_bytes(content[link(first) : link(first) + 4], "little")
    content[link(second) : link(second) + 4] = struct.pack("<L", first)
    assert decoding.count_pages(bytes(content)) == 2
    content[link(first) : link(first) + 4] = struct.pack("<L", first)
    np.testing.assert_array_equal(seen(bytes(content)), photograph)


def test_directories_that_lie_are_refused(photograph: np.ndarray) -> None:
    content = bytearray(of_directories((photograph, {"photometric": "rgb"})))
    first = int.from_bytes(content[4:8], "little")

    def damaged(at: int, value: bytes) -> str:
        changed = bytes(content[:at]) + value + bytes(content[at + len(value) :])
        assert decoding.count_pages(changed) == 1
        return refusal(changed)

    outside = "damaged: a directory lies outside the TIFF"
    assert damaged(4, b"\xff\xff\xff\xff") == outside
    assert damaged(4, bytes(4)) == "damaged: no directory in the TIFF"
    assert damaged(first, b"\xff\xff") == "damaged: a directory of 65,535 entries in the TIFF"
    after = first + 2 + 12 * int.from_bytes(content[first : first + 2], "little")
    assert damaged(after, b"\xff\xff\xff\xff") == outside
    # A count of values that the file cannot hold.
    assert damaged(first + 2 + 4, b"\xff\xff\xff\x7f").startswith("damaged: values that overlap")


def test_data_that_lie_are_refused() -> None:
    zeros = bytes(10**6)
    tags: dict[int, int | Sequence[int]] = {258: 16, 259: 8, 262: 1, 277: 1}
    whole = tiff_by_hand([zlib.compress(zeros)], (1000, 500), tags)
    assert not seen(whole).any()
    assert refusal(tiff_by_hand([zlib.compress(zeros + b"\0")], (1000, 500), tags))  # a bomb
    assert refusal(tiff_by_hand([zlib.compress(zeros[:-2])], (1000, 500), tags))
    assert refusal(tiff_by_hand([zlib.compress(zeros)[:-9]], (1000, 500), tags))
    assert refusal(tiff_by_hand([zeros[:-2]], (1000, 500), tags | {259: 1}))
    big = tiff_by_hand([zlib.compress(zeros)], (13_000, 13_000), tags | {339: 3, 258: 64})
    with pytest.raises(ColorizationError, match=r"a strip or tile is too large$"):
        decoding.to_srgb(decoding.open_image(big, large=True))


def test_strips_that_overlap_are_refused() -> None:
    strip = zlib.compress(bytes(2 * 100))
    content = tiff_by_hand([strip] * 3, (100, 1), {258: [16] * 3, 259: 8, 262: 2, 277: 3, 284: 2})
    assert not seen(content).any()
    start = content.index(struct.pack("<3L", *[len(strip)] * 3))
    lying = content[:start] + struct.pack("<3L", *[len(content) // 2] * 3) + content[start + 12 :]
    assert "overlap" in refusal(lying)


def test_what_tifffile_logs_does_not_reach_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("tifffile").error("odd")
    samples, _ = samples_of("RGB", "u2")
    content = tiff_of(samples, "RGB", planar=True, extratags=[(42113, "s", 0, "odd", True)])
    seen(content)
    assert capfd.readouterr() == ("", "")


def test_long_strips_are_decoded_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "PIXELS", 5 * WIDTH)
    for kind, planar in (("u2", True), ("f4", False)):
        samples, eight = samples_of("RGB", kind)
        content = tiff_of(samples, "RGB", planar=planar)
        page = tifffile.TiffFile(io.BytesIO(content)).pages.first
        assert len(page.dataoffsets) == (3 if planar else 1)
        np.testing.assert_array_equal(seen(content), eight)


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
