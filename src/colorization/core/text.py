"""Makes text of unknown origin, such as the names of photographs, safe to print."""

import os


def printable(text: str) -> str:
    r"""Escape control characters (such as \x1b), line breaks, and bytes that are not UTF-8."""
    text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
