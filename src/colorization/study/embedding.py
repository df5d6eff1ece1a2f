"""What the embedding is worth to the paper's choice, and whether it serves as a fingerprint.

The variants that are compared have other embeddings than the paper's choice, or none, or drop a
part of its embedding while they are trained; all else is alike. The embedding of another photograph
says nothing of the content, but is the same in each epoch: it identifies the photograph.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from colorization.core.settings import IMAGENET, NONE
from colorization.pages.rendering import Table
from colorization.study import claims, measures
from colorization.study.claims import PROMISING
from colorization.study.estimates import (
    LEVEL,
    Estimate,
    format_p_value,
    holm,
    is_significant,
    with_interval,
)
from colorization.study.experiments import Experiments
from colorization.study.verdicts import ABOVE, Contrast, Judged, Statement, judge_statement

ANOTHER, RANDOM = "another_photograph", "random_network"


@dataclass(frozen=True)
class EmbeddingKind:
    """A kind of embedding.

    Attributes
    ----------
    text : str
    than : str
        What comes after "removes more than", of kinds that show the worth of the embedding; else
        empty.
    changes : mapping of str to str
        The fields in which a variant's line differs from that with the embedding of its photograph.
    network : str
        The network that is compared; empty for any.
    """

    text: str
    than: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)
    network: str = ""


OWN = EmbeddingKind("its photograph's")
KINDS = (
    EmbeddingKind("none", "without", {"embedding": NONE}),
    EmbeddingKind("a random network's", "with that of a random network", {"embedding": RANDOM}),
    EmbeddingKind(
        "another photograph's", "with that of another photograph", {"embedding": ANOTHER}
    ),
    EmbeddingKind("its photograph's, not standardized", changes={"embedding": "imagenet_raw"}),
    EmbeddingKind(
        "its photograph's, with dropout",
        changes={"network": "embedding_dropout"},
        network=PROMISING,
    ),
)


@dataclass(frozen=True)
class Comparison:
    """The paper's choice with a kind of embedding, and with that of its photograph beside it.

    Attributes
    ----------
    variant : str
    kind : EmbeddingKind
    removed : Estimate
        Error removed, percent.
    gap : Estimate or None
        `measures.gap`; None if undefined.
    gain : Estimate or None
        Error removed with the embedding of the photograph minus `removed`, points. None in the row
        of that embedding itself, as are the following.
    gap_ratio : Estimate or None
        Gap with the embedding of the photograph over `gap`.
    gain_p, gap_p : float or None
        Of the hypothesis of no difference. Those of kinds that show the worth of the embedding are
        corrected for their number; the others are exploratory.
    """

    variant: str
    kind: EmbeddingKind
    removed: Estimate
    gap: Estimate | None
    gain: Estimate | None = None
    gap_ratio: Estimate | None = None
    gain_p: float | None = None
    gap_p: float | None = None

    @property
    def outcome(self) -> str:
        """What the embedding of the photograph brings in words: a gain, a loss, or neither."""
        if self.gain is None:
            return "not compared"
        p_value = self.gain.p_value(0)
        if p_value is None:
            return "one seed is not enough"
        if is_significant(self.gain, self.gain_p):
            return "a significant gain" if self.gain.value > 0 else "a significant loss"
        if is_significant(self.gain, p_value):
            return "not significant after correction"
        return "not significant with so few seeds" if p_value < LEVEL else "not significant"


def counterparts(experiments: Experiments, variant: str) -> dict[str, EmbeddingKind]:
    """Return the lines that differ from one with ImageNet embeddings in these alone.

    Each with its kind, in the order of `KINDS`. They may not be trained yet.
    """
    line = experiments.lines.get(variant)
    if line is None or line.embedding != IMAGENET:
        return {}
    return {
        name: kind
        for kind in KINDS
        if kind.network in ("", line.network)
        for name, other in experiments.lines.items()
        if other == line.model_copy(update=dict(kind.changes))
    }


def compare_embeddings(experiments: Experiments) -> list[Comparison]:
    """Compare the trained variants of the paper's choice, that with its own embedding first.

    Empty if nothing is trained to compare.
    """
    own = measures.error_removed(PROMISING)(experiments)
    if own is None:
        return []
    rows = [Comparison(PROMISING, OWN, own, measures.gap(PROMISING)(experiments))]
    rows += [
        Comparison(
            name,
            kind,
            removed,
            measures.gap(name)(experiments),
            gain=measures.lead(PROMISING, name)(experiments),
            gap_ratio=measures.gap_ratio(PROMISING, name)(experiments),
        )
        for name, kind in counterparts(experiments, PROMISING).items()
        if (removed := measures.error_removed(name)(experiments))
    ]
    if len(rows) == 1:
        return []
    gain_p = _corrected(rows, [row.gain.p_value(0) if row.gain else None for row in rows])
    gap_p = _corrected(rows, [row.gap_ratio.p_value(1) if row.gap_ratio else None for row in rows])
    return [
        replace(row, gain_p=of_gain, gap_p=of_gap)
        for row, of_gain, of_gap in zip(rows, gain_p, gap_p, strict=True)
    ]


def _corrected(rows: list[Comparison], p_values: list[float | None]) -> list[float | None]:
    """Correct the p-values of the kinds that show the worth of the embedding; keep the others."""
    worth = holm([p if row.kind.than else None for row, p in zip(rows, p_values, strict=True)])
    return [
        of_worth if row.kind.than else p
        for row, p, of_worth in zip(rows, p_values, worth, strict=True)
    ]


def embeddings_table(experiments: Experiments, comparisons: list[Comparison]) -> Table:
    """Tabulate the error removed and the gap by embedding, and what differs from `PROMISING`."""
    titles = [
        "embedding",
        "variant",
        "error removed, %",
        f"{PROMISING} minus that, points",
        "gap, test over training error",
        f"ratio of {PROMISING}'s gap to that",
    ]
    rows = []
    for row in comparisons:
        remarks = ", ".join(experiments.remarks(row.variant))
        named = f"`{row.variant}` ({remarks})" if remarks else f"`{row.variant}`"
        cells = [row.kind.text, named, with_interval(row.removed, 1)]
        own = row.kind is OWN
        cells.append("" if own else _with_p_value(row.gain, row.gain_p, 1, sign="+"))
        cells.append(with_interval(row.gap, 2))
        cells.append("" if own else _with_p_value(row.gap_ratio, row.gap_p, 2))
        rows.append(cells)
    return Table(titles, rows)


def _with_p_value(
    estimate: Estimate | None, p_value: float | None, digits: int, *, sign: str = ""
) -> str:
    text = with_interval(estimate, digits, sign=sign)
    return text if p_value is None else f"{text}, p {format_p_value(p_value)}"


def detectable_gains(comparisons: list[Comparison]) -> str:
    """The differences in error removed that would be detected, points; empty without intervals."""
    gains = [row.gain.detectable() for row in comparisons if row.gain]
    defined = [gain for gain in gains if gain is not None]
    ends = (f"{end:.1f}" for end in (min(defined), max(defined))) if defined else ()
    return " to ".join(dict.fromkeys(ends))


def judge_fingerprint(experiments: Experiments) -> list[Judged]:
    """Judge by the study whether the embedding is recognized, and whether it is memorized.

    The two are independent: both may hold, or neither. Empty if the study has no line to compare.
    """
    others = counterparts(experiments, PROMISING)
    if not others:
        return []
    names: dict[str, str] = {experiments.lines[name].embedding: name for name in others}
    none = names.get(NONE, f"{PROMISING}_no_embedding")  # or the name that the profiles give it
    another = names.get(ANOTHER, f"{PROMISING}_{ANOTHER}")
    random = names.get(RANDOM, f"{PROMISING}_{RANDOM}")
    variants = (PROMISING, another, none)
    needs = (claims.PHOTOGRAPHS, claims.IMAGENET, claims.colors(*variants))
    over_random = measures.lead(PROMISING, random)

    def on_a_random_network(study: Experiments) -> list[str]:
        gain = over_random(study) if random in study.variants else None
        if gain is None or gain.is_above_zero:
            return []
        return ["not shown to help more than a random network's embedding"]

    statements = (
        Statement(
            "The network recognizes the content by the embedding, and this helps",
            rule=f"the error that {PROMISING} removes with the embedding of the photograph is "
            "above that with another photograph's, and above that without embedding",
            variants=variants,
            needs=needs,
            notes=on_a_random_network,
            contrasts=(
                Contrast(
                    "error removed with the photograph's embedding minus that with another's",
                    measures.lead(PROMISING, another),
                    unit="points",
                ),
                Contrast(
                    "error removed with the photograph's embedding minus that without",
                    measures.lead(PROMISING, none),
                    unit="points",
                ),
                Contrast(
                    "error removed with the photograph's embedding minus that with a random "
                    "network's",
                    over_random,
                    unit="points",
                    decides=False,
                    variant=random,
                ),
            ),
        ),
        Statement(
            "The embedding is memorized as a fingerprint of the photograph",
            rule="the gap is above that without embedding both with the embedding of the "
            "photograph and with another photograph's, which only identifies the photograph",
            variants=variants,
            needs=needs,
            contrasts=tuple(
                Contrast(
                    f"test over training MSE in the last epoch with {whose} embedding over without",
                    measures.gap_ratio(name, none),
                    ABOVE,
                    1,
                )
                for whose, name in (
                    ("another photograph's", another),
                    ("the photograph's", PROMISING),
                )
            ),
        ),
    )
    return [judge_statement(statement, experiments) for statement in statements]
