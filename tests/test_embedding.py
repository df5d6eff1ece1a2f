"""Embeddings are computed from luminance alone, in the range each network was trained on."""

import errno
import io
import json
import os
import resource
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import skimage.color
import tensorflow as tf
from PIL import Image

from colorization.color import lab
from colorization.core.errors import ColorizationError
from colorization.core.parallel import Postponed
from colorization.core.settings import Embed, EmbeddingNetwork
from colorization.core.splits import SPLITS
from colorization.embedding import imagenet, standardization
from colorization.embedding import logits as computing
from colorization.embedding.embedder_input import prepare_embedder_input
from colorization.embedding.imagenet import Predict, compile_embedder
from colorization.embedding.logits import compute_logits
from colorization.embedding.photographs import decode_batch, decode_batches
from colorization.embedding.writing import write_embeddings
from colorization.photos.decoding import open_image, pixels_to_decode
from samples import decoded_batch, encoded, pack, scene

IMAGES = 4


SMALL: EmbeddingNetwork = "mobilenet_v2"
SIDE = imagenet.NETWORKS[SMALL].image_size  # px; of `laptop`


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
    """A network with random weights, without and with its top."""

    def __init__(self, name: EmbeddingNetwork) -> None:
        self.network = imagenet.NETWORKS[name]
        self.params = Embed(
            network=name, weights="random", seed=7, batch_size=IMAGES, precision="float32"
        )
        self.random = imagenet.build_embedder(self.params)
        self.predict = compile_embedder(self.random)
        self.classifier = imagenet.build_classifier(self.params)
        self.L = luminance(self.network.image_size)  # so that nothing is resized


# All networks share the code; test_folding builds the others in every run.
LARGE = [pytest.param(name, marks=pytest.mark.soak) for name in imagenet.NETWORKS if name != SMALL]


@pytest.fixture(scope="module", params=[SMALL, *LARGE])
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.fixture(scope="module")
def logits(case: Case) -> np.ndarray:
    return case.predict(case.L)


def spread(embeddings: np.ndarray) -> float:
    """Standard deviation between images, relative to the mean magnitude."""
    return float(embeddings.std(axis=0).mean() / np.abs(embeddings).mean())


def test_logits_are_float32_and_not_probabilities(logits: np.ndarray) -> None:
    assert (logits.shape, logits.dtype) == ((IMAGES, 1000), np.float32)
    assert np.isfinite(logits).all()
    assert logits.min() < 0
    assert abs(logits.sum(axis=1) - 1).min() > 0.01


