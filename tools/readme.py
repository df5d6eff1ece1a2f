"""Write what scripts know into the README and the pages of docs/, between markers.

What is told of the study on photographs comes from what is published of it, the references of
parameters, options, metrics, variants and claims from the code. Of a page that shows what its code
prints, the code is run.
"""

import argparse
import io
import json
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
from colorization.colorizing import command, page
from colorization.colorizing.colorizer import load
from colorization.core.settings import Params, Variant
from colorization.networks import catalog
from colorization.networks.record import TrainingRecord
from colorization.packaging.manifest import RELEASED
from colorization.pages import rendering
from colorization.pages.rendering import Cell, Table
from colorization.scoring import metrics
from colorization.scoring.evaluation import Evaluation
from colorization.study.claims import CLAIMS, PROMISING
from colorization.study.experiments import read_experiments
from colorization.study.summary import CONTROLS

ROOT = Path(__file__).resolve().parent.parent
STUDY = ROOT / "studies" / "photographs"
DRAWN = (PROMISING, "mobilenet_unet")  # by these variants
LINE = re.compile(  # of a params file, with a key
    r"(?P<indent> *)(?P<key>\w+):(?: (?P<value>[^#]*[^# ]))? *(?:# (?P<comment>.*))?$"
)
MARKED = re.compile(
    r"(?P<begin><!-- (?P<name>[\w -]+): written by `make readme` -->\n)"
    r".*?(?P<end><!-- end of (?P=name) -->\n)",
    re.DOTALL,
)
PRINTED = "printed"
CODE = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def pages(root: Path = ROOT) -> list[Path]:
    """The pages that are written into."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def with_references(text: str) -> str:
    """Replace what is between the markers of a page by what code and results say today.

    Raises
    ------
    ValueError
        If a marker has lost its other half, or names what is not known.
    """
    known = {**SECTIONS, PRINTED: None}
    names = [found["name"] for found in MARKED.finditer(text)]
    if len(names) != text.count(": written by `make readme` -->"):
        raise ValueError("a line `<!-- ...: written by `make readme` -->` has no line that ends it")
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"there is no {unknown[0]!r} to write; known are {', '.join(known)}")

    def written(found: re.Match[str]) -> str:
        section = known[found["name"]]
        return found[0] if section is None else f"{found['begin']}{section()}{found['end']}"

    return MARKED.sub(written, text)


def with_printed(text: str) -> str:
    """Run a page's Python code from its top, in the current folder, and show what it prints."""
    shared: dict[str, Any] = {}
    done = 0

    def written(found: re.Match[str]) -> str:
        nonlocal done
        if found["name"] != PRINTED:
            return found[0]
        printed = io.StringIO()
        with redirect_stdout(printed):
            for code in CODE.findall(text[done : found.start()]):
                exec(compile(code, "page", "exec"), shared)  # noqa: S102 (our own code)
        done = found.end()
        return f"{found['begin']}```text\n{printed.getvalue().rstrip()}\n```\n{found['end']}"

    return MARKED.sub(written, text)


def released_figure() -> str:
    """Tell what `release.draw` drew."""
    trained = TrainingRecord.read(RELEASED / "training.json")
    positions = ", ".join(f"{position:g}" for position in release.FIGURE_VIVIDNESS)
    default = load(RELEASED).vividness
    scores = json.loads((RELEASED / "metrics.json").read_text(encoding="utf-8"))
    ours, grays = (scores[name]["ciede2000_mean"] for name in ("model", "gray"))
    over = scores["psnr_gain"]["gray"]["psnr_rgb_db"]
    return f"""\
![Photographs: gray, colorized along the dial, and as they are]({release.FIGURE})

*Photographs that the model of `colorize` has not seen, evenly spaced over its test split, none
picked by hand. From the top: gray; colorized at vividness {positions}; the photographs.
`{trained.variant}` at {trained.image_size} px, trained on {trained.training_images:,} photographs;
its default is {default:g}. With it, over the {scores["images"]} photographs of that split,
CIEDE2000 is {ours:.2f}, the gray image's {grays:.2f}; PSNR less the gray image's {over:+.2f} dB.*
"""


def study_figure() -> str:
    """Tell what `draw_figure` draws."""
    trained = _pictured()
    drawn = trained[PROMISING].shown["evenly_spaced"].images["truth"]
    dial = trained[DRAWN[1]].dial
    vividness = dial.default if dial else 0
    counts = [f"{trained[name].training.training_images:,}" for name in DRAWN]
    return f"""\
![Photographs: gray, by two variants, and as they are](studies/photographs/figure.png)

*Photographs evenly spaced over the study's test split. From the top: gray; `{DRAWN[0]}`, which the
paper calls most promising; `{DRAWN[1]}`, beyond the paper, at vividness {vividness:g};
the photographs. {drawn.shape[1]} px, trained on {" and ".join(counts)} photographs.*
"""


def draw_figure(out: Path) -> None:
    """Draw photographs of the study's test split: gray, by two variants, and as they are."""
    found = _pictured()
    shown = [found[name].shown["evenly_spaced"].images for name in DRAWN]
    rows = [shown[0]["gray"], *(images["colorized"] for images in shown), shown[0]["truth"]]
    release.write_rows(rows, out)


def _pictured() -> dict[str, Evaluation]:
    params = STUDY / "params.yaml"
    return read_experiments(Params.load(params), STUDY / "trainings").pictured()


