"""Every epoch has its own order, which depends on nothing but seed and epoch."""

import dataclasses

import keras
import numpy as np
import pytest

from colorization.dataset.examples import Examples
from colorization.networks.objective import MSE
from colorization.training.input_pipeline import Batches, as_dataset

COUNT = 11
Epoch = tuple[np.ndarray, np.ndarray, np.ndarray]  # L, embeddings, ab


@pytest.fixture
def numbered() -> Examples:
    """11 images; pixels, colors and embedding of each encode its number."""
    number = np.arange(COUNT, dtype=np.float16).reshape(-1, 1, 1, 1)
    ramp = np.linspace(0, 0.5, 4, dtype=np.float16).reshape(1, 1, 4, 1)  # left to right
    L = np.broadcast_to(number + ramp, (COUNT, 2, 4, 1))
    images = dataclasses.make_dataclass("Images", ["L", "ab"])(L, np.repeat(-L, 2, axis=-1))
    embeddings = np.repeat(np.arange(COUNT, dtype=np.float32)[:, None], 3, axis=1)
    return Examples(images, embeddings)


def epochs_of(batches: Batches) -> list[Epoch]:
    """L, embeddings and ab of each epoch."""
    items = [batches[index] for index in range(len(batches))]
    return [
        (
            np.concatenate([item[0][0] for item in epoch]),
            np.concatenate([item[0][1] for item in epoch]),
            np.concatenate([item[1] for item in epoch]),
        )
        for epoch in (
            items[start : start + batches.per_epoch]
            for start in range(0, len(items), batches.per_epoch)
        )
    ]


def order_of(epoch: Epoch) -> tuple[int, ...]:
    return tuple(epoch[1][:, 0].astype(int).tolist())


@pytest.mark.parametrize("flip", [False, True])
def test_an_epoch_contains_each_image_once_in_an_order_of_its_own(
    numbered: Examples, flip: bool
) -> None:
    batches = Batches(numbered, MSE.target, 4, 4, seed=3, flip=flip)
    assert batches.per_epoch == 3
    assert len(batches) == 12
    for L, embeddings, ab in epochs_of(batches):
        order = embeddings[:, 0].astype(int)
        assert sorted(order) == list(range(COUNT))
        # An image's L, ab and embedding stay together, mirrored or not.
        np.testing.assert_array_equal(L.min(axis=(1, 2, 3)).astype(int), order)
        np.testing.assert_array_equal(ab, -np.repeat(L, 2, axis=-1))
        assert L.dtype == ab.dtype == np.float32
    orders = [order_of(epoch) for epoch in epochs_of(batches)]
    other = [
        order_of(epoch)
        for epoch in epochs_of(Batches(numbered, MSE.target, 4, 4, seed=4, flip=flip))
    ]
    assert len({*orders, *other}) == 8


def assert_same(actual: object, expected: object) -> None:
    keras.tree.map_structure(np.testing.assert_array_equal, actual, expected)


def test_a_batch_depends_on_its_number_alone(numbered: Examples) -> None:
    whole = Batches(numbered, MSE.target, 4, 4, seed=3, flip=True)
    backwards = Batches(numbered, MSE.target, 4, 4, seed=3, flip=True)
    expected = [whole[index] for index in range(12)]
    for index in reversed(range(12)):
        assert_same(backwards[index], expected[index])


def test_skipping_epochs_does_not_change_the_batches_of_the_others(
    numbered: Examples,
) -> None:
    whole = epochs_of(Batches(numbered, MSE.target, 4, 4, seed=3, flip=True))
    resumed = Batches(numbered, MSE.target, 4, 4, seed=3, flip=True)
    resumed.skip_epochs(1)
    assert_same(epochs_of(resumed), whole[1:])


def test_mirroring_is_drawn_for_the_chosen_images(numbered: Examples) -> None:
    indices = np.arange(0, COUNT, 2)
    assert numbered.embeddings is not None
    chosen = epochs_of(Batches(numbered, MSE.target, 4, 3, seed=3, indices=indices, flip=True))
    subset = Examples(
        dataclasses.replace(
            numbered.images, L=numbered.images.L[indices], ab=numbered.images.ab[indices]
        ),
        numbered.embeddings[indices],
    )
    assert_same(chosen, epochs_of(Batches(subset, MSE.target, 4, 3, seed=3, flip=True)))


def test_the_target_is_computed_from_the_mirrored_ab(numbered: Examples) -> None:
    def bluest_first(ab: np.ndarray) -> np.ndarray:
        return np.argsort(ab[..., 1], axis=2)

    ranked = Batches(numbered, bluest_first, 4, 2, seed=3, flip=True)
    plain = Batches(numbered, MSE.target, 4, 2, seed=3, flip=True)
    for index in range(len(ranked)):
        np.testing.assert_array_equal(ranked[index][1], bluest_first(plain[index][1]))
        assert_same(ranked[index][0], plain[index][0])
    assert len({values.tobytes() for values in ranked[0][1]}) == 2  # mirrored, and not


