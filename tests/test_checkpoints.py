"""An interrupted training resumes to the same bits as an uninterrupted one."""

import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass
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
    """Stands for a kill: no code of the training runs after it."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Examples, Examples]:
    folder = tmp_path_factory.mktemp("data")
    return examples(folder / "train", 8), examples(folder / "validation", 4, first_seed=100)


def small_model() -> keras.Model:
    """A model with every kind of state: weights, moving averages, dropout, a penalty."""
    keras.utils.clear_session()  # restarts the numbering of the layers' names
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
    """Train into a folder that is emptied before."""
    folder = root / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    checkpoints = Checkpoints(root / "checkpoints" / name, identity)
    return fit(network_of(small_model()), MSE, *data, SETTINGS, 1, folder, checkpoints)


@pytest.fixture
def run(data: tuple[Examples, Examples], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Trains in a folder of the test."""
    monkeypatch.chdir(tmp_path)  # DVCLive looks for a repository around the current folder
    return lambda name, identity="identity": train(tmp_path, data, name, identity)


@dataclass(frozen=True)
class Uninterrupted:
    """The folder of an uninterrupted training `a`, with its checkpoints; read only."""

    root: Path
    outcome: Outcome

    @property
    def files(self) -> dict[str, bytes]:
        return files_in(self.root / "a")


@pytest.fixture(scope="module")
def uninterrupted(
    data: tuple[Examples, Examples], tmp_path_factory: pytest.TempPathFactory
) -> Uninterrupted:
    root = tmp_path_factory.mktemp("uninterrupted")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return Uninterrupted(root, train(root, data, "a", "identity"))


def epochs_in(folder: Path) -> list[str]:
    """The checkpoints of a training, by identity."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/epoch*"))


def kill_at(monkeypatch: pytest.MonkeyPatch, epoch: int, moment: str) -> None:
    """Let the training be killed in an epoch, from 1."""
    if moment == "between two batches":

        def batch_end(self: TrainingLogger, batch: int, logs: dict | None = None) -> None:
            if len(self.rows) == epoch - 1 and batch == 0:
                raise KilledError

        monkeypatch.setattr(TrainingLogger, "on_train_batch_end", batch_end)
    elif moment == "before the checkpoint":
        save = Checkpoints.save

        def kill(self: Checkpoints, model: keras.Model, state: TrainingState, files: Path) -> None:
            if len(state.rows) == epoch:
                raise KilledError
            save(self, model, state, files)

        monkeypatch.setattr(Checkpoints, "save", kill)
    else:
        copy = shutil.copytree

        def interrupt(source: Path, target: Path, *more: object, **options: object) -> None:
            copy(source, target, *more, **options)  # type: ignore[arg-type]
            if str(target).endswith("files") and f"epoch-{epoch:06d}" in str(target):
                raise KilledError

        monkeypatch.setattr(shutil, "copytree", interrupt)


MOMENTS = ("between two batches", "before the checkpoint", "within the checkpoint")


@pytest.mark.parametrize(
    "moments",
    [
        MOMENTS,
        pytest.param((*MOMENTS[1:], MOMENTS[0]), marks=pytest.mark.soak),
        pytest.param((MOMENTS[2], *MOMENTS[:2]), marks=pytest.mark.soak),
    ],
    ids=["1", "2", "3"],
)
def test_it_resumes_to_the_same_bits(
    run: Run,
    uninterrupted: Uninterrupted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moments: tuple[str, ...],
) -> None:
    """It is killed once in each of its epochs."""
    for epoch, moment in enumerate(moments, start=1):
        with monkeypatch.context() as patch:
            kill_at(patch, epoch, moment)
            with pytest.raises(KilledError):
                run("a")
    assert epochs_in(tmp_path / "checkpoints/a") == [
        "identity/epoch-000001",
        "identity/epoch-000002",
    ]
    outcome = run("a")
    assert outcome.best_epoch == uninterrupted.outcome.best_epoch
    assert files_in(tmp_path / "a") == uninterrupted.files


def test_after_the_last_epoch_nothing_is_trained(
    run: Run, uninterrupted: Uninterrupted, tmp_path: Path
) -> None:
    shutil.copytree(uninterrupted.root, tmp_path, dirs_exist_ok=True)
    outcome = run("a")
    assert outcome.earlier_seconds > 0
    # All epochs' images over all epochs' time.
    assert outcome.images_per_second == pytest.approx(8 * EPOCHS / outcome.earlier_seconds, rel=0.5)
    assert files_in(tmp_path / "a") == uninterrupted.files


def test_checkpoints_with_another_identity_are_ignored_but_kept(
    run: Run,
    uninterrupted: Uninterrupted,
    killed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(killed / "checkpoints", tmp_path / "checkpoints")
    run("a", identity="another")
    assert "resuming" not in capsys.readouterr().out
    assert epochs_in(tmp_path / "checkpoints/a") == [
        "another/epoch-000002",
        "another/epoch-000003",
        "identity/epoch-000001",
        "identity/epoch-000002",
    ]
    run("a")
    printed = capsys.readouterr().out
    assert "resuming from the checkpoint of epoch 2" in printed
    assert "Epoch 3/3" in printed
    assert "Epoch 2/3" not in printed
    assert files_in(tmp_path / "a") == uninterrupted.files


def test_a_complete_training_discards_its_own_checkpoints_alone(tmp_path: Path) -> None:
    for identity in ("one", "two"):
        (tmp_path / "a" / identity / "epoch-000001").mkdir(parents=True)
    Checkpoints(tmp_path / "a", "one").discard()
    assert epochs_in(tmp_path / "a") == ["two/epoch-000001"]
    Checkpoints(tmp_path / "a", "two").discard()
    assert not (tmp_path / "a").exists()
    Checkpoints(tmp_path / "a", "two").discard()  # a second time


def test_corrupt_checkpoints_of_other_trainings_do_not_matter(
    run: Run, uninterrupted: Uninterrupted, tmp_path: Path
) -> None:
    (tmp_path / "checkpoints/a/emptied/epoch-000003").mkdir(parents=True)
    (tmp_path / "checkpoints/a/other").mkdir()
    (tmp_path / "checkpoints/a/other/epoch-000003").write_bytes(b"a file instead")
    run("a", identity="own")
    assert files_in(tmp_path / "a") == uninterrupted.files
    Checkpoints(tmp_path / "checkpoints/a", "own").discard()
    assert epochs_in(tmp_path / "checkpoints/a") == ["emptied/epoch-000003", "other/epoch-000003"]


def test_a_full_disk_leaves_the_previous_checkpoint(
    run: Run,
    uninterrupted: Uninterrupted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    savez = np.savez

    def full(file: Path, *arrays: np.ndarray) -> None:
        savez(file, *arrays)
        if "epoch-000002" in str(file):
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.np, "savez", full)
        with pytest.raises(OSError, match="No space left"):
            run("a")
    assert epochs_in(tmp_path / "checkpoints/a") == ["identity/epoch-000001"]
    assert len(list((tmp_path / "checkpoints/a/identity").iterdir())) == 1
    run("a")
    assert files_in(tmp_path / "a") == uninterrupted.files


@pytest.fixture(scope="module")
def killed(data: tuple[Examples, Examples], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that was killed in its third epoch; read only."""
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


