"""Publish the trainings of this workspace's study, and compute the study's page.

python tools/publish.py studies/NAME              # add this workspace's trainings; the page
python tools/publish.py studies/NAME --page-only  # the page alone
python tools/publish.py studies/NAME --page-only --labels PATH  # and scores by label
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from colorization.core import provenance
from colorization.core.errors import ColorizationError
from colorization.core.settings import NONE, Params
from colorization.core.tables import read_table
from colorization.labels.reading import read_labels
from colorization.labels.subsets import join
from colorization.study import published
from commands import changed_stages

IRRELEVANT = ("report", "package", "embedder", "compare")  # stages that no evaluation needs


def main(folder: Path, *, page_only: bool, labels: str | None) -> None:
    if page_only:
        table = None if labels is None else labels_of(folder, labels)
    else:
        commit = provenance.commit_of_code(Path.cwd())
        names = published.add(Path.cwd(), up_to_date(), commit, folder)
        print(f"published in {folder}: {', '.join(names) or 'nothing new'}")
        table = read_table(Path("data", "labels.csv"))
    published.write_pages(folder, table)


def labels_of(folder: Path, labels: str) -> pd.DataFrame:
    """The labels of a published study's test photographs."""
    photographs = folder / published.PHOTOGRAPHS
    if not photographs.exists():
        raise ColorizationError(f"{folder}: no training is published there")
    names = read_table(photographs)["name"]
    return join(read_labels(labels, Path(".dvc", "tmp", "downloads")), names)


def up_to_date() -> list[tuple[str, int]]:
    """The trainings whose evaluations exist and are up to date."""
    changed = changed_stages()
    shared = [name for name in changed if "@" not in name and name not in IRRELEVANT]
    if shared:
        raise ColorizationError(f"dvc status: out of date: {', '.join(shared)}")
    stale = {name.partition("@")[2] for name in changed}  # trainings, variants, embeddings
    params = Params.load(Path("params.yaml"))
    return [
        (variant, seed)
        for variant, seed in params.trainings()
        if stale.isdisjoint({f"{variant}-{seed}", variant, params.variants[variant].embedding})
        and Path("data", "evaluations", f"{variant}-{seed}").exists()
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--page-only", action="store_true")
    parser.add_argument("--labels", metavar="PATH", help="with --page-only; see download.labels")
    arguments = parser.parse_args()
    if arguments.labels is not None and not arguments.page_only:
        parser.error("--labels is for --page-only; a workspace has its own labels")
    if arguments.labels == NONE:
        parser.error("--labels none would overwrite the scores by label; leave --labels out")
    try:
        main(**vars(arguments))
    except (ColorizationError, OSError) as error:
        sys.exit(f"publish: {error}")
