"""Saves a checkpoint after each epoch, from which an interrupted training resumes.

Checkpoints are no outputs of the pipeline, since DVC removes these before it runs a stage. The last
two are kept, in case that a power loss corrupts one.
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

STATE = "state.json"
CHECKSUMS = "sha256.json"  # the sha256 of each other file of a checkpoint

Row = dict[str, float]  # the record of one epoch


@dataclass(frozen=True)
class TrainingState:
    """The progress of a training.

    Attributes
    ----------
    rows : list of dict
        The record of each epoch.
    seconds : float
        The time that the epochs took.
    """

    rows: list[Row]
    seconds: float


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one training.

    Attributes
    ----------
    folder : Path
        The folder of the trainings of this name; created if missing.
    identity : str
        A hash of everything that the result depends on; see `identity.identify`. Checkpoints with
        another identity are ignored but kept: their training resumes once its settings and code are
        restored.
    """

    folder: Path
    identity: str

    def save(self, model: keras.Model, state: TrainingState, files: Path) -> None:
        """Save a checkpoint after an epoch; keep this one and the previous one.

        Parameters
        ----------
        model : keras.Model
            A compiled model; its optimizer's state is saved too.
        state : TrainingState
        files : Path
            The incomplete model directory.
        """
        epoch = len(state.rows)
        with atomic_folder(self._path(epoch)) as partial:
            shutil.copytree(files, partial / "files")
            model.save_weights(partial / "state.weights.h5")
            np.savez(partial / "random.npz", *_random_states(model))
            (partial / STATE).write_text(json.dumps(asdict(state)), encoding="utf-8")
            (partial / CHECKSUMS).write_text(json.dumps(_checksums(partial)), encoding="utf-8")
        kept = {self._path(epoch), self._path(epoch - 1)}
        for other in set(self._list()) - kept:
            shutil.rmtree(other, ignore_errors=True)

    def restore(self, model: keras.Model, files: Path) -> TrainingState:
        """Restore the latest intact checkpoint; print a line on each corrupt one.

        Parameters
        ----------
        model : keras.Model
            Compiled as before. Its weights and the states of its optimizer and random generators
            are set.
        files : Path
            The model directory, to which its files are restored.

        Returns
        -------
        TrainingState
            Empty if there is no intact checkpoint with this identity.
        """
        for checkpoint in reversed(self._list()):
            if not _is_intact(checkpoint):
                print(f"ignoring corrupt checkpoint {checkpoint}", flush=True)
                continue
            shutil.copytree(checkpoint / "files", files, dirs_exist_ok=True)
            model.optimizer.build(model.trainable_variables)
            model.load_weights(checkpoint / "state.weights.h5")
            with np.load(checkpoint / "random.npz", allow_pickle=False) as states:
                for variable, name in zip(_random_states(model), states, strict=True):
                    variable.assign(states[name])
            return TrainingState(**json.loads((checkpoint / STATE).read_text(encoding="utf-8")))
        return TrainingState([], 0.0)

    def discard(self) -> None:
        """Remove the checkpoints with this identity, once its training is complete."""
        shutil.rmtree(self._own_folder, ignore_errors=True)
        with suppress(OSError):  # not empty: checkpoints with other identities stay
            self.folder.rmdir()

    @property
    def _own_folder(self) -> Path:
        return self.folder / self.identity[:16]

    def _path(self, epoch: int) -> Path:
        return self._own_folder / f"epoch-{epoch:06d}"

    def _list(self) -> list[Path]:
        return sorted(self._own_folder.glob("epoch-*"))


def _is_intact(checkpoint: Path) -> bool:
    """Whether a checkpoint is, to the bit, what was saved."""
    try:
        return json.loads((checkpoint / CHECKSUMS).read_bytes()) == _checksums(checkpoint)
    except (OSError, ValueError):
        return False


def _checksums(checkpoint: Path) -> dict[str, str]:
    """The sha256 of each file of a checkpoint except CHECKSUMS, by its relative path."""
    return {
        path.relative_to(checkpoint).as_posix(): sha256_of(path)
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file() and path != checkpoint / CHECKSUMS
    }


def _random_states(model: keras.Model) -> list[keras.Variable]:
    """The states of the dropout layers' random generators, which weights files do not contain."""
    return [variable for variable in model.variables if "seed_generator" in variable.path]
