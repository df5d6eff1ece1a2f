"""Progress of a long loop: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0


def progress(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """Pass items through and show how far the loop is.

    Parameters
    ----------
    items : iterable
    what : str
        What is being done, and to what: "embedding images".
    total : int
        Number of items.

    Yields
    ------
    The items, unchanged.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, desc=what, total=total)
        return
    last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES and done < total:
            last = time.monotonic()
            print(f"{what}: {done} of {total}", flush=True)
    print(f"{what}: {total} of {total}", flush=True)
