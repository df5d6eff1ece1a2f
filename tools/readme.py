"""Write the generated sections of README.md and docs/, between markers.

Results come from the published study on photographs; the references of parameters, options,
metrics, variants and claims from the code. The Python code of a page that shows output is run.
"""

import argparse
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import chdir, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import release
import tiffs
import what_runs
from colorization.colorizing import command, page
from colorization.core.settings import NONE, UNINFORMATIVE, Params, Variant
from colorization.labels.subsets import NATURE, NATURE_ONLY, OBJECTS, OBJECTS_ONLY
from colorization.networks import catalog
from colorization.pages import rendering
from colorization.pages.rendering import Table
from colorization.scoring import metrics
from colorization.study.claims import CLAIMS, PAPER_VARIANTS
from colorization.study.verdicts import Claim

ROOT = Path(__file__).resolve().parent.parent
STUDY = ROOT / "studies" / "photographs"
LINE = re.compile(  # of a params file, with a key
    r"(?P<indent> *)(?P<key>\w+):(?: (?P<value>[^#]*[^# ]))? *(?:# (?P<comment>.*))?$"
)
MARKED = re.compile(
    r"(?P<begin><!-- (?P<name>[\w -]+): written by `make readme` -->\n)"
    r".*?(?P<end><!-- end of (?P=name) -->\n)",
    re.DOTALL,
)
PURPOSES = {  # of variants, by their embedding or the settings that they override
    NONE: "what the embedding adds",
    "random_network": "what the training on ImageNet adds to the embedding",
    "another_photograph": "whether it matters that the embedding is that of the photograph",
    "imagenet_raw": "what standardizing the embedding changes",
    "fraction": "whether more photographs help",
    "learning_rate": "the paper's learning rate",
    "batch_size": "the paper's batch size",
}
PRINTED = "printed"
CODE = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def pages(root: Path = ROOT) -> list[Path]:
    """The pages with generated sections."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def with_references(text: str) -> str:
    """Update the generated sections of a page.

    Raises
    ------
    ValueError
        If a marker has no counterpart or an unknown name.
    """
    sections = {**SECTIONS, PRINTED: None}
    names = [match["name"] for match in MARKED.finditer(text)]
    if len(names) != text.count(": written by `make readme` -->"):
        raise ValueError("a line `<!-- ...: written by `make readme` -->` has no end marker")
    if unknown := [name for name in names if name not in sections]:
        raise ValueError(f"unknown section {unknown[0]!r}; known: {', '.join(sections)}")

    def update(match: re.Match[str]) -> str:
        section = sections[match["name"]]
        return match[0] if section is None else f"{match['begin']}{section()}{match['end']}"

    return MARKED.sub(update, text)


def with_printed(text: str) -> str:
    """Run a page's Python code, in the current folder, and insert what it prints."""
    shared: dict[str, Any] = {}
    done = 0

    def update(match: re.Match[str]) -> str:
        nonlocal done
        if match["name"] != PRINTED:
            return match[0]
        printed = io.StringIO()
        with redirect_stdout(printed):
            for code in CODE.findall(text[done : match.start()]):
                exec(compile(code, "page", "exec"), shared)  # noqa: S102 (our own code)
        done = match.end()
        return f"{match['begin']}```text\n{printed.getvalue().rstrip()}\n```\n{match['end']}"

    return MARKED.sub(update, text)


def released_figure() -> str:
    """The figure and caption that `tools/release.py` writes."""
    caption = (ROOT / release.CAPTION).read_text(encoding="utf-8").strip()
    alt = "Photographs: gray, colorized at several vividnesses, truth"
    return f"![{alt}]({release.FIGURE})\n\n*{caption}*\n"


def study() -> str:
    """The study's pictures, what holds, the paper's variants and the best of the others.

    And what is not trained yet: the results of an unfinished study do not look finished.
    """
    pictures = re.sub(
        r"(?<=\]\()", f"{STUDY.relative_to(ROOT).as_posix()}/", section("Error removed")
    )
    table, counted, *others = section("Results").split("\n\n")
    missing = [text for text in others if text.startswith("Not trained yet")]
    rows = papers_and_best(table.splitlines(), Params.load(STUDY / "params.yaml").variants)
    return (
        "\n\n".join(
            [
                pictures.rstrip(),
                section("What holds").rstrip(),
                "\n".join(rows),
                " ".join(text.rstrip() for text in [counted, *missing]),
            ]
        )
        + "\n"
    )


