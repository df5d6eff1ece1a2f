"""What the tools run: git and DVC, for what they say."""

import json
import subprocess
import sys

from colorization.core.errors import ColorizationError

DVC = (sys.executable, "-m", "dvc")


def said(*command: str) -> str:
    """Run git or DVC for what it says.

    Raises
    ------
    ColorizationError
        If it fails, with DVC's last error or the last line that was said.
    """
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        shown = (ran.stderr.strip() or ran.stdout.strip() or "failed").splitlines()
        errors = [line for line in shown if line.startswith("ERROR: ")]  # a hint may follow
        name = " ".join(command[2:4] if command[:3] == DVC else command[:2])
        raise ColorizationError(f"{name}: {(errors or shown)[-1].removeprefix('ERROR: ')}")
    return ran.stdout.strip()


def changed_stages() -> list[str]:
    """The stages that DVC would run, by their names."""
    changed = json.loads(said(*DVC, "status", "--json"))
    return [name.rpartition(":")[2] for name, why in changed.items() if why != ["always changed"]]
