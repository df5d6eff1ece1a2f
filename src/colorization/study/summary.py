"""Answers to a reader's first questions: the best variant, the embedding's gain, the verdicts."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from colorization.pages import rendering
from colorization.pages.rendering import Cell, Table
from colorization.scoring.metrics import Metric, columns, metric
from colorization.scoring.summary import CONSTANT, GRAY, MODEL, PSNR, TRIVIAL
from colorization.scoring.vividness import DIFFERENCE
from colorization.study.claims import PROMISING, THE_PAPERS
from colorization.study.estimates import CONFIDENCE, Estimate, holm
from colorization.study.experiments import Experiments, difference_on_images, of_images
from colorization.study.verdicts import VERDICTS, Judged

CONTROLS = {
    "bn_maxpool_no_embedding": "without an embedding",
    "bn_maxpool_random_network": "with a random network's",
    "bn_maxpool_another_photograph": "with another photograph's",
}
TOLD = (DIFFERENCE, "colorfulness_ratio")  # shown beside PSNR over the trivial


@dataclass(frozen=True)
class Control:
    """The gain from the embedding over a control.

    Attributes
    ----------
    what : str
        The control, as a page names it.
    estimate : Estimate or None
        PSNR of the variant with the embedding less that of the control, in dB.
    chance : float or None
        p-value of the hypothesis of no difference, corrected for the number of controls.
    """

    what: str
    estimate: Estimate | None
    chance: float | None

    @property
    def detectable(self) -> float | None:
        """The true difference, in dB, that this comparison alone finds with 80% probability."""
        return self.estimate.detectable() if self.estimate else None

    @property
    def shown(self) -> bool:
        """Whether the variant with the embedding is significantly better."""
        better = self.estimate is not None and self.estimate.value > 0
        return better and self.chance is not None and self.chance < 1 - CONFIDENCE


@dataclass(frozen=True)
class Answers:
    """The answers to a reader's first questions.

    Attributes
    ----------
    best, best_of_paper : str
        The variants with the highest PSNR over the floor mean_ab: of all but the controls, and of
        the paper's.
    second : str or None
        The next after the best; None if there is no other.
    lead : Estimate or None
        PSNR of the best less that of the next, in dB.
    best_over_gray : str or None
        The variant with the highest PSNR over the gray image, of all but the controls. This leaves
        out photographs that are exactly gray. None if there is no other photograph.
    above_both : list of str
        The variants whose PSNR is shown to be above that of both trivial.
    closer : list of str
        The variants whose mean color difference, CIEDE2000, is shown to be below the gray image's.
        One seed shows nothing. Of both lists the p-values are corrected for the number of variants.
    behind, level, unmatched : list of str
        The other variants but the controls: those whose PSNR is significantly below the best's,
        those that are not told apart from it, and those that share too few seeds with it. The
        p-values are corrected for their number.
    over : dict of str to dict of str to Estimate
        By variant and floor: the PSNR of the variant less that of the floor, in dB.
    controls : list of Control
    verdicts : dict of str to int
        The number of claims with each verdict.
    detectable : float or None
        The true difference in PSNR, in dB, that a comparison finds with a probability of 80%: the
        median over the comparisons of the paper's best variant with its others.
    missing : list of str
        Trainings that the study names but that are not there.
    """

    best: str
    best_of_paper: str
    second: str | None
    lead: Estimate | None
    best_over_gray: str | None
    above_both: list[str]
    closer: list[str]
    behind: list[str]
    level: list[str]
    unmatched: list[str]
    over: dict[str, dict[str, Estimate]]
    controls: list[Control]
    verdicts: dict[str, int]
    detectable: float | None
    missing: list[str]

    @property
    def of_the_embedding(self) -> str:
        """A sentence on whether the embedding helps."""
        if all(control.chance is None for control in self.controls):
            return "One seed does not tell."
        shown, total = sum(control.shown for control in self.controls), len(self.controls)
        if shown == total:
            return f"Yes: the network with it is better than {_count(total)}."
        if not shown:
            return f"No gain is shown over {_count(total, 'any')}."
        return f"In part: the network with it is better than {shown} of {total} controls."


def _count(controls: int, each: str = "each") -> str:
    return "its control" if controls == 1 else f"{each} of its {controls} controls"


def p_value(chance: float) -> str:
    """Format a p-value."""
    return "< 0.001" if chance < 0.001 else f"= {chance:.3g}"


def answer(experiments: Experiments, judged: list[Judged]) -> Answers | None:
    """Give the answers; None where no test image has a finite PSNR."""
    over = {variant: over_trivial(experiments, variant) for variant in experiments.variants}
    ranked = sorted(
        (name for name, found in over.items() if CONSTANT in found),
        key=lambda name: -over[name][CONSTANT].value,
    )
    if not ranked:
        return None
    candidates = [name for name in ranked if name not in CONTROLS] or ranked
    best, second = candidates[0], candidates[1] if len(candidates) > 1 else None
    beside_gray = [name for name in candidates if GRAY in over[name]]
    behind, level, unmatched = _told_apart(experiments, candidates)
    papers = [name for name in ranked if name in THE_PAPERS]
    counted = Counter(each.verdict for each in judged)
    return Answers(
        best=best,
        best_of_paper=papers[0] if papers else best,
        second=second,
        lead=_psnr_difference(experiments, best, second) if second else None,
        best_over_gray=max(beside_gray, key=lambda name: over[name][GRAY].value, default=None),
        above_both=_shown(experiments, candidates, lambda name: _above_both(over[name])),
        closer=_shown(experiments, candidates, lambda name: _closer(experiments, name)),
        behind=behind,
        level=level,
        unmatched=unmatched,
        over={name: over[name] for name in ranked},
        controls=controls(experiments),
        verdicts={verdict: counted[verdict] for verdict in VERDICTS if counted[verdict]},
        detectable=_detectable(experiments, papers),
        missing=experiments.missing,
    )


def _shown(
    experiments: Experiments, variants: list[str], chance: Callable[[str], float | None]
) -> list[str]:
    """The variants with several seeds whose p-value, corrected for their number, is low enough."""
    trained = [name for name in variants if len(experiments.of(name)) > 1]
    corrected = holm([chance(name) for name in trained])
    pairs = zip(trained, corrected, strict=True)
    return [name for name, value in pairs if value is not None and value < 1 - CONFIDENCE]


def _above_both(over: dict[str, Estimate]) -> float | None:
    """The p-value of a PSNR above both trivial, the greater of two; 1 where it is not above."""
    if len(over) < len(TRIVIAL):
        return None
    if any(estimate.value <= 0 for estimate in over.values()):
        return 1.0
    chances = [estimate.chance(0) for estimate in over.values()]
    known = [chance for chance in chances if chance is not None]
    return max(known) if len(known) == len(chances) else None


def _closer(experiments: Experiments, variant: str) -> float | None:
    """The p-value of a CIEDE2000 below the gray image's; 1 where it is not below."""
    columns = [f"{colorizer}_{DIFFERENCE}" for colorizer in (MODEL, GRAY)]
    estimate = of_images(experiments.of(variant), columns, lambda a, b: a - b)
    if estimate is None:
        return None
    return estimate.chance(0) if estimate.value < 0 else 1.0