def papers_and_best(rows: Sequence[str], lines: Mapping[str, Variant]) -> list[str]:
    """Select the rows of a ranking that say the most in little space.

    Parameters
    ----------
    rows : sequence of str
        The lines of a table, the best variant first.
    lines : mapping of str to Variant
        The study's variants.

    Returns
    -------
    list of str
        The paper's variants, the best of the others, controls apart; and what is no variant: titles
        and baselines.
    """
    others = [
        name
        for name in map(_named, rows)
        if name in lines
        and name not in PAPER_VARIANTS
        and lines[name].embedding not in UNINFORMATIVE
    ]
    kept = {*PAPER_VARIANTS, *others[:1]}
    return [row for row in rows if _named(row) not in set(lines) - kept]


def _named(row: str) -> str:
    """The variant that a row of a table begins with."""
    return row.strip("| ").partition(" ")[0]


def verdicts() -> str:
    """The paper's claims with the study's verdicts, a line each."""
    return section("Which claims hold")


def section(heading: str) -> str:
    """The text under a heading of the study's page."""
    text = (STUDY / "study.md").read_text(encoding="utf-8")
    _, separator, rest = text.partition(f"\n## {heading}\n\n")
    if not separator:
        raise ValueError(f"{STUDY / 'study.md'} has no section {heading!r}")
    return rest.partition("\n## ")[0].rstrip() + "\n"


def metrics_table() -> str:
    """The description of each metric."""
    return _table(
        ["metric", ""], [(metric.title, metric.description) for metric in metrics.columns()]
    )


def variants_table() -> str:
    """The variants of a study: network, section of the paper, what differs from others.

    Those that are also in params.yaml as committed, which is quick.yaml, are marked.
    """
    lines, quick = (
        Params.load(ROOT / "profiles" / f"{name}.yaml").variants
        for name in ("photographs", "quick")
    )
    return _table(
        ["variant", "network", "paper", "embedding", "training", "params.yaml"],
        [(*_variant_row(name, lines), "yes" if name in quick else "") for name in lines],
    )


def _variant_row(name: str, lines: Mapping[str, Variant]) -> tuple[str, ...]:
    """The row of a variant: the first of its network describes that; others, their purpose."""
    line = lines[name]
    first = next(other for other in lines if lines[other].network == line.network)
    network = catalog.load(line.network)
    overrides = ", ".join(f"{key} {value}" for key, value in line.train.items())
    of_the_paper = not network.takes_embedding or line.embedding not in (NONE, *UNINFORMATIVE)
    section = network.section if of_the_paper and "fraction" not in line.train else None
    described = network.description
    if name != first:
        described = f"`{first}`: {_purpose(line, lines[first])}"
    return f"`{name}`", described, section or "", line.embedding, overrides


def _purpose(line: Variant, first: Variant) -> str:
    """What a variant shows that differs from another in its embedding or training."""
    differing = [*line.train] if line.embedding == first.embedding else [line.embedding]
    return ", ".join(PURPOSES[key] for key in differing if key in PURPOSES)


def pipeline_figure() -> str:
    """The DAG of the stages as Mermaid, without instances and without edges that others imply."""
    command = [sys.executable, "-m", "dvc", "dag", "--mermaid", "--collapse-foreach-matrix"]
    text = subprocess.check_output(command, cwd=ROOT, text=True)
    names = dict(re.findall(r"(node\d+)\[\"(?:.*:)?(\w+)\"\]", text))
    following: dict[str, set[str]] = {name: set() for name in names.values()}
    for source, target in re.findall(r"(node\d+)-->(node\d+)", text):
        following[names[source]].add(names[target])
    indirect = {name: _reached(following, targets) for name, targets in following.items()}
    edges = [
        f"    {source} --> {target}\n"
        for source, targets in following.items()
        for target in sorted(targets - indirect[source])
    ]
    return f"```mermaid\nflowchart TD\n{''.join(edges)}```\n"


def _reached(following: Mapping[str, set[str]], stages: Iterable[str]) -> set[str]:
    """All stages that follow some stages, directly or not."""
    reached: set[str] = set()
    for stage in stages:
        reached |= following[stage] | _reached(following, following[stage])
    return reached


