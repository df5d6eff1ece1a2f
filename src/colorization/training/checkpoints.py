"""Checkpoints of a training after each epoch, from which a killed training continues.

They lie outside the pipeline's outputs, which DVC removes before it runs a stage again. Two are
kept: if a power loss damages one, the other serves.
"""

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from colorization.core.files import atomic_folder
from colorization.core.hashing import sha256_of

SUMS = "sha256.json"  # holds the sha256 of each other file of a snapshot

Row = dict[str, float]  # the record of one epoch


@dataclass(frozen=True)
class TrainingState:
    """The progress of a training.

    Attributes
    ----------
    rows : list of dict
        The record of each epoch.
    seconds : float
        Time that the epochs took.
    """

    rows: list[Row]
    seconds: float


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one training.

    Attributes
    ----------
    folder : Path
        A folder for the trainings of this name alone; made if missing.
    identity : str
        A hash of everything that the result depends on; see `identity.identify`. Checkpoints of
        another identity are ignored but stay: their training continues once its settings and code
        are back.
    """

    folder: Path
    identity: str

    def save(self, model: keras.Model, done: TrainingState, files: Path) -> None:
        """Save the state after an epoch, and keep the state before it.

        Parameters
        ----------
        model : keras.Model
            A compiled model: its optimizer's state is saved too.
        done : TrainingState
        files : Path
            The model directory, as far as it is written.
        """
        with atomic_folder(self._after(len(done.rows))) as partial:
            shutil.copytree(files, partial / "files")
            model.save_weights(partial / "state.weights.h5")
            np.savez(partial / "random.npz", *_random_states(model))
            (partial / "done.json").write_text(json.dumps(asdict(done)), encoding="utf-8")
            (partial / SUMS).write_text(json.dumps(_sums(partial)), encoding="utf-8")
        kept = {self._after(len(done.rows)), self._after(len(done.rows) - 1)}
        for other in set(self._all()) - kept:
            shutil.rmtree(other, ignore_errors=True)

    def restore(self, model: keras.Model, files: Path) -> TrainingState:
        """Restore the latest undamaged state; print a line on each damaged one.

        Parameters
        ----------
        model : keras.Model
            Compiled as before. Receives the weights and the states of optimizer and random
            generators.
        files : Path
            The model directory. Receives the files that it held.

        Returns
        -------
        TrainingState
            Empty if there is no snapshot of this very training.
        """
        for epoch in reversed(self._all()):
            if not _is_whole(epoch):
                print(f"{epoch} is damaged and counts as none", flush=True)
                continue
            shutil.copytree(epoch / "files", files, dirs_exist_ok=True)
            model.optimizer.build(model.trainable_variables)
            model.load_weights(epoch / "state.weights.h5")
            with np.load(epoch / "random.npz", allow_pickle=False) as states:
                for variable, name in zip(_random_states(model), states, strict=True):
                    variable.assign(states[name])
            return TrainingState(**json.loads((epoch / "done.json").read_text(encoding="utf-8")))
        return TrainingState([], 0.0)

    def discard(self) -> None:
        """Remove the checkpoints of this identity, once its training is done."""
        shutil.rmtree(self._own, ignore_errors=True)
        with suppress(OSError):  # checkpoints of other identities stay
            self.folder.rmdir()

    @property
    def _own(self) -> Path:
        return self.folder / self.identity[:16]

    def _after(self, epoch: int) -> Path:
        return self._own / f"epoch-{epoch:06d}"

    def _all(self) -> list[Path]:
        return sorted(self._own.glob("epoch-*"))


def _is_whole(epoch: Path) -> bool:
    """Whether a snapshot holds what was saved, to the bit."""
    try:
        return json.loads((epoch / SUMS).read_bytes()) == _sums(epoch)
    except (OSError, ValueError):
        return False


def _sums(epoch: Path) -> dict[str, str]:
    """The sha256 of each file of a snapshot except SUMS, by its path in the snapshot."""
    return {
        path.relative_to(epoch).as_posix(): sha256_of(path)
        for path in sorted(epoch.rglob("*"))
        if path.is_file() and path != epoch / SUMS
    }


def _random_states(model: keras.Model) -> list[keras.Variable]:
    """The states of the dropout layers' random generators, which no weights file holds."""
    return [variable for variable in model.variables if "seed_generator" in variable.path]
