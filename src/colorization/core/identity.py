"""Identifies a long computation, so that only the same one resumes from its checkpoints."""

import hashlib
import json
import sys
from pathlib import Path

from colorization.core import provenance
from colorization.core.hashing import sha256_of_files

CORE = Path(__file__).resolve().parent
PACKAGE = CORE.parent
STAGES = PACKAGE.parent.parent / "stages"


def identify(settings: dict, files: list[Path], hash_cache: Path) -> str:
    """Hash all that the result of a computation depends on, to the last bit.

    Parameters
    ----------
    settings : dict
        All settings of the computation, as JSON values.
    files : list of Path
        All files that it reads; only their content is hashed.
    hash_cache : Path
        See `hashing.sha256_of_files`.

    Returns
    -------
    str
        The sha256 of settings, files, `imported_code` and `provenance.environment`.
    """
    content = {
        "settings": settings,
        "sha256": sha256_of_files([*files, *imported_code()], hash_cache),
        "environment": provenance.environment(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def imported_code() -> list[Path]:
    """List the project's modules imported so far, and the stage's script.

    `core` is excluded, as in the dependencies of the stages.

    Returns
    -------
    list of Path
        Sorted.
    """
    names = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    files = {Path(name).resolve() for name in names if name}
    script = getattr(sys.modules["__main__"], "__file__", None)
    return sorted(
        file
        for file in files
        if (file.is_relative_to(PACKAGE) and not file.is_relative_to(CORE))
        or (script and file == Path(script).resolve() and file.is_relative_to(STAGES))
    )
