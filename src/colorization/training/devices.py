"""Choose the devices of a training: one of the machine's, or all."""

import tensorflow as tf

from colorization.settings.learning import Devices


def strategy(devices: Devices) -> tf.distribute.Strategy:
    """Give the strategy; a model must be built and trained in its scope.

    Parameters
    ----------
    devices : "one" or "all"
        "all" takes all GPUs of this machine, or all logical CPUs where it has no GPU. Each device
        holds a copy of the model and computes its share of every batch.

    Returns
    -------
    tf.distribute.Strategy
    """
    if devices == "one":
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy([device.name for device in _logical_devices()])


def device_names(devices: Devices) -> list[str]:
    """Name the devices that `strategy` takes: a GPU by its model, else "CPU"."""
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    names = gpus or ["CPU"] * len(_logical_devices())
    return names[:1] if devices == "one" else names


def _logical_devices() -> list[tf.config.LogicalDevice]:
    return tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
