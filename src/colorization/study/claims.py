"""The claims of the paper, as a table: when each is supported.

The rules were fixed before the trainings of the published study; docs/claims.md says what changed
since the first one. Every claim needs photographs and ImageNet weights: without, the networks are
not the paper's.
"""

from collections.abc import Sequence
from dataclasses import replace

from colorization.labels.subsets import NATURE_ONLY, OBJECTS_ONLY, VEGETATION
from colorization.scoring.evaluation import Evaluation
from colorization.study import measures
from colorization.study.experiments import Experiments
from colorization.study.verdicts import (
    ABOVE,
    BELOW,
    Claim,
    Contrast,
    JudgedClaim,
    Need,
    judge,
)

PAPER_RATE, PAPER_BATCH = 0.0001, 64  # section 3.2
GRAYISH = 0.5  # at most this share of the photographs' colorfulness is grayish
RISE = 0.05  # a curve or an error that rises by a larger share is not noise
IMPROVEMENT = 2.0  # points of error removed; a smaller gain is no significant improvement
MIN_VGG_SIZE = 128  # px; at 64 px the encoder of VGG16 ends in 2x2

PAPER_VARIANTS = (
    "baseline",
    "deeper",
    "bn_maxpool",
    "l2",
    "spatial_dropout",
    "vgg16_conv",
    "vgg16_repeat",
    "vgg19_unet",
)

PROMISING = "bn_maxpool"  # the paper's choice
RIVALS = tuple(name for name in PAPER_VARIANTS if name != PROMISING)


def _synthetic(study: Experiments, _: Sequence[Evaluation]) -> str | None:
    if study.source == "scenes":
        return "synthetic images, whose texture determines the colors"
    return None


def _random_weights(_: Experiments, trainings: Sequence[Evaluation]) -> str | None:
    networks = {training.training.random_network for training in trainings} - {None}
    return f"no ImageNet weights in {', '.join(sorted(map(str, networks)))}" if networks else None


def _another_rate(_: Experiments, trainings: Sequence[Evaluation]) -> str | None:
    settings = [training.training.train for training in trainings]
    if any((one.learning_rate, one.batch_size) != (PAPER_RATE, PAPER_BATCH) for one in settings):
        return f"not trained at the paper's rate and batch, {PAPER_RATE:g} and {PAPER_BATCH}"
    return None


def _no_uncertainty(study: Experiments, _: Sequence[Evaluation]) -> str | None:
    if measures.uncertain_network(study) is None:
        return (
            "no training of a classification network with ImageNet weights, which would give the "
            "uncertainty"
        )
    return None


def _on_the_uncertainty(study: Experiments) -> list[str]:
    notes = [f"uncertainty: the entropy of {measures.uncertain_network(study)}"]
    over_constant = measures.chroma_by_uncertainty_over_constant(PROMISING)(study)
    if over_constant is None or not over_constant.negated().is_above_zero:
        notes.append("not shown to be more under-saturated there than a constant color")
    return notes


def _on_the_best_epoch(study: Experiments) -> list[str]:
    records = [training.training for training in study.trainings_of(PROMISING)]
    last = sum(record.best_epoch == record.train.epochs for record in records)
    of_seeds = f"{last} of {len(records)} seeds" if len(records) > 1 else "the seed"
    return [f"the best epoch is the last one in {of_seeds}"] if last else []


def _too_small(_: Experiments, trainings: Sequence[Evaluation]) -> str | None:
    size = min(training.training.image_size for training in trainings)
    return f"{size} px; at least {MIN_VGG_SIZE} are needed" if size < MIN_VGG_SIZE else None


def _too_few_amounts(study: Experiments, _: Sequence[Evaluation]) -> str | None:
    if len(measures.by_fraction(study, PROMISING)) < 3:
        return f"{PROMISING} was not trained on three amounts of data"
    return None


