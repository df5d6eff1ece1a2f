"""The names of the splits, and of their photographs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # worker processes would import it, too
    import pandas as pd

SPLITS = ("train", "validation", "test")
EXCLUDED = "excluded"
NAMES = "names.json"  # of arrays the list of their photographs; of embeddings, a dict by split


def names_by_split(split: "pd.DataFrame") -> dict[str, list[str]]:
    """List the photographs of each split.

    Parameters
    ----------
    split : DataFrame
        Returned by `split.split_archive`.
    """
    return {key: split.loc[split["split"] == key, "name"].tolist() for key in SPLITS}
