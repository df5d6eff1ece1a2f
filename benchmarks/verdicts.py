"""How often verdicts err, and what they detect: studies simulated from a published one.

A simulated study draws photographs with replacement from those of the published study, and keeps
each variant's error on them. It draws new seeds: what a seed changes on all photographs, from a
normal distribution with the variance between the published seeds, pooled over the variants; what it
changes on each photograph, from the published residuals there, with a random sign. Then a share of
the constant color's error is added, so that the error that each variant truly removes is known.
Prints Markdown tables.

    python benchmarks/verdicts.py --study studies/photographs --images 4000 --studies 250
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import turns
from arguments import build_parser
from colorization.core.settings import Params
from colorization.study import measures
from colorization.study.claims import CLAIMS, PROMISING, RIVALS
from colorization.study.estimates import LEVEL, level, linear_combination, linearized
from colorization.study.experiments import Experiments, read_experiments, table_of
from colorization.study.published import PHOTOGRAPHS
from colorization.study.verdicts import CONTRADICTED, SUPPORTED, Claim, judge

JUDGED = (2, 7, 8, 11, 12)  # the claims about error removed on all photographs
SEEDS = (3, 4, 5, 10)
DIFFERENCES = (2, 5, 10)  # points of error removed
FAR = 50.0  # points
SLOWER = 1.2  # training MSE of deeper over the baseline's, as published

# What variants remove, in points, if a claim is true by one point; all others remove nothing.
AS_CLAIMED: dict[int, dict[str, float]] = {
    2: {"deeper": -1},
    7: {"vgg16_repeat": 1},
    8: {PROMISING: 1},
    11: {"bn_maxpool_quarter": -2, "bn_maxpool_half": -1},  # with each doubling
    12: {"bn": 1},
}
BOUND = {2: {"deeper": 2.0}}  # what they remove at the bounds of claims that are not at 0


@dataclass(frozen=True)
class Population:
    """What simulated studies are drawn from.

    Attributes
    ----------
    constant : (I,) array
        The constant color's error on each photograph; its mean is 1.
    means : dict of str to (I,) array
        By variant: its error on each photograph, mean over the seeds, in the same unit; its mean is
        1, as if it removed nothing.
    residuals : dict of str to (S, I) array
        By variant: what a seed changes on each photograph.
    seed_sd : float
        Standard deviation between seeds of the error removed, points.
    curve_sd : float
        Standard deviation between seeds of the log of `measures.mean_training_mse`.
    """

    constant: np.ndarray
    means: dict[str, np.ndarray]
    residuals: dict[str, np.ndarray]
    seed_sd: float
    curve_sd: float


def populate(study: Experiments) -> Population:
    constant = study.photographs["constant_mse_ab"].to_numpy(float)
    unit = constant.mean()
    constant = constant / unit
    means, residuals, between, curves = {}, {}, [], []
    for name in study.variants:
        trainings = study.trainings_of(name)
        errors = table_of(trainings, "model_mse_ab") / unit
        seeds, images = errors.shape
        mean, of_seeds = errors.mean(axis=0), errors.mean(axis=1, keepdims=True)
        rest = errors - mean - of_seeds + errors.mean()
        means[name] = mean - (mean.mean() - 1) * constant
        residuals[name] = rest * np.sqrt(seeds / (seeds - 1))  # to the variance of new seeds
        noise = np.sum(rest**2) / (seeds - 1) / (images - 1) / images
        between.append(np.var(of_seeds, ddof=1) - noise)
        logs = [np.log(measures.mean_training_mse(training.history)) for training in trainings]
        curves.append(np.var(logs, ddof=1))
    seed_sd, curve_sd = 100 * np.sqrt(np.mean(between)), np.sqrt(np.mean(curves))
    return Population(constant, means, residuals, float(seed_sd), float(curve_sd))


def draw(
    rng: np.random.Generator,
    population: Population,
    variants: Sequence[str],
    images: int,
    seeds: int,
    seed_sds: Sequence[float],
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draw photographs, and seeds of variants that remove nothing: errors (I,) and (S, I)."""
    chosen = rng.integers(len(population.constant), size=images)
    constant = population.constant[chosen]
    errors = {}
    for name, seed_sd in zip(variants, seed_sds, strict=True):
        residuals = population.residuals[name]
        sources = rng.integers(len(residuals), size=(seeds, images))
        signs = rng.choice([-1.0, 1.0], size=(seeds, images))
        errors[name] = (
            population.means[name][chosen]
            + signs * residuals[sources, chosen]
            + rng.normal(0, seed_sd / 100, (seeds, 1)) * constant
        )
    return constant, errors


