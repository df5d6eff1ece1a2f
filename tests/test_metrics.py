"""The records of the metrics; adding a metric takes one record."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from colorization.color import lab
from colorization.color.statistics import count_colors
from colorization.core.provenance import Provenance
from colorization.packaging.package import Origin, model_card
from colorization.pages import report
from colorization.pages.report import Content
from colorization.scoring import metrics, scorer
from colorization.scoring.metrics import HIGHER, METRICS, Metric, score
from colorization.scoring.reference import Colorized, Reference
from colorization.scoring.summary import COLORIZERS, Summary, summarize
from colorization.scoring.trivial import score_trivial
from colorization.study import comparison
from colorization.study.experiments import Experiments
from evaluated import evaluation, rows
from samples import examples, scene
from test_inventory import TABLE

WARMTH = Metric(
    "warmth",
    lambda image: float(image.rgb[..., 0].mean()) if image.ab.any() else None,
    title="warmth",
    direction=HIGHER,
    digits=1,
    undefined="cold",
    always_defined=False,
    description="mean of the red channel; gray images have none",
)


def test_keys_are_distinct() -> None:
    keys = [one.summary_key for one in METRICS]
    assert len(set(keys)) == len(keys)
    assert not {one.key for one in METRICS} & set(metrics.FACTS)


@pytest.mark.parametrize("metric", metrics.columns(), ids=lambda metric: metric.key)
def test_every_column_has_a_direction_and_a_description(metric: Metric) -> None:
    assert metric.direction
    assert metric.description
    # The same text stands in Markdown tables and in HTML.
    assert not set(metric.description) & set("|*`<>[]\n")


@pytest.fixture
def warmth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another metric, in front."""
    monkeypatch.setattr(metrics, "METRICS", (WARMTH, *METRICS))


class Prophet:
    """Predicts ab of 0.1 everywhere, but gray for the first image."""

    inputs = ("L",)
    layers = ()

    def __init__(self) -> None:
        self._first = True

    def predict_on_batch(self, inputs: list[np.ndarray]) -> np.ndarray:
        ab = np.full((*inputs[0].shape[:3], 2), 0.1, np.float32)
        ab[0] *= not self._first
        self._first = False
        return ab


def test_a_new_metric_is_scored_summarized_and_read(warmth: None, tmp_path: Path) -> None:
    test = examples(tmp_path / "test", 3)
    with joblib.parallel_config(backend="threading"):  # other processes lack the new metric
        trivial = score_trivial(
            test.images,
            count_colors(test.images.ab),
            lambda _, rgb: np.zeros(rgb.shape[:2], bool),
        )
        table = scorer.evaluate(Prophet(), test, trivial, 2).rows
    displayed = lab.lab_to_rgb(lab.rgb_to_lab(np.array(test.images.rgb))[0], np.full(2, 0.1))
    expected = displayed[1:, ..., 0].mean(axis=(1, 2))
    np.testing.assert_allclose(table["model_warmth"], [np.nan, *expected])
    assert table["gray_warmth"].isna().all()
    assert table["constant_warmth"].notna().all()

    actual = summarize(table, 0.0)
    actual.write(tmp_path / "metrics.json")
    assert Summary.read(tmp_path / "metrics.json") == actual
    content = actual.as_json()["model"]
    assert content["warmth"] == pytest.approx(expected.mean())
    assert content["warmth_se"] == pytest.approx(expected.std(ddof=1) / 2**0.5)
    assert content["warmth_excluded"] == 1


def warm_rows() -> pd.DataFrame:
    columns = {f"{colorizer}_warmth": [100.0, np.nan, 102.0] for colorizer in COLORIZERS}
    return rows(3, **columns | {"gray_warmth": np.nan})


def test_a_new_metric_is_on_every_page(warmth: None, tmp_path: Path) -> None:
    evaluated = evaluation(warm_rows())
    provenance = Provenance({}, "unknown")
    content = Content(evaluated, TABLE, "", "scenes")
    comparison.write_comparison(
        Experiments({("bn_maxpool", seed): evaluated for seed in (1, 2)}, "scenes"),
        "",
        Provenance({}, "unknown"),
        tmp_path,
    )
    studies = [(tmp_path / f"study.{kind}").read_text() for kind in ("md", "html")]
    for page in (
        report.markdown(content),
        report.html(content, provenance, {"curves.png": "data:,", "chroma.png": "data:,"}),
        model_card(evaluated.training, evaluated.summary, None, Origin("", TABLE)),
        *studies,
    ):
        assert "warmth (higher is better)" in page
        assert "101.0 ± 1.0 (1 cold)" in page
        assert "warmth: mean of the red channel; gray images have none" in page
        assert page.index("warmth (higher") < page.index("PSNR, dB (higher")
    for study in studies:
        # The means over the seeds have it too.
        assert study.count("warmth (higher is better)") == 2
        trainings = study[study.index("Every training") :]
        cells = trainings[: trainings.index("PSNR gain over the constant color, dB (higher")]
        assert cells.count("(higher is better)") == 3  # what is beside PSNR stays there


def test_undefined_and_excluded_values_have_the_metrics_own_word(warmth: None) -> None:
    summary = summarize(warm_rows().assign(gray_psnr_rgb_db=[np.nan, 20.0, 22.0]), 0.0)
    model, gray, _ = report.results_table(summary, "bn_maxpool").rows
    assert model[1] == "101.0 ± 1.0 (1 cold)"
    assert gray[1] == "cold"
    assert gray[3] == "21.00 ± 1.00 (1 exact)"


def test_an_undefined_value_of_an_always_defined_metric_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rgb = scene(1, 32, 32)
    small = np.zeros(rgb.shape[:2], bool)
    reference = Reference(rgb, count_colors(lab.rgb_to_lab(rgb)[1][None]), small)
    monkeypatch.setattr(metrics, "METRICS", (Metric("never", lambda _: None),))
    with pytest.raises(ValueError, match=r"^never is undefined; set always_defined=False"):
        score(Colorized(reference, reference.ab))
