"""A crash or a hang of a worker affects one call alone."""

import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from colorization.core.workers import Answer, WorkerError, Workers
from samples import ROOT

SECONDS = 30.0


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers("calls", 1) as workers:
        yield workers


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program, in a process that finds the functions of `calls`."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "tests",
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def pid(workers: Workers) -> int:
    return workers.call("process", seconds=SECONDS).value


def test_a_call_returns_the_functions_result(workers: Workers) -> None:
    assert workers.call("add", 1, other=2, seconds=SECONDS) == Answer(3, [])
    assert len(workers.call("give", 50_000_000, seconds=SECONDS).value) == 50_000_000


def test_an_exception_is_raised_with_the_workers_traceback(workers: Workers) -> None:
    before = pid(workers)
    with pytest.raises(ValueError, match="no good") as raised:
        workers.call("fail", "no good", seconds=SECONDS)
    assert "calls.py" in raised.value.__notes__[0]
    assert pid(workers) == before


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("crash", r"^its decoder crashed \(SIGABRT\)$"),
        ("run_out_of_memory", "^its decoder was killed, perhaps for lack of memory$"),
    ],
)
def test_a_crash_fails_one_call(workers: Workers, function: str, message: str) -> None:
    before = pid(workers)
    with pytest.raises(WorkerError, match=message):
        workers.call(function, seconds=SECONDS)
    assert pid(workers) != before


def test_a_crash_in_a_used_process_is_retried_in_a_new_one(
    workers: Workers, tmp_path: Path
) -> None:
    pid(workers)
    assert workers.call("crash_once", tmp_path / "a", seconds=SECONDS).value == "done"


def test_a_crash_in_a_new_process_is_not_retried(workers: Workers, tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="crashed"):
        workers.call("crash_once", tmp_path / "a", seconds=SECONDS)


def test_a_hang_times_out_even_if_it_holds_the_gil(workers: Workers) -> None:
    pid(workers)
    started = time.monotonic()
    with pytest.raises(WorkerError, match=r"^timed out after 1 seconds$"):
        workers.call("hang", seconds=1.0)
    assert time.monotonic() - started < 30
    assert workers.call("add", 1, seconds=SECONDS).value == 1


def test_warnings_are_returned_once_and_output_of_libraries_is_discarded() -> None:
    program = (
        "from colorization.core.workers import Workers\n"
        "with Workers('calls', 1) as workers:\n"
        "    print(workers.call('speak', seconds=30))"
    )
    ended = run(program)
    assert ended.stdout == "Answer(value='said', warnings=['doubtful'])\n"
    assert ended.stderr == ""


def test_all_processes_run_calls_concurrently() -> None:
    with Workers("calls", 3) as workers, ThreadPoolExecutor(12) as threads:
        sums = threads.map(lambda item: workers.call("add", item, 1, seconds=SECONDS), range(60))
        assert [answer.value for answer in sums] == list(range(1, 61))
        assert len({pid(workers) for _ in range(6)}) == 1  # the one used last is used first


def test_processes_end_with_their_parent() -> None:
    program = (
        "import os, signal\n"
        "from colorization.core.workers import Workers\n"
        "print(Workers('calls', 1).call('process', seconds=30).value, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = run(program)
    assert ended.returncode == -signal.SIGKILL
    stat = Path("/proc", ended.stdout.strip(), "stat")
    deadline = time.monotonic() + 30
    while stat.exists() and stat.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_processes_end_when_the_pool_is_garbage_collected() -> None:
    workers = Workers("calls", 1)
    process = workers._all[0]._process
    assert process is not None
    del workers
    assert process.returncode is not None


def test_closing_ends_running_calls_and_starts_no_process(workers: Workers) -> None:
    pid(workers)
    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(workers.call, "hang", seconds=SECONDS)
        while workers._all[0]._calls < 2:
            time.sleep(0.01)
        workers.close()
        with pytest.raises(WorkerError, match=r"^was interrupted$"):
            hanging.result()
    with pytest.raises(WorkerError, match=r"^was interrupted$"):
        workers.call("add", 1, seconds=SECONDS)
    assert workers._all[0]._process is None


def test_a_call_that_cannot_be_pickled_does_not_affect_the_next(
    workers: Workers,
) -> None:
    with pytest.raises((AttributeError, pickle.PicklingError)):
        workers.call("give", bytes(1_000_000), lambda: None, seconds=SECONDS)
    assert workers.call("add", 1, seconds=SECONDS).value == 1


def test_an_answer_that_does_not_fit_into_memory_does_not_affect_the_next(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = pickle.load

    def out_of_memory(answers: IO[bytes]) -> None:
        answers.read(1000)
        raise MemoryError

    monkeypatch.setattr(pickle, "load", out_of_memory)
    with pytest.raises(MemoryError):
        workers.call("give", 1_000_000, seconds=SECONDS)
    monkeypatch.setattr(pickle, "load", load)
    assert workers.call("add", 1, seconds=SECONDS).value == 1


@pytest.mark.parametrize("wait", [0.5, 0], ids=["at work", "starting"])
def test_a_process_prints_nothing_when_its_parent_is_killed(wait: float) -> None:
    program = (
        "import os, signal, threading, time\n"
        "from colorization.core.workers import Workers\n"
        "workers = Workers('calls', 1)\n"
        f"if {wait}: workers.call('add', 1, seconds=30)\n"
        "threading.Thread(target=workers.call, args=['nap', 1.0], kwargs={'seconds': 30}).start()\n"
        f"time.sleep({wait})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = run(program)  # returns when the worker has closed standard error, too
    assert ended.returncode == -signal.SIGKILL
    assert ended.stderr == ""
