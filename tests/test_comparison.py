"""The comparison: every training and both floors, the same figures in both pages."""

import dataclasses
import html
import json
import re

import numpy as np
import pytest

from colorization.pages import rendering
from colorization.study import comparison
from colorization.study.experiments import Estimate, Experiments
from evaluated import evaluation, rows, timing
from samples import encoded, scene

PAGES = ("markdown", "html")
BASELINE = evaluation(rows(4, gray_psnr_rgb_db=[np.nan, 20.0, 22.0, np.nan]))
VGG = evaluation(
    rows(4),
    (0.06, 0.04, 0.015),
    parameters=16_286_808,
    best_epoch=3,
    pretrained_network="vgg16",
    pretrained_weights="imagenet",
    precision="mixed_bfloat16",
)
STUDY = comparison.Study(
    experiments=Experiments(
        {("baseline", 1): BASELINE, ("vgg16_conv", 1): VGG}, {(4, 1): BASELINE}, "scenes"
    ),
    timings={
        "baseline": timing(90, images_per_second=12.34),
        "vgg16_conv": timing(186, images_per_second=5.06),
        "bn_maxpool on 1 image in 4": timing(60, images_per_second=11.0),
    },
    params="# a <comment> & more\ntrain:\n  epochs: 3",
    commit="0123456789ab with uncommitted changes",
    versions={"tensorflow": "2.21.0"},
)
PNG = encoded(scene(1))


def render(page: str, study: comparison.Study = STUDY) -> str:
    if page == "markdown":
        return comparison.markdown(study)
    return comparison.html(study, PNG, PNG, PNG)


def texts(table: rendering.Table) -> dict[str, list[str]]:
    return {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}


def test_each_row_holds_the_figures_of_its_training() -> None:
    gathered = comparison.metrics(STUDY.experiments)
    results = texts(comparison.results_table(gathered))
    # PSNR 24.5 and 18 in the mean; both deviate by the same.
    assert results["baseline"][:3] == ["24.50 ± 0.43", "6.50 ± 0.00", "0.8765 ± 0.0000"]
    assert results["floor: gray (ab = 0)"][:2] == ["21.00 ± 1.00 (2 exact)", ""]
    assert list(results) == [
        "baseline",
        "vgg16_conv",
        "bn_maxpool on 1 image in 4",
        "floor: gray (ab = 0)",
        "floor: mean_ab (the training set's mean)",
    ]
    trainings = texts(comparison.trainings_table(gathered, STUDY.timings))
    assert trainings["baseline"] == ["6,571,234", "1.5", "12.3", "2", "+0.02500"]
    assert trainings["vgg16_conv"] == ["16,286,808", "3.1", "5.1", "3", "-0.00500"]


def test_every_cell_that_shows_a_number_is_sorted_by_it() -> None:
    gathered = comparison.metrics(STUDY.experiments)
    for table in (
        comparison.results_table(gathered),
        comparison.trainings_table(gathered, STUDY.timings),
    ):
        for row in table.rows:
            for cell in row[1:]:
                assert (cell.value is None) == (not re.match(r"[+-]?\d", cell.text))
                if cell.value is not None:
                    shown = re.match(r"[+-]?[\d,.]+", cell.text)
                    assert shown is not None
                    assert float(shown[0].replace(",", "")) == pytest.approx(cell.value, abs=0.051)


def test_the_figures_are_those_of_the_evaluations_and_can_be_written_as_json() -> None:
    gathered = comparison.metrics(STUDY.experiments)
    assert json.loads(json.dumps(gathered, allow_nan=False)) == gathered
    assert gathered["images"] == 4
    assert gathered["vgg16_conv"]["psnr_rgb_db"] == pytest.approx(24.5)
    assert gathered["vgg16_conv"]["over"]["gray"]["psnr_rgb_db"] == pytest.approx(3.25)
    assert gathered["baseline"]["final_gap"] == pytest.approx(0.045 - 0.02)
    assert gathered["mean_ab"] == BASELINE.metrics["mean_ab"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "fact",
    [
        "24.50 ± 0.43",
        "16,286,808",
        "4 test images",
        "scenes: 720 training images of 64 px",
        "inception_v3 has random weights: its features carry no semantics.",
        "10. Small details and specific objects are coloured worse than large parts.",
        "Not tested: deeper: not in this study",
        "0123456789ab with uncommitted changes",
        "Abacus <9>, 2 cores",
        "float32, mixed_bfloat16",
        "tensorflow 2.21.0",
        "# a <comment> & more",
    ],
)
def test_both_pages_tell_every_fact(page: str, fact: str) -> None:
    text = render(page)
    text = text.replace("*", "").replace("`", "") if page == "markdown" else text
    text = re.sub("</?(strong|code|style|script)>", "", html.unescape(text))
    assert fact in text
    assert "vgg16 has random weights" not in text
    assert not re.search(r"\b(None|nan|NaN|Undefined)\b", text.split("const table")[0])


def test_both_pages_hold_the_same_figures() -> None:
    def numbers(text: str) -> set[str]:
        text = re.sub(r"<(style|head|script)>.*?</\1>|<[^>]*>", " ", text, flags=re.S)
        return set(re.findall(r"\d+\.\d+", html.unescape(text)))

    assert numbers(render("markdown")) == numbers(render("html"))


def test_the_html_page_needs_nothing_beside_it_and_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    page = render("html", dataclasses.replace(STUDY, commit=evil, params=evil))
    assert page.count("&lt;script&gt;") == 2
    assert page.count("<script") == 1
    assert not re.search(r"@import|https?:", page)
    targets = re.findall(r"(?:src|href|srcset|url)\s*[=(]\s*[\"']?([^\"' )>]+)", page)
    assert len(targets) == 4
    assert all(target.startswith("data:") for target in targets)


def test_a_seed_is_named_and_means_are_given_where_there_are_several() -> None:
    two = Experiments(
        {
            ("baseline", 1): BASELINE,
            ("baseline", 2): evaluation(rows(4, model_psnr_rgb_db=26.5)),
        },
        {(2, 1): BASELINE, (2, 2): BASELINE},
        "scenes",
    )
    assert list(comparison.all_by_name(two)) == [
        "baseline (1)",
        "baseline (2)",
        "bn_maxpool on 1 image in 2 (1)",
        "bn_maxpool on 1 image in 2 (2)",
    ]
    # 24.5 and 26.5: mean 25.5, error 1, and Student's t for one degree of freedom is 12.706.
    assert texts(comparison.seeds_table(two))["baseline"][0] == "25.50 (12.79 to 38.21)"
    timings = dict.fromkeys(comparison.all_by_name(two), timing(60, images_per_second=2.0))
    several = dataclasses.replace(STUDY, experiments=two, timings=timings)
    assert "25.50 (12.79 to 38.21)" in render("markdown", several)
    assert "Means over the seeds" not in render("markdown")


def test_an_estimate_shows_its_interval_where_it_has_one() -> None:
    assert comparison.with_interval(Estimate(1.25, 1, 2), 2) == "1.25 (1.00 to 2.00)"
    assert comparison.with_interval(Estimate(1.25), 1) == "1.2"
    assert comparison.with_interval(Estimate(1.25, 1.25, 1.25), 2) == "1.25"
    assert comparison.with_interval(None, 2) == "undefined"
