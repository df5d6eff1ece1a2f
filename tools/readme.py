"""Write the README's results table from the committed study, between its two markers."""

from pathlib import Path

from colorization.comparison import markdown_table
from colorization.evaluations import read_json

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- results: written by `make readme` -->\n"
END = "<!-- end of results -->\n"


def with_results(readme: str, root: Path) -> str:
    """Replace what stands between the markers by the table of the committed study."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    study = root / "results" / "study"
    table = markdown_table(read_json(study / "metrics.json"), read_json(study / "timings.json"))
    return f"{before}{BEGIN}{table}{END}{after}"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(with_results(readme.read_text(encoding="utf-8"), ROOT), encoding="utf-8")
