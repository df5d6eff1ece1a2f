"""A training that was killed ends in the same bits as one that was not."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from keras.optimizers import Adam
from keras.optimizers.schedules import ExponentialDecay

from colorization.dataset.examples import Examples
from colorization.networks.objective import MSE
from colorization.training import checkpoints
from colorization.training.checkpoints import Checkpoints, TrainingState
from colorization.training.fitting import Outcome, fit
from colorization.training.logger import TrainingLogger
from samples import PARAMS, examples, network_of
from test_training import files_in

EPOCHS = 3
SETTINGS = PARAMS.train.model_copy(
    update={"epochs": EPOCHS, "batch_size": 4, "num_val_images": 2, "decay_steps": 3}
)


class KilledError(Exception):
    """Stands for a kill: nothing of ours runs after it."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Examples, Examples]:
    folder = tmp_path_factory.mktemp("data")
    return examples(folder / "train", 8), examples(folder / "validation", 4, first_seed=100)


def small_model() -> keras.Model:
    """Everything that has a state of its own: weights, moving averages, dropout, a penalty."""
    keras.utils.clear_session()  # which numbers the layers' names from one again
    keras.utils.set_random_seed(1)
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((1000,), name="embedding")
    x = layers.Conv2D(8, 3, padding="same", kernel_regularizer="l2", name="first")(L)
    x = layers.BatchNormalization()(x) + layers.Dense(8)(embedding)[:, None, None]
    x = layers.SpatialDropout2D(0.5)(x)
    ab = layers.Conv2D(2, 3, padding="same", activation="tanh", name="last")(x)
    return keras.Model([L, embedding], ab)


Run = Callable[..., Outcome]


def train(root: Path, data: tuple[Examples, Examples], name: str, identity: str) -> Outcome:
    """Train into a folder, emptied before as a new process finds it."""
    folder = root / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    kept = Checkpoints(root / "checkpoints" / name, identity)
    return fit(network_of(small_model()), MSE, *data, SETTINGS, 1, folder, kept)


@pytest.fixture
def run(data: tuple[Examples, Examples], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Trains under the test's own folder."""
    monkeypatch.chdir(tmp_path)  # DVCLive looks for a repository around the current folder
    return lambda name, identity="identity": train(tmp_path, data, name, identity)


@pytest.fixture(scope="module")
def undisturbed(
    data: tuple[Examples, Examples], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], Outcome]:
    """The files of a training that nothing disturbed, and what came of it."""
    root = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        outcome = train(root, data, "undisturbed", "identity")
    return files_in(root / "undisturbed"), outcome


