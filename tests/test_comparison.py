"""The comparison of all trainings: tables, summary, and the same figures on both pages."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colorization.backbones.weights import Pretrained
from colorization.pages import rendering
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.summary import TRIVIAL
from colorization.study import comparison, summary, verdicts
from colorization.study.claims import CLAIMS
from colorization.study.comparison import Circumstances
from colorization.study.config_diff import config_diff
from colorization.study.estimates import Estimate
from colorization.study.experiments import Experiments
from evaluated import evaluation, files_in, rows, run

PAGES = ("md", "html")
PARAMS_TEXT = "# a <comment> & more\ntrain:\n  epochs: 3"
BASELINE = evaluation(rows(4, gray_psnr_rgb_db=[np.nan, 20.0, 22.0, np.nan]))
VGG = evaluation(
    rows(4),
    (0.06, 0.04, 0.015),
    parameters=16_286_808,
    best_epoch=3,
    embedding=None,
    encoder=Pretrained(network="vgg16", weights="imagenet"),
    precision="mixed_bfloat16",
)
THINNED = evaluation(rows(4), fraction=0.25, training_images=180)
PLAIN = evaluation(rows(4), embedding=None, encoder=None)
STUDY = Experiments(
    {
        ("baseline", 1): BASELINE,
        ("vgg16_conv", 1): VGG,
        ("bn_maxpool_quarter", 1): THINNED,
    },
    "scenes",
)
HERE = Circumstances(
    runs={
        "baseline": run("train", 90, images_per_second=12.34),
        "vgg16_conv": run("train", 5000, images_per_second=5.06),
    },
    commit="0123456789ab with uncommitted changes",
)
ELSEWHERE = Circumstances(runs={}, commit="unknown")


def write(
    folder: Path,
    experiments: Experiments = STUDY,
    circumstances: Circumstances = HERE,
    params: str = PARAMS_TEXT,
) -> dict[str, str]:
    """Write a comparison, and read its two pages."""
    comparison.write_comparison(experiments, params, circumstances, folder)
    return {page: (folder / f"study.{page}").read_text(encoding="utf-8") for page in PAGES}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison") / "here"
    write(folder)
    return folder


@pytest.fixture(scope="module")
def elsewhere(here: Path) -> Path:
    folder = here.with_name("elsewhere")
    write(folder, circumstances=ELSEWHERE)
    return folder


def summarized(study: Experiments) -> summary.StudySummary:
    found = summary.summarize_study(study, verdicts.judge(CLAIMS, study))
    assert found is not None
    return found


def texts(table: rendering.Table) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in table.rows}


def plain(folder: Path, page: str) -> str:
    """A page without its marks."""
    text = (folder / f"study.{page}").read_text(encoding="utf-8")
    text = text.replace("*", "").replace("`", "") if page == "md" else text
    return re.sub("</?(strong|code|style|script)>", "", html.unescape(text))


def test_each_row_has_the_scores_of_its_training() -> None:
    results = texts(comparison.results_table(STUDY))
    # PSNR 24.5 and 18 in the mean; both deviate by the same.
    assert results["baseline"][:3] == ["24.50 ± 0.43", "6.50 ± 0.00", "0.8765 ± 0.0000"]
    assert results["gray (ab = 0)"][:2] == ["21.00 ± 1.00 (2 exact)", ""]
    assert list(results) == [
        "baseline",
        "vgg16_conv",
        "bn_maxpool_quarter",
        "gray (ab = 0)",
        "constant color (the training set's mean)",
    ]
    assert texts(comparison.trainings_table(STUDY, HERE.runs)) == {
        "baseline": ["6,571,234", "2", "+0.02500", "1.5", "12.3"],
        "vgg16_conv": ["16,286,808", "3", "-0.00500", "83.3", "5.1"],
        "bn_maxpool_quarter": ["6,571,234", "2", "+0.02500", "not run here", ""],
    }


def test_a_psnr_gain_does_not_count_excluded_images() -> None:
    exact = evaluation(rows(4, constant_psnr_rgb_db=[np.nan, 18.0, 18.5, 19.0]))
    (row, *_) = comparison.results_table(Experiments({("baseline", 1): exact}, "scenes")).rows
    assert exact.summary.psnr_gain["constant"].excluded == 0  # no such key in metrics.json
    assert "exact" not in row[2]


def test_every_row_has_a_cell_for_each_title() -> None:
    for table in (
        comparison.results_table(STUDY),
        comparison.trainings_table(STUDY, HERE.runs),
        comparison.trainings_table(STUDY, runs=None),
        summary.means_table(STUDY),
        summary.ranking(STUDY, summarized(STUDY)),
    ):
        assert {len(row) for row in table.rows} == {len(table.titles)}


def test_metrics_are_those_of_the_evaluations_and_valid_json(here: Path) -> None:
    gathered = comparison.metrics(STUDY)
    assert json.loads((here / "metrics.json").read_text()) == gathered
    assert gathered["images"] == 4
    assert gathered["vgg16_conv"]["psnr_rgb_db"] == pytest.approx(24.5)
    assert gathered["vgg16_conv"]["psnr_gain"]["gray"]["psnr_rgb_db"] == pytest.approx(3.25)
    assert gathered["baseline"]["final_gap"] == pytest.approx(0.045 - 0.02)
    assert gathered["constant"] == BASELINE.summary.as_json()["constant"]


def test_every_verdict_and_every_history_is_written(here: Path) -> None:
    assert len(json.loads((here / "claims.json").read_text())) == 11
    histories = pd.read_csv(here / "history.csv")
    assert histories["training"].unique().tolist() == list(STUDY.by_name())
    assert histories.loc[histories["training"] == "vgg16_conv", "val_mse"].iloc[-1] == 0.015


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "fact",
    [
        "24.50 ± 0.43",
        "16,286,808",
        "4 test images",
        "scenes: 720 or 180 training images of 64 px",
        "inception_v3 has random weights: its features carry no semantics.",
        "10. Small details and specific objects are colored worse than large regions.",
        "Not tested: deeper: not in this study",
        "float32, mixed_bfloat16",
        "# a <comment> & more",
    ],
)
def test_both_pages_report_every_fact(here: Path, page: str, fact: str) -> None:
    text = plain(here, page)
    assert fact in text
    assert "vgg16 has random weights" not in text
    assert not re.search(r"\b(None|nan|NaN|Undefined)\b", text.split("const table")[0])


@pytest.mark.parametrize(
    "fact",
    [
        "0123456789ab with uncommitted changes",
        "Abacus <9>, 2 cores, Linux, Python 3.11.7, keras 3",
        ">83.3<",  # minutes
        ">12.3<",  # images per second
    ],
)
def test_only_the_html_page_reports_commit_times_and_hardware(
    here: Path, elsewhere: Path, fact: str
) -> None:
    assert fact in plain(here, "html")
    assert fact.strip("<>") not in plain(here, "md")
    assert fact not in plain(elsewhere, "html")


def test_trainings_that_were_not_run_here_are_marked(here: Path, elsewhere: Path) -> None:
    cell = ">not run here<"
    assert (here / "study.html").read_text().count(cell) == 1
    assert (elsewhere / "study.html").read_text().count(cell) == 3
    assert not re.search(r"\b(None|Undefined)\b", plain(elsewhere, "html"))


def test_all_files_but_the_html_page_have_the_same_bytes_anywhere(
    here: Path, elsewhere: Path
) -> None:
    names = files_in(here)
    assert names == files_in(elsewhere)
    assert {"study.md", "metrics.json", "claims.json", "curves.png"} < names
    differing = {
        name for name in names if (here / name).read_bytes() != (elsewhere / name).read_bytes()
    }
    assert differing == {"study.html"}


def test_both_pages_hold_the_same_figures(elsewhere: Path) -> None:
    def numbers(page: str) -> set[str]:
        text = (elsewhere / f"study.{page}").read_text()
        text = re.sub(r"<(style|head|script)>.*?</\1>|<[^>]*>", " ", text, flags=re.S)
        return set(re.findall(r"\d+\.\d+", html.unescape(text)))

    assert numbers("md") == numbers("html")


def test_the_html_page_needs_nothing_beside_it_and_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    page = write(tmp_path, circumstances=Circumstances({}, evil), params=evil)["html"]
    assert page.count("&lt;script&gt;") == 2
    assert page.count("<script") == 1
    assert not re.search(r"@import|https?:", page)
    targets = re.findall(r"(?:src|href|srcset|url)\s*[=(]\s*[\"']?([^\"' )>]+)", page)
    assert len(targets) == 4
    assert all(target.startswith("data:") for target in targets)


TWO_SEEDS = Experiments(
    {
        ("baseline", 1): BASELINE,
        ("baseline", 2): evaluation(rows(4, model_psnr_rgb_db=26.5)),
        ("bn_maxpool_half", 1): THINNED,
        ("bn_maxpool_half", 2): THINNED,
    },
    "scenes",
    ["baseline-3"],
)


def test_several_seeds_have_trainings_and_means(tmp_path: Path) -> None:
    assert list(texts(comparison.results_table(TWO_SEEDS)))[:4] == [
        "baseline (1)",
        "baseline (2)",
        "bn_maxpool_half (1)",
        "bn_maxpool_half (2)",
    ]
    assert list(texts(summary.means_table(TWO_SEEDS))) == ["baseline", "bn_maxpool_half"]
    # SSIM is the same in each training and image.
    assert texts(summary.means_table(TWO_SEEDS))["baseline"][1] == "0.8765"
    write(tmp_path, TWO_SEEDS)
    for page in PAGES:
        assert "Not trained yet: baseline-3." in plain(tmp_path, page)
        assert "a true difference of" not in plain(tmp_path, page)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_the_summary(tmp_path: Path, page: str) -> None:
    better = [evaluation(rows(4, model_psnr_rgb_db=[30, 31, 32, 33 + seed])) for seed in (0, 1)]
    study = Experiments(
        {("bn_maxpool", seed): found for seed, found in enumerate(better)}
        | {
            (name, seed): evaluation(rows(4, model_psnr_rgb_db=[29, 30, 31, 32.1 + seed]))
            for name in summary.CONTROLS
            for seed in (0, 1)
        },
        "photos.zip",
    )
    write(tmp_path, study)
    told = re.sub(r"</?[a-z][^>]*>|\n", " ", plain(tmp_path, page))
    first = told.partition("The paper's claims")[0]
    assert "Which variant is best? By PSNR over the constant color bn_maxpool." in first
    assert "Yes: the network with it is better than each of its 3 controls." in first
    assert "another photograph: +0.975 (+0.895 to +1.055) dB, p < 0.001" in first
    assert re.search(r"p < 0.001; 0\.\d\d dB would be detected with a probability of 80%", first)
    assert "Of 11 claims" in first
    assert "the paper this study" in re.sub(r"[\s|]+", " ", first)
    assert not re.search(r"\b(None|nan|NaN|Undefined)\b", first.partition("Which variant")[2])


def test_the_best_is_compared_with_the_second_and_fewer_seeds_are_named(tmp_path: Path) -> None:
    better = evaluation(rows(4, model_psnr_rgb_db=30.5))
    trainings = {("bn_maxpool", 1): better, ("bn_maxpool", 2): better, ("baseline", 1): BASELINE}
    study = Experiments(trainings, "photos.zip")
    found = summarized(study)
    assert (found.best, found.second) == ("bn_maxpool", "baseline")
    assert found.lead
    assert found.lead.value == pytest.approx(30.5 - BASELINE.rows["model_psnr_rgb_db"].mean())
    named = ["bn_maxpool", "baseline (1 of 2 seeds)"]
    trivial = [rendering.COLORIZER_LABELS[baseline] for baseline in TRIVIAL]
    assert list(texts(summary.ranking(study, found))) == [*named, *trivial]
    assert sorted(texts(summary.means_table(study))) == sorted(named)
    write(tmp_path, study)
    text = plain(tmp_path, "md")
    assert re.search(
        r"that of the second best, baseline, it is \+\d.* dB, from one common seed", text
    )
    assert "Too few common seeds to compare: baseline." in text


def test_the_page_lists_variants_significantly_below_the_best(tmp_path: Path) -> None:
    def three(psnr: float, spread: float) -> list[Evaluation]:
        return [evaluation(rows(4, model_psnr_rgb_db=psnr + spread * seed)) for seed in (-1, 0, 1)]

    every = {"bn_maxpool": three(30, 0.01), "l2": three(29, 0.02), "deeper": three(29.9, 0.5)}
    study = Experiments(
        {(name, seed): found[seed] for name, found in every.items() for seed in range(3)}, "zip"
    )
    found = summarized(study)
    assert (found.best, found.below, found.not_different) == ("bn_maxpool", ["l2"], ["deeper"])
    write(tmp_path, study)
    told = plain(tmp_path, "md")
    assert "Significantly below it: l2." in told
    assert "Not significantly different from it: deeper." in told


def test_the_summary_lists_variants_above_both_baselines_and_the_best_over_each() -> None:
    """Gray, 21.25 dB, is undefined for the last image, an exactly gray one; constant is 18 dB."""

    def two(*psnr: float) -> list[Evaluation]:
        table = rows(4, model_psnr_rgb_db=psnr, gray_psnr_rgb_db=[21.2, 21.3, 21.2, np.nan])
        return [evaluation(table.assign(constant_psnr_rgb_db=[18.0, 18.1, 18.0, 18.1]))] * 2

    def summary_of(every: dict[str, list[Evaluation]]) -> summary.StudySummary:
        trainings = {(name, seed): found[seed] for name, found in every.items() for seed in (0, 1)}
        return summarized(Experiments(trainings, "zip"))

    others = {"pale": two(21, 21, 21, 40), "poor": two(9, 9, 9, 9)}
    found = summary_of(others | {"strong": two(25, 25.1, 25, 24)})
    assert (found.best, found.best_over_gray) == ("pale", "strong")
    assert found.above_both == ["strong"]
    # p = 0.02 by Student's t of 7, 7, 7 and 1.9 dB; times three for three variants.
    uncertain = {"strong": two(25, 25.1, 25, 20)}
    assert summary_of(uncertain).above_both == ["strong"]
    assert summary_of(others | uncertain).above_both == []


def test_a_random_network_is_named_if_others_have_imagenet_weights() -> None:
    imagenet = Pretrained(network="vgg16", weights="imagenet")
    known = evaluation(rows(4), embedding=None, encoder=imagenet)
    random = evaluation(
        rows(4), embedding=None, encoder=Pretrained(network="vgg19", weights="random")
    )
    study = Experiments({("vgg16_conv", 1): known, ("vgg19_unet", 1): random}, "zip")
    names = list(texts(summary.ranking(study, summarized(study))))
    assert names[:2] == ["vgg16_conv", "vgg19_unet (random vgg19)"]


def test_the_studys_settings_are_compared_with_the_papers() -> None:
    whole = evaluation(fraction=1.0).training
    halved = evaluation(fraction=0.5, training_images=360).training
    settings = whole.train.model_copy(update={"epochs": 2 * whole.train.epochs, "fraction": 0.5})
    table = config_diff([whole, halved.model_copy(update={"train": settings})])
    assert {row[0]: row[1:] for row in table.rows} == {
        "training photographs": ["22,500", "720"],
        "side, px": ["224", "64"],
        "network of the embedding": ["Inception", "inception_v3"],
        "learning rate": ["0.0001", str(whole.train.learning_rate)],
        "batch size": ["64", str(whole.train.batch_size)],
        "epochs": ["not reported", "3"],
    }


def test_classification_networks_are_not_compared_with_the_paper() -> None:
    bins = evaluation().training.model_copy(update={"objective": "classification"})
    assert config_diff([bins]).rows == []


def test_significance_needs_several_seeds() -> None:
    steps = np.linspace(-1, 1, 6)

    def trainings(variant: str, seeds: int, difference: np.ndarray) -> dict:
        table = rows(model_ciede2000_mean=difference, gray_ciede2000_mean=11.5 + steps)
        return {(variant, seed): evaluation(table) for seed in range(seeds)}

    study = Experiments(
        trainings("baseline", 2, 10 + steps)
        | trainings("deeper", 2, 11 + 9 * steps)
        | trainings("l2", 1, 10 + steps),
        "scenes",
    )
    found = summarized(study)
    assert found.closer_than_gray == ["baseline"]
    # Each is 3.25 dB above gray in every image, and 6.5 dB above the constant color.
    assert found.above_both == ["baseline", "deeper"]
    assert found.too_few_seeds == ["l2"]
    assert found.not_different == ["deeper"]


def test_one_seed_is_not_enough_to_judge_the_embedding() -> None:
    one = {("bn_maxpool", 1): BASELINE, ("bn_maxpool_no_embedding", 1): THINNED}
    assert summarized(Experiments(one, "scenes")).embedding_answer == "One seed is not enough."


def test_the_embeddings_gain_is_summarized_over_its_controls() -> None:
    def brings(*differences: float) -> str:
        controls = [
            summary.Control("so", Estimate(difference), 0.001 if difference else 1.0)
            for difference in differences
        ]
        found = replace(summarized(STUDY), controls=controls)
        return found.embedding_answer

    assert brings(0.3, 0.2).startswith("Yes: the network with it is better than each of its 2")
    assert brings(0.3).startswith("Yes: the network with it is better than its control")
    assert brings(0.3, 0).startswith("In part: the network with it is better than 1 of 2")
    assert brings(0, -0.4).startswith("No significant gain over any of its 2 controls.")


def test_good_and_poor_results_are_those_of_bn_maxpool(here: Path, tmp_path: Path) -> None:
    assert not (here / "good.png").exists()
    write(tmp_path, Experiments({("bn_maxpool", 1): BASELINE}, "scenes"))
    assert (tmp_path / "good.png").exists()
    assert "good.png" in plain(tmp_path, "md")
    write(tmp_path)
    assert not (tmp_path / "poor.png").exists()


def test_a_variant_without_pretrained_network_names_none(
    tmp_path: Path,
) -> None:
    for text in write(tmp_path, Experiments({("plain", 1): PLAIN}, "scenes")).values():
        assert "plain" in text
        assert "random weights" not in text
        assert "inception_v3" not in text
        assert not re.search(r"\b(None|nan|NaN|Undefined)\b", text.split("const table")[0])


def test_an_estimate_is_formatted_with_its_interval_if_any() -> None:
    assert summary.with_interval(Estimate(1.25, 1, 2), 2) == "1.25 (1.00 to 2.00)"
    assert summary.with_interval(Estimate(1.25), 1) == "1.2"
    assert summary.with_interval(Estimate(1.25, 1.25, 1.25), 2) == "1.25"
    assert summary.with_interval(None, 2) == "undefined"
