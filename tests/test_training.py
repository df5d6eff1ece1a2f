"""A training is reproducible, keeps its best weights, and measures what it says."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers, ops
from scipy import special

from colorization.backbones.weights import Pretrained
from colorization.core.errors import ColorizationError
from colorization.core.settings import Train
from colorization.dataset.examples import Examples
from colorization.networks.architecture import Network, build_network
from colorization.networks.objective import MSE, Objective
from colorization.networks.record import TRAINING, TrainingRecord
from colorization.networks.saving import load_model
from colorization.training import fitting
from colorization.training.checkpoints import Checkpoints
from colorization.training.fitting import Outcome
from colorization.training.logger import TrainingLogger
from colorization.training.training import Inputs, train_variant
from samples import PARAMS, examples, network_of

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
    keras.utils.clear_session()  # which numbers the layers' names from one again
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

    def fit(
        trained: keras.Model | Network,
        name: str,
        seed: int = 1,
        objective: Objective = MSE,
        **changes: object,
    ) -> Outcome:
        shutil.rmtree(tmp_path / name, ignore_errors=True)
        (tmp_path / name).mkdir()
        settings = SETTINGS.model_copy(update=changes)
        checkpoints = Checkpoints(tmp_path / "checkpoints" / name, "identity")
        network = trained if isinstance(trained, Network) else network_of(trained)
        data, folder = (training, validation), tmp_path / name
        return fitting.fit(network, objective, *data, settings, seed, folder, checkpoints)

    return fit


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_seed_gives_the_same_files_and_another_seed_others(fit: Fit, tmp_path: Path) -> None:
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        fit(small_model(), name, seed=seed, epochs=1)
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


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
@pytest.mark.parametrize(("layer", "value"), [("first", np.nan), ("last", np.inf)])
def test_weights_that_are_lost_in_the_last_step_stop_the_training_before_they_are_kept(
    fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: str, value: float
) -> None:
    model = small_model()

    def lose(self: TrainingLogger, batch: int, logs: dict | None = None) -> None:
        if batch == 1:  # of two in an epoch
            model.get_layer(layer).bias.assign(np.full(model.get_layer(layer).bias.shape, value))

    monkeypatch.setattr(TrainingLogger, "on_train_batch_end", lose)
    with pytest.raises(ColorizationError) as caught:
        fit(model, "a")
    count = {"first": 8, "last": 2}[layer]
    assert str(caught.value) == (
        f"{count} weights are not finite after epoch 1; lower train.learning_rate"
    )
    assert not list((tmp_path / "a").glob("*.weights.h5"))
    assert not (tmp_path / "checkpoints").exists()


def test_moving_averages_that_are_lost_stop_the_training(
    fit: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small_model()
    (normalization,) = (
        layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)
    )

    def lose(self: TrainingLogger, batch: int, logs: dict | None = None) -> None:
        normalization.moving_variance.assign(np.full(8, np.inf))

    monkeypatch.setattr(TrainingLogger, "on_train_batch_end", lose)
    with pytest.raises(ColorizationError, match=r"^8 weights are not finite after epoch 1; "):
        fit(model, "a")


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
def test_a_learning_rate_out_of_all_proportion_ends_in_one_line(fit: Fit, tmp_path: Path) -> None:
    with pytest.raises(ColorizationError) as caught:
        fit(small_model(), "a", learning_rate=1e30, batch_size=16)  # one batch in an epoch
    assert str(caught.value) == (
        "the validation MSE is nan after epoch 1; lower train.learning_rate"
    )
    assert not list((tmp_path / "a").glob("*.weights.h5"))


def test_settings_have_no_defaults_to_forget() -> None:
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
def test_a_variant_that_learns_classes_is_measured_and_saved_in_ab(
    fit: Fit, tmp_path: Path, training: Examples, validation: Examples, precision: str
) -> None:
    variant = Variant(classifier, "three classes of color", None, objective=CLASSES)
    network = build_network("classes", variant, 1, precision)
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
    assert (truth.mean(axis=(0, 1, 2)) > 0.05).all(), "not all of the classes occur"
    between = float(((predicted - truth @ COLORS) ** 2).mean())
    assert history["train_mse"] == pytest.approx(between, rel=2e-3)
    likelihoods = (special.log_softmax(logits, axis=-1) * truth).sum(axis=-1)
    assert history["objective"] == pytest.approx(-likelihoods.mean(), rel=2e-3)


def test_learning_classes_lowers_the_error_of_ab(fit: Fit, tmp_path: Path) -> None:
    variant = Variant(classifier, "three classes of color", None, objective=CLASSES)
    network = build_network("classes", variant, seed=1)
    fit(network, "a", objective=CLASSES, epochs=8, learning_rate=0.01)
    history = pd.read_csv(tmp_path / "a" / "history.csv")
    assert history["train_mse"].iloc[-1] < 0.8 * history["train_mse"].iloc[0]
    assert history["val_mse"].min() < history["val_mse"].iloc[0]


def sees_l_alone() -> keras.Model:
    L = keras.Input((None, None, 1), name="L")
    return keras.Model([L], layers.Conv2D(2, 3, padding="same", activation="tanh")(L))


MADE_UP = {
    "alone": Variant(sees_l_alone, "a convolution", None),
    "alone_one_in_2": Variant(sees_l_alone, "on one image in 2", None, one_in=2),
    "encoded": Variant(sees_l_alone, "as if it had an encoder", None, encoder="vgg16"),
    "embedded": Variant(small_model, "with the embedding", None),
}
EMBEDDING = Pretrained(network="mobilenet_v2", weights="random", precision="float32")
VGG16, VGG19 = (Pretrained(network=name, weights="random") for name in ("vgg16", "vgg19"))


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TrainingRecord]:
    """Trains a variant that is made up, from files, into models/a."""
    monkeypatch.chdir(tmp_path)
    for name, variant in MADE_UP.items():
        module = SimpleNamespace(VARIANT=variant)
        monkeypatch.setitem(sys.modules, f"colorization.architectures.{name}", module)
    embeddings = tmp_path / "embeddings"
    embeddings.mkdir()
    for part, count in (("train", 6), ("validation", 2)):
        examples(tmp_path / "lab" / part, count)
        np.save(embeddings / f"{part}.npy", np.zeros((count, 1000), np.float32))
    np.save(embeddings / "normalization.npy", np.ones((2, 1000), np.float32))
    EMBEDDING.write(embeddings / "identity.json")

    def train(
        name: str, *, with_embedding: bool = False, encoder: Pretrained | None = None
    ) -> TrainingRecord:
        inputs = Inputs(
            tmp_path / "lab", embeddings if with_embedding else None, encoder, PARAMS.encoders
        )
        out = tmp_path / "models" / "a"
        unfinished = tmp_path / "unfinished"
        train_variant(name, 1, SETTINGS, inputs, out, unfinished, tmp_path / "memory.json")
        assert not unfinished.exists()
        return TrainingRecord.read(out / TRAINING)

    return train


Trains = Callable[..., TrainingRecord]


def test_a_variant_with_neither_embedding_nor_encoder_is_trained(
    train: Trains, tmp_path: Path
) -> None:
    record = train("alone")
    assert (record.variant, record.seed, record.objective) == ("alone", 1, "mse")
    assert record.embedding is record.encoder is record.pretrained is record.random_network is None
    assert (record.training_images, record.image_size, record.parameters) == (6, 32, 20)
    assert not (tmp_path / "models/a/embedding.npy").exists()
    ab = load_model(tmp_path / "models/a").predict_on_batch([np.zeros((1, 32, 64, 1), np.float32)])
    assert ab.shape == (1, 32, 64, 2)


def test_a_variant_with_the_embedding_keeps_how_it_was_standardized(
    train: Trains, tmp_path: Path
) -> None:
    record = train("embedded", with_embedding=True)
    assert record.embedding == record.pretrained == EMBEDDING
    assert (record.encoder, record.random_network) == (None, "mobilenet_v2")
    given, kept = (tmp_path / name for name in ("embeddings/normalization.npy", "models/a"))
    assert (kept / "embedding.npy").read_bytes() == given.read_bytes()


def test_on_fewer_images_there_are_as_many_steps(train: Trains, tmp_path: Path) -> None:
    whole = train("alone")
    fewer = train("alone_one_in_2")
    assert (whole.training_images, whole.train.epochs) == (6, 2)
    assert (fewer.training_images, fewer.train.epochs, fewer.one_in) == (3, 4, 2)
    assert len(pd.read_csv(tmp_path / "models/a/history.csv")) == 4


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("alone", {"with_embedding": True}, "alone belongs into study.without_embedding"),
        ("embedded", {}, "embedded belongs into study.with_embedding"),
        ("embedded", {"encoder": VGG16}, "embedded belongs into study.with_embedding"),
        (
            "alone",
            {"encoder": VGG16},
            "study.without_embedding.alone must be none; found vgg16",
        ),
        ("encoded", {}, "study.without_embedding.encoded must be vgg16; found none"),
        (
            "encoded",
            {"encoder": VGG19},
            "study.without_embedding.encoded must be vgg16; found vgg19",
        ),
    ],
)
def test_a_variant_that_is_given_what_it_does_not_see_is_refused_before_it_is_trained(
    train: Trains, tmp_path: Path, name: str, given: dict, message: str
) -> None:
    with pytest.raises(ColorizationError) as caught:
        train(name, **given)
    assert str(caught.value) == f"params.yaml: {message}"
    assert not (tmp_path / "models").exists()
