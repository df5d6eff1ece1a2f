"""Files on HTTP servers: URLs, and checksums in their fragments."""

import os
import string
from dataclasses import dataclass
from urllib.parse import urldefrag, urlsplit

from colorization.core.errors import ColorizationError
from colorization.core.settings import redact

DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}  # of hexadecimal checksums


@dataclass(frozen=True)
class RemoteFile:
    """A file on an HTTP server.

    Attributes
    ----------
    url : str
        Its query may contain environment variables, as in `?token=$TOKEN`.
    algorithm : str or None
        Of `checksum`, a key of `DIGITS`.
    checksum : str or None
        Hexadecimal; None if unknown.
    length : int or None
        Bytes; None if unknown.
    """

    url: str
    algorithm: str | None = None
    checksum: str | None = None
    length: int | None = None

    @property
    def redacted(self) -> str:
        """The URL for messages, without secrets."""
        return redact(self.url)

    def request_url(self) -> str:
        """The URL with the environment variables of its query substituted.

        Raises
        ------
        ColorizationError
            If one is not set, or contains a character that would end the query.
        """
        path, mark, query = self.url.partition("?")
        try:
            values = {name: os.environ[name] for name in string.Template(query).get_identifiers()}
        except KeyError as error:
            raise ColorizationError(
                f"{self.redacted}: the environment variable {error.args[0]} of its query is not set"
            ) from None
        for name, value in values.items():
            if "#" in value or any(map(str.isspace, value)):
                raise ColorizationError(
                    f"{self.redacted}: the environment variable {name} contains a # or a space; "
                    "write them as %23 and %20"
                )
        return path + mark + string.Template(query).substitute(values)


def is_url(source: str) -> bool:
    """Whether a source is an HTTP URL, not a path."""
    return source.lower().startswith(("http://", "https://"))


def parse_url(source: str) -> RemoteFile:
    """Parse a URL with an optional checksum, as in `https://host/a.zip#sha256=0123...`.

    Raises
    ------
    ColorizationError
        If it has no host, or the text after # is not a checksum.
    """
    url, fragment = urldefrag(source)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # an invalid port raises
    except ValueError:
        host = None
    if not host or host != "".join(host.split()):
        # In a malformed URL, `redact` may miss a password before an @.
        which = "the URL" if "@" in source else repr(redact(source))
        raise ColorizationError(f"download.source: {which} has no host")
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
