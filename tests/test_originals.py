"""What a photograph carries is kept, and its own lightness in full resolution."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.Image import Transpose

from colorization.colorizing import originals
from colorization.core.errors import ColorizationError
from colorization.imaging import lab
from samples import reopened, scene

ARTIST = ExifTags.Base.Artist


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def test_a_strip_at_a_time_gives_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rgb = Image.fromarray(scene(1, 301, 203))
    ab = np.random.default_rng(1).normal(0, 0.2, (32, 64, 2)).astype(np.float32)
    whole = np.asarray(originals.join(rgb.copy(), ab)).astype(int)
    for pixels in (301 * 7, 80):  # some lines, and less than one
        monkeypatch.setattr(originals, "PIXELS_AT_A_TIME", pixels)
        strips = np.asarray(originals.join(rgb.copy(), ab))
        assert np.abs(strips - whole).max() <= 1
        assert (strips != whole).mean() < 0.01


def test_colours_of_one_size_are_joined_as_they_are() -> None:
    rgb = scene(2, 64, 48)
    L, _ = lab.rgb_to_lab(rgb)
    ab = np.random.default_rng(1).normal(0, 0.1, (48, 64, 2)).astype(np.float32)
    joined = np.asarray(originals.join(Image.fromarray(rgb), ab))
    np.testing.assert_array_equal(joined, lab.lab_to_rgb(L, ab))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_comes_out_upright_and_says_so(
    tmp_path: Path, orientation: int
) -> None:
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
    found = written.getexif()
    assert found[ARTIST] == "somebody"
    assert found.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] == 400
    assert found.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"


def test_a_tiffs_own_layout_is_no_exif_to_keep(tmp_path: Path) -> None:
    path = saved(tmp_path / "in.tif", Image.fromarray(scene(1)).convert("1"), artist="somebody")
    original = originals.read_original(path)
    originals.write_original(original, original.rgb, tmp_path / "out.tif")
    written = reopened(tmp_path / "out.tif")
    np.testing.assert_array_equal(np.asarray(written), np.asarray(original.rgb))
    assert written.getexif()[ARTIST] == "somebody"


@pytest.mark.parametrize("ending", [".png", ".webp", ".tif"])
def test_transparency_is_kept_and_the_colours_under_it(tmp_path: Path, ending: str) -> None:
    rgba = Image.fromarray(scene(1, 40, 24)).convert("RGBA")
    alpha = Image.linear_gradient("L").resize((40, 24))
    rgba.putalpha(alpha)
    original = originals.read_original(saved(tmp_path / "in.png", rgba))
    np.testing.assert_array_equal(np.asarray(original.rgb), np.asarray(rgba))
    originals.write_original(original, original.rgb, tmp_path / f"out{ending}")
    written = reopened(tmp_path / f"out{ending}")
    assert written.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(written.getchannel("A")), np.asarray(alpha))


def test_transparency_is_turned_with_the_image(tmp_path: Path) -> None:
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
def test_the_ending_names_the_format(tmp_path: Path, ending: str, kind: str) -> None:
    rgb = Image.fromarray(scene(1))
    originals.write_original(originals.Original(rgb, b""), rgb, tmp_path / f"out{ending}")
    written = reopened(tmp_path / f"out{ending}")
    assert written.format == kind
    difference = np.abs(np.asarray(written.convert("RGB")).astype(int) - np.asarray(rgb))
    assert difference.mean() < (4 if kind in ("JPEG", "WEBP") else 0.001)


def test_jpegs_keep_the_resolution_of_colours(tmp_path: Path) -> None:
    rgb = Image.fromarray(scene(1))
    originals.write_original(originals.Original(rgb, b""), rgb, tmp_path / "out.jpg")
    with reopened(tmp_path / "out.jpg") as written:
        assert [layer[1:3] for layer in written.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    wide = Image.new("RGB", (17_000, 2))  # WebP ends at 16,383 px
    with pytest.raises(ColorizationError, match="cannot be written as WEBP"):
        originals.write_original(originals.Original(wide, b""), wide, tmp_path / "out.webp")
    assert list(tmp_path.iterdir()) == []


def test_an_image_of_over_89_megapixels_is_read_and_one_of_over_179_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "in.png", Image.new("L", (40, 30)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 30 - 1)
    assert originals.read_original(path).rgb.size == (40, 30)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 30 // 2 - 1)
    with pytest.raises(ColorizationError, match="bomb"):
        originals.read_original(path)
