"""Finds the local files that params.yaml names, also where DVC runs stages in a copy."""

import os
from contextlib import suppress
from pathlib import Path

COPIES = Path(".dvc", "tmp", "exps")  # where DVC's --temp and --queue copy a project to


def local_path(text: str) -> Path:
    """Give the path of a file or folder that params.yaml names.

    Parameters
    ----------
    text : str
        A relative path counts from the project, since that is the current folder of every stage.
        `dvc exp run --temp` and `--queue` run the stages in a copy of the project that holds only
        what git tracks; there, too, the path counts from the project itself, which DVC names in the
        environment variable DVC_ROOT. A path may begin with "~" or "~user".

    Returns
    -------
    Path
    """
    path = Path(text)
    with suppress(RuntimeError):  # no such user
        path = path.expanduser()
    if project := os.environ.get("DVC_ROOT"):
        copies = Path(project, COPIES).resolve()
        if copies in Path.cwd().resolve().parents:
            return Path(project) / path
    return path
