"""Where a study's settings depart from the paper's."""

from collections.abc import Sequence

from colorization.networks.record import TrainingRecord
from colorization.pages.rendering import Cell, Table


def config_diff(trainings: Sequence[TrainingRecord]) -> Table:
    """Tabulate the paper's settings beside those of a study's trainings.

    Variants that learn how likely each color is are not the paper's, and do not count. Section 2.4
    of the paper calls the embedding's network "a pre-trained Inception model"; section 3.2 has the
    other settings; section 3.5 has the size, of the VGG variants.
    """
    papers = [training for training in trainings if training.objective == "mse"]
    settings = [training.train for training in papers]
    embedding = [training.embedding.network for training in papers if training.embedding]
    most = max((training.training_images for training in papers), default=0)
    here: dict[str, tuple[str, Sequence[object]]] = {
        "photographs to train on": ("22,500", [f"{most:,}"] if papers else []),
        "side, px": ("224", [training.image_size for training in papers]),
        "network of the embedding": ("Inception", embedding),
        "learning rate": ("0.0001", [each.learning_rate for each in settings]),
        "batch, images": ("64", [each.batch_size for each in settings]),
        "epochs": ("not told", [_epochs(training) for training in papers]),
    }
    rows = [
        [Cell(what), Cell(paper), Cell(", ".join(map(str, dict.fromkeys(values))))]
        for what, (paper, values) in here.items()
        if values
    ]
    return Table(["", "the paper", "this study"], rows)


def _epochs(training: TrainingRecord) -> int:
    """The epochs of a training on all images, which gives as many steps as this one had."""
    return round(training.train.epochs * training.train.fraction)
