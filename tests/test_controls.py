"""Controls: embeddings that differ from ImageNet's in one respect."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colorization.core.errors import ColorizationError
from colorization.core.settings import CONTROLS, Control
from colorization.core.splits import SPLITS
from colorization.embedding import imagenet
from colorization.embedding.controls import derangement, write_control
from colorization.embedding.writing import write_embeddings
from conftest import Project
from packaged import EMBED
from samples import VARIANTS, decoded_batch, encoded, model_of, pack, scene

COUNTS = {"train": 6, "validation": 3, "test": 4}
SPLIT = pd.DataFrame(
    {
        "name": [f"{index}.png" for index in range(sum(COUNTS.values()))],
        "split": [split for split, count in COUNTS.items() for _ in range(count)],
    }
)


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
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs, and their embeddings by a network with other random weights."""
    root = tmp_path_factory.mktemp("embedded")
    pack(root / "raw.zip", {name: encoded(scene(int(name[:-4]))) for name in SPLIT["name"]})
    write(root, 7, root / "embeddings")
    return root


def write(root: Path, seed: int, out: Path) -> Path:
    settings = EMBED.model_copy(update={"seed": seed, "weights": "random"})
    arguments = root / "raw.zip", SPLIT, root / "checkpoints", root / "hashes", out
    write_embeddings(settings, "random", *arguments)
    return out


def control(root: Path, kind: Control, out: Path) -> dict[str, np.ndarray]:
    settings = EMBED.model_copy(update={"weights": "some.h5"})
    folders = root / "embeddings", root / "checkpoints", root / "hashes"
    write_control(kind, settings, root / "raw.zip", SPLIT, *folders, out)
    assert sorted(path.name for path in out.iterdir()) == sorted(
        path.name for path in (root / "embeddings").iterdir()
    )
    assert (out / "names.json").read_text() == (root / "embeddings/names.json").read_text()
    return {split: np.load(out / f"{split}.npy") for split in SPLITS}


def test_another_photograph_is_one_of_the_same_split(embedded: Path, tmp_path: Path) -> None:
    embeddings = control(embedded, "another_photograph", tmp_path / "out")
    for split, count in COUNTS.items():
        own = np.load(embedded / "embeddings" / f"{split}.npy")
        assert embeddings[split].shape == (count, 1000)
        np.testing.assert_array_equal(embeddings[split], own[derangement(count)])
        assert (embeddings[split] != own).any(axis=1).all()


def test_a_single_photograph_has_no_other(embedded: Path, tmp_path: Path) -> None:
    shutil.copytree(embedded / "embeddings", tmp_path / "embeddings")
    path = tmp_path / "embeddings" / "validation.npy"
    np.save(path, np.load(path)[:1])
    reason = "another_photograph needs at least 2 photographs in each split; validation has 1$"
    with pytest.raises(ColorizationError, match=reason):
        control(tmp_path, "another_photograph", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_raw_embeddings_are_the_networks_logits(embedded: Path, tmp_path: Path) -> None:
    embeddings = control(embedded, "imagenet_raw", tmp_path / "out")
    settings = EMBED.model_copy(update={"seed": 7, "weights": "random"})
    predict = imagenet.compile_embedder(imagenet.build_embedder(settings))
    side = imagenet.NETWORKS[settings.network].image_size
    for split, names in SPLIT.groupby("split")["name"]:
        logits = predict(decoded_batch(embedded / "raw.zip", names.tolist(), side))
        assert embeddings[str(split)].dtype == np.float32
        np.testing.assert_allclose(embeddings[str(split)], logits, atol=1e-4 * np.abs(logits).max())
    assert np.load(tmp_path / "out" / "normalization.npy").tolist() == [[0] * 1000, [1] * 1000]


def test_a_random_network_is_the_stage_embed_with_random_weights(
    embedded: Path, tmp_path: Path
) -> None:
    embeddings = control(embedded, "random_network", tmp_path / "out")
    expected = write(embedded, EMBED.seed, tmp_path / "expected")
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
