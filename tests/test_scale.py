"""As many images as the paper has, through the stages that touch each of them."""

from pathlib import Path

import pandas as pd
import pytest

import data_stages


@pytest.mark.soak
def test_twenty_five_thousand_scenes_need_little_memory_and_nearly_all_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_stages, "CAMERA", {"width": 96, "height": 80, "jpeg_quality": 92})
    monkeypatch.setattr(data_stages, "IMAGE_SIZE", 32)
    measured = data_stages.measure(25_000, tmp_path)
    for stage in ("download (draws)", "split", "preprocess"):
        assert 10 < measured[stage].memory < 2048  # MiB
    split = pd.read_csv(tmp_path / "data/split.csv", keep_default_na=False)
    assert len(split) == 25_000
    assert (split["split"] == "excluded").mean() < 0.01
