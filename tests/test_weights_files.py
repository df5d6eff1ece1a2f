"""Weights and architectures: whatever files hold, one line says what is wrong with them."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pytest
from keras import layers
from keras.src.legacy.saving import legacy_h5_format

from colorization.backbones.pretrained import load_weights
from colorization.backbones.weights import fingerprint_weights
from colorization.core.errors import ColorizationError
from colorization.networks.saving import load_model, save_architecture

WEIGHTS = "model.weights.h5"
NO_LOADER = ": not a model that can be loaded ("


def small_model() -> keras.Model:
    """A convolution of 20 weights."""
    keras.utils.set_random_seed(1)
    L = keras.Input((None, None, 1), name="L")
    return keras.Model([L], layers.Conv2D(2, 3, padding="same", name="ab")(L))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """What is loaded of a model directory."""
    folder = tmp_path / "model"
    folder.mkdir()
    model = small_model()
    save_architecture(model, folder)
    model.save_weights(folder / WEIGHTS)
    return folder


def refusal(directory: Path) -> str:
    with pytest.raises(ColorizationError) as caught:
        load_model(directory)
    message = str(caught.value)
    assert message.isprintable()
    return message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(directory: Path, value: float) -> None:
    model = small_model()
    model.layers[-1].bias.assign([0, value])
    model.save_weights(directory / WEIGHTS)
    assert refusal(directory) == (
        f"{directory}{NO_LOADER}1 of 20 numbers in model.weights.h5 are not finite)"
    )


@pytest.mark.parametrize("name", ["model.json", WEIGHTS])
def test_pipes_are_not_opened(directory: Path, name: str) -> None:
    (directory / name).unlink()
    os.mkfifo(directory / name)
    assert refusal(directory) == f"{directory}{NO_LOADER}{name} is not a file)"


def of_layers(*between: layers.Layer) -> str:
    """The architecture of a chain of layers from L to ab."""
    x = L = keras.Input((None, None, 1), name="L")
    for layer in between:
        x = layer(x)
    return keras.Model([L], layers.Conv2D(2, 3, padding="same", name="ab")(x)).to_json()


def convolutions_of(filters: int) -> str:
    small = of_layers(layers.Conv2D(77, 3))
    return re.sub(
        r'("filters": 77|\b77\b)', lambda found: found[0].replace("77", str(filters)), small
    )


@pytest.mark.parametrize("filters", [2, 2**31, 2**60])
def test_an_architecture_may_not_ask_for_more_weights_than_there_are(
    directory: Path, filters: int
) -> None:
    (directory / "model.json").write_text(convolutions_of(filters))
    wanted = filters * (9 + 1) + 2 * (9 * filters + 1)
    assert refusal(directory) == (
        f"{directory}{NO_LOADER}model.json requires {wanted} weights, model.weights.h5 contains 20)"
    )


@pytest.mark.parametrize(
    "architecture",
    {
        "empty": "",
        "no object": "[1, 2]",
        "a number": "7",
        "nested without end": "[" * 100_000,
        "a million spaces": " " * (2**23 + 1),
        "a layer": json.dumps(keras.saving.serialize_keras_object(layers.ReLU())),
        "escapes": small_model().to_json().replace('"Conv2D"', r'"Conv\u001b[31m2D"'),
        "no inputs": json.dumps({"class_name": "Sequential", "config": {}}),
    }.values(),
)
def test_an_architecture_that_is_none_is_refused(directory: Path, architecture: str) -> None:
    (directory / "model.json").write_text(architecture)
    assert refusal(directory).startswith(f"{directory}{NO_LOADER}")


def test_code_in_an_architecture_is_not_run(directory: Path, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    name = str(mark)
    L = keras.Input((None, None, 1), name="L")
    evil = layers.Lambda(lambda x: (os.system(f"touch {name}"), x)[1])  # noqa: S605
    architecture = keras.Model(L, evil(L)).to_json()
    mark.unlink(missing_ok=True)
    (directory / "model.json").write_text(architecture)
    assert refusal(directory).startswith(f"{directory}{NO_LOADER}")
    assert not mark.exists()


KERNEL = "layers/conv2d/vars/0"


def relink(file: h5py.File, link: object) -> None:
    del file[KERNEL]
    file[KERNEL] = link


def make_virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3, 3, 1, 2), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "data", (3, 3, 1, 2))
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def replace(file: h5py.File, *given: Any, **options: Any) -> None:
    del file[KERNEL]
    file.create_dataset(KERNEL, *given, **options)


HDF5 = {
    "an external link": (
        lambda file: relink(file, h5py.ExternalLink("/etc/passwd", "/a")),
        "0 is a link to elsewhere",
    ),
    "a soft link": (
        lambda file: relink(file, h5py.SoftLink("/layers")),
        "0 is a link to elsewhere",
    ),
    "two names": (
        lambda file: relink(file, file["layers/conv2d/vars/1"]),
        f"/{KERNEL} has another name too",
    ),
    "a ring": (
        lambda file: file["layers"].__setitem__("ring", file["/"]),
        "/layers/ring has another name too",
    ),
    "a virtual dataset": (make_virtual, f"/{KERNEL} lies in another file"),
    "an external dataset": (
        lambda file: replace(file, (18,), "f4", external=[("/etc/passwd", 0, 72)]),
        f"/{KERNEL} lies in another file",
    ),
    "7 TiB": (
        lambda file: replace(file, (10**6, 1925, 1000), "f4", chunks=(1, 1, 1000)),
        "model.weights.h5 declares 77000000",
    ),
    "references": (
        lambda file: replace(file, (18,), h5py.ref_dtype),
        f"/{KERNEL} does not hold numbers",
    ),
    "texts": (
        lambda file: replace(file, data=["a"] * 18),
        f"/{KERNEL} does not hold numbers",
    ),
    "nothing": (
        lambda file: replace(file, data=h5py.Empty("f4")),
        f"/{KERNEL} does not hold numbers",
    ),
    "a type": (
        lambda file: file.__setitem__("layers/type", np.dtype("f8")),
        "/layers/type does not hold numbers",
    ),
    "a list": (
        lambda file: file.attrs.create("weight_names", ["a/b"] * 99),
        "/ lists more than there is",
    ),
    "a list of a dataset's": (
        lambda file: file[KERNEL].attrs.create("dtype", ["bfloat16"] * 99),
        f"/{KERNEL} lists more than there is",
    ),
}


@pytest.mark.parametrize(("damage", "message"), HDF5.values(), ids=HDF5)
def test_weights_that_are_no_plain_numbers_of_this_file_are_not_read(
    directory: Path, damage: Callable[[h5py.File], object], message: str
) -> None:
    with h5py.File(directory / WEIGHTS, "a") as file:
        assert file[KERNEL].shape == (3, 3, 1, 2)
        damage(file)
    assert refusal(directory).startswith(f"{directory}{NO_LOADER}{message}")


@pytest.mark.parametrize(("damage", "message"), HDF5.values(), ids=HDF5)
@pytest.mark.parametrize("name", ["a.weights.h5", "a.h5"])
def test_nor_are_those_of_a_pretrained_network(
    tmp_path: Path, damage: Callable[[h5py.File], object], message: str, name: str
) -> None:
    model, path = small_model(), tmp_path / "model.weights.h5"
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        damage(file)
    path = path.rename(tmp_path / name)
    with pytest.raises(ColorizationError) as caught:
        load_weights(model, path, "encoders.vgg16", "vgg16 without top")
    wanted = message.replace("model.weights.h5", name)
    assert str(caught.value).startswith(
        f"encoders.vgg16: {path} does not hold weights of vgg16 without top ({wanted}"
    )


def test_a_list_of_weights_names_each_once(tmp_path: Path) -> None:
    model, path = small_model(), tmp_path / "published.h5"
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    load_weights(model, path, "encoders.vgg16", "vgg16")
    with h5py.File(path, "a") as file:
        file["ab"].attrs["weight_names"] = ["ab/kernel", "ab/./kernel"]
    with pytest.raises(ColorizationError) as caught:
        load_weights(model, path, "encoders.vgg16", "vgg16")
    assert str(caught.value) == (
        f"encoders.vgg16: {path} does not hold weights of vgg16 (/ab lists something twice)"
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("pipe.h5", "which is no file"),
        (".", "which is no file"),
        ("none.h5", "which does not exist"),
        ("~nobody-of-that-name/a.h5", "which does not exist"),
    ],
)
def test_what_is_no_file_holds_no_pretrained_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.h5")
    with pytest.raises(ColorizationError) as caught:
        fingerprint_weights(name, "embed.weights", tmp_path / "memory.json")
    assert str(caught.value) == (
        "embed.weights must be random, imagenet, or the path of a weights file; "
        f"found {name!r}, {what}"
    )


def test_pretrained_weights_that_cannot_be_looked_for_are_named(tmp_path: Path) -> None:
    weights = "a" * 300 + ".h5"
    with pytest.raises(ColorizationError) as caught:
        fingerprint_weights(weights, "encoders.vgg16", tmp_path / "memory.json")
    assert str(caught.value) == (
        f"encoders.vgg16: {weights!r} cannot be looked for (File name too long)"
    )
