"""The command `colorize`: photographs in, photographs in colour out."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

# Pillow reads this when it is imported, so before what imports Pillow. So large, a block is given
# back to the system when an image is done with, not kept for reuse: malloc does so from 32 MiB on.
os.environ.setdefault("PILLOW_BLOCK_SIZE", "64m")

from colorization.colorizing.jobs import Failure, Job, plan
from colorization.colorizing.originals import FORMATS
from colorization.core.errors import ColorizationError

DEFAULT_MODEL = Path("models/chosen")
DONE, SOME_FAILED, WRONG_USAGE = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    described = argparse.ArgumentParser(
        prog="colorize",
        description="Colorize grey photographs. Exit status: 0 all done, 1 some failed, "
        "2 wrong usage.",
    )
    option = described.add_argument
    option("inputs", nargs="+", metavar="INPUT", help="a photograph, a folder of them, or a glob")
    option("--output", type=Path, required=True, metavar="DIR", help="folder for the results")
    option("--model", type=Path, default=DEFAULT_MODEL, help="packaged model (%(default)s)")
    option(
        "--embedding-weights", type=Path, metavar="FILE", help="weights of its embedding network"
    )
    option("--saturation", type=_positive, default=1.0, help="factor on the colours (%(default)s)")
    option("--side-by-side", action="store_true", help="grey on the left, colorized on the right")
    option("--format", choices=sorted({ending[1:] for ending in FORMATS}), help="(the input's)")
    option("--overwrite", action="store_true", help="replace results that are already there")
    option("--batch-size", type=_count, default=16, help="images at a time (%(default)s)")
    option("--jobs", type=_count, default=os.cpu_count(), help="readers and writers (%(default)s)")
    option("--dry-run", action="store_true", help="say what would be done, and do nothing")
    option("--quiet", action="store_true", help="no progress; failures are still named")
    option("--version", action="version", version=f"colorize {metadata.version('colorization')}")
    return described


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except ColorizationError as error:
        print(f"colorize: {error}", file=sys.stderr)
        return WRONG_USAGE
    except KeyboardInterrupt:
        print("colorize: interrupted; what is done is whole", file=sys.stderr)
        return SOME_FAILED


def _run(options: argparse.Namespace) -> int:
    jobs, failures = plan(
        options.inputs,
        options.output,
        ending=f".{options.format}" if options.format else None,
        overwrite=options.overwrite,
    )
    _name(failures)
    if options.dry_run:
        for job in jobs:
            print(f"{job.input} -> {job.output}")
    elif jobs:
        failures += _colorize(jobs, options)
    if failures and not options.quiet:
        done = 0 if options.dry_run else len(jobs) - sum(failure.began for failure in failures)
        print(f"colorize: {done} done, {len(failures)} failed", file=sys.stderr)
    return SOME_FAILED if failures else DONE


def _colorize(jobs: list[Job], options: argparse.Namespace) -> list[Failure]:
    with _without_greetings():
        from colorization.colorizing.bulk import colorize_files  # noqa: PLC0415 (TensorFlow takes seconds)
        from colorization.colorizing.colorizer import load  # noqa: PLC0415

    colorizer = load(options.model, options.embedding_weights)
    failures = []
    for failure in colorize_files(
        colorizer,
        jobs,
        saturation=options.saturation,
        side_by_side=options.side_by_side,
        batch_size=options.batch_size,
        threads=options.jobs,
        quiet=options.quiet,
    ):
        _name([failure])
        failures.append(failure)
    return failures


@contextmanager
def _without_greetings() -> Iterator[None]:
    """Keep off the terminal what TensorFlow says of itself as it is loaded, at any log level."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _name(failures: list[Failure]) -> None:
    for failure in failures:
        print(f"colorize: {failure.input}: {failure.reason}", file=sys.stderr, flush=True)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; found {value}")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be 0 or more; found {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