def results_table() -> str:
    """Give the study's first table: each variant beside the trivial, and how colorful it is.

    The experiments on bn_maxpool, with other embeddings or fewer photographs, are left out.
    """
    text = (STUDY / "study.md").read_text(encoding="utf-8")
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    if not table:
        raise ValueError(f"{STUDY / 'study.md'} has no table")
    rows = [line.split("|") for line in table[0].splitlines()]
    variants = [row for row in rows if not row[1].startswith(f" {PROMISING}_")]
    told = "".join("|".join([*row[:2], *row[3:]]) + "\n" for row in variants)
    images = json.loads((STUDY / "metrics.json").read_text(encoding="utf-8"))["images"]
    seeds = len(Params.load(STUDY / "params.yaml").study.seeds)
    over = f"{images} test photographs and {seeds} seeds"
    return f"{told}\nMeans over {over}, with 95% confidence intervals.\n"


def findings() -> str:
    """What the study's page says of the variants and of the embedding, a line each."""
    text = (STUDY / "study.md").read_text(encoding="utf-8")
    shown = re.findall(r"^(?:Samples|No variant is shown) to be .*\.$", text, re.MULTILINE)
    gain = re.search(r"^\*\*(Does the semantic embedding help\?)\*\* (.*?)\. ", text, re.MULTILINE)
    if not shown or not gain:
        raise ValueError(f"{STUDY / 'study.md'} does not say what came out")
    controls = ", ".join(CONTROLS.values())
    return f"{' '.join(shown[:2])} {gain[1]} {gain[2]}: bn_maxpool {controls}.\n"


def verdicts() -> str:
    """The paper's claims and what the study says of each, a line each."""
    judged = json.loads((STUDY / "claims.json").read_text(encoding="utf-8"))
    return "".join(_verdict(each) for each in judged)


def _verdict(judged: dict[str, Any]) -> str:
    told = list(judged["reasons"])
    if (half := judged["verdict_on_colorful_half"]) != judged["verdict"]:
        told.append(f"on the more colorful half of the photographs {half}")
    why = f" ({'; '.join(told)})" if told else ""
    return f"{judged['number']}. {judged['claim']} **{judged['verdict']}**{why}\n"


def metrics_table() -> str:
    """What each column of the results means."""
    return _table(["metric", ""], [(found.title, found.explained) for found in metrics.columns()])


def variants_table() -> str:
    """The published study's variants: network, section of the paper, what differs from others."""
    lines = Params.load(ROOT / "profiles" / "photographs.yaml").variants
    return _table(
        ["variant", "network", "paper", "embedding", "training"],
        [_variant_row(name, line) for name, line in lines.items()],
    )


def _variant_row(name: str, line: Variant) -> tuple[str, ...]:
    network = catalog.load(line.network)
    of_the_paper = line.embedding == "imagenet" or not network.takes_embedding
    overrides = ", ".join(f"{key} {value}" for key, value in line.train.items())
    section = (network.section or "") if of_the_paper else ""
    return f"`{name}`", network.description, section, line.embedding, overrides


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
    """The paper's claims, and when each is supported."""
    rows = [(str(each.number), each.section, each.text, each.rule) for each in CLAIMS]
    return _table(["", "paper", "claim", "supported if"], rows)


def tiffs_table() -> str:
    """Which TIFFs are read, by trying them; compressions and kinds of pixels that agree share."""
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
    """What a command says of itself."""
    parser.formatter_class = partial(argparse.HelpFormatter, width=100)
    return f"```text\n{parser.format_help()}```\n"


def parameters_table() -> str:
    """Every line of the default profile: its value, its range, and what the file says of it."""
    schema = Params.model_json_schema()
    rows: list[list[str]] = []
    path: list[str] = []
    for line in (ROOT / "profiles" / "quick.yaml").read_text(encoding="utf-8").splitlines():
        if found := LINE.match(line):
            path = [*path[: len(found["indent"]) // 2], found["key"]]
            value, comment = found["value"] or "", found["comment"] or ""
            if value or comment:
                told = [f"`{'.'.join(path)}`", f"`{value}`" if value else ""]
                rows.append([*told, _range(schema, path), comment])
    return _table(["parameter", "value", "range", ""], rows)


def _range(schema: dict[str, Any], path: Sequence[str]) -> str:
    """The least and the most that a number may be."""
    field: dict[str, Any] = schema
    for key in path:
        field = field.get("properties", {}).get(key, {})
        if "$ref" in field:
            field = schema["$defs"][field["$ref"].rpartition("/")[2]]
    low, above = field.get("minimum"), field.get("exclusiveMinimum")
    high, below = field.get("maximum"), field.get("exclusiveMaximum")
    bounds = {"from": low, "above": above, "to": high, "below": below}
    told = [f"{word} {bound:,.10g}" for word, bound in bounds.items() if bound is not None]
    return ", ".join(told)


def _table(titles: list[str], rows: Iterable[Iterable[str | None]]) -> str:
    table = Table(titles, [[Cell(text or "") for text in row] for row in rows])
    return rendering.render("table.md.j2", table=table)


SECTIONS: Mapping[str, Callable[[], str]] = {
    "released figure": released_figure,
    "study figure": study_figure,
    "results": results_table,
    "findings": findings,
    "verdicts": verdicts,
    "pipeline": pipeline_figure,
    "variants": variants_table,
    "metrics": metrics_table,
    "claims": claims_table,
    "parameters": parameters_table,
    "TIFFs": tiffs_table,
    "options of colorize": lambda: options(command.parser()),
    "options of colorize-page": lambda: options(page.parser()),
}


if __name__ == "__main__":
    draw_figure(STUDY / "figure.png")
    for path in pages():
        text = with_references(path.read_text(encoding="utf-8"))
        with chdir(ROOT):
            path.write_text(with_printed(text), encoding="utf-8")
