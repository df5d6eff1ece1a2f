"""Makes text of unknown origin, such as the names of photographs, safe to show."""

import os


def printable(text: str) -> str:
    r"""Give a text in one line, with escapes such as \x1b for characters that control a terminal.

    Bytes of a file's name that are not UTF-8 become escapes too.
    """
    text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
