"""The summary of a study: the best variant, the gain from the embedding, the verdicts."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from colorization.pages import rendering
from colorization.pages.rendering import BASELINE_NAMES, Table
from colorization.scoring.metrics import Metric, columns, metric
from colorization.scoring.summary import CONSTANT, GRAY, MODEL, PSNR, TRIVIAL
from colorization.scoring.vividness import DIFFERENCE
from colorization.study.claims import PAPER_VARIANTS, PROMISING
from colorization.study.estimates import CONFIDENCE, Estimate, holm
from colorization.study.experiments import (
    Experiments,
    function_of_columns,
    paired_difference_on_images,
)
from colorization.study.verdicts import VERDICTS, JudgedClaim

CONTROLS = {
    "bn_maxpool_no_embedding": "without an embedding",
    "bn_maxpool_random_network": "with the embedding of a random network",
    "bn_maxpool_another_photograph": "with the embedding of another photograph",
}
RANKING_METRICS = (DIFFERENCE, "colorfulness_ratio")  # besides the PSNR over the baselines


@dataclass(frozen=True)
class Control:
    """The gain from the embedding over a control.

    Attributes
    ----------
    what : str
        The control in words, for the page.
    estimate : Estimate or None
        PSNR of the variant with the embedding minus that of the control, dB.
    p_value : float or None
        Of the hypothesis of no difference, corrected for the number of controls.
    """

    what: str
    estimate: Estimate | None
    p_value: float | None

    @property
    def detectable(self) -> float | None:
        """The true difference, dB, that this comparison alone detects with 80% probability."""
        return self.estimate.detectable() if self.estimate else None

    @property
    def significant(self) -> bool:
        """Whether the variant with the embedding is significantly better."""
        better = self.estimate is not None and self.estimate.value > 0
        return better and _significant(self.p_value)


@dataclass(frozen=True)
class StudySummary:
    """The results that the page of a study begins with.

    Attributes
    ----------
    best, best_of_paper : str
        The variants with the highest PSNR over the constant color: of all but the controls, and of
        the paper's.
    second : str or None
        The second best; None if there is no other.
    lead : Estimate or None
        PSNR of the best minus that of the second, dB.
    best_over_gray : str or None
        The variant with the highest PSNR over gray, of all but the controls. This excludes exactly
        gray photographs; None if there are no others.
    above_both : list of str
        Variants whose PSNR is significantly above that of both baselines. The p-values of this and
        the next list are corrected for the number of variants; one seed is not enough.
    closer_than_gray : list of str
        Variants whose CIEDE2000 is significantly below that of gray.
    below, not_different, too_few_seeds : list of str
        The other variants but the controls: PSNR significantly below the best's, not significantly
        different, or too few common seeds. The p-values are corrected for their number.
    gains : dict of str to dict of str to Estimate
        By variant and baseline: PSNR of the variant minus that of the baseline, dB.
    controls : list of Control
    verdicts : dict of str to int
        Number of claims with each verdict.
    detectable : float or None
        The true difference in PSNR, dB, that a comparison detects with 80% probability: the median
        over comparisons of the paper's best variant with its others.
    missing : list of str
        As in `Experiments`.
    """

    best: str
    best_of_paper: str
    second: str | None
    lead: Estimate | None
    best_over_gray: str | None
    above_both: list[str]
    closer_than_gray: list[str]
    below: list[str]
    not_different: list[str]
    too_few_seeds: list[str]
    gains: dict[str, dict[str, Estimate]]
    controls: list[Control]
    verdicts: dict[str, int]
    detectable: float | None
    missing: list[str]

    @property
    def embedding_answer(self) -> str:
        """A sentence on whether the embedding helps."""
        if all(control.p_value is None for control in self.controls):
            return "One seed is not enough."
        better, total = sum(control.significant for control in self.controls), len(self.controls)
        if better == total:
            return f"Yes: the network with it is better than {_count(total)}."
        if not better:
            return f"No significant gain over {_count(total, 'any')}."
        return f"In part: the network with it is better than {better} of {total} controls."


def _count(controls: int, determiner: str = "each") -> str:
    return "its control" if controls == 1 else f"{determiner} of its {controls} controls"


def _significant(p_value: float | None) -> bool:
    return p_value is not None and p_value < 1 - CONFIDENCE


def format_p_value(p_value: float) -> str:
    """Format a p-value with its relation."""
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3g}"


def summarize_study(experiments: Experiments, judged: list[JudgedClaim]) -> StudySummary | None:
    """Summarize a study; None if no test image has a finite PSNR."""
    gains = {variant: psnr_gains(experiments, variant) for variant in experiments.variants}
    ranked = sorted(
        (name for name, gain in gains.items() if CONSTANT in gain),
        key=lambda name: -gains[name][CONSTANT].value,
    )
    if not ranked:
        return None
    candidates = [name for name in ranked if name not in CONTROLS] or ranked
    best, second = candidates[0], candidates[1] if len(candidates) > 1 else None
    over_gray = [name for name in candidates if GRAY in gains[name]]
    below, not_different, too_few_seeds = _compare_with_best(experiments, candidates)
    papers = [name for name in ranked if name in PAPER_VARIANTS]
    counts = Counter(claim.verdict for claim in judged)
    return StudySummary(
        best=best,
        best_of_paper=papers[0] if papers else best,
        second=second,
        lead=_psnr_difference(experiments, best, second) if second else None,
        best_over_gray=max(over_gray, key=lambda name: gains[name][GRAY].value, default=None),
        above_both=_select(experiments, candidates, lambda name: _p_above_both(gains[name])),
        closer_than_gray=_select(
            experiments, candidates, lambda name: _p_closer_than_gray(experiments, name)
        ),
        below=below,
        not_different=not_different,
        too_few_seeds=too_few_seeds,
        gains={name: gains[name] for name in ranked},
        controls=controls(experiments),
        verdicts={verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
        detectable=_detectable(experiments, papers),
        missing=experiments.missing,
    )


def _select(
    experiments: Experiments, variants: list[str], p_value: Callable[[str], float | None]
) -> list[str]:
    """The variants with several seeds whose corrected p-value is significant."""
    tested = [name for name in variants if len(experiments.trainings_of(name)) > 1]
    corrected = holm([p_value(name) for name in tested])
    return [name for name, p in zip(tested, corrected, strict=True) if _significant(p)]


def _p_above_both(gain: dict[str, Estimate]) -> float | None:
    """p-value of a PSNR above both baselines, the larger of two; 1 if it is not above."""
    if len(gain) < len(TRIVIAL):
        return None
    if any(estimate.value <= 0 for estimate in gain.values()):
        return 1.0
    p_values = [estimate.p_value(0) for estimate in gain.values()]
    defined = [p for p in p_values if p is not None]
    return max(defined) if len(defined) == len(p_values) else None


def _p_closer_than_gray(experiments: Experiments, variant: str) -> float | None:
    """p-value of a CIEDE2000 below that of gray; 1 if it is not below."""
    columns = [f"{colorizer}_{DIFFERENCE}" for colorizer in (MODEL, GRAY)]
    estimate = function_of_columns(
        experiments.trainings_of(variant), columns, lambda model, gray: model - gray
    )
    if estimate is None:
        return None
    return estimate.p_value(0) if estimate.value < 0 else 1.0


def _compare_with_best(
    experiments: Experiments, ranked: list[str]
) -> tuple[list[str], list[str], list[str]]:
    """`below`, `not_different`, `too_few_seeds` of `StudySummary`; `ranked` has the best first."""
    best, *others = ranked
    differences = {name: _psnr_difference(experiments, best, name) for name in others}
    p_values = holm([gap.p_value(0) if gap else None for gap in differences.values()])
    below, not_different, too_few_seeds = [], [], []
    for (name, difference), p_value in zip(differences.items(), p_values, strict=True):
        if difference is None or p_value is None:
            too_few_seeds.append(name)
        elif _significant(p_value) and difference.value > 0:
            below.append(name)
        else:
            not_different.append(name)
    return below, not_different, too_few_seeds


def psnr_gains(
    experiments: Experiments, variant: str, colorizer: str = MODEL
) -> dict[str, Estimate]:
    """PSNR of a variant minus that of each baseline, dB, where defined.

    `colorizer` may also be a baseline, which is then compared with the other one.
    """
    estimates = {
        baseline: function_of_columns(
            experiments.trainings_of(variant),
            [f"{colorizer}_{PSNR}", f"{baseline}_{PSNR}"],
            lambda a, b: a - b,
        )
        for baseline in TRIVIAL
        if baseline != colorizer
    }
    return {baseline: estimate for baseline, estimate in estimates.items() if estimate}


def controls(experiments: Experiments) -> list[Control]:
    """The gain from the embedding over each control of the study."""
    estimates = {
        what: _psnr_difference(experiments, PROMISING, name)
        for name, what in CONTROLS.items()
        if name in experiments.variants
    }
    p_values = holm([estimate.p_value(0) if estimate else None for estimate in estimates.values()])
    pairs = zip(estimates.items(), p_values, strict=True)
    return [Control(what, estimate, p_value) for (what, estimate), p_value in pairs]


def _detectable(experiments: Experiments, papers: list[str]) -> float | None:
    """`StudySummary.detectable`; `papers` are the paper's variants, the best first."""
    estimates = [_psnr_difference(experiments, papers[0], name) for name in papers[1:]]
    differences = [estimate.detectable() for estimate in estimates if estimate]
    defined = [difference for difference in differences if difference is not None]
    return float(np.median(defined)) if defined else None


