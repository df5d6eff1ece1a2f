"""A SavedModel gives what `colorize` gives, without this project."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml
from PIL import Image

import colorization
from colorization.core.errors import ColorizationError
from colorization.core.model_records import TRAINING, TrainingRecord
from colorization.embedding import resizing
from colorization.packaging import saved_model
from packaged import EMBED, SIDE, with_embedding, with_vividness, write_package
from samples import ROOT
from test_packages import small_model

# Larger than the model's images, smaller than the embedding network's.
GRAY = np.random.default_rng(1).integers(0, 256, (3, 2 * SIDE, 2 * SIDE, 1), np.uint8)

# Run where nothing of this project can be imported.
SERVE = """
import sys
import numpy as np
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
np.save(sys.argv[3], served(gray=tf.constant(np.load(sys.argv[2])))["ab"].numpy())
assert not any("colorization" in name for name in sys.modules)
"""


def params_of(folder: Path, variant: str) -> Path:
    """A params file that names a variant, and the embedding network of these tests."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings["embed"] = EMBED.model_dump()
    settings["model"]["variant"] = variant
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    return folder / "params.yaml"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package without embedding: a single convolution instead of VGG16."""
    folder = tmp_path_factory.mktemp("plain") / "vgg16_repeat"
    return write_package(folder, small_model(), "vgg16_repeat")


@pytest.fixture(params=["embedding", "vividness", "neither"])
def package(request: pytest.FixtureRequest) -> Path:
    """A package with embedding, one with vividness and normalization, and one with neither.

    Their models are next to them.
    """
    if request.param == "neither":
        return request.getfixturevalue("plain")
    return with_embedding() if request.param == "embedding" else with_vividness()


def model_of(package: Path) -> Path:
    """The directory of a package's model."""
    return package.with_name(f"{package.name}-directory")


def test_a_saved_model_equals_the_package(package: Path, tmp_path: Path) -> None:
    params = params_of(tmp_path, TrainingRecord.read(model_of(package) / TRAINING).variant)
    saved_model.export(model_of(package), params, tmp_path / "exported")
    served = tf.saved_model.load(str(tmp_path / "exported")).signatures["serving_default"]
    colorizer = colorization.load(package)
    photographs = [Image.fromarray(image[..., 0]) for image in GRAY]
    given = {"gray": tf.constant(np.stack([resized(image, SIDE) for image in photographs]))}
    if colorizer.embedder_size:
        given["square"] = tf.constant(GRAY)
    ab = served(**given)["ab"].numpy()
    inputs = [colorizer.prepare_input(image) for image in photographs]
    predicted = 128 * np.stack([colorizer.decode(item) for item in colorizer.predict(inputs)])
    assert np.abs(predicted).max() > 20
    np.testing.assert_allclose(ab, predicted, atol=0.02)


def resized(image: Image.Image, side: int) -> np.ndarray:
    """Gray values of the size that the model colors."""
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))[..., None]


@pytest.mark.parametrize("side", [32, 224, 320])
@pytest.mark.parametrize("image_size", [224, 299])
def test_the_saved_model_resizes_like_the_package(side: int, image_size: int) -> None:
    L = np.random.default_rng(side).uniform(-1, 1, (2, side, side, 1)).astype(np.float32)
    actual = saved_model.resize(L, image_size)
    np.testing.assert_allclose(actual, resizing.resize_square(L, image_size), atol=1e-6)


def test_a_different_embedding_network_is_refused(tmp_path: Path) -> None:
    params = params_of(tmp_path, "baseline")
    params.write_text(params.read_text().replace("mobilenet_v2\n", "inception_v3\n", 1))
    with pytest.raises(ColorizationError, match=r"params.yaml has inception_v3, weights random$"):
        saved_model.export(model_of(with_embedding()), params, tmp_path / "exported")


def test_a_folder_of_other_things_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"")
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(ColorizationError, match="contains other files"):
        saved_model.export(tmp_path, tmp_path, tmp_path)
    assert (tmp_path / "photo.jpg").read_bytes() == b"mine"
    with pytest.raises(ColorizationError, match="is a file; use a folder"):
        saved_model.export(tmp_path, tmp_path, tmp_path / "photo.jpg")


def export(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "export.py"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_export_is_quiet_and_needs_only_tensorflow(tmp_path: Path) -> None:
    params_of(tmp_path, "efficientnet_unet")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "efficientnet_unet-1").symlink_to(model_of(with_vividness()))
    process = export(tmp_path)
    assert (process.stdout, process.stderr) == ("wrote models/exported\n", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "params.yaml"]
    np.save(tmp_path / "gray.npy", GRAY[:, :SIDE, :SIDE])
    files = [tmp_path / name for name in ("models/exported", "gray.npy", "ab.npy")]
    subprocess.run(
        [sys.executable, "-c", SERVE, *map(str, files)], cwd=tmp_path, check=True, timeout=300
    )
    assert np.load(tmp_path / "ab.npy").shape == (3, SIDE, SIDE, 2)


def test_errors_of_the_export_are_one_line(tmp_path: Path) -> None:
    params_of(tmp_path, "deeper")
    process = export(tmp_path)
    assert (process.returncode, process.stdout) == (1, "")
    expected = "export: models/deeper-1/training.json: No such file or directory\n"
    assert process.stderr == expected
