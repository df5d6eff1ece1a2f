"""Shows the progress of a long loop, with its rate and the remaining time."""

import io
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

LINE_INTERVAL = 10.0  # seconds


def progress_bar(
    label: str, total: int | None, unit: str = "image", unit_scale: bool = False, initial: int = 0
) -> tqdm:
    """Create a bar that redraws itself on a terminal, and prints plain lines elsewhere.

    Parameters
    ----------
    label : str
        What the loop does, such as "embedding images".
    total : int or None
        Number of units; None if unknown.
    unit : str
    unit_scale : bool
        Print large numbers as 1.2M.
    initial : int
        Number of units already done.

    Returns
    -------
    tqdm
        A context manager; call `update(n)` after n more units.
    """
    bar = partial(tqdm, desc=label, total=total, unit=unit, unit_scale=unit_scale, initial=initial)
    if sys.stderr.isatty():
        return bar()
    return bar(
        file=_Lines(),
        mininterval=LINE_INTERVAL,
        miniters=1,
        bar_format="{desc}: {n_fmt} of {total_fmt} [{elapsed}<{remaining}, {rate_fmt}]",
    )


def progress(items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
    """Show the progress of a loop over items.

    Parameters
    ----------
    items : iterable
    label : str
        As in `progress_bar`.
    total : int
        Number of items.

    Yields
    ------
    The items, unchanged.
    """
    with progress_bar(label, total) as bar:
        for item in items:
            yield item
            bar.update()


class _Lines(io.StringIO):
    """Prints each update on a line of its own; tqdm would redraw one line."""

    def write(self, text: str) -> int:
        line = text.strip()
        if line:
            print(line, flush=True)
        return len(text)
