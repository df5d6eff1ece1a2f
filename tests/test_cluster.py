"""A study on a Dask cluster gives the same bytes, also after failures."""

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
import yaml
from distributed import Client, LocalCluster

from cluster import EXPERIMENTS, INPUTS, connect, pack
from colorization.core.errors import ColorizationError
from commands import DVC, output_of
from conftest import ROOT, Project, fresh_project, stages_run

TOOL = (sys.executable, str(ROOT / "tools" / "cluster.py"))
TIMEOUT = 600  # seconds


class Cluster:
    """A scheduler and workers in processes of their own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._scheduler_file = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--port", "0", "--dashboard-address", ":0")
        until(self._scheduler_file.exists)
        self.address: str = json.loads(self._scheduler_file.read_text())["address"]
        self.workers = [self.join(), self.join()]

    def join(self) -> psutil.Process:
        """Start another worker."""
        own = str(self._folder)
        options = ["--nthreads", "1", "--no-nanny", "--local-directory", own]
        return self._start("dask_worker", *options)

    def _start(self, command: str, *options: str) -> psutil.Process:
        module = ["-m", f"distributed.cli.{command}", "--scheduler-file", str(self._scheduler_file)]
        process = subprocess.Popen(
            [sys.executable, *module, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return psutil.Process(process.pid)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with ExitStack() as stack:
        yield Cluster(folder, stack)


@pytest.fixture
def shared(project: Project, tmp_path: Path) -> Project:
    """A project with a folder as its remote."""
    remote = str(tmp_path / "remote")
    project.succeed("dvc", "remote", "add", "--quiet", "--default", "shared", remote)
    return project


def until(condition: Callable[[], object], timeout: float = TIMEOUT) -> None:
    """Wait until a condition is met."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.2)


class Started:
    """The running command and its output."""

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
        """Wait for a line of output, and return it."""
        end = time.monotonic() + TIMEOUT
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
        """Wait for the end; return the exit status and all lines of output."""
        status = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        while not self._queue.empty():
            self.lines.append(self._queue.get())
        return status, self.lines


@pytest.mark.soak
def test_results_are_the_same_bytes_after_a_killed_worker_and_a_failed_training(
    shared: Project, study: tuple[Project, str, str], cluster: Cluster
) -> None:
    shared.update_params({"encoders": {"mobilenet_v2": "none.h5"}})
    started = Started(shared, cluster.address)
    address = started.until(r": on tcp://").split(" on ")[1].split()[0]
    port = int(address.rpartition(":")[2])
    (victim,) = (
        worker
        for worker in cluster.workers
        if any(connection.laddr.port == port for connection in worker.net_connections())
    )
    victim.kill()
    cluster.join()
    status, lines = started.end()
    assert status == 1
    assert not any("Traceback" in line for line in lines)
    (failed,) = (line for line in lines if line.startswith("mobilenet_unet-1: train"))
    assert failed == (
        "mobilenet_unet-1: train: encoders.mobilenet_v2 must be random, imagenet, or the path of a "
        "weights file; found 'none.h5', which does not exist"
    )
    done = {line.split(":")[0] for line in lines if ": done in " in line}
    assert done == {"another_photograph-1"}

    shared.update_params({"encoders": {"mobilenet_v2": "random"}})
    status, lines = Started(shared, cluster.address).end()
    assert status == 0, "\n".join(lines)
    waiting = [line for line in lines if line.endswith(": waiting")]
    assert waiting == ["mobilenet_unet-1: waiting"]
    run_here = stages_run("\n".join(lines))
    assert not [stage for stage in run_here if stage.startswith(("train", "evaluate"))]
    assert shared.locked_outputs() == study[0].locked_outputs()


