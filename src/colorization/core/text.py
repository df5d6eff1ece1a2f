"""Text of unknown origin, such as the names of photographs, made safe to show."""


def printable(text: str) -> str:
    r"""Give a text in one line, with escapes such as \x1b for what a terminal would act on."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )
