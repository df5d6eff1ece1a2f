"""The command `colorize`: it reads gray photographs and writes them in color.

What is slow to import is imported in functions: meanwhile, a worker process starts.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

# Set before the imports below, since Pillow reads it when it is imported. malloc returns blocks
# from 32 MiB on to the system when an image is freed; it keeps smaller ones for reuse.
os.environ.setdefault("PILLOW_BLOCK_SIZE", "64m")

from colorization.colorizing.accepted import FORMATS, MOST_SATURATION
from colorization.core.errors import ColorizationError
from colorization.core.text import printable
from colorization.core.workers import Workers

if TYPE_CHECKING:
    from colorization.colorizing.jobs import Failure, Job

MOST_AT_A_TIME = 256  # photographs, and threads
MOST_JOBS_BY_DEFAULT = 8  # with which all processes together stay under 2 GiB
DONE, SOME_FAILED, WRONG_USAGE = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    described = argparse.ArgumentParser(
        prog="colorize",
        description="Colorize gray photographs. Exit status: 0 all done, 1 some failed, "
        "2 wrong usage.",
    )
    option = described.add_argument
    option("inputs", nargs="+", metavar="INPUT", help="a photograph, a folder of them, or a glob")
    option("--output", type=_folder, required=True, metavar="DIR", help="folder for the results")
    option("--model", type=Path, metavar="DIR", help="(the released one)")
    option(
        "--vividness", type=_between(0, 1), help="0 to 1, most faithful to most vivid (the model's)"
    )
    option(
        "--saturation",
        type=_between(0, MOST_SATURATION),
        default=1.0,
        help="factor on the colors (%(default)s)",
    )
    option("--side-by-side", action="store_true", help="gray on the left, colorized on the right")
    option("--format", choices=sorted({ending[1:] for ending in FORMATS}), help="(the input's)")
    existing = described.add_mutually_exclusive_group().add_argument
    existing("--skip-existing", action="store_true", help="skip photographs whose results exist")
    existing("--overwrite", action="store_true", help="replace results that exist")
    option(
        "--jobs",
        type=_between(1, MOST_AT_A_TIME, int),
        default=min(MOST_JOBS_BY_DEFAULT, os.cpu_count() or 1),
        help="photographs at a time (one a processor, at most 8)",
    )
    option("--dry-run", action="store_true", help="say what would be done, and do nothing")
    option("--quiet", action="store_true", help="no progress; failures are still named")
    option("--version", action=_Version, nargs=0, help="show program's version number and exit")
    return described


class _Version(argparse.Action):
    """Print the version, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from colorization.colorizing.mark import software  # noqa: PLC0415

        print(software())
        parser.exit()


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    _open_standard_files()
    with redirect_stdout(_Shown(sys.stdout)), redirect_stderr(_Shown(sys.stderr)):
        options = parser().parse_args(arguments)
        try:
            return _run(options)
        except ColorizationError as error:
            _say(str(error))
            return WRONG_USAGE
        except KeyboardInterrupt:
            _say("interrupted; what is done is whole")
            return SOME_FAILED


def _run(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _plan_and_colorize(options, None)
    with Workers("colorization.colorizing.tasks", options.jobs) as workers:
        return _plan_and_colorize(options, workers)


def _plan_and_colorize(options: argparse.Namespace, workers: Workers | None) -> int:
    from colorization.colorizing.jobs import plan  # noqa: PLC0415

    planned = plan(
        options.inputs,
        options.output,
        ending=f".{options.format}" if options.format else None,
        overwrite=options.overwrite,
        skip_existing=options.skip_existing,
    )
    jobs, failures = planned.jobs, planned.failures
    if planned.passed_over and not options.quiet:
        kinds = (f"{kind} ({count})" for kind, count in sorted(planned.passed_over.items()))
        _say(f"passed over in folders: {', '.join(kinds)}")
    if planned.skipped and not options.quiet:
        _say(f"skipped, as their results exist: {planned.skipped}")
    _name(failures)
    if workers is None:
        for job in jobs:
            print(printable(f"{job.label} -> {job.output}"))
    elif jobs:
        workers.start(len(jobs))
        failures += _colorize(jobs, workers, options)
    if failures and not options.quiet:
        done = 0 if options.dry_run else len(jobs) - sum(failure.began for failure in failures)
        _say(f"{done} done, {len(failures)} failed")
    return SOME_FAILED if failures else DONE


def _colorize(jobs: "list[Job]", workers: Workers, options: argparse.Namespace) -> "list[Failure]":
    from colorization.colorizing.bulk import colorize_files  # noqa: PLC0415
    from colorization.colorizing.jobs import Failure  # noqa: PLC0415
    from colorization.colorizing.predictor import Predictor  # noqa: PLC0415

    predictor = Predictor.load(options.model)
    if options.vividness is not None and predictor.vividness is None:
        raise ColorizationError("--vividness: this model has no vividness; use --saturation")
    failures = []
    for outcome in colorize_files(
        predictor,
        jobs,
        workers,
        vividness=options.vividness,
        saturation=options.saturation,
        side_by_side=options.side_by_side,
        quiet=options.quiet,
    ):
        if not options.quiet:
            for warning in outcome.warnings:
                _say(f"{outcome.job.label}: {warning}")
        if outcome.reason:
            failures.append(Failure(outcome.job.label, outcome.reason))
            _name(failures[-1:])
    return failures


def _name(failures: "list[Failure]") -> None:
    for failure in failures:
        _say(f"{failure.input}: {failure.reason}")


def _say(message: str) -> None:
    print(f"colorize: {printable(message)}", file=sys.stderr)


class _Shown(io.TextIOBase):
    """A stream whose faults do not stop the work: text that it cannot take is escaped or lost."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream  # None where the program was started without it

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's encoding, which tqdm asks for."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write at once; after the first failure, write to nowhere."""
        if self._stream is not None:
            try:
                shown = text.encode(self.encoding, "backslashreplace").decode(self.encoding)
                self._stream.write(shown)
                self._stream.flush()
            except OSError:  # a pipe that nobody reads any more, a full disk
                _lead_nowhere(self._stream.fileno())
                self._stream = None
        return len(text)

    def isatty(self) -> bool:
        """Whether a person watches the stream in a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """The stream's file number, by which tqdm finds the terminal's width."""
        return super().fileno() if self._stream is None else self._stream.fileno()


def _open_standard_files() -> None:
    """Open closed standard streams to nowhere.

    Otherwise a photograph opened later could get their number, and messages be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            _lead_nowhere(number)


def _lead_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


def _folder(text: str) -> Path:
    if not text:  # as a path, it would be the current folder
        raise argparse.ArgumentTypeError("must not be empty")
    return Path(text)


def _between(least: float, most: float, kind: type = float) -> Callable[[str], float]:
    """Make a function that reads a number of type `kind` within bounds."""

    def number(text: str) -> float:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be {least:g} to {most:g}; found {text}")
        return value

    return number


if __name__ == "__main__":
    sys.exit(main())
