"""What of a study is trained: how much of it, for how long and on which machines."""

import re
from collections import Counter
from collections.abc import Mapping

from colorization.core.provenance import Run
from colorization.pages.rendering import Table, cell_code
from colorization.study.experiments import Experiments

# What the names of processors have beside their model: trademarks, kind, cores; and the clock.
_UNSPECIFIC = re.compile(r"\((?:R|TM)\)|\b(?:CPU|Processor|\d+-Core)\b", re.IGNORECASE)
_CLOCK = re.compile(r"@.*")


def trainings_table(
    experiments: Experiments, runs: Mapping[str, Run] | None, *, published: bool = False
) -> Table:
    """Tabulate each training's size and best epoch; given the runs, also its speed.

    Parameters
    ----------
    experiments : Experiments
    runs : mapping of str to Run, or None
        By the names of `Experiments.by_name`; some may be missing.
    published : bool
        Whether these are the runs of a published study, with which the processors are named.
    """
    titles = ["", "parameters", "best epoch"]
    if runs is not None:
        titles += ["minutes", "images/s", *(["processor"] if published else [])]
    rows = []
    hardware = _hardware(runs or {})
    for name, evaluation in experiments.by_name().items():
        training = evaluation.training
        row = [name, f"{training.parameters:,}", str(training.best_epoch)]
        if runs is not None:
            run = runs.get(name)
            row += _speed(run) if run else ["not recorded" if published else "not run here", ""]
            if published:
                row.append(cell_code(hardware[name]) if run else "")
        rows.append(row)
    return Table(titles, rows)


def _speed(run: Run) -> list[str]:
    return [f"{run.seconds / 60:.1f}", f"{run.images_per_second or 0:.1f}"]


def _hardware(runs: Mapping[str, Run]) -> dict[str, str]:
    """The processor of each run, in short, with its GPUs if it used any.

    Processors whose short names are the same have their full names.
    """
    full = {run.machine.processor for run in runs.values()}
    shared = Counter(map(short_name, full))
    named = {name: short_name(name) if shared[short_name(name)] == 1 else name for name in full}
    return {
        key: ", ".join([named[run.machine.processor], *_gpus(run)]) for key, run in runs.items()
    }


def short_name(processor: str) -> str:
    """A processor's name in short: the model, with the clock if nothing else has a number."""
    name = _UNSPECIFIC.sub(" ", processor)
    model = _CLOCK.sub("", name)
    chosen = model if re.search(r"\d", model) else name
    return " ".join(chosen.split()) or processor


def _gpus(run: Run) -> list[str]:
    counts = Counter(device for device in run.devices or () if device != "CPU")
    return [f"{count} x {gpu}" if count > 1 else gpu for gpu, count in counts.items()]


def trained(experiments: Experiments, runs: Mapping[str, Run]) -> str:
    """How many of a study's trainings are done, in how many hours, by machine: a sentence or two.

    The hours are of the trainings that are recorded.
    """
    done, planned = len(experiments.trainings), _planned(experiments)
    of_all = f"{done} of {planned} trainings are done"
    if not runs:
        return f"{of_all}; their times are not recorded."
    hours = f"in {sum(run.seconds for run in runs.values()) / 3600:,.1f} hours of training"
    hardware = _hardware(runs)
    machines = Counter((hardware[name], run.machine.cores) for name, run in runs.items())
    parts = [
        f"{count} on {cell_code(name)} ({cores} {'core' if cores == 1 else 'cores'})"
        for (name, cores), count in machines.most_common()
    ]
    if len(runs) == done:
        return f"{of_all}, {hours}: {'; '.join(parts)}."
    parts.append(f"{done - len(runs)} not recorded")
    return f"{of_all}. Recorded: {len(runs)}, {hours}: {'; '.join(parts)}."


def not_trained(experiments: Experiments) -> str:
    """The trainings that are missing: a sentence; empty if none are."""
    missing: dict[str, list[int]] = {}
    for name in experiments.missing:
        variant, _, seed = name.rpartition("-")
        missing.setdefault(variant, []).append(int(seed))
    if not missing:
        return ""
    every = [seed for _, seed in experiments.trainings]
    every += [seed for of_variant in missing.values() for seed in of_variant]
    alike: dict[str, list[str]] = {}
    for variant, of_variant in missing.items():
        which = "all seeds of "
        if len({*every}) == 1:
            which = ""
        elif variant in experiments.variants:
            plural = "s" if len(of_variant) > 1 else ""
            which = f"seed{plural} {', '.join(map(str, of_variant))} of "
        alike.setdefault(which, []).append(f"`{variant}`")
    parts = [f"{which}{', '.join(names)}" for which, names in alike.items()]
    count = f"{len(experiments.missing)} of {_planned(experiments)}"
    return f"Not trained yet, {count}: {'; '.join(parts)}."


def _planned(experiments: Experiments) -> int:
    return len(experiments.trainings) + len(experiments.missing)