def test_a_corrupt_checkpoint_is_ignored_and_the_previous_one_resumes_to_the_same_bits(
    run: Run,
    uninterrupted: Uninterrupted,
    killed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(killed / "checkpoints", tmp_path / "checkpoints")
    latest, previous = (epoch(tmp_path, number) / "state.weights.h5" for number in (2, 1))
    DAMAGES["swapped"](latest, previous)  # HDF5 reads it without an error
    run("a")
    printed = capsys.readouterr().out
    assert f"ignoring corrupt checkpoint {epoch(tmp_path, 2)}\n" in printed
    assert "resuming from the checkpoint of epoch 1" in printed
    assert files_in(tmp_path / "a") == uninterrupted.files


def test_if_every_checkpoint_is_corrupt_the_training_restarts(
    run: Run,
    uninterrupted: Uninterrupted,
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
    for number in (1, 2):
        assert f"ignoring corrupt checkpoint {epoch(tmp_path, number)}\n" in printed
    assert "resuming" not in printed
    assert files_in(tmp_path / "a") == uninterrupted.files


def test_corruption_of_any_file_is_detected_before_anything_is_restored(
    killed: Path, tmp_path: Path
) -> None:
    shutil.copytree(killed / "checkpoints", tmp_path / "checkpoints")
    model = network_of(small_model()).training_model
    model.compile(Adam(ExponentialDecay(1e-3, 3, 0.9)))
    initial = model.get_weights()
    shutil.rmtree(epoch(tmp_path, 1))  # no previous one
    names = list(files_in(epoch(tmp_path, 2)))
    assert {"sha256.json", "state.json", "random.npz", "files/dvclive/metrics.json"} <= set(names)
    damaged = set()
    for name in names:
        file, other = (epoch(root, number) / name for root, number in ((tmp_path, 2), (killed, 1)))
        intact = file.read_bytes()
        for damage in DAMAGES.values():
            if other.exists():
                damage(file, other)
            if not file.exists() or file.read_bytes() != intact:
                damaged.add(name)
                state = Checkpoints(tmp_path / "checkpoints/a", "identity").restore(model, tmp_path)
                assert state == TrainingState([], 0.0)
            file.write_bytes(intact)
    assert damaged == set(names)
    assert not (tmp_path / "model.json").exists()
    for one, same in zip(model.get_weights(), initial, strict=True):
        np.testing.assert_array_equal(one, same)
    assert Checkpoints(tmp_path / "checkpoints/a", "identity").restore(model, tmp_path).rows


def test_an_additional_file_is_corruption(killed: Path, tmp_path: Path) -> None:
    shutil.copytree(killed / "checkpoints", tmp_path / "checkpoints")
    (epoch(tmp_path, 2) / "files/more.txt").write_text("from elsewhere")
    assert not checkpoints._is_intact(epoch(tmp_path, 2))
    assert checkpoints._is_intact(epoch(tmp_path, 1))
