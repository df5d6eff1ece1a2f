"""The model that comes with this program: how it is made, and the one that there is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from skimage import color, metrics

import colorization
from colorization.color import lab
from colorization.colorizing.colorizer import Colorizer, load
from colorization.colorizing.prepared import Prepared
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.core.model_records import TRAINING, Pretrained, TrainingRecord
from colorization.core.settings import Params
from colorization.dataset.arrays import LabArrays
from colorization.packaging.manifest import RELEASED, read_manifest
from colorization.pages.rendering import Table
from colorization.releasing import figure, release
from colorization.releasing.arrays import mse_of_photographs
from colorization.releasing.flat_gray import flat_gray_chroma
from colorization.releasing.half_weights import halve_weights
from colorization.releasing.licenses import notice, write_license
from colorization.releasing.photographs import measure_photograph, score_photographs
from colorization.releasing.release import TrainedModel
from colorization.releasing.scores import failures, labels_table, seeds_table
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.samples import Samples
from colorization.scoring.vividness import VividnessSweep
from evaluated import evaluation, record, rows, run
from packaged import with_embedding, with_vividness
from release import evaluation as read_one
from release import training_run
from samples import ROOT, encoded, scene

LICENSES = ROOT / "LICENSES"
APACHE_SHA256 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


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


def test_half_precision_changes_results_little(tmp_path: Path) -> None:
    whole, half = with_embedding() / "model.onnx", tmp_path / "half.onnx"
    halve_weights(whole, half)
    assert half.stat().st_size < 0.52 * whole.stat().st_size
    rng = np.random.default_rng(1)
    shapes = {"L": (2, 64, 96, 1), "embedding": (2, 1000)}
    given = {name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    one, other = (onnxruntime.InferenceSession(path).run(None, given)[0] for path in (whole, half))
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


def trained(package: Path, **changes: Any) -> TrainedModel:
    """A made-up variant with two seeds, tested on 60 photographs."""
    defaults: dict[str, Any] = {
        "package": package,
        "model": package.with_name(f"{package.name}-directory"),
        "evaluations": [evaluated_training(1), evaluated_training(2)],
        "test": few_photographs(),
        "subsets": SUBSETS,
        "min_chroma": 2.0,
        "run": run("train", 5400, devices=("CPU",)),
    }
    return TrainedModel(**(defaults | changes))


def few_photographs() -> LabArrays:
    rgb = np.stack([scene(seed, 32, 32) for seed in range(3)])
    return LabArrays(NAMES[:3], *lab.rgb_to_lab(rgb), rgb)


def evaluated_training(seed: int, **columns: Any) -> Evaluation:
    """An evaluation of photographs that gain 0 to 5.9 over gray, the first one the least."""
    table = rows(60, model_ciede2000_mean=11.0 - np.arange(60) / 10, gray_ciede2000_mean=11.0)
    table = table.assign(model_stains_percent=np.arange(60) / 10, **columns)
    points = np.linspace(0, 1, 11)
    scores = {
        "error_removed_percent": 100 * (1 - AT_0 / table["constant_mse_ab"][0]) - 50 * points,
        "ciede2000_mean": 8 + points,
        "colorfulness_ratio": 0.4 + 0.6 * points,
        "stains_percent": points,
        "psnr_gain_over_gray_db": 1 - points,
        "psnr_gain_over_constant_db": 0.5 - points,
    }
    sweep = VividnessSweep(
        pd.DataFrame({"vividness": points} | scores | {f"{key}_se": 0.1 for key in scores}),
        np.zeros((1, 5, 32, 32, 3), np.uint8),
        0.3,
    )
    made_up = evaluation(table, seed=seed)
    worst = Samples(table.iloc[:2], made_up.samples["worst"].images)
    return replace(made_up, sweep=sweep, samples={"worst": worst})


AT_0 = 0.01  # MSE of each photograph at vividness 0
NAMES = [f"im{index}.jpg" for index in range(60)]
SUBSETS = {
    "nature only": frozenset(NAMES[0::3]),
    "objects only": frozenset(NAMES[1::3] + NAMES[2::3]),
    "indoor": frozenset(NAMES[:30]),
    "people_r1": frozenset(NAMES[1::3]),
    "sky": frozenset(NAMES[0::3]),
    "sea": frozenset(NAMES[:19]),
}
MSE_AT_0 = pd.Series(AT_0, index=NAMES)


def cells(table: Table, row: str) -> list[str]:
    (actual,) = [cells for first, *cells in table.rows if first == row]
    return actual


def test_a_release_is_a_package_with_its_card(
    package: Path, photos: Path, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "MOST_CHROMA", np.inf)
    monkeypatch.setattr(release, "mse_of_photographs", lambda *_: MSE_AT_0)
    out = tmp_path / "released"
    size = release.release(trained(package), photos, notes, LICENSES, out)
    assert size == sum(path.stat().st_size for path in out.iterdir())
    manifest, before = read_manifest(out), read_manifest(package)
    assert manifest.vividness == before.vividness
    assert {*manifest.files} == {path.name for path in out.iterdir()} - {"colorization.json"}
    scores = pd.read_csv(out / "other_photographs.csv")
    expected = score_photographs(load(out), sorted(photos.iterdir()), (0.0, 0.5, 1.0))
    pd.testing.assert_frame_equal(scores, expected, check_exact=False, check_dtype=False)
    card = (out / "README.md").read_text()
    assert card.startswith((package / "README.md").read_text().rstrip())
    assert f"3 photographs of `{photos.name}`" in card
    assert f"| 0.5 | {expected.psnr_gain_over_gray_db[2]:.2f} ± " in card
    assert "| seed 2, vividness 0.3 (default) | " in card
    assert "dvc repro package experiments/dvc.yaml:evaluate@bn_maxpool-2\n" in card
    assert f"python tools/release.py {photos.name} profiles/released.md\n" in card
    assert "at most 0.3% of their pixels are stains" in card
    assert "took 1.5 hours on CPU, 2 cores of Abacus <9>" in card
    assert "| 0.5 (default) | " in card  # on flat gray
    assert card.endswith("## What to know\n\nNothing.\n")


@pytest.mark.parametrize(
    ("constant", "value", "message"),
    [
        ("MOST_CHANGED", 0.0, "half precision changes a photograph by 0"),
        ("MOST_DIFFERENT", 0.0, "ab differ from those of .* in Keras by 5.0e-05, more than 0e"),
        ("MOST_CHROMA", 0.0, "at vividness 0 a flat gray square gets a chroma of .*, more than 0"),
        ("LARGEST", 1000, "bytes, more than 1,000"),
    ],
)
def test_a_release_is_refused_beyond_its_limits(
    package: Path,
    photos: Path,
    notes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    constant: str,
    value: float,
    message: str,
) -> None:
    monkeypatch.setattr(release, "MOST_CHROMA", np.inf)
    monkeypatch.setattr(release, "largest_difference", lambda *_: 5e-5)  # without Keras
    monkeypatch.setattr(release, "mse_of_photographs", lambda *_: MSE_AT_0)
    monkeypatch.setattr(release, constant, value)
    with pytest.raises(ColorizationError, match=message):
        release.release(trained(package), photos, notes, LICENSES, tmp_path / "released")
    assert not (tmp_path / "released").exists()


def test_a_release_is_refused_for_colored_gray_between_0_and_the_default(
    package: Path, photos: Path, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "largest_difference", lambda *_: 5e-5)  # without Keras
    monkeypatch.setattr(
        release, "flat_gray_chroma", lambda _, vividness: 20.0 if vividness == 0.35 else 0.0
    )
    with pytest.raises(ColorizationError, match=r"vividness 0\.35 a flat gray square .* 20\.0"):
        release.release(trained(package), photos, notes, LICENSES, tmp_path / "released")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subsets": {}}, "the card needs labels: set download.labels in params.yaml"),
        ({"evaluations": [None]}, "the card compares two seeds: set study.seeds in params.yaml"),
    ],
)
def test_a_release_without_what_its_card_needs_is_refused(
    package: Path, photos: Path, notes: Path, tmp_path: Path, changes: dict, message: str
) -> None:
    with pytest.raises(ColorizationError) as caught:
        release.release(trained(package, **changes), photos, notes, LICENSES, tmp_path / "out")
    assert str(caught.value) == message


def test_a_model_of_another_kind_is_not_released(photos: Path, notes: Path, tmp_path: Path) -> None:
    package, out = with_embedding(), tmp_path / "out"
    with pytest.raises(ColorizationError) as caught:
        release.release(trained(package), photos, notes, LICENSES, out)
    assert str(caught.value) == (
        f"{package}: a released model has an adjustable vividness and no embedding"
    )
    assert not out.exists()


def test_without_other_photographs_nothing_is_released(
    package: Path, notes: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ColorizationError, match=r"/empty: no photographs$"):
        release.release(trained(package), tmp_path / "empty", notes, LICENSES, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_scores_by_label_are_over_its_photographs() -> None:
    table = labels_table(evaluated_training(1), MSE_AT_0, SUBSETS, 2.0)
    gains = np.arange(0, 60, 3) / 10
    count, difference, faithful, default = cells(table, "`sky`")
    assert count == "20"
    assert difference == f"{gains.mean():.2f} ± {gains.std(ddof=1) / 20**0.5:.2f}"
    assert faithful == f"{100 * (1 - 0.01 / 0.0323456):.1f} ± 0.0"
    assert default == f"{100 * (1 - 0.0123456 / 0.0323456):.1f} ± 0.0"
    assert cells(table, "`sea`") == ["19", "too few", "too few", "too few"]
    assert cells(table, "`car`") == ["0", "too few", "too few", "too few"]


def test_nearly_gray_photographs_are_in_no_score_by_label() -> None:
    pale = evaluated_training(1, mean_chroma=[1.0, *[9.0] * 59])
    assert cells(labels_table(pale, MSE_AT_0, SUBSETS, 2.0), "`sky`")[:2] == ["19", "too few"]


def test_a_package_of_another_model_than_the_evaluated_one_is_refused() -> None:
    with pytest.raises(
        ColorizationError, match=r"package removes 65.99% .* model 69.08%; evaluate"
    ):
        labels_table(evaluated_training(1), 1.1 * MSE_AT_0, SUBSETS, 2.0)


def test_each_seed_has_its_scores_over_vividness_and_the_baselines_theirs() -> None:
    table = seeds_table([evaluated_training(1), evaluated_training(2)])
    assert [row[0] for row in table.rows] == [
        *(
            f"seed {seed}, vividness {position}"
            for seed in (1, 2)
            for position in ("0.0", "0.3 (default)", "1.0")
        ),
        "gray",
        "the constant color",
    ]
    assert cells(table, "seed 2, vividness 1.0")[1:4] == [
        "9.00 ± 0.10",
        "1.00 ± 0.10",
        "1.00 ± 0.10",
    ]
    assert cells(table, "the constant color")[0] == "0.0 ± 0.0"
    assert {len(row) for row in table.rows} == {len(table.titles)}


def test_failures_are_counted_and_named() -> None:
    actual = failures(
        evaluated_training(1, gray_ciede2000_mean=10.05, model_mse_ab=[1.0] * 15 + [0.01] * 45),
        SUBSETS,
        2.0,
    )
    # The first ten are worse than gray, and eleven have stains on at most 1% of their pixels.
    assert actual["worse_than_gray"] == "17%"
    assert actual["worse_than_constant"] == "25%"
    assert actual["stained"] == "82%"
    assert [label for label, _ in actual["labels"]] == ["indoor", "sky", "people_r1"]
    assert actual["labels"][0][1].startswith("0.50 ± ")
    assert actual["examples"].rows[0] == ["`im0.jpg`", "10.1", "11.0", "indoor, sky"]


class Tinted:
    """Gives a corner of squares of one gray a reddish color, by vividness; all else stays gray."""

    image_size = 32
    gray = lab.rgb_to_lab(np.full((1, 1, 3), 64, np.uint8))[0].item()

    def predict(self, photographs: list[Prepared]) -> list[np.ndarray]:
        return [photograph.L for photograph in photographs]

    def decode(self, L: np.ndarray, vividness: float) -> np.ndarray:
        ab = np.zeros((32, 32, 2), np.float32)
        if np.isclose(L[0, 0, 0], self.gray):
            ab[0, 0, 0] = vividness * 0.3
        return ab


def test_flat_gray_squares_have_the_chroma_of_the_worst_pixel() -> None:
    tinted = cast(Colorizer, Tinted())
    assert flat_gray_chroma(tinted, 1.0) == pytest.approx(0.3 * lab.AB_SCALE, rel=0.03)  # 8 bits
    assert flat_gray_chroma(tinted, 0.0) < 0.1


def test_the_error_of_each_photograph_is_against_its_exact_pixels() -> None:
    images = few_photographs()
    images.rgb[0] = 64
    images = LabArrays(images.names, *lab.rgb_to_lab(images.rgb), images.rgb)
    actual = mse_of_photographs(cast(Colorizer, Tinted()), images, 1.0)
    truth = color.rgb2lab(images.rgb)[..., 1:] / lab.AB_SCALE
    expected = (truth**2).mean(axis=(1, 2, 3))
    expected[0] = 0.3**2 / (32 * 32 * 2)
    np.testing.assert_allclose(actual, expected, rtol=1e-3)
    assert [*actual.index] == images.names


def test_the_figure_has_a_typical_photograph_and_a_poor_one_of_each_kind() -> None:
    table = evaluated_training(1).rows
    # The more colorful half, 30 to 59, has ten of each kind; later ones gain more.
    chosen = figure.choose(table, SUBSETS, 2.0)
    assert chosen == [42, 33, 43, 34, 44, 35]
    few = SUBSETS | {"people_r1": frozenset(NAMES[1:32:3])}
    with pytest.raises(ColorizationError, match="labeled as people for the figure"):
        figure.choose(table, few, 2.0)


def test_the_figure_shows_gray_colorized_and_true_photographs(tmp_path: Path) -> None:
    photographs = [scene(seed, 128, 128) for seed in range(2)]
    colorize = colorization.load()
    figure.draw(colorize, 0.5, photographs, tmp_path / "figure.png")
    pixels = np.asarray(Image.open(tmp_path / "figure.png")).astype(int)
    height, width, _ = pixels.shape
    rows = [pixels[-132 * (5 - row) :][:128, width - 132 : width - 4] for row in range(5)]
    assert height == 5 * 132 + 4
    assert np.ptp(rows[0], axis=-1).max() <= 1  # rounded
    for row, vividness in zip(rows[1:4], (0.0, 0.5, 1.0), strict=True):
        colorized = np.asarray(colorize(photographs[1], vividness=vividness)).astype(int)
        assert np.abs(row - colorized).max() <= 1
        assert np.ptp(colorized, axis=-1).max() > 20
    assert (rows[4] == photographs[1]).all()


def test_the_encoders_license_goes_along(tmp_path: Path) -> None:
    encoder = Pretrained(network="efficientnet_lite2", weights="0" * 64)
    training = record(encoder=encoder, embedding=None)
    assert write_license(training, LICENSES, tmp_path) == ["LICENSE-Apache-2.0.txt", "NOTICE"]
    # The text that apache.org publishes.
    assert sha256_of(tmp_path / "LICENSE-Apache-2.0.txt") == APACHE_SHA256
    text = (tmp_path / "NOTICE").read_text()
    assert "Copyright 2020 The TensorFlow Authors" in text
    assert "without the classifier; not trained further" in text
    tuned = training.train.model_copy(update={"encoder_lr_multiplier": 0.1})
    write_license(training.model_copy(update={"train": tuned}), LICENSES, tmp_path)
    assert "without the classifier; trained further" in (tmp_path / "NOTICE").read_text()


def test_only_a_pretrained_encoder_of_known_source_has_a_license(tmp_path: Path) -> None:
    random = record(encoder=Pretrained(network="efficientnet_lite2", weights="random"))
    assert write_license(random, LICENSES, tmp_path) == []
    assert not any(tmp_path.iterdir())
    unknown = record(encoder=Pretrained(network="vgg19", weights="0" * 64))
    with pytest.raises(ColorizationError, match="does not say where the weights of vgg19 are from"):
        write_license(unknown, LICENSES, tmp_path)


def test_a_photograph_is_measured_as_scikit_image_measures_it(photos: Path) -> None:
    path = photos / "0.png"
    truth = scene(0, 120, 80)
    L, ab = lab.rgb_to_lab(truth)
    own, gray, same, paler = measure_photograph(path, [ab, 0.5 * ab], None)
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


def test_the_released_model_leaves_flat_gray_nearly_gray() -> None:
    colorizer = load(RELEASED)
    manifest = read_manifest(RELEASED)
    assert manifest.vividness is not None
    for vividness in np.linspace(0, manifest.vividness.default, 3):
        assert flat_gray_chroma(colorizer, float(vividness)) < release.MOST_CHROMA


def test_the_released_model_is_better_than_gray_and_colorful_with_few_stains() -> None:
    scores = json.loads((RELEASED / "metrics.json").read_text())
    model = scores["model"]
    assert model["ciede2000_mean"] < scores["gray"]["ciede2000_mean"] - 0.5
    assert model["colorfulness_ratio"] > 0.5
    assert model["stains_percent"] < 0.3


def test_the_released_model_is_as_colorful_as_photographs_at_vividness_1() -> None:
    card = (RELEASED / "README.md").read_text()
    section = card.split("### By vividness")[1].split("## Training")[0]
    table = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")]
    assert table[-1][0] == "| 1.0"
    scores = dict(zip(table[0], table[-1], strict=True))
    colorfulness = scores["colorfulness (1 is the photographs')"]
    assert 0.95 <= float(colorfulness.split()[0]) <= 1.05


@pytest.mark.parametrize("brighter", [60, 100])
def test_a_hint_to_the_released_model_stops_at_edges(brighter: int) -> None:
    """A disk gets the hint's color, and what is around it keeps the color that it had."""
    rows, columns = np.mgrid[-128:128, -128:128] + 0.5
    distance = np.hypot(rows, columns)
    gray = np.where(distance < 64, 100 + brighter, 100).astype(np.uint8)
    colorizer = colorization.load()
    before, after, asked = (
        color.rgb2lab(np.asarray(image))
        for image in (
            colorizer(gray),
            colorizer(gray, hints=[(128, 128, "#a8786c")]),
            Image.new("RGB", (1, 1), "#a8786c"),
        )
    )
    asked = np.dstack([after[..., :1], np.broadcast_to(asked[..., 1:], (256, 256, 2))])
    assert color.deltaE_ciede2000(asked, after)[distance < 6].mean() < 5
    assert color.deltaE_ciede2000(asked, after)[distance < 48].mean() < 8
    beyond = color.deltaE_ciede2000(before, after)[distance > 80]
    assert beyond.mean() < 0.1
    assert beyond.max() < 2


def test_the_released_model_matches_its_profile_and_its_card_names_the_licenses() -> None:
    training = TrainingRecord.read(RELEASED / TRAINING)
    params = Params.load(ROOT / "profiles" / "released.yaml")
    overrides = params.variants[training.variant].train
    assert training.train == params.train.override(overrides, training.variant)
    assert training.encoder is not None
    assert not training.encoder.random
    assert (RELEASED / "NOTICE").read_text() == notice(training.encoder, training.train)
    assert sha256_of(RELEASED / "LICENSE-Apache-2.0.txt") == APACHE_SHA256
    card = (RELEASED / "README.md").read_text()
    for text in ("Apache-2.0", "Creative Commons", "bsds500", "git checkout ", "CIEDE2000"):
        assert text in card


def test_without_an_evaluation_the_release_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ColorizationError) as caught:
        read_one("efficientnet_unet-2", 2.0)
    assert str(caught.value) == (
        "data/evaluations/efficientnet_unet-2: no evaluation; "
        "`dvc repro experiments/dvc.yaml:evaluate@efficientnet_unet-2` makes one"
    )
    with pytest.raises(ColorizationError, match=r"missing; copy it from the machine that trained$"):
        training_run("efficientnet_unet", 1)
