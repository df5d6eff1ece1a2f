"""Controls: what the embedding is worth is seen where it tells nothing of the photograph."""

from pathlib import Path

import numpy as np
import pytest

from colorization.core.settings import Control
from colorization.dataset.splits import SPLITS
from colorization.embedding.controls import derangement, write_control
from colorization.embedding.writing import write_embeddings
from colorization.networks import catalog
from conftest import Project
from packaged import EMBED
from samples import examples, model_of

COUNTS = {"train": 6, "validation": 3, "test": 4}


@pytest.mark.parametrize("count", [2, 3, 10, 4001])
def test_each_photograph_gets_another_ones_and_each_is_given_once(count: int) -> None:
    another = derangement(count)
    assert sorted(another) == list(range(count))
    assert (another != np.arange(count)).all()
    np.testing.assert_array_equal(derangement(count), another)
    reached, place = set(), 0
    for _ in range(count):  # through all of them in one cycle
        reached.add(place)
        place = int(another[place])
    assert len(reached) == count


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cached arrays, and their embeddings by a network with other random weights."""
    root = tmp_path_factory.mktemp("cached")
    for seed, (part, count) in enumerate(COUNTS.items()):
        examples(root / "lab" / part, count, first_seed=10 * seed)
    write(root, 7, root / "embeddings")
    return root


def write(root: Path, seed: int, out: Path) -> Path:
    settings = EMBED.model_copy(update={"seed": seed, "weights": "random"})
    write_embeddings(settings, "random", root / "lab", root / "unfinished", root / "memory", out)
    return out


def control(cached: Path, kind: Control, out: Path) -> dict[str, np.ndarray]:
    folders = cached / "lab", cached / "embeddings", cached / "unfinished", cached / "memory"
    write_control(kind, EMBED.model_copy(update={"weights": "some.h5"}), *folders, out)
    return {part: np.load(out / f"{part}.npy") for part in SPLITS}


def test_another_photographs_embedding_is_one_of_the_same_part(
    cached: Path, tmp_path: Path
) -> None:
    found = control(cached, "another_photograph", tmp_path / "out")
    for part, count in COUNTS.items():
        own = np.load(cached / "embeddings" / f"{part}.npy")
        assert found[part].shape == (count, 1000)
        np.testing.assert_array_equal(found[part], own[derangement(count)])
        assert (found[part] != own).any(axis=1).all()


def test_a_random_networks_embeddings_are_those_of_the_stage_with_random_weights(
    cached: Path, tmp_path: Path
) -> None:
    found = control(cached, "random_network", tmp_path / "out")
    expected = write(cached, EMBED.seed, tmp_path / "expected")
    for part in SPLITS:
        np.testing.assert_array_equal(found[part], np.load(expected / f"{part}.npy"))
    assert (tmp_path / "out" / "identity.json").read_text() == (
        expected / "identity.json"
    ).read_text()


@pytest.mark.parametrize("name", ["bn_maxpool_random_network", "bn_maxpool_another_photograph"])
def test_a_control_is_the_network_of_bn_maxpool(name: str) -> None:
    assert catalog.load(name).section is None
    for own, same in zip(model_of(name).weights, model_of("bn_maxpool").weights, strict=True):
        np.testing.assert_array_equal(own, same, err_msg=own.path)


def test_the_control_without_an_embedding_lacks_the_weights_that_it_had() -> None:
    own, full = (
        {weight.path: weight.shape for weight in model_of(name).weights}
        for name in ("bn_maxpool_no_embedding", "bn_maxpool")
    )
    fusion = "fusion_conv/kernel"
    assert own.pop(fusion) == (1, 1, 256, 256)
    assert full.pop(fusion) == (1, 1, 256 + 1000, 256)
    assert own == full


def test_a_control_is_embedded_trained_and_evaluated(study: tuple[Project, str, str]) -> None:
    """By stages of its own, which test_pipeline names."""
    root = study[0].root / "data"
    own, others = (
        np.load(root / folder / "test.npy")
        for folder in ("embeddings", "controls/bn_maxpool_another_photograph")
    )
    np.testing.assert_array_equal(others, own[derangement(len(own))])
    assert (root / "evaluations/bn_maxpool_another_photograph-1/metrics.json").exists()
