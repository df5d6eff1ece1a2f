"""A training is reproducible, keeps its best weights, and measures what it says."""

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pandas as pd
import pytest
from colorization.networks.variants import build_model
from keras import layers

from colorization.core.errors import ColorizationError
from colorization.dataset.examples import Examples
from colorization.networks.directory import load_model
from colorization.settings.train import Train
from colorization.training.fitting import Outcome, train
from colorization.training.snapshots import Snapshots
from samples import PARAMS, examples

SETTINGS = PARAMS.train.model_copy(
    update={"epochs": 2, "batch_size": 8, "monitor_images": 2, "flip": True}
)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return examples(tmp_path_factory.mktemp("training") / "train", 16)


@pytest.fixture(scope="module")
def validation(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return examples(tmp_path_factory.mktemp("training") / "validation", 4, first_seed=100)


def small_model(penalty: float = 0.0) -> keras.Model:
    """Two convolutions with a normalization between, drawn from one seed."""
    keras.utils.set_random_seed(1)
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((1000,), name="embedding")
    regularizer = keras.regularizers.L2(penalty) if penalty else None
    x = layers.Conv2D(8, 3, padding="same", kernel_regularizer=regularizer, name="first")(L)
    x = layers.BatchNormalization()(x) + layers.Dense(8)(embedding)[:, None, None]
    ab = layers.Conv2D(2, 3, padding="same", activation="tanh", name="last")(layers.ReLU()(x))
    return keras.Model([L, embedding], ab)


Fit = Callable[..., Outcome]


@pytest.fixture
def fit(
    training: Examples, validation: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Fit:
    """Trains into a new folder of the test's own."""
    monkeypatch.chdir(tmp_path)  # DVCLive looks for a repository around the current folder

    def fit(model: keras.Model, name: str, seed: int = 1, **changes: object) -> Outcome:
        shutil.rmtree(tmp_path / name, ignore_errors=True)
        (tmp_path / name).mkdir()
        settings = SETTINGS.model_copy(update=changes)
        snapshots = Snapshots(tmp_path / "snapshots" / name, "identity")
        return train(model, training, validation, settings, seed, tmp_path / name, snapshots)

    return fit


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_seed_gives_the_same_files_and_another_seed_others(fit: Fit, tmp_path: Path) -> None:
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        fit(build_model("bn_maxpool", seed=1), name, seed=seed, epochs=1)
    files = {name: files_in(tmp_path / name) for name in ("first", "again", "other")}
    assert {"model.json", "model.weights.h5", "last.weights.h5", "history.csv"} <= set(
        files["first"]
    )
    assert any(name.startswith("dvclive/") and name.endswith(".png") for name in files["first"])
    assert files["again"] == files["first"]
    assert files["other"]["model.weights.h5"] != files["first"]["model.weights.h5"]
    assert files["other"]["model.json"] == files["first"]["model.json"]


def test_weight_files_hold_the_models_weights_and_no_optimizer_state(
    fit: Fit, tmp_path: Path
) -> None:
    model = small_model()
    fit(model, "a", epochs=1)
    for name in ("model.weights.h5", "last.weights.h5"):
        with h5py.File(tmp_path / "a" / name) as file:
            paths: list[str] = []
            file.visit(paths.append)
            values = [file[path] for path in paths if isinstance(file[path], h5py.Dataset)]
            assert sum(value.size for value in values) == model.count_params()
        assert not [path for path in paths if "optimizer" in path]


def mse_on(model: keras.Model, data: Examples) -> float:
    """Computed by NumPy, in one go."""
    L = np.asarray(data.images.L, np.float32)
    ab = np.asarray(model([L, data.embeddings], training=False), np.float64)
    return float(np.mean((ab - np.asarray(data.images.ab, np.float64)) ** 2))


def test_the_kept_weights_are_those_of_the_epoch_with_the_lowest_validation_mse(
    fit: Fit, tmp_path: Path, validation: Examples
) -> None:
    # A rate so high that the validation error goes up and down.
    model = small_model()
    outcome = fit(model, "a", epochs=6, learning_rate=0.2)
    history = pd.read_csv(tmp_path / "a" / "history.csv")
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    best = history.iloc[int(history["val_mse"].to_numpy().argmin())]
    assert outcome.best_epoch == best["epoch"]
    assert outcome.best_epoch < 6, "the last epoch is the best: this shows nothing"
    loaded = load_model(tmp_path / "a")
    assert mse_on(loaded, validation) == pytest.approx(best["val_mse"], rel=1e-4)
    loaded.load_weights(tmp_path / "a" / "last.weights.h5")
    assert mse_on(loaded, validation) == pytest.approx(history["val_mse"].iloc[-1], rel=1e-4)


def test_training_lowers_the_error(fit: Fit, tmp_path: Path) -> None:
    fit(small_model(), "a", epochs=8, learning_rate=0.01)
    history = pd.read_csv(tmp_path / "a" / "history.csv")
    assert history["train_mse"].iloc[-1] < 0.8 * history["train_mse"].iloc[0]


def test_the_learning_rate_decays_by_its_formula(fit: Fit, tmp_path: Path) -> None:
    fit(small_model(), "a", learning_rate=0.01, decay_steps=3, decay_rate=0.5)
    rates = pd.read_csv(tmp_path / "a" / "history.csv")["learning_rate"]
    # Two batches of 8 per epoch: after 2 and 4 steps.
    np.testing.assert_allclose(rates, [0.01 * 0.5 ** (2 / 3), 0.01 * 0.5 ** (4 / 3)], rtol=1e-5)


def test_a_penalty_is_in_the_objective_and_not_in_the_mse(
    fit: Fit, tmp_path: Path, validation: Examples
) -> None:
    model = small_model(penalty=0.5)
    before = model.get_layer("first").get_weights()[0]
    fit(model, "with", epochs=1, learning_rate=1e-9)  # so the weights stay
    fit(small_model(), "without", epochs=1, learning_rate=1e-9)
    penalized, plain = (
        pd.read_csv(tmp_path / name / "history.csv").iloc[0] for name in ("with", "without")
    )
    penalty = 0.5 * float((before**2).sum())  # L2(c) is c times the sum of squares
    assert penalty > 0.1
    assert penalized["objective"] == pytest.approx(penalized["train_mse"] + penalty, rel=1e-4)
    assert penalized["train_mse"] == pytest.approx(plain["train_mse"], rel=1e-4)
    assert penalized["val_mse"] == pytest.approx(mse_on(model, validation), rel=1e-4)
    assert plain["objective"] == pytest.approx(plain["train_mse"], rel=1e-5)


def test_the_monitored_scores_are_finite_and_of_a_picture(fit: Fit, tmp_path: Path) -> None:
    fit(small_model(), "a")
    history = pd.read_csv(tmp_path / "a" / "history.csv")
    assert history["val_psnr_rgb_db"].between(5, 60).all()
    assert history["val_ssim_rgb"].between(0, 1).all()


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
def test_a_loss_that_is_no_number_stops_the_training_in_one_line(fit: Fit) -> None:
    model = small_model()
    layer = model.get_layer("first")
    layer.set_weights([np.full_like(weights, np.nan) for weights in layer.get_weights()])
    with pytest.raises(ColorizationError, match=r"^the loss is nan .*lower train\.learning_rate$"):
        fit(model, "a")


def test_settings_have_no_defaults_to_forget() -> None:
    assert all(field.is_required() for field in Train.model_fields.values())
