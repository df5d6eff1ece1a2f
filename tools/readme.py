"""Write the README's figure and results table from the committed results, between markers."""

from pathlib import Path

import pandas as pd

from colorization.comparison import readme_table
from colorization.evaluations import read_json
from colorization.scores import GRAY, MODEL

ROOT = Path(__file__).resolve().parent.parent
FIGURE = ("<!-- figure: written by `make readme` -->\n", "<!-- end of figure -->\n")
RESULTS = ("<!-- results: written by `make readme` -->\n", "<!-- end of results -->\n")


def with_results(readme: str, root: Path) -> str:
    """Replace what stands between the markers by what the committed results say."""
    readme = _between(readme, FIGURE, figure(root / "results"))
    gathered = read_json(root / "results" / "study" / "metrics.json")
    return _between(readme, RESULTS, readme_table(gathered))


def figure(results: Path) -> str:
    """The test images that were colorized best and worst, and how well."""
    variant = read_variant(results)
    rows = pd.read_csv(results / "test_images.csv", converters={"name": str})
    gain = rows[f"{GRAY}_ciede2000_mean"] - rows[f"{MODEL}_ciede2000_mean"]
    return f"""\
![The best test images, grey, colorized and original](results/best.png)
![The worst test images, likewise](results/worst.png)

*Each: grey, `{variant}`, truth. Above those of the {len(rows)} test images of the default run whose
colour difference (CIEDE2000) falls most from the grey image to ours, at most by {gain.max():.1f};
below those where it falls least, at least by {gain.min():.1f}.*
"""


def read_variant(results: Path) -> str:
    """The variant that the report is on, from its title."""
    title = (results / "report.md").read_text(encoding="utf-8").splitlines()[0]
    return title.split("`")[1]


def _between(text: str, markers: tuple[str, str], content: str) -> str:
    begin, end = markers
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}{content}{end}{after}"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(with_results(readme.read_text(encoding="utf-8"), ROOT), encoding="utf-8")
