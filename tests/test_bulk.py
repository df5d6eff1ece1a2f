"""Photographs share a memory budget."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colorization.colorizing import bulk
from colorization.colorizing.hints import Hint
from colorization.colorizing.jobs import Job, Kind
from colorization.colorizing.predictor import Embedder, Predictor
from colorization.colorizing.prepared import Prepared
from colorization.core.workers import Answer, Workers
from threads import ThreadWorkers

OPTIONS: dict[str, Any] = {"saturation": 1, "side_by_side": False, "quiet": True}


class Watched(ThreadWorkers):
    """Sixteen workers that record how many pixels are in progress."""

    def __init__(self) -> None:
        super().__init__(bulk.TASKS, 16)
        self.pixels = self.most = 0
        self._lock = threading.Lock()

    def call(self, function: str, *arguments: Any, seconds: float, **options: Any) -> Answer:
        pixels = 0
        if function != "count_pixels":
            with Image.open(arguments[0]) as opened:
                pixels = opened.width * opened.height
        with self._lock:
            self.pixels += pixels
            self.most = max(self.most, self.pixels)
        threading.Event().wait(0.01)
        answer = super().call(function, *arguments, seconds=seconds, **options)
        with self._lock:
            self.pixels -= pixels
        return answer


def gray() -> Predictor:
    """A model whose colors are nearly gray."""
    return Predictor(lambda L: [np.repeat(L, 2, axis=-1)], 32, None, None, "0" * 64)


def colorized(folder: Path, sides: list[int], predictor: Predictor | None = None) -> int:
    """Colorize squares; return the maximum of pixels in progress."""
    jobs = []
    for index, side in enumerate(sides):
        path = folder / f"{index}.png"
        Image.new("L", (side, side)).save(path)
        jobs.append(Job(path, folder / "out" / path.name))
    workers = Watched()
    outcomes = list(bulk.colorize_files(predictor or gray(), jobs, workers, **OPTIONS))
    assert outcomes == [bulk.JobResult(job, Kind.COLORIZED) for job in jobs]
    assert len(list((folder / "out").iterdir())) == len(jobs)
    return workers.most


def test_threads_wait_for_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PER_PHOTOGRAPH", 0)
    monkeypatch.setattr(bulk, "IN_FLIGHT", 4 * 100 * 100 * bulk.PER_PIXEL)
    # Three at a time: files count, too.
    assert 2 * 100 * 100 <= colorized(tmp_path, [100] * 16) <= 3 * 100 * 100


def test_a_photograph_larger_than_the_budget_is_processed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "IN_FLIGHT", 100)
    assert colorized(tmp_path, [20, 10, 30, 10]) == 30 * 30


def test_predictions_share_the_memory_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PER_PHOTOGRAPH", 0)
    monkeypatch.setattr(bulk, "IN_FLIGHT", 3 * 32 * 32 * bulk.PER_INPUT_PIXEL)
    counter = Counter()
    colorized(tmp_path, [8] * 12, counter)
    assert 2 <= counter.most_predicted <= 3


def test_predictions_with_an_embedding_count_the_pixels_of_its_square_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserved: list[int] = []
    reserve = bulk.MemoryBudget.reserve

    def record(budget: bulk.MemoryBudget, needed: int) -> AbstractContextManager[None]:
        reserved.append(needed)
        return reserve(budget, needed)

    monkeypatch.setattr(bulk.MemoryBudget, "reserve", record)
    embedder = Embedder(lambda squares: [squares], 64, np.zeros((2, 1000), np.float32))
    embedded = Predictor(lambda L, _: [L], 32, embedder, None, "0" * 64)
    monkeypatch.setattr(Predictor, "predict", lambda *_: [np.zeros((32, 32, 2), np.float32)])
    colorized(tmp_path, [8], embedded)
    assert reserved[1] == bulk.PER_INPUT_PIXEL * (32 * 32 + 64 * 64)


class Counter(Predictor):
    """A model that records how many predictions run at a time."""

    def __init__(self) -> None:
        super().__init__(lambda L: [np.repeat(L, 2, axis=-1)], 32, None, None, "0" * 64)
        self.predicted = self.most_predicted = 0
        self._lock = threading.Lock()

    def predict(
        self, photographs: Sequence[Prepared], hints: Sequence[Sequence[Hint]] | None = None
    ) -> list[np.ndarray]:
        with self._lock:
            self.predicted += 1
            self.most_predicted = max(self.most_predicted, self.predicted)
        threading.Event().wait(0.01)
        with self._lock:
            self.predicted -= 1
        return super().predict(photographs, hints)


def test_an_error_that_nobody_expected_costs_one_photograph(tmp_path: Path) -> None:
    class Failing(Predictor):
        def predict(
            self,
            photographs: Sequence[Prepared],
            hints: Sequence[Sequence[Hint]] | None = None,
        ) -> list[np.ndarray]:
            if photographs[0].size[0] == 9:
                raise ZeroDivisionError("by zero")
            return super().predict(photographs, hints)

    jobs = []
    for index, side in enumerate((8, 9, 10)):
        path = tmp_path / f"{index}.png"
        Image.new("L", (side, side)).save(path)
        jobs.append(Job(path, tmp_path / "out" / path.name))
    model = Failing(lambda L: [np.repeat(L, 2, axis=-1)], 32, None, None, "0" * 64)
    workers = ThreadWorkers(bulk.TASKS, 2)
    outcomes = list(bulk.colorize_files(model, jobs, workers, **OPTIONS))
    assert [outcome.reason for outcome in outcomes] == ["", "ZeroDivisionError('by zero')", ""]


def test_every_job_has_an_outcome_whatever_fails(
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
    with Workers(bulk.TASKS, 2) as workers:
        outcomes = list(bulk.colorize_files(gray(), jobs, workers, **OPTIONS))
    assert [outcome.job for outcome in outcomes] == jobs
    failed = [outcome.job for outcome in outcomes if outcome.reason]
    assert failed == jobs[3::10]
    assert len(list((tmp_path / "out").iterdir())) == 45


def test_a_too_large_file_is_not_sent_to_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "in.jpg"
    path.write_bytes(bytes(11))
    monkeypatch.setattr(bulk, "LARGEST_FILE", 10)
    monkeypatch.setattr(Workers, "call", lambda *_, **__: pytest.fail("a worker was called"))
    with Workers(bulk.TASKS, 1) as workers:
        jobs = [Job(path, tmp_path / "out.jpg")]
        (outcome,) = bulk.colorize_files(gray(), jobs, workers, **OPTIONS)
    assert outcome.reason == "11 bytes, more than 10"
