"""Verdicts on claims.

- "supported": each part of the claim is significant.
- "contradicted": the opposite of a part is significant.
- "undecided": neither is.
- "not tested": the study lacks what the claim is about, or its settings cannot test it.

All p-values are two-sided. To support a claim needs no correction for the number of its parts,
since all of them have to be significant: an intersection-union test (Berger 1982). To contradict
it, one part is enough, so those p-values are corrected by Holm's method. A part is significant if
its p-value is below `estimates.level`.

References
----------
Berger, R. L. (1982). Multiparameter hypothesis testing and acceptance sampling. Technometrics 24.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from colorization.scoring.evaluation import Evaluation
from colorization.study.estimates import FEW_SEEDS, LEVEL, POWER, Estimate, holm
from colorization.study.experiments import Experiments

SUPPORTED, CONTRADICTED = "supported", "contradicted"
UNDECIDED, NOT_TESTED = "undecided", "not tested"
VERDICTS = (SUPPORTED, CONTRADICTED, UNDECIDED, NOT_TESTED)

ABOVE, BELOW = "above", "below"
ROUNDING = 1e-9  # a smaller standard error is that of slopes from differences

Measure = Callable[[Experiments], Estimate | None]  # None if undefined


@dataclass(frozen=True)
class Need:
    """What a claim cannot be tested without.

    Attributes
    ----------
    text : str
    lacking : callable
        Maps the study, and the trainings of the claim's variants, to what is lacking, in words; to
        None if nothing is.
    """

    text: str
    lacking: Callable[[Experiments, Sequence[Evaluation]], str | None]


@dataclass(frozen=True)
class Contrast:
    """A quantity that is compared with a bound.

    Attributes
    ----------
    text : str
    measure : callable
        Maps the experiments to an Estimate, or None if undefined for these images or epochs.
    side : str
        The side of the bound that the claim predicts: `ABOVE` or `BELOW`.
    bound : float
    unit : str
    decides : bool
        Whether the verdict depends on it.
    variant : str
        The variant that is compared, if the claim compares one variant with several; else empty.
        The contrast is skipped if the study lacks it.
    """

    text: str
    measure: Measure
    side: str = ABOVE
    bound: float = 0
    unit: str = ""
    decides: bool = True
    variant: str = ""

    @property
    def predicted(self) -> str:
        """The side of the bound that the claim predicts, in words."""
        return f"{self.side} {self.bound:g}{self.unit and ' '}{self.unit}"

    @property
    def prediction(self) -> str:
        """What the claim predicts, for the table of rules."""
        return f"{self.text}: {self.predicted}"


@dataclass(frozen=True)
class Statement:
    """A statement that a study supports or contradicts.

    Attributes
    ----------
    text : str
    rule : str
        When the statement is supported.
    variants : tuple of str
        The variants that the study must have.
    contrasts : tuple of Contrast
    needs : tuple of Need
    rivals : tuple of str
        Variants that are compared one by one. Those without ImageNet weights do not decide.
    notes : callable, optional
        What to say of a study's verdict in any case.
    """

    text: str
    rule: str
    variants: tuple[str, ...]
    contrasts: tuple[Contrast, ...]
    needs: tuple[Need, ...] = ()
    rivals: tuple[str, ...] = ()
    notes: Callable[[Experiments], list[str]] = lambda _: []


@dataclass(frozen=True, kw_only=True)
class Claim(Statement):
    """A claim of the paper.

    Attributes
    ----------
    number : int
    section : str
        Section of the paper.
    requires : int or None
        The number of an earlier claim that this one rests on. It cannot be tested if that one is
        contradicted or not tested, and is undecided if that one is.
    """

    number: int
    section: str
    requires: int | None = None


@dataclass(frozen=True)
class Finding:
    """A contrast with its estimate.

    Attributes
    ----------
    contrast : Contrast
    estimate : Estimate or None
    decides : bool
    p_against : float or None
        By which the contrast contradicts the claim: two-sided, corrected for the claim's other
        contrasts, and 1 if the estimate is on the predicted side. None without an interval, or if
        `decides` is False.
    """

    contrast: Contrast
    estimate: Estimate | None
    decides: bool
    p_against: float | None = None

    @property
    def p_value(self) -> float | None:
        """Two-sided, of the hypothesis that the true value equals the bound; not corrected."""
        return self.estimate.p_value(self.contrast.bound) if self.estimate else None

    @property
    def as_predicted(self) -> bool:
        """Whether the estimate is on the predicted side."""
        if self.estimate is None:
            return False
        return (self.estimate.value > self.contrast.bound) == (self.contrast.side == ABOVE)

    @property
    def holds(self) -> bool | None:
        """True if the predicted side is significant, False if the other is, None if neither is."""
        if self.estimate is None or self.p_value is None or self.p_against is None:
            return None
        if self.as_predicted:
            return True if self.p_value < self.estimate.level else None
        return False if self.p_against < self.estimate.level else None

    @property
    def outcome(self) -> str:
        """The outcome in words, for the pages."""
        if self.estimate is None:
            return "undefined"
        if not self.decides:
            return "does not decide"
        if self.p_value is None:
            return "one seed"
        if self.holds is None:
            return f"not significantly {self.contrast.predicted}"
        return "as claimed" if self.holds else "the opposite"

    def as_json(self) -> dict[str, Any]:
        """The finding as in claims.json."""
        content = {
            "what": self.contrast.text,
            "predicted": f"{self.contrast.side} {self.contrast.bound:g}",
            "decides": self.decides,
            "holds": self.holds,
            "p_value": self.p_value,
            "p_value_against": self.p_against,
        }
        if self.estimate:
            estimate = self.estimate
            content |= {"value": estimate.value, "low": estimate.low, "high": estimate.high}
            content |= {"seeds": estimate.seeds, "images": estimate.images}
        return content


@dataclass(frozen=True)
class Judged:
    """A statement with its evidence and verdict.

    Attributes
    ----------
    statement : Statement
    findings : list of Finding
    verdict : str
    reasons : list of str
        What limits the verdict: why it was not tested or is undecided, what was left out, and the
        statement's notes.
    """

    statement: Statement
    findings: list[Finding]
    verdict: str
    reasons: list[str]


@dataclass(frozen=True)
class JudgedClaim(Judged):
    """A claim of the paper with its evidence and verdict."""

    statement: Claim

    @property
    def claim(self) -> Claim:
        """The statement."""
        return self.statement

    def as_json(self) -> dict[str, Any]:
        """The claim as in claims.json."""
        return {
            "number": self.claim.number,
            "section": self.claim.section,
            "claim": self.claim.text,
            "rule": self.claim.rule,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "evidence": [finding.as_json() for finding in self.findings],
        }


def judge(claims: Sequence[Claim], experiments: Experiments) -> list[JudgedClaim]:
    """Judge claims by the study's results, in the order of the claims."""
    judged: dict[int, JudgedClaim] = {}
    for claim in claims:
        required = judged[claim.requires] if claim.requires else None
        one = judge_statement(claim, experiments, required)
        judged[claim.number] = JudgedClaim(claim, one.findings, one.verdict, one.reasons)
    return list(judged.values())


