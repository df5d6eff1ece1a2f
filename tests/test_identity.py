"""A computation goes on only where the very same one was killed."""

from pathlib import Path

import pytest

from colorization.core import identity
from colorization.core.identity import identify


def test_whatever_may_change_the_result_changes_the_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, memory = tmp_path / "L.npy", tmp_path / "memory.json"
    file.write_bytes(b"one")

    def tell(**settings: object) -> str:
        return identify({"seed": 1} | settings, [file], memory)

    seen = [tell()]
    assert tell() == seen[0]
    seen.append(tell(seed=2))
    file.write_bytes(b"two")
    seen.append(tell())
    monkeypatch.setattr(identity.provenance, "environment", lambda: {"cores": 64})
    seen.append(tell())
    assert len(set(seen)) == len(seen)
