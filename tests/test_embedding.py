"""Embeddings are computed from luminance alone, in the range each network was trained on."""

import errno
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from colorization.color import lab
from colorization.core.errors import ColorizationError
from colorization.core.settings import Embed, EmbeddingNetwork
from colorization.dataset.splits import SPLITS
from colorization.embedding import imagenet, standardization
from colorization.embedding.imagenet import Predict, compile_embedder
from colorization.embedding.writing import write_embeddings
from samples import examples, scene

IMAGES = 4


SIDE = imagenet.NETWORKS["mobilenet_v2"].image_size  # px; of `laptop`


def embed(predict: Predict, L: np.ndarray, batch_size: int, side: int = SIDE) -> np.ndarray:
    """Compute logits without interruption."""
    with tempfile.TemporaryDirectory() as folder:
        return imagenet.embed(predict, L, side, batch_size, Path(folder) / "logits", "embedding")


@pytest.mark.parametrize(
    ("network", "weights", "precision", "chosen"),
    [
        ("inception_resnet_v2", "imagenet", "auto", "mixed_bfloat16"),
        ("inception_resnet_v2", "random", "auto", "float32"),
        ("inception_resnet_v2", "random", "mixed_bfloat16", "mixed_bfloat16"),
        ("mobilenet_v2", "imagenet", "auto", "float32"),
        ("mobilenet_v2", "imagenet", "mixed_bfloat16", "mixed_bfloat16"),
    ],
)
def test_auto_is_float32_for_depthwise_networks_and_random_weights(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    network: EmbeddingNetwork,
    weights: str,
    precision: Any,
    chosen: str,
) -> None:
    monkeypatch.setattr(
        "colorization.backbones.precision.cpu_info", lambda: {"flags": "amx_tile amx_bf16"}
    )
    params = Embed(network=network, weights=weights, seed=1, batch_size=1, precision=precision)
    assert imagenet.precision_of(params) == chosen
    assert (f"precision: {chosen}" in capsys.readouterr().out) == (precision == "auto")


def luminance(side: int) -> np.ndarray:
    """L of a few scenes."""
    return lab.rgb_to_lab(np.stack([scene(seed, side, side) for seed in range(IMAGES)]))[0]


class Case:
    """A network with random weights, and with the same weights loaded from a file."""

    def __init__(self, name: EmbeddingNetwork, folder: Path) -> None:
        self.network = imagenet.NETWORKS[name]
        self.params = Embed(
            network=name, weights="random", seed=7, batch_size=IMAGES, precision="float32"
        )
        self.random = imagenet.build_embedder(self.params)
        self.predict = compile_embedder(self.random)
        self.classifier = imagenet.build_classifier(self.params)
        self.path = folder / f"{name}.weights.h5"
        self.classifier.save_weights(self.path)
        self.L = luminance(self.network.image_size)  # so that nothing is resized
        self.from_file = self.params.model_copy(update={"weights": str(self.path), "seed": 8})


