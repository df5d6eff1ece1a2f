"""What makes two long computations the same, so that one may go on where the other was killed."""

import hashlib
import json
from pathlib import Path

from colorization.core import provenance
from colorization.core.hashing import sha256_of_files


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
        A sha256 over these, this package's code, and `provenance.environment`.
    """
    code = sorted(Path(__file__).parent.rglob("*.py"))
    content = {
        "settings": settings,
        "sha256": sha256_of_files([*files, *code], memory),
        "environment": provenance.environment(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
