"""Calls functions in processes of their own, so that a crash or a hang costs one call alone.

Decoders of images are written in C. A damaged or hostile file may crash one of them, or keep it
busy for ever; in the process of a stage, a command or a server that would end all other work.

`concurrent.futures` and joblib give up all of their work when one of their processes ends.
"""

import faulthandler
import importlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import LifoQueue
from typing import IO, Any, NamedTuple, NoReturn, Self, cast

from colorization.core.errors import ColorizationError

# The parent's sys.path follows: stages and tests put src/ first.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from colorization.core import workers; "
# glibc by itself returns smaller blocks to the system, too, and gets them back for each image: that
# takes a third more time. Other systems do not know these variables.
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 25), "MALLOC_TRIM_THRESHOLD_": str(1 << 26)}
_ALARM = hasattr(signal, "SIGALRM")  # not on Windows
_TIMED_OUT = -signal.SIGALRM if _ALARM else 1  # the status of a process whose time is over
_INTERRUPTED = "was interrupted"


class WorkerError(ColorizationError):
    """A worker crashed, or was stopped since it took too long."""


class Answer(NamedTuple):
    """What a function returned in a worker.

    Attributes
    ----------
    value : any
    warnings : list of str
        The messages of its `UserWarning`s, each once.
    """

    value: Any
    warnings: list[str]


class Workers:
    """Processes that call the functions of a module, one at a time each, for several threads.

    The first starts at once and in the background, the others when they are needed. One that has
    ended is replaced when it is needed again.

    Parameters
    ----------
    module : str
        The module's name. The processes import it as they start; this one need not.
    count : int
        Number of processes, and thus of calls at a time.

    Attributes
    ----------
    count : int
    """

    def __init__(self, module: str, count: int) -> None:
        self.count = count
        self._all = [_Worker(module) for _ in range(count)]
        self._idle: LifoQueue[_Worker] = LifoQueue()
        for worker in reversed(self._all):
            self._idle.put(worker)
        self._all[0].start()
        self._end = weakref.finalize(self, _stop, self._all)

    def start(self, count: int) -> None:
        """Start more processes, up to `count` in all, before they are needed."""
        for worker in self._all[:count]:
            worker.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, even those at work; they also end when nothing refers to them.

        A call that is at work, or made later, raises `WorkerError`.
        """
        self._end()

    def call(self, function: str, *arguments: Any, seconds: float, **options: Any) -> Answer:
        """Call a function in one of the processes, once one is free.

        If a process crashes that has made other calls before, the call is made again in a new
        process: an earlier call may have damaged its memory.

        Parameters
        ----------
        function : str
            The function's name.
        *arguments, **options : any
            Pickled, as the result is.
        seconds : float
            If the call takes longer, the process is ended.

        Returns
        -------
        Answer

        Raises
        ------
        WorkerError
            If the process crashed or took too long, or all were ended.
        Exception
            Whatever the function raises.
        """
        worker = self._idle.get()
        try:
            return worker.call(_Call(function, arguments, options, seconds))
        finally:
            self._idle.put(worker)


class _Call(NamedTuple):
    """A call that is sent to a process."""

    function: str
    arguments: tuple
    options: dict[str, Any]
    seconds: float


class _EndedError(Exception):
    """A process ended during a call; the argument is its exit status."""


class _Worker:
    """One process."""

    def __init__(self, module: str) -> None:
        self._program = f"{_PROGRAM}workers.serve({module!r})"
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._changing = threading.Lock()  # one thread may close what another calls

    def start(self) -> "subprocess.Popen[bytes]":
        """Give the process, which is started if there is none."""
        with self._changing:
            if self._closed:
                raise WorkerError(_INTERRUPTED)
            if self._process is None:
                self._calls = 0
                self._process = subprocess.Popen(  # noqa: S603 (this Python)
                    [sys.executable, "-c", self._program, *sys.path],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=_MEMORY | os.environ,
                    process_group=0,  # Ctrl-C reaches the first process alone, which decides
                )
            return self._process

    def stop(self) -> None:
        with self._changing:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(OSError), process:  # closes its pipes; what was not read is lost
                pass

    def close(self) -> None:
        """End the process for good."""
        with self._changing:
            self._closed = True
        self.stop()

    def call(self, call: _Call) -> Answer:
        for _ in range(2):
            process = self.start()
            innocent = self._calls > 0 or process.poll() is not None
            try:
                return self._attempt(process, call)
            except _EndedError as error:
                (status,) = error.args
                self.stop()
                if status == _TIMED_OUT:
                    raise WorkerError(f"was given up after {call.seconds:.0f} seconds") from None
                if not innocent:
                    break
        raise WorkerError(_why_ended(status))

    def _attempt(self, process: "subprocess.Popen[bytes]", call: _Call) -> Answer:
        calls, answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        self._calls += 1
        try:
            pickle.dump(call, calls)
            calls.flush()
            error, answer = pickle.load(answers)  # noqa: S301 (our own)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):  # the last: cut off
            raise _EndedError(process.wait()) from None
        except BaseException:  # the next call would meet the rest of this one in the pipes
            self.stop()
            if self._closed:  # by another thread, while this one was reading
                raise WorkerError(_INTERRUPTED) from None
            raise
        if error is not None:
            raise error
        return answer


def _stop(workers: "list[_Worker]") -> None:
    for worker in workers:
        worker.close()


def _why_ended(status: int) -> str:
    """Say why a process ended; a status below 0 is that of a signal."""
    name = signal.Signals(-status).name if status < 0 else f"status {status}"
    if name == "SIGKILL":  # which Windows does not have
        return "its decoder was killed, perhaps for lack of memory"
    return f"its decoder crashed ({name})"


def serve(module: str) -> NoReturn:
    """Answer calls from standard input on standard output, until the parent has ended."""
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a function prints is no answer
    if _ALARM:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it may be ignored, as its parent was
    functions = importlib.import_module(module)
    while True:
        try:
            call: _Call = pickle.load(calls)  # noqa: S301 (from our own parent)
        except (EOFError, pickle.UnpicklingError):  # the last: cut off
            os._exit(0)
        with _silence(), _time_limit(call.seconds), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)  # also those that an earlier file gave
            error, value = _outcome(getattr(functions, call.function), call)
        messages = [str(each.message) for each in caught if issubclass(each.category, UserWarning)]
        try:
            pickle.dump((error, Answer(value, list(dict.fromkeys(messages)))), answers)
            answers.flush()
        except BrokenPipeError:
            os._exit(0)


def _outcome(function: Callable, call: _Call) -> tuple[Exception | None, Any]:
    try:
        return None, function(*call.arguments, **call.options)
    except Exception as error:
        error.add_note(f"In a worker:\n{traceback.format_exc()}")
        return error, None


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """End the process after a time, even while a decoder holds Python's lock."""
    if _ALARM:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
        signal.setitimer(signal.ITIMER_REAL, 0)
    else:  # takes a thread, and up to a millisecond
        faulthandler.dump_traceback_later(seconds, exit=True)
        yield
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def _silence() -> Iterator[None]:
    """Discard what libraries write to standard error by themselves, without a file's name."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