@pytest.fixture(scope="module", params=imagenet.NETWORKS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(request.param, tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def logits(case: Case) -> np.ndarray:
    return embed(case.predict, case.L, IMAGES, case.network.image_size)


def spread(embeddings: np.ndarray) -> float:
    """Standard deviation between images, relative to the mean magnitude."""
    return float(embeddings.std(axis=0).mean() / np.abs(embeddings).mean())


def test_logits_are_float32_and_not_probabilities(logits: np.ndarray) -> None:
    assert (logits.shape, logits.dtype) == ((IMAGES, 1000), np.float32)
    assert np.isfinite(logits).all()
    assert logits.min() < 0
    assert abs(logits.sum(axis=1) - 1).min() > 0.01


def test_standardized_embeddings_of_random_networks_differ_between_images(
    logits: np.ndarray,
) -> None:
    stored = standardization.normalize(logits, standardization.fit_normalization(logits, "random"))
    assert stored.dtype == np.float32
    assert np.isfinite(stored).all()
    assert spread(stored) > 0.1
    np.testing.assert_allclose(stored.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(stored.std(axis=0), 1, atol=1e-2)


@pytest.mark.parametrize("case", ["mobilenet_v2"], indirect=True)
def test_logits_of_a_weights_file_stay_raw(case: Case, logits: np.ndarray) -> None:
    loaded = imagenet.build_embedder(case.from_file)
    again = np.asarray(loaded(case.L[:2], training=False))
    np.testing.assert_allclose(again, logits[:2], atol=1e-4 * np.abs(logits).max())
    stored = standardization.normalize(
        logits, standardization.fit_normalization(logits, case.from_file.weights)
    )
    np.testing.assert_array_equal(stored, logits)
    assert spread(stored) > 0.1


def test_the_networks_input_is_the_luminance_in_its_range_stacked_three_times(
    case: Case, logits: np.ndarray
) -> None:
    L_star = (case.L[:1].astype(np.float64) + 1) * 50  # 0..100
    # All three networks were trained on x / 127.5 - 1 of 0..255 (keras.applications, mode "tf").
    network_input = np.repeat(L_star * 2.55 / 127.5 - 1, 3, axis=-1).astype(np.float32)
    expected = np.asarray(case.classifier(network_input, training=False))
    np.testing.assert_allclose(logits[:1], expected, atol=1e-4 * np.abs(expected).max())
    dark = np.asarray(
        case.classifier((network_input + 1) / 255 - 1, training=False)
    )  # the trap: 0..1
    assert np.abs(logits[:1] - dark).max() > 0.05 * np.abs(expected).max()


def test_logits_do_not_depend_on_the_batches(case: Case, logits: np.ndarray) -> None:
    padded = embed(case.predict, case.L[:1], IMAGES, case.network.image_size)
    single = np.asarray(case.random(case.L[1:2], training=False))
    tolerance = 1e-4 * np.abs(logits).max()  # float32 sums in another order
    np.testing.assert_allclose(padded, logits[:1], atol=tolerance)
    np.testing.assert_allclose(single, logits[1:2], atol=tolerance)


def test_the_rounding_of_the_cache_hardly_changes_logits(case: Case, logits: np.ndarray) -> None:
    cached = embed(case.predict, case.L.astype(np.float16), IMAGES, case.network.image_size)
    assert np.abs(cached - logits).max() < 0.02 * np.abs(logits).max()


@pytest.fixture(scope="module")
def laptop() -> Embed:
    return Embed(
        network="mobilenet_v2", weights="random", seed=1, batch_size=2, precision="float32"
    )


@pytest.fixture(scope="module")
def embedder(laptop: Embed) -> keras.Model:
    return imagenet.build_embedder(laptop)


@pytest.fixture(scope="module")
def predict(embedder: keras.Model) -> Predict:
    return compile_embedder(embedder)


def test_the_softmax_of_the_logits_is_the_published_classifiers_output(
    tmp_path: Path, laptop: Embed
) -> None:
    keras.utils.set_random_seed(5)
    published = keras.applications.MobileNetV2(weights=None)  # ends in a softmax
    # Random logits are about 1e-12, so that their softmax would be constant.
    kernel, bias = published.layers[-1].get_weights()
    published.layers[-1].set_weights([kernel * 1e12, bias])
    path = tmp_path / "published.weights.h5"
    published.save_weights(path)
    L = np.random.default_rng(1).uniform(-1, 1, (2, 224, 224, 1)).astype(np.float32)
    expected = np.asarray(published.predict_on_batch(np.repeat(L, 3, axis=-1)), np.float64)
    embedder = imagenet.build_embedder(laptop.model_copy(update={"weights": str(path)}))
    logits = embed(compile_embedder(embedder), L, 2).astype(np.float64)
    assert spread(logits) > 0
    assert logits.std() > 0.01
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax, expected, rtol=1e-3)


def test_the_seed_determines_the_random_weights(laptop: Embed, embedder: keras.Model) -> None:
    L = luminance(SIDE)
    again, other = (
        imagenet.build_embedder(laptop.model_copy(update={"seed": seed})) for seed in (1, 2)
    )
    first, again, other = (np.asarray(network(L)) for network in (embedder, again, other))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1 * np.abs(first).max()


@pytest.mark.parametrize("batch_size", [3, 7])
def test_small_images_are_enlarged_and_the_last_batch_is_padded(
    embedder: keras.Model, predict: Predict, batch_size: int
) -> None:
    uniform = np.linspace(-1, 1, 5, dtype=np.float32).reshape(5, 1, 1, 1)
    # A uniform image stays uniform at any size.
    small = embed(predict, np.broadcast_to(uniform, (5, 32, 32, 1)), batch_size)
    large = np.asarray(embedder(np.broadcast_to(uniform, (5, 224, 224, 1)), training=False))
    assert small.shape == (5, 1000)
    np.testing.assert_allclose(small, large, atol=1e-3 * np.abs(large).max())


def test_a_constant_logit_is_not_divided_by_zero() -> None:
    logits = np.ones((5, 1000), np.float32)
    stored = standardization.normalize(logits, standardization.fit_normalization(logits, "random"))
    assert (stored == 0).all()


def dense(path: Path) -> None:
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save_weights(path)


def another_width(path: Path) -> None:
    keras.applications.MobileNetV2(weights=None, alpha=0.35).save_weights(path)


def without_top(path: Path) -> None:
    keras.applications.MobileNetV2(weights=None, include_top=False).save_weights(path)


def text(path: Path) -> None:
    path.write_text("a letter")


def nothing(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("write", "suffix"),
    [
        *product([dense, text, nothing], [".weights.h5", ".h5"]),
        (another_width, ".weights.h5"),
        (without_top, ".h5"),
    ],
)
def test_a_file_without_the_networks_weights_is_refused_in_one_line(
    tmp_path: Path, laptop: Embed, write: Callable[[Path], None], suffix: str
) -> None:
    path = tmp_path / "a.weights.h5"
    write(path)
    path = path.rename(tmp_path / f"other{suffix}")
    with pytest.raises(ColorizationError) as caught:
        imagenet.build_embedder(laptop.model_copy(update={"weights": str(path)}))
    message = str(caught.value)
    assert message.startswith(f"embed.weights: {path} does not contain weights of mobilenet_v2")
    assert "\n" not in message


@pytest.mark.parametrize("case", ["mobilenet_v2"], indirect=True)
def test_weights_of_another_network_are_refused_by_name(
    case: Case, tmp_path: Path, laptop: Embed
) -> None:
    params = laptop.model_copy(update={"network": "inception_v3", "weights": str(case.path)})
    with pytest.raises(ColorizationError, match="does not contain weights of inception_v3"):
        imagenet.build_embedder(params)


def test_offline_the_message_says_where_to_put_the_file(offline: None, laptop: Embed) -> None:
    with pytest.raises(ColorizationError) as caught:
        imagenet.build_embedder(laptop.model_copy(update={"weights": "imagenet"}))
    message = str(caught.value)
    assert "\n" not in message
    assert "mobilenet_v2" in message
    assert "~/.keras/models" in message
    assert "Temporary failure in name resolution" in message
    assert "embed.weights" in message
    assert "random" in message


def test_an_interrupted_embedding_resumes_to_the_same_bits(
    tmp_path: Path, predict: Predict, monkeypatch: pytest.MonkeyPatch
) -> None:
    L = luminance(64)[[0, 1, 2, 3, 0]]
    expected = embed(predict, L, 2)
    checkpoint = tmp_path / "new" / "logits"
    imagenet.embed(predict, L, SIDE, 2, checkpoint, "embedding")
    complete = checkpoint.read_bytes()
    read_ahead = imagenet._read_ahead
    computed: list[int] = []

    def counted(L: np.ndarray, side: int, batch_size: int) -> Iterator[np.ndarray]:
        for batch in read_ahead(L, side, batch_size):
            computed.append(len(batch))
            yield batch

    monkeypatch.setattr(imagenet, "_read_ahead", counted)
    row = 4032  # bytes: 1000 float32 and their hash
    # A kill may leave any number of bytes: within a row, within a batch, or nothing.
    for kept in (0, 17, row, 2 * row, 3 * row + 1, len(complete) - 1, len(complete)):
        checkpoint.write_bytes(complete[:kept])
        computed.clear()
        resumed = imagenet.embed(predict, L, SIDE, 2, checkpoint, "embedding")
        np.testing.assert_array_equal(resumed, expected)
        assert len(computed) == 3 - (3 if kept == len(complete) else kept // (2 * row))
        assert checkpoint.read_bytes() == complete


def sums(L: np.ndarray) -> np.ndarray:
    """A substitute for a network, with different logits for each image."""
    return L.sum(axis=(1, 2, 3))[:, None] + np.arange(imagenet.CLASSES, dtype=np.float32)


HALF = 2 * 4032  # bytes: two of four images


@pytest.mark.parametrize(
    ("damage", "intact"),
    [
        (lambda _, __: b"", ""),
        (lambda own, _: own[: len(own) // 2], ""),
        (lambda own, _: bytes(len(own)), "0 images"),
        (lambda own, _: own[:HALF] + bytes(HALF), "2 images"),
        (lambda own, _: own[:5000] + bytes([own[5000] ^ 1]) + own[5001:], "1 images"),
        (lambda own, _: own[:HALF] + own[:HALF], "2 images"),
        (lambda _, other: other, "0 images"),
    ],
    ids=["empty", "truncated", "zeros", "half zeros", "a bit", "a batch twice", "another split's"],
)
def test_a_corrupt_checkpoint_is_resumed_before_its_first_corrupt_row(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[bytes, bytes], bytes],
    intact: str,
) -> None:
    L = luminance(32)
    own, other = (tmp_path / name for name in ("own", "other"))
    expected = imagenet.embed(sums, L, 32, 2, own, "embedding")
    imagenet.embed(sums, L[::-1], 32, 2, other, "embedding")
    capsys.readouterr()
    own.write_bytes(damage(own.read_bytes(), other.read_bytes()))
    resumed = imagenet.embed(sums, L, 32, 2, own, "embedding")
    np.testing.assert_array_equal(resumed, expected)
    lines = [line for line in capsys.readouterr().out.splitlines() if str(own) in line]
    expected_lines = [f"{own}: corrupt after {intact}; resuming from there"] if intact else []
    assert lines == expected_lines


def test_a_full_disk_is_an_error_at_that_batch(tmp_path: Path) -> None:
    def zeros(L: np.ndarray) -> np.ndarray:
        return np.zeros((len(L), imagenet.CLASSES), np.float32)

    L = np.zeros((2, 32, 32, 1), np.float16)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))  # bytes; a batch has 8000
    try:
        with pytest.raises(OSError, match="File too large"):
            imagenet.embed(zeros, L, 32, 2, tmp_path / "logits", "embedding")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_embeddings_in_bfloat16_have_the_direction_of_those_in_float32(
    laptop: Embed, predict: Predict
) -> None:
    L = luminance(64)[:2]
    in_bfloat16 = compile_embedder(imagenet.build_embedder(laptop, "mixed_bfloat16"))
    exact, rounded = (embed(computed, L, 2) for computed in (predict, in_bfloat16))
    assert (exact != rounded).any()
    for one, other in zip(exact.astype(np.float64), rounded.astype(np.float64), strict=True):
        assert one @ other > 0.999 * np.linalg.norm(one) * np.linalg.norm(other)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_reading_ahead_yields_each_image_once_in_order(count: int) -> None:
    L = np.arange(count, dtype=np.float16).reshape(-1, 1, 1, 1)
    batches = list(imagenet._read_ahead(L, 1, 2))
    assert [len(batch) for batch in batches] == [2] * (count // 2) + [1] * (count % 2)
    assert [value for batch in batches for value in batch.ravel()] == list(range(count))
    assert all(batch.dtype == np.float32 for batch in batches)


def test_checkpoints_are_kept_until_the_folder_is_written_and_those_of_other_settings_stay(
    tmp_path: Path, laptop: Embed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index, split in enumerate(SPLITS):
        examples(tmp_path / "lab" / split, 2, first_seed=10 * index)
    checkpoint_dir = tmp_path / "checkpoints"
    folders = tmp_path / "lab", checkpoint_dir, tmp_path / "hashes.json"

    def write(seed: int) -> None:
        settings = laptop.model_copy(update={"seed": seed})
        write_embeddings(settings, "random", *folders, tmp_path / f"out-{seed}")

    def full_disk(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(imagenet, "build_embedder", lambda *_: None)
    monkeypatch.setattr(imagenet, "compile_embedder", lambda _: sums)
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full_disk)
        with pytest.raises(OSError, match="No space left"):
            write(1)
    kept = {file: file.read_bytes() for file in checkpoint_dir.iterdir()}
    assert len(kept) == len(SPLITS)
    assert not (tmp_path / "out-1").exists()
    write(2)
    assert {file: file.read_bytes() for file in checkpoint_dir.iterdir()} == kept
    monkeypatch.setattr(imagenet, "compile_embedder", lambda _: None)  # nothing is computed again
    write(1)
    assert sorted(file.stem for file in (tmp_path / "out-1").glob("*.npy")) == [
        "normalization",
        *sorted(SPLITS),
    ]
    assert not checkpoint_dir.exists()
