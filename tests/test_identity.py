"""A computation resumes only from checkpoints of the same computation."""

from pathlib import Path

import pytest

from colorization.core import identity
from colorization.core.identity import identify, imported_code
from colorization.scoring import metrics


def test_whatever_may_change_the_result_changes_the_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, hash_cache = tmp_path / "L.npy", tmp_path / "hashes.json"
    file.write_bytes(b"one")

    def tell(**settings: object) -> str:
        return identify({"seed": 1} | settings, [file], hash_cache)

    seen = [tell()]
    assert tell() == seen[0]
    seen.append(tell(seed=2))
    file.write_bytes(b"two")
    seen.append(tell())
    monkeypatch.setattr(identity.provenance, "environment", lambda: {"cores": 64})
    seen.append(tell())
    assert len(set(seen)) == len(seen)


def test_imported_code_is_included_except_core() -> None:
    code = imported_code()
    assert Path(metrics.__file__).resolve() in code
    assert Path(identity.__file__).resolve() not in code
    assert all(file.suffix == ".py" for file in code)


def test_a_change_of_the_code_changes_the_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "code.py"
    monkeypatch.setattr(identity, "imported_code", lambda: [code])
    seen = set()
    for text in ("first", "second"):
        code.write_text(text)
        seen.add(identify({}, [], tmp_path / "hashes.json"))
    assert len(seen) == 2
