"""Memory that networks took and need no more."""

import ctypes
import gc
import sys


def collect_often() -> None:
    """Let Python look for cycles often, but not among the modules that are imported.

    It counts objects, whatever their size. A conversion to ONNX makes some twenty copies of a
    network, each a cycle of few objects, which would stay for long: 7 GB for VGG16's 60 MB.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(500, 2, 2)


def give_back() -> None:
    """Let go of all networks that no test can use any more.

    Keras' session refers to what was traced, and networks refer to themselves.
    """
    if keras := sys.modules.get("keras"):
        keras.utils.clear_session()
        gc.collect()
        trim()


def trim() -> None:
    """Give freed memory back to the system.

    Conversions to ONNX, above all, leave it in pieces, hundreds of MiB of them, which glibc keeps.
    """
    if malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        malloc_trim(0)
