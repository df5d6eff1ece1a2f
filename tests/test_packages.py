"""A package comes from anywhere: whatever its files hold, one line says what is wrong with it.

The hashes in its manifest match throughout, as those of one who tampers knowingly would.
"""

import io
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pytest
from keras import layers
from keras.src.legacy.saving import legacy_h5_format
from numpy.lib import format as npy

import colorization
from colorization.backbones.pretrained import load_weights
from colorization.backbones.weights import fingerprint_weights
from colorization.colorizing import command, export
from colorization.colorizing.manifest import NAME
from colorization.colorizing.packaging import package as pack
from colorization.colorizing.unpacking import unpack
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.networks.directory import load_model
from packaged import ORIGIN, write_package
from samples import encoded, scene

STANDARDIZED = np.stack([np.zeros(1000), np.ones(1000)]).astype(np.float32)
WEIGHTS = "model.weights.h5"


def small_model(sees_embedding: bool = False, **convolution: Any) -> keras.Model:
    """A convolution of 20 weights, and 2000 more where it sees the embedding."""
    keras.utils.set_random_seed(1)
    L = keras.Input((None, None, 1), name="L")
    options = {"padding": "same", "activation": "tanh"} | convolution
    ab = layers.Conv2D(2, 3, name="ab", **options)(L)
    if not sees_embedding:
        return keras.Model([L], ab)
    embedding = keras.Input((1000,), name="embedding")
    return keras.Model(
        [L, embedding], ab + layers.Dense(2, use_bias=False)(embedding)[:, None, None]
    )


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A package that takes no embedding."""
    return write_package(tmp_path / "alone", small_model(), "vgg16_repeat")


@pytest.fixture
def embedded(tmp_path: Path) -> Path:
    """A package that does."""
    return write_package(tmp_path / "embedded", small_model(True), "baseline", STANDARDIZED)


def change(package: Path, **changes: Any) -> None:
    """Change the manifest."""
    manifest = json.loads((package / NAME).read_text())
    (package / NAME).write_text(json.dumps(manifest | changes))


def reseal(package: Path) -> None:
    """Let the manifest list the files as they are now."""
    files = json.loads((package / NAME).read_text())["files"]
    change(package, files={name: sha256_of(package / name) for name in files})


def refusal(package: Path) -> str:
    with pytest.raises(ColorizationError) as caught:
        unpack(package)
    message = str(caught.value)
    assert message.isprintable()
    return message


@pytest.mark.parametrize("name", ["model.json", WEIGHTS, "embedding.npy"])
def test_what_is_loaded_must_be_listed(embedded: Path, name: str) -> None:
    files = json.loads((embedded / NAME).read_text())["files"]
    change(embedded, files={other: files[other] for other in files if other != name})
    assert refusal(embedded) == (
        f"{embedded}: colorization.json does not list {name}; the package is not whole"
    )


def test_files_that_are_not_listed_are_not_looked_at(alone: Path) -> None:
    os.mkfifo(alone / "embedding.npy")
    (alone / "keras.py").write_text("raise SystemExit")
    assert unpack(alone).embedder is None


def by_command(package: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    (folder / "photo.png").write_bytes(encoded(scene(1)))
    options = ["--model", str(package), "--output", str(folder / "out")]
    assert command.main([str(folder / "photo.png"), *options]) != 0
    return capsys.readouterr().err


def by_export(package: Path, folder: Path, _: pytest.CaptureFixture[str]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["export", str(package), "--output", str(folder / "out")])
        with pytest.raises(SystemExit) as caught:
            export.main()
    return str(caught.value)


def by_load(package: Path, _: Path, __: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(ColorizationError) as caught:
        colorization.load(package)
    return str(caught.value)


def refusal_to_pack(model: Path) -> str:
    out = model.with_name("again")
    out.mkdir()
    with pytest.raises(ColorizationError) as caught:
        pack(model, model, ORIGIN, out)
    assert not list(out.iterdir())
    return str(caught.value)


def by_packaging(package: Path, _: Path, __: pytest.CaptureFixture[str]) -> str:
    return refusal_to_pack(package)


def by_evaluation(package: Path, _: Path, __: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(ColorizationError) as caught:
        load_model(package)  # as the stage does of a model directory
    return str(caught.value)


@pytest.mark.parametrize("way", [by_command, by_export, by_load, by_packaging, by_evaluation])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_on_every_way(
    tmp_path: Path,
    alone: Path,
    capsys: pytest.CaptureFixture[str],
    way: Callable[[Path, Path, pytest.CaptureFixture[str]], str],
    value: float,
) -> None:
    model = small_model()
    model.layers[-1].bias.assign([0, value])
    model.save_weights(alone / WEIGHTS)
    reseal(alone)
    message = way(alone, tmp_path, capsys).strip()
    assert "1 of 20 numbers in model.weights.h5 are not finite" in message
    assert str(alone) in message
    assert "\n" not in message


def saved(write: Callable[[Any], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def with_header(**header: Any) -> bytes:
    plain = {"descr": "<f4", "fortran_order": False, "shape": (2, 1000)}
    return saved(lambda file: npy.write_array_header_1_0(file, plain | header)) + bytes(8000)


def array(values: Any, dtype: Any = np.float32) -> bytes:
    return saved(lambda file: np.save(file, np.asarray(values, dtype), allow_pickle=True))


@pytest.mark.parametrize(
    "content",
    {
        "empty": b"",
        "text": b"0 1\n" * 2000,
        "npz": saved(lambda file: np.savez(file, STANDARDIZED)),
        "cut": array(STANDARDIZED)[:-1],
        "dates": array(np.zeros((2, 1000)), "datetime64[s]"),
        "complex": array(STANDARDIZED, complex),
        "double": array(STANDARDIZED, np.float64),
        "objects": array([[{}] * 1000] * 2, object),
        "7 TiB": with_header(shape=(2, 10**12)),
        "another order": with_header(fortran_order=True),
        "another shape": with_header(shape=(1000, 2)),
        "a header to evaluate": b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 8118,
        "longer": array(STANDARDIZED) + b"!",
    }.items(),
    ids=lambda case: case[0],
)
@pytest.mark.parametrize("by", [refusal, refusal_to_pack])
def test_embeddings_are_standardised_by_a_plain_array_alone(
    embedded: Path, content: tuple[str, bytes], by: Callable[[Path], str]
) -> None:
    path = embedded / "embedding.npy"
    path.write_bytes(content[1])
    reseal(embedded)
    assert by(embedded) == f"{path} is not an array of (2, 1000) float32"


@pytest.mark.parametrize(("row", "value"), [(0, np.nan), (1, np.inf), (1, 0), (1, -1)])
def test_a_deviation_is_a_positive_number(embedded: Path, row: int, value: float) -> None:
    values = STANDARDIZED.copy()
    values[row, 7] = value
    np.save(embedded / "embedding.npy", values)
    reseal(embedded)
    assert refusal(embedded) == f"{embedded / 'embedding.npy'} does not hold means and deviations"


@pytest.mark.parametrize(
    "path",
    ["a" * 300 + ".h5", "~nobody-of-that-name/a.h5", "a\x00.h5", "/proc/kcore", "/dev/zero", "."],
)
def test_weights_of_an_embedding_network_that_cannot_be_looked_for_are_asked_for(
    embedded: Path, path: str
) -> None:
    of = json.loads((embedded / NAME).read_text())["embedding"]
    change(embedded, embedding=of | {"weights": "0" * 64, "path": path})
    with pytest.raises(ColorizationError) as caught:
        unpack(embedded)
    assert str(caught.value) == (
        f"{embedded}: the weights of mobilenet_v2 that it was trained with are not at {path}; "
        "name the file with --embedding-weights"
    )


def test_a_path_of_5000_characters_is_none(embedded: Path) -> None:
    of = json.loads((embedded / NAME).read_text())["embedding"]
    change(embedded, embedding=of | {"path": "a/" * 2500})
    assert refusal(embedded) == (
        f"{embedded / NAME}: embedding.path String should have at most 4096 characters"
    )


@pytest.mark.parametrize("name", [NAME, "model.json", WEIGHTS, "embedding.npy", "README.md"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices_are_not_opened(embedded: Path, name: str, kind: str) -> None:
    (embedded / name).unlink()
    if kind == "pipe":
        os.mkfifo(embedded / name)
    else:
        (embedded / name).symlink_to("/dev/zero")
    wanted = (
        f"{embedded} is not a packaged model: it holds no readable colorization.json; "
        "`dvc repro package` makes one in models/chosen"
        if name == NAME
        else f"{embedded}: {name} is missing; the package is not whole"
    )
    assert refusal(embedded) == wanted


def test_a_manifest_without_end_is_not_read(alone: Path) -> None:
    (alone / NAME).write_text(" " * 2**20 + (alone / NAME).read_text())
    assert refusal(alone) == f"{alone / NAME} is longer than 1048576 bytes"


def rewrite(package: Path, architecture: str) -> None:
    (package / "model.json").write_text(architecture)
    reseal(package)


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
    alone: Path, filters: int
) -> None:
    rewrite(alone, convolutions_of(filters))
    wanted = filters * (9 + 1) + 2 * (9 * filters + 1)
    assert refusal(alone) == (
        f"{alone}: not a model that can be loaded "
        f"(model.json asks for {wanted} weights, model.weights.h5 holds 20)"
    )


def with_two_outputs() -> str:
    model = small_model()
    return keras.Model(model.inputs, [model.output, model.output]).to_json()


NO_LOADER = ": not a model that can be loaded ("
NO_COLOURS = ": the model does not lead from L to ab"


@pytest.mark.parametrize(
    ("architecture", "message"),
    {
        "empty": ("", NO_LOADER),
        "no object": ("[1, 2]", NO_LOADER),
        "a number": ("7", NO_LOADER),
        "nested without end": ("[" * 100_000, NO_LOADER),
        "a million spaces": (" " * (2**23 + 1), NO_LOADER + "model.json is longer than 8388608 "),
        "a layer": (json.dumps(keras.saving.serialize_keras_object(layers.ReLU())), NO_LOADER),
        "escapes": (
            small_model().to_json().replace('"Conv2D"', r'"Conv\u001b[31m2D"'),
            NO_LOADER,
        ),
        "no inputs": (json.dumps({"class_name": "Sequential", "config": {}}), NO_LOADER),
        "two outputs": (with_two_outputs(), NO_COLOURS),
        "half the size": (small_model(strides=2).to_json(), NO_COLOURS),
        "sees text": (
            re.sub(r'("dtype": )"float32"', r'\1"string"', small_model().to_json(), count=1),
            NO_COLOURS,
        ),
    }.values(),
)
def test_an_architecture_that_does_not_colorize_is_refused(
    alone: Path, architecture: str, message: str
) -> None:
    rewrite(alone, architecture)
    assert refusal(alone).startswith(f"{alone}{message}")


def test_sizes_that_do_not_fit_show_before_a_photograph_is_colorized(alone: Path) -> None:
    L = keras.Input((None, None, 1), name="L")
    halved = layers.MaxPooling2D()(L)
    joined = layers.Concatenate()([L, halved])  # fits as far as is known without a size
    model = keras.Model([L], layers.Conv2D(2, 1, name="ab")(joined))
    model.save_weights(alone / WEIGHTS)
    rewrite(alone, model.to_json())
    assert refusal(alone).startswith(f"{alone}: the model cannot be used (")


@pytest.mark.parametrize("size", [300, 10**6])
def test_arrays_between_the_layers_out_of_all_proportion_are_not_made(
    alone: Path, size: int
) -> None:
    L = keras.Input((None, None, 1), name="L")
    inner = keras.Input((None, None, 1))
    nested = keras.Model(inner, layers.MaxPooling2D(size)(layers.UpSampling2D(size)(inner)))
    model = keras.Model([L], layers.Conv2D(2, 3, padding="same", name="ab")(nested(L)))
    model.save_weights(alone / WEIGHTS)
    rewrite(alone, model.to_json())
    assert refusal(alone) == (
        f"{alone}: the model cannot be used (it makes {(32 * size) ** 2} numbers of 32 x 32 pixels)"
    )


def test_finite_weights_whose_colours_are_no_numbers_are_refused(alone: Path) -> None:
    model = small_model(activation="linear")
    model.layers[-1].set_weights([np.full((3, 3, 1, 2), 3e38), np.full(2, 3e38)])
    model.save_weights(alone / WEIGHTS)
    model.layers[-1].activation = keras.activations.exponential
    rewrite(alone, model.to_json())
    assert refusal(alone) == f"{alone}{NO_COLOURS}"


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
    alone: Path, damage: Callable[[h5py.File], object], message: str
) -> None:
    with h5py.File(alone / WEIGHTS, "a") as file:
        assert file[KERNEL].shape == (3, 3, 1, 2)
        damage(file)
    reseal(alone)
    found = refusal(alone)
    assert found.startswith(f"{alone}: not a model that can be loaded ({message}")


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


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        ("a" * 300 + ".h5", "File name too long"),
        ("~nobody-of-that-name/a.h5", "Could not determine home directory."),
    ],
)
def test_pretrained_weights_that_cannot_be_looked_for_are_named(
    tmp_path: Path, weights: str, why: str
) -> None:
    with pytest.raises(ColorizationError) as caught:
        fingerprint_weights(weights, "encoders.vgg16", tmp_path / "memory.json")
    assert str(caught.value) == f"encoders.vgg16: {weights!r} cannot be looked for ({why})"
