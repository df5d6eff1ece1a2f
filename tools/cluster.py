"""Train and score what a study lacks on the workers of a Dask cluster, then write its pages here.

DVC says what is missing, Dask who does it. Each task reproduces one training and its evaluation in
a clone on its worker, takes inputs from the DVC remote, and gives what came of it back to the
remote's run-cache: `dvc repro --pull --all-pipelines` here then finds everything computed.
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
    "trivial",
    "embed",
    f"{EXPERIMENTS}:embed_control",
    f"{EXPERIMENTS}:inputs",
)
STAGES = ("train:", "evaluate:")  # how their own errors begin
REF, TOPIC, STOP = "refs/colorization/cluster", "colorization", "colorization-stop"
POLL, GRACE = 1.0, 60.0  # seconds between looks at whether to end, and to end
INTERRUPTED = "interrupted; the same command goes on"


class Checkout(NamedTuple):
    """What a worker makes its clone of: git's bundle, and by its path what git does not hold."""

    bundle: bytes
    commit: str
    files: dict[str, bytes]


def main(cluster: str) -> int:
    """Return the exit status."""
    logging.disable(logging.ERROR)  # Dask tells the loss of a scheduler by tracebacks
    if not output_of(*DVC, "remote", "list"):
        raise ColorizationError("no DVC remote that the workers and this machine share")
    failures: dict[str, str] = {}
    with ExitStack() as opened:
        client = connect(cluster, opened)
        subprocess.run([*DVC, "repro", *INPUTS], check=True)
        if trainings := missing():
            output_of(*DVC, "push", "--run-cache", *INPUTS)
            failures = spread(client, pack(), trainings)
            output_of(*DVC, "fetch", "--run-cache", *INPUTS)
            done = [stage for name in trainings.keys() - failures for stage in trainings[name]]
            subprocess.run([*DVC, "repro", "--pull", "--single-item", *INPUTS, *done], check=True)
    sys.stderr.writelines(f"{name}: {reason}\n" for name, reason in failures.items())
    return 1 if failures else subprocess.call([*DVC, "repro", "--pull", "--all-pipelines"])


def connect(cluster: str, opened: ExitStack) -> Client:
    """Connect to a scheduler, or start workers here; each of them does one training at a time."""
    kind, _, count = cluster.partition(":")
    if kind == "local":
        cores = sorted(os.sched_getaffinity(0))
        if not count.isdigit() or not 1 <= int(count) <= len(cores):
            raise ColorizationError(f"local:N: N must be from 1 to {len(cores)}; found {count!r}")
        options = {"n_workers": int(count), "threads_per_worker": 1}
        workers = LocalCluster(**options, silence_logs=logging.CRITICAL)
        client = opened.enter_context(Client(opened.enter_context(workers)))
        for worker, share in zip(client.nthreads(), np.array_split(cores, int(count)), strict=True):
            client.run(_pin, share.tolist(), workers=[worker])
    else:
        try:
            client = opened.enter_context(Client(cluster, timeout=30))
        except (OSError, ValueError) as error:
            raise ColorizationError(f"{cluster}: no scheduler answers ({error})") from error
    if several := [worker for worker, each in client.nthreads().items() if each != 1]:
        raise ColorizationError(f"{several[0]} does several at a time; start it with --nthreads 1")
    print(f"{len(client.nthreads())} workers; dashboard: {client.dashboard_link}", flush=True)
    return client


def _pin(cores: list[int]) -> None:
    """Have a worker, with all its threads and what they start, use these cores alone."""
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def missing() -> dict[str, list[str]]:
    """The stages of every training that DVC would train or score now, by VARIANT-SEED."""
    changed, found = set(changed_stages()), {}
    for train in output_of(*DVC, "stage", "list", "--name-only", EXPERIMENTS).splitlines():
        both = [train, train.replace(":train", ":evaluate")]
        if ":train" in train and changed & {stage.rpartition(":")[2] for stage in both}:
            found[train.partition("@")[2]] = both
    return found


def pack() -> Checkout:
    """Pack the files that git knows, as they are here, and what else trainings need."""
    if unknown := output_of("git", "ls-files", "--others", "--exclude-standard", "src", "stages"):
        raise ColorizationError(f"git does not know {unknown.splitlines()[0]}; git add it")
    commit = output_of("git", "stash", "create") or output_of("git", "rev-parse", "HEAD")
    output_of("git", "update-ref", REF, commit)
    bundle = subprocess.check_output(["git", "bundle", "create", "--quiet", "-", REF])
    output_of("git", "update-ref", "-d", REF)
    paths = [*map(Path, Encoders.load(Path("params.yaml")).model_dump().values()), LOCAL_CONFIG]
    local = [path for path in paths if path.is_file() and path.parent in (Path(), Path(".dvc"))]
    return Checkout(bundle, commit, {str(path): path.read_bytes() for path in local})


def spread(client: Client, checkout: Checkout, trainings: dict[str, list[str]]) -> dict[str, str]:
    """Have workers do every training; return why those failed that did, by VARIANT-SEED."""
    stop = Event(f"{STOP}-{time.time()}", client=client)
    client.subscribe_topic(TOPIC, lambda event: print(event[1], flush=True))
    sent = client.scatter(checkout, broadcast=True)
    futures = {}
    for name, both in trainings.items():
        print(f"{name}: waiting", flush=True)
        futures[client.submit(reproduce, name, both, sent, stop.name, pure=False)] = name
    failures = {}
    try:
        for future in as_completed(futures):
            if future.canceled():
                raise ColorizationError("the scheduler is gone; the same command goes on")
            name, error = futures[future], future.exception()
            if error is None:
                seconds, ran = future.result()
                RUNS.mkdir(parents=True, exist_ok=True)
                if ran:  # it ran there, and was not found in the run-cache
                    (RUNS / f"{name}.json").write_bytes(ran)
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


def reproduce(name: str, both: list[str], checkout: Checkout, stop: str) -> tuple[float, bytes]:
    """Train and score on a worker, in a clone; return the seconds and the record of the run."""
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
    for stage in both:
        _run(["dvc", "repro", "--single-item", "--pull", stage], clone, Event(stop))
    _run(["dvc", "push", "--run-cache", *both], clone, Event(stop))
    ran = clone / RUNS / f"{name}.json"
    return time.monotonic() - started, ran.read_bytes() if ran.exists() else b""


def _run(command: list[str], folder: Path, stop: Event) -> None:
    """Run a command with what the worker's own Python has; end it if the study is interrupted."""
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
        printed = None
        while printed is None:
            with suppress(subprocess.TimeoutExpired):
                printed, _ = process.communicate(timeout=POLL)
            if stop.is_set():
                os.killpg(process.pid, signal.SIGINT)
                raise InterruptedError(INTERRUPTED)
    if process.returncode:
        lines = printed.splitlines() or [f"{command[0]} ended with {process.returncode}"]
        raise RuntimeError(next((line for line in lines if line.startswith(STAGES)), lines[-1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cluster", help="a scheduler's address (tcp://HOST:8786), or local:N")
    try:
        sys.exit(main(parser.parse_args().cluster))
    except (ColorizationError, KeyboardInterrupt) as error:
        sys.exit(f"cluster: {str(error) or INTERRUPTED}")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
