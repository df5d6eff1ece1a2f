"""Small tar archives of each kind, for tests that damage them."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": lambda content: gzip.compress(content, mtime=0),
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}


def small_tar(kind: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar with plain and long names, a folder, a link, and headers for all that follow."""
    written = io.BytesIO()
    globally = {"comment": "photographs"} if kind == tarfile.PAX_FORMAT else None
    with tarfile.open(fileobj=written, mode="w", format=kind, pax_headers=globally) as tar:
        for name, link in (("photos", tarfile.DIRTYPE), ("photos/link.jpg", tarfile.SYMTYPE)):
            other = tarfile.TarInfo(name)
            other.type, other.linkname = link, "a.jpg"
            tar.addfile(other)
        for name in ("a.jpg", "long" * 60 + ".jpg", "ü.png", "note.txt"):
            image = tarfile.TarInfo(name)
            image.size, image.mtime = 700, 1.5 if kind == tarfile.PAX_FORMAT else 1
            tar.addfile(image, io.BytesIO((name.encode() * 200)[:700]))
    return written.getvalue()


def one_member(header: bytes, content: bytes = b"") -> bytes:
    """A tar of one header and what follows it."""
    return header + content + bytes(-len(content) % tarfile.BLOCKSIZE) + bytes(1024)


def header_of(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """The header of a member that may be of any size."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def with_checksums(content: bytes) -> bytes:
    """A damaged tar whose headers have the checksums of what they say now."""
    mended = bytearray(content)
    for start in range(0, len(mended) - tarfile.BLOCKSIZE + 1, tarfile.BLOCKSIZE):
        header = mended[start : start + tarfile.BLOCKSIZE]
        if header[257:262] == b"ustar":
            total = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])  # POSIX.1, "chksum"
            mended[start + 148 : start + 156] = b"%06o\0 " % total
    return bytes(mended)
