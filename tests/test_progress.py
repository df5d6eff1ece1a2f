"""What the page of a study says of trainings that are done and of those that are missing."""

import pytest

from colorization.core.provenance import Run
from colorization.study import progress
from colorization.study.experiments import Experiments
from evaluated import evaluation, run

DONE = {("l2", 1): evaluation(), ("l2", 2): evaluation(), ("baseline", 1): evaluation()}


def test_missing_trainings_are_grouped_by_their_seeds() -> None:
    missing = ["l2-3", "baseline-2", "baseline-3", "bn-1", "bn-2", "vgg-2", "vgg-1"]
    assert progress.not_trained(Experiments(DONE, "photos.zip", missing)) == (
        "Not trained yet, 7 of 10: seed 3 of `l2`; seeds 2, 3 of `baseline`; all seeds of `bn`, "
        "`vgg`."
    )
    one_seed = Experiments({("l2", 1): evaluation()}, "photos.zip", ["baseline-1"])
    assert progress.not_trained(one_seed) == "Not trained yet, 1 of 2: `baseline`."
    assert progress.not_trained(Experiments(DONE, "photos.zip")) == ""


@pytest.mark.parametrize(
    ("processor", "short"),
    [
        ("Intel(R) Xeon(R) Platinum 8488C", "Intel Xeon Platinum 8488C"),
        ("Intel(R) Xeon(R) CPU E5-2673 v4 @ 2.30GHz", "Intel Xeon E5-2673 v4"),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "Intel Xeon @ 2.20GHz"),
        ("AMD Ryzen 9 5950X 16-Core Processor", "AMD Ryzen 9 5950X"),
        ("Apple M2", "Apple M2"),
        ("CPU", "CPU"),
    ],
)
def test_a_processor_is_named_by_its_model_or_else_its_clock(processor: str, short: str) -> None:
    assert progress.short_name(processor) == short


def on(processor: str, seconds: float = 3600) -> Run:
    made = run("train", seconds)
    machine = made.machine.model_copy(update={"processor": processor})
    return made.model_copy(update={"machine": machine})


def test_machines_are_counted_with_the_hours_of_all_trainings() -> None:
    study = Experiments(DONE, "photos.zip", ["l2-3"])
    runs = {
        "l2 (1)": run("train", 7200),
        "l2 (2)": run("train", 1800, devices=("NVIDIA H200",) * 8),
        "baseline (1)": run("train", 1800, devices=("CPU", "CPU")),
    }
    assert progress.trained(study, runs) == (
        "3 of 4 trainings are done, in 3.0 hours of training: 2 on `Abacus <9>` (2 cores); "
        "1 on `Abacus <9>, 8 x NVIDIA H200` (2 cores)."
    )
    assert progress.trained(study, {}) == (
        "3 of 4 trainings are done; their times are not recorded."
    )


def test_hours_are_of_the_trainings_that_are_recorded() -> None:
    study = Experiments(DONE, "photos.zip", ["l2-3", "baseline-2", "baseline-3"])
    runs = {"l2 (1)": run("train", 7200), "l2 (2)": run("train", 3600)}
    assert progress.trained(study, runs) == (
        "3 of 6 trainings are done. Recorded: 2, in 3.0 hours of training: "
        "2 on `Abacus <9>` (2 cores); 1 not recorded."
    )


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        (
            "Intel(R) Xeon(R) CPU @ 2.20GHz",
            "Intel(R) Xeon(R) CPU @ 2.00GHz",
            ("Intel Xeon @ 2.20GHz", "Intel Xeon @ 2.00GHz"),
        ),
        (
            "Intel(R) Xeon(R) CPU",
            "Intel(R) Xeon(R) Processor",
            ("Intel(R) Xeon(R) CPU", "Intel(R) Xeon(R) Processor"),
        ),
    ],
)
def test_different_processors_are_not_counted_as_one(
    one: str, other: str, named: tuple[str, str]
) -> None:
    study = Experiments(DONE, "photos.zip")
    runs = {"l2 (1)": on(one), "l2 (2)": on(one), "baseline (1)": on(other)}
    assert progress.trained(study, runs) == (
        f"3 of 3 trainings are done, in 3.0 hours of training: 2 on `{named[0]}` (2 cores); "
        f"1 on `{named[1]}` (2 cores)."
    )
    table = progress.trainings_table(study, runs, published=True)
    assert [row[-1] for row in table.rows] == [f"`{named[0]}`", f"`{named[0]}`", f"`{named[1]}`"]
