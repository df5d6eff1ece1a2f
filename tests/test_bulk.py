"""Many photographs share the memory that there is."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colorization.colorizing import bulk
from colorization.colorizing.colorizer import Colorizer, Photograph
from colorization.colorizing.jobs import Job


class Watched(Colorizer):
    """A colorizer that notes how much is in work at a time."""

    def __init__(self) -> None:
        super().__init__(lambda L: np.repeat(L, 2, axis=-1), 32, None, None, "0" * 64)
        self.pixels = 0
        self.most = 0
        self._lock = threading.Lock()

    def see(self, image: Photograph) -> np.ndarray:
        assert isinstance(image, Path)
        with Image.open(image) as opened:
            pixels = opened.width * opened.height
        with self._lock:
            self.pixels += pixels
            self.most = max(self.most, self.pixels)
        threading.Event().wait(0.01)
        with self._lock:
            self.pixels -= pixels
        return np.zeros((32, 32, 1), np.float32)


def colorized(colorizer: Watched, folder: Path, sides: list[int]) -> None:
    jobs = []
    for index, side in enumerate(sides):
        path = folder / f"{index}.png"
        Image.new("L", (side, side)).save(path)
        jobs.append(Job(path, folder / "out" / path.name))
    options: Any = {"saturation": 1, "side_by_side": False, "quiet": True}
    assert list(bulk.colorize_files(colorizer, jobs, threads=16, **options)) == []
    assert len(list((folder / "out").iterdir())) == len(jobs)


def test_threads_wait_until_there_is_memory_for_their_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PER_PHOTOGRAPH", 0)
    monkeypatch.setattr(bulk, "IN_FLIGHT", 4 * 100 * 100 * bulk.PER_PIXEL)
    colorizer = Watched()
    colorized(colorizer, tmp_path, [100] * 16)
    assert 100 * 100 <= colorizer.most <= 4 * 100 * 100


def test_a_photograph_that_takes_more_than_there_is_is_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "IN_FLIGHT", 100)
    colorizer = Watched()
    colorized(colorizer, tmp_path, [20, 10, 30, 10])
    assert colorizer.most == 30 * 30


def test_as_many_are_predicted_at_once_as_there_is_memory_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PER_PHOTOGRAPH", 0)
    monkeypatch.setattr(bulk, "IN_FLIGHT", 3 * 32 * 32 * bulk.PER_SEEN_PIXEL)
    counter = Counter()
    colorized(counter, tmp_path, [8] * 12)
    assert 1 <= counter.most_predicted <= 3


class Counter(Watched):
    """A colorizer that notes how many photographs it predicts at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.predicted = self.most_predicted = 0

    def predict(self, seen: Sequence[np.ndarray]) -> list[np.ndarray]:
        with self._lock:
            self.predicted += 1
            self.most_predicted = max(self.most_predicted, self.predicted)
        threading.Event().wait(0.01)
        with self._lock:
            self.predicted -= 1
        return super().predict(seen)


def test_every_photograph_has_its_turn_whatever_fails_and_however_many_there_are(
    tmp_path: Path,
) -> None:
    jobs = []
    for index in range(50):
        path = tmp_path / f"{index}.png"
        if index % 10 == 3:
            path.write_bytes(b"no photograph")
        else:
            Image.new("L", (8, 8)).save(path)
        jobs.append(Job(path, tmp_path / "out" / path.name))
    options: Any = {"saturation": 1, "side_by_side": False, "quiet": True}
    failures = list(bulk.colorize_files(Watched(), jobs, threads=2, **options))
    assert [failure.input for failure in failures] == [str(job.input) for job in jobs[3::10]]
    assert len(list((tmp_path / "out").iterdir())) == 45
