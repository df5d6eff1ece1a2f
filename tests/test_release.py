"""The model that comes with this program: how it is made, and the one that there is."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from skimage import color, metrics

import colorization
from colorization.color import lab
from colorization.colorizing.colorizer import load
from colorization.core.errors import ColorizationError
from colorization.core.settings import Params
from colorization.networks.record import TRAINING, TrainingRecord
from colorization.packaging.manifest import RELEASED, read_manifest
from colorization.releasing import release
from colorization.releasing.half_weights import halve_weights
from colorization.releasing.photographs import measure_photograph, score_photographs
from packaged import with_vividness
from release import draw
from samples import ROOT, encoded, scene


@pytest.fixture(scope="module")
def package() -> Path:
    return with_vividness()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    for seed in range(3):
        (folder / f"{seed}.png").write_bytes(encoded(scene(seed, 120, 80)))
    return folder


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.md"
    path.write_text("## What to know\n\nNothing.\n")
    return path


def test_half_precision_changes_results_little(package: Path, tmp_path: Path) -> None:
    whole, half = package / "model.onnx", tmp_path / "half.onnx"
    halve_weights(whole, half)
    assert half.stat().st_size < 0.52 * whole.stat().st_size
    L = np.random.default_rng(1).uniform(-1, 1, (2, 64, 96, 1)).astype(np.float32)
    one, other = (
        onnxruntime.InferenceSession(path).run(None, {"L": L})[0] for path in (whole, half)
    )
    assert 0 < np.abs(one - other).max() < 0.01 * np.ptp(one)


def test_a_weight_beyond_half_precision_is_refused(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1024])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1024])
    weights = numpy_helper.from_array(np.full(1024, 7e4, np.float32), "w")
    node = helper.make_node("Mul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "graph", [value], [result], [weights])
    onnx.save(helper.make_model(graph), tmp_path / "model.onnx")
    with pytest.raises(ColorizationError, match="a weight is beyond float16"):
        halve_weights(tmp_path / "model.onnx", tmp_path / "half.onnx")


def test_a_release_is_a_package_with_its_card(
    package: Path, photos: Path, notes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "released"
    release.release(package, photos, notes, out)
    manifest, before = read_manifest(out), read_manifest(package)
    assert manifest.vividness == before.vividness
    scores = pd.read_csv(out / "other_photographs.csv")
    expected = score_photographs(load(out), sorted(photos.iterdir()), release.SWEEP)
    pd.testing.assert_frame_equal(scores, expected, check_exact=False, check_dtype=False)
    card = (out / "README.md").read_text()
    assert card.startswith((package / "README.md").read_text().rstrip())
    assert f"3 photographs of `{photos.name}`" in card
    assert f"| 0.25 | {expected.psnr_gain_over_gray_db[2]:.2f} ± " in card
    assert card.endswith("## What to know\n\nNothing.\n")


def test_a_release_is_refused_if_half_precision_changes_a_photograph(
    package: Path, photos: Path, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "MOST_CHANGED", 0.0)
    with pytest.raises(ColorizationError, match="half precision changes a photograph by 0"):
        release.release(package, photos, notes, tmp_path / "released")
    assert not (tmp_path / "released").exists()


def test_a_photograph_is_measured_as_scikit_image_measures_it(photos: Path) -> None:
    path = photos / "0.png"
    truth = scene(0, 120, 80)
    L, ab = lab.rgb_to_lab(truth)
    own, gray, same, paler = measure_photograph(path, [ab, 0.5 * ab])
    assert own[0] == same[0] == np.inf
    assert own[1] == same[1] == 0
    assert gray[2] < 1
    assert own[2] == same[2] > paler[2] > 0
    expected = lab.lab_to_rgb(L, 0.5 * ab)
    psnr = metrics.peak_signal_noise_ratio(truth, expected)
    difference = color.deltaE_ciede2000(color.rgb2lab(truth), color.rgb2lab(expected)).mean()
    np.testing.assert_allclose(paler[:2], (psnr, difference), rtol=1e-4)


def test_the_released_model_is_small_and_colorizes() -> None:
    assert sum(path.stat().st_size for path in RELEASED.iterdir()) < 20_000_000
    colorized = np.asarray(colorization.load()(scene(1, 200, 120))).astype(int)
    assert (np.ptp(colorized, axis=-1) > 20).mean() > 0.1


def test_the_released_model_matches_its_profile_and_its_card_names_the_licenses() -> None:
    training = TrainingRecord.read(RELEASED / TRAINING)
    params = Params.load(ROOT / "profiles" / "released.yaml")
    overrides = params.variants[training.variant].train
    assert training.train == params.train.override(overrides, training.variant)
    assert training.encoder is not None
    assert not training.encoder.random
    card = (RELEASED / "README.md").read_text()
    for text in ("Apache-2.0", "Creative Commons", "bsds500", "git checkout ", "CIEDE2000"):
        assert text in card


def test_without_an_evaluation_the_figure_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ColorizationError) as caught:
        draw(tmp_path / "none", tmp_path / "figure.png")
    assert str(caught.value) == f"{tmp_path / 'none'}: no evaluation; `dvc repro package` makes one"
    assert not (tmp_path / "figure.png").exists()
