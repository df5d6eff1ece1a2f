"""The README against what it speaks of."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from colorization.scoring import metrics
from colorization.scoring.metrics import METRICS, Metric
from packaged import SIDE, untrained, with_embeddings, write_package
from readme import ROOT, STORY, metrics_table, with_records, with_results, with_story
from samples import encoded, examples, pack, scene

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_results_table_is_the_one_of_the_committed_run() -> None:
    assert with_results(README, ROOT) == README, "stale: run `make readme`"


def test_the_tables_of_metrics_and_variants_are_what_their_records_say() -> None:
    assert with_records(README, ROOT) == README, "stale: run `make readme`"


def test_a_new_metric_gets_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    hue = Metric("hue", lambda _: 1.0, title="hue", explained="mean over the pixels")
    monkeypatch.setattr(metrics, "METRICS", (*METRICS, hue))
    assert metrics_table().splitlines()[-1] == "| hue | mean over the pixels |"
    assert with_records(README, ROOT) != README


def test_a_readme_that_lost_its_markers_is_refused() -> None:
    without = README.replace("<!-- end of metrics -->\n", "")
    with pytest.raises(ValueError, match="must have the lines <!-- metrics: written by"):
        with_records(without, ROOT)


def story_of(readme: str) -> str:
    return readme.partition(STORY[0])[2].partition(STORY[1])[0]


def without_figures(story: str) -> str:
    return re.sub(r"-?[\d.]+ dB|[\w.]+(?=, PSNR)", "", story)


def test_the_code_on_one_photograph_runs_and_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mean_and_deviation = with_embeddings(examples(tmp_path / "arrays", 3, SIDE))[1]
    package = write_package(
        tmp_path / "package", untrained("baseline"), "baseline", mean_and_deviation
    )
    shutil.copytree(package, "models/chosen")
    Path("data").mkdir()
    Path("results").mkdir()
    photographs = {"a.jpg": scene(1), "b.jpg": scene(2), "c.jpg": scene(3)}
    pack(Path("data/raw.zip"), {name: encoded(rgb) for name, rgb in photographs.items()})
    split = pd.DataFrame({"name": [*photographs], "split": ["train", "test", "test"]})
    split.to_csv("data/split.csv", index=False)

    told = story_of(with_story(README))
    assert "*b.jpg, PSNR: grey " in told
    assert without_figures(told) == without_figures(story_of(README)), "stale: run `make readme`"
    grey, colours, colorized, truth = np.hsplit(
        np.asarray(Image.open("results/one_photograph.png")), 4
    )
    np.testing.assert_array_equal(truth, photographs["b.jpg"])
    assert np.ptp(grey.astype(int), axis=-1).max() <= 1
    assert np.abs(colorized.astype(int) - truth).max() > 20
    assert np.ptp(colours.astype(int), axis=-1).max() > 20
