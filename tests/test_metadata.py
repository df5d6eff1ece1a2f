"""ExifTool reads the same metadata from a photograph and its results, in every format."""

import io
import itertools
import re
import struct
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, PngImagePlugin

import exiftool
from colorization.colorizing import metadata, originals
from colorization.colorizing.mark import SOURCE_TYPE, mark
from colorization.core.errors import PhotographWarning
from heic import needs_heic
from mutations import mutants

ENDINGS = (".jpg", ".png", ".tif", ".webp")
MARK = mark("ab" * 32, 0.25, 1.0)

# Written by ExifTool into a photograph of each format, as far as it can hold them.
WRITTEN = """
-IPTC:CodedCharacterSet=UTF8
-IPTC:Caption-Abstract=Sommer über dem Haus
-IPTC:By-line=Zoë
-IPTC:Keywords=hill
-IPTC:Keywords=sun
-IPTC:City=Bonn
-IPTC:Contact=0123
-XMP-dc:Title=The hill
-XMP-dc:Title-de=Der Hügel
-XMP-dc:Description=Sommer über dem Haus
-XMP-dc:Creator=Zoë
-XMP-dc:Rights=CC BY 4.0
-XMP-dc:Subject=hill
-XMP-dc:Subject=sun
-XMP-xmp:Rating=4
-XMP-iptcExt:PersonInImage=Ada
-XMP-iptcExt:PersonInImage=Bob
-XMP-mwg-rs:RegionInfo={AppliedToDimensions={W=60,H=40,Unit=pixel},RegionList=[{Name=Ada,Type=Face}]}
-XMP-xmpMM:History={Action=created,SoftwareAgent=A scanner}
-XMP-photoshop:ColorMode=1
-XMP-photoshop:ICCProfile=Dot Gain 20%
-XMP-tiff:Orientation=6
-XMP-exif:ExifImageWidth=60
-EXIF:ImageDescription=Sommer über dem Haus
-EXIF:Artist=Zoë
-EXIF:Copyright=CC BY 4.0
-EXIF:XPTitle=Der Hügel
-EXIF:XPKeywords=hill;sun
-EXIF:Rating=4
-EXIF:Make=Maker
-EXIF:Model=Model
-EXIF:Orientation#=6
-EXIF:ExposureTime=1/61
-EXIF:LensInfo=24 70 2.8 2.8
-EXIF:BrightnessValue=-3/7
-EXIF:UserComment=Grüße
-EXIF:ColorSpace#=65535
-EXIF:ExifImageWidth=60
-EXIF:ExifImageHeight=40
-EXIF:GPSLatitude=51.5
-EXIF:GPSLatitudeRef=N
-EXIF:GPSTimeStamp=10:11:12.5
-EXIF:GPSAltitude=-12.5
-EXIF:GPSAltitudeRef#=1
-EXIF:XResolution=600
-EXIF:YResolution=600
-EXIF:ResolutionUnit=inches
-JFIF:XResolution=600
-JFIF:YResolution=600
-JFIF:ResolutionUnit=inches
-PNG-pHYs:PixelsPerUnitX=23622
-PNG-pHYs:PixelsPerUnitY=23622
-Comment=a comment
""".strip().splitlines()

