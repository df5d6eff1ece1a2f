"""The summary of a study: the ranking by error removed, and what holds in a few sentences."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from colorization.core.settings import UNINFORMATIVE
from colorization.pages import rendering
from colorization.pages.rendering import COLORIZER_LABELS, Table
from colorization.scoring.metrics import Metric, columns, metric
from colorization.scoring.summary import ERROR_REMOVED, GRAY, MODEL, TRIVIAL
from colorization.study import measures
from colorization.study.claims import PAPER_VARIANTS, PROMISING
from colorization.study.embedding import Comparison, compare_embeddings, counterparts
from colorization.study.estimates import (
    CONFIDENCE,
    FEW_SEEDS,
    LEVEL,
    LEVEL_OF_FEW_SEEDS,
    Estimate,
    holm,
    is_significant,
    with_interval,
)
from colorization.study.experiments import Experiments, function_of_columns
from colorization.study.measures import REMOVED
from colorization.study.plots import Interval
from colorization.study.verdicts import VERDICTS, JudgedClaim, sensitivity

DIFFERENCE, COLORFULNESS = "ciede2000_mean", "colorfulness_ratio"
MOST_VALUES = 3  # in a sentence; of more variants, the least and the most are given
GAP_TITLE = "gap, test over training error (1 is none)"
VARIANT_KINDS = ("the paper's", "beyond the paper", "control")


@dataclass(frozen=True)
class StudySummary:
    """The results that the page of a study begins with.

    Attributes
    ----------
    removed : dict of str to Estimate
        Error removed by each variant, percent, the highest first; without variants whose networks
        give one constant color.
    trivial : dict of str to Estimate
        The same of the trivial baselines.
    constant : list of str
        The variants whose networks all give one constant color. They are in no ranking.
    best, best_of_paper : str or None
        The variants that remove the most: of all but the controls, and of the paper's.
    papers : list of str
        The paper's variants, those that are in no ranking too; see `is_of_the_paper`.
    compared : list of str
        Those of all but the controls that have more than one seed; one is not enough to compare.
    above_zero : list of str
        Those of them that remove significantly more than nothing. The p-values are corrected for
        the number of variants.
    closer_than_gray : list of str
        Likewise those whose CIEDE2000 is significantly below that of gray.
    below : list of str
        Likewise those that remove significantly less than the best. Since the same data chose the
        best, these p-values are corrected for the number of pairs of variants.
    embeddings : list of Comparison
        The paper's choice by its embedding. Empty if the study has nothing to compare.
    verdicts : dict of str to int
        Number of claims with each verdict.
    detectable : float or None
        The true difference, in points of error removed, that a comparison detects with 80%
        probability: the median over comparisons of the paper's best variant with its others.
    """

    removed: dict[str, Estimate]
    trivial: dict[str, Estimate]
    constant: list[str]
    best: str | None
    best_of_paper: str | None
    papers: list[str]
    compared: list[str]
    above_zero: list[str]
    closer_than_gray: list[str]
    below: list[str]
    embeddings: list[Comparison]
    verdicts: dict[str, int]
    detectable: float | None


def summarize_study(experiments: Experiments, judged: Sequence[JudgedClaim]) -> StudySummary:
    """Summarize a study."""
    constant = [name for name in experiments.variants if experiments.gives_constant_color(name)]
    scored = {
        name: mean(experiments, name, REMOVED)
        for name in experiments.variants
        if name not in constant
    }
    removed = {name: estimate for name, estimate in scored.items() if estimate}
    removed = dict(sorted(removed.items(), key=lambda item: -item[1].value))
    candidates = [name for name in removed if not is_control(experiments, name)]
    tested = [name for name in candidates if len(experiments.trainings_of(name)) > 1]
    ranked_papers = [name for name in candidates if is_of_the_paper(experiments, name)]
    first = experiments.variants[0]  # all are compared with the same baselines
    trivial = {name: mean(experiments, first, REMOVED, name) for name in TRIVIAL}
    counts = Counter(claim.verdict for claim in judged)
    return StudySummary(
        removed=removed,
        trivial={name: estimate for name, estimate in trivial.items() if estimate},
        constant=constant,
        best=candidates[0] if candidates else None,
        best_of_paper=ranked_papers[0] if ranked_papers else None,
        papers=[name for name in experiments.variants if is_of_the_paper(experiments, name)],
        compared=tested,
        above_zero=_select(tested, removed.get),
        closer_than_gray=_select(tested, lambda name: _closer_than_gray(experiments, name)),
        below=_below_the_best(experiments, candidates, tested),
        embeddings=compare_embeddings(experiments),
        verdicts={verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
        detectable=_detectable(experiments, ranked_papers),
    )


def is_control(experiments: Experiments, variant: str) -> bool:
    """Whether a variant's embedding has no semantic information on its photograph.

    No photograph to be colorized has such an embedding, so a control is no candidate in a ranking.
    A variant without embedding is one: it colorizes any photograph.
    """
    line = experiments.lines.get(variant)
    return line is not None and line.embedding in UNINFORMATIVE


def is_of_the_paper(experiments: Experiments, variant: str) -> bool:
    """Whether a variant is one of the paper's.

    It is one of its networks, trained on all photographs, and has the embedding or encoder that the
    network has in the paper. The learning rate, the batch size and whether the embedding is
    standardized do not matter.
    """
    if is_control(experiments, variant):
        return False
    training = experiments.trainings_of(variant)[0].training
    return (
        training.network in PAPER_VARIANTS
        and training.pretrained is not None
        and training.train.fraction == 1
    )


def _select(
    variants: Sequence[str], measure: Callable[[str], Estimate | None], others: int = 0
) -> list[str]:
    """The variants for which a measure is significantly above 0, after correction.

    The p-values are corrected for the number of variants and of `others` that are compared, too.
    """
    tested = {name: estimate for name in variants if (estimate := measure(name))}
    # One-sided: a measure below 0 counts as a test, and is not above.
    p_values = [estimate.p_value(0) if estimate.value > 0 else 1.0 for estimate in tested.values()]
    corrected = holm([*p_values, *[1.0] * others])[: len(tested)]
    pairs = zip(tested.items(), corrected, strict=True)
    return [name for (name, estimate), p_value in pairs if is_significant(estimate, p_value)]


def _below_the_best(
    experiments: Experiments, candidates: Sequence[str], tested: Sequence[str]
) -> list[str]:
    """Those tested that remove significantly less than the best of the candidates.

    The same data chose the best: all pairs of variants were compared.
    """
    if not tested or tested[0] != candidates[0]:
        return []
    best, *others = tested
    return _select(
        others,
        lambda name: measures.lead(best, name)(experiments),
        math.comb(len(tested), 2) - len(others),
    )


def _closer_than_gray(experiments: Experiments, variant: str) -> Estimate | None:
    """CIEDE2000 of gray minus that of a variant."""
    names = [f"{colorizer}_{DIFFERENCE}" for colorizer in (GRAY, MODEL)]
    return function_of_columns(
        experiments.trainings_of(variant), names, lambda gray, model: gray - model
    )


def _detectable(experiments: Experiments, papers: Sequence[str]) -> float | None:
    """`StudySummary.detectable`; `papers` are the paper's variants, the best first."""
    estimates = [measures.lead(papers[0], name)(experiments) for name in papers[1:]]
    differences = [estimate.detectable() for estimate in estimates if estimate]
    defined = [difference for difference in differences if difference is not None]
    return float(np.median(defined)) if defined else None