def judge_statement(
    statement: Statement, experiments: Experiments, required: JudgedClaim | None = None
) -> Judged:
    """Judge a statement, which may rest on a claim, by the study's results."""
    missing = [name for name in statement.variants if name not in experiments.variants]
    if missing:
        return Judged(statement, [], NOT_TESTED, _reasons_of_missing(missing, experiments))
    unfit = without_weights(statement.rivals, experiments)
    findings = _findings(statement, experiments, unfit)
    deciding = [finding for finding in findings if finding.decides]
    names = [name for name in statement.variants if name not in unfit]
    trainings = [training for name in names for training in experiments.trainings_of(name)]
    lacking = [need.lacking(experiments, trainings) for need in statement.needs]
    reasons = [reason for reason in lacking if reason]
    if required and required.verdict in (CONTRADICTED, NOT_TESTED):
        reasons.append(f"it rests on claim {required.claim.number}, which is {required.verdict}")
    if not deciding:
        reasons.append("the study has nothing to compare with")
    if reasons:
        return Judged(statement, findings, NOT_TESTED, reasons)
    notes = [f"judged without {name}: no ImageNet weights in {unfit[name]}" for name in unfit]
    notes += statement.notes(experiments)
    constant = [name for name in names if experiments.gives_constant_color(name)]
    if constant:
        notes.append(f"{', '.join(constant)}: the network gives a constant color")
    if required and required.verdict == UNDECIDED:
        notes.append(f"it rests on claim {required.claim.number}, which is {UNDECIDED}")
        return Judged(statement, findings, UNDECIDED, notes)
    one_seed = any(finding.estimate and finding.estimate.seeds == 1 for finding in deciding)
    of_one_seed = ["of one seed: it holds for this training alone"] if one_seed else []
    if any(finding.holds is False for finding in deciding):
        return Judged(statement, findings, CONTRADICTED, notes + of_one_seed)
    undefined = [finding.contrast.text for finding in deciding if finding.estimate is None]
    if undefined:
        reasons.append(f"{', '.join(undefined)}: undefined for these images or epochs")
    if any(finding.estimate and finding.estimate.low is None for finding in deciding):
        reasons.append("one seed is not enough")
    if reasons:
        return Judged(statement, findings, NOT_TESTED, reasons)
    unresolved = [finding for finding in deciding if finding.holds is None]
    if unresolved:
        return Judged(statement, findings, UNDECIDED, notes + _limits(unresolved))
    return Judged(statement, findings, SUPPORTED, notes + of_one_seed)


