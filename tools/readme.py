"""Write the README's results table from the committed results, between its two markers."""

import json
from pathlib import Path

from colorization.params import load_params
from colorization.report import markdown_table

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- results: written by `make readme` -->\n"
END = "<!-- end of results -->\n"


def with_results(readme: str, root: Path) -> str:
    """Replace what stands between the markers by the table of the committed run."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    metrics = json.loads((root / "results" / "metrics.json").read_text(encoding="utf-8"))
    variant = load_params(root / "params.yaml").model.variant
    return f"{before}{BEGIN}{markdown_table(metrics, variant)}{END}{after}"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(with_results(readme.read_text(encoding="utf-8"), ROOT), encoding="utf-8")