def _psnr_difference(experiments: Experiments, one: str, other: str) -> Estimate | None:
    """PSNR of a variant minus that of another, dB."""
    return paired_difference_on_images(*experiments.pairs(one, other), f"{MODEL}_{PSNR}")


def _label(experiments: Experiments, variant: str) -> str:
    """A variant's name; in parentheses a random network, or fewer seeds than others."""
    seeds = {name: len(experiments.trainings_of(name)) for name in experiments.variants}
    random = {
        name: experiments.trainings_of(name)[0].training.random_network
        for name in experiments.variants
    }
    remarks = []
    if random[variant] and not all(random.values()):
        remarks.append(f"random {random[variant]}")
    if seeds[variant] < max(seeds.values()):
        remarks.append(f"{seeds[variant]} of {max(seeds.values())} seeds")
    return f"{variant} ({', '.join(remarks)})" if remarks else variant


def ranking(experiments: Experiments, summary: StudySummary) -> Table:
    """Tabulate the variants, the best first, and the baselines, with the main scores."""
    psnr = metric(PSNR)
    others = [metric(key) for key in RANKING_METRICS]
    gain_titles = [f"PSNR over {BASELINE_NAMES[baseline]}, dB" for baseline in TRIVIAL]
    rows = []
    for name, gain in summary.gains.items():
        parameters = experiments.trainings_of(name)[0].training.parameters
        row = [_label(experiments, name), f"{parameters / 1e6:.1f}"]
        row += [_cell(gain.get(baseline), psnr, sign="+") for baseline in TRIVIAL]
        rows.append(row + [_cell(mean(experiments, name, score), score) for score in others])
    variant = experiments.variants[0]  # all are compared with the same baselines
    for name in TRIVIAL:
        gain = psnr_gains(experiments, variant, name)
        row = [rendering.COLORIZER_LABELS[name], ""]
        row += [
            "" if other == name else _cell(gain.get(other), psnr, sign="+") for other in TRIVIAL
        ]
        rows.append(
            row + [_cell(mean(experiments, variant, score, name), score) for score in others]
        )
    return Table(["", "parameters, M", *gain_titles, *(score.heading for score in others)], rows)


