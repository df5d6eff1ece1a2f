"""Finds this machine's GPUs through Keras' backend."""

import re
from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class Gpu:
    """A GPU of this machine.

    Attributes
    ----------
    name : str
        The model, as reported by the driver.
    compute_capability : (int, int)
        NVIDIA's compute capability; (0, 0) for GPUs of other vendors.
    """

    name: str
    compute_capability: tuple[int, int]


def find_gpus() -> list[Gpu]:
    """Find the GPUs that Keras can use; none with a backend other than TensorFlow and JAX."""
    backend = keras.config.backend()
    return {"tensorflow": _tensorflow_gpus, "jax": _jax_gpus}.get(backend, list)()


def _tensorflow_gpus() -> list[Gpu]:
    import tensorflow as tf  # noqa: PLC0415 (not needed with other backends)

    gpus = tf.config.list_physical_devices("GPU")
    return [
        Gpu(details.get("device_name", "GPU"), details.get("compute_capability", (0, 0)))
        for details in map(tf.config.experimental.get_device_details, gpus)
    ]


def _jax_gpus() -> list[Gpu]:
    import jax  # noqa: PLC0415 (not needed with other backends)

    return [
        Gpu(device.device_kind, _capability(getattr(device, "compute_capability", "")))
        for device in jax.local_devices()
        if device.platform == "gpu"
    ]


def _capability(text: str) -> tuple[int, int]:
    """Parse "9.0" as (9, 0), and anything else, such as AMD's "gfx90a", as (0, 0)."""
    match = re.fullmatch(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
