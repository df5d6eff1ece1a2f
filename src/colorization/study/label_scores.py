"""Scores by label, as a study's folder has them: published in place of the labels."""

from typing import Self

from colorization.core.records import Record
from colorization.study.estimates import Estimate

ByVariant = dict[str, dict[str, Estimate]]  # and subset


class LabelScores(Record):
    """Scores by subset of the test photographs, in percent of the constant color's error.

    Attributes
    ----------
    photographs : dict of str to int
        Number of scored test photographs of each subset.
    colors : dict of str to Estimate
        Error removed by the mean color of the subset's training photographs, over photographs.
    error_removed : dict of str to dict of str to Estimate
        By variant and subset, over seeds and photographs.
    over_color : dict of str to dict of str to Estimate
        The same, minus what the subset's mean color removes on the same photographs.
    leads : dict of str to dict of str to Estimate
        By variant and subset: error removed on photographs of nature only, of sea and of
        vegetation, minus that on objects only, points.
    seeds : dict of str to list of int
        The seeds of each variant's trainings.
    images : int
        Number of scored test photographs, with and without labels.
    min_chroma : float
        `evaluate.min_chroma`, by which they were chosen.
    """

    photographs: dict[str, int]
    colors: dict[str, Estimate]
    error_removed: ByVariant
    over_color: ByVariant
    leads: ByVariant
    seeds: dict[str, list[int]]
    images: int
    min_chroma: float

    @classmethod
    def empty(cls) -> Self:
        """The scores of photographs without labels."""
        return cls(
            photographs={},
            colors={},
            error_removed={},
            over_color={},
            leads={},
            seeds={},
            images=0,
            min_chroma=0.0,
        )

    def lead_over_objects(self, variant: str, subset: str) -> Estimate | None:
        """Error removed by a variant on a subset minus that on objects only, points, if known."""
        return self.leads.get(variant, {}).get(subset)

    def of_trainings(self, seeds: dict[str, list[int]]) -> Self:
        """Drop the scores of variants that have other trainings by now.

        Parameters
        ----------
        seeds : dict of str to list of int
            The seeds of each variant's trainings.
        """
        same = {name for name, of_one in self.seeds.items() if seeds.get(name) == of_one}
        kept = {
            field: {name: scores for name, scores in getattr(self, field).items() if name in same}
            for field in ("error_removed", "over_color", "leads", "seeds")
        }
        return self.model_copy(update=kept)
