"""ExifTool, an independent reader and writer of metadata."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

EXIFTOOL = shutil.which("exiftool")
NEEDED = "needs ExifTool (Debian: libimage-exiftool-perl)"


def run(*arguments: str | Path) -> str:
    """Run ExifTool; pass many files at once, since it takes a quarter of a second to start.

    Without it the test is skipped, but in CI, which installs it, fails.
    """
    if EXIFTOOL is None and os.environ.get("CI") != "true":
        pytest.skip(NEEDED)
    assert EXIFTOOL is not None, NEEDED
    done = subprocess.run(
        [EXIFTOOL, "-config", "", *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


def read(files: list[Path], *options: str) -> list[dict[str, Any]]:
    """Read all tags of files, by "group:name"."""
    written = run("-json", "-G1", "-struct", "-n", *options, *files)
    return list(json.loads(written))
