"""What users are told of: mistakes that they can mend, and files that are not quite right."""

from colorization.core.text import printable

LONGEST_REASON = 400  # characters


class ColorizationError(Exception):
    """A mistake that the user can mend; the message names it and the remedy, a line per mistake."""


class PhotographWarning(UserWarning):
    """A photograph is read or written although not all is right; the message is one line."""


def reason(error: Exception) -> str:
    """Give a library's message as one line of printable characters; a long one is cut."""
    return printable(" ".join(str(error).split())[:LONGEST_REASON])
