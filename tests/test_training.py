"""A training is reproducible, keeps its best weights, and records correct scores."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers, ops
from keras.optimizers import LossScaleOptimizer
from scipy import special

from colorization.color import lab
from colorization.core.errors import ColorizationError
from colorization.core.model_records import TRAINING, Pretrained, TrainingRecord
from colorization.core.settings import Train, Variant
from colorization.dataset.examples import Examples
from colorization.networks import catalog, encoders
from colorization.networks.architecture import Architecture, Network, build_network
from colorization.networks.inputs import VariantInputs, write_inputs
from colorization.networks.objective import MSE, Objective
from colorization.networks.saving import load_model
from colorization.training import fitting
from colorization.training.checkpoints import Checkpoints
from colorization.training.fitting import Outcome
from colorization.training.logger import TrainingLogger
from colorization.training.training import Data, choose_images, train_variant
from samples import PARAMS, colors_of_scenes, examples, name_embeddings, network_of

SETTINGS = PARAMS.train.model_copy(
    update={"epochs": 2, "batch_size": 8, "num_val_images": 2, "flip": True}
)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return examples(tmp_path_factory.mktemp("training") / "train", 16)


@pytest.fixture(scope="module")
def validation(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return examples(tmp_path_factory.mktemp("training") / "validation", 4, first_seed=100)


def small_model(penalty: float = 0.0) -> keras.Model:
    """Two convolutions with a normalization between, drawn from one seed."""
    keras.utils.clear_session()  # restarts the numbering of the layers' names
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
    """Trains a network into a folder of the test."""
    monkeypatch.chdir(tmp_path)  # DVCLive looks for a repository around the current folder

    def fit(
        model: keras.Model | Network,
        name: str,
        seed: int = 1,
        objective: Objective = MSE,
        **changes: object,
    ) -> Outcome:
        shutil.rmtree(tmp_path / name, ignore_errors=True)
        (tmp_path / name).mkdir()
        settings = SETTINGS.model_copy(update=changes)
        checkpoints = Checkpoints(tmp_path / "checkpoints" / name, "identity")
        network = model if isinstance(model, Network) else network_of(model)
        data, folder = (training, validation), tmp_path / name
        return fitting.fit(network, objective, *data, settings, seed, folder, checkpoints)

    return fit


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_files_and_another_seed_others(
    fit: Fit, tmp_path: Path
) -> None:
    for name, seed in (("first", 1), ("same", 1), ("other", 2)):
        fit(small_model(), name, seed=seed, epochs=1)
    files = {name: files_in(tmp_path / name) for name in ("first", "same", "other")}
    assert {"model.json", "model.weights.h5", "last.weights.h5", "history.csv"} <= set(
        files["first"]
    )
    assert any(name.startswith("dvclive/") and name.endswith(".png") for name in files["first"])
    assert files["same"] == files["first"]
    assert files["other"]["model.weights.h5"] != files["first"]["model.weights.h5"]
    assert files["other"]["model.json"] == files["first"]["model.json"]


def test_weights_files_contain_no_optimizer_state(fit: Fit, tmp_path: Path) -> None:
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
    """By NumPy, in one batch."""
    L = np.asarray(data.images.L, np.float32)
    ab = np.asarray(model([L, data.embeddings], training=False), np.float64)
    return float(np.mean((ab - np.asarray(data.images.ab, np.float64)) ** 2))


def test_the_kept_weights_are_those_of_the_epoch_with_the_lowest_validation_mse(
    fit: Fit, tmp_path: Path, validation: Examples
) -> None:
    # With a learning rate so high that the validation error fluctuates.
    model = small_model()
    outcome = fit(model, "a", epochs=6, learning_rate=0.2)
    history = pd.read_csv(tmp_path / "a" / "history.csv")
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    best = history.iloc[int(history["val_mse"].to_numpy().argmin())]
    assert outcome.best_epoch == best["epoch"]
    assert outcome.best_epoch < 6, "the last epoch is the best, so this test is void"
    loaded = load_model(tmp_path / "a")
    assert mse_on(loaded, validation) == pytest.approx(best["val_mse"], rel=1e-4)
    loaded.load_weights(tmp_path / "a" / "last.weights.h5")
    assert mse_on(loaded, validation) == pytest.approx(history["val_mse"].iloc[-1], rel=1e-4)


def test_the_best_epoch_is_that_of_the_lowest_loss_even_if_its_mse_is_the_highest(
    fit: Fit, tmp_path: Path, validation: Examples
) -> None:
    perverse = replace(MSE, loss=lambda targets, ab: -keras.losses.mean_squared_error(targets, ab))
    outcome = fit(small_model(), "a", objective=perverse, epochs=3, learning_rate=0.01)
    history = pd.read_csv(tmp_path / "a" / "history.csv")
    assert history["val_mse"].is_monotonic_increasing
    assert outcome.best_epoch == 3
    kept = mse_on(load_model(tmp_path / "a"), validation)
    assert kept == pytest.approx(history["val_mse"].iloc[-1], rel=1e-4)


def test_training_reduces_the_error(fit: Fit, tmp_path: Path) -> None:
    fit(small_model(), "a", epochs=8, learning_rate=0.01)
    history = pd.read_csv(tmp_path / "a" / "history.csv")
    assert history["train_mse"].iloc[-1] < 0.8 * history["train_mse"].iloc[0]


def test_the_recorded_learning_rate_follows_the_exponential_schedule(
    fit: Fit, tmp_path: Path
) -> None:
    fit(small_model(), "a", learning_rate=0.01, decay_steps=3, decay_rate=0.5)
    rates = pd.read_csv(tmp_path / "a" / "history.csv")["learning_rate"]
    # Two batches of 8 per epoch: after 2 and 4 steps.
    np.testing.assert_allclose(rates, [0.01 * 0.5 ** (2 / 3), 0.01 * 0.5 ** (4 / 3)], rtol=1e-5)


def test_the_recorded_learning_rate_follows_the_cosine_schedule(fit: Fit, tmp_path: Path) -> None:
    fit(small_model(), "a", learning_rate=0.01, schedule="cosine")
    rates = pd.read_csv(tmp_path / "a" / "history.csv")["learning_rate"]
    np.testing.assert_allclose(rates, [0.005, 0], atol=1e-9)  # half way, and at the last step


def test_a_penalty_is_part_of_the_objective_but_not_of_the_mse(
    fit: Fit, tmp_path: Path, validation: Examples
) -> None:
    model = small_model(penalty=0.5)
    before = model.get_layer("first").get_weights()[0]
    fit(model, "with", epochs=1, learning_rate=1e-9)  # weights barely change
    fit(small_model(), "without", epochs=1, learning_rate=1e-9)
    penalized, plain = (
        pd.read_csv(tmp_path / name / "history.csv").iloc[0] for name in ("with", "without")
    )
    penalty = 0.5 * float((before**2).sum())  # L2(c) is c times the sum of squares
    assert penalty > 0.1
    assert penalized["train_loss"] == pytest.approx(penalized["train_mse"] + penalty, rel=1e-4)
    assert penalized["train_mse"] == pytest.approx(plain["train_mse"], rel=1e-4)
    assert penalized["val_mse"] == pytest.approx(mse_on(model, validation), rel=1e-4)
    assert plain["train_loss"] == pytest.approx(plain["train_mse"], rel=1e-5)


def test_validation_scores_are_those_of_the_first_photographs_in_tensorflow(
    fit: Fit, tmp_path: Path, validation: Examples
) -> None:
    fit(small_model(), "a", epochs=1, learning_rate=0.01)
    scores = pd.read_csv(tmp_path / "a" / "history.csv").iloc[0]
    model = load_model(tmp_path / "a")
    model.load_weights(tmp_path / "a" / "last.weights.h5")
    first = slice(SETTINGS.num_val_images)
    ab = model.predict_on_batch(validation.inputs(first))
    L = validation.images.L[first].astype(np.float32)
    rgb = np.stack([lab.lab_to_rgb(*pair) for pair in zip(L, ab, strict=True)])
    truth = np.asarray(validation.images.rgb[first])
    psnr, ssim = (
        np.mean(metric(truth, rgb, max_val=255)) for metric in (tf.image.psnr, tf.image.ssim)
    )
    assert scores["val_psnr_rgb_db"] == pytest.approx(psnr, rel=1e-3)
    assert scores["val_ssim_rgb"] == pytest.approx(ssim, rel=2e-3)


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
def test_a_loss_of_nan_stops_the_training_in_one_line(fit: Fit) -> None:
    model = small_model()
    layer = model.get_layer("first")
    layer.set_weights([np.full_like(weights, np.nan) for weights in layer.get_weights()])
    with pytest.raises(ColorizationError, match=r"^the loss is nan .*lower train\.learning_rate$"):
        fit(model, "a")


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
@pytest.mark.parametrize(("layer", "value"), [("first", np.nan), ("last", np.inf)])
def test_weights_that_become_infinite_in_the_last_step_are_not_saved(
    fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: str, value: float
) -> None:
    model = small_model()

    def corrupt(self: TrainingLogger, batch: int, logs: dict | None = None) -> None:
        if batch == 1:  # of two in an epoch
            model.get_layer(layer).bias.assign(np.full(model.get_layer(layer).bias.shape, value))

    monkeypatch.setattr(TrainingLogger, "on_train_batch_end", corrupt)
    with pytest.raises(ColorizationError) as caught:
        fit(model, "a")
    count = {"first": 8, "last": 2}[layer]
    assert str(caught.value) == (
        f"{count} weights are not finite after epoch 1; lower train.learning_rate"
    )
    assert not list((tmp_path / "a").glob("*.weights.h5"))
    assert not (tmp_path / "checkpoints").exists()


def test_infinite_moving_averages_stop_the_training(
    fit: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small_model()
    (normalization,) = (
        layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)
    )

    def corrupt(self: TrainingLogger, batch: int, logs: dict | None = None) -> None:
        normalization.moving_variance.assign(np.full(8, np.inf))

    monkeypatch.setattr(TrainingLogger, "on_train_batch_end", corrupt)
    with pytest.raises(ColorizationError, match=r"^8 weights are not finite after epoch 1; "):
        fit(model, "a")


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
def test_divergence_ends_in_one_line(fit: Fit, tmp_path: Path) -> None:
    with pytest.raises(ColorizationError) as caught:
        fit(small_model(), "a", learning_rate=1e30, batch_size=16)  # one batch in an epoch
    assert str(caught.value) == (
        "the validation MSE is nan after epoch 1; lower train.learning_rate"
    )
    assert not list((tmp_path / "a").glob("*.weights.h5"))


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
def test_an_infinite_validation_loss_stops_the_training(
    fit: Fit, tmp_path: Path, validation: Examples
) -> None:
    def loss(targets: keras.KerasTensor, ab: keras.KerasTensor) -> keras.KerasTensor:
        in_training = ops.not_equal(ops.shape(targets)[0], len(validation))
        return keras.losses.mean_squared_error(targets, ab) / ops.cast(in_training, "float32")

    with pytest.raises(ColorizationError) as caught:
        fit(small_model(), "a", objective=replace(MSE, loss=loss))
    assert str(caught.value) == (
        "the validation loss is inf after epoch 1; lower train.learning_rate"
    )
    assert not list((tmp_path / "a").glob("*.weights.h5"))


def test_settings_have_no_defaults() -> None:
    assert all(field.is_required() for field in Train.model_fields.values())


COLORS = np.array([[0, 0], [0, -0.25], [0, 0.25]], np.float32)  # gray, blue, yellow; as ab


def nearest(ab: np.ndarray) -> np.ndarray:
    """One-hot (N, H, W, 3): the nearest of COLORS."""
    distances = ((ab[..., None, :] - COLORS) ** 2).sum(axis=-1)
    return np.eye(3, dtype=np.float32)[distances.argmin(axis=-1)]


def expected_ab(logits: keras.KerasTensor) -> keras.KerasTensor:
    return ops.matmul(ops.softmax(logits), COLORS)


CLASSES = Objective(
    "classes",
    head=lambda logits: logits,
    target=nearest,
    loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    squared_error=lambda targets, logits: ops.mean(
        (ops.matmul(targets, COLORS) - expected_ab(logits)) ** 2, axis=-1
    ),
    to_ab=expected_ab,
)


def classifier() -> keras.Model:
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((1000,), name="embedding")
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(L)
    x = x + layers.Dense(8)(embedding)[:, None, None]
    return keras.Model([L, embedding], layers.Conv2D(3, 1, dtype="float32")(x))


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_classification_network_is_scored_and_saved_in_ab(
    fit: Fit, tmp_path: Path, training: Examples, validation: Examples, precision: str
) -> None:
    architecture = Architecture(classifier, "three classes of color", None, objective=CLASSES)
    network = build_network("classes", architecture, 1, precision)
    L, embeddings = training.inputs(slice(None))
    logits = np.asarray(network.training_model([L, embeddings], training=False), np.float64)
    fit(network, "a", objective=CLASSES, epochs=1, learning_rate=1e-9, flip=False)

    loaded = load_model(tmp_path / "a")
    assert loaded.output_shape == (None, None, None, 2)
    predicted = loaded.predict_on_batch([L, embeddings])
    assert predicted.dtype == np.float32
    assert np.abs(predicted).max() <= 0.25
    history = pd.read_csv(tmp_path / "a" / "history.csv").iloc[0]
    assert history["val_mse"] == pytest.approx(mse_on(loaded, validation), rel=1e-4)
    truth = nearest(np.asarray(training.images.ab, np.float32))
    assert (truth.mean(axis=(0, 1, 2)) > 0.05).all(), "not all classes occur"
    mse = float(((predicted - truth @ COLORS) ** 2).mean())
    assert history["train_mse"] == pytest.approx(mse, rel=2e-3)
    likelihoods = (special.log_softmax(logits, axis=-1) * truth).sum(axis=-1)
    assert history["train_loss"] == pytest.approx(-likelihoods.mean(), rel=2e-3)


def test_training_a_classification_network_reduces_the_error_of_ab(
    fit: Fit, tmp_path: Path
) -> None:
    architecture = Architecture(classifier, "three classes of color", None, objective=CLASSES)
    network = build_network("classes", architecture, seed=1)
    fit(network, "a", objective=CLASSES, epochs=8, learning_rate=0.01)
    history = pd.read_csv(tmp_path / "a" / "history.csv")
    assert history["train_mse"].iloc[-1] < 0.8 * history["train_mse"].iloc[0]
    assert history["val_mse"].min() < history["val_mse"].iloc[0]


def convolution() -> keras.Model:
    L = keras.Input((None, None, 1), name="L")
    return keras.Model([L], layers.Conv2D(2, 3, padding="same", activation="tanh")(L))


def test_with_float16_the_loss_is_scaled_also_after_resuming(fit: Fit, tmp_path: Path) -> None:
    """Gradients below float16's least number, 6e-8, would be 0 otherwise."""

    def convolution_and_embedding() -> keras.Model:
        L = keras.Input((None, None, 1), name="L")
        embedding = keras.Input((1000,), name="embedding")
        ab = layers.Conv2D(2, 3, padding="same")(L) + layers.Dense(2)(embedding)[:, None, None]
        return keras.Model([L, embedding], layers.Activation("tanh", dtype="float32")(ab))

    def trained(name: str, epochs: int) -> Network:
        architecture = Architecture(convolution_and_embedding, "a convolution", None)
        network = build_network("x", architecture, 1, "mixed_float16")
        fit(network, name, epochs=epochs, schedule="exponential")
        return network

    whole = trained("whole", 2)
    trained("parts", 1)
    resumed = trained("parts", 2)
    for network in (whole, resumed):
        assert isinstance(network.training_model.optimizer, LossScaleOptimizer)
    history, again = (pd.read_csv(tmp_path / name / "history.csv") for name in ("whole", "parts"))
    pd.testing.assert_frame_equal(again, history)
    assert history["train_loss"].is_monotonic_decreasing
    for weights, expected in zip(
        resumed.training_model.optimizer.variables,
        whole.training_model.optimizer.variables,
        strict=True,
    ):
        np.testing.assert_array_equal(weights, expected)


