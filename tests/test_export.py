"""Exported models give what Keras gives, without this project and without TensorFlow."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
from PIL import Image

import colorization
from colorization import variants
from colorization.colorizing import export
from colorization.colorizing.unpacking import unpack
from colorization.core.errors import ColorizationError
from colorization.imaging import view
from packaged import SIDE, untrained, with_embeddings, write_package
from samples import examples, model_of

GREY = np.random.default_rng(1).integers(0, 256, (3, SIDE, SIDE, 1), np.uint8)

# Run where nothing of this project can be imported.
SERVE = """
import sys
import numpy as np
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
np.save(sys.argv[3], served(grey=tf.constant(np.load(sys.argv[2])))["ab"].numpy())
assert not any("colorization" in name for name in sys.modules)
"""


@pytest.fixture(scope="module", params=["bn_maxpool", "vgg16_repeat", "mobilenet_unet"])
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A variant that takes the embedding, and normalizes; one that does not; one with a dial."""
    folder = tmp_path_factory.mktemp(request.param)
    if variants.load(request.param).encoder:
        return write_package(folder / "package", untrained(request.param), request.param)
    mean_and_deviation = with_embeddings(examples(folder / "test", 5, SIDE))[1]
    model = untrained(request.param)
    return write_package(folder / "package", model, request.param, mean_and_deviation)


@pytest.fixture(scope="module")
def exported(package: Path) -> Path:
    out = package.with_name("exported")
    export.export(package, out)
    return out


@pytest.fixture(scope="module")
def by_keras(package: Path) -> np.ndarray:
    """CIE a and b of GREY as `colorize` predicts them."""
    colorizer = colorization.load(package)
    greys = [Image.fromarray(image[..., 0]).convert("RGB") for image in GREY]
    predicted = 128 * np.stack(colorizer.predict([colorizer.see(grey) for grey in greys]))
    assert np.abs(predicted).max() > 20
    return predicted


def test_the_onnx_file_gives_what_keras_gives(exported: Path, by_keras: np.ndarray) -> None:
    session = onnxruntime.InferenceSession(exported / export.ONNX)
    (ab,) = session.run(["ab"], {"grey": GREY})
    assert ab.dtype == np.float32
    np.testing.assert_allclose(ab, by_keras, atol=0.02)
    (alone,) = session.run(["ab"], {"grey": GREY[:1]})
    np.testing.assert_allclose(alone, ab[:1], atol=0.02)


def test_the_saved_model_needs_tensorflow_alone(
    exported: Path, by_keras: np.ndarray, tmp_path: Path
) -> None:
    np.save(tmp_path / "grey.npy", GREY)
    files = [exported / export.SAVED_MODEL, tmp_path / "grey.npy", tmp_path / "ab.npy"]
    subprocess.run(
        [sys.executable, "-c", SERVE, *map(str, files)], cwd=tmp_path, check=True, timeout=300
    )
    np.testing.assert_allclose(np.load(tmp_path / "ab.npy"), by_keras, atol=0.02)


@pytest.mark.parametrize("side", [32, 224, 320])
@pytest.mark.parametrize("image_size", [224, 299])
def test_a_model_resizes_as_the_view_does(side: int, image_size: int) -> None:
    L = np.random.default_rng(side).uniform(-1, 1, (2, side, side, 1)).astype(np.float32)
    resized = export.resize(L, side, image_size)
    np.testing.assert_allclose(resized, view.square_for(L, image_size), atol=1e-6)


def test_reduced_precision_is_left_behind() -> None:
    reduced = model_of("bn_maxpool", 1, "mixed_bfloat16")
    copy = export.in_float32(reduced)
    assert {layer.compute_dtype for layer in copy.layers} == {"float32"}
    for one, other in zip(copy.get_weights(), reduced.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    inputs = [np.zeros((1, 32, 32, 1), np.float32), np.ones((1, 1000), np.float32)]
    one, other = (model.predict_on_batch(inputs) for model in (copy, reduced))
    np.testing.assert_allclose(one, other, atol=0.02)
    assert isinstance(copy, keras.Model)


def test_a_folder_of_other_things_is_not_replaced(package: Path, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(ColorizationError, match="holds other files"):
        export.export(package, tmp_path)
    assert (tmp_path / "photo.jpg").read_bytes() == b"mine"


def test_without_tf2onnx_it_says_what_to_install(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "find_spec", lambda _: None)
    with pytest.raises(ColorizationError, match=r"pip install 'colorization\[export\]'"):
        export.export(package, tmp_path / "out")


def test_the_command_names_what_it_wrote_and_what_is_wrong(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    written = []
    monkeypatch.setattr(export, "export", lambda *given: written.append(given))
    monkeypatch.setattr(sys, "argv", ["export", str(package), "--output", str(tmp_path)])
    export.main()
    assert written == [(package, tmp_path, None)]
    assert str(tmp_path / export.ONNX) in capsys.readouterr().out
    monkeypatch.undo()
    monkeypatch.setattr(sys, "argv", ["export", str(tmp_path), "--output", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="is not a packaged model"):
        export.main()


def test_unpacking_tells_the_size_of_the_embedding_network(package: Path) -> None:
    embedder = unpack(package).embedder
    assert embedder is None or embedder.image_size == 224
