"""Write the README's figure, tables and what its code gives, between markers.

Figure and results are those of the committed run; metrics and variants are told by their records;
the code on one photograph is run.
"""

import io
import re
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from colorization import variants
from colorization.dataset.tables import read_table
from colorization.pages import rendering
from colorization.pages.rendering import Cell, Table
from colorization.scoring import metrics
from colorization.scoring.summary import GREY, MODEL
from colorization.settings.study import Study

ROOT = Path(__file__).resolve().parent.parent
FIGURE = ("<!-- figure: written by `make readme` -->\n", "<!-- end of figure -->\n")
RESULTS = ("<!-- results: written by `make readme` -->\n", "<!-- end of results -->\n")
METRICS = ("<!-- metrics: written by `make readme` -->\n", "<!-- end of metrics -->\n")
VARIANTS = ("<!-- variants: written by `make readme` -->\n", "<!-- end of variants -->\n")
STORY = ("<!-- one photograph: written by `make readme` -->\n", "<!-- end of one photograph -->\n")


def with_results(readme: str, root: Path) -> str:
    """Replace what stands between the markers by what the committed results say."""
    readme = _between(readme, FIGURE, figure(root / "results"))
    return _between(readme, RESULTS, results_table(root / "results" / "study" / "study.md"))


def with_records(readme: str, root: Path) -> str:
    """Replace what stands between the markers by what the records say."""
    readme = _between(readme, METRICS, metrics_table())
    study = Study.load(root / "profiles" / "paper.yaml")
    return _between(readme, VARIANTS, variants_table(study.variants()))


def figure(results: Path) -> str:
    """The test images that were colorized best and worst, and how well."""
    variant = read_variant(results)
    rows = read_table(results / "test_images.csv")
    gain = rows[f"{GREY}_ciede2000_mean"] - rows[f"{MODEL}_ciede2000_mean"]
    return f"""\
![The best test images, grey, colorized and original](results/best.png)
![The worst test images, likewise](results/worst.png)

*Each: grey, `{variant}`, truth. Above those of the {len(rows)} test images of the default run whose
colour difference (CIEDE2000) falls most from the grey image to ours, at most by {gain.max():.1f};
below those where it falls least, at least by {gain.min():.1f}.*
"""


def results_table(study: Path) -> str:
    """The first table under "Results" of the page on the study."""
    _, _, results = study.read_text(encoding="utf-8").partition("## Results\n\n")
    table = re.search(r"(?:^\|.*\n)+", results, re.MULTILINE)
    if not table:
        raise ValueError(f"{study} has no table under Results")
    return table[0]


def metrics_table() -> str:
    """What each column of the results means."""
    return _table(["metric", ""], [(found.title, found.explained) for found in metrics.columns()])


def variants_table(names: Sequence[str]) -> str:
    """What each variant is, and where the paper speaks of it."""
    records = {name: variants.load(name) for name in names}
    rows = [
        (f"`{name}`", record.section or "beyond it", record.architecture)
        for name, record in records.items()
    ]
    return _table(["name", "paper", "architecture"], rows)


def _table(titles: list[str], rows: Iterable[Iterable[str | None]]) -> str:
    table = Table(titles, [[Cell(text or "") for text in row] for row in rows])
    return rendering.render("table.md.j2", table=table)


def read_variant(results: Path) -> str:
    """The variant that the report is on, from its title."""
    title = (results / "report.md").read_text(encoding="utf-8").splitlines()[0]
    return title.split("`")[1]


def with_story(readme: str) -> str:
    """Run the README's code on one photograph, which writes a picture, and show what it gives."""
    code = re.findall(
        r"^```python\n(.*?)^```", readme.partition(STORY[0])[0], re.MULTILINE | re.DOTALL
    )
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(code[-1], "README.md", "exec"), {})  # noqa: S102 (our own code)
    story = f"""\
![Its luminance, the colours that were predicted for it, both together, and the photograph]\
(results/one_photograph.png)

*{printed.getvalue().strip()}. From the left: `grey`, `colours`, `colorized`, `truth`.*
"""
    return _between(readme, STORY, story)


def _between(text: str, markers: tuple[str, str], content: str) -> str:
    begin, end = markers
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"README.md must have the lines {begin.strip()} and {end.strip()}")
    return f"{before}{begin}{content}{end}{after}"


if __name__ == "__main__":
    page = ROOT / "README.md"
    readme = with_records(with_results(page.read_text(encoding="utf-8"), ROOT), ROOT)
    page.write_text(with_story(readme), encoding="utf-8")