def compare_two(
    rng: np.random.Generator,
    population: Population,
    images: int,
    seeds: int,
    seed_sds: tuple[float, float],
    studies: int,
) -> dict[str, str]:
    """How often two variants are told apart that remove the same, or differ by so much."""
    p_values = []
    for _ in range(studies):
        names = (PROMISING, "baseline")
        constant, errors = draw(rng, population, names, images, seeds, seed_sds)
        every = np.broadcast_to(constant, (seeds, images))
        tables = [linearized([errors[name], every], measures.REMOVED.of_means) for name in names]
        estimate = linear_combination([table for table in tables if table is not None], [1, -1])
        # If one removed so much more, the estimate and its bound would shift by the same.
        p_values.append([estimate.p_value(-shift) for shift in (0, *DIFFERENCES)])
    equal, *different = np.array(p_values, float).T
    return {
        "sd between seeds, points": " and ".join(f"{seed_sd:.1f}" for seed_sd in seed_sds),
        "seeds": f"{seeds}",
        f"equal, p < {LEVEL:g}": f"{np.mean(equal < LEVEL):.1%}",
        "equal, significant": f"{np.mean(equal < level(seeds)):.1%}",
    } | {
        f"{shift} points": f"{np.mean(p < level(seeds)):.0%}"
        for shift, p in zip(DIFFERENCES, different, strict=True)
    }


def judge_simulated(
    rng: np.random.Generator, population: Population, study: Experiments, images: int, studies: int
) -> list[dict[str, str]]:
    """How often each claim is supported and contradicted, by what is true."""
    rows = []
    for claim in CLAIMS:
        if claim.number in JUDGED:
            names = [*dict.fromkeys([*claim.variants, *AS_CLAIMED[claim.number]])]
            seed_sds = [population.seed_sd] * len(names)
            counts: Counter[str] = Counter()
            for _ in range(studies):
                drawn = draw(rng, population, names, images, SEEDS[0], seed_sds)
                for title, (verdict, removed, slower) in truths(claim).items():
                    simulated = simulate(rng, population, study, drawn, removed, slower)
                    counts[title] += judge([claim], simulated)[0].verdict == verdict
            shares = {title: f"{counts[title] / studies:.1%}" for title in truths(claim)}
            rows.append({"claim": f"{claim.number}"} | shares)
    return rows


def truths(claim: Claim) -> dict[str, tuple[str, dict[str, float], float]]:
    """By title: the verdict to count, the error that variants remove, how slow deeper converges."""

    def removed(points: float) -> dict[str, float]:
        bound = BOUND.get(claim.number, {})
        return {
            name: bound.get(name, 0.0) + points * share
            for name, share in AS_CLAIMED[claim.number].items()
        }

    # A claim with several parts is easiest to support falsely if one alone is at its bound.
    others = dict.fromkeys(RIVALS[1:], -FAR) if claim.number == 8 else {}
    cases = {
        "falsely supported": (SUPPORTED, removed(0) | others, SLOWER),
        "falsely contradicted": (CONTRADICTED, removed(0), 1.0),
    }
    for points in DIFFERENCES:
        cases[f"true by {points}: supported"] = (SUPPORTED, removed(points), SLOWER)
    for points in DIFFERENCES:
        cases[f"false by {points}: contradicted"] = (CONTRADICTED, removed(-points), SLOWER)
    return cases


def simulate(
    rng: np.random.Generator,
    population: Population,
    study: Experiments,
    drawn: tuple[np.ndarray, dict[str, np.ndarray]],
    removed: Mapping[str, float],
    slower: float,
) -> Experiments:
    """A study of drawn photographs whose variants truly remove so much of the error, percent."""
    constant, errors = drawn
    trainings = {}
    for name, of_seeds in errors.items():
        template = study.trainings_of(name)[0]
        record = template.training.model_copy(update={"image_size": 128})  # as claim 7 needs
        curves = np.exp(rng.normal(0, population.curve_sd, len(of_seeds)))
        curves *= slower if name == "deeper" else 1
        for seed, (error, curve) in enumerate(zip(of_seeds, curves, strict=True)):
            model = error - removed.get(name, 0) / 100 * constant
            rows = pd.DataFrame({"constant_mse_ab": constant, "model_mse_ab": model})
            history = pd.DataFrame({"train_mse": [curve]})
            trainings[name, seed] = replace(template, training=record, rows=rows, history=history)
    return replace(study, trainings=trainings)


def main(study: Path, images: int, studies: int) -> None:
    published = read_experiments(
        Params.load(study / "params.yaml"), study / "trainings", photographs=study / PHOTOGRAPHS
    )
    population = populate(published)
    sd = population.seed_sd
    rng = np.random.default_rng(1)
    print(f"{turns.machine('numpy', 'scipy')}\n")
    compared = [
        compare_two(rng, population, images, seeds, seed_sds, 10 * studies)
        for seed_sds in ((0.0, 0.0), (sd, sd), (2 * sd, 2 * sd), (0.0, 2 * sd))
        for seeds in SEEDS
    ]
    print(pd.DataFrame(compared).to_markdown(index=False, disable_numparse=True), "\n")
    rng = np.random.default_rng(2)
    judged = judge_simulated(rng, population, published, images, studies)
    print(pd.DataFrame(judged).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--study", type=Path, default=Path("studies/photographs"))
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument(
        "--studies", type=int, default=250, help="ten times as many of two variants"
    )
    main(**vars(parser.parse_args()))
