"""Differences between a study's settings and the paper's."""

from collections.abc import Sequence

from colorization.core.model_records import TrainingRecord
from colorization.pages.rendering import Table


def config_diff(trainings: Sequence[TrainingRecord]) -> Table:
    """Tabulate the paper's settings and those of a study's trainings.

    Classification networks are not the paper's and are ignored. The embedding's network, "a
    pre-trained Inception model", is from section 2.4 of the paper; the size, for the VGG variants,
    from section 3.5; the other settings from section 3.2.
    """
    papers = [training for training in trainings if training.objective != "classification"]
    settings = [training.train for training in papers]
    most = max((training.training_images for training in papers), default=0)
    table: dict[str, tuple[str, Sequence[object]]] = {
        "training photographs": ("22,500", [f"{most:,}"] if papers else []),
        "side, px": ("224", [training.image_size for training in papers]),
        "network of the embedding": (
            "Inception",
            [training.embedding.network for training in papers if training.embedding],
        ),
        "learning rate": ("0.0001", [train.learning_rate for train in settings]),
        "batch size": ("64", [train.batch_size for train in settings]),
        # On all images, for as many steps as a training on a fraction of them.
        "epochs": ("not reported", [round(train.epochs * train.fraction) for train in settings]),
    }
    rows = [
        [what, paper, ", ".join(map(str, dict.fromkeys(values)))]
        for what, (paper, values) in table.items()
        if values
    ]
    return Table(["", "the paper", "this study"], rows)
