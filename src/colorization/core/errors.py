"""The one exception that stands for a mistake its user can mend, and its words."""

from colorization.core.text import printable

LONGEST_REASON = 400  # characters


class ColorizationError(Exception):
    """Something the user can mend; the message is one line that names it and the remedy."""


def reason(error: Exception) -> str:
    """Give a library's message in one line of printable characters, and not at any length."""
    return printable(" ".join(str(error).split())[:LONGEST_REASON])