def with_or_without(*, embedding: bool) -> keras.Model:
    return small_model() if embedding else convolution()


ARCHITECTURES = {
    "plain": Architecture(convolution, "a convolution", None),
    "fused": Architecture(with_or_without, "with the embedding", None, takes_embedding=True),
    "encoded": Architecture(convolution, "as if it had an encoder", None, encoder="vgg16"),
}
EMBEDDING = Pretrained(network="mobilenet_v2", weights="random", precision="float32")


def line(network: str, embedding: str = "none", encoder: str = "none", **train: Any) -> Variant:
    """A line of `variants`."""
    content = {"network": network, "embedding": embedding, "encoder": encoder, "train": train}
    return Variant.model_validate(content)


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TrainingRecord]:
    """Trains a variant, by its line, from files, into models/a."""
    monkeypatch.chdir(tmp_path)
    for name, architecture in ARCHITECTURES.items():
        module = SimpleNamespace(ARCHITECTURE=architecture)
        monkeypatch.setitem(sys.modules, f"colorization.architectures.{name}", module)
    embeddings = tmp_path / "embeddings"
    embeddings.mkdir()
    for split, count in (("train", 6), ("validation", 2)):
        examples(tmp_path / "lab" / split, count)
        np.save(embeddings / f"{split}.npy", np.zeros((count, 1000), np.float32))
    name_embeddings(embeddings, {"train": 6, "validation": 2})
    np.save(embeddings / "normalization.npy", np.ones((2, 1000), np.float32))
    EMBEDDING.write(embeddings / "identity.json")
    (tmp_path / "colors").mkdir()
    colors_of_scenes().write(tmp_path / "colors")

    def train(variant: Variant) -> TrainingRecord:
        inputs = VariantInputs(
            line=variant,
            encoder=Pretrained(network=variant.encoder, weights="random")
            if variant.encoder != "none"
            else None,
            embeddings=embeddings if variant.embedding != "none" else None,
        )
        data = Data(tmp_path / "lab", tmp_path / "colors", inputs)
        out, checkpoint_dir = tmp_path / "models" / "a", tmp_path / "checkpoints"
        hash_cache = tmp_path / "hashes.json"
        train_variant("x", 1, SETTINGS, PARAMS.encoders, data, out, checkpoint_dir, hash_cache)
        assert not checkpoint_dir.exists()
        return TrainingRecord.read(out / TRAINING)

    return train


