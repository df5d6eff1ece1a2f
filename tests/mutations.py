"""Damage as it comes by accident or by intent: a seeded stream of changed copies of some bytes."""

import re
from collections.abc import Callable, Iterator

import numpy as np

INTERESTING = [0, 1, 0x7F, 0x80, 0xFF]  # bytes, and what fills a length or an offset


def mutants(
    originals: list[bytes], count: int, seed: int, tokens: list[bytes] | None = None
) -> Iterator[bytes]:
    """Give changed copies, each with one to three changes.

    Parameters
    ----------
    originals : list of bytes
        Whole and valid; splices join two of them.
    count : int
    seed : int
    tokens : list of bytes, optional
        What means something where the originals are read; half of the changes put one of these in
        the place of a word or a number.

    Yields
    ------
    bytes
    """
    rng = np.random.default_rng(seed)
    for _ in range(count):
        content = bytearray(originals[rng.integers(len(originals))])
        for _ in range(rng.integers(1, 4)):
            if content:
                if tokens and rng.random() < 0.5:
                    _put(content, tokens, rng)
                else:
                    CHANGES[rng.integers(len(CHANGES))](content, originals, rng)
        yield bytes(content)


Change = Callable[[bytearray, list[bytes], np.random.Generator], None]


def _flip(content: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))


def _set(content: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    content[rng.integers(len(content))] = INTERESTING[rng.integers(len(INTERESTING))]


def _set_length(content: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    """Overwrite two, four or eight bytes, as a length, a count or an offset has them."""
    at, size = int(rng.integers(len(content))), int(rng.choice([2, 4, 8]))
    value = bytes([INTERESTING[rng.integers(len(INTERESTING))]]) * size
    content[at : at + size] = value[: max(0, len(content) - at)]


def _near_an_end(content: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    """Change a byte where headers and directories are."""
    reach = min(len(content), 512)
    at = int(rng.integers(reach))
    content[at if rng.random() < 0.5 else len(content) - 1 - at] = int(rng.integers(256))


def _cut(content: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    del content[rng.integers(len(content)) :]


def _remove(content: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    at = int(rng.integers(len(content)))
    del content[at : at + int(rng.integers(1, 64))]


def _repeat(content: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    at = int(rng.integers(len(content)))
    content[at:at] = content[at : at + int(rng.integers(1, 256))]


def _zero(content: bytearray, _: list[bytes], rng: np.random.Generator) -> None:
    at, size = int(rng.integers(len(content))), int(rng.integers(1, 256))
    content[at : at + size] = bytes(len(content[at : at + size]))


def _splice(content: bytearray, originals: list[bytes], rng: np.random.Generator) -> None:
    other = originals[rng.integers(len(originals))]
    at = int(rng.integers(len(content)))
    content[at:] = other[int(rng.integers(len(other))) :]


def _put(content: bytearray, tokens: list[bytes], rng: np.random.Generator) -> None:
    words = [match.span() for match in re.finditer(rb"[\w.+-]+", content)]
    if words:
        begin, end = words[rng.integers(len(words))]
        content[begin:end] = tokens[rng.integers(len(tokens))]


CHANGES: list[Change] = [
    _flip,
    _set,
    _set_length,
    _near_an_end,
    _cut,
    _remove,
    _repeat,
    _zero,
    _splice,
]