def claims_table() -> str:
    """The paper's claims: the rule for each, what the code compares, what it cannot do without."""
    rows = [
        (
            str(claim.number),
            claim.section,
            claim.text,
            claim.rule,
            "; ".join(_predictions(claim)),
            ", ".join(need.text for need in claim.needs),
        )
        for claim in CLAIMS
    ]
    return _table(["", "paper", "claim", "supported if", "in the code", "needs"], rows)


def _predictions(claim: Claim) -> list[str]:
    """What decides a claim; of contrasts with several variants, the first."""
    deciding = [contrast for contrast in claim.contrasts if contrast.decides]
    texts = [contrast.prediction for contrast in deciding if not contrast.variant]
    for contrast in deciding[:1] if claim.rivals else []:
        others = f"each of {', '.join(claim.rivals)}"
        texts.append(contrast.prediction.replace(contrast.variant, others))
    return texts


def what_runs_table() -> str:
    """The stages that run again after each kind of change."""
    return _table(
        ["change", "runs again", "then, if outputs changed"], what_runs.rows(Params.model_fields)
    )


def tiffs_table() -> str:
    """Which TIFFs can be read, tried out; equal rows and columns are merged."""
    compressions = [*tiffs.COMPRESSIONS, "JPEG"]
    names = [name for name in tiffs.PIXELS if "associated" not in name]
    columns: dict[tuple[str, ...], list[str]] = {}
    for compression in compressions:
        column = tuple(tiffs.bits_read(name, compression) for name in names)
        columns.setdefault(column, []).append(compression)
    rows: dict[tuple[str, ...], list[str]] = {}
    for name, cells in zip(names, zip(*columns, strict=True), strict=True):
        rows.setdefault(cells, []).append(name)
    titles = ["bits of a sample, by compression", *map(", ".join, columns.values())]
    return _table(titles, [(", ".join(alike), *cells) for cells, alike in rows.items()])


def options(parser: argparse.ArgumentParser) -> str:
    """The help text of a command."""
    parser.formatter_class = partial(argparse.HelpFormatter, width=100)
    return f"```text\n{parser.format_help()}```\n"


def labels_table() -> str:
    """The labels of each kind."""
    kinds = {NATURE_ONLY: NATURE, OBJECTS_ONLY: OBJECTS}
    return _table(
        ["", "labels"], [(kind, ", ".join(sorted(labels))) for kind, labels in kinds.items()]
    )


def parameters_table() -> str:
    """Every parameter: its value in the default profile, its range, its comment."""
    schema = Params.model_json_schema()
    rows: list[list[str]] = []
    path: list[str] = []
    for line in (ROOT / "profiles" / "quick.yaml").read_text(encoding="utf-8").splitlines():
        if match := LINE.match(line):
            path = [*path[: len(match["indent"]) // 2], match["key"]]
            value, comment = match["value"] or "", match["comment"] or ""
            if value or comment:
                name = f"`{'.'.join(path)}`"
                rows.append([name, f"`{value}`" if value else "", _range(schema, path), comment])
    return _table(["parameter", "value", "range", ""], rows)


def _range(schema: dict[str, Any], path: Sequence[str]) -> str:
    """The range of a number."""
    field: dict[str, Any] = schema
    for key in path:
        field = field.get("properties", {}).get(key, {})
        if "$ref" in field:
            field = schema["$defs"][field["$ref"].rpartition("/")[2]]
    low, above = field.get("minimum"), field.get("exclusiveMinimum")
    high, below = field.get("maximum"), field.get("exclusiveMaximum")
    bounds = {"from": low, "above": above, "to": high, "below": below}
    return ", ".join(f"{word} {bound:,.10g}" for word, bound in bounds.items() if bound is not None)


def _table(titles: list[str], rows: Iterable[Iterable[str | None]]) -> str:
    return rendering.markdown_table(Table(titles, [[text or "" for text in row] for row in rows]))


SECTIONS: Mapping[str, Callable[[], str]] = {
    "released figure": released_figure,
    "study": study,
    "verdicts": verdicts,
    "pipeline": pipeline_figure,
    "what runs": what_runs_table,
    "variants": variants_table,
    "metrics": metrics_table,
    "claims": claims_table,
    "labels": labels_table,
    "parameters": parameters_table,
    "TIFFs": tiffs_table,
    "options of colorize": lambda: options(command.parser()),
    "options of colorize-page": lambda: options(page.parser()),
}


if __name__ == "__main__":
    for path in pages():
        text = with_references(path.read_text(encoding="utf-8"))
        with chdir(ROOT):
            path.write_text(with_printed(text), encoding="utf-8")
