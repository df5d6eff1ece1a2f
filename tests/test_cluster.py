"""A study on a Dask cluster: the same bytes, whatever dies on the way."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import psutil
import pytest
from distributed import Client

from cluster import connect
from colorization.core.errors import ColorizationError
from conftest import ROOT, Project, stages_run

TOOL = (sys.executable, str(ROOT / "tools" / "cluster.py"))
PATIENCE = 600  # seconds


class Cluster:
    """A scheduler and workers, each a process of its own, with a folder of its own."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self._folder = folder
        self._opened = opened
        self._told = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--port", "0", "--dashboard-address", ":0")
        until(self._told.exists)
        self.address: str = json.loads(self._told.read_text())["address"]
        self.workers = [self.join(), self.join()]

    def join(self, threads: int = 1) -> psutil.Process:
        """Start another worker."""
        own = str(self._folder)
        options = ["--nthreads", str(threads), "--no-nanny", "--local-directory", own]
        return self._start("dask_worker", *options)

    def _start(self, command: str, *options: str) -> psutil.Process:
        module = ["-m", f"distributed.cli.{command}", "--scheduler-file", str(self._told)]
        process = subprocess.Popen(
            [sys.executable, *module, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
        )
        self._opened.callback(process.wait)
        self._opened.callback(process.kill)
        return psutil.Process(process.pid)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with ExitStack() as opened:
        yield Cluster(folder, opened)


@pytest.fixture
def shared(project: Project, tmp_path: Path) -> Project:
    """A project with a folder as its remote."""
    remote = str(tmp_path / "remote")
    project.succeed("dvc", "remote", "add", "--quiet", "--default", "shared", remote)
    return project


def until(happened: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.2)


class Started:
    """The command, and what it prints."""

    def __init__(self, project: Project, address: str) -> None:
        self.process = project.start(
            *TOOL, address, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.lines: list[str] = []
        self._queue: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self._queue.put(line.rstrip())

    def until(self, pattern: str) -> str:
        """Wait until it prints a line, and return it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.lines.append(self._queue.get(timeout=1))
            except Empty:
                assert self.process.poll() is None, "\n".join(self.lines)
                continue
            if re.search(pattern, self.lines[-1]):
                return self.lines[-1]
        raise AssertionError("\n".join(self.lines))

    def end(self) -> tuple[int, list[str]]:
        """Wait for its end; give its exit status, and all that it printed."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        while not self._queue.empty():
            self.lines.append(self._queue.get())
        return status, self.lines


@pytest.mark.soak
def test_workers_give_the_same_bytes_though_one_is_killed_and_a_training_fails(
    shared: Project, study: tuple[Project, str, str], cluster: Cluster
) -> None:
    shared.update_params({"encoders": {"vgg16": "none.h5"}})
    begun = Started(shared, cluster.address)
    address = begun.until(r": on tcp://").split(" on ")[1].split()[0]
    port = int(address.rpartition(":")[2])
    (victim,) = (
        worker
        for worker in cluster.workers
        if any(each.laddr.port == port for each in worker.net_connections())
    )
    victim.kill()
    cluster.join()
    status, lines = begun.end()
    assert status == 1
    assert not any("Traceback" in line for line in lines)
    (failed,) = (line for line in lines if line.startswith("vgg16_repeat-1: train"))
    assert failed == (
        "vgg16_repeat-1: train: encoders.vgg16 must be random, imagenet, or the path of a weights "
        "file; found 'none.h5', which does not exist"
    )
    done = {line.split(":")[0] for line in lines if ": done in " in line}
    assert done == {"bn_maxpool_another_photograph-1", "mobilenet_unet-1"}

    shared.update_params({"encoders": {"vgg16": "random"}})
    status, lines = Started(shared, cluster.address).end()
    assert status == 0, "\n".join(lines)
    waiting = [line for line in lines if line.endswith(": waiting")]
    assert waiting == ["vgg16_repeat-1: waiting"]
    at_home = stages_run("\n".join(lines))
    assert not [stage for stage in at_home if stage.startswith(("train", "evaluate"))]
    assert shared.locked_outputs() == study[0].locked_outputs()


@pytest.mark.soak
def test_the_same_command_goes_on_after_ctrl_c_and_when_the_scheduler_is_gone(
    shared: Project, cluster: Cluster, tmp_path: Path
) -> None:
    study = {"with_embedding": ["bn_maxpool", "baseline"], "without_embedding": {}}
    shared.update_params({"study": {**study, "classification": {}, "controls": {}}})
    begun = Started(shared, cluster.address)
    begun.until("baseline-1: on tcp://")
    begun.process.send_signal(signal.SIGINT)
    status, lines = begun.end()
    assert status == 1
    assert lines[-1] == "cluster: interrupted; the same command goes on"
    assert not any("Traceback" in line for line in lines)

    begun = Started(shared, cluster.address)
    begun.until("baseline-1: on tcp://")
    cluster.scheduler.kill()
    status, lines = begun.end()
    assert status == 1
    assert lines[-1] == "cluster: the scheduler is gone; the same command goes on"
    assert not any("Traceback" in line for line in lines)

    (tmp_path / "another").mkdir()
    with ExitStack() as opened:
        another = Cluster(tmp_path / "another", opened)
        status, lines = Started(shared, another.address).end()
    assert status == 0, "\n".join(lines)
    assert "baseline-1: waiting" in lines


def refused(project: Project, cluster: str) -> str:
    done = project.run(*TOOL, cluster)
    assert done.returncode == 1
    return done.stdout.strip().splitlines()[-1]


def test_what_cannot_be_is_told_in_a_line(project: Project, tmp_path: Path) -> None:
    assert refused(project, "local:1") == (
        "cluster: no DVC remote that the workers and this machine share"
    )
    project.succeed("dvc", "remote", "add", "--quiet", "--default", "shared", "/dev/null/nowhere")
    project.update_params({"study": {"seeds": [1, 2]}})
    assert "no scheduler answers" in refused(project, "tcp://127.0.0.1:9")
    told = refused(project, "local:1")
    assert told.startswith("cluster: dvc push: ")
    assert "/dev/null" in told


@pytest.mark.parametrize("wrong", ["local:0", "local:x", "local:1000"])
def test_workers_here_are_as_many_as_cores_at_most(wrong: str) -> None:
    with ExitStack() as opened, pytest.raises(ColorizationError, match="N must be from 1 to "):
        connect(wrong, opened)


def test_a_worker_that_would_train_several_at_a_time_is_refused(
    shared: Project, cluster: Cluster
) -> None:
    cluster.join(threads=2)
    with Client(cluster.address) as client:
        client.wait_for_workers(3, timeout=PATIENCE)
    assert refused(shared, cluster.address).endswith("start it with --nthreads 1")
