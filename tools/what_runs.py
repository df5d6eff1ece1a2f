"""Which stages run again after a change, derived from the dependencies that they declare."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
FILES = ("dvc.yaml", "experiments/dvc.yaml")
SOURCES = "src/colorization"
OWN = {"inputs": " of it"}
MISSING = dict.fromkeys(("inputs", "train", "evaluate"), " of it if missing")
OF_SEED = {"train": " of new seeds", "evaluate": " of new seeds"}
VARIABLE = re.compile(r"\$\{[^}]*\}")


def stages() -> dict[str, Mapping[str, Any]]:
    """Return the stages of the pipeline, by name and in order; of a `foreach`, what it does."""
    stages_by_name = {}
    for file in FILES:
        for name, stage in yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))[
            "stages"
        ].items():
            stages_by_name[name] = stage.get("do", stage)
    return stages_by_name


def dependencies(stage: Mapping[str, Any]) -> list[str]:
    """Return the paths that a stage depends on."""
    return [path.replace("${src}", SOURCES) for path in stage.get("deps", ())]


def outputs(stage: Mapping[str, Any]) -> list[str]:
    """Return the paths that a stage writes."""
    listed = [path for kind in ("outs", "metrics", "plots") for path in stage.get(kind, ())]
    return [path if isinstance(path, str) else next(iter(path)) for path in listed]


def after_edit(path: str) -> list[str]:
    """Return the stages that run again when a file or folder of the code changes."""
    return [name for name, stage in stages().items() if path in dependencies(stage)]


def after_parameter(changed: str) -> list[str]:
    """Return the stages that run again when a parameter or a section of params.yaml changes."""
    return [
        name
        for name, stage in stages().items()
        if any(_is_part(changed, key) or _is_part(key, changed) for key in stage.get("params", ()))
    ]


def _is_part(key: str, whole: str) -> bool:
    return f"{key}.".startswith(f"{whole}.")


def following(names: Iterable[str]) -> list[str]:
    """Return the stages that run after these if their outputs change."""
    every = stages()
    reached = list(names)
    for name in reached:  # which grows
        reached += [
            other
            for other, stage in every.items()
            if other not in reached and any(_reads(stage, path) for path in outputs(every[name]))
        ]
    return [name for name in every if name in set(reached) - set(names)]


def _reads(stage: Mapping[str, Any], output: str) -> bool:
    """Whether a stage depends on an output or a part of it, for some values of the variables."""
    parts = _parts(output)
    return any(
        all(_may_be_equal(*pair) for pair in zip(parts, _parts(path), strict=False))
        for path in dependencies(stage)
    )


def _parts(path: str) -> list[str]:
    return VARIABLE.sub("*", path).split("/")


def _may_be_equal(one: str, other: str) -> bool:
    pattern, text = (one, other) if "*" in one else (other, one)
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".+"), text))


def rows(sections: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield a change, the stages that run again, and those that follow if their outputs change.

    Parameters
    ----------
    sections : iterable of str
        The sections of params.yaml.
    """
    for folder in sorted(path.parent.name for path in (ROOT / SOURCES).glob("*/__init__.py")):
        if folder != "architectures":
            stages_of_folder = dict.fromkeys(after_edit(f"{SOURCES}/{folder}"), "")
            yield _row(f"code in `{folder}`", stages_of_folder)
    yield _row("the file of a network, `architectures/NETWORK.py`", {"inputs": " of its variants"})
    yield _row("a new variant: its line; or a new network: its file and a line", OWN)
    for section in sections:
        if section == "download":  # of labels, few stages depend
            for name in ("source", "labels", "scenes"):
                key = f"{section}.{name}"
                yield _row(f"`{key}`", dict.fromkeys(after_parameter(key), ""))
            continue
        readers = dict.fromkeys(after_parameter(section), "")
        yield _row(
            *{
                "encoders": (
                    f"`{section}`",
                    {"inputs": " of the variants with this encoder"} | readers,
                ),
                "model": ("`model.variant`", MISSING | {"package": ""} | readers),
                "study": ("`study.seeds`", OF_SEED | readers),
                "variants": ("a variant's line, or an override in it", readers | OWN),
            }.get(section, (f"a parameter of `{section}`", readers))
        )


def _row(change: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    direct = ", ".join(f"`{name}`{which}" for name, which in names.items())
    followers = ", ".join(f"`{name}`" for name in following(names))
    return change, direct or "nothing", followers