Trains = Callable[..., TrainingRecord]


def test_a_network_without_embedding_or_encoder_is_trained(train: Trains, tmp_path: Path) -> None:
    record = train(line("plain"))
    assert (record.variant, record.network, record.seed) == ("x", "plain", 1)
    assert record.objective == "mse"
    assert record.embedding is record.encoder is record.pretrained is record.random_network is None
    assert (record.training_images, record.image_size, record.parameters) == (6, 32, 20)
    assert not (tmp_path / "models/a/embedding.npy").exists()
    ab = load_model(tmp_path / "models/a").predict_on_batch([np.zeros((1, 32, 64, 1), np.float32)])
    assert ab.shape == (1, 32, 64, 2)


def test_a_model_with_the_embedding_keeps_its_standardization(
    train: Trains, tmp_path: Path
) -> None:
    record = train(line("fused", "imagenet"))
    assert record.embedding == record.pretrained == EMBEDDING
    assert (record.encoder, record.random_network) == (None, "mobilenet_v2")
    source, copy = (tmp_path / name for name in ("embeddings/normalization.npy", "models/a"))
    assert (copy / "embedding.npy").read_bytes() == source.read_bytes()


def test_a_network_that_can_take_the_embedding_is_trained_without_it(
    train: Trains, tmp_path: Path
) -> None:
    record = train(line("fused"))
    assert (record.embedding, record.parameters) == (None, 20)
    assert len(load_model(tmp_path / "models/a").inputs) == 1


