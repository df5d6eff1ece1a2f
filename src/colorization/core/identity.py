"""What makes two long computations the same, so that one may go on where the other was killed."""

import hashlib
import json
import sys
from pathlib import Path

from colorization.core import provenance
from colorization.core.hashing import sha256_of_files

CORE = Path(__file__).resolve().parent
PACKAGE = CORE.parent
STAGES = PACKAGE.parent.parent / "stages"


def identify(settings: dict, files: list[Path], memory: Path) -> str:
    """Tell computations apart whose results may differ in a single bit.

    Parameters
    ----------
    settings : dict
        Everything the computation is told; of JSON's types.
    files : list of Path
        Everything it reads; they count by content.
    memory : Path
        See `hashing.sha256_of_files`.

    Returns
    -------
    str
        A sha256 over these, `imported_code` and `provenance.environment`.
    """
    content = {
        "settings": settings,
        "sha256": sha256_of_files([*files, *imported_code()], memory),
        "environment": provenance.environment(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def imported_code() -> list[Path]:
    """The code that this process computes with: the modules it imported so far, and its script.

    Like the dependencies of the stages it leaves out `core`, which changes no result.

    Returns
    -------
    list of Path
        Sorted.
    """
    named = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    files = {Path(name).resolve() for name in named if name}
    script = getattr(sys.modules["__main__"], "__file__", None)
    return sorted(
        file
        for file in files
        if (file.is_relative_to(PACKAGE) and not file.is_relative_to(CORE))
        or (script and file == Path(script).resolve() and file.is_relative_to(STAGES))
    )
