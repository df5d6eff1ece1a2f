"""Frees the memory of networks that no test needs any more."""

import ctypes
import gc
import sys

import psutil

GROWTH = 200 * 2**20  # bytes; to free memory takes a second

_before = 0  # bytes, when memory was last freed


def free_networks_if_grown() -> None:
    """Free networks if the process has grown since they were last freed."""
    global _before  # noqa: PLW0603
    process = psutil.Process()
    if process.memory_info().rss > _before + GROWTH:
        free_networks()
        _before = process.memory_info().rss


def free_networks() -> None:
    """Free all networks that no variable refers to.

    Keras' session refers to what was traced, and networks are reference cycles.
    """
    if keras := sys.modules.get("keras"):
        keras.utils.clear_session()
        gc.collect()
        # glibc keeps hundreds of MiB of freed memory in fragments.
        if malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            malloc_trim(0)