PHOTOGRAPHS = Need("photographs", _synthetic)
IMAGENET = Need("ImageNet weights", _random_weights)
AT_PAPER_RATE = Need("the paper's rate and batch", _another_rate)
UNCERTAINTY = Need("a classification network with ImageNet weights", _no_uncertainty)
VGG_SIZE = Need(f"at least {MIN_VGG_SIZE} px", _too_small)
AMOUNTS = Need("three amounts of data", _too_few_amounts)


def colors(*variants: str) -> Need:
    """Need networks of some variants that give more than one color."""

    def lacking(study: Experiments, _: Sequence[Evaluation]) -> str | None:
        constant = [name for name in variants if study.gives_constant_color(name)]
        return f"{', '.join(constant)}: the network gives a constant color" if constant else None

    return Need("more than one color", lacking)


def labels(*subsets: str) -> Need:
    """Need test photographs with each of some labels."""

    def lacking(study: Experiments, _: Sequence[Evaluation]) -> str | None:
        if not study.labeled:
            return "no labels of the photographs"
        missing = [subset for subset in subsets if not study.count(subset)]
        return f"no test photograph of {', '.join(missing)}" if missing else None

    return Need("labels", lacking)


CLAIMS = (
    Claim(
        number=1,
        section="3.4",
        text="The baseline converges slowly, its loss stays high, and its output is grayish or "
        "brownish.",
        rule="at the paper's learning rate and batch size (1e-4, 64), its training MSE over all "
        f"epochs is above bn_maxpool's, and its colorfulness is below {GRAYISH} times the "
        "photographs' and below bn_maxpool's",
        variants=("baseline_paper_rate", "bn_maxpool_paper_rate"),
        needs=(PHOTOGRAPHS, IMAGENET, AT_PAPER_RATE),
        contrasts=(
            Contrast(
                "training MSE over all epochs, baseline over bn_maxpool",
                measures.history_ratio(
                    "baseline_paper_rate", "bn_maxpool_paper_rate", measures.mean_training_mse
                ),
                ABOVE,
                1,
            ),
            Contrast(
                "colorfulness over the photographs', baseline",
                measures.colorfulness("baseline_paper_rate"),
                BELOW,
                GRAYISH,
            ),
            Contrast(
                "colorfulness, baseline over bn_maxpool",
                measures.colorfulness_ratio("baseline_paper_rate", "bn_maxpool_paper_rate"),
                BELOW,
                1,
            ),
        ),
    ),
    Claim(
        number=2,
        section="3.4.1",
        text="The deeper network brings no significant improvement and converges even more slowly.",
        rule=f"the error that it removes minus the baseline's is below {IMPROVEMENT:g} points, and "
        "its training MSE over all epochs is above the baseline's",
        variants=("deeper", "baseline"),
        needs=(PHOTOGRAPHS, IMAGENET),
        contrasts=(
            Contrast(
                "error removed, deeper minus baseline",
                measures.lead("deeper", "baseline"),
                BELOW,
                IMPROVEMENT,
                unit="points",
            ),
            Contrast(
                "training MSE over all epochs, deeper over baseline",
                measures.history_ratio("deeper", "baseline", measures.mean_training_mse),
                ABOVE,
                1,
            ),
        ),
    ),
    Claim(
        number=3,
        section="3.4.2",
        text="With batch normalization and max pooling the baseline converges robustly and colors "
        "large regions: sky, sea, forest.",
        rule=f"its training MSE never rises by over {RISE:.0%} from one epoch to the next (mean of "
        "the seeds' largest rises), and the error that it removes is above 0 on photographs "
        "labeled sky, sea, and plant_life or tree, each",
        variants=(PROMISING,),
        needs=(PHOTOGRAPHS, IMAGENET, labels("sky", "sea", VEGETATION)),
        contrasts=(
            Contrast(
                "largest rise of the training MSE from one epoch to the next, mean over seeds "
                "(negative if it never rises)",
                measures.history_mean(PROMISING, measures.largest_rise),
                BELOW,
                100 * RISE,
                unit="percent",
            ),
            *(
                Contrast(
                    f"error removed on {subset}",
                    measures.error_removed(PROMISING, subset),
                    unit="percent",
                )
                for subset in ("sky", "sea", VEGETATION)
            ),
        ),
    ),
    Claim(
        number=4,
        section="3.4.2",
        text="bn_maxpool overfits after a certain point.",
        rule=f"its MSE on test over that on training photographs is above {1 + RISE:g} with the "
        "last epoch's weights, and its MSE on training photographs is lower with these than with "
        "those of the best epoch",
        variants=(PROMISING,),
        needs=(PHOTOGRAPHS, IMAGENET),
        notes=_on_the_best_epoch,
        contrasts=(
            Contrast(
                "test over training MSE, last epoch", measures.gap(PROMISING), ABOVE, 1 + RISE
            ),
            Contrast(
                "MSE on training photographs, last over best epoch",
                measures.training_mse_after_best(PROMISING),
                BELOW,
                1,
            ),
        ),
    ),
    Claim(
        number=5,
        section="3.4.3",
        text="With L2 regularization the output regresses to brownish and grayish, and the model "
        "is more sensitive.",
        rule="its colorfulness is below bn_maxpool's, and its validation MSE changes more from "
        "epoch to epoch",
        variants=("l2", PROMISING),
        needs=(PHOTOGRAPHS, IMAGENET),
        contrasts=(
            Contrast(
                "colorfulness, l2 over bn_maxpool",
                measures.colorfulness_ratio("l2", PROMISING),
                BELOW,
                1,
            ),
            Contrast(
                "change of the validation MSE from epoch to epoch, l2 over bn_maxpool",
                measures.history_ratio("l2", PROMISING, measures.instability),
                ABOVE,
                1,
            ),
        ),
    ),
    Claim(
        number=6,
        section="3.4.4",
        text="Spatial dropout mitigates the overfitting.",
        rule="claim 4 is supported, and the test over training MSE of the last epoch's weights is "
        "below bn_maxpool's",
        variants=("spatial_dropout", PROMISING),
        needs=(PHOTOGRAPHS, IMAGENET),
        requires=4,
        contrasts=(
            Contrast(
                "test over training MSE in the last epoch, spatial_dropout over bn_maxpool",
                measures.gap_ratio("spatial_dropout", PROMISING),
                BELOW,
                1,
            ),
        ),
    ),
    Claim(
        number=7,
        section="3.5.1",
        text="For VGG16, repeating the gray channel is better than a convolution to three "
        "channels.",
        rule="the error that vgg16_repeat removes is above vgg16_conv's",
        variants=("vgg16_repeat", "vgg16_conv"),
        needs=(PHOTOGRAPHS, IMAGENET, VGG_SIZE),
        contrasts=(
            Contrast(
                "error removed, vgg16_repeat minus vgg16_conv",
                measures.lead("vgg16_repeat", "vgg16_conv"),
                unit="points",
            ),
        ),
    ),
    Claim(
        number=8,
        section="4.1",
        text="bn_maxpool is the most promising of all.",
        rule="the error that it removes is above that of each of the paper's other variants that "
        "have ImageNet weights",
        variants=PAPER_VARIANTS,
        rivals=RIVALS,
        needs=(PHOTOGRAPHS, IMAGENET),
        contrasts=tuple(
            Contrast(
                f"error removed, bn_maxpool minus {name}",
                measures.lead(PROMISING, name),
                unit="points",
                variant=name,
            )
            for name in RIVALS
        ),
    ),
    Claim(
        number=9,
        section="4.1",
        text="Outputs are under-saturated where the network is uncertain.",
        rule="its chroma over the photographs' is lower in the most uncertain third of pixels than "
        "in the most certain one, by the entropy that the study's first classification network "
        "gives",
        variants=(PROMISING,),
        needs=(PHOTOGRAPHS, IMAGENET, UNCERTAINTY, colors(PROMISING)),
        notes=_on_the_uncertainty,
        contrasts=(
            Contrast(
                "chroma over the photographs', most uncertain minus most certain third",
                measures.chroma_by_uncertainty(PROMISING),
                BELOW,
            ),
            Contrast(
                "the same of a constant color with bn_maxpool's mean chroma",
                measures.constant_chroma_by_uncertainty(PROMISING),
                BELOW,
                decides=False,
            ),
            Contrast(
                "bn_maxpool's minus that of the constant color",
                measures.chroma_by_uncertainty_over_constant(PROMISING),
                BELOW,
                decides=False,
            ),
        ),
    ),
    Claim(
        number=10,
        section="4.1",
        text="Small details and specific objects are colored worse than large regions.",
        rule="the error that it removes on photographs of nature only is above that on those of "
        "objects only, and in small regions it is below that in large ones",
        variants=(PROMISING,),
        needs=(PHOTOGRAPHS, IMAGENET, labels(NATURE_ONLY, OBJECTS_ONLY)),
        contrasts=(
            Contrast(
                f"error removed, {NATURE_ONLY} minus {OBJECTS_ONLY}",
                measures.lead_over_objects(PROMISING, NATURE_ONLY),
                unit="points",
            ),
            Contrast(
                "error removed, small minus large regions",
                measures.lead_of_regions(PROMISING, "small", "large"),
                BELOW,
                unit="points",
            ),
        ),
    ),
    Claim(
        number=11,
        section="4.2",
        text="More training data improves the results.",
        rule="the slope of the log test MSE over doublings of the training data (a quarter, half "
        "and all of it, for as many steps) is below 0",
        variants=(PROMISING,),
        needs=(PHOTOGRAPHS, IMAGENET, AMOUNTS),
        contrasts=(
            Contrast(
                "factor of the test MSE with each doubling of the data",
                measures.slope_over_data(PROMISING),
                BELOW,
                1,
            ),
            Contrast(
                "test MSE with half of the data over that with a quarter",
                measures.mse_over_that_with_less_data(PROMISING, 0.5, 0.25),
                BELOW,
                1,
                decides=False,
            ),
            Contrast(
                "test MSE with all of the data over that with half",
                measures.mse_over_that_with_less_data(PROMISING, 1.0, 0.5),
                BELOW,
                1,
                decides=False,
            ),
        ),
    ),
    Claim(
        number=12,
        section="3.4.2",
        text="Batch normalization played a pivotal role.",
        rule="the error that bn removes (the baseline with batch normalization, its strides kept) "
        "is above the baseline's",
        variants=("bn", "baseline"),
        needs=(PHOTOGRAPHS, IMAGENET),
        contrasts=(
            Contrast(
                "error removed, bn minus baseline", measures.lead("bn", "baseline"), unit="points"
            ),
            Contrast(
                "error removed, max_pooling minus baseline",
                measures.lead("max_pooling", "baseline"),
                unit="points",
                decides=False,
                variant="max_pooling",
            ),
            Contrast(
                "error removed, bn_maxpool minus max_pooling",
                measures.lead(PROMISING, "max_pooling"),
                unit="points",
                decides=False,
                variant="max_pooling",
            ),
            Contrast(
                "error removed, bn_maxpool minus bn",
                measures.lead(PROMISING, "bn"),
                unit="points",
                decides=False,
                variant=PROMISING,
            ),
            Contrast(
                "error removed, (bn_maxpool minus bn) minus (max_pooling minus baseline)",
                measures.interaction({PROMISING: 1, "bn": -1, "max_pooling": -1, "baseline": 1}),
                unit="points",
                decides=False,
                variant="max_pooling",
            ),
        ),
    ),
)


def judge_claims(experiments: Experiments) -> list[JudgedClaim]:
    """Judge all claims of the paper by a study's results.

    Claim 1 is about trainings at the paper's rate and batch size. A study that trains all variants
    so has no lines of its own for them.
    """
    trainings = dict(experiments.trainings)
    for name in ("baseline", PROMISING):
        plain, alias = experiments.trainings_of(name), f"{name}_paper_rate"
        if alias not in experiments.variants and plain and not _another_rate(experiments, plain):
            trainings |= {
                (alias, seed): training
                for (variant, seed), training in experiments.trainings.items()
                if variant == name
            }
    return judge(CLAIMS, replace(experiments, trainings=trainings))