def test_overrides_are_applied_and_recorded(train: Trains, tmp_path: Path) -> None:
    record = train(line("plain", epochs=1, learning_rate=0.5, schedule="cosine"))
    assert (record.train.epochs, record.train.learning_rate) == (1, 0.5)
    assert record.train == SETTINGS.override(
        {"epochs": 1, "learning_rate": 0.5, "schedule": "cosine"}, "x"
    )
    history = pd.read_csv(tmp_path / "models/a/history.csv")
    assert history["learning_rate"].tolist() == [0.0]


def test_an_invalid_override_is_refused_before_the_training(train: Trains, tmp_path: Path) -> None:
    with pytest.raises(ColorizationError) as caught:
        train(line("plain", epochs=0))
    assert str(caught.value) == (
        "variants.x.train.epochs must be greater than or equal to 1; found 0"
    )
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("overrides", "setting"),
    [
        ({"min_chroma": 134.0}, "variants.x.train.min_chroma"),
        ({"epochs": 1}, "train.min_chroma"),
    ],
)
def test_an_error_names_the_line_that_sets_what_it_is_about(
    train: Trains, monkeypatch: pytest.MonkeyPatch, overrides: dict, setting: str
) -> None:
    settings = SETTINGS.model_copy(update={"min_chroma": 134.0})
    monkeypatch.setitem(globals(), "SETTINGS", settings)
    with pytest.raises(ColorizationError, match=rf"^{setting}: no training image"):
        train(line("plain", **overrides))


