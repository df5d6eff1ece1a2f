"""Collects what only one variant depends on: its line of params.yaml, encoder and embeddings.

All instances of a DVC stage have the same dependencies up to substitution. So the stage `inputs`
puts what differs between variants into one folder each, and one stage `train` does for all.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from colorization.core.hashing import sha256_of
from colorization.core.model_records import Pretrained
from colorization.core.records import Record, Sha256
from colorization.core.settings import NONE, Variant

RECORD, EMBEDDINGS = "variant.json", "embeddings"


class VariantRecord(Record):
    """The content of variant.json.

    Attributes
    ----------
    line : Variant
        The variant's line of params.yaml.
    encoder : Pretrained or None
        The network and weights of its encoder.
    source : str
        The sha256 of its network's source file; a change of the source changes this record.
    """

    line: Variant
    encoder: Pretrained | None = None
    source: Sha256


@dataclass(frozen=True)
class VariantInputs:
    """The inputs of a variant's trainings and evaluations, apart from the cached arrays.

    Attributes
    ----------
    line : Variant
    encoder : Pretrained or None
    embeddings : Path or None
        The folder of its embeddings; None for a variant that takes none.
    """

    line: Variant
    encoder: Pretrained | None
    embeddings: Path | None

    @classmethod
    def read(cls, folder: Path) -> "VariantInputs":
        """Read the folder that `write_inputs` filled."""
        record = VariantRecord.read(folder / RECORD)
        embeddings = folder / EMBEDDINGS
        return cls(record.line, record.encoder, embeddings if embeddings.is_dir() else None)

    def embedding(self) -> Pretrained | None:
        """Identify the network whose logits are the embeddings."""
        return Pretrained.read(self.embeddings / "identity.json") if self.embeddings else None


def write_inputs(
    line: Variant, source: Path, encoder: Path, embeddings: Path, folder: Path
) -> None:
    """Write the inputs of a variant into a folder.

    Parameters
    ----------
    line : Variant
    source : Path
        The file that defines its network.
    encoder : Path
        The identity of its encoder, as the stage `check` wrote it.
    embeddings : Path
        The folder of its embeddings; not read if the variant takes none.
    folder : Path
    """
    pretrained = Pretrained.read(encoder) if line.encoder != NONE else None
    record = VariantRecord(line=line, encoder=pretrained, source=sha256_of(source))
    record.write(folder / RECORD)
    if line.embedding != NONE:
        shutil.copytree(embeddings, folder / EMBEDDINGS)