def _told_apart(
    experiments: Experiments, ranked: list[str]
) -> tuple[list[str], list[str], list[str]]:
    """Give `behind`, `level` and `unmatched` of `Answers`; `ranked` has the best first."""
    best, *others = ranked
    differences = {name: _psnr_difference(experiments, best, name) for name in others}
    chances = holm([each.chance(0) if each else None for each in differences.values()])
    behind, level, unmatched = [], [], []
    for (name, difference), chance in zip(differences.items(), chances, strict=True):
        if difference is None or chance is None:
            unmatched.append(name)
        elif chance < 1 - CONFIDENCE and difference.value > 0:
            behind.append(name)
        else:
            level.append(name)
    return behind, level, unmatched


def over_trivial(
    experiments: Experiments, variant: str, colorizer: str = MODEL
) -> dict[str, Estimate]:
    """Estimate the PSNR of a variant less that of each floor, in dB, where it is defined.

    `colorizer` may also be a floor, which is then compared with the other one.
    """
    found = {
        floor: of_images(
            experiments.of(variant),
            [f"{colorizer}_{PSNR}", f"{floor}_{PSNR}"],
            lambda a, b: a - b,
        )
        for floor in TRIVIAL
        if floor != colorizer
    }
    return {floor: estimate for floor, estimate in found.items() if estimate}


def controls(experiments: Experiments) -> list[Control]:
    """Estimate the gain from the embedding over each control that the study has."""
    found = {
        what: _psnr_difference(experiments, PROMISING, name)
        for name, what in CONTROLS.items()
        if name in experiments.variants
    }
    chances = holm([estimate.chance(0) if estimate else None for estimate in found.values()])
    pairs = zip(found.items(), chances, strict=True)
    return [Control(what, estimate, chance) for (what, estimate), chance in pairs]


