"""Calls functions in worker processes, so that a crash or a hang affects one call alone.

Image decoders are written in C. A corrupt or hostile file may crash one of them, or keep it busy
forever; in the process of a stage, a command or a server that would end all other work.

`concurrent.futures` and joblib abort all work when one of their processes dies.
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

# Its arguments are the parent's sys.path: stages and tests put src/ first.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from colorization.core import workers; "
# By default, glibc also returns smaller blocks to the system, only to allocate them again for the
# next image: that takes a third more time. Other systems ignore these variables.
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 25), "MALLOC_TRIM_THRESHOLD_": str(1 << 26)}
_ALARM = hasattr(signal, "SIGALRM")  # not on Windows
_TIMED_OUT = -signal.SIGALRM if _ALARM else 1  # exit status of a process that timed out
_INTERRUPTED = "was interrupted"


class WorkerError(ColorizationError):
    """A worker crashed or timed out."""


class Answer(NamedTuple):
    """The result of a function that was called in a worker.

    Attributes
    ----------
    value : any
        What it returned.
    warnings : list of str
        The messages of its `UserWarning`s, without duplicates.
    """

    value: Any
    warnings: list[str]


class Workers:
    """A pool of processes that call the functions of a module; safe to use from several threads.

    The first process starts immediately, in the background; the others start, and dead ones are
    replaced, when they are needed.

    Parameters
    ----------
    module : str
        The module's name. The processes import it when they start; this one need not.
    count : int
        Number of processes, and so of concurrent calls.

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
        """Start processes before they are needed, up to `count` in all."""
        for worker in self._all[:count]:
            worker.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill all processes, even busy ones; this also happens when the pool is garbage collected.

        Running and later calls raise `WorkerError`.
        """
        self._end()

    def call(self, function: str, *arguments: Any, seconds: float, **options: Any) -> Answer:
        """Call a function in one of the processes; wait until one is free.

        If a process crashes that has run other calls before, the call is repeated in a new process:
        an earlier call may have corrupted its memory.

        Parameters
        ----------
        function : str
            The function's name.
        *arguments, **options : any
            Must be picklable, like the result.
        seconds : float
            The timeout, after which the process is killed.

        Returns
        -------
        Answer

        Raises
        ------
        WorkerError
            If the process crashed or timed out, or the pool was closed.
        Exception
            Any exception of the function.
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
    """A process died during a call; the argument is its exit status."""


class _Worker:
    """One process."""

    def __init__(self, module: str) -> None:
        self._program = f"{_PROGRAM}workers.serve({module!r})"
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()  # one thread may close while another calls

    def start(self) -> "subprocess.Popen[bytes]":
        """Return the process; start it if there is none."""
        with self._lock:
            if self._closed:
                raise WorkerError(_INTERRUPTED)
            if self._process is None:
                self._calls = 0
                self._process = subprocess.Popen(  # noqa: S603 (this Python)
                    [sys.executable, "-c", self._program, *sys.path],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=_MEMORY | os.environ,
                    process_group=0,  # Ctrl-C reaches the parent alone, which decides
                )
            return self._process

    def stop(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(OSError), process:  # closes its pipes and discards unread output
                pass

    def close(self) -> None:
        """End the process permanently."""
        with self._lock:
            self._closed = True
        self.stop()

    def call(self, call: _Call) -> Answer:
        for _ in range(2):
            process = self.start()
            retry = self._calls > 0 or process.poll() is not None
            try:
                return self._attempt(process, call)
            except _EndedError as error:
                (status,) = error.args
                self.stop()
                if status == _TIMED_OUT:
                    raise WorkerError(f"timed out after {call.seconds:.0f} seconds") from None
                if not retry:
                    break
        raise WorkerError(_why_ended(status))

    def _attempt(self, process: "subprocess.Popen[bytes]", call: _Call) -> Answer:
        calls, answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        self._calls += 1
        try:
            pickle.dump(call, calls)
            calls.flush()
            error, answer = pickle.load(answers)  # noqa: S301 (our own)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):  # the last: truncated
            raise _EndedError(process.wait()) from None
        except BaseException:  # the pipes may still hold the rest of this call
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
    """Say why a process died; a negative status is that of a signal."""
    name = signal.Signals(-status).name if status < 0 else f"status {status}"
    if name == "SIGKILL":  # which Windows does not have
        return "its decoder was killed, perhaps for lack of memory"
    return f"its decoder crashed ({name})"


def serve(module: str) -> NoReturn:
    """Receive calls on standard input and send answers on standard output until the parent ends."""
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a function may print
    if _ALARM:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the parent may have ignored it
    functions = importlib.import_module(module)
    while True:
        try:
            call: _Call = pickle.load(calls)  # noqa: S301 (from our own parent)
        except (EOFError, pickle.UnpicklingError):  # the last: truncated
            os._exit(0)
        with _silence(), _time_limit(call.seconds), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)  # also repeated ones
            error, value = _outcome(getattr(functions, call.function), call)
        messages = [str(item.message) for item in caught if issubclass(item.category, UserWarning)]
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
    """Kill the process after a timeout, even while a decoder holds the GIL."""
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
    """Discard what C libraries write to standard error: it does not name the file."""
    stderr, devnull = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    os.close(devnull)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
