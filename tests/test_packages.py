"""A package comes from anywhere: whatever its files hold, one line says what is wrong with it.

The hashes in its manifest match throughout, as those of one who tampers knowingly would.
"""

import io
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers
from numpy.lib import format as npy
from onnx import TensorProto, helper, numpy_helper

import colorization
from colorization.colorizing import command, onnx_network
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.packaging.manifest import NAME
from packaged import untrained, with_vividness, write_package
from samples import encoded, scene

STANDARDIZED = np.stack([np.zeros(1000), np.ones(1000)]).astype(np.float32)
MODEL = "model.onnx"


def small_model(takes_embedding: bool = False) -> keras.Model:
    """A convolution of 20 weights, and 2000 more where it sees the embedding."""
    keras.utils.set_random_seed(1)
    L = keras.Input((None, None, 1), name="L")
    ab = layers.Conv2D(2, 3, padding="same", activation="tanh")(L)
    if not takes_embedding:
        return keras.Model([L], ab)
    embedding = keras.Input((1000,), name="embedding")
    return keras.Model(
        [L, embedding], ab + layers.Dense(2, use_bias=False)(embedding)[:, None, None]
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Packages, each written once: read only."""
    folder = tmp_path_factory.mktemp("packages")
    return {
        "alone": write_package(folder / "alone", small_model(), "vgg16_repeat"),
        "embedded": write_package(folder / "embedded", small_model(True), "baseline", STANDARDIZED),
        "adjustable": with_vividness(),
    }


@pytest.fixture
def alone(made: dict[str, Path], tmp_path: Path) -> Path:
    """A package that takes no embedding."""
    return shutil.copytree(made["alone"], tmp_path / "alone")


@pytest.fixture
def adjustable(made: dict[str, Path], tmp_path: Path) -> Path:
    """A package with adjustable vividness."""
    return shutil.copytree(made["adjustable"], tmp_path / "adjustable")


@pytest.fixture
def embedded(made: dict[str, Path], tmp_path: Path) -> Path:
    """A package that takes one."""
    return shutil.copytree(made["embedded"], tmp_path / "embedded")


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
        colorization.load(package)
    message = str(caught.value)
    assert message.isprintable()
    return message


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("embedded", MODEL),
        ("embedded", "embedder.onnx"),
        ("embedded", "embedding.npy"),
        ("adjustable", "decode.onnx"),
    ],
)
def test_loaded_files_must_be_listed(request: pytest.FixtureRequest, kind: str, name: str) -> None:
    package = request.getfixturevalue(kind)
    files = json.loads((package / NAME).read_text())["files"]
    change(package, files={other: files[other] for other in files if other != name})
    assert refusal(package) == (
        f"{package}: colorization.json does not list {name}; the package is incomplete"
    )


def test_unlisted_files_are_ignored(alone: Path) -> None:
    os.mkfifo(alone / "embedding.npy")
    (alone / "onnxruntime.py").write_text("raise SystemExit")
    colorization.load(alone)(scene(1))


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
def test_the_standardization_must_be_a_plain_array(
    embedded: Path, content: tuple[str, bytes]
) -> None:
    path = embedded / "embedding.npy"
    path.write_bytes(content[1])
    reseal(embedded)
    assert refusal(embedded) == f"{path} is not an array of (2, 1000) float32"


@pytest.mark.parametrize(("row", "value"), [(0, np.nan), (1, np.inf), (1, 0), (1, -1)])
def test_deviations_must_be_positive(embedded: Path, row: int, value: float) -> None:
    values = STANDARDIZED.copy()
    values[row, 7] = value
    np.save(embedded / "embedding.npy", values)
    reseal(embedded)
    assert (
        refusal(embedded)
        == f"{embedded / 'embedding.npy'} does not contain means and standard deviations"
    )


@pytest.mark.parametrize("name", [NAME, MODEL, "embedder.onnx", "embedding.npy", "README.md"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices_are_not_opened(embedded: Path, name: str, kind: str) -> None:
    (embedded / name).unlink()
    if kind == "pipe":
        os.mkfifo(embedded / name)
    else:
        (embedded / name).symlink_to("/dev/zero")
    wanted = (
        f"{embedded} is not a packaged model: it contains no readable colorization.json; "
        "`dvc repro package` makes one in models/chosen"
        if name == NAME
        else f"{embedded}: {name} is missing; the package is incomplete"
    )
    assert refusal(embedded) == wanted


def test_a_huge_manifest_is_not_read(alone: Path) -> None:
    (alone / NAME).write_text(" " * 2**20 + (alone / NAME).read_text())
    assert refusal(alone) == f"{alone / NAME} is longer than 1048576 bytes"


def test_a_package_of_an_older_format_is_refused(adjustable: Path) -> None:
    manifest = json.loads((adjustable / NAME).read_text())
    manifest |= {"format": 4, "dial": manifest.pop("vividness")}
    (adjustable / NAME).write_text(json.dumps(manifest))
    assert refusal(adjustable) == (
        f"{adjustable / NAME}: format must be 6; found 4; run `dvc repro package` again"
    )


L = helper.make_tensor_value_info("L", TensorProto.FLOAT, [None, None, None, 1])
AB = helper.make_tensor_value_info("ab", TensorProto.FLOAT, [None, None, None, 2])
OPERATIONS = helper.make_opsetid("", 18)


def network(
    nodes: Sequence[onnx.NodeProto],
    *constants: onnx.TensorProto,
    inputs: Sequence[onnx.ValueInfoProto] = (L,),
    outputs: Sequence[onnx.ValueInfoProto] = (AB,),
) -> bytes:
    graph = helper.make_graph(list(nodes), "graph", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[OPERATIONS], ir_version=10)
    return made.SerializeToString()


def twice(to: str) -> onnx.NodeProto:
    """L in two channels."""
    return helper.make_node("Concat", ["L", "L"], [to], axis=3)


def constant(name: str, values: object, dtype: type) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def from_another_file(location: str) -> onnx.TensorProto:
    weights = constant("b", [0, 0], np.float32)
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", location
    return weights


def add(other: str) -> list[onnx.NodeProto]:
    return [twice("two"), helper.make_node("Add", ["two", other], ["ab"])]


def sized(shape: Sequence[int]) -> bytes:
    """A network with an intermediate array of zeros."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
        helper.make_node("Exp", ["zeros"], ["ones"]),
        helper.make_node("ReduceMax", ["ones"], ["b"], keepdims=0),
    ]
    return network([*nodes, *add("b")], constant("shape", shape, np.int64))


