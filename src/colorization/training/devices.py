"""Choose the devices of a training: one of the machine's, or all."""

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
        """Give the scope that a model is built and compiled in."""
        ...


class OneDevice:
    """The strategy of Keras' other backends: everything is computed on one device."""

    num_replicas_in_sync = 1

    def scope(self) -> AbstractContextManager:
        """Give a scope that changes nothing."""
        return nullcontext()


def strategy(devices: Devices) -> Strategy:
    """Give the strategy; a model must be built and trained in its scope.

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
        If all devices are asked of another backend than TensorFlow.
    """
    backend = keras.config.backend()
    if backend != "tensorflow":
        if devices == "all":
            raise ColorizationError(
                f"params.yaml: devices: all needs TensorFlow, and KERAS_BACKEND is {backend}; "
                "set devices to one"
            )
        return OneDevice()
    import tensorflow as tf  # noqa: PLC0415 (with other backends it is not needed)

    if devices == "one":
        return tf.distribute.get_strategy()
    logical = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in logical])


def strategy_of(model: keras.Model) -> Strategy:
    """Give the strategy that a model was built under."""
    return getattr(model, "distribute_strategy", OneDevice())


def device_names(devices: Devices) -> list[str]:
    """Name the devices that `strategy` takes: a GPU by its model, else "CPU"."""
    gpus = [gpu.name for gpu in find_gpus()]
    if devices == "one":
        return gpus[:1] or ["CPU"]
    return gpus or ["CPU"] * strategy(devices).num_replicas_in_sync
