"""Write the README's figure, table and what its code gives, between markers.

Figure and table are those of the committed results; the code on one photograph is run.
"""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd

from colorization.scoring.evaluation import read_json
from colorization.scoring.summary import GRAY, MODEL
from colorization.study.comparison import readme_table

ROOT = Path(__file__).resolve().parent.parent
FIGURE = ("<!-- figure: written by `make readme` -->\n", "<!-- end of figure -->\n")
RESULTS = ("<!-- results: written by `make readme` -->\n", "<!-- end of results -->\n")
STORY = ("<!-- one photograph: written by `make readme` -->\n", "<!-- end of one photograph -->\n")


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
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}{content}{end}{after}"


if __name__ == "__main__":
    page = ROOT / "README.md"
    readme = with_results(page.read_text(encoding="utf-8"), ROOT)
    page.write_text(with_story(readme), encoding="utf-8")
