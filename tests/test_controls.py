"""Controls: embeddings without information on their photograph."""

from pathlib import Path

import numpy as np
import pytest

from colorization.core.settings import CONTROLS
from colorization.dataset.splits import SPLITS
from colorization.embedding.controls import derangement, write_control
from colorization.embedding.writing import write_embeddings
from conftest import Project
from packaged import EMBED
from samples import VARIANTS, examples, model_of

COUNTS = {"train": 6, "validation": 3, "test": 4}


@pytest.mark.parametrize("count", [2, 3, 10, 4001])
def test_a_derangement_is_one_cycle_without_fixed_points(count: int) -> None:
    indices = derangement(count)
    assert sorted(indices) == list(range(count))
    assert (indices != np.arange(count)).all()
    np.testing.assert_array_equal(derangement(count), indices)
    visited, index = set(), 0
    for _ in range(count):
        visited.add(index)
        index = int(indices[index])
    assert len(visited) == count


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cached arrays, and their embeddings by a network with other random weights."""
    root = tmp_path_factory.mktemp("cached")
    for seed, (split, count) in enumerate(COUNTS.items()):
        examples(root / "lab" / split, count, first_seed=10 * seed)
    write(root, 7, root / "embeddings")
    return root


def write(root: Path, seed: int, out: Path) -> Path:
    settings = EMBED.model_copy(update={"seed": seed, "weights": "random"})
    write_embeddings(settings, "random", root / "lab", root / "checkpoints", root / "hashes", out)
    return out


def control(cached: Path, kind: str, out: Path) -> dict[str, np.ndarray]:
    folders = cached / "lab", cached / "embeddings", cached / "checkpoints", cached / "hashes"
    write_control(kind, EMBED.model_copy(update={"weights": "some.h5"}), *folders, out)
    return {split: np.load(out / f"{split}.npy") for split in SPLITS}


def test_another_photograph_is_one_of_the_same_split(cached: Path, tmp_path: Path) -> None:
    embeddings = control(cached, "another_photograph", tmp_path / "out")
    for split, count in COUNTS.items():
        own = np.load(cached / "embeddings" / f"{split}.npy")
        assert embeddings[split].shape == (count, 1000)
        np.testing.assert_array_equal(embeddings[split], own[derangement(count)])
        assert (embeddings[split] != own).any(axis=1).all()


def test_a_random_network_is_the_stage_embed_with_random_weights(
    cached: Path, tmp_path: Path
) -> None:
    embeddings = control(cached, "random_network", tmp_path / "out")
    expected = write(cached, EMBED.seed, tmp_path / "expected")
    for split in SPLITS:
        np.testing.assert_array_equal(embeddings[split], np.load(expected / f"{split}.npy"))
    assert (tmp_path / "out" / "identity.json").read_text() == (
        expected / "identity.json"
    ).read_text()


def test_the_study_has_a_variant_for_each_control_with_the_weights_of_bn_maxpool() -> None:
    controls = {str(line.embedding): name for name, line in VARIANTS.items()}
    expected = model_of("bn_maxpool").weights
    for control in CONTROLS:
        for weight, same in zip(model_of(controls[control]).weights, expected, strict=True):
            np.testing.assert_array_equal(weight, same, err_msg=weight.path)


def test_without_embedding_the_fusion_lacks_its_weights() -> None:
    without, full = (
        {weight.path: weight.shape for weight in model_of(name).weights}
        for name in ("bn_maxpool_no_embedding", "bn_maxpool")
    )
    fusion = "fusion_conv/kernel"
    assert without.pop(fusion) == (1, 1, 256, 256)
    assert full.pop(fusion) == (1, 1, 256 + 1000, 256)
    assert without == full


def test_a_control_is_embedded_trained_and_evaluated(study: tuple[Project, str, str]) -> None:
    root = study[0].root / "data"
    imagenet, control = (
        np.load(root / "embeddings" / folder / "test.npy")
        for folder in ("imagenet", "another_photograph")
    )
    np.testing.assert_array_equal(control, imagenet[derangement(len(imagenet))])
    assert (root / "evaluations/another_photograph-1/metrics.json").exists()