def mean(
    experiments: Experiments, variant: str, measured: Metric, colorizer: str = MODEL
) -> Estimate | None:
    """A metric of a variant or a baseline, over the variant's seeds and the scored photographs."""
    trainings = experiments.trainings_of(variant)
    return function_of_columns(trainings, measured.columns(colorizer), measured.of_means)


def sentences(experiments: Experiments, summary: StudySummary) -> list[str]:
    """What holds, in a sentence each: best, the paper's, embedding, gap, colors."""
    return [
        _on_the_best(experiments, summary) + _on_vividness(experiments, summary),
        _on_the_papers(experiments, summary),
        _on_the_embedding(experiments, summary),
        _on_the_gap(experiments),
        _on_the_colors(experiments, summary),
    ]


def _on_the_best(experiments: Experiments, summary: StudySummary) -> str:
    if experiments.photographs.empty:
        return "No variant is ranked: no test photograph reaches `evaluate.min_chroma`."
    if summary.best is None:
        return "No variant is ranked: none gives more than one constant color on photographs."
    estimate = summary.removed[summary.best]
    best = f"`{summary.best}` removes the most of the constant color's error, {_percent(estimate)}"
    if estimate.value <= 0:
        best = (
            f"no variant removes any of the constant color's error; `{summary.best}` comes "
            f"closest, with {_percent(estimate)}"
        )
    if next(iter(summary.removed)) != summary.best:
        best = f"apart from controls, {best}"
    best = best[0].upper() + best[1:]
    if not summary.compared:
        return f"{best}; one seed is not enough to compare variants."
    ranked = [name for name in summary.removed if not is_control(experiments, name)]
    single = len(ranked) > len(summary.compared)
    of_several = f" of the {len(summary.compared)} with several seeds" if single else ""
    level = (
        f"p < {LEVEL:g}, with fewer than {FEW_SEEDS} seeds p < {LEVEL_OF_FEW_SEEDS:g}, corrected "
        "for the number of variants"
    )
    if not summary.above_zero:
        none = f"none{of_several}" if single else "no variant"
        return f"{best}; {none} removes significantly ({level}) more than nothing."
    if summary.above_zero == [summary.best] and not single:
        return (
            f"{best}, and is the only one that removes significantly ({level}) more than nothing."
        )
    better = _among(summary.above_zero, summary.compared)
    return f"{best};{of_several} significantly ({level}) better than the constant color: {better}."