def endless() -> bytes:
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["still_on"]),
            helper.make_node("Add", ["x", "x"], ["y"]),
        ],
        "body",
        [
            value("turn", TensorProto.INT64, []),
            value("on", TensorProto.BOOL, []),
            value("x", TensorProto.FLOAT, None),
        ],
        [value("still_on", TensorProto.BOOL, []), value("y", TensorProto.FLOAT, None)],
    )
    nodes = [twice("two"), helper.make_node("Loop", ["turns", "on", "two"], ["ab"], body=body)]
    return network(nodes, constant("turns", 2**60, np.int64), constant("on", True, np.bool_))


def shaped(name: str, dtype: int, *lengths: int | str | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, lengths)


NO_NETWORK, NO_COLORS = "is not a network (", "is not a network from L to ab"
UNUSABLE, NOT_FINITE = "cannot be used (", "returns numbers that are not finite"
OF_ANOTHER_SHAPE = "returns an array of an unexpected shape"
HOSTILE = {
    "empty": (b"", NO_NETWORK),
    "text": (b"hello", NO_NETWORK),
    "an operation that is none": (
        network([helper.make_node("ReadFile", ["L"], ["ab"])]),
        NO_NETWORK,
    ),
    "code of Python's": (
        network([helper.make_node("PyOp", ["L"], ["ab"], domain="ai.onnx.contrib")]),
        NO_NETWORK,
    ),
    "weights in /etc/passwd": (network(add("b"), from_another_file("/etc/passwd")), NO_NETWORK),
    "weights beside": (network(add("b"), from_another_file("README.md")), NO_NETWORK),
    "weights above": (network(add("b"), from_another_file("../../secret")), NO_NETWORK),
    "another input": (
        network(
            [helper.make_node("Concat", ["M", "M"], ["ab"], axis=3)],
            inputs=[shaped("M", TensorProto.FLOAT, None, None, None, 1)],
        ),
        NO_COLORS,
    ),
    "an input more": (
        network([twice("ab")], inputs=[L, shaped("vividness", TensorProto.FLOAT, None, 1)]),
        NO_COLORS,
    ),
    "doubles": (
        network(
            [twice("ab")],
            inputs=[shaped("L", TensorProto.DOUBLE, None, None, None, 1)],
            outputs=[shaped("ab", TensorProto.DOUBLE, None, None, None, 2)],
        ),
        NO_COLORS,
    ),
    "a length's name that is no text": (
        network(
            [twice("ab")], inputs=[shaped("L", TensorProto.FLOAT, "rows", "height", "width", 1)]
        ).replace(b"height", b"he\xacght"),
        NO_NETWORK,
    ),
    "one size": (
        network(
            [twice("ab")],
            inputs=[shaped("L", TensorProto.FLOAT, None, 64, 64, 1)],
            outputs=[shaped("ab", TensorProto.FLOAT, None, 64, 64, 2)],
        ),
        NO_COLORS,
    ),
    "two outputs": (
        network(
            [twice("ab"), twice("cd")],
            outputs=[AB, shaped("cd", TensorProto.FLOAT, None, None, None, 2)],
        ),
        NO_COLORS,
    ),
    "another image more": (
        network([helper.make_node("Concat", ["two", "two"], ["ab"], axis=0), twice("two")][::-1]),
        OF_ANOTHER_SHAPE,
    ),
    "no numbers": (network(add("b"), constant("b", [np.nan, 0], np.float32)), NOT_FINITE),
    "no line": (
        network(
            [
                twice("two"),
                helper.make_node("Slice", ["two", "from", "to", "axis", "step"], ["ab"]),
            ],
            constant("from", [0], np.int64),
            constant("to", [0], np.int64),
            constant("axis", [1], np.int64),
            constant("step", [1], np.int64),
        ),
        OF_ANOTHER_SHAPE,
    ),
    "4 GB": (sized([10**5, 10**4]), UNUSABLE),
    "more than there is": (sized([2**40, 2**40]), ""),
    "less than nothing": (sized([-1, 5]), ""),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_network_that_does_not_colorize_is_refused(
    alone: Path, content: bytes, message: str
) -> None:
    (alone / MODEL).write_bytes(content)
    reseal(alone)
    assert refusal(alone).startswith(f"{alone / MODEL} {message}")


def test_an_endless_network_is_stopped(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_network, "MOST_SECONDS", 1.0)
    (alone / MODEL).write_bytes(endless())
    reseal(alone)
    started = time.monotonic()
    assert refusal(alone).startswith(f"{alone / MODEL} {UNUSABLE}")
    assert time.monotonic() - started < 20


def test_a_network_that_needs_too_much_memory_is_reported(alone: Path) -> None:
    nodes = [
        helper.make_node("Reshape", ["L", "as_column"], ["column"]),
        helper.make_node("Reshape", ["L", "as_row"], ["row"]),
        helper.make_node("MatMul", ["column", "row"], ["products"]),
        helper.make_node("Tile", ["products", "times"], ["many"]),
        helper.make_node("ReduceMax", ["many"], ["b"], keepdims=0),
    ]
    constants = {"as_column": [-1, 1], "as_row": [1, -1], "times": [64, 1]}
    made = network(
        [*nodes, *add("b")],
        *(constant(name, values, np.int64) for name, values in constants.items()),
    )
    (alone / MODEL).write_bytes(made)
    reseal(alone)
    colorize = colorization.load(alone)
    with pytest.raises(ColorizationError) as caught:
        colorize(scene(1, 128, 32))  # of four times the example's pixels, 16 times the products
    assert str(caught.value).startswith(f"{alone / MODEL} {UNUSABLE}")


@pytest.mark.parametrize("content", [b"hello", network([twice("ab")])])
def test_the_decoder_is_checked_too(adjustable: Path, content: bytes) -> None:
    (adjustable / "decode.onnx").write_bytes(content)
    reseal(adjustable)
    assert refusal(adjustable).startswith(f"{adjustable / 'decode.onnx'} is not a network ")


def test_a_plain_network_is_accepted(alone: Path) -> None:
    (alone / MODEL).write_bytes(network(add("b"), constant("b", [0, 0], np.float32)))
    reseal(alone)
    colorization.load(alone)(scene(1))


def test_the_command_reports_errors_in_one_line(
    alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (alone / MODEL).write_bytes(b"hello")
    reseal(alone)
    (tmp_path / "photo.png").write_bytes(encoded(scene(1)))
    options = ["--model", str(alone), "--output", str(tmp_path / "out")]
    assert command.main([str(tmp_path / "photo.png"), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"colorize: {alone / MODEL} {NO_NETWORK}")


def test_a_model_needs_the_embedding_network_of_its_training(tmp_path: Path) -> None:
    embedder = {"network": "mobilenet_v2", "weights": "0" * 64, "precision": "float32"}
    with pytest.raises(ColorizationError, match="was trained with the embeddings of mobilenet_v2"):
        write_package(
            tmp_path / "p", untrained("baseline"), "baseline", STANDARDIZED, embedding=embedder
        )
