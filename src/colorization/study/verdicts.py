"""Verdicts on claims.

- "supported": all parts of the claim are significant.
- "contradicted": the opposite of a part is significant.
- "undecided": neither is.
- "not tested": the study's settings cannot test the claim.

The p-values of a claim's contrasts are corrected for multiple comparisons by Holm's method.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from colorization.study.estimates import CONFIDENCE, Estimate, holm
from colorization.study.experiments import Experiments

SUPPORTED, CONTRADICTED = "supported", "contradicted"
UNDECIDED, NOT_TESTED = "undecided", "not tested"
VERDICTS = (SUPPORTED, CONTRADICTED, UNDECIDED, NOT_TESTED)

ABOVE, BELOW = "above", "below"

# Settings that a claim may need.
PHOTOGRAPHS, IMAGENET, LONG = "photographs", "imagenet", "long"
MIN_EPOCHS = 20  # of a long training


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
    decides : bool
        Whether the verdict depends on it.
    variant : str
        The variant that is compared, if the claim compares one variant with several; else empty.
        The contrast is skipped if the study lacks it.
    is_mse_ratio : bool
        Whether it is a ratio of squared errors, which is also reported in dB.
    """

    text: str
    measure: Callable[[Experiments], Estimate | None]
    side: str = ABOVE
    bound: float = 0
    decides: bool = True
    variant: str = ""
    is_mse_ratio: bool = False


@dataclass(frozen=True)
class Claim:
    """A claim of the paper.

    Attributes
    ----------
    number : int
    section : str
        Section of the paper.
    text : str
    measured : str
        What is measured.
    rule : str
        When the claim is supported.
    needs : tuple of str
        Settings without which it cannot be tested.
    variants : tuple of str
        The variants that the study must have.
    contrasts : tuple of Contrast
    precondition : (Contrast, str) or None
        What must hold for the claim to make sense, and its name. The claim is not tested if the
        opposite is significant, and undecided if neither is.
    rivals : tuple of str
        Variants that are compared one by one. Those without ImageNet weights do not decide.
    """

    number: int
    section: str
    text: str
    measured: str
    rule: str
    needs: tuple[str, ...]
    variants: tuple[str, ...]
    contrasts: tuple[Contrast, ...]
    precondition: tuple[Contrast, str] | None = None
    rivals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A contrast with its estimate.

    Attributes
    ----------
    contrast : Contrast
    estimate : Estimate or None
    decides : bool
    p_value : float or None
        Two-sided, of the hypothesis that the true value equals the bound, corrected for the other
        contrasts of the claim. None without an interval, or if `decides` is False.
    """

    contrast: Contrast
    estimate: Estimate | None
    decides: bool
    p_value: float | None = None

    @property
    def holds(self) -> bool | None:
        """True if the predicted side is significant, False if the other is, None if neither is."""
        if self.estimate is None or self.p_value is None or self.p_value >= 1 - CONFIDENCE:
            return None
        return (self.estimate.value > self.contrast.bound) == (self.contrast.side == ABOVE)

    @property
    def outcome(self) -> str:
        """The outcome in words, for the pages."""
        if not self.decides:
            return "does not decide"
        return {True: "as claimed", False: "the opposite", None: "not significant"}[self.holds]

    @property
    def decibels(self) -> float | None:
        """A ratio of squared errors in dB; None for other contrasts."""
        if not self.contrast.is_mse_ratio or self.estimate is None:
            return None
        return 10 * math.log10(self.estimate.value)

    def as_json(self) -> dict[str, Any]:
        """The finding as in claims.json."""
        content = {
            "what": self.contrast.text,
            "decides": self.decides,
            "holds": self.holds,
            "p_value": self.p_value,
        }
        if self.estimate:
            estimate = self.estimate
            content |= {"value": estimate.value, "low": estimate.low, "high": estimate.high}
        if self.decibels is not None:
            content["decibels"] = self.decibels
        return content


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its evidence and verdict.

    Attributes
    ----------
    claim : Claim
    findings : list of Finding
    verdict : str
    reasons : list of str
        Why all or part was not tested.
    on_colorful_half : str
        The verdict on the more colorful half of the test images. Pale predictions are almost exact
        on nearly gray photographs, which dominate means of PSNR.
    """

    claim: Claim
    findings: list[Finding]
    verdict: str
    reasons: list[str]
    on_colorful_half: str = ""

    def as_json(self) -> dict[str, Any]:
        """The claim as in claims.json."""
        return {
            "number": self.claim.number,
            "section": self.claim.section,
            "claim": self.claim.text,
            "measured": self.claim.measured,
            "rule": self.claim.rule,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "verdict_on_colorful_half": self.on_colorful_half,
            "evidence": [finding.as_json() for finding in self.findings],
        }