def _on_vividness(experiments: Experiments, summary: StudySummary) -> str:
    """Which variants remove more than the best at vividness 0, instead of at their defaults."""
    if summary.best is None:
        return ""
    texts = []
    for name in summary.removed:
        seed, first = next(
            (seed, training)
            for (variant, seed), training in experiments.trainings.items()
            if variant == name
        )
        if first.sweep is None:
            continue
        scores = first.sweep.scores.set_index("vividness")[ERROR_REMOVED]
        if scores[0] > summary.removed[summary.best].value:
            at_0, default = (f"{scores[at]:.{REMOVED.digits}f}%" for at in (0, first.sweep.default))
            texts.append(f"`{name}` (seed {seed}) removes {at_0}, at its default {default}")
    return f" At vividness 0 {'; '.join(texts)}." if texts else ""


def _on_the_papers(experiments: Experiments, summary: StudySummary) -> str:
    if summary.papers and summary.compared:
        return _shown_of_the_papers(experiments, summary)
    name = summary.best_of_paper
    if name is None:
        return "No variant of the paper's networks is ranked."
    removed = _percent(summary.removed[name])
    best = f"Of the variants of the paper's networks `{name}` removes the most, {removed}"
    if name == summary.best:
        best = f"`{name}` is a variant of the paper's networks"
    if name == PROMISING:
        return f"{best}; it is the one that the paper calls the most promising."
    return f"{best}; {_on_the_promising(summary)}."


def _on_the_promising(summary: StudySummary) -> str:
    promising = f"`{PROMISING}`, which the paper calls the most promising,"
    if PROMISING not in summary.removed:
        return f"{promising} is not ranked"
    return f"{promising} removes {_percent(summary.removed[PROMISING])}"


def _shown_of_the_papers(experiments: Experiments, summary: StudySummary) -> str:
    """Which of the paper's variants are shown to remove error, or why none is."""
    papers = [name for name in summary.removed if name in summary.papers]  # the best first
    tested = {
        name: summary.removed[name] for name in papers if len(experiments.trainings_of(name)) > 1
    }
    above = [name for name, estimate in tested.items() if (estimate.low or 0) > 0]
    variants = "variant" if len(summary.papers) == 1 else "variants"
    are = "are" if len(above) > 1 else "is"
    text = (
        f"Of {len(summary.papers)} {variants} of the paper's networks, {len(above) or 'none'} "
        f"{are} shown to remove error ({CONFIDENCE:.0%} interval above 0)"
    )
    parts = []
    if above:
        values = [f"`{name}` {_percent(tested[name])}" for name in above]
        many = len(values) > MOST_VALUES
        text += f", from {values[-1]} to {values[0]}" if many else f": {', '.join(values)}"
        if len(tested) > 1:
            corrected = _select([*tested], tested.get)
            which = _among(corrected, above) if corrected else "none"
            if corrected == above:
                which = "the same"
            parts.append(f"after correction for {len(tested)} variants: {which}")
    elif tested:
        closest, estimate = next(iter(tested.items()))
        parts.append(f"`{closest}` comes closest with {_percent(estimate)}")
        parts.append(sensitivity([estimate], "percent"))
    single = [name for name in papers if name not in tested]
    if single:
        have = "has a single seed" if len(single) == 1 else "have a single seed each"
        parts.append(f"{_listed(single)} {have}, which is not enough")
    constant = [name for name in summary.constant if name in summary.papers]
    if constant:
        gives = "gives" if len(constant) == 1 else "give"
        parts.append(f"{_listed(constant)} {gives} a constant color")
    if PROMISING in above and len(above) <= MOST_VALUES:
        parts.append(f"`{PROMISING}` is the one that the paper calls the most promising")
    else:
        parts.append(_on_the_promising(summary))
    separator = "; " if above else ": "
    return f"{text}{separator}{'; '.join(parts)}."


