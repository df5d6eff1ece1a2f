"""What the first of pytest's workers makes and all of them read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

folder: Path | None = None  # of all workers; conftest sets it, and whoever starts a process


def made_once(name: str, make: Callable[[Path], Any]) -> tuple[Path, Any]:
    """A folder that `make` fills, once for all workers: read only.

    With what `make` returned, which must be representable in JSON.
    """
    assert folder is not None
    returned = folder / f"{name}.json"
    with FileLock(folder / f"{name}.lock"):
        if not returned.exists():
            returned.write_text(json.dumps(make(folder / name)))
    return folder / name, json.loads(returned.read_text())
