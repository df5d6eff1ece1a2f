"""Examples: each image with its own embedding, or L alone."""

from pathlib import Path

import keras
import numpy as np
import pytest

from colorization.core.errors import ColorizationError
from colorization.core.splits import NAMES
from colorization.dataset.examples import Examples, predict, read_examples
from samples import examples, name_embeddings


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return examples(tmp_path_factory.mktemp("examples") / "test", 5)


def echo() -> keras.Model:
    """A model of a = tanh(L) and b = tanh of the embedding's first value."""
    L = keras.Input((None, None, 1))
    embedding = keras.Input((1000,))
    b = keras.ops.zeros_like(L) + embedding[:, None, None, :1]
    return keras.Model([L, embedding], keras.ops.tanh(keras.ops.concatenate([L, b], axis=-1)))


@pytest.mark.parametrize("batch_size", [1, 2, 5, 8])
def test_each_image_is_predicted_with_its_own_embedding_at_any_batch_size(
    few: Examples, batch_size: int
) -> None:
    assert few.embeddings is not None
    predicted = list(predict(echo(), few, batch_size))
    assert len(predicted) == len(few) == 5
    for index, ab in enumerate(predicted):
        expected = np.tanh(np.asarray(few.images.L[index], np.float32)[..., 0])
        np.testing.assert_allclose(ab[..., 0], expected, atol=1e-6)
        np.testing.assert_allclose(ab[..., 1], np.tanh(few.embeddings[index, 0]), atol=1e-6)


def test_without_embeddings_a_model_gets_l_alone(few: Examples, tmp_path: Path) -> None:
    examples(tmp_path / "lab" / "test", 3)
    alone = read_examples(tmp_path / "lab", None, "test")
    (L,) = alone.inputs(slice(1, 3))
    assert L.dtype == np.float32
    np.testing.assert_array_equal(L, few.images.L[1:3].astype(np.float32))


def test_embeddings_are_read_from_the_file_of_their_split(few: Examples, tmp_path: Path) -> None:
    examples(tmp_path / "lab" / "test", 5)
    for split, values in (("train", np.zeros((5, 1000))), ("test", few.embeddings)):
        np.save(tmp_path / f"{split}.npy", np.asarray(values, np.float32))
    name_embeddings(tmp_path, {"train": 5, "test": 5})
    L, embeddings = read_examples(tmp_path / "lab", tmp_path, "test").inputs(np.array([4, 0]))
    np.testing.assert_array_equal(L, few.images.L[[4, 0]].astype(np.float32))
    assert few.embeddings is not None
    np.testing.assert_array_equal(embeddings, few.embeddings[[4, 0]])


def test_embeddings_of_other_photographs_are_refused(few: Examples, tmp_path: Path) -> None:
    examples(tmp_path / "lab" / "test", 3)  # 0.png, 1.png, 2.png
    np.save(tmp_path / "test.npy", np.zeros((3, 1000), np.float32))
    (tmp_path / NAMES).write_text('{"test": ["2.png", "0.png", "1.png"]}')
    with pytest.raises(ColorizationError, match=f"^{tmp_path}: not the embeddings of these"):
        read_examples(tmp_path / "lab", tmp_path, "test")


@pytest.mark.parametrize("count", [1, 3, 5, 9])
def test_the_first_images_are_at_most_all_of_them(few: Examples, count: int) -> None:
    first = few.subset(slice(count))
    assert len(first) == len(first.images.names) == len(first.images.rgb) == min(count, 5)
    for actual, expected in zip(first.inputs(slice(None)), few.inputs(slice(count)), strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_every_other_image_stays_memory_mapped_and_chosen_ones_come_in_their_order(
    few: Examples,
) -> None:
    every_other = few.subset(slice(None, None, 2))
    assert every_other.images.names == few.images.names[::2]
    assert np.shares_memory(every_other.images.ab, few.images.ab)
    chosen = few.subset([4, 0])
    assert chosen.images.names == [few.images.names[4], few.images.names[0]]
    np.testing.assert_array_equal(chosen.images.rgb[1], few.images.rgb[0])
