"""Results of tasks in parallel do not pile up."""

import time
from types import TracebackType
from typing import Any, Self

import pytest

from colorization.core import parallel
from colorization.core.parallel import AHEAD, Postponed, imap_unordered
from colorization.core.workers import Answer

PROCESSES = 2


def square(number: int, most_pixels: int) -> int | Postponed:
    """Postpone the task of a 3 until it may decode 80 million pixels."""
    return Postponed(80_000_000) if number == 3 and most_pixels < 80_000_000 else number**2


class InThisProcess:
    """In place of worker processes."""

    started = 0

    def __init__(self, _module: str, count: int) -> None:
        assert count == PROCESSES

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        pass

    def call(self, function: str, *arguments: Any, seconds: float) -> Answer:  # noqa: ARG002
        type(self).started += 1
        return Answer(globals()[function](*arguments), [])


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "Workers", InThisProcess)
    monkeypatch.setattr(InThisProcess, "started", 0)
    monkeypatch.setattr("joblib.cpu_count", lambda: PROCESSES)


def test_few_tasks_are_computed_ahead_of_a_slow_caller() -> None:
    results = imap_unordered(square, [(number,) for number in range(100)])
    next(results)
    time.sleep(0.2)
    assert 1 <= InThisProcess.started <= AHEAD * PROCESSES + 1
    assert len(list(results)) == 99


class Large:
    """A result that counts those in memory."""

    alive = most_alive = 0

    def __init__(self) -> None:
        Large.alive += 1
        Large.most_alive = max(Large.most_alive, Large.alive)

    def __del__(self) -> None:
        Large.alive -= 1


def large(number: int, most_pixels: int) -> Large:
    return Large()


def test_few_results_are_in_memory_while_the_caller_is_slow() -> None:
    for _, result in imap_unordered(large, [(number,) for number in range(20)]):
        time.sleep(0.01)
        del result  # or it is in memory until the next one is assigned
    assert 2 <= Large.most_alive <= AHEAD * PROCESSES + 1
    assert InThisProcess.started == 20


def test_every_task_has_its_result_and_postponed_ones_come_last() -> None:
    results = list(imap_unordered(square, [(number,) for number in range(20)]))
    assert dict(results) == {number: number**2 for number in range(20)}
    assert results[-1][0] == 3
