"""Damaged copies of valid files, drawn from a seed."""

import random
from collections.abc import Iterator

LONGEST_PIECE = 64  # bytes
ODD_BYTES = b"\x00\x7f\x80\xff0179-+_:,.[]{}&*!<>|'\"#%\n\r\t "


def mutants(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Copies with a few flipped bits, odd bytes, and pieces cut, repeated, moved or zeroed."""
    rng = random.Random(seed)  # noqa: S311 (nothing secret)
    for _ in range(count):
        damaged = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            rng.choice(KINDS)(damaged, rng)
        yield bytes(damaged)


def _piece(damaged: bytearray, rng: random.Random) -> slice:
    start = rng.randrange(len(damaged) + 1)
    return slice(start, start + rng.randint(1, LONGEST_PIECE))


def _flip(damaged: bytearray, rng: random.Random) -> None:
    if damaged:
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)


def _set(damaged: bytearray, rng: random.Random) -> None:
    if damaged:
        damaged[rng.randrange(len(damaged))] = rng.choice(ODD_BYTES)


def _cut(damaged: bytearray, rng: random.Random) -> None:
    del damaged[_piece(damaged, rng)]


def _cut_short(damaged: bytearray, rng: random.Random) -> None:
    del damaged[rng.randrange(len(damaged) + 1) :]


def _repeat(damaged: bytearray, rng: random.Random) -> None:
    piece = _piece(damaged, rng)
    damaged[piece.start : piece.start] = damaged[piece] * rng.randint(1, 9)


def _copy(damaged: bytearray, rng: random.Random) -> None:
    source, target = _piece(damaged, rng), _piece(damaged, rng)
    damaged[target] = damaged[source]


def _zero(damaged: bytearray, rng: random.Random) -> None:
    piece = _piece(damaged, rng)
    damaged[piece] = bytes(len(damaged[piece]))


KINDS = (_flip, _flip, _set, _set, _cut, _cut_short, _repeat, _copy, _zero)
