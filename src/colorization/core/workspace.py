"""Resolves the paths of params.yaml, also where DVC runs stages in a copy of the project."""

import os
from contextlib import suppress
from pathlib import Path

COPIES = Path(".dvc", "tmp", "exps")  # DVC's --temp and --queue copy the project into it


def local_path(text: str) -> Path:
    """Resolve the path of a file or folder in params.yaml.

    Parameters
    ----------
    text : str
        May begin with "~" or "~user". A relative path is relative to the project, the current
        folder of every stage. `dvc exp run --temp` and `--queue` run the stages in a copy that has
        only what git tracks; there, too, the path is relative to the project itself, which DVC
        names in the environment variable DVC_ROOT.

    Returns
    -------
    Path
    """
    path = Path(text)
    with suppress(RuntimeError):  # unknown user
        path = path.expanduser()
    if project := os.environ.get("DVC_ROOT"):
        copies = Path(project, COPIES).resolve()
        if copies in Path.cwd().resolve().parents:
            return Path(project) / path
    return path
