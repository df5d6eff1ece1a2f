"""Verdicts on claims, from what was measured.

There are four verdicts:

- "supported": all that the claim says was found.
- "contradicted": the opposite of some of it was found.
- "undecided": the settings could show it, but showed neither.
- "not tested": the settings could not show it.

The findings that a claim rests on are tested together: their p-values are corrected by Holm's
method, so that one of many comparisons does not decide by chance.
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

ABOVE, BELOW = "above", "below"  # sides of a bound

# Conditions without which a claim cannot be tested.
PHOTOGRAPHS, IMAGENET, LONG = "photographs", "imagenet", "long"
EPOCHS = 20  # fewer are not long


@dataclass(frozen=True)
class Finding:
    """One thing that was measured.

    Attributes
    ----------
    what : str
    estimate : Estimate or None
        None where it is not defined for these test images or epochs.
    side : str
        The side of the bound that the claim predicts: `ABOVE` or `BELOW`.
    bound : float
    decides : bool
        Whether the verdict depends on it.
    variant : str
        The variant compared here, where the claim compares one variant with several; else empty.
    condition : str
        What must be found before the claim can be judged, if this finding measures that; else
        empty. The claim is not tested where the opposite was found, undecided where neither was.
    errors : bool
        Whether it is a ratio of squared errors, which can also be told in dB.
    chance : float or None
        The two-sided p-value of the hypothesis that the true value equals the bound, corrected for
        the claim's other findings. None where there is no interval, or `decides` is False.
    """

    what: str
    estimate: Estimate | None
    side: str = ABOVE
    bound: float = 0
    decides: bool = True
    variant: str = ""
    condition: str = ""
    errors: bool = False
    chance: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the claim's side was found (True), the other side (False), or neither (None)."""
        if self.estimate is None or self.chance is None or self.chance >= 1 - CONFIDENCE:
            return None
        return (self.estimate.value > self.bound) == (self.side == ABOVE)

    @property
    def told(self) -> str:
        """A word on what the finding says of the claim, for the pages."""
        if not self.decides:
            return "does not decide"
        return {True: "as claimed", False: "the opposite", None: "open"}[self.holds]

    @property
    def decibels(self) -> float | None:
        """The ratio of squared errors in dB; None for other findings."""
        if not self.errors or self.estimate is None:
            return None
        return 10 * math.log10(self.estimate.value)


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
        The condition under which the claim is supported.
    needs : tuple of str
        Conditions without which it cannot be tested.
    variants : tuple of str
        The variants that it speaks of.
    findings : callable
        From the experiments, which must have all these variants, to the findings.
    apart : tuple of str
        The variants that are compared one by one. Those without ImageNet weights do not decide: the
        claim is judged by the others.
    """

    number: int
    section: str
    text: str
    measured: str
    rule: str
    needs: tuple[str, ...]
    variants: tuple[str, ...]
    findings: Callable[[Experiments], list[Finding]]
    apart: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """A claim with its evidence and verdict.

    Attributes
    ----------
    claim : Claim
    findings : list of Finding
    verdict : str
    reasons : list of str
        Why all or part was not tested.
    on_colorful : str
        The verdict on the more colorful half of the test images alone. A pale answer meets
        near-gray photographs almost exactly, so they weigh much in means of PSNR.
    """

    claim: Claim
    findings: list[Finding]
    verdict: str
    reasons: list[str]
    on_colorful: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give the claim as claims.json holds it."""
        return {
            "number": self.claim.number,
            "section": self.claim.section,
            "claim": self.claim.text,
            "measured": self.claim.measured,
            "rule": self.claim.rule,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "verdict_on_colorful_half": self.on_colorful,
            "evidence": [_evidence(finding) for finding in self.findings],
        }