# What the file system, the format or the arrangement of pixels says.
OF_THE_FILE = ("ExifTool:ExifToolVersion", "System:", "File:", "Composite:", "SourceFile", "RIFF:")
OF_THE_PIXELS = {
    *("IFD0:BitsPerSample", "IFD0:Compression", "IFD0:ImageHeight", "IFD0:ImageWidth"),
    *("IFD0:PhotometricInterpretation", "IFD0:PlanarConfiguration", "IFD0:RowsPerStrip"),
    *("IFD0:SamplesPerPixel", "IFD0:StripByteCounts", "IFD0:StripOffsets"),
    *("IFD0:YCbCrPositioning", "JFIF:JFIFVersion"),
    *(f"PNG:{name}" for name in ("BitDepth", "ColorType", "Compression", "Filter", "Interlace")),
    *("PNG:ImageHeight", "PNG:ImageWidth"),
}
# What was true of the input alone, or is of the result alone.
CHANGED = {
    *("IFD0:Orientation", "XMP-tiff:Orientation", "XMP-exif:ExifImageWidth"),
    *("XMP-photoshop:ColorMode", "XMP-photoshop:ICCProfileName", "XMP-x:XMPToolkit"),
    *("ExifIFD:ColorSpace", "ExifIFD:ExifImageWidth", "ExifIFD:ExifImageHeight"),
    *("XMP-iptcExt:DigitalSourceType", "XMP-xmpMM:History"),
}
FRACTIONS = (1, 61), (10, 610)  # the same, reduced and not
# Each format has its own fields for resolution and comments.
OF_ONE_FORMAT = ("JFIF:", "PNG-pHYs:", "PNG:Comment", "XMP-exif:UserComment")


def gray(path: Path, **options: Any) -> Path:
    Image.fromarray(np.arange(2400, dtype=np.uint8).reshape(40, 60)).save(path, **options)
    return path


def written(path: Path, out: Path) -> Path:
    """Write a photograph like `colorize`, without colorizing."""
    original = originals.read_original(path)
    originals.write_original(original, original.rgb, out, mark=MARK)
    return out


Pair = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Pair]:
    """ExifTool's tags of a photograph of each format, and of its result in each."""
    folder = tmp_path_factory.mktemp("metadata")
    before = [gray(folder / f"in{ending}") for ending in ENDINGS]
    exiftool.run("-m", "-overwrite_original", "-ExifByteOrder=MM", *WRITTEN, *before)
    after = [
        written(path, folder / f"{path.suffix[1:]}{ending}")
        for path, ending in itertools.product(before, ENDINGS)
    ]
    read = {Path(tags["SourceFile"]): tags for tags in exiftool.read([*before, *after])}
    combinations = itertools.product(before, ENDINGS)
    return {
        (path.suffix, ending): (read[path], read[out])
        for (path, ending), out in zip(combinations, after, strict=True)
    }


def types(path: Path) -> dict[str, tuple[str, str]]:
    """Raw value and type of each tag of EXIF."""
    _, _, content = exiftool.run("-v2", path).partition("ExifByteOrder")
    tag = r"(\w+) = (.*)\n.*- Tag 0x.*bytes, (\w+\[\d+\])"
    return {name: (value, kind) for name, value, kind in re.findall(tag, content)}


@pytest.fixture(params=itertools.product(ENDINGS, ENDINGS), ids="to".join)
def pair(request: pytest.FixtureRequest, pairs: dict[tuple[str, str], Pair]) -> Pair:
    return pairs[request.param]


def of_interest(read: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in read.items()
        if not name.startswith((*OF_THE_FILE, *OF_ONE_FORMAT))
        and name not in OF_THE_PIXELS | CHANGED
    }


def test_metadata_is_kept_in_every_format(pair: Pair) -> None:
    before, after = (of_interest(read) for read in pair)
    if pair[1]["File:FileTypeExtension"] == "WEBP":  # which has no place for IPTC
        before = {name: value for name, value in before.items() if not name.startswith("IPTC:")}
        before |= {"XMP-photoshop:City": "Bonn"} if "IPTC:City" in pair[0] else {}
    assert len(before) > 25
    assert after == before