def _detectable(experiments: Experiments, papers: list[str]) -> float | None:
    """Give `Answers.detectable`; `papers` are the paper's variants, the best first."""
    differences = [_psnr_difference(experiments, papers[0], name) for name in papers[1:]]
    found = [each.detectable() for each in differences if each]
    known = [each for each in found if each is not None]
    return float(np.median(known)) if known else None


def _psnr_difference(experiments: Experiments, one: str, other: str) -> Estimate | None:
    """Estimate by how many dB the PSNR of a variant is above another's."""
    return difference_on_images(*experiments.pairs(one, other), f"{MODEL}_{PSNR}")


def _named(experiments: Experiments, variant: str) -> str:
    """A variant's name, with what sets it apart: a random network, or fewer seeds than others."""
    seeds = {name: len(experiments.of(name)) for name in experiments.variants}
    random = {
        name: experiments.of(name)[0].training.random_network for name in experiments.variants
    }
    told = []
    if random[variant] and not all(random.values()):
        told.append(f"random {random[variant]}")
    if seeds[variant] < max(seeds.values()):
        told.append(f"{seeds[variant]} of {max(seeds.values())} seeds")
    return f"{variant} ({', '.join(told)})" if told else variant


def ranking(experiments: Experiments, answers: Answers) -> Table:
    """Tabulate the variants, the best first, with the scores that matter most."""
    titles = [
        "",
        "parameters, M",
        *(f"PSNR over {rendering.BASELINE_NAMES[floor]}, dB" for floor in TRIVIAL),
    ]
    told = [metric(key) for key in TOLD]
    rows = []
    for name, over in answers.over.items():
        parameters = experiments.of(name)[0].training.parameters
        cells = [Cell(_named(experiments, name)), Cell(f"{parameters / 1e6:.1f}", parameters / 1e6)]
        cells += [_cell(over.get(floor), metric(PSNR), sign="+") for floor in TRIVIAL]
        rows.append(cells + [_cell(mean(experiments, name, each), each) for each in told])
    rows += [_floor_row(experiments, floor, told) for floor in TRIVIAL]
    return Table([*titles, *(each.heading for each in told)], rows)


def _floor_row(experiments: Experiments, floor: str, told: list[Metric]) -> list[Cell]:
    """A floor's row of `ranking`; every variant was scored beside the same trivial."""
    variant = experiments.variants[0]
    over = over_trivial(experiments, variant, floor)
    return [
        Cell(rendering.COLORIZER_LABELS[floor]),
        Cell(""),
        *(
            Cell("") if each == floor else _cell(over.get(each), metric(PSNR), "+")
            for each in TRIVIAL
        ),
        *(_cell(mean(experiments, variant, each, floor), each) for each in told),
    ]


def means_table(experiments: Experiments) -> Table:
    """Tabulate every metric of every variant, over its seeds and the test images."""
    rows = [
        [
            Cell(_named(experiments, name)),
            *(_cell(mean(experiments, name, each), each) for each in columns()),
        ]
        for name in experiments.variants
    ]
    return Table(rendering.titles(), rows)


def mean(
    experiments: Experiments, variant: str, measured: Metric, colorizer: str = MODEL
) -> Estimate | None:
    """Estimate a metric of a variant or a floor, over the variant's seeds and the test images."""
    column = f"{colorizer}_{measured.key}"
    if measured.over is None:
        return of_images(experiments.of(variant), [column], lambda value: value)
    return of_images(experiments.of(variant), [column, measured.over], lambda a, b: a / b)


def _cell(estimate: Estimate | None, measured: Metric, sign: str = "") -> Cell:
    if estimate is None:
        return Cell(measured.undefined)
    return Cell(with_interval(estimate, measured.digits, sign=sign), estimate.value)


def with_interval(estimate: Estimate | None, digits: int, *, sign: str = "") -> str:
    """Format an estimate and its interval, such as "1.20 (0.90 to 1.50)"; `sign` is Python's."""
    if estimate is None:
        return "undefined"
    mean = f"{estimate.value:{sign}.{digits}f}"
    if estimate.low is None or estimate.low == estimate.high:
        return mean
    return f"{mean} ({estimate.low:{sign}.{digits}f} to {estimate.high:{sign}.{digits}f})"