def test_flipping_mirrors_about_half_of_the_images_in_each_epoch(numbered: Examples) -> None:
    mirrored = np.zeros((40, COUNT), dtype=bool)
    for index, epoch in enumerate(
        epochs_of(Batches(numbered, MSE.target, 4, 40, seed=3, flip=True))
    ):
        mirrored[index, list(order_of(epoch))] = epoch[0][:, 0, 0, 0] > epoch[0][:, 0, -1, 0]
    # 440 fair coins: 4 standard deviations are 42.
    assert abs(mirrored.sum() - 220) < 42
    assert (mirrored.any(axis=0) & ~mirrored.all(axis=0)).all()


@pytest.fixture
def located() -> Examples:
    """40 images of 64 px whose pixels encode their place."""
    rows, columns = np.mgrid[:64, :64].astype(np.float16) / 64
    L = np.broadcast_to(rows[None, ..., None], (40, 64, 64, 1))
    ab = np.broadcast_to(np.stack([rows, columns], axis=-1), (40, 64, 64, 2))
    return Examples(dataclasses.make_dataclass("Images", ["L", "ab"])(L, ab), None)


def test_a_crop_is_a_square_of_the_image_at_a_place_of_its_own(located: Examples) -> None:
    batches = Batches(located, MSE.target, 20, 2, seed=3, crop=32)
    places = []
    for index in range(len(batches)):
        (L,), ab = batches[index]
        assert L.shape == (20, 32, 32, 1)
        np.testing.assert_array_equal(L, ab[..., :1])
        corners = ab[:, :1, :1]
        np.testing.assert_array_equal(ab - corners, np.broadcast_to(ab[0] - corners[0], ab.shape))
        places += (corners[:, 0, 0] * 64).astype(int).tolist()
    assert np.min(places) >= 0
    assert np.max(places) <= 32
    assert len(set(map(tuple, places))) > 70  # of 80; 1,089 are possible


def test_about_the_given_share_of_the_images_look_old(located: Examples) -> None:
    plain, aged = (
        [batches[index] for index in range(len(batches))]
        for batches in (
            Batches(located, MSE.target, 20, 10, seed=3, aged=share) for share in (0.0, 0.25)
        )
    )
    changed = [
        (one[0][0] != other[0][0]).any(axis=(1, 2, 3))
        for one, other in zip(plain, aged, strict=True)
    ]
    # Of the images to be aged, 1 - 0.6 ** 6 get any defect. 4 standard deviations are 34.
    assert abs(np.sum(changed) - 400 * 0.25 * (1 - 0.6**6)) < 34
    for (_, ab), (_, target), images in zip(plain, aged, changed, strict=True):
        np.testing.assert_array_equal(ab[~images], target[~images])
        gray = (target == 0).all(axis=-1)
        np.testing.assert_array_equal(target[~gray], ab[~gray])  # or as the photograph's


@pytest.mark.parametrize("devices", [2, 3, 4])
def test_several_devices_share_every_batch_evenly(numbered: Examples, devices: int) -> None:
    batches = Batches(numbered, MSE.target, 2 * devices, 20, seed=3, devices=devices)
    assert {len(batches[index][1]) % devices for index in range(len(batches))} == {0}
    dropped = set()
    for epoch in epochs_of(batches):
        order = order_of(epoch)
        assert len(set(order)) == len(order) == COUNT - COUNT % devices
        dropped |= set(range(COUNT)) - set(order)
    assert len(dropped) > 5  # others in each epoch


def test_the_dataset_has_the_batches_in_order(numbered: Examples) -> None:
    batches = Batches(numbered, MSE.target, 4, 3, seed=3, flip=True)
    fed = list(as_dataset(batches).as_numpy_iterator())
    assert_same(fed, [batches[index] for index in range(len(batches))])


def test_the_dataset_has_static_sizes_and_no_autotuning(numbered: Examples) -> None:
    dataset = as_dataset(Batches(numbered, MSE.target, 4, 3, seed=3))
    (L, embedding), ab = dataset.element_spec
    assert [spec.shape.as_list() for spec in (L, embedding, ab)] == [
        [None, 2, 4, 1],
        [None, 3],
        [None, 2, 4, 2],
    ]
    assert dataset.options().autotune.enabled is False


def test_other_backends_get_the_batches_themselves(
    numbered: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = Batches(numbered, MSE.target, 4, 3, seed=3)
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    assert as_dataset(batches) is batches


def test_one_iterator_serves_all_epochs(
    numbered: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras' own pipeline has one per epoch, and each epoch waits for its first batch."""
    L, vector = keras.Input((2, 4, 1)), keras.Input((3,))
    model = keras.Model([L, vector], keras.layers.Conv2D(2, 1)(L))
    model.compile(loss="mse")
    batches = Batches(numbered, MSE.target, 4, 3, seed=3)
    read: list[int] = []
    item = Batches.__getitem__

    def noted(self: Batches, index: int) -> object:
        read.append(index)
        return item(self, index)

    monkeypatch.setattr(Batches, "__getitem__", noted)
    dataset = as_dataset(batches)
    read.clear()
    model.fit(dataset, epochs=3, steps_per_epoch=3, shuffle=False, verbose=0)
    assert read[:9] == list(range(9))
