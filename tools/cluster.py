"""Run a study's missing trainings on the workers of a Dask cluster, then write its pages here.

Each task reproduces one training and its evaluation in a clone on a worker. It pulls the inputs
from the DVC remote and pushes the results to the remote's run-cache, from which
`dvc repro --pull --all-pipelines` restores them here.
"""

import argparse
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from distributed import Client, Event, LocalCluster, as_completed, get_worker, wait

from colorization.core.errors import ColorizationError
from colorization.core.settings import Encoders
from commands import DVC, changed_stages, output_of

LOCAL_CONFIG, RUNS = Path(".dvc/config.local"), Path("data/runs/train")
EXPERIMENTS = "experiments/dvc.yaml"
INPUTS = (
    "check",
    "preprocess",
    "colors",
    "labels",
    "trivial",
    "embed",
    f"{EXPERIMENTS}:embed_control",
    f"{EXPERIMENTS}:inputs",
)
STAGES = ("train:", "evaluate:")  # the prefixes of their errors
REF, TOPIC, STOP = "refs/colorization/cluster", "colorization", "colorization-stop"
POLL, GRACE = 1.0, 60.0  # seconds: between checks for an interrupt, and for stopping
INTERRUPTED = "interrupted; repeat the command to continue"


class Checkout(NamedTuple):
    """The content of a worker's clone: a git bundle, and untracked files by their paths."""

    bundle: bytes
    commit: str
    files: dict[str, bytes]


def main(cluster: str) -> int:
    """Return the exit status."""
    logging.disable(logging.ERROR)  # Dask logs tracebacks when it loses the scheduler
    if not output_of(*DVC, "remote", "list"):
        raise ColorizationError("no DVC remote; the workers need a shared one")
    failures: dict[str, str] = {}
    with ExitStack() as stack:
        client = connect(cluster, stack)
        subprocess.run([*DVC, "repro", *INPUTS], check=True)
        if trainings := missing():
            output_of(*DVC, "push", "--run-cache", *INPUTS)
            failures = run_all(client, pack(), trainings)
            output_of(*DVC, "fetch", "--run-cache", *INPUTS)
            done = [stage for name in trainings.keys() - failures for stage in trainings[name]]
            subprocess.run([*DVC, "repro", "--pull", "--single-item", *INPUTS, *done], check=True)
    sys.stderr.writelines(f"{name}: {reason}\n" for name, reason in failures.items())
    return 1 if failures else subprocess.call([*DVC, "repro", "--pull", "--all-pipelines"])


def connect(cluster: str, stack: ExitStack) -> Client:
    """Connect to a scheduler, or start local workers; each runs one training at a time."""
    kind, _, count = cluster.partition(":")
    if kind == "local":
        if sys.platform != "linux":
            raise ColorizationError("local:N needs Linux, to give each worker its own cores")
        cores = sorted(os.sched_getaffinity(0))
        if not count.isdigit() or not 1 <= int(count) <= len(cores):
            raise ColorizationError(f"local:N: N must be from 1 to {len(cores)}; found {count!r}")
        options = {"n_workers": int(count), "threads_per_worker": 1}
        workers = LocalCluster(**options, silence_logs=logging.CRITICAL)
        client = stack.enter_context(Client(stack.enter_context(workers)))
        for worker, share in zip(client.nthreads(), np.array_split(cores, int(count)), strict=True):
            client.run(_pin, share.tolist(), workers=[worker])
    else:
        try:
            client = stack.enter_context(Client(cluster, timeout=30))
        except (OSError, ValueError) as error:
            raise ColorizationError(
                f"{cluster}: cannot connect to a scheduler ({error})"
            ) from error
    if threaded := [worker for worker, threads in client.nthreads().items() if threads != 1]:
        raise ColorizationError(
            f"{threaded[0]} has more than one thread; start it with --nthreads 1"
        )
    print(f"{len(client.nthreads())} workers; dashboard: {client.dashboard_link}", flush=True)
    return client


def _pin(cores: list[int]) -> None:
    """Restrict a worker, with its threads and subprocesses, to some cores."""
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def missing() -> dict[str, list[str]]:
    """Find the stages of trainings that DVC would train or evaluate now, by VARIANT-SEED."""
    changed, trainings = set(changed_stages()), {}
    for train in output_of(*DVC, "stage", "list", "--name-only", EXPERIMENTS).splitlines():
        stages = [train, train.replace(":train", ":evaluate")]
        if ":train" in train and changed & {stage.rpartition(":")[2] for stage in stages}:
            trainings[train.partition("@")[2]] = stages
    return trainings


