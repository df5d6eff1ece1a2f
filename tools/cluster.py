"""Train and score what a study lacks on the workers of a Dask cluster, then write its pages here.

    python tools/cluster.py tcp://HOST:8786   # a scheduler, whose workers have --nthreads 1
    python tools/cluster.py local:2           # two workers on this machine, which share its cores

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
from colorization.settings.encoders import Encoders
from publish import changed_stages

LOCAL_CONFIG, RUNS = Path(".dvc/config.local"), Path("data/runs/train")
EXPERIMENTS = "experiments/dvc.yaml"
INPUTS = ("check", "preprocess", "colours", "floors", "embed", f"{EXPERIMENTS}:embed_control")
OF_TRAININGS = ("train", "evaluate")  # how their stages begin
REF, TOPIC, STOP = "refs/colorization/cluster", "colorization", "colorization-stop"
POLL, GRACE = 1.0, 60.0  # seconds between looks at whether to end, and to end
DVC = (sys.executable, "-m", "dvc")
INTERRUPTED = "interrupted; the same command goes on"


class Checkout(NamedTuple):
    """What a worker makes its clone of: git's bundle, and by its path what git does not hold."""

    bundle: bytes
    commit: str
    files: dict[str, bytes]


def main(cluster: str) -> int:
    """Return the exit status."""
    if not said(*DVC, "remote", "list"):
        raise ColorizationError("no DVC remote that the workers and this machine share")
    failures: dict[str, str] = {}
    with ExitStack() as opened:
        client = connect(cluster, opened)
        subprocess.run([*DVC, "repro", *INPUTS], check=True)
        if trainings := missing():
            said(*DVC, "push", "--run-cache", *INPUTS)
            failures = spread(client, pack(), trainings)
            said(*DVC, "fetch", "--run-cache", *INPUTS)
    for name, reason in failures.items():
        print(f"{name}: {reason}", file=sys.stderr)
    everything = [*DVC, "repro", "--pull", "--all-pipelines"]
    return 1 if failures else subprocess.run(everything, check=False).returncode


def connect(cluster: str, opened: ExitStack) -> Client:
    """Connect to a scheduler, or start workers here; each of them does one training at a time."""
    kind, _, count = cluster.partition(":")
    if kind == "local":
        cores = sorted(os.sched_getaffinity(0))
        if not count.isdigit() or not 1 <= int(count) <= len(cores):
            raise ColorizationError(f"local:N: N must be from 1 to {len(cores)}; found {count!r}")
        workers = LocalCluster(int(count), threads_per_worker=1, silence_logs=logging.CRITICAL)
        client = opened.enter_context(Client(opened.enter_context(workers)))
        for worker, share in zip(client.nthreads(), np.array_split(cores, int(count)), strict=True):
            client.run(_pin, share.tolist(), workers=[worker])
    else:
        try:
            client = opened.enter_context(Client(cluster, timeout=30))
        except (OSError, ValueError) as error:
            raise ColorizationError(f"{cluster}: no scheduler answers ({error})") from error
    threads = client.nthreads()
    if several := [worker for worker, each in threads.items() if each != 1]:
        raise ColorizationError(f"{several[0]} does several at a time; start it with --nthreads 1")
    print(f"{len(threads)} workers; dashboard: {client.dashboard_link}", flush=True)
    return client


def _pin(cores: list[int]) -> None:
    """Have a worker, with all its threads and what they start, use these cores alone."""
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def missing() -> dict[str, list[str]]:
    """The stages of every training that DVC would train or score now, by VARIANT-SEED."""
    found: dict[str, list[str]] = {}
    for listed in said(*DVC, "stage", "list", "--name-only", EXPERIMENTS).splitlines():
        stage = listed.rpartition(":")[2]
        if stage.startswith(OF_TRAININGS):
            found.setdefault(stage.partition("@")[2], []).append(stage)
    changed = set(changed_stages())
    return {name: sorted(both, reverse=True) for name, both in found.items() if changed & {*both}}


def pack() -> Checkout:
    """Pack the files that git knows, as they are here, and what else trainings need."""
    if unknown := said("git", "ls-files", "--others", "--exclude-standard", "src", "stages"):
        raise ColorizationError(f"git does not know {unknown.splitlines()[0]}; git add it")
    commit = said("git", "stash", "create") or said("git", "rev-parse", "HEAD")
    said("git", "update-ref", REF, commit)
    packed = ["git", "bundle", "create", "--quiet", "-", REF]
    bundle = subprocess.run(packed, check=True, capture_output=True).stdout
    said("git", "update-ref", "-d", REF)
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
            if future.cancelled():
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
        said("git", "init", "--quiet", str(partial))
        said("git", "-C", str(partial), "fetch", "--quiet", str(bundle), REF)
        said("git", "-C", str(partial), "checkout", "--quiet", checkout.commit)
        partial.rename(clone)
    for path, content in checkout.files.items():
        (clone / path).write_bytes(content)
    targets = [f"{EXPERIMENTS}:{stage}" for stage in both]
    for target in targets:
        _watched(["repro", "--single-item", "--pull", target], clone, Event(stop))
    _watched(["push", "--run-cache", *targets], clone, Event(stop))
    ran = clone / RUNS / f"{name}.json"
    return time.monotonic() - started, ran.read_bytes() if ran.exists() else b""


def _watched(arguments: list[str], folder: Path, stop: Event) -> None:
    """Run DVC on a worker; end it where the study is interrupted."""
    command = [sys.executable, "-m", "dvc", *arguments]  # the worker's own Python
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    log, environment = folder.with_suffix(".log"), os.environ | {"PATH": path}
    with (
        log.open("w") as out,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
        ) as process,
    ):
        try:
            while process.poll() is None:
                time.sleep(POLL)
                if stop.is_set():
                    raise InterruptedError(INTERRUPTED)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
    if process.returncode:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
        own = [line for line in lines if line.split(":")[0] in OF_TRAININGS]
        errors = [line for line in lines if line.startswith("ERROR")]
        raise RuntimeError([f"it ended with {process.returncode}", *errors[-1:], *own[-1:]][-1])


def said(*command: str) -> str:
    """Run a command for what it says."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        shown = (ran.stderr.strip() or ran.stdout.strip() or "failed").splitlines()
        raise ColorizationError(f"{' '.join(command[-2:])}: {shown[-1]}")
    return ran.stdout.strip()


if __name__ == "__main__":
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("cluster", help="the address of a scheduler, or local:N")
    try:
        sys.exit(main(parser.parse_args().cluster))
    except (ColorizationError, KeyboardInterrupt) as error:
        sys.exit(f"cluster: {str(error) or INTERRUPTED}")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
