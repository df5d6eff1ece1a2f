"""Finds this machine's GPUs, through the backend that Keras computes with."""

import re
from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class Gpu:
    """A GPU of this machine.

    Attributes
    ----------
    name : str
        Its model, as its driver calls it.
    compute_capability : (int, int)
        The generation of NVIDIA's GPUs; (0, 0) for those of others.
    """

    name: str
    compute_capability: tuple[int, int]


def find_gpus() -> list[Gpu]:
    """Find the GPUs that Keras can compute on; none where its backend is neither of ours."""
    backend = keras.config.backend()
    return {"tensorflow": _of_tensorflow, "jax": _of_jax}.get(backend, list)()


def _of_tensorflow() -> list[Gpu]:
    import tensorflow as tf  # noqa: PLC0415 (with other backends it is not needed)

    details = [
        tf.config.experimental.get_device_details(gpu)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    return [
        Gpu(known.get("device_name", "GPU"), known.get("compute_capability", (0, 0)))
        for known in details
    ]


def _of_jax() -> list[Gpu]:
    import jax  # noqa: PLC0415 (with other backends it is not needed)

    return [
        Gpu(device.device_kind, _capability(getattr(device, "compute_capability", "")))
        for device in jax.local_devices()
        if device.platform == "gpu"
    ]


def _capability(text: str) -> tuple[int, int]:
    """Read "9.0" as (9, 0), and anything else, such as AMD's "gfx90a", as (0, 0)."""
    found = re.fullmatch(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
