"""What the tools run: git and DVC, for what they say."""

import json
import subprocess
import sys

from colorization.core.errors import ColorizationError

DVC = (sys.executable, "-m", "dvc")


def said(*command: str) -> str:
    """Run a command for what it says; an error tells the last line of what it said."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        shown = (ran.stderr.strip() or ran.stdout.strip() or "failed").splitlines()
        raise ColorizationError(f"{' '.join(command[-2:])}: {shown[-1]}")
    return ran.stdout.strip()


def changed_stages() -> list[str]:
    """The stages that DVC would run, by their names."""
    changed = json.loads(said(*DVC, "status", "--json"))
    return [name.rpartition(":")[2] for name, why in changed.items() if why != ["always changed"]]
