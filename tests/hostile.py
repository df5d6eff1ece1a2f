"""Make decoders crash or hang in processes that are started later."""

import os
from pathlib import Path

import pytest

CRASHING, HANGING = (41, 43), (43, 47)  # width and height in px

# Python imports a module of this name as it starts.
PROGRAM = f"""
import ctypes, os
from PIL import ImageFile

load = ImageFile.ImageFile.load

def hostile(image):
    if image.size == {CRASHING}:
        os.abort()
    if image.size == {HANGING}:
        ctypes.PyDLL(None).sleep(60)
    return load(image)

ImageFile.ImageFile.load = hostile
"""


def make_decoders_hostile(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let images of the sizes above crash or hang, like malicious files."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(PROGRAM)
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PYTHONPATH", path)
