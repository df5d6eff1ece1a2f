"""What a network takes is read from its source, without importing it."""

import re
from pathlib import Path

import pytest

from colorization.core.errors import ColorizationError
from colorization.core.settings import NetworkInputs
from colorization.networks.catalog import read_inputs

NEVER_RUN = "raise RuntimeError\n"


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ("", NetworkInputs(embedding=False, encoder="none")),
        ("takes_embedding=True", NetworkInputs(embedding=True, encoder="none")),
        ("encoder='vgg16', takes_embedding=False", NetworkInputs(embedding=False, encoder="vgg16")),
        ("encoder=None, build=1 + 1", NetworkInputs(embedding=False, encoder="none")),
    ],
)
def test_a_source_is_read_and_not_run(
    tmp_path: Path, keywords: str, expected: NetworkInputs
) -> None:
    path = tmp_path / "network.py"
    path.write_text(f"{NEVER_RUN}ARCHITECTURE = Architecture({keywords})\n")
    assert read_inputs(path) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "ARCHITECTURE = Architecture(...) is missing"),
        ("ARCHITECTURE = other", "ARCHITECTURE = Architecture(...) is missing"),
        ("ARCHITECTURE = Architecture(encoder=NAME)", "encoder of ARCHITECTURE must be a literal"),
        ("def", "not Python (invalid syntax (network.py, line 1))"),
        ("\0", "not Python (source code string cannot contain null bytes"),
    ],
)
def test_a_source_without_a_readable_record_is_refused_in_one_line(
    tmp_path: Path, source: str, message: str
) -> None:
    path = tmp_path / "network.py"
    path.write_text(source)
    with pytest.raises(ColorizationError, match=re.escape(f"{path}: {message}")) as caught:
        read_inputs(path)
    assert "\n" not in str(caught.value)