def test_a_fraction_of_the_images_is_trained_on_for_as_many_steps(
    train: Trains, tmp_path: Path
) -> None:
    whole = train(line("plain"))
    half = train(line("plain", fraction=0.5))
    assert (whole.training_images, whole.train.epochs, whole.train.fraction) == (6, 2, 1.0)
    assert (half.training_images, half.train.epochs, half.train.fraction) == (3, 4, 0.5)
    assert len(pd.read_csv(tmp_path / "models/a/history.csv")) == 4
    # Its own images are those that the gap compares with others.
    assert np.load(tmp_path / "models/a/training_images.npy").tolist() == [0, 2, 4]


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (1.0, list(range(16))),
        (0.5, list(range(0, 16, 2))),
        (0.25, [0, 4, 8, 12]),
        (0.3, [0, 3, 6, 10, 13]),
        (0.01, [0]),
    ],
)
def test_a_fraction_of_the_images_is_evenly_spaced(
    training: Examples, fraction: float, expected: list[int]
) -> None:
    settings = SETTINGS.model_copy(update={"fraction": fraction})
    assert choose_images(training, settings).tolist() == expected


@pytest.mark.parametrize("fraction", [1.0, 0.5])
def test_images_of_low_chroma_are_excluded(training: Examples, fraction: float) -> None:
    ab = np.array(training.images.ab, np.float64)
    chroma = 128 * np.hypot(ab[..., 0], ab[..., 1]).mean(axis=(1, 2))
    min_chroma = float(np.median(chroma))
    settings = SETTINGS.model_copy(update={"fraction": fraction, "min_chroma": min_chroma})
    step = round(1 / fraction)
    expected = np.flatnonzero((chroma >= min_chroma) & (np.arange(16) % step == 0))
    assert 0 < len(expected) < 16 // step
    np.testing.assert_array_equal(choose_images(training, settings), expected)