def pack() -> Checkout:
    """Pack the tracked files with uncommitted changes, and what else trainings need."""
    if untracked := output_of("git", "ls-files", "--others", "--exclude-standard", "src", "stages"):
        raise ColorizationError(f"{untracked.splitlines()[0]} is not tracked; git add it")
    commit = output_of("git", "stash", "create") or output_of("git", "rev-parse", "HEAD")
    output_of("git", "update-ref", REF, commit)
    bundle = subprocess.check_output(["git", "bundle", "create", "--quiet", "-", REF])
    output_of("git", "update-ref", "-d", REF)
    paths = [*map(Path, Encoders.load(Path("params.yaml")).model_dump().values()), LOCAL_CONFIG]
    local = [path for path in paths if path.is_file() and path.parent in (Path(), Path(".dvc"))]
    return Checkout(bundle, commit, {str(path): path.read_bytes() for path in local})


def run_all(client: Client, checkout: Checkout, trainings: dict[str, list[str]]) -> dict[str, str]:
    """Run all trainings on workers; return the reasons of failures by VARIANT-SEED."""
    stop = Event(f"{STOP}-{time.time()}", client=client)
    client.subscribe_topic(TOPIC, lambda event: print(event[1], flush=True))
    scattered = client.scatter(checkout, broadcast=True)
    futures = {}
    for name, stages in trainings.items():
        print(f"{name}: waiting", flush=True)
        futures[client.submit(reproduce, name, stages, scattered, stop.name, pure=False)] = name
    failures = {}
    try:
        for future in as_completed(futures):
            if future.cancelled():
                raise ColorizationError("lost the scheduler; repeat the command to continue")
            name, error = futures[future], future.exception()
            if error is None:
                seconds, run = future.result()
                RUNS.mkdir(parents=True, exist_ok=True)
                if run:  # empty if the training was restored from the run-cache
                    (RUNS / f"{name}.json").write_bytes(run)
                print(f"{name}: done in {seconds / 60:.1f} min", flush=True)
            else:
                failures[name] = " ".join(str(error).split())
                print(f"{name}: failed", flush=True)
    except KeyboardInterrupt:
        stop.set()
        with suppress(TimeoutError):
            wait(list(futures), timeout=GRACE)
        raise
    return failures


def reproduce(name: str, stages: list[str], checkout: Checkout, stop: str) -> tuple[float, bytes]:
    """Train and evaluate in a clone on a worker; return the seconds and the record of the run."""
    worker, started = get_worker(), time.monotonic()
    worker.log_event(TOPIC, f"{name}: on {worker.address} since {time.strftime('%H:%M:%S')}")
    clone = Path(worker.local_directory, checkout.commit)
    if not clone.exists():
        partial, bundle = clone.with_suffix(".partial"), clone.with_suffix(".bundle")
        bundle.write_bytes(checkout.bundle)
        partial.mkdir(exist_ok=True)
        for git in (["init"], ["fetch", str(bundle), REF], ["checkout", checkout.commit]):
            _run(["git", *git, "--quiet"], partial, Event(stop))
        partial.rename(clone)
    for path, content in checkout.files.items():
        (clone / path).write_bytes(content)
    for stage in stages:
        _run(["dvc", "repro", "--single-item", "--pull", stage], clone, Event(stop))
    _run(["dvc", "push", "--run-cache", *stages], clone, Event(stop))
    run = clone / RUNS / f"{name}.json"
    return time.monotonic() - started, run.read_bytes() if run.exists() else b""


def _run(command: list[str], folder: Path, stop: Event) -> None:
    """Run a command of the worker's environment; stop it if the study is interrupted."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        errors="replace",
        start_new_session=True,
    ) as process:
        output = None
        while output is None:
            with suppress(subprocess.TimeoutExpired):
                output, _ = process.communicate(timeout=POLL)
            if stop.is_set():
                os.killpg(process.pid, signal.SIGINT)
                raise InterruptedError(INTERRUPTED)
    if process.returncode:
        lines = output.splitlines() or [f"{command[0]} exited with status {process.returncode}"]
        raise RuntimeError(next((line for line in lines if line.startswith(STAGES)), lines[-1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cluster", help="the address of a scheduler (tcp://HOST:8786), or local:N")
    try:
        sys.exit(main(parser.parse_args().cluster))
    except (ColorizationError, KeyboardInterrupt) as error:
        sys.exit(f"cluster: {str(error) or INTERRUPTED}")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
