"""What users are told of: mistakes that they can mend, and files that are not quite right."""

from colorization.core.text import printable

LONGEST_REASON = 400  # characters


class ColorizationError(Exception):
    """A mistake that the user can mend; the message names it and the remedy, a line per mistake."""


class PhotographWarning(UserWarning):
    """A photograph is read although something about its file is wrong; the message says what."""


def reason(error: Exception) -> str:
    """Give a library's message as one line of printable characters; a long one is cut."""
    return printable(" ".join(str(error).split())[:LONGEST_REASON])
