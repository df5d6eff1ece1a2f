"""Snapshots of a training after each epoch, from which it goes on when it was killed.

They lie outside the pipeline's outputs, which DVC removes before it runs a stage again. Two are
kept: one that a power loss damaged counts as none.
"""

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from colorization.core.files import whole_folder
from colorization.core.hashing import sha256_of

SUMS = "sha256.json"  # of each other file of a snapshot

Row = dict[str, float]  # what a training records of one epoch


@dataclass(frozen=True)
class Done:
    """How far a training is.

    Attributes
    ----------
    rows : list of dict
        What was recorded of each epoch.
    seconds : float
        That the epochs took.
    """

    rows: list[Row]
    seconds: float


@dataclass(frozen=True)
class Snapshots:
    """Where one training keeps its snapshots.

    Attributes
    ----------
    folder : Path
        Of the trainings of this name alone; made if missing.
    identity : str
        Whatever the result depends on, as `identity.identify` tells it. Snapshots of another
        identity count as none, and stay: with the settings or the code of before, theirs goes on.
    """

    folder: Path
    identity: str

    def save(self, model: keras.Model, done: Done, files: Path) -> None:
        """Keep the state after an epoch, and the one before it.

        Parameters
        ----------
        model : keras.Model
            Compiled: its optimizer's state is kept too.
        done : Done
        files : Path
            The model directory as far as it is written.
        """
        with whole_folder(self._after(len(done.rows))) as partial:
            shutil.copytree(files, partial / "files")
            model.save_weights(partial / "state.weights.h5")
            np.savez(partial / "random.npz", *_random_states(model))
            (partial / "done.json").write_text(json.dumps(asdict(done)), encoding="utf-8")
            (partial / SUMS).write_text(json.dumps(_sums(partial)), encoding="utf-8")
        kept = {self._after(len(done.rows)), self._after(len(done.rows) - 1)}
        for other in set(self._all()) - kept:
            shutil.rmtree(other, ignore_errors=True)

    def restore(self, model: keras.Model, files: Path) -> Done:
        """Bring back the latest state that is whole; say so of each one that is not.

        Parameters
        ----------
        model : keras.Model
            Compiled as it was; gets weights and the states of optimizer and random generators.
        files : Path
            The model directory; gets what it held.

        Returns
        -------
        Done
            Nothing, where there is no snapshot of this very training.
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
            return Done(**json.loads((epoch / "done.json").read_text(encoding="utf-8")))
        return Done([], 0.0)

    def discard(self) -> None:
        """Remove those of this identity: its training is done."""
        shutil.rmtree(self._own, ignore_errors=True)
        with suppress(OSError):  # others stay
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
    """The sha256 of each file of a snapshot but for SUMS, by its path in there."""
    return {
        path.relative_to(epoch).as_posix(): sha256_of(path)
        for path in sorted(epoch.rglob("*"))
        if path.is_file() and path != epoch / SUMS
    }


def _random_states(model: keras.Model) -> list[keras.Variable]:
    """The random generators' states, which no weights file holds: those of the dropout layers."""
    return [variable for variable in model.variables if "seed_generator" in variable.path]
