"""The command `colorize`: read gray photographs and write them in color.

Slow imports are inside functions, so that worker processes start meanwhile.
"""

import argparse
import io
import math
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

# Read by Pillow on import. When an image is freed, malloc returns blocks of at least 32 MiB to the
# system, but keeps smaller ones for reuse.
os.environ.setdefault("PILLOW_BLOCK_SIZE", "64m")

from colorization.colorizing.accepted import FORMATS, MOST_SATURATION
from colorization.core.errors import ColorizationError
from colorization.core.text import printable
from colorization.core.workers import Workers

if TYPE_CHECKING:
    from colorization.colorizing.hints import Hint
    from colorization.colorizing.jobs import Failure, Kind, Plan

MOST_JOBS = 256
MOST_JOBS_BY_DEFAULT = 8  # all processes together then use less than 2 GiB
MOST_NAMED = 3  # photographs in a message; more are counted
DONE, SOME_FAILED, WRONG_USAGE = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """Build the argument parser."""
    parser = argparse.ArgumentParser(
        prog="colorize",
        description="Colorize gray photographs. Exit status: 0 success, 1 some photographs or "
        "the sheet failed, 2 invalid usage.",
    )
    option = parser.add_argument
    option(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="a photograph, a folder of them, searched with its subfolders, or a glob",
    )
    option("--output", type=_folder, required=True, metavar="DIR", help="folder for the results")
    option("--model", type=Path, metavar="DIR", help="packaged model (default: the released model)")
    option(
        "--vividness",
        type=_between(0, 1),
        help="from 0, the mean of the likely colors, to 1, most vivid (default: the model's)",
    )
    option(
        "--saturation",
        type=_between(0, MOST_SATURATION),
        default=1.0,
        help="factor on the colors (default: %(default)s)",
    )
    option(
        "--hints",
        type=Path,
        metavar="FILE",
        help="colors of places, a CSV file: file, x, y (px), color (#rrggbb or CSS name)",
    )
    option("--side-by-side", action="store_true", help="gray on the left, colorized on the right")
    option(
        "--format",
        choices=sorted({extension[1:] for extension in FORMATS}),
        help="format of the results (default: the input's)",
    )
    option(
        "--skip-color",
        action="store_true",
        help="skip photographs that are in color, not gray or toned",
    )
    existing = parser.add_mutually_exclusive_group().add_argument
    existing("--skip-existing", action="store_true", help="skip photographs whose results exist")
    existing("--overwrite", action="store_true", help="replace existing results")
    option(
        "--jobs",
        type=_between(1, MOST_JOBS, int),
        default=min(MOST_JOBS_BY_DEFAULT, os.cpu_count() or 1),
        help="photographs at a time (default: number of processors, at most 8)",
    )
    option(
        "--sheet",
        type=Path,
        metavar="FILE.html",
        help="write a page of all results, each beside the gray photograph",
    )
    option("--dry-run", action="store_true", help="print what would be written, and exit")
    option("--quiet", action="store_true", help="print failures only")
    option("--version", action=_Version, nargs=0, help="print the version, and exit")
    return parser