def test_if_all_images_are_of_low_chroma_the_error_names_the_largest(training: Examples) -> None:
    settings = SETTINGS.model_copy(update={"min_chroma": 130.0})
    with pytest.raises(
        ColorizationError,
        match=r"^train\.min_chroma: no training image has a mean chroma of at least 130; "
        r"the largest is \d+(\.\d+)?$",
    ):
        choose_images(training, settings)


@pytest.mark.parametrize("multiplier", [0.0, 0.1])
def test_an_encoder_is_trained_as_its_network_says_or_as_a_whole(
    train: Trains, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, multiplier: float
) -> None:
    def small_vgg(**_: Any) -> keras.Model:
        """The layers of VGG16 that the network names, with fewer filters and blocks."""
        image = keras.Input((None, None, 3))
        x = layers.Conv2D(4, 3, padding="same", activation="relu", name="block1_conv1")(image)
        x = layers.Conv2D(4, 3, padding="same", activation="relu", name="block1_conv2")(x)
        return keras.Model(image, layers.MaxPooling2D(32, name="block5_pool")(x))

    vgg16 = replace(encoders.ENCODERS["vgg16"], build=small_vgg)
    monkeypatch.setitem(encoders.ENCODERS, "vgg16", vgg16)
    variant = line("vgg16_repeat", encoder="vgg16", epochs=1, encoder_lr_multiplier=multiplier)
    train(variant)
    trained = load_model(tmp_path / "models/a").get_layer("vgg16")
    initial = build_network("x", catalog.load("vgg16_repeat"), 1).model.get_layer("vgg16")
    changes = {
        layer.name: np.abs(np.array(layer.kernel) - initial.get_layer(layer.name).kernel).max()
        for layer in trained.layers
        if layer.weights
    }
    assert changes["block1_conv1"] > 0
    assert (changes["block1_conv2"] > 0) == (multiplier > 0)
    if multiplier:  # Adam's two steps: at most twice the learning rate, and then its multiple
        assert max(changes.values()) < 3 * multiplier * SETTINGS.learning_rate


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """Writes a variant's inputs, some of them changed, and reads the files back."""
    for folder, seed in (("imagenet", 1), ("other", 2)):
        (tmp_path / folder).mkdir()
        rng = np.random.default_rng(seed)
        np.save(tmp_path / folder / "train.npy", rng.normal(size=(2, 1000)).astype(np.float32))
        EMBEDDING.write(tmp_path / folder / "identity.json")
    for weights in ("one", "two"):
        Pretrained(network="vgg16", weights=weights).write(tmp_path / f"{weights}.json")
    for source in ("a", "b"):
        (tmp_path / f"{source}.py").write_text(source)

    def write(
        variant: Variant, source: str = "a", weights: str = "one", embeddings: str = "imagenet"
    ) -> dict[str, bytes]:
        out = tmp_path / "inputs"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        paths = tmp_path / f"{source}.py", tmp_path / f"{weights}.json", tmp_path / embeddings
        write_inputs(variant, *paths, out)
        return files_in(out)

    return write