def epochs_in(folder: Path) -> list[str]:
    """The checkpoints of one training, with their identities."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/epoch*"))


def kill_at(monkeypatch: pytest.MonkeyPatch, epoch: int, moment: str) -> None:
    """Let the training of an epoch, from 1, end as if it had been killed."""
    if moment == "between two batches":

        def batch_end(self: TrainingLogger, batch: int, logs: dict | None = None) -> None:
            if len(self.rows) == epoch - 1 and batch == 0:
                raise KilledError

        monkeypatch.setattr(TrainingLogger, "on_train_batch_end", batch_end)
    elif moment == "before the snapshot":
        save = Checkpoints.save

        def not_saved(
            self: Checkpoints, model: keras.Model, done: TrainingState, files: Path
        ) -> None:
            if len(done.rows) == epoch:
                raise KilledError
            save(self, model, done, files)

        monkeypatch.setattr(Checkpoints, "save", not_saved)
    else:
        copy = shutil.copytree

        def cut_off(source: Path, target: Path, *others: object, **options: object) -> None:
            copy(source, target, *others, **options)  # type: ignore[arg-type]
            if str(target).endswith("files") and f"epoch-{epoch:06d}" in str(target):
                raise KilledError

        monkeypatch.setattr(shutil, "copytree", cut_off)


@pytest.mark.parametrize("moment", ["between two batches", "before the snapshot", "within it"])
def test_it_goes_on_to_the_same_bits(
    run: Run,
    undisturbed: tuple[dict[str, bytes], Outcome],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    files, whole = undisturbed
    for epoch in (1, 3):
        with monkeypatch.context() as patch:
            kill_at(patch, epoch, moment)
            with pytest.raises(KilledError):
                run("killed")
    assert epochs_in(tmp_path / "checkpoints/killed") == [
        "identity/epoch-000001",
        "identity/epoch-000002",
    ]
    outcome = run("killed")
    assert outcome.best_epoch == whole.best_epoch
    assert files_in(tmp_path / "killed") == files


def test_it_goes_on_with_what_was_not_trained_yet(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, 3, "between two batches")
        with pytest.raises(KilledError):
            run("a")
    capsys.readouterr()
    run("a")
    printed = capsys.readouterr().out
    assert "going on after epoch 2 of an interrupted training" in printed
    assert "Epoch 3/3" in printed
    assert "Epoch 2/3" not in printed


def test_when_only_the_end_was_missing_nothing_is_trained(run: Run, tmp_path: Path) -> None:
    run("a")
    before = files_in(tmp_path / "a")
    outcome = run("a")
    assert outcome.earlier_seconds > 0
    # All epochs' images over all epochs' time, of which this call spent next to nothing.
    assert outcome.images_per_second == pytest.approx(8 * EPOCHS / outcome.earlier_seconds, rel=0.5)
    assert files_in(tmp_path / "a") == before


def test_a_snapshot_of_another_training_counts_as_none_and_goes_on_when_that_comes_back(
    run: Run,
    undisturbed: tuple[dict[str, bytes], Outcome],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, 3, "between two batches")
        with pytest.raises(KilledError):
            run("a", identity="one")
    capsys.readouterr()
    run("a", identity="two")
    assert "going on" not in capsys.readouterr().out
    assert epochs_in(tmp_path / "checkpoints/a") == [
        "one/epoch-000001",
        "one/epoch-000002",
        "two/epoch-000002",
        "two/epoch-000003",
    ]
    run("a", identity="one")
    assert "going on after epoch 2" in capsys.readouterr().out
    assert files_in(tmp_path / "a") == undisturbed[0]


def test_a_training_that_is_done_discards_its_own_snapshots_alone(tmp_path: Path) -> None:
    for identity in ("one", "two"):
        (tmp_path / "a" / identity / "epoch-000001").mkdir(parents=True)
    Checkpoints(tmp_path / "a", "one").discard()
    assert epochs_in(tmp_path / "a") == ["two/epoch-000001"]
    Checkpoints(tmp_path / "a", "two").discard()
    assert not (tmp_path / "a").exists()
    Checkpoints(tmp_path / "a", "two").discard()  # nor where there is nothing


@pytest.mark.parametrize("damage", ["emptied", "a file instead"])
def test_a_damaged_snapshot_of_another_training_does_not_matter(
    run: Run, undisturbed: tuple[dict[str, bytes], Outcome], tmp_path: Path, damage: str
) -> None:
    (tmp_path / "checkpoints/a/other/epoch-000002").mkdir(parents=True)
    snapshot = tmp_path / "checkpoints/a/other/epoch-000003"
    snapshot.write_bytes(b"") if damage == "a file instead" else snapshot.mkdir()
    run("a", identity="own")
    assert files_in(tmp_path / "a") == undisturbed[0]
    Checkpoints(tmp_path / "checkpoints/a", "own").discard()
    assert epochs_in(tmp_path / "checkpoints/a") == ["other/epoch-000002", "other/epoch-000003"]


def test_a_full_disk_leaves_the_last_good_snapshot(
    run: Run,
    undisturbed: tuple[dict[str, bytes], Outcome],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = np.savez

    def full(file: Path, *arrays: np.ndarray) -> None:
        written(file, *arrays)
        if "epoch-000002" in str(file):
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.np, "savez", full)
        with pytest.raises(OSError, match="No space left"):
            run("a")
    assert epochs_in(tmp_path / "checkpoints/a") == ["identity/epoch-000001"]
    assert len(list((tmp_path / "checkpoints/a/identity").iterdir())) == 1
    run("a")
    assert files_in(tmp_path / "a") == undisturbed[0]


@pytest.fixture(scope="module")
def killed(data: tuple[Examples, Examples], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a training was killed in its third epoch: read only."""
    root = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        kill_at(patch, 3, "between two batches")
        with pytest.raises(KilledError):
            train(root, data, "a", "identity")
    return root


