"""Whatever a tar says of itself, it is packed, or refused in one line, within bounds."""

import gzip
import lzma
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from colorization.core.errors import ColorizationError
from colorization.sources import archives, fetching, fingerprints
from mutations import mutants
from samples import PARAMS
from tars import COMPRESSIONS, header_of, one_member, small_tar, with_checksums

FORMATS = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT}


def fetch(content: bytes, folder: Path) -> list[str]:
    """Check and pack a tar; the names of its images."""
    source, out = folder / "photos.tar", folder / "raw.zip"
    source.write_bytes(content)
    fingerprints.fingerprint_source(str(source), folder / "memory.json")
    settings = PARAMS.download.model_copy(update={"source": str(source)})
    fetching.fetch(settings, out, folder / "unfinished")
    return archives.image_names(out)


def refusal(content: bytes, folder: Path) -> str:
    """The one line by which a tar is refused, after which no zip is there."""
    with pytest.raises(ColorizationError) as caught:
        fetch(content, folder)
    assert list(folder.glob("*raw.zip*")) == []
    return str(caught.value).replace(str(folder / "photos.tar"), "photos.tar")


def damaged(reason: str) -> str:
    return f"photos.tar: damaged tar archive ({reason})"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("count", [50, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_damaged_tar_is_packed_or_refused_in_one_line(
    tmp_path: Path, compression: str, kind: str, count: int
) -> None:
    compress = COMPRESSIONS[compression]
    whole = small_tar(FORMATS[kind])
    assert fetch(compress(whole), tmp_path) == ["a.jpg", "long" * 60 + ".jpg", "ü.png"]
    contents = [
        compress(with_checksums(content)) for content in mutants([whole], 2 * count, seed=1)
    ]
    contents += mutants([compress(whole)], count, seed=2)
    messages = []
    for content in contents:
        try:
            fetch(content, tmp_path)
        except ColorizationError as error:
            messages.append(str(error))
    assert len(contents) > len(messages) > count
    assert not [message for message in messages if "\n" in message or "photos.tar" not in message]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_huge_header_is_not_read(tmp_path: Path, kind: bytes) -> None:
    header = header_of("././@PaxHeader", 1 << 30, kind)
    source = tmp_path / "photos.tar"
    with source.open("wb") as file:
        file.write(header)
        file.truncate(2 << 30)  # sparse
    tracemalloc.start()
    assert fingerprints.fingerprint_source.__name__  # imported before the measurement
    with pytest.raises(ColorizationError) as caught:
        archives.pack_tar(source, tmp_path / "raw.zip")
    assert fetching.local_source(str(source)) == source  # the look that `check` takes
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(caught.value) == (
        f"{source}: damaged tar archive (a header of 1,073,741,824 bytes at byte 512)"
    )
    assert peak < 4 << 20


def test_global_headers_are_bounded(tmp_path: Path) -> None:
    content = b""
    for number in range(3):
        text = f" KEY{number}={'x' * 400_000}\n".encode()
        record = b"%d" % (len(text) + 6) + text
        content += one_member(header_of("pax", len(record), tarfile.XGLTYPE), record)[:-1024]
        content += one_member(header_of(f"{number}.jpg", 3), b"abc")[:-1024]
    assert refusal(content, tmp_path) == damaged("global headers of more than 1,048,576 bytes")


def test_an_endless_row_of_headers_is_refused(tmp_path: Path) -> None:
    row = one_member(header_of("long", 4, tarfile.GNUTYPE_LONGNAME), b"abc\0")[:-1024]
    assert refusal(row * 900, tmp_path).startswith("photos.tar: damaged tar archive (")


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LEAST_UNPACKED", 10_000_000)
    zeros = bytes(3_000_000)
    images = b"".join(
        one_member(header_of(f"{number}.bmp", len(zeros)), zeros)[:-1024] for number in range(9)
    )
    content = lzma.compress(images)
    assert refusal(content, tmp_path) == (
        f"photos.tar: unpacks to more than 10,000,000 bytes, from {len(content):,}; "
        "if they are photographs, unpack it yourself and use the folder"
    )
    expected = "photos.tar: unpacks to more than 10,000,000 bytes, from "
    other = one_member(header_of("note.txt", len(zeros) * 9), zeros * 9)  # passed over, not packed
    assert refusal(gzip.compress(other), tmp_path).startswith(expected)
    behind = gzip.compress(small_tar() + bytes(20_000_000))
    assert refusal(behind, tmp_path).startswith(expected)


def test_a_small_tar_of_high_ratio_is_packed(tmp_path: Path) -> None:
    zeros = bytes(3_000_000)
    assert fetch(lzma.compress(one_member(header_of("a.bmp", len(zeros)), zeros)), tmp_path)


def test_a_too_large_image_is_excluded_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    content = one_member(header_of("big\x1b.bmp", 1001), bytes(1001))[:-1024]
    content += one_member(header_of("fine.bmp", 1000), bytes(1000))
    assert fetch(content, tmp_path) == ["fine.bmp"]
    assert capsys.readouterr().out == (
        f"{tmp_path}/photos.tar: 'big\\x1b.bmp' excluded: 1,001 bytes, more than 1,000\n"
    )


def sparse() -> bytes:
    """A sparse image (GNU tar's old format) whose one piece lies beyond its end."""
    header = bytearray(header_of("holes.bmp", 0, tarfile.GNUTYPE_SPARSE))
    header[386:410] = b"%011o\0%011o\0" % (4096, 0)  # where the piece begins, and its length
    header[483:495] = b"%011o\0" % 100  # the real size
    return one_member(with_checksums(bytes(header)))[:-1024]


def test_a_sparse_image_is_excluded_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = sparse() + one_member(header_of("fine.bmp", 3), b"abc")
    assert fetch(content, tmp_path) == ["fine.bmp"]
    assert capsys.readouterr().out == (
        f"{tmp_path}/photos.tar: 'holes.bmp' excluded: a sparse file\n"
    )


def with_size(field: bytes) -> bytes:
    """A member whose size is written as no program writes it."""
    header = bytearray(header_of("a.jpg", 3))
    header[124:136] = field
    return one_member(with_checksums(bytes(header)), b"abc")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_size(b"\xff" * 12), damaged("a member of -1 bytes")),
        (with_size(b"\xff" * 10 + b"\xfc\x00"), damaged("a member of -1,024 bytes")),
        (
            with_size(b"\x80" + b"\x7f" * 11),
            "photos.tar: unpacks to more than 1,073,741,824 bytes, from 2,048; ",
        ),
        (with_size(b"00000077777\0"), damaged("unexpected end of data")),
        (with_size(b"99999999999\0"), "is neither a zip, a tar nor a folder"),
        (one_member(header_of("x" * 5000 + ".jpg", 3), b"abc"), damaged("a name of 5,004 char")),
    ],
)
def test_an_invalid_size_or_name_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    assert message.rstrip(")") in refusal(content, tmp_path)


def test_of_duplicate_names_the_last_is_used(tmp_path: Path) -> None:
    content = one_member(header_of("a.jpg", 3), b"old")[:-1024]
    content += one_member(header_of("a.jpg", 3), b"new")
    assert fetch(content, tmp_path) == ["a.jpg"]
    assert archives.read_member(tmp_path / "raw.zip", "a.jpg") == b"new"


def test_an_empty_tar_contains_no_images(tmp_path: Path) -> None:
    assert refusal(bytes(10_240), tmp_path) == "photos.tar: contains no images"
