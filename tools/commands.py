"""Runs git and DVC for their output."""

import json
import subprocess
import sys

from colorization.core.errors import ColorizationError

DVC = (sys.executable, "-m", "dvc")


def output_of(*command: str) -> str:
    """Run git or DVC, and return its output.

    Raises
    ------
    ColorizationError
        If it fails, with DVC's last error or the last line of the output.
    """
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        lines = (ran.stderr.strip() or ran.stdout.strip() or "failed").splitlines()
        errors = [line for line in lines if line.startswith("ERROR: ")]  # a hint may follow
        name = " ".join(command[2:4] if command[:3] == DVC else command[:2])
        raise ColorizationError(f"{name}: {(errors or lines)[-1].removeprefix('ERROR: ')}")
    return ran.stdout.strip()


def changed_stages() -> list[str]:
    """Names of the stages that are out of date."""
    changed = json.loads(output_of(*DVC, "status", "--json"))
    return [name.rpartition(":")[2] for name, why in changed.items() if why != ["always changed"]]
