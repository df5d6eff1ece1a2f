"""Files on HTTP servers: their URLs, and the checksums that a URL may carry."""

import os
import string
from dataclasses import dataclass
from urllib.parse import urldefrag, urlsplit

from colorization.core.errors import ColorizationError
from colorization.core.settings import redact

DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}  # hexadecimal, by algorithm


@dataclass(frozen=True)
class RemoteFile:
    """A file on an HTTP server.

    Attributes
    ----------
    url : str
        Its query may name environment variables, as in `?token=$TOKEN`.
    algorithm : str or None
        Of `checksum`, a key of `DIGITS`.
    checksum : str or None
        In hexadecimal; None where nobody published one.
    length : int or None
        Bytes; None where nobody published it.
    """

    url: str
    algorithm: str | None = None
    checksum: str | None = None
    length: int | None = None

    @property
    def shown(self) -> str:
        """The URL as messages show it."""
        return redact(self.url)

    def request_url(self) -> str:
        """The URL with the values of the environment variables that its query names.

        Raises
        ------
        ColorizationError
            If one of them is not set, or holds what ends a query.
        """
        path, mark, query = self.url.partition("?")
        try:
            values = {name: os.environ[name] for name in string.Template(query).get_identifiers()}
        except KeyError as error:
            raise ColorizationError(
                f"{self.shown}: its query names the environment variable {error.args[0]}, "
                "which is not set"
            ) from None
        for name, value in values.items():
            if "#" in value or any(map(str.isspace, value)):
                raise ColorizationError(
                    f"{self.shown}: the environment variable {name} holds a # or a space; "
                    "write them as %23 and %20"
                )
        return path + mark + string.Template(query).substitute(values)


def is_url(source: str) -> bool:
    """Whether a source is an HTTP URL, not a path."""
    return source.lower().startswith(("http://", "https://"))


def parse_url(source: str) -> RemoteFile:
    """Parse a URL, which may end in a checksum, as in `https://host/a.zip#sha256=0123...`.

    Raises
    ------
    ColorizationError
        If it names no host, or the text after # is no checksum.
    """
    url, fragment = urldefrag(source)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a port that is no number raises
    except ValueError:
        host = None
    if not host or host != "".join(host.split()):
        # The text before an @ may be a password that `redact` misses in a malformed URL.
        which = "the URL" if "@" in source else repr(redact(source))
        raise ColorizationError(f"download.source: {which} names no host")
    if not fragment:
        return RemoteFile(url)
    algorithm, _, checksum = fragment.lower().partition("=")
    if len(checksum) != DIGITS.get(algorithm) or set(checksum) - set(string.hexdigits):
        kinds = ", ".join(f"#{name}=" for name in DIGITS)
        raise ColorizationError(
            f"download.source: a URL may end in {kinds} and that checksum in hexadecimal; "
            f"found {'#' + fragment!r}"
        )
    return RemoteFile(url, algorithm, checksum)
