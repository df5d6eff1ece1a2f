"""Short trainings on the cached data of the pipeline, with other settings."""

from dataclasses import dataclass, replace
from pathlib import Path

from colorization.core.settings import Encoders, Train
from colorization.dataset.examples import Examples
from colorization.networks.inputs import VariantInputs
from colorization.training.training import Data, train_variant

ROOT = Path(__file__).resolve().parent.parent
PARAMS, DATA = ROOT / "params.yaml", ROOT / "data"


@dataclass(frozen=True)
class FewData(Data):
    """Data with the first training images only; by default all."""

    images: int | None = None

    def examples(self, split: str) -> Examples:
        examples = super().examples(split)
        return examples.subset(slice(0, self.images)) if split == "train" else examples


def settings_and_data(variant: str, images: int | None = None) -> tuple[Train, FewData]:
    """Return a variant's settings, with its overrides, and its data, which `inputs` has made."""
    inputs = VariantInputs.read(DATA / "inputs" / variant)
    settings = Train.load(PARAMS).override(inputs.line.train, variant)
    line = inputs.line.model_copy(update={"train": {}})
    return settings, FewData(DATA / "lab", DATA / "colors", replace(inputs, line=line), images)


def train(variant: str, seed: int, settings: Train, data: FewData, folder: Path) -> Path:
    """Train into a folder, and return the model directory."""
    model = folder / "model"
    encoders = Encoders.load(PARAMS)
    caches = folder / "checkpoints", folder / "hashes.json"
    train_variant(variant, seed, settings, encoders, data, model, *caches)
    return model