def test_a_variants_inputs_change_with_its_line_source_encoder_and_embeddings(
    written: Callable[..., dict[str, bytes]], tmp_path: Path
) -> None:
    fused, encoded = line("fused", "imagenet"), line("encoded", encoder="vgg16")
    for variant, same, others in (
        (
            fused,
            {"weights": "two"},  # of an encoder that it does not have
            [{"source": "b"}, {"embeddings": "other"}],
        ),
        (encoded, {"embeddings": "other"}, [{"source": "b"}, {"weights": "two"}]),
    ):
        files = written(variant)
        assert written(variant) == written(variant, **same) == files
        changed = variant.model_copy(update={"train": {"epochs": 3}})
        assert written(changed) != files
        for change in others:
            assert written(variant, **change) != files
    assert set(written(encoded)) == {"variant.json"}
    inputs = VariantInputs.read(tmp_path / "inputs")
    assert (inputs.line, inputs.embeddings, inputs.embedding()) == (encoded, None, None)
    assert inputs.encoder == Pretrained(network="vgg16", weights="one")
    written(fused)
    inputs = VariantInputs.read(tmp_path / "inputs")
    assert (inputs.line, inputs.encoder) == (fused, None)
    assert inputs.embeddings == tmp_path / "inputs" / "embeddings"
    assert inputs.embedding() == EMBEDDING
