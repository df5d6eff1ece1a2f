"""Metadata, transparency and lightness of a photograph are kept."""

import io
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from PIL.Image import Transpose

from colorization.color import lab
from colorization.colorizing import originals
from colorization.colorizing.mark import mark
from colorization.core.errors import ColorizationError, PhotographWarning
from samples import encoded, reopened, scene

ARTIST = ExifTags.Base.Artist
EVENT = "{http://ns.adobe.com/xap/1.0/sType/ResourceEvent#}"  # in XMP


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def test_joining_in_strips_equals_joining_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rgb = Image.fromarray(scene(1, 301, 203))
    ab = np.random.default_rng(1).normal(0, 0.2, (32, 64, 2)).astype(np.float32)
    whole = np.asarray(originals.join(rgb.copy(), ab)).astype(int)
    for pixels in (301 * 7, 80):  # some lines, and less than one
        monkeypatch.setattr(originals, "PIXELS_AT_A_TIME", pixels)
        strips = np.asarray(originals.join(rgb.copy(), ab))
        assert np.abs(strips - whole).max() <= 1
        assert (strips != whole).mean() < 0.01


def test_colors_of_the_same_size_are_not_resized() -> None:
    rgb = scene(2, 64, 48)
    L, _ = lab.rgb_to_lab(rgb)
    ab = np.random.default_rng(1).normal(0, 0.1, (48, 64, 2)).astype(np.float32)
    joined = np.asarray(originals.join(Image.fromarray(rgb), ab))
    np.testing.assert_array_equal(joined, lab.lab_to_rgb(L, ab))


@pytest.mark.parametrize("saturation", [1, 1.3])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_joining_keeps_lightness(saturation: float, mode: str) -> None:
    moved = []
    for seed in range(6):
        before = scene(seed, 240, 160)
        photograph = Image.fromarray(before).convert(mode)
        vivid = np.random.default_rng(seed).uniform(-1, 1, (20, 30, 2)).astype(np.float32)
        after = np.asarray(originals.join(photograph, saturation * vivid))[..., :3]
        one, other = (lab.rgb_to_lab(rgb)[0] for rgb in (before, after))
        moved.append(np.abs(one - other) * lab.L_SCALE)
        assert (np.ptp(after.astype(int), axis=-1) > 20).mean() > 0.5  # it is colored
    assert np.max(moved) < 0.3  # half a step of 8 bits


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photograph_is_written_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ARTIST] = "somebody"
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ISOSpeedRatings: 400}
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    path = saved(tmp_path / "in.jpg", Image.fromarray(scene(1, 40, 24)), exif=exif, quality=95)
    original = originals.read_original(path)
    turned = orientation >= 5
    assert original.rgb.size == ((24, 40) if turned else (40, 24))
    originals.write_original(original, original.rgb, tmp_path / "out.jpg")
    written = reopened(tmp_path / "out.jpg")
    assert written.getexif().get(ExifTags.Base.Orientation, 1) == 1
    actual = written.getexif()
    assert actual[ARTIST] == "somebody"
    assert actual.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] == 400
    assert actual.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"


def test_the_layout_of_a_tiff_is_not_kept(tmp_path: Path) -> None:
    path = saved(tmp_path / "in.tif", Image.fromarray(scene(1)).convert("1"), artist="somebody")
    original = originals.read_original(path)
    originals.write_original(original, original.rgb, tmp_path / "out.tif")
    written = reopened(tmp_path / "out.tif")
    np.testing.assert_array_equal(np.asarray(written), np.asarray(original.rgb))
    assert written.getexif()[ARTIST] == "somebody"


OF_THE_EXPOSURE = {
    ExifTags.Base.ExposureTime: 1 / 60,
    ExifTags.Base.ISOSpeedRatings: 400,
    ExifTags.Base.DateTimeOriginal: "2024:05:06 07:08:09",
    ExifTags.Base.MakerNote: bytes(range(256)) * 20,
}
OF_THE_PLACE = {
    ExifTags.GPS.GPSLatitudeRef: "N",
    ExifTags.GPS.GPSLatitude: (51.0, 30.0, 12.0),
}