def test_standardized_embeddings_have_a_mean_of_0_and_a_deviation_of_1(logits: np.ndarray) -> None:
    stored = standardization.normalize(logits, standardization.fit_normalization(logits))
    assert stored.dtype == np.float32
    assert np.isfinite(stored).all()
    assert spread(stored) > 0.1
    np.testing.assert_allclose(stored.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(stored.std(axis=0), 1, atol=1e-2)


def test_logits_of_embeddings_are_those_that_were_standardized(logits: np.ndarray) -> None:
    mean_and_deviation = standardization.fit_normalization(logits)
    embeddings = standardization.normalize(logits, mean_and_deviation)
    raw = standardization.denormalize(embeddings, mean_and_deviation)
    assert raw.dtype == np.float32
    np.testing.assert_allclose(raw, logits, atol=1e-6 * np.abs(logits).max())
    np.testing.assert_array_equal(standardization.normalize(raw, standardization.RAW), raw)


@pytest.mark.parametrize("case", ["mobilenet_v2"], indirect=True)
def test_a_weights_file_gives_the_logits_of_its_network(
    case: Case, logits: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "a.weights.h5"
    case.classifier.save_weights(path)
    from_file = case.params.model_copy(update={"weights": str(path), "seed": 8})
    loaded = imagenet.build_embedder(from_file)
    again = np.asarray(loaded(case.L[:2], training=False))
    np.testing.assert_allclose(again, logits[:2], atol=1e-4 * np.abs(logits).max())


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
    padded = case.predict(computing._padded(case.L[:1], IMAGES))[:1]
    single = np.asarray(case.random(case.L[1:2], training=False))
    tolerance = 1e-4 * np.abs(logits).max()  # float32 sums in another order
    np.testing.assert_allclose(padded, logits[:1], atol=tolerance)
    np.testing.assert_allclose(single, logits[1:2], atol=tolerance)


def test_the_rounding_of_the_cache_hardly_changes_logits(case: Case, logits: np.ndarray) -> None:
    cached = case.predict(case.L.astype(np.float16).astype(np.float32))
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
    logits = compile_embedder(embedder)(L).astype(np.float64)
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


def test_a_constant_logit_is_not_divided_by_zero() -> None:
    logits = np.ones((5, 1000), np.float32)
    stored = standardization.normalize(logits, standardization.fit_normalization(logits))
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
    path = tmp_path / "a.weights.h5"
    case.classifier.save_weights(path)
    params = laptop.model_copy(update={"network": "inception_v3", "weights": str(path)})
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


def test_embeddings_in_bfloat16_have_the_direction_of_those_in_float32(
    laptop: Embed, predict: Predict
) -> None:
    L = luminance(SIDE)[:2]
    in_bfloat16 = compile_embedder(imagenet.build_embedder(laptop, "mixed_bfloat16"))
    exact, rounded = (computed(L) for computed in (predict, in_bfloat16))
    assert (exact != rounded).any()
    for one, other in zip(exact.astype(np.float64), rounded.astype(np.float64), strict=True):
        assert one @ other > 0.999 * np.linalg.norm(one) * np.linalg.norm(other)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of several shapes and formats, smaller and larger than `SIDE`."""
    return pack(
        tmp_path_factory.mktemp("archive") / "raw.zip",
        {
            "0.png": encoded(scene(0, 48, 40)),
            "1.jpg": encoded(scene(1, 300, 250), "JPEG", quality=90),
            "2.png": encoded(scene(2, 31, 200)),
            "3.png": encoded(scene(3, 224, 224)),
            "4.jpg": encoded(scene(4, 1000, 960), "JPEG", quality=90),
        },
    )


NAMES = ["0.png", "1.jpg", "2.png", "3.png", "4.jpg"]


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Decodes in this process, which is quicker for a few; lists the batches that are decoded."""
    decoded: list[list[str]] = []

    def decode(
        archive: Path, batches: list[list[str]], side: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        for index, names in enumerate(batches):
            decoded.append(names)
            yield index, decoded_batch(archive, names, side)

    monkeypatch.setattr(computing, "decode_batches", decode)
    return decoded


def sums(L: np.ndarray) -> np.ndarray:
    """A substitute for a network, with different logits for each image."""
    return L.sum(axis=(1, 2, 3))[:, None] + np.arange(standardization.CLASSES, dtype=np.float32)


def square(photograph: bytes, side: int) -> np.ndarray:
    """The input of an embedding network, by Pillow and TensorFlow alone."""
    image = Image.open(io.BytesIO(photograph)).convert("RGB")
    short = min(image.size)
    left, top = ((length - short) / 2 for length in image.size)
    if short > side:
        box = (left, top, left + short, top + short)
        image = image.resize((side, side), Image.Resampling.BICUBIC, box)
    else:
        assert (left, top) == (int(left), int(top))
        image = image.crop((int(left), int(top), int(left) + short, int(top) + short))
    L = skimage.color.rgb2lab(np.asarray(image))[..., :1] / 50 - 1
    return tf.image.resize(L, (side, side), antialias=True).numpy()


@pytest.mark.parametrize("size", [(40, 32), (40, 40), (224, 300), (301, 299), (800, 500)])
def test_the_network_gets_the_center_square_at_the_size_that_it_has(size: tuple[int, int]) -> None:
    photograph = encoded(scene(1, *size))
    actual = prepare_embedder_input(open_image(photograph), SIDE)
    assert (actual.shape, actual.dtype) == ((SIDE, SIDE, 1), np.float32)
    # L is rounded to float16, as in the cached arrays.
    np.testing.assert_allclose(actual, square(photograph, SIDE), atol=2e-3)


def test_details_finer_than_the_colorizing_networks_pixels_are_seen() -> None:
    stripes = np.zeros((200, 200, 3), np.uint8)
    stripes[:, ::2] = 255  # a cached array of 100 px would be gray
    seen = prepare_embedder_input(open_image(encoded(stripes)), 200)
    np.testing.assert_allclose(seen[:, ::2], 1, atol=1e-3)
    np.testing.assert_allclose(seen[:, 1::2], -1, atol=1e-3)


def test_large_jpegs_are_decoded_at_a_fraction_of_their_size(tmp_path: Path) -> None:
    content = encoded(scene(4, 2000, 1960), "JPEG", quality=95)
    in_full = prepare_embedder_input(Image.open(io.BytesIO(content)).copy(), SIDE)
    reduced = prepare_embedder_input(open_image(content), SIDE)
    assert 0 < np.abs(in_full - reduced).mean() < 0.01
    assert pixels_to_decode(open_image(content), 2 * SIDE) == 2000 * 1960 // 16


def test_photographs_are_decoded_in_batches_by_other_processes(archive: Path) -> None:
    batches = [NAMES[:2], NAMES[2:4], NAMES[4:]]
    decoded = dict(decode_batches(archive, batches, SIDE))
    assert sorted(decoded) == [0, 1, 2]
    for index, names in enumerate(batches):
        expected = decoded_batch(archive, names, SIDE)
        np.testing.assert_array_equal(decoded[index], expected)
        assert expected.shape == (len(names), SIDE, SIDE, 1)


def test_a_batch_of_large_images_is_postponed(archive: Path) -> None:
    assert decode_batch(archive, NAMES, SIDE, 250 * 300) == Postponed(480 * 500)


ROW = 4036  # bytes: index, 1000 float32 and their hash


def test_undecodable_photographs_are_named_and_the_others_need_not_be_computed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{index}.png" for index in range(7)]
    whole = {name: encoded(scene(index)) for index, name in enumerate(names)}
    damaged = {"1.png": b"no image", "4.png": encoded(scene(4))[:90]}
    archive = pack(tmp_path / "raw.zip", whole | damaged)
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(ColorizationError) as caught:
        compute_logits(sums, archive, names, 32, 2, checkpoint)
    assert str(caught.value).startswith(f"{archive}: cannot embed 2 of its photographs, such as 1.")
    first, second = sorted(line for line in capsys.readouterr().out.splitlines() if ".png" in line)
    assert first == f"{archive}: 1.png cannot be embedded: not an image"
    assert second.startswith(f"{archive}: 4.png cannot be embedded: cannot be decoded: ")
    # The batches 2.png and 3.png, and 6.png.
    assert checkpoint.stat().st_size == 3 * ROW
    pack(archive, whole)  # as after a decoder that only timed out
    computed = []

    def count(L: np.ndarray) -> np.ndarray:
        computed.append(len(L))
        return sums(L)

    logits = compute_logits(count, archive, names, 32, 2, checkpoint)
    assert computed == [2, 2]
    assert sorted(logits) == names
    for name, row in logits.items():
        np.testing.assert_array_equal(row, sums(decoded_batch(archive, [name], 32))[0])


def test_one_photograph_that_fails_a_batch_once_changes_nothing(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_at_first(
        _: Any, tasks: list[tuple[Path, list[str], int]]
    ) -> Iterator[tuple[int, np.ndarray | ColorizationError]]:
        for index, (path, names, side) in enumerate(tasks):
            several = len(names) > 1
            yield (
                index,
                ColorizationError("timed out") if several else decoded_batch(path, names, side),
            )

    monkeypatch.setattr("colorization.embedding.photographs.imap_unordered", fails_at_first)
    decoded = dict(decode_batches(archive, [NAMES[:2], NAMES[2:]], SIDE))
    np.testing.assert_array_equal(decoded[0], decoded_batch(archive, NAMES[:2], SIDE))
    np.testing.assert_array_equal(decoded[1], decoded_batch(archive, NAMES[2:], SIDE))


@pytest.mark.parametrize("batch_size", [2, 7])
def test_logits_are_those_of_the_network_for_each_photograph(
    tmp_path: Path,
    archive: Path,
    predict: Predict,
    in_process: list[list[str]],
    batch_size: int,
) -> None:
    logits = compute_logits(predict, archive, NAMES, SIDE, batch_size, tmp_path / "logits")
    assert list(logits) == NAMES
    for name, row in logits.items():
        alone = predict(decoded_batch(archive, [name], SIDE))[0]
        np.testing.assert_allclose(row, alone, atol=1e-3 * np.abs(alone).max())


def test_an_interrupted_embedding_resumes_to_the_same_bits(
    tmp_path: Path, archive: Path, predict: Predict, in_process: list[list[str]]
) -> None:
    checkpoint = tmp_path / "new" / "logits"
    expected = compute_logits(predict, archive, NAMES, SIDE, 2, checkpoint)
    complete = checkpoint.read_bytes()
    assert len(complete) == 5 * ROW
    # A kill may leave any number of bytes: within a row, within a batch, or nothing.
    for kept in (0, 17, ROW, 2 * ROW, 3 * ROW + 1, len(complete) - 1, len(complete)):
        checkpoint.write_bytes(complete[:kept])
        in_process.clear()
        resumed = compute_logits(predict, archive, NAMES, SIDE, 2, checkpoint)
        assert resumed.keys() == expected.keys()
        for name, row in expected.items():
            np.testing.assert_array_equal(resumed[name], row)
        assert len(in_process) == 3 - (3 if kept == len(complete) else kept // (2 * ROW))


@pytest.mark.parametrize(
    ("damage", "intact"),
    [
        (lambda _, __: b"", ""),
        (lambda own, _: own[: 3 * ROW], ""),
        (lambda own, _: bytes(len(own)), "0 images"),
        (lambda own, _: own[: 2 * ROW] + bytes(2 * ROW), "2 images"),
        (lambda own, _: own[:5000] + bytes([own[5000] ^ 1]) + own[5001:], "1 images"),
        (lambda own, _: own[: 2 * ROW] + own[: 2 * ROW], ""),
        (lambda own, _: bytes([1]) + own[1:], "0 images"),
        (lambda _, other: other, "0 images"),
    ],
    ids=[
        "empty",
        "truncated",
        "zeros",
        "half zeros",
        "a bit",
        "a batch twice",
        "another index",
        "another embedding's",
    ],
)
def test_a_corrupt_checkpoint_is_resumed_before_its_first_corrupt_row(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    archive: Path,
    in_process: list[list[str]],
    damage: Callable[[bytes, bytes], bytes],
    intact: str,
) -> None:
    own, other = (tmp_path / name for name in ("own", "other"))
    expected = compute_logits(sums, archive, NAMES, 32, 2, own)
    compute_logits(sums, archive, NAMES, 32, 2, other)
    capsys.readouterr()
    own.write_bytes(damage(own.read_bytes(), other.read_bytes()))
    resumed = compute_logits(sums, archive, NAMES, 32, 2, own)
    for name, row in expected.items():
        np.testing.assert_array_equal(resumed[name], row)
    lines = [line for line in capsys.readouterr().out.splitlines() if str(own) in line]
    expected_lines = [f"{own}: corrupt after {intact}; resuming from there"] if intact else []
    assert lines == expected_lines


def test_a_full_disk_is_an_error_at_that_batch(
    tmp_path: Path, archive: Path, in_process: list[list[str]]
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))  # bytes; a batch has 8072
    try:
        with pytest.raises(OSError, match="File too large"):
            compute_logits(sums, archive, NAMES, 32, 2, tmp_path / "logits")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


SPLIT_OF = pd.DataFrame(
    {"name": NAMES, "split": ["train", "test", "train", "validation", "excluded"]}
)


def test_a_checkpoint_is_kept_until_the_folder_is_written_and_those_of_other_settings_stay(
    tmp_path: Path,
    archive: Path,
    laptop: Embed,
    in_process: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checkpoint_dir = tmp_path / "checkpoints"
    folders = checkpoint_dir, tmp_path / "hashes.json"

    def write(seed: int) -> None:
        settings = laptop.model_copy(update={"seed": seed})
        out = tmp_path / f"out-{seed}"
        write_embeddings(settings, "random", archive, SPLIT_OF, *folders, out)

    def full_disk(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(imagenet, "build_embedder", lambda *_: None)
    monkeypatch.setattr(imagenet, "compile_embedder", lambda _: sums)
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full_disk)
        with pytest.raises(OSError, match="No space left"):
            write(1)
    (kept,) = checkpoint_dir.iterdir()
    content = kept.read_bytes()
    assert not (tmp_path / "out-1").exists()
    write(2)
    assert [file.read_bytes() for file in checkpoint_dir.iterdir()] == [content]
    in_process.clear()
    write(1)
    assert in_process == []  # nothing is computed again
    assert sorted(file.name for file in (tmp_path / "out-1").iterdir()) == sorted(
        ["identity.json", "names.json", "normalization.npy", *(f"{split}.npy" for split in SPLITS)]
    )
    assert not checkpoint_dir.exists()


def test_each_split_has_the_embeddings_of_its_photographs(
    tmp_path: Path,
    archive: Path,
    laptop: Embed,
    in_process: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imagenet, "build_embedder", lambda *_: None)
    monkeypatch.setattr(imagenet, "compile_embedder", lambda _: sums)
    arguments = tmp_path / "checkpoints", tmp_path / "hashes.json", tmp_path / "out"
    write_embeddings(laptop, "random", archive, SPLIT_OF, *arguments)
    names = json.loads((tmp_path / "out" / "names.json").read_text())
    assert names == {"train": ["0.png", "2.png"], "validation": ["3.png"], "test": ["1.jpg"]}
    logits = {
        name: sums(decoded_batch(archive, [name], SIDE))[0].astype(np.float64) for name in NAMES
    }
    training = np.stack([logits[name] for name in names["train"]])
    for split, own in names.items():
        expected = np.stack([logits[name] for name in own]) - training.mean(axis=0)
        expected /= training.std(axis=0)
        stored = np.load(tmp_path / "out" / f"{split}.npy")
        assert stored.dtype == np.float32
        np.testing.assert_allclose(stored, expected, rtol=1e-4, atol=1e-4)