def means_table(experiments: Experiments) -> Table:
    """Tabulate every metric of every variant, over its seeds and the test images."""
    rows = [
        [
            _label(experiments, name),
            *(_cell(mean(experiments, name, score), score) for score in columns()),
        ]
        for name in experiments.variants
    ]
    return Table(rendering.titles(), rows)


def mean(
    experiments: Experiments, variant: str, measured: Metric, colorizer: str = MODEL
) -> Estimate | None:
    """A metric of a variant or a baseline, over the variant's seeds and the test images."""
    return function_of_columns(
        experiments.trainings_of(variant), measured.columns(colorizer), measured.of_means
    )


def _cell(estimate: Estimate | None, measured: Metric, sign: str = "") -> str:
    if estimate is None:
        return measured.undefined
    return with_interval(estimate, measured.digits, sign=sign)


def with_interval(estimate: Estimate | None, digits: int, *, sign: str = "") -> str:
    """Format an estimate and its interval, such as "1.20 (0.90 to 1.50)"; `sign` is Python's."""
    if estimate is None:
        return "undefined"
    mean = f"{estimate.value:{sign}.{digits}f}"
    if estimate.low is None or estimate.low == estimate.high:
        return mean
    return f"{mean} ({estimate.low:{sign}.{digits}f} to {estimate.high:{sign}.{digits}f})"
