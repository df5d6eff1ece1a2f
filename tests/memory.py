"""Memory that networks took and need no more."""

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def collected_often() -> Iterator[None]:
    """Let Python look for cycles often, but not among what is there already.

    It counts objects, whatever their size. A conversion to ONNX makes some twenty copies of a
    network, each a cycle of few objects, which would stay for long: 7 GB for VGG16's 60 MB.
    """
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.collect()  # which counts what is left: until a quarter of it is new, Python does not look
    gc.set_threshold(500, 2, 2)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
        gc.collect()
        trim()


def give_back() -> None:
    """Let go of all networks that no test can use any more.

    Keras' session refers to what was traced, and networks refer to themselves.
    """
    if keras := sys.modules.get("keras"):
        keras.utils.clear_session()
        gc.collect()
        trim()


def trim() -> None:
    """Give freed memory back to the system; glibc keeps it in pieces, hundreds of MiB of them."""
    if malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        malloc_trim(0)