def _findings(
    statement: Statement, experiments: Experiments, unfit: Collection[str]
) -> list[Finding]:
    """Estimate the contrasts, with the p-values by which they contradict the claim."""
    present = ("", *experiments.variants)
    findings = [
        Finding(
            contrast,
            contrast.measure(experiments),
            contrast.decides and contrast.variant not in unfit,
        )
        for contrast in statement.contrasts
        if contrast.variant in present
    ]
    p_values = [
        None
        if not finding.decides or finding.p_value is None
        else (1.0 if finding.as_predicted else finding.p_value)
        for finding in findings
    ]
    pairs = zip(findings, holm(p_values), strict=True)
    return [replace(finding, p_against=p_value) for finding, p_value in pairs]


def _limits(unresolved: Sequence[Finding]) -> list[str]:
    """What limits the parts of a claim that are not significant, a text for those alike in it."""
    alike: dict[tuple[Any, ...], list[tuple[Contrast, Estimate]]] = {}
    for finding in unresolved:
        if finding.estimate and finding.p_value is not None:
            estimate, contrast = finding.estimate, finding.contrast
            kind = (_limit(finding), contrast.predicted, estimate.images, estimate.is_ratio)
            alike.setdefault(kind, []).append((contrast, estimate))
    limits = []
    for (limit, predicted, *_), parts in alike.items():
        names = ", ".join(contrast.variant or contrast.text for contrast, _ in parts)
        first = parts[0][0]
        than_bound = f"{first.unit} {first.side} that".lstrip()
        detected = sensitivity([estimate for _, estimate in parts], than_bound)
        limits.append(f"{names}: {limit or f'not significantly {predicted}; {detected}'}")
    return limits


def _limit(finding: Finding) -> str:
    """What limits a part, unless it is the number of seeds and photographs."""
    estimate, p_value = finding.estimate, finding.p_value
    if estimate is None or p_value is None:
        return ""
    if not estimate.se or estimate.se < ROUNDING:
        return "exactly the bound"
    opposite = "" if finding.as_predicted else "the opposite, but "
    if p_value < estimate.level:
        return f"{opposite}not after correction for the number of parts"
    if p_value < LEVEL:
        return (
            f"{opposite}p = {p_value:.3f}, which has to be below {estimate.level:g} with fewer "
            f"than {FEW_SEEDS} seeds"
        )
    return ""


def sensitivity(estimates: Sequence[Estimate], unit: str) -> str:
    """What such numbers of seeds and photographs detect, and which of the two is the limit.

    Of one seed the share of the variance between seeds is unknown.
    """
    seeds, images = min(estimate.seeds for estimate in estimates), estimates[0].images
    sample = f"{seeds} seeds" if seeds > 1 else "1 seed"
    if images > 1:
        sample += f" and {images:,} photographs"
    detectable = [estimate.detectable() or 0.0 for estimate in estimates]
    factor = "a factor of " if estimates[0].is_ratio else ""
    form = ".3g" if estimates[0].is_ratio else ".2g"
    text = f"{sample} detect {factor}{_span(detectable, form)} {unit}".rstrip()
    text += f" at {POWER:.0%} power{', in each alone' if len(estimates) > 1 else ''}"
    shares = [one.from_seeds for one in estimates if one.from_seeds is not None]
    if images > 1 and seeds > 1 and shares:
        text += f" ({_span(shares, '.0%')} of the variance is between seeds)"
    return text


def _span(values: Sequence[float], form: str) -> str:
    low, high = (f"{end:{form}}" for end in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _reasons_of_missing(missing: Sequence[str], experiments: Experiments) -> list[str]:
    planned = {name.rpartition("-")[0] for name in experiments.missing}
    reasons = {
        "not trained yet": [name for name in missing if name in planned],
        "not in this study": [name for name in missing if name not in planned],
    }
    return [f"{', '.join(names)}: {reason}" for reason, names in reasons.items() if names]


def without_weights(names: Sequence[str], experiments: Experiments) -> dict[str, str]:
    """The variants without ImageNet weights, with the name of their random network."""
    random = {
        name: training.training.random_network
        for name in names
        for training in experiments.trainings_of(name)
    }
    return {name: network for name, network in random.items() if network}
