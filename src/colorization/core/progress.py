"""Shows the progress of a long loop, with its rate and the time that remains."""

import io
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0


def progress_bar(
    what: str, total: int | None, unit: str = "image", unit_scale: bool = False, initial: int = 0
) -> tqdm:
    """Make a bar that redraws itself on a terminal and prints plain lines elsewhere.

    Parameters
    ----------
    what : str
        What the loop does, such as "embedding images".
    total : int or None
        Number of units; None if unknown.
    unit : str
    unit_scale : bool
        Print large numbers as 1.2M.
    initial : int
        Units that are already done.

    Returns
    -------
    tqdm
        A context manager; call its `update(n)` when n more units are done.
    """
    bar = partial(tqdm, desc=what, total=total, unit=unit, unit_scale=unit_scale, initial=initial)
    if sys.stderr.isatty():
        return bar()
    return bar(
        file=_Lines(),
        mininterval=SECONDS_BETWEEN_LINES,
        miniters=1,
        bar_format="{desc}: {n_fmt} of {total_fmt} [{elapsed}<{remaining}, {rate_fmt}]",
    )


def progress(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """Pass items through and show how far the loop is.

    Parameters
    ----------
    items : iterable
    what : str
        As in `progress_bar`.
    total : int
        Number of items.

    Yields
    ------
    The items, unchanged.
    """
    with progress_bar(what, total) as bar:
        for item in items:
            yield item
            bar.update()


class _Lines(io.StringIO):
    """Prints each update on its own line, where tqdm would redraw one line."""

    def write(self, text: str) -> int:
        line = text.strip()
        if line:
            print(line, flush=True)
        return len(text)
