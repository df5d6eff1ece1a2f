"""Chooses the devices of a training: one of the machine's, or all."""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

import keras

from colorization.backbones.gpus import find_gpus
from colorization.core.errors import ColorizationError

Devices = Literal["one", "all"]  # as `train.devices`


class Strategy(Protocol):
    """What trainings need of TensorFlow's `tf.distribute.Strategy`."""

    num_replicas_in_sync: int

    def scope(self) -> AbstractContextManager:
        """Return the scope in which to build and compile a model."""
        ...


class OneDevice:
    """The strategy of Keras' other backends: one device."""

    num_replicas_in_sync = 1

    def scope(self) -> AbstractContextManager:
        """Return a scope that changes nothing."""
        return nullcontext()


def strategy(devices: Devices) -> Strategy:
    """Return the strategy; a model must be built and compiled in its scope.

    Parameters
    ----------
    devices : "one" or "all"
        "all" takes all GPUs of this machine, or all logical CPUs where it has no GPU. Each device
        holds a copy of the model and computes its share of every batch.

    Returns
    -------
    Strategy

    Raises
    ------
    ColorizationError
        If all devices are requested of another backend than TensorFlow.
    """
    backend = keras.config.backend()
    if backend != "tensorflow":
        if devices == "all":
            raise ColorizationError(
                "params.yaml: train.devices: all requires TensorFlow, but KERAS_BACKEND is "
                f"{backend}; set it to one"
            )
        return OneDevice()
    import tensorflow as tf  # noqa: PLC0415 (other backends do not need it)

    if devices == "one":
        return tf.distribute.get_strategy()
    logical = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in logical])


def strategy_of(model: keras.Model) -> Strategy:
    """Return the strategy under which a model was built."""
    return getattr(model, "distribute_strategy", OneDevice())


def device_names(devices: Devices) -> list[str]:
    """List the devices that `strategy` uses: GPUs by their model, else "CPU"."""
    gpus = [gpu.name for gpu in find_gpus()]
    if devices == "one":
        return gpus[:1] or ["CPU"]
    return gpus or ["CPU"] * strategy(devices).num_replicas_in_sync
