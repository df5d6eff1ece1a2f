"""Workers in threads, for tests that observe them."""

import importlib
from typing import Any

from colorization.core.workers import Answer, Workers


class ThreadWorkers(Workers):
    """Call functions in the calling thread."""

    def __init__(self, module: str, count: int) -> None:
        self.count = count
        self._functions = importlib.import_module(module)

    def close(self) -> None:
        pass

    def call(self, function: str, *arguments: Any, seconds: float, **options: Any) -> Answer:
        assert seconds >= 60  # a slow machine is no hang
        return Answer(getattr(self._functions, function)(*arguments, **options), [])