@pytest.mark.parametrize(
    "ending", [".avif", pytest.param(".heic", marks=needs_heic), ".jp2", ".jxl"]
)
def test_metadata_of_formats_that_are_only_read_is_kept(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"in{ending}"
    if ending == ".jxl":
        pixels = np.arange(2400, dtype=np.uint8).reshape(40, 60)
        path.write_bytes(imagecodecs.jpegxl_encode(pixels, usecontainer=True))
    else:
        gray(path)
    kept = ("-EXIF:", "-XMP-", "-IPTC:") if ending == ".jp2" else ("-EXIF:", "-XMP-")
    arguments = [argument for argument in WRITTEN if argument.startswith(kept)]
    upright = [argument for argument in arguments if "Orientation" not in argument]
    exiftool.run("-m", "-overwrite_original", *upright, path)
    before, after = map(of_interest, exiftool.read([path, written(path, tmp_path / "out.tif")]))
    groups = ("IFD0:", "ExifIFD:", "GPS:", "XMP-", "IPTC:")
    expected = {name: value for name, value in before.items() if name.startswith(groups)}
    assert len(expected) > 25
    assert {name: after.get(name) for name in expected} == expected


@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_exif_keeps_its_types_and_fractions(tmp_path: Path, ending: str, order: str) -> None:
    path = gray(tmp_path / "in.jpg")
    of_exif = [argument for argument in WRITTEN if argument.startswith("-EXIF:")]
    exiftool.run("-overwrite_original", f"-ExifByteOrder={order}", *of_exif, path)
    # ExifTool reduces fractions.
    content = path.read_bytes()
    one, many = (struct.pack(f"{'<' if order == 'II' else '>'}LL", *pair) for pair in FRACTIONS)
    assert content.count(one) == 1
    path.write_bytes(content.replace(one, many))
    before, after = (types(file) for file in (path, written(path, tmp_path / f"out{ending}")))
    assert before["ExposureTime"] == ("0.01639344262 (10/610)", "rational64u[1]")
    assert before["BrightnessValue"] == ("-0.4285714286 (-3/7)", "rational64s[1]")
    changed = {name.partition(":")[2] for name in CHANGED | OF_THE_PIXELS}
    kept = before.keys() - changed
    assert len(kept) > 20
    assert {name: after.get(name) for name in kept} == {name: before[name] for name in kept}


def test_outdated_metadata_is_dropped(pair: Pair) -> None:
    _, after = pair
    gone = {name for name in CHANGED if name.startswith(("IFD0:", "XMP-tiff:", "XMP-exif:"))}
    assert not after.keys() & {*gone, "XMP-photoshop:ColorMode", "XMP-photoshop:ICCProfileName"}
    assert after["ExifIFD:ColorSpace"] == 1  # sRGB
    assert (after["ExifIFD:ExifImageWidth"], after["ExifIFD:ExifImageHeight"]) == (40, 60)


def test_the_mark_is_appended_to_an_existing_history(pair: Pair) -> None:
    _, after = pair
    assert after["XMP-iptcExt:DigitalSourceType"] == SOURCE_TYPE
    assert after["XMP-xmpMM:History"] == [
        {"Action": "created", "SoftwareAgent": "A scanner"},
        {
            "Action": "colorized",
            "SoftwareAgent": MARK.software,
            "Parameters": MARK.parameters,
        },
    ]


def test_the_resolution_is_written_in_each_formats_own_field(pair: Pair) -> None:
    _, after = pair
    kind = after["File:FileTypeExtension"]
    if kind == "JPG":
        assert (after["JFIF:XResolution"], after["JFIF:ResolutionUnit"]) == (600, 1)
    if kind == "PNG":
        assert (after["PNG-pHYs:PixelsPerUnitX"], after["PNG-pHYs:PixelUnits"]) == (23622, 1)
    assert (after["IFD0:XResolution"], after["IFD0:ResolutionUnit"]) == (600, 2)


def test_comments_are_kept_in_every_format(
    pairs: dict[tuple[str, str], Pair],
) -> None:
    for ending, name in (
        (".jpg", "File:Comment"),
        (".png", "PNG:Comment"),
        (".tif", "XMP-exif:UserComment"),
        (".webp", "XMP-exif:UserComment"),
    ):
        assert pairs[".jpg", ending][1][name] == "a comment"
    assert pairs[".png", ".jpg"][1]["XMP-exif:UserComment"] == "a comment"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_photograph_without_a_caption_gets_none(tmp_path: Path, ending: str) -> None:
    out = written(gray(tmp_path / "in.png"), tmp_path / f"out{ending}")
    (read,) = exiftool.read([out])
    properties = {name for name in read if name.startswith(("XMP", "IPTC", "IFD0", "ExifIFD"))}
    assert properties - OF_THE_PIXELS == {"XMP-iptcExt:DigitalSourceType", "XMP-xmpMM:History"}


def test_results_are_reproducible(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.jpg", dpi=(300, 300))
    exiftool.run("-m", *WRITTEN, path)
    for ending in ENDINGS:
        one, other = (written(path, tmp_path / f"{name}{ending}") for name in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def test_iptc_becomes_xmp_in_webp_unless_xmp_has_it(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.jpg")
    properties = {
        "ObjectName": "The hill",
        "Caption-Abstract": "Sommer über dem Haus",
        "Headline": "Hügel",
        "By-line": "Zoë",
        "By-lineTitle": "Photographer",
        "Credit": "An agency",
        "Source": "An archive",
        "CopyrightNotice": "CC BY 4.0",
        "Keywords": "hill",
        "City": "Bonn",
        "Sub-location": "Behind the house",
        "Province-State": "NRW",
        "Country-PrimaryLocationCode": "DEU",
        "Country-PrimaryLocationName": "Germany",
        "OriginalTransmissionReference": "A-17",
        "SpecialInstructions": "None",
        "Writer-Editor": "Ada",
        "ObjectAttributeReference": "001:Current",
        "SubjectReference": "IPR:15000000:SPO",
        "DateCreated": "1931:05:06",
        "TimeCreated": "10:11:12+02:00",
    }
    arguments = [f"-IPTC:{name}={value}" for name, value in properties.items()]
    exiftool.run("-m", *arguments, "-XMP-dc:Title=Of XMP", path)  # in Latin 1, undeclared
    (read,) = exiftool.read([written(path, tmp_path / "out.webp")])
    assert {name: value for name, value in read.items() if name.startswith("XMP")} == {
        "XMP-dc:Title": "Of XMP",
        "XMP-dc:Description": "Sommer über dem Haus",
        "XMP-photoshop:Headline": "Hügel",
        "XMP-dc:Creator": ["Zoë"],
        "XMP-photoshop:AuthorsPosition": "Photographer",
        "XMP-photoshop:Credit": "An agency",
        "XMP-photoshop:Source": "An archive",
        "XMP-dc:Rights": "CC BY 4.0",
        "XMP-dc:Subject": ["hill"],
        "XMP-photoshop:City": "Bonn",
        "XMP-iptcCore:Location": "Behind the house",
        "XMP-photoshop:State": "NRW",
        "XMP-iptcCore:CountryCode": "DEU",
        "XMP-photoshop:Country": "Germany",
        "XMP-photoshop:TransmissionReference": "A-17",
        "XMP-photoshop:Instructions": "None",
        "XMP-photoshop:CaptionWriter": "Ada",
        "XMP-iptcCore:IntellectualGenre": "Current",
        "XMP-iptcCore:SubjectCode": [15000000],
        "XMP-photoshop:DateCreated": "1931:05:06 10:11:12+02:00",
        "XMP-iptcExt:DigitalSourceType": SOURCE_TYPE,
        "XMP-xmpMM:History": read["XMP-xmpMM:History"],
    }


def test_the_texts_of_a_png_are_kept_and_become_xmp_elsewhere(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.png")
    texts = {
        "Title": "The hill",
        "Author": "Zoë",
        "Description": "Summer",
        "Copyright": "CC BY 4.0",
        "Comment": "a comment",
        "Software": "A scanner's",
        "Label": "A-17",
    }
    exiftool.run("-m", *(f"-PNG:{name}={value}" for name, value in texts.items()), path)
    same, other = (written(path, tmp_path / f"out{ending}") for ending in (".png", ".jpg"))
    png, jpeg = exiftool.read([same, other])
    assert {name: png[f"PNG:{name}"] for name in texts} == texts
    assert not [name for name in png if name.startswith("XMP-dc")]
    assert {name: value for name, value in jpeg.items() if name.startswith("XMP-")} == {
        "XMP-dc:Title": "The hill",
        "XMP-dc:Creator": ["Zoë"],
        "XMP-dc:Description": "Summer",
        "XMP-dc:Rights": "CC BY 4.0",
        "XMP-exif:UserComment": "a comment",
        "XMP-xmp:CreatorTool": "A scanner's",
        "XMP-iptcExt:DigitalSourceType": SOURCE_TYPE,
        "XMP-xmpMM:History": jpeg["XMP-xmpMM:History"],
    }


@pytest.mark.parametrize("text", ["yesterday", "1 Jan 99999999999999999999 00:00:00 +0000"])
def test_a_png_with_a_strange_date_is_colorized(tmp_path: Path, text: str) -> None:
    path = gray(tmp_path / "in.png")
    info = PngImagePlugin.PngInfo()
    info.add_text("Creation Time", text)
    Image.open(path).save(path, pnginfo=info)
    (read,) = exiftool.read([written(path, tmp_path / "out.jpg")])
    assert "XMP-xmp:CreateDate" not in read


@pytest.mark.parametrize(("size", "kept"), [(2_000_000, True), (20_000_000, False)])
def test_of_long_texts_of_a_png_16_mib_are_kept(tmp_path: Path, size: int, kept: bool) -> None:
    path = gray(tmp_path / "in.png")
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "a" * size, zip=True)
    Image.open(path).save(path, pnginfo=info)
    out = tmp_path / "out.png"
    with nullcontext() if kept else pytest.warns(PhotographWarning, match="16 MiB of texts"):
        written(path, out)
    with Image.open(out) as result:
        assert isinstance(result, PngImagePlugin.PngImageFile)
        assert len(result.text.get("Title", "")) == size * kept


def test_xmp_of_over_64_kb_is_kept_in_a_jpeg_too(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.png")
    noise = np.random.default_rng(1).integers(97, 123, 200_000, np.uint8).tobytes().decode()
    exiftool.run("-m", f"-XMP-dc:Source={noise[:100_000]}", "-XMP-dc:Title=The hill", path)
    exiftool.run("-overwrite_original", f"-XMP-dc:Coverage={noise[100_000:]}", path)
    jpeg = written(path, tmp_path / "out.jpg")
    again = written(jpeg, tmp_path / "again.jpg")
    back = written(jpeg, tmp_path / "back.png")
    for read in exiftool.read([jpeg, again, back]):
        assert "ExifTool:Warning" not in read
        assert read["XMP-dc:Source"] == noise[:100_000]
        assert read["XMP-dc:Coverage"] == noise[100_000:]
        assert read["XMP-dc:Title"] == "The hill"
        assert read["XMP-iptcExt:DigitalSourceType"] == SOURCE_TYPE


def test_iptc_of_over_64_kb_is_kept_in_a_jpeg_too(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.tif")
    exiftool.run("-m", *(f"-IPTC:Keywords={number:060}" for number in range(1500)), path)
    (read,) = exiftool.read([written(path, tmp_path / "out.jpg")])
    assert len(read["IPTC:Keywords"]) == 1500
    assert "ExifTool:Warning" not in read


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_gif_keeps_its_comment_and_its_xmp(tmp_path: Path, ending: str) -> None:
    path = gray(tmp_path / "in.gif")
    exiftool.run("-Comment=a comment", "-XMP-dc:Title=The hill", path)
    (read,) = exiftool.read([written(path, tmp_path / f"out{ending}")])
    assert read["XMP-dc:Title"] == "The hill"
    comment_tags = ("File:Comment", "PNG:Comment", "XMP-exif:UserComment")
    assert [read[name] for name in comment_tags if name in read] == ["a comment"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("before", [".bmp", ".jpg", ".png", ".tif"])
def test_a_resolution_without_exif_reaches_every_format(
    tmp_path: Path, before: str, ending: str
) -> None:
    path = gray(tmp_path / f"in{before}", dpi=(300, 150))
    (read,) = exiftool.read([written(path, tmp_path / f"out{ending}")])
    if ending == ".png":
        assert (read["PNG-pHYs:PixelsPerUnitX"], read["PNG-pHYs:PixelsPerUnitY"]) == (11811, 5906)
    else:
        group = "JFIF" if ending == ".jpg" else "IFD0"
        assert (read[f"{group}:XResolution"], read[f"{group}:YResolution"]) == (300, 150)


def test_a_rotation_swaps_horizontal_and_vertical_resolution(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.jpg", dpi=(300, 150))
    sides = ("-EXIF:XResolution=300", "-EXIF:YResolution=150")
    exiftool.run("-EXIF:Orientation#=6", *sides, path)
    (read,) = exiftool.read([written(path, tmp_path / "out.jpg")])
    for group in ("JFIF", "IFD0"):
        assert (read[f"{group}:XResolution"], read[f"{group}:YResolution"]) == (150, 300)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
def test_makernote_keeps_its_offset(tmp_path: Path, ending: str) -> None:
    notes = bytes(range(256)) * 8
    exif = Image.Exif()
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.MakerNote: notes, ExifTags.Base.ISOSpeedRatings: 400}
    exif[ExifTags.Base.Artist] = "Somebody with a long name"
    exif[ExifTags.Base.HostComputer] = "Some machine"
    exif[ExifTags.Base.Orientation] = 3
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    assert len(block) > 2000
    path = gray(tmp_path / "in.jpg", exif=exif)
    content = written(path, tmp_path / f"out{ending}").read_bytes()
    begin = content.index(b"MM\0*")
    assert content[begin:].index(notes) == block.index(notes)
    (read,) = exiftool.read([tmp_path / f"out{ending}"])
    assert read["IFD0:Artist"] == "Somebody with a long name"
    assert read["ExifIFD:ISO"] == 400


def test_exif_after_the_pixels_of_a_png_is_kept(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.png")
    exiftool.run("-overwrite_original", "-EXIF:Artist=Zoë", path)
    content = path.read_bytes()
    begin = content.index(b"eXIf") - 4
    end = begin + 12 + int.from_bytes(content[begin : begin + 4])
    path.write_bytes(content[:begin] + content[end:-12] + content[begin:end] + content[-12:])
    assert path.read_bytes().index(b"IDAT") < path.read_bytes().index(b"eXIf")
    (read,) = exiftool.read([written(path, tmp_path / "out.jpg")])
    assert read["IFD0:Artist"] == "Zoë"


@pytest.mark.parametrize("page", [None, 0, 1])
def test_each_page_of_a_tiff_has_its_own_metadata(tmp_path: Path, page: int | None) -> None:
    path = tmp_path / "in.tif"
    pixels = np.zeros((8, 8), np.uint8)
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(pixels, subfiletype=1, description="a preview")
        tiff.write(pixels, description="the first page", resolution=(300, 300))
        tiff.write(pixels > 0, subfiletype=4, description="a mask")
        tiff.write(pixels, subfiletype=2, description="the second page", resolution=(600, 600))
    with path.open("rb") as file:
        kept = metadata.read(file, page)
    described = kept.exif.main[270].value.rstrip(b"\0")
    assert described == (b"the second page" if page else b"the first page")
    assert kept.resolution is not None
    assert kept.resolution.x == (600 if page else 300)


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>"""
HOSTILE = {
    "a document type": (BOMB, "document type"),
    "deep": (b"<a>" * 100_000, "nested"),
    "many": (b"<a>" + b"<b/>" * 1_000_000 + b"</a>", "elements"),
    "long": (b"<a>" + b"b" * (1 << 24) + b"</a>", "MiB"),
    "cut off": (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF", "dropped"),
    "no RDF": (b"<a/>", "no RDF"),
    "an unknown encoding": (b"<?xml version='1.0' encoding='none'?><a/>", "unknown encoding"),
    "noise": (bytes(range(256)), "dropped"),
}


@pytest.mark.parametrize("before", [".webp", ".tif"])
@pytest.mark.parametrize(("content", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_damaged_or_hostile_xmp_is_dropped(
    tmp_path: Path, content: bytes, reason: str, before: str
) -> None:
    given: dict[str, Any] = {"tiffinfo": {700: content}} if before == ".tif" else {"xmp": content}
    path = gray(tmp_path / f"in{before}", **given)
    with pytest.warns(PhotographWarning, match=reason):
        out = written(path, tmp_path / "out.jpg")
    (read,) = exiftool.read([out])
    properties = {name for name in read if name.startswith("XMP")}
    assert properties == {"XMP-iptcExt:DigitalSourceType", "XMP-xmpMM:History"}


@pytest.mark.parametrize(
    ("damage", "cities"),
    [
        ((b"8BIM\x04\x04\0\0\0\0\0", b"8BIM\x04\x04\0\0\0\0\xff"), []),
        ((b"8BIM", b"\0\0\0\x01"), []),
        ((b"\x1c\x02i\0\x04", b"\x1c\x02i\0\xff"), ["Bonn"]),
    ],
    ids=["a resource too long", "no resource", "a dataset too long"],
)
def test_damaged_iptc_is_dropped(
    tmp_path: Path, damage: tuple[bytes, bytes], cities: list[str]
) -> None:
    path = gray(tmp_path / "in.jpg")
    exiftool.run("-overwrite_original", "-IPTC:City=Bonn", "-IPTC:Headline=Hill", path)
    content = path.read_bytes()
    assert content.count(damage[0]) == 1
    path.write_bytes(content.replace(*damage))
    with pytest.warns(PhotographWarning, match="IPTC"):
        out = written(path, tmp_path / "out.webp")
    (read,) = exiftool.read([out])
    assert [read[name] for name in read if name == "XMP-photoshop:City"] == cities
    assert read["XMP-iptcExt:DigitalSourceType"] == SOURCE_TYPE


def with_segments(path: Path, *segments: bytes) -> Path:
    """A JPEG with APP1 segments before its others."""
    content = path.read_bytes()
    written = [b"\xff\xe1" + struct.pack(">H", 2 + len(item)) + item for item in segments]
    path.write_bytes(content[:2] + b"".join(written) + content[2:])
    return path


@pytest.mark.parametrize(
    "block",
    [
        b"II*\0",
        b"II*\0" + struct.pack("<LHHHLLL", 8, 1, 0x8769, 16, 1, 8, 0),  # a place of 8 bytes
    ],
    ids=["cut off", "a type of BigTIFF"],
)
def test_damaged_exif_is_dropped(tmp_path: Path, block: bytes) -> None:
    path = gray(tmp_path / "in.jpg")
    exiftool.run("-overwrite_original", "-IPTC:City=Bonn", "-XMP-dc:Title=The hill", path)
    with_segments(path, b"Exif\0\0" + block)
    with pytest.warns(PhotographWarning, match="EXIF"):
        out = written(path, tmp_path / "out.jpg")
    (read,) = exiftool.read([out])
    assert (read["IPTC:City"], read["XMP-dc:Title"]) == ("Bonn", "The hill")


def extended_xmp() -> list[bytes]:
    """A packet with a source, and an extended one with a rating in two pieces."""
    begin, end = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:n="http://ns.adobe.com/xmp/note/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" ',
        "/></rdf:RDF></x:xmpmeta>",
    )
    name, half = "0" * 32, 100
    main = f'{begin}dc:source="The hill" n:HasExtendedXMP="{name}"{end}'.encode()
    rest = f'{begin}xmp:Rating="4"{end}'.encode()
    return [
        b"http://ns.adobe.com/xap/1.0/\0" + main,
        *(
            b"http://ns.adobe.com/xmp/extension/\0"
            + struct.pack(">32sLL", name.encode(), len(rest), start)
            + rest[start:stop]
            for start, stop in ((0, half), (half, None))
        ),
    ]


def test_the_pieces_of_extended_xmp_may_be_in_any_order(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.jpg")
    main, first, second = extended_xmp()
    with_segments(path, main, second, first)
    (read,) = exiftool.read([written(path, tmp_path / "out.jpg")])
    assert (read["XMP-dc:Source"], read["XMP-xmp:Rating"]) == ("The hill", 4)


def test_incomplete_extended_xmp_is_dropped(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.jpg")
    exiftool.run("-overwrite_original", "-IPTC:City=Bonn", path)
    main, _, second = extended_xmp()
    with_segments(path, main, second)
    with pytest.warns(PhotographWarning, match="a piece is missing") as warned:
        out = written(path, tmp_path / "out.jpg")
    assert len(warned) == 1
    (read,) = exiftool.read([out])
    assert (read["XMP-dc:Source"], read["IPTC:City"]) == ("The hill", "Bonn")
    assert "XMP-xmp:Rating" not in read


def test_a_gif_with_an_empty_extension_is_read(tmp_path: Path) -> None:
    path = gray(tmp_path / "in.gif", comment=b"a comment")
    content = path.read_bytes()
    offset = 13 + 3 * 2 ** ((content[10] & 7) + 1)  # behind the color table
    path.write_bytes(content[:offset] + b"!\xff\0" + content[offset:])
    with path.open("rb") as file:
        assert metadata.read(file).comments == (b"a comment",)


def test_if_all_images_are_reduced_the_first_is_the_photograph(tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    with tifffile.TiffWriter(path) as tiff:
        for description in ("the first", "the second"):
            tiff.write(np.zeros((8, 8), np.uint8), subfiletype=1, description=description)
    with path.open("rb") as file:
        assert metadata.read(file).exif.main[270].value.rstrip(b"\0") == b"the first"


@pytest.mark.filterwarnings("ignore:::PIL")
@pytest.mark.filterwarnings("ignore::colorization.core.errors.PhotographWarning")
@pytest.mark.parametrize("before", ENDINGS)
def test_damaged_metadata_never_fails_a_decodable_photograph(tmp_path: Path, before: str) -> None:
    path = gray(tmp_path / f"in{before}")
    exiftool.run("-m", "-overwrite_original", *WRITTEN, path)
    out = Image.new("RGB", (40, 60))
    kept = 0
    for content in mutants([path.read_bytes()], 40, seed=1):
        read = metadata.read(io.BytesIO(content))
        original = originals.Original(out, read)
        for ending in ENDINGS:
            originals.write_original(original, out, tmp_path / f"out{ending}", mark=MARK)
            Image.open(tmp_path / f"out{ending}").load()
        kept += bool(read.exif.main and read.xmp)
    assert kept > 5


@pytest.mark.parametrize("ending", ENDINGS)
def test_of_overlapping_values_16_mib_are_kept(tmp_path: Path, ending: str) -> None:
    fields = b"".join(struct.pack("<HHLL", 1000 + tag, 7, 100_000, 8) for tag in range(30_000))
    content = b"II*\0" + struct.pack("<LH", 8, 30_000) + fields + bytes(4)
    png = io.BytesIO()
    Image.new("L", (4, 4)).save(png, "PNG", exif=content)
    with pytest.warns(PhotographWarning, match="16 MiB"):
        read = metadata.read(png)
    assert sum(len(entry.value) for entry in read.exif.main.values()) <= 1 << 24
    out = Image.new("RGB", (40, 60))
    too_long = pytest.warns(PhotographWarning, match=r"0x7917, .* and \d+ more$")
    with too_long if ending == ".jpg" else nullcontext():
        originals.write_original(originals.Original(out, read), out, tmp_path / f"out{ending}")
    with Image.open(tmp_path / f"out{ending}") as written_image:
        assert written_image.size == (40, 60)