def photographs_exif() -> Image.Exif:
    """EXIF like a camera's."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif[ARTIST] = "Zoë ©".encode("latin-1")
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.IFD.Exif] = OF_THE_EXPOSURE | {
        ExifTags.Base.ColorSpace: 1,
        ExifTags.IFD.Interop: {1: "R98"},
    }
    exif[ExifTags.IFD.GPSInfo] = dict(OF_THE_PLACE)
    return exif


def exif_of(path: Path) -> dict[str, Any]:
    """The EXIF of a written file, without its layout."""
    image = reopened(path)
    image.load()
    exif = image.getexif()
    return {
        "Make": exif.get(ExifTags.Base.Make),
        "Artist": exif.get(ARTIST),
        "Orientation": exif.get(ExifTags.Base.Orientation, 1),
        "Exif": dict(exif.get_ifd(ExifTags.IFD.Exif)),
        "GPS": dict(exif.get_ifd(ExifTags.IFD.GPSInfo)),
    }


ENDINGS = (".jpg", ".png", ".webp", ".tif", ".packed.tif")


@pytest.mark.parametrize("before", ENDINGS)
@pytest.mark.parametrize("after", ENDINGS[:4])
def test_exif_and_its_ifds_are_kept_in_every_format(
    tmp_path: Path, before: str, after: str
) -> None:
    path = tmp_path / f"in.{before.rpartition('.')[2]}"
    if before == ".packed.tif":  # Pillow writes no compressed TIFF with parts of EXIF, but we do
        plain = saved(tmp_path / "plain.png", Image.fromarray(scene(1)), exif=photographs_exif())
        original = originals.read_original(plain)
        originals.write_original(original, original.rgb, path)
    else:
        saved(path, Image.fromarray(scene(1)), exif=photographs_exif().tobytes())
    original = originals.read_original(path)
    originals.write_original(original, original.rgb, tmp_path / f"out{after}")
    assert exif_of(tmp_path / f"out{after}") == {
        "Make": "Maker",
        "Artist": "Zo? ?" if before == ".tif" else "Zoë ©",  # Pillow writes TIFFs in ASCII
        "Orientation": 1,
        "Exif": OF_THE_EXPOSURE | {ExifTags.Base.ColorSpace: 1},
        "GPS": OF_THE_PLACE,
    }


@pytest.mark.parametrize("after", ENDINGS[:4])
def test_the_longest_values_of_exif_are_dropped_if_a_jpeg_is_too_small(
    tmp_path: Path, after: str
) -> None:
    exif = photographs_exif()
    exif[ExifTags.IFD.Exif][ExifTags.Base.MakerNote] = bytes(70_000)
    path = saved(tmp_path / "in.png", Image.fromarray(scene(1)), exif=exif)
    original = originals.read_original(path)
    too_long = pytest.warns(PhotographWarning, match="dropped: MakerNote$")
    with too_long if after == ".jpg" else nullcontext():
        originals.write_original(original, original.rgb, tmp_path / f"out{after}")
    actual = exif_of(tmp_path / f"out{after}")
    assert actual["Artist"] == "Zoë ©"
    assert actual["GPS"][ExifTags.GPS.GPSLatitudeRef] == "N"
    assert actual["Exif"][ExifTags.Base.ISOSpeedRatings] == 400
    assert (ExifTags.Base.MakerNote in actual["Exif"]) == (after != ".jpg")


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.filterwarnings("ignore::colorization.core.errors.PhotographWarning")
@pytest.mark.parametrize("ending", ENDINGS[:4])
def test_damaged_exif_does_not_fail_the_photograph(tmp_path: Path, ending: str) -> None:
    whole = photographs_exif().tobytes()
    rng = np.random.default_rng(1)
    kept = 0
    for _ in range(40):
        damaged = bytearray(whole)
        for offset in rng.integers(14, 400, 3):  # behind the head
            damaged[offset] = rng.integers(256)
        path = tmp_path / "in.jpg"
        Image.fromarray(scene(1)).save(path, exif=bytes(damaged))
        original = originals.read_original(path)
        originals.write_original(original, original.rgb, tmp_path / f"out{ending}")
        kept += exif_of(tmp_path / f"out{ending}")["Make"] == "Maker"
    assert kept > 10


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("compression", [None, "tiff_deflate"])
def test_a_rotated_transparent_tiff_equals_the_upright_one(
    tmp_path: Path, orientation: int, compression: str | None
) -> None:
    upright = Image.fromarray(scene(1, 60, 40))
    upright.putalpha(Image.linear_gradient("L").resize((60, 40)))
    turns = {3: Transpose.ROTATE_180, 6: Transpose.ROTATE_90, 8: Transpose.ROTATE_270}
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    turned = upright.transpose(turns[orientation])
    path = saved(tmp_path / "in.tif", turned, exif=exif, compression=compression)
    original = originals.read_original(path)
    np.testing.assert_array_equal(np.asarray(original.rgb), np.asarray(upright))
    originals.write_original(original, original.rgb, tmp_path / "out.tif")
    written = reopened(tmp_path / "out.tif")
    np.testing.assert_array_equal(np.asarray(written), np.asarray(upright))


@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
def test_dropped_metadata_is_not_written(tmp_path: Path, kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.fromarray(scene(1)).convert("RGBA")
    path = saved(tmp_path / f"in.{kind[:3]}", image, format=kind, icc_profile=profile)
    original = originals.read_original(path)
    originals.write_original(original, original.rgb, tmp_path / "out.tif")
    written = reopened(tmp_path / "out.tif")
    assert "icc_profile" not in written.info


def test_transparency_is_dropped_in_a_jpeg(tmp_path: Path) -> None:
    original = originals.read_original(
        saved(tmp_path / "in.png", Image.new("RGBA", (40, 24), (200, 30, 90, 0)))
    )
    originals.write_original(original, original.rgb, tmp_path / "out.jpg")
    written = reopened(tmp_path / "out.jpg")
    assert written.mode == "RGB"
    np.testing.assert_allclose(np.asarray(written)[12, 20], [200, 30, 90], atol=3)


@pytest.mark.parametrize("ending", [".png", ".webp", ".tif"])
def test_transparency_and_the_colors_under_it_are_kept(tmp_path: Path, ending: str) -> None:
    rgba = Image.fromarray(scene(1, 40, 24)).convert("RGBA")
    alpha = Image.linear_gradient("L").resize((40, 24))
    rgba.putalpha(alpha)
    original = originals.read_original(saved(tmp_path / "in.png", rgba))
    np.testing.assert_array_equal(np.asarray(original.rgb), np.asarray(rgba))
    originals.write_original(original, original.rgb, tmp_path / f"out{ending}")
    written = reopened(tmp_path / f"out{ending}")
    assert written.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(written.getchannel("A")), np.asarray(alpha))


def test_transparency_is_rotated_with_the_image(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    rgba = Image.fromarray(scene(1, 40, 24)).convert("RGBA")
    rgba.putalpha(Image.linear_gradient("L").resize((40, 24)))
    original = originals.read_original(saved(tmp_path / "in.png", rgba, exif=exif))
    upright = rgba.transpose(Transpose.ROTATE_270)
    np.testing.assert_array_equal(np.asarray(original.rgb), np.asarray(upright))


@pytest.mark.parametrize(
    ("ending", "kind"),
    [(".jpg", "JPEG"), (".JPEG", "JPEG"), (".png", "PNG"), (".tiff", "TIFF"), (".webp", "WEBP")],
)
def test_the_extension_determines_the_format(tmp_path: Path, ending: str, kind: str) -> None:
    rgb = Image.fromarray(scene(1))
    originals.write_original(originals.Original(rgb), rgb, tmp_path / f"out{ending}")
    written = reopened(tmp_path / f"out{ending}")
    assert written.format == kind
    difference = np.abs(np.asarray(written.convert("RGB")).astype(int) - np.asarray(rgb))
    assert difference.mean() < (4 if kind in ("JPEG", "WEBP") else 0.001)


def test_jpegs_have_full_color_resolution(tmp_path: Path) -> None:
    rgb = Image.fromarray(scene(1))
    originals.write_original(originals.Original(rgb), rgb, tmp_path / "out.jpg")
    with reopened(tmp_path / "out.jpg") as written:
        assert [layer[1:3] for layer in written.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]


def test_jpegs_have_quality_95(tmp_path: Path) -> None:
    image = Image.fromarray(scene(1))
    written = tmp_path / "out.jpg"
    originals.write_original(originals.Original(image), image, written)
    expected = Image.open(io.BytesIO(encoded(image, "JPEG", quality=95)))
    tables = reopened(written).quantization  # type: ignore[attr-defined]
    assert tables == expected.quantization  # type: ignore[attr-defined]


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    wide = Image.new("RGB", (17_000, 2))  # WebP ends at 16,383 px
    with pytest.raises(ColorizationError, match="cannot be written as WEBP"):
        originals.write_original(originals.Original(wide), wide, tmp_path / "out.webp")
    wider = Image.new("RGB", (65_501, 1))
    with pytest.raises(ColorizationError, match="a side is longer than 65,500 px"):
        originals.write_original(originals.Original(wider), wider, tmp_path / "out.jpg")
    assert list(tmp_path.iterdir()) == []
    longest = wider.crop((0, 0, 65_500, 1))
    originals.write_original(originals.Original(longest), longest, tmp_path / "out.jpg")


def test_images_of_up_to_179_megapixels_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "in.png", Image.new("L", (40, 30)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 30 - 1)
    assert originals.read_original(path).rgb.size == (40, 30)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 30 // 2 - 1)
    with pytest.raises(ColorizationError, match=r"^too many pixels"):
        originals.read_original(path)


@pytest.mark.parametrize("ending", sorted(originals.FORMATS))
def test_every_format_has_the_mark_and_the_photographs_exif(tmp_path: Path, ending: str) -> None:
    plain = saved(tmp_path / "in.jpg", Image.fromarray(scene(1, 40, 24)), exif=photographs_exif())
    original = originals.read_original(plain)
    out = tmp_path / f"out{ending}"
    marked = mark("ab" * 32, 0.25, 1.5)
    originals.write_original(original, original.rgb, out, mark=marked)
    written = reopened(out)
    assert written.getexif()[ARTIST] == reopened(plain).getexif()[ARTIST]
    (event,) = ElementTree.fromstring(written.info["xmp"]).iter(f"{EVENT}parameters")  # noqa: S314
    assert event.text == f"model sha256 {'ab' * 32}; vividness 0.25; saturation 1.5"


def test_the_mark_of_a_model_without_vividness_has_none() -> None:
    assert "vividness" not in mark("ab" * 32, None, 1.0).parameters


def test_unreadable_metadata_does_not_fail_the_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a kind of damage\nthat nobody foresaw")

    path = saved(tmp_path / "in.jpg", Image.fromarray(scene(1, 40, 24)), exif=photographs_exif())
    monkeypatch.setattr(originals.metadata, "read", fail)
    with pytest.warns(PhotographWarning, match="dropped: a kind of damage that nobody foresaw"):
        original = originals.read_original(path)
    assert original.rgb.size == (24, 40)
    assert original.metadata == originals.Metadata()