def _evidence(finding: Finding) -> dict[str, Any]:
    """Give a finding as claims.json holds it."""
    estimate = finding.estimate
    told = {
        "what": finding.what,
        "decides": finding.decides,
        "holds": finding.holds,
        "p_value": finding.chance,
    }
    if estimate:
        told |= {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    if finding.decibels is not None:
        told["decibels"] = finding.decibels
    return told


def judge(claims: Sequence[Claim], experiments: Experiments) -> list[Judged]:
    """Judge each claim by what the study measured."""
    half = experiments.colorful_half()
    return [
        replace(_judge(claim, experiments), on_colorful=_judge(claim, half).verdict)
        for claim in claims
    ]


def _judge(claim: Claim, experiments: Experiments) -> Judged:
    missing = [name for name in claim.variants if name not in experiments.variants]
    if missing:
        awaited = {name.rpartition("-")[0] for name in experiments.missing}
        to_come = [name for name in missing if name in awaited]
        absent = [name for name in missing if name not in awaited]
        told = {"not trained yet": to_come, "not in this study": absent}
        reasons = [f"{', '.join(names)}: {why}" for why, names in told.items() if names]
        return Judged(claim, [], NOT_TESTED, reasons)
    aside = _without_weights(claim.apart, experiments) if IMAGENET in claim.needs else {}
    findings = _corrected(
        [
            replace(finding, decides=finding.decides and finding.variant not in aside)
            for finding in claim.findings(experiments)
        ]
    )
    deciding = [finding for finding in findings if finding.decides]
    reasons = _unmet(claim, experiments, aside)
    if not deciding:
        reasons.append("nothing to compare with in this study")
    conditions = [finding for finding in deciding if finding.condition]
    reasons += [f"it needs that {each.condition}" for each in conditions if each.holds is False]
    without = [f"judged without {name}: no ImageNet weights in {aside[name]}" for name in aside]
    open_conditions = [each.condition for each in conditions if each.holds is None]
    opposite = any(finding.holds is False for finding in deciding)
    if opposite and not reasons and not open_conditions:
        return Judged(claim, findings, CONTRADICTED, without)
    names = [name for name in claim.variants if name not in aside]
    if not set.intersection(*(experiments.seeds_of(name) for name in names)):
        reasons.append("no seed that all these variants have")
    elif any(finding.estimate is None for finding in deciding):
        reasons.append("these images and epochs do not have what it speaks of")
    if any(finding.estimate and finding.estimate.low is None for finding in deciding):
        reasons.append("one seed: a difference is not established")
    if reasons:
        return Judged(claim, findings, NOT_TESTED, reasons)
    without += [f"it is itself undecided that {condition}" for condition in open_conditions]
    shown = all(finding.holds for finding in deciding)
    return Judged(claim, findings, SUPPORTED if shown else UNDECIDED, without)


def _corrected(findings: list[Finding]) -> list[Finding]:
    """Set the p-value of each finding that decides, corrected for their number."""
    chances = [
        finding.estimate.chance(finding.bound) if finding.decides and finding.estimate else None
        for finding in findings
    ]
    pairs = zip(findings, holm(chances), strict=True)
    return [replace(finding, chance=chance) for finding, chance in pairs]


def _without_weights(names: Sequence[str], experiments: Experiments) -> dict[str, str]:
    """The variants without ImageNet weights, each with its network of random weights."""
    random = {
        name: found.training.random_network for name in names for found in experiments.of(name)
    }
    return {name: network for name, network in random.items() if network}


def _unmet(claim: Claim, experiments: Experiments, aside: Collection[str]) -> list[str]:
    """The reasons why these settings cannot test a claim, whatever they measured."""
    names = [name for name in claim.variants if name not in aside]
    trainings = [found.training for name in names for found in experiments.of(name)]
    reasons = []
    if PHOTOGRAPHS in claim.needs and experiments.source == "scenes":
        reasons.append("synthetic data, whose texture tells the colors")
    random = set(_without_weights(names, experiments).values())
    if IMAGENET in claim.needs and random:
        reasons.append(f"no ImageNet weights in {', '.join(sorted(random))}")
    epochs = min(training.train.epochs for training in trainings)
    if LONG in claim.needs and epochs < EPOCHS:
        reasons.append(f"trained for {epochs} epochs; it takes {EPOCHS} to show")
    return reasons
