"""The README against what it speaks of."""

from readme import ROOT, with_results


def test_the_results_table_is_the_one_of_the_committed_run() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_results(readme, ROOT) == readme, "stale: run `make readme`"
