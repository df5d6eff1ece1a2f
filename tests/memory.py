"""Gives the memory of networks that no test needs any more back to the system."""

import ctypes
import gc
import sys

import psutil

GROWTH = 100 * 2**20  # bytes; to free memory takes a second
M_MMAP_THRESHOLD = -3  # of malloc.h
ALONE = 2**20  # bytes

_before = 0  # bytes, when memory was last freed


def allocate_large_arrays_alone() -> None:
    """Let glibc map each large array for itself, so that freeing it gives the memory back.

    In its heaps freed arrays leave gaps of hundreds of MiB, since glibc raises this threshold to
    the largest array that was ever freed, unless it is set.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(M_MMAP_THRESHOLD, ALONE)


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