@pytest.mark.soak
def test_the_same_command_continues_after_ctrl_c_and_after_losing_the_scheduler(
    shared: Project, cluster: Cluster, tmp_path: Path
) -> None:
    line = {"embedding": "imagenet", "encoder": "none"}
    networks = ("bn_maxpool", "baseline")
    shared.update_params({"variants": {name: {"network": name, **line} for name in networks}})
    started = Started(shared, cluster.address)
    started.until("baseline-1: on tcp://")
    started.process.send_signal(signal.SIGINT)
    status, lines = started.end()
    assert status == 1
    assert lines[-1] == "cluster: interrupted; repeat the command to continue"
    assert not any("Traceback" in line for line in lines)

    started = Started(shared, cluster.address)
    started.until("baseline-1: on tcp://")
    cluster.scheduler.kill()
    status, lines = started.end()
    assert status == 1
    assert lines[-1] == "cluster: lost the scheduler; repeat the command to continue"
    assert not any("Traceback" in line for line in lines)

    (tmp_path / "another").mkdir()
    with ExitStack() as stack:
        another = Cluster(tmp_path / "another", stack)
        status, lines = Started(shared, another.address).end()
    assert status == 0, "\n".join(lines)
    assert "baseline-1: waiting" in lines


def refused(project: Project, cluster: str) -> str:
    done = project.run(*TOOL, cluster)
    assert done.returncode == 1
    return done.stdout.strip().splitlines()[-1]


def test_without_a_remote_a_study_is_refused_in_one_line(tmp_path: Path) -> None:
    project = fresh_project(tmp_path / "project")
    assert refused(project, "local:1") == "cluster: no DVC remote; the workers need a shared one"


def test_code_that_git_does_not_track_is_not_sent_to_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output_of("git", "init", "--quiet")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "new.py").touch()
    with pytest.raises(ColorizationError) as caught:
        pack()
    assert str(caught.value) == "src/new.py is not tracked; git add it"


def test_a_scheduler_that_does_not_answer_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(address: str, timeout: float) -> Client:
        return Client(address, timeout=0.1)

    monkeypatch.setattr("cluster.Client", impatient)
    with ExitStack() as stack, pytest.raises(ColorizationError, match="connect to a scheduler"):
        connect("tcp://127.0.0.1:9", stack)


@pytest.mark.soak
def test_a_remote_that_cannot_be_written_is_reported_in_one_line(project: Project) -> None:
    project.succeed("dvc", "remote", "add", "--quiet", "--default", "shared", "/dev/null/nowhere")
    project.update_params({"study": {"seeds": [1, 2]}})
    message = refused(project, "local:1")
    assert message.startswith("cluster: dvc push: ")
    assert "/dev/null" in message


def test_the_error_of_a_command_of_dvc_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # no project of DVC
    with pytest.raises(ColorizationError, match=r"^dvc push: .*not inside .* repository"):
        output_of(*DVC, "push")


def test_the_stages_that_run_first_make_all_data_that_trainings_and_evaluations_read() -> None:
    stages = {
        name: stage.get("do", stage)
        for file, prefix in (("dvc.yaml", ""), (EXPERIMENTS, f"{EXPERIMENTS}:"))
        for name, stage in (
            (prefix + name, stage)
            for name, stage in yaml.safe_load((ROOT / file).read_text())["stages"].items()
        )
    }
    made = {
        str(next(iter(out)) if isinstance(out, dict) else out).partition("${")[0]
        for name in INPUTS
        for out in stages[name]["outs"]
    }
    read = {
        dependency.partition("${")[0]
        for name in ("train", "evaluate")
        for dependency in stages[f"{EXPERIMENTS}:{name}"]["deps"]
        if dependency.startswith("data/")
    }
    assert "data/labels.csv" in read
    assert read <= made


@pytest.mark.parametrize("wrong", ["local:0", "local:x", "local:1000"])
def test_there_are_at_most_as_many_local_workers_as_cores(wrong: str) -> None:
    with ExitStack() as stack, pytest.raises(ColorizationError, match="N must be from 1 to "):
        connect(wrong, stack)


def test_a_worker_with_several_threads_is_refused() -> None:
    options = {"processes": False, "dashboard_address": None}
    with LocalCluster(n_workers=1, threads_per_worker=2, **options) as workers:
        refusal = pytest.raises(ColorizationError, match=r"; start it with --nthreads 1$")
        with ExitStack() as stack, refusal:
            connect(workers.scheduler_address, stack)
