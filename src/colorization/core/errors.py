"""Errors and warnings for users."""

from colorization.core.text import printable

LONGEST_REASON = 400  # characters


class ColorizationError(Exception):
    """A mistake that the user can correct; the message has a line per mistake, with its remedy."""


class PhotographWarning(UserWarning):
    """A photograph was read or written with a reservation; the message is one line."""


def reason(error: object) -> str:
    """Return a library's message in one line of printable characters; a long one is truncated."""
    return printable(" ".join(str(error).split())[:LONGEST_REASON])