def epoch(root: Path, number: int) -> Path:
    return root / f"checkpoints/a/identity/epoch-{number:06d}"


DAMAGES: dict[str, Callable[[Path, Path], object]] = {
    "emptied": lambda file, _: file.write_bytes(b""),
    "zeroed": lambda file, _: file.write_bytes(bytes(file.stat().st_size)),
    "cut": lambda file, _: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "removed": lambda file, _: file.unlink(),
    "swapped": lambda file, other: file.write_bytes(other.read_bytes()),
}


def test_a_damaged_snapshot_counts_as_none_and_the_one_before_goes_on_to_the_same_bits(
    run: Run,
    undisturbed: tuple[dict[str, bytes], Outcome],
    killed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(killed / "checkpoints", tmp_path / "checkpoints")
    latest, before = (epoch(tmp_path, number) / "state.weights.h5" for number in (2, 1))
    DAMAGES["swapped"](latest, before)  # the one that HDF5 reads without an error
    run("a")
    printed = capsys.readouterr().out
    assert f"{epoch(tmp_path, 2)} is damaged and counts as none\n" in printed
    assert "going on after epoch 1 of an interrupted training" in printed
    assert files_in(tmp_path / "a") == undisturbed[0]


def test_where_every_snapshot_is_damaged_the_training_begins_anew(
    run: Run,
    undisturbed: tuple[dict[str, bytes], Outcome],
    killed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(killed / "checkpoints", tmp_path / "checkpoints")
    DAMAGES["zeroed"](epoch(tmp_path, 2) / "random.npz", Path())
    shutil.rmtree(epoch(tmp_path, 1))
    epoch(tmp_path, 1).write_bytes(b"a file instead")
    run("a")
    printed = capsys.readouterr().out
    assert all(f"{epoch(tmp_path, number)} is damaged" in printed for number in (1, 2))
    assert "going on" not in printed
    assert files_in(tmp_path / "a") == undisturbed[0]


def test_any_damage_to_any_file_is_seen_before_anything_is_restored(
    killed: Path, tmp_path: Path
) -> None:
    """Those of DVCLive, from which it resumes, are among the files."""
    shutil.copytree(killed / "checkpoints", tmp_path / "checkpoints")
    model = network_of(small_model()).training_model
    model.compile(Adam(ExponentialDecay(1e-3, 3, 0.9)))
    initial = model.get_weights()
    shutil.rmtree(epoch(tmp_path, 1))  # so that there is none before
    names = list(files_in(epoch(tmp_path, 2)))
    assert {"sha256.json", "done.json", "random.npz", "files/dvclive/metrics.json"} <= set(names)
    seen = set()
    for name in names:
        file, other = (epoch(root, number) / name for root, number in ((tmp_path, 2), (killed, 1)))
        whole = file.read_bytes()
        for damage in DAMAGES.values():
            if other.exists():
                damage(file, other)
            if not file.exists() or file.read_bytes() != whole:
                seen.add(name)
                done = Checkpoints(tmp_path / "checkpoints/a", "identity").restore(model, tmp_path)
                assert done == TrainingState([], 0.0)
            file.write_bytes(whole)
    assert seen == set(names)
    assert not (tmp_path / "model.json").exists()
    for one, same in zip(model.get_weights(), initial, strict=True):
        np.testing.assert_array_equal(one, same)
    assert Checkpoints(tmp_path / "checkpoints/a", "identity").restore(model, tmp_path).rows


def test_a_file_that_was_not_saved_counts_as_damage(killed: Path, tmp_path: Path) -> None:
    shutil.copytree(killed / "checkpoints", tmp_path / "checkpoints")
    (epoch(tmp_path, 2) / "files/more.txt").write_text("from elsewhere")
    assert not checkpoints._is_whole(epoch(tmp_path, 2))
    assert checkpoints._is_whole(epoch(tmp_path, 1))