class _Version(argparse.Action):
    """Print the version, looked up only on request."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from colorization.colorizing.mark import software  # noqa: PLC0415

        print(software())
        parser.exit()


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    _open_standard_files()
    with redirect_stdout(_SafeStream(sys.stdout)), redirect_stderr(_SafeStream(sys.stderr)):
        options = parser().parse_args(arguments)
        try:
            return _run(options)
        except ColorizationError as error:
            _log(str(error))
            return WRONG_USAGE
        except KeyboardInterrupt:
            _log("interrupted; finished files are complete")
            return SOME_FAILED


def _run(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _plan_and_colorize(options, None)
    with _one_interrupt(), Workers("colorization.colorizing.tasks", options.jobs) as workers:
        return _plan_and_colorize(options, workers)


def _plan_and_colorize(options: argparse.Namespace, workers: Workers | None) -> int:
    from colorization.colorizing.jobs import Kind, plan  # noqa: PLC0415

    if options.sheet is not None:
        from colorization.colorizing.sheet import check  # noqa: PLC0415

        check(options.sheet)
    planned = plan(
        options.inputs,
        options.output,
        ending=f".{options.format}" if options.format else None,
        overwrite=options.overwrite,
        skip_existing=options.skip_existing,
        hints=_read_hints(options.hints) if options.hints else None,
    )
    if planned.ignored and not options.quiet:
        kinds = (f"{kind} ({count})" for kind, count in sorted(planned.ignored.items()))
        _log(f"ignored in folders: {', '.join(kinds)}")
    _log_failures(planned.failures)
    complete = True
    if workers is None:
        counts = _print_plan(planned, options.sheet)
    else:
        counts, complete = _colorize(planned, workers, options)
    if not options.quiet:
        _log(_summary(counts, dry_run=options.dry_run))
    return SOME_FAILED if counts[Kind.FAILED] or not complete else DONE


def _read_hints(path: Path) -> "dict[Path, list[Hint]]":
    from colorization.colorizing.hints import read_hints  # noqa: PLC0415

    try:
        return read_hints(path)
    except ColorizationError as error:
        raise ColorizationError(f"--hints: {error}") from error


def _print_plan(planned: "Plan", sheet: Path | None) -> "Counter[Kind]":
    from colorization.colorizing.jobs import Kind  # noqa: PLC0415

    for job in planned.to_do:
        print(printable(f"{job.label} -> {job.output}"))
    if sheet is not None:
        print(printable(f"contact sheet -> {sheet}"))
    counts = _planned_counts(planned)
    counts[Kind.COLORIZED] = len(planned.to_do)
    return counts


def _colorize(
    planned: "Plan", workers: Workers, options: argparse.Namespace
) -> "tuple[Counter[Kind], bool]":
    """Colorize what is planned.

    Returns
    -------
    Counter of Kind
        How many photographs had which outcome.
    bool
        Whether the contact sheet, if asked for, is written.
    """
    if not planned.to_do and options.sheet is None:
        return _planned_counts(planned), True
    workers.start(len(planned.jobs))
    with _interrupts_end_the_program():
        from colorization.colorizing.bulk import colorize_files  # noqa: PLC0415
        from colorization.colorizing.jobs import Failure, Kind  # noqa: PLC0415
        from colorization.colorizing.predictor import Predictor  # noqa: PLC0415
        from colorization.colorizing.sheet import Sheet  # noqa: PLC0415

    predictor = Predictor.load(options.model)
    if options.vividness is not None and predictor.vividness is None:
        raise ColorizationError("--vividness: this model has no vividness; use --saturation")
    if options.hints and not predictor.takes_hints:
        raise ColorizationError("--hints: this model takes no hints")
    jobs = planned.to_do if options.sheet is None else planned.jobs
    counts, failures, replaced = _planned_counts(planned), list(planned.failures), []
    with nullcontext() if options.sheet is None else Sheet(options.sheet) as sheet:
        for result in colorize_files(
            predictor,
            jobs,
            workers,
            vividness=options.vividness,
            saturation=options.saturation,
            side_by_side=options.side_by_side,
            skip_color=options.skip_color,
            thumbnails=sheet is not None,
            quiet=options.quiet or not jobs,
        ):
            if not result.job.exists:  # otherwise it is counted already
                counts[result.kind] += 1
            if not options.quiet:
                for warning in result.warnings:
                    _log(f"{result.job.label}: {warning}")
            if result.kind is Kind.FAILED:
                failures.append(Failure(result.job.label, result.reason))
                _log_failures(failures[-1:])
            elif result.kind is Kind.COLORIZED and result.in_color:
                replaced.append(result.job.label)
            if sheet is not None:
                sheet.add(result)
        if replaced and not options.quiet:
            _log(_colors_replaced(replaced))
        if sheet is not None:
            try:
                sheet.write(_summary(counts), failures)
            except ColorizationError as error:
                _log(str(error))
                return counts, False
    return counts, True


def _planned_counts(planned: "Plan") -> "Counter[Kind]":
    from colorization.colorizing.jobs import Kind  # noqa: PLC0415

    exist = len(planned.jobs) - len(planned.to_do)
    return Counter({Kind.EXISTS: exist, Kind.FAILED: len(planned.failures)})


def _summary(counts: "Counter[Kind]", *, dry_run: bool = False) -> str:
    """How many photographs had which outcome, such as "12 colorized, 1 failed"."""
    from colorization.colorizing.jobs import Kind  # noqa: PLC0415

    texts = {kind: kind.value for kind in Kind}
    if dry_run:
        texts[Kind.COLORIZED] = "to colorize"
    return ", ".join(f"{counts[kind]:,} {text}" for kind, text in texts.items() if counts[kind])


def _colors_replaced(labels: list[str]) -> str:
    few = len(labels) <= MOST_NAMED
    which = ", ".join(labels) if few else f"{len(labels):,} photographs"
    return f"new colors in place of their own: {which}; --skip-color skips photographs in color"


def _log_failures(failures: "list[Failure]") -> None:
    for failure in failures:
        _log(f"{failure.input}: {failure.reason}")


def _log(message: str) -> None:
    print(f"colorize: {printable(message)}", file=sys.stderr)


@contextmanager
def _one_interrupt() -> Iterator[None]:
    """Interrupt by the first Ctrl-C, and ignore others, which would cut short the orderly end.

    They are ignored until the program has ended.
    """
    if not _is_interruptible():
        yield
        return

    def interrupt(*_: object) -> NoReturn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with suppress(OSError):  # `print` may have been interrupted itself
            os.write(2, b"colorize: finishing what is in progress\n")
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupt:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _interrupts_end_the_program() -> Iterator[None]:
    """Let Ctrl-C end the program at once, while nothing is written.

    A compiled module that is being imported would turn a `KeyboardInterrupt` into an `ImportError`.
    """
    if not _is_interruptible():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_interruptible() -> bool:
    """Whether Ctrl-C interrupts: not in another thread, nor in a job that a script started."""
    main = threading.current_thread() is threading.main_thread()
    return main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


class _SafeStream(io.TextIOBase):
    """A stream that never raises: unencodable text is escaped, and write errors are ignored."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream  # None if the program was started without it

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's encoding, needed by tqdm."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write and flush; after the first failure, discard."""
        if self._stream is not None:
            try:
                encodable = text.encode(self.encoding, "backslashreplace").decode(self.encoding)
                self._stream.write(encodable)
                self._stream.flush()
            except OSError:  # a closed pipe, a full disk
                _redirect_to_null(self._stream.fileno())
                self._stream = None
        return len(text)

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """The stream's file descriptor, from which tqdm gets the terminal's width."""
        return super().fileno() if self._stream is None else self._stream.fileno()


def _open_standard_files() -> None:
    """Open closed standard streams to the null device.

    Otherwise a photograph opened later could get their file descriptor and receive messages.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            _redirect_to_null(descriptor)


def _redirect_to_null(descriptor: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)


def _folder(text: str) -> Path:
    if not text:  # Path("") is the current folder
        raise argparse.ArgumentTypeError("must not be empty")
    path = Path(text)
    # `Path.is_dir` may raise; what is wrong with the path is reported later.
    if path.suffix.lower() in FORMATS and not os.path.isdir(path):  # noqa: PTH112
        raise argparse.ArgumentTypeError(
            f"must be a folder; found {text}; --format chooses the format"
        )
    return path


def _between(least: float, most: float, kind: type = float) -> Callable[[str], float]:
    """Return a parser of numbers of type `kind` from `least` to `most`."""

    def number(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            whole = "a whole number " if kind is int else ""
            raise argparse.ArgumentTypeError(
                f"must be {whole}from {least:g} to {most:g}; found {text}"
            )
        return value

    return number


if __name__ == "__main__":
    sys.exit(main())