def _on_the_embedding(experiments: Experiments, summary: StudySummary) -> str:
    compared = [(row.kind.than, row, row.gain) for row in summary.embeddings if row.kind.than]
    gains = [(than, row.outcome, gain) for than, row, gain in compared if gain]
    if not gains:
        return f"What the semantic embedding is worth is not tested: {_not_compared(experiments)}."
    parts: list[str] = []
    for than, outcome, gain in gains:
        size = gain if gain.value >= 0 else gain.negated()
        points, *interval = with_interval(size, 1).split(" ", 1)
        text = f"{points} {'points ' if not parts else ''}"
        text += "less" if gain.value < 0 else "more"
        remarks = [*(part.strip("()") for part in interval), outcome]
        parts.append(f"{text} ({', '.join(remarks)}) than {than}")
    return f"With the embedding of its photograph `{PROMISING}` removes {_joined(parts)}."


def _not_compared(experiments: Experiments) -> str:
    """Why what the embedding is worth is not tested."""
    kinds = counterparts(experiments, PROMISING)
    others = [name for name, kind in kinds.items() if kind.than]
    missing = [name for name in (PROMISING, *others) if name not in experiments.variants]
    if others and missing:
        are = "is" if len(missing) == 1 else "are"
        return f"{_listed(missing)} {are} not trained yet"
    return "the study has nothing to compare it with"


def _gaps(experiments: Experiments) -> dict[str, Estimate]:
    """The gap of each variant that has it: `measures.gap`, as claim 4 has it."""
    gaps = {name: measures.gap(name)(experiments) for name in experiments.variants}
    return {name: estimate for name, estimate in gaps.items() if estimate}


def _on_the_gap(experiments: Experiments) -> str:
    measured = _gaps(experiments)
    if not measured:
        return "How much larger the error is on test than on training photographs is undefined."
    names = [PROMISING] if PROMISING in measured else []
    names += [min(measured, key=lambda name: measured[name].value)]
    names += [max(measured, key=lambda name: measured[name].value)]
    values = [f"`{name}` {with_interval(measured[name], 2)}" for name in dict.fromkeys(names)]
    return (
        "After the last epoch, the error on test photographs over that on training photographs is "
        f"{', '.join(values)}"
        + (", the least and the most of all." if len(names) == 3 and len(set(names)) == 3 else ".")
    )


def _on_the_colors(experiments: Experiments, summary: StudySummary) -> str:
    ratios = [mean(experiments, name, metric(COLORFULNESS)) for name in summary.removed]
    values = [estimate.value for estimate in ratios if estimate]
    if not values:
        return "Colorfulness is undefined: no photograph is scored."
    low, high = (f"{value:.2f}" for value in (min(values), max(values)))
    span = low if low == high else f"{low} to {high}"
    colorful = f"Colorized photographs are {span} times as colorful as the photographs"
    closer = summary.closer_than_gray
    if not summary.compared:
        return f"{colorful}."
    if not closer:
        return f"{colorful}, and no variant is significantly closer to them than gray by CIEDE2000."
    are = "is" if len(closer) == 1 else "are"
    return (
        f"{colorful}; {_listed(closer)} {are} significantly closer to them than gray by CIEDE2000."
    )


def _listed(names: Sequence[str]) -> str:
    return _joined([f"`{name}`" for name in names])


