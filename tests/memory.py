"""Frees the memory of networks that no test needs any more."""

import ctypes
import gc
import sys


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
