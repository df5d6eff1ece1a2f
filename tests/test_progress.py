"""What the page of a study says of trainings that are done and of those that are missing."""

import pytest

from colorization.study import progress
from colorization.study.experiments import Experiments
from evaluated import evaluation, run

DONE = {("l2", 1): evaluation(), ("l2", 2): evaluation(), ("baseline", 1): evaluation()}


def test_missing_trainings_are_grouped_by_variant() -> None:
    study = Experiments(DONE, "photos.zip", ["l2-3", "baseline-2", "baseline-3", "bn-1", "bn-2"])
    assert progress.not_trained(study) == (
        "Not trained yet, 5 of 8: `l2` (seed 3), `baseline` (seeds 2, 3), `bn` (all seeds)."
    )
    one_seed = Experiments({("l2", 1): evaluation()}, "photos.zip", ["baseline-1"])
    assert progress.not_trained(one_seed) == "Not trained yet, 1 of 2: `baseline`."
    assert progress.not_trained(Experiments(DONE, "photos.zip")) == ""


@pytest.mark.parametrize(
    ("processor", "short"),
    [
        ("Intel(R) Xeon(R) Platinum 8488C", "Intel Xeon Platinum 8488C"),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "Intel Xeon"),
        ("AMD Ryzen 9 5950X 16-Core Processor", "AMD Ryzen 9 5950X"),
        ("Apple M2", "Apple M2"),
        ("CPU", "CPU"),
    ],
)
def test_a_processor_is_named_by_its_model(processor: str, short: str) -> None:
    made = run("train", 60, devices=("CPU",))
    machine = made.machine.model_copy(update={"processor": processor})
    assert progress.processor(made.model_copy(update={"machine": machine})) == short


def test_machines_are_counted_with_the_hours_of_all_trainings() -> None:
    study = Experiments(DONE, "photos.zip", ["l2-3"])
    runs = {
        "l2 (1)": run("train", 7200),
        "l2 (2)": run("train", 1800, devices=("NVIDIA H200", "NVIDIA H200")),
        "baseline (1)": run("train", 1800),
    }
    assert progress.trained(study, runs) == (
        "3 of 4 trainings are done, in 3.0 hours of training: 2 on `Abacus <9>` (2 cores); "
        "1 on `Abacus <9>, NVIDIA H200` (2 cores)."
    )
    assert progress.trained(study, {}) == (
        "3 of 4 trainings are done; their times are not recorded."
    )