def _among(names: Sequence[str], variants: Sequence[str]) -> str:
    """Name some of several variants, by the others if these are fewer."""
    others = [name for name in variants if name not in names]
    if len(names) <= len(others):
        return _listed(names)
    return f"all but {_listed(others)}" if others else "all"


def _joined(parts: Sequence[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last


def _percent(estimate: Estimate) -> str:
    return with_interval(estimate, REMOVED.digits, unit="%")


def label(experiments: Experiments, variant: str) -> str:
    """A variant's name, with remarks in parentheses.

    They are: a random network if others have none, and those of `Experiments.remarks`.
    """
    random = {
        name: experiments.trainings_of(name)[0].training.random_network
        for name in experiments.variants
    }
    remarks = experiments.remarks(variant)
    if random[variant] and not all(random.values()):
        remarks = [f"random {random[variant]}", *remarks]
    return f"{variant} ({', '.join(remarks)})" if remarks else variant


def _kind(experiments: Experiments, variant: str) -> str:
    """The kind of a variant, one of `VARIANT_KINDS`."""
    papers, beyond, control = VARIANT_KINDS
    if is_control(experiments, variant):
        return control
    return papers if is_of_the_paper(experiments, variant) else beyond


def forest_rows(experiments: Experiments, summary: StudySummary) -> list[Interval]:
    """The variants and the trivial baselines with the error that they remove, the highest first."""
    rows = [
        Interval.of(label(experiments, name), estimate, _kind(experiments, name))
        for name, estimate in summary.removed.items()
    ]
    rows += [
        Interval.of(_trivial_label(name), estimate) for name, estimate in summary.trivial.items()
    ]
    return sorted(rows, key=lambda row: -row.value)


def _trivial_label(name: str) -> str:
    return COLORIZER_LABELS[name].partition(" (")[0]


def embedding_rows(
    experiments: Experiments, summary: StudySummary
) -> list[tuple[Interval, Interval | None]]:
    """The paper's choice by its embedding: error removed, and the gap if it is defined."""
    rows = []
    for row in summary.embeddings:
        remarks = ", ".join([row.variant, *experiments.remarks(row.variant)])
        name, kind = f"{row.kind.text} ({remarks})", _kind(experiments, row.variant)
        gap = Interval.of(name, row.gap, kind) if row.gap else None
        rows.append((Interval.of(name, row.removed, kind), gap))
    return rows


def ranking(experiments: Experiments, summary: StudySummary) -> Table:
    """Tabulate variants and baselines by error removed, then variants that are in no ranking."""
    ranked = (REMOVED, metric(DIFFERENCE), metric(COLORFULNESS))
    measured_gaps = _gaps(experiments)
    gaps = {name: with_interval(measured_gaps.get(name), 2) for name in experiments.variants}
    rows = []
    for name in summary.removed:
        row = [_cell(mean(experiments, name, measured), measured) for measured in ranked]
        rows.append((summary.removed[name].value, [label(experiments, name), *row, gaps[name]]))
    first = experiments.variants[0]
    for name in summary.trivial:
        row = [_cell(mean(experiments, first, measured, name), measured) for measured in ranked]
        rows.append((summary.trivial[name].value, [COLORIZER_LABELS[name], *row, ""]))
    rows.sort(key=lambda row: -row[0])
    last = [
        [label(experiments, name), "unranked", *([""] * (len(ranked) - 1)), gaps[name]]
        for name in summary.constant
    ]
    titles = ["", *(measured.heading for measured in ranked), GAP_TITLE]
    return Table(titles, [*(cells for _, cells in rows), *last])


def means_table(experiments: Experiments) -> Table:
    """Tabulate every metric of every variant and baseline, over seeds and scored photographs."""
    first = experiments.variants[0]
    titled = [
        *((label(experiments, name), name, MODEL) for name in experiments.variants),
        *((COLORIZER_LABELS[baseline], first, baseline) for baseline in TRIVIAL),
    ]
    rows = [
        [
            title,
            *(
                _cell(mean(experiments, name, measured, colorizer), measured)
                for measured in columns()
            ),
        ]
        for title, name, colorizer in titled
    ]
    return rendering.without_undefined(Table(rendering.titles(), rows))


def _cell(estimate: Estimate | None, measured: Metric) -> str:
    if estimate is None:
        return measured.undefined
    return with_interval(estimate, measured.digits)