def judge(claims: Sequence[Claim], experiments: Experiments) -> list[JudgedClaim]:
    """Judge claims by the study's results."""
    half = experiments.colorful_half()
    return [
        replace(_judge(claim, experiments), on_colorful_half=_judge(claim, half).verdict)
        for claim in claims
    ]


def _judge(claim: Claim, experiments: Experiments) -> JudgedClaim:
    missing = [name for name in claim.variants if name not in experiments.variants]
    if missing:
        return JudgedClaim(claim, [], NOT_TESTED, _reasons_of_missing(missing, experiments))
    unfit = _without_weights(claim.rivals, experiments) if IMAGENET in claim.needs else {}
    findings = _findings(claim, experiments, unfit)
    deciding = [finding for finding in findings if finding.decides]
    reasons = _unmet_needs(claim, experiments, unfit)
    if not deciding:
        reasons.append("the study has nothing to compare with")
    unresolved = ""
    if claim.precondition:
        _, condition = claim.precondition
        holds = findings[0].holds
        if holds is False:
            reasons.append(f"it requires that {condition}")
        unresolved = condition if holds is None else ""
    notes = [f"judged without {name}: no ImageNet weights in {unfit[name]}" for name in unfit]
    opposite = any(finding.holds is False for finding in deciding)
    if opposite and not reasons and not unresolved:
        return JudgedClaim(claim, findings, CONTRADICTED, notes)
    names = [name for name in claim.variants if name not in unfit]
    if not set.intersection(*(experiments.seeds_of(name) for name in names)):
        reasons.append("these variants have no seed in common")
    elif any(finding.estimate is None for finding in deciding):
        reasons.append("undefined for these images or epochs")
    if any(finding.estimate and finding.estimate.low is None for finding in deciding):
        reasons.append("one seed is not enough")
    if reasons:
        return JudgedClaim(claim, findings, NOT_TESTED, reasons)
    if unresolved:
        notes.append(f"it is undecided whether {unresolved}")
    supported = all(finding.holds for finding in deciding)
    return JudgedClaim(claim, findings, SUPPORTED if supported else UNDECIDED, notes)


def _findings(claim: Claim, experiments: Experiments, unfit: Collection[str]) -> list[Finding]:
    """Estimate the contrasts, the precondition first, with corrected p-values."""
    contrasts = [*([claim.precondition[0]] if claim.precondition else []), *claim.contrasts]
    present = ("", *experiments.variants)
    findings = [
        Finding(
            contrast,
            contrast.measure(experiments),
            contrast.decides and contrast.variant not in unfit,
        )
        for contrast in contrasts
        if contrast.variant in present
    ]
    p_values = [
        finding.estimate.p_value(finding.contrast.bound)
        if finding.decides and finding.estimate
        else None
        for finding in findings
    ]
    pairs = zip(findings, holm(p_values), strict=True)
    return [replace(finding, p_value=p_value) for finding, p_value in pairs]


def _reasons_of_missing(missing: Sequence[str], experiments: Experiments) -> list[str]:
    planned = {name.rpartition("-")[0] for name in experiments.missing}
    reasons = {
        "not trained yet": [name for name in missing if name in planned],
        "not in this study": [name for name in missing if name not in planned],
    }
    return [f"{', '.join(names)}: {reason}" for reason, names in reasons.items() if names]


def _without_weights(names: Sequence[str], experiments: Experiments) -> dict[str, str]:
    """The variants without ImageNet weights, with the name of their random network."""
    random = {
        name: training.training.random_network
        for name in names
        for training in experiments.trainings_of(name)
    }
    return {name: network for name, network in random.items() if network}


def _unmet_needs(claim: Claim, experiments: Experiments, unfit: Collection[str]) -> list[str]:
    """The claim's needs that the study's settings do not meet."""
    names = [name for name in claim.variants if name not in unfit]
    trainings = [training.training for name in names for training in experiments.trainings_of(name)]
    reasons = []
    if PHOTOGRAPHS in claim.needs and experiments.source == "scenes":
        reasons.append("synthetic images, whose texture determines the colors")
    random = set(_without_weights(names, experiments).values())
    if IMAGENET in claim.needs and random:
        reasons.append(f"no ImageNet weights in {', '.join(sorted(random))}")
    epochs = min(training.train.epochs for training in trainings)
    if LONG in claim.needs and epochs < MIN_EPOCHS:
        reasons.append(f"trained for {epochs} epochs; at least {MIN_EPOCHS} are needed")
    return reasons
