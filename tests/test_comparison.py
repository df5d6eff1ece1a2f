"""The comparison of all trainings: tables, summary, and the same figures on both pages."""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from colorization.core.errors import ColorizationError
from colorization.core.model_records import Pretrained
from colorization.core.settings import Embedding, Variant
from colorization.pages import rendering
from colorization.pages.pictures import Block
from colorization.scoring.evaluation import Evaluation
from colorization.scoring.samples import Samples
from colorization.study import comparison, embedding, measures, progress, summary, verdicts
from colorization.study.claims import CLAIMS
from colorization.study.comparison import Provenance
from colorization.study.config_diff import config_diff
from colorization.study.estimates import Estimate, with_interval
from colorization.study.experiments import Experiments
from evaluated import evaluation, files_in, rows, run, sweep

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
HERE = Provenance(
    runs={
        "baseline": run("train", 90, images_per_second=12.34),
        "vgg16_conv": run("train", 5000, images_per_second=5.06),
    },
    commit="0123456789ab with uncommitted changes",
)
ELSEWHERE = Provenance(runs={}, commit="unknown")


def write(
    folder: Path,
    experiments: Experiments = STUDY,
    provenance: Provenance = HERE,
    params: str = PARAMS_TEXT,
) -> dict[str, str]:
    """Write a comparison, and read its two pages."""
    comparison.write_comparison(experiments, params, provenance, folder)
    return {page: (folder / f"study.{page}").read_text(encoding="utf-8") for page in PAGES}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison") / "here"
    write(folder)
    return folder


@pytest.fixture(scope="module")
def elsewhere(here: Path) -> Path:
    folder = here.with_name("elsewhere")
    write(folder, provenance=ELSEWHERE)
    return folder


def summarized(study: Experiments) -> summary.StudySummary:
    return summary.summarize_study(study, verdicts.judge(CLAIMS, study))


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
    # The constant color's error is 0.0323456 in all, the model's 0.0123456.
    first = ["61.8 ± 0.0", "24.50 ± 0.43", "6.50 ± 0.00", "0.8765 ± 0.0000"]
    assert results["baseline"][:4] == first
    assert results["gray (ab = 0)"][1:3] == ["21.00 ± 1.00 (2 exact)", ""]
    assert list(results) == [
        "baseline",
        "vgg16_conv",
        "bn_maxpool_quarter",
        "gray (ab = 0)",
        "constant color (the training set's mean)",
    ]
    assert texts(progress.trainings_table(STUDY, HERE.runs)) == {
        "baseline": ["6,571,234", "2", "1.5", "12.3"],
        "vgg16_conv": ["16,286,808", "3", "83.3", "5.1"],
        "bn_maxpool_quarter": ["6,571,234", "2", "not run here", ""],
    }


def test_a_psnr_gain_does_not_count_excluded_images() -> None:
    exact = evaluation(rows(4, constant_psnr_rgb_db=[np.nan, 18.0, 18.5, 19.0]))
    (row, *_) = comparison.results_table(Experiments({("baseline", 1): exact}, "scenes")).rows
    assert exact.summary.psnr_gain["constant"].excluded == 0  # no such key in metrics.json
    assert "exact" not in row[3]


def test_every_row_has_a_cell_for_each_title() -> None:
    for table in (
        comparison.results_table(STUDY),
        progress.trainings_table(STUDY, HERE.runs),
        progress.trainings_table(STUDY, runs=None),
        summary.means_table(STUDY),
        summary.ranking(STUDY, summarized(STUDY)),
    ):
        assert {len(row) for row in table.rows} == {len(table.titles)}


def test_metrics_are_those_of_the_evaluations_and_valid_json(here: Path) -> None:
    gathered = comparison.metrics(STUDY)
    assert json.loads((here / "metrics.json").read_text()) == gathered
    assert (gathered["images"], gathered["images_scored"]) == (4, 4)
    assert gathered["vgg16_conv"]["psnr_rgb_db"] == pytest.approx(24.5)
    assert gathered["vgg16_conv"]["psnr_gain"]["gray"]["psnr_rgb_db"] == pytest.approx(3.25)
    assert gathered["constant"] == BASELINE.summary.as_json()["constant"]


def test_every_verdict_and_every_history_is_written(here: Path) -> None:
    assert len(json.loads((here / "claims.json").read_text())) == len(CLAIMS)
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


def test_one_line_names_all_networks_with_random_weights(tmp_path: Path) -> None:
    encoder = Pretrained(network="vgg16", weights="random")
    vgg = replace(VGG, training=VGG.training.model_copy(update={"encoder": encoder}))
    write(tmp_path, replace(STUDY, trainings=STUDY.trainings | {("vgg16_conv", 1): vgg}))
    words = "inception_v3, vgg16 have random weights: their features carry no semantics."
    for page in PAGES:
        text = plain(tmp_path, page)
        assert words in text
        assert text.count("random weights") == 1


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


def test_a_study_without_sample_images_is_refused(tmp_path: Path) -> None:
    thinned = Experiments({("bn_maxpool_quarter", 1): THINNED}, "scenes")
    with pytest.raises(ColorizationError, match=r"^no training has sample images; train "):
        write(tmp_path / "out", thinned)
    assert not (tmp_path / "out").exists()


def test_both_pages_hold_the_same_figures(elsewhere: Path) -> None:
    def numbers(page: str) -> set[str]:
        text = (elsewhere / f"study.{page}").read_text()
        text = re.sub(r"<(style|head|script)>.*?</\1>|<[^>]*>", " ", text, flags=re.S)
        return set(re.findall(r"\d+\.\d+", html.unescape(text)))

    assert numbers("md") == numbers("html")


def test_the_html_page_needs_nothing_beside_it_and_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    page = write(tmp_path, provenance=Provenance({}, evil), params=evil)["html"]
    assert page.count("&lt;script&gt;") == 2
    assert page.count("<script") == 1
    assert not re.search(r"@import|https?:", page)
    targets = re.findall(r"(?:src|href|srcset|url)\s*[=(]\s*[\"']?([^\"' )>]+)", page)
    assert len(targets) == 6
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
    means = texts(summary.means_table(TWO_SEEDS))
    assert [*means][:2] == ["baseline", "bn_maxpool_half"]
    assert len(means) == 4  # and the trivial baselines
    assert means["baseline"][2] == "0.8765"  # SSIM, the same in each training and image
    write(tmp_path, TWO_SEEDS)
    for page in PAGES:
        assert "Not trained yet, 1 of 5: seed 3 of baseline." in plain(tmp_path, page)
        assert "a true difference of" not in plain(tmp_path, page)


def removing(*percent: float, difference: float = 11.0, **training: Any) -> list[Evaluation]:
    """Trainings that remove so much of the constant color's error, in all photographs alike.

    That of the constant color grows from photograph to photograph; gray's is a quarter larger.
    """
    constant = np.linspace(0.02, 0.06, 6)
    return [
        evaluation(
            rows(
                model_mse_ab=constant * (1 - removed / 100),
                gray_mse_ab=1.25 * constant,
                constant_mse_ab=constant,
                model_ciede2000_mean=difference + np.linspace(-0.1, 0.1, 6),
                gray_ciede2000_mean=11.0,
            ),
            **training,
        )
        for removed in percent
    ]


EMBEDDINGS: dict[str, Embedding] = {
    "bn_maxpool": "imagenet",
    "no_embedding": "none",
    "another": "another_photograph",
    "raw": "imagenet_raw",
    "embedding_dropout": "imagenet",
}


def line(name: str) -> Variant:
    """The line of a variant of bn_maxpool, or of another network."""
    another_network = name not in EMBEDDINGS or name == "embedding_dropout"
    network = name if another_network else "bn_maxpool"
    kind = EMBEDDINGS.get(name, "none")
    return Variant.model_construct(network=network, embedding=kind, encoder="none", train={})


def study_of(trainings: dict[str, list[Evaluation]], **fields: Any) -> Experiments:
    """A study of variants."""
    fields["lines"] = {name: line(name) for name in trainings}
    keyed = {
        (name, seed): training
        for name, of_one in trainings.items()
        for seed, training in enumerate(of_one, 1)
    }
    return Experiments(keyed, "photos.zip", **fields)


RANKED = study_of(
    {
        "bn_maxpool": removing(1.0, 1.1, 0.9),
        "deeper": removing(4.0, 4.2, 3.8),
        "no_embedding": removing(9.0, 9.1, 8.9, embedding=None),
        "another": removing(-2.0, -2.1, -1.9),
        "mobilenet_unet": removing(-30.0, -30.1, -29.9, difference=9.0, network="mobilenet_unet"),
    }
)


def test_people_look_before_they_read(tmp_path: Path) -> None:
    comparison.write_comparison(RANKED, "", HERE, tmp_path, published=True)
    begin = [
        "The error that each variant and trivial baseline removes",
        "none picked by hand",
        "no_embedding removes the most of the constant color's error, 9.0% (",
        "removed, % (higher is better)",
        "All means are over 6 of 6 test photographs",
        "Which claims hold",
        "PSNR",
    ]
    for page in PAGES:
        text = plain(tmp_path, page)
        assert [text.count(part) > 0 for part in begin] == [True] * len(begin)
        places = [text.index(part) for part in begin]
        assert places == sorted(places)


def test_variants_and_baselines_are_ranked_by_the_error_that_they_remove() -> None:
    table = texts(summary.ranking(RANKED, summarized(RANKED)))
    removed = {
        name.replace(" (random inception_v3)", ""): cells[0].partition(" (")[0]
        for name, cells in table.items()
    }
    assert removed == {
        "no_embedding": "9.0",
        "deeper": "4.0",
        "bn_maxpool": "1.0",
        "constant color (the training set's mean)": "0.0",
        "another": "-2.0",
        "gray (ab = 0)": "-25.0",
        "mobilenet_unet": "-30.0",
    }
    forest = summary.forest_rows(RANKED, summarized(RANKED))
    assert [row.label.partition(" (")[0] for row in forest] == [
        name.partition(" (")[0] for name in table
    ]
    assert [row.kind for row in forest] == [
        "beyond the paper",
        "the paper's",
        "the paper's",
        "",
        "control",
        "",
        "beyond the paper",
    ]
    assert all(row.low <= row.value <= row.high for row in forest)


def test_what_holds_is_told_in_five_sentences() -> None:
    message = summary.sentences(RANKED, summarized(RANKED))
    assert [re.sub(r" \([^)]*\)", "", sentence) for sentence in message] == [
        "`no_embedding` removes the most of the constant color's error, 9.0%; significantly "
        "better than the constant color: all but `mobilenet_unet`.",
        "Of 2 variants of the paper's networks, 2 are shown to remove error: `deeper` 4.0%, "
        "`bn_maxpool` 1.0%; after correction for 2 variants: the same; `bn_maxpool` is the "
        "one that the paper calls the most promising.",
        "With the embedding of its photograph `bn_maxpool` removes 8.0 points less than without "
        "and 3.0 more than with that of another photograph.",
        "After the last epoch, the error on test photographs over that on training photographs is "
        "`bn_maxpool` 1.20.",
        "Colorized photographs are 0.90 times as colorful as the photographs; `mobilenet_unet` is "
        "significantly closer to them than gray by CIEDE2000.",
    ]


def test_who_removes_more_at_vividness_0_than_the_best_at_its_default_is_said() -> None:
    def with_sweep(removed: float) -> list[Evaluation]:
        made = sweep(np.zeros((4, 5, 2, 2, 3), np.uint8))
        scores = made.scores.assign(error_removed_percent=[removed, 0.0, 0.0])
        made = replace(made, scores=scores)
        first, other = removing(0.0, 0.1)
        return [replace(first, sweep=made), other]

    def said(removed: float) -> str:
        trainings = {"deeper": removing(8.0, 8.2), "mobilenet_unet": with_sweep(removed)}
        best, *_ = summary.sentences(study_of(trainings), summarized(study_of(trainings)))
        return best

    assert said(9.96).endswith(
        " At vividness 0 `mobilenet_unet` (seed 1) removes 10.0%, at its default 0.0%."
    )
    assert "vividness" not in said(8.0)


def test_the_embedding_is_a_gain_or_a_loss_or_neither() -> None:
    study = study_of(
        {
            "bn_maxpool": removing(3.0, 3.1, 2.9),
            "no_embedding": removing(9.0, 9.1, 8.9),
            "another": removing(-2.0, -2.1, -1.9),
        }
    )
    own, loss, gain = summarized(study).embeddings
    assert (loss.kind.text, gain.kind.text) == ("none", "another photograph's")
    assert own.gain is None
    assert (loss.outcome, gain.outcome) == ("a significant loss", "a significant gain")
    # Standard error 0.1 / sqrt(3) of each, and Welch's four degrees of freedom.
    assert summary.sentences(study, summarized(study))[2] == (
        "With the embedding of its photograph `bn_maxpool` removes 6.0 points less (5.8 to 6.2, "
        "a significant loss) than without and 5.0 more (4.8 to 5.2, a significant gain) than "
        "with that of another photograph."
    )
    wide = study_of({"bn_maxpool": removing(3.0, 9.0, 0.0), "no_embedding": removing(5.0, 9.0)})
    _, neither = summarized(wide).embeddings
    assert neither.outcome == "not significant"


def test_one_seed_is_not_enough() -> None:
    study = study_of({"bn_maxpool": removing(3.0), "no_embedding": removing(1.0)})
    best, _, embedding, *_ = summary.sentences(study, summarized(study))
    assert best.endswith("; one seed is not enough to compare variants.")
    assert embedding.endswith("2.0 points more (one seed is not enough) than without.")


def test_variants_with_one_seed_are_not_compared() -> None:
    study = study_of(
        {
            "deeper": removing(9.0),
            "l2": removing(3.0, 3.1, 2.9),
            "bn_maxpool": removing(2.0, 2.1, 1.9),
            "baseline": removing(-5.0),
        }
    )
    best, *_ = summary.sentences(study, summarized(study))
    assert best.startswith("`deeper` removes the most of the constant color's error, 9.0%; of ")
    assert best.endswith(
        "; of the 2 with several seeds significantly (p < 0.05, with fewer than 4 "
        "seeds p < 0.03, corrected for the number of variants) better than the constant color: all."
    )
    assert summarized(study).below == []  # than one seed of the best
    none = study_of({"deeper": removing(9.0), "l2": removing(-3.0, -3.1)})
    best, *_ = summary.sentences(none, summarized(none))
    assert "; none of the 1 with several seeds removes significantly (" in best


def test_what_no_variant_does_is_said() -> None:
    study = study_of({"l2": removing(-3.0, -3.1), "mobilenet_unet": removing(-5.0, -5.2)})
    best, paper, embedding, _, colors = summary.sentences(study, summarized(study))
    assert best.startswith("No variant removes any of the constant color's error; `l2` comes ")
    assert best.endswith(
        "; no variant removes significantly (p < 0.05, with fewer than 4 seeds p < 0.03, corrected "
        "for the number of variants) more than nothing."
    )
    assert paper.endswith("`bn_maxpool`, which the paper calls the most promising, is not ranked.")
    assert embedding.endswith("is not tested: the study has nothing to compare it with.")
    assert colors.endswith("no variant is significantly closer to them than gray by CIEDE2000.")
    control = study_of({"l2": removing(-3.0, -3.1), "another": removing(2.0, 2.2)})
    best, *_ = summary.sentences(control, summarized(control))
    assert best.startswith("Apart from controls, no variant removes any of the constant color's ")
    control = study_of({"l2": removing(1.0, 1.1), "another": removing(2.0, 2.2)})
    best, *_ = summary.sentences(control, summarized(control))
    assert best.startswith("Apart from controls, `l2` removes the most of the constant color's ")


def test_a_study_of_nearly_gray_photographs_ranks_none() -> None:
    made = [replace(training, rows=training.rows[:0]) for training in removing(1.0, 1.1)]
    study = study_of({"l2": made})
    best, *_ = summary.sentences(study, summarized(study))
    assert best == "No variant is ranked: no test photograph reaches `evaluate.min_chroma`."


def on_the_papers(trainings: dict[str, list[Evaluation]]) -> str:
    study = study_of(trainings)
    return summary.sentences(study, summarized(study))[1]


def constant_color(trainings: list[Evaluation]) -> list[Evaluation]:
    return [
        replace(training, summary=replace(training.summary, constant_output=True))
        for training in trainings
    ]


def test_the_papers_variants_that_are_shown_to_remove_error_are_named() -> None:
    # 2, 2.4 and 2.8%: the standard error is 0.4 / sqrt(3), Student's t of two degrees 4.303.
    message = on_the_papers(
        {
            "deeper": removing(4.0, 4.1, 3.9),
            "l2": removing(2.0, 2.4, 2.8),
            "baseline": removing(1.0, 2.0, 3.0),
            "bn_maxpool": removing(-1.0, -2.0, -3.0),
            "vgg16_conv": removing(-1.0, -1.2),
            "spatial_dropout": removing(8.0),
            "vgg19_unet": constant_color(removing(0.0, 0.0, 0.0)),
            "mobilenet_unet": removing(9.0, 9.1, 8.9, network="mobilenet_unet"),
            "half": removing(7.0, 7.1, 6.9, fraction=0.5),
        }
    )
    assert message == (
        "Of 7 variants of the paper's networks, 2 are shown to remove error (95% interval above "
        "0): `deeper` 4.0% (3.8 to 4.2), `l2` 2.4% (1.4 to 3.4); after correction for 5 variants: "
        "`deeper`; `spatial_dropout` has a single seed, which is not enough; `vgg19_unet` gives a "
        "constant color; `bn_maxpool`, which the paper calls the most promising, removes -2.0% "
        "(-4.5 to 0.5)."
    )


def test_of_many_variants_the_least_and_the_most_are_given() -> None:
    names = ("deeper", "l2", "baseline", "bn_maxpool", "vgg16_conv")
    message = on_the_papers(
        {
            name: removing(9.0 - number, 9.1 - number, 8.9 - number)
            for number, name in enumerate(names)
        }
    )
    assert re.sub(r" \([^)]*\)", "", message) == (
        "Of 5 variants of the paper's networks, 5 are shown to remove error, from `vgg16_conv` "
        "5.0% to `deeper` 9.0%; after correction for 5 variants: the same; `bn_maxpool`, which the "
        "paper calls the most promising, removes 6.0%."
    )


def test_variants_are_named_by_the_fewer() -> None:
    shortest = partial(summary._among, variants=["a", "b", "c", "d", "e"])
    assert shortest(["a", "b"]) == "`a` and `b`"
    assert shortest(["a", "b", "d"]) == "all but `c` and `e`"
    assert shortest(["a", "b", "c", "d", "e"]) == "all"


def test_why_no_variant_of_the_paper_is_shown_to_remove_error_is_said() -> None:
    message = on_the_papers(
        {
            "deeper": removing(1.0, 2.0, 3.0),
            "bn_maxpool": removing(-1.0, -2.0, -3.0),
            "l2": constant_color(removing(0.0, 0.0)),
            "vgg19_unet": constant_color(removing(0.0, 0.0, 0.0)),
        }
    )
    assert re.fullmatch(
        r"Of 4 variants of the paper's networks, none is shown to remove error "
        r"\(95% interval above 0\): "
        r"`deeper` comes closest with 2\.0% \(-0\.5 to 4\.5\); "
        r"3 seeds and 6 photographs detect [\d.]+ percent at 80% power "
        r"\(98% of the variance is between seeds\); "
        r"`l2` and `vgg19_unet` give a constant color; "
        r"`bn_maxpool`, which the paper calls the most promising, removes -2\.0% \(.*\)\.",
        message,
    )
    single = {"deeper": removing(3.0), "mobilenet_unet": removing(1.0, 2.0, network="another")}
    assert on_the_papers(single) == (
        "Of 1 variant of the paper's networks, none is shown to remove error (95% interval above "
        "0): `deeper` "
        "has a single seed, which is not enough; `bn_maxpool`, which the paper calls the most "
        "promising, is not ranked."
    )


def test_significance_is_corrected_for_the_number_of_variants() -> None:
    # By Student's t of 1, 2 and 3%, whose standard error is 1/sqrt(3), p = 0.074 of two sides.
    clear, unclear = removing(4.0, 4.1, 3.9), removing(1.0, 2.0, 3.0)
    assert summarized(study_of({"l2": clear, "deeper": unclear})).above_zero == ["l2"]
    # 2, 2.4 and 2.8%: p = 0.0093; times four for four variants it is above 0.03.
    near = removing(2.0, 2.4, 2.8)
    assert summarized(study_of({"deeper": near})).above_zero == ["deeper"]
    others = {name: removing(-1.0, -2.0, -3.0) for name in ("baseline", "l2", "bn_maxpool")}
    assert summarized(study_of({"deeper": near} | others)).above_zero == []


def test_below_the_best_is_corrected_for_the_choice_of_the_best() -> None:
    # 3 points less, by Welch's test: p = 0.0046 for two, 0.0046 * 6 below 0.03 for four variants,
    # 0.0046 * 10 above it for five, although the best is compared with four alone.
    best, less = removing(5.0, 5.6, 4.4), removing(2.0, 2.4, 1.6)
    names = ("l2", "baseline", "bn_maxpool", "spatial_dropout")
    assert summarized(study_of({"deeper": best, "l2": less})).below == ["l2"]
    four = {"deeper": best} | dict.fromkeys(names[:3], less)
    assert summarized(study_of(four)).below == list(names[:3])
    five = {"deeper": best} | dict.fromkeys(names, less)
    assert summarized(study_of(five)).below == []


def test_a_network_that_gives_a_constant_color_is_in_no_ranking(tmp_path: Path) -> None:
    whole = constant_color(removing(50.0, 50.1))
    partly = [*constant_color(removing(7.0)), *removing(7.1)]
    study = study_of({"l2": whole, "deeper": partly, "bn_maxpool": removing(1.0, 1.1)})
    actual = summarized(study)
    assert (actual.best, actual.constant) == ("deeper", ["l2"])
    table = texts(summary.ranking(study, actual))
    assert next(iter(table)) == "deeper (1 of 2 gives a constant color)"
    assert [*table][-1] == "l2 (gives a constant color)"
    assert table["l2 (gives a constant color)"] == ["unranked", "", "", "1.20 (1.18 to 1.22)"]
    assert "l2" not in comparison.drawn(study, actual)
    write(tmp_path, study)
    assert "has not learned to color, and is in no ranking" in plain(tmp_path, "md")


def test_the_gap_is_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(
        {
            "bn_maxpool": removing(1.0, 1.1, 0.9),
            "l2": removing(1.0, 1.2),
            "deeper": removing(1.0, 1.2),
            "baseline": removing(1.0, 1.2),
        }
    )
    # That of claim 4, with its interval.
    gaps = {
        "bn_maxpool": Estimate(1.8, 1.55, 2.05),
        "l2": Estimate(1.05, 1.0, 1.1),
        "deeper": Estimate(2.24, 1.5, 3.5),
    }
    monkeypatch.setattr(measures, "gap", lambda variant: lambda _: gaps.get(variant))
    table = summary.ranking(study, summarized(study))
    assert table.titles[-1] == summary.GAP_TITLE
    assert texts(table)["bn_maxpool"][-1] == "1.80 (1.55 to 2.05)"
    assert texts(table)["baseline (2 of 3 seeds)"][-1] == "undefined"
    assert texts(table)["gray (ab = 0)"][-1] == ""
    assert summary.sentences(study, summarized(study))[3] == (
        "After the last epoch, the error on test photographs over that on training photographs is "
        "`bn_maxpool` 1.80 (1.55 to 2.05), `l2` 1.05 (1.00 to 1.10), `deeper` 2.24 (1.50 to 3.50), "
        "the least and the most of all."
    )


def test_a_random_network_and_fewer_seeds_are_named() -> None:
    imagenet = Pretrained(network="vgg16", weights="imagenet")
    random = Pretrained(network="vgg19", weights="random")
    study = study_of(
        {
            "vgg16_conv": removing(2.0, 2.1, embedding=None, encoder=imagenet),
            "vgg19_unet": removing(1.0, embedding=None, encoder=random),
        }
    )
    names = list(texts(summary.ranking(study, summarized(study))))
    assert names[:2] == ["vgg16_conv", "vgg19_unet (random vgg19, 1 of 2 seeds)"]
    assert list(texts(summary.means_table(study)))[:2] == names[:2]


def test_controls_follow_from_the_lines() -> None:
    names = ["bn_maxpool", "embedding_dropout", "no_embedding", "another", "raw", "deeper"]
    study = study_of({name: removing(1.0) for name in names})
    assert {
        name: kind.text for name, kind in embedding.counterparts(study, "bn_maxpool").items()
    } == {
        "no_embedding": "none",
        "another": "another photograph's",
        "raw": "its photograph's, not standardized",
        "embedding_dropout": "its photograph's, with dropout",
    }
    assert embedding.counterparts(study, "another") == {}
    # A network without embedding colorizes any photograph, so it is a candidate.
    assert [name for name in names if summary.is_control(study, name)] == ["another"]
    # With other settings there is more that differs than the embedding.
    slow = study.lines["no_embedding"].model_copy(update={"train": {"epochs": 9}})
    changed = replace(study, lines=study.lines | {"no_embedding": slow})
    assert "no_embedding" not in embedding.counterparts(changed, "bn_maxpool")


def sampled(training: Evaluation, kinds: Sequence[str] = ()) -> Evaluation:
    """The same, with all its six images as samples, each of one brightness."""
    gray = np.stack([np.full((32, 32, 3), 40 * index, np.uint8) for index in range(6)])
    images = dict.fromkeys(("gray", "colorized", "truth"), gray)
    samples = Samples(training.rows, images, [*kinds])
    return replace(training, samples={"evenly_spaced": samples})


def displayed(blocks: list[Block]) -> list[tuple[str, list[int]]]:
    """The title of each block of a figure, and the indices of its photographs."""
    return [
        (block.title, [int(image.mean()) // 40 for image in block.rows["photograph"]])
        for block in blocks
    ]


def test_the_figure_has_photographs_of_the_more_colorful_half() -> None:
    study = study_of({name: list(map(sampled, removing(1.0))) for name in ("bn_maxpool", "l2")})
    actual = summarized(study)
    (block,) = blocks = comparison.figure_blocks(study, actual)
    assert list(block.rows) == ["gray", "bn_maxpool", "l2", "photograph"]
    assert displayed(blocks) == [("", [3, 4, 5])]  # the colorfulness grows
    caption = comparison.figure_caption(study, actual)
    assert caption.startswith("Those of 6 test photographs, evenly spaced over the split, that are")


def test_the_figure_has_nature_above_objects() -> None:
    kinds = ["nature only", "nature only", "objects only"] * 2
    study = study_of({"bn_maxpool": [sampled(removing(1.0)[0], kinds)]})
    blocks = comparison.figure_blocks(study, summarized(study))
    assert displayed(blocks) == [("nature only", [3, 4]), ("objects only", [5])]
    caption = comparison.figure_caption(study, summarized(study))
    assert "of nature only and of objects only" in caption


def test_photographs_that_do_not_count_are_counted() -> None:
    few = replace(removing(1.0)[0].summary, images=8)
    study = study_of({"l2": [replace(removing(1.0)[0], summary=few)]}, min_chroma=2.0)
    assert comparison.counted(study) == (
        "All means are over 6 of 8 test photographs. The other 2 are nearly "
        "gray (mean chroma under 2): any visible color would be wrong there."
    )
    assert comparison.counted(RANKED) == (
        "All means are over 6 of 6 test photographs, and over the seeds."
    )


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


def test_good_and_poor_results_are_those_of_bn_maxpool(here: Path, tmp_path: Path) -> None:
    assert not list((here / "extremes").iterdir())
    write(tmp_path, Experiments({("bn_maxpool", 1): BASELINE}, "scenes"))
    extremes = tmp_path / "extremes"
    assert [path.name for path in sorted(extremes.iterdir())] == ["good.png", "poor.png"]
    assert "The folder extremes" in plain(tmp_path, "md")
    write(tmp_path)
    assert not list(extremes.iterdir())


def test_a_variant_without_pretrained_network_names_none(
    tmp_path: Path,
) -> None:
    for text in write(tmp_path, Experiments({("plain", 1): PLAIN}, "scenes")).values():
        assert "plain" in text
        assert "random weights" not in text
        assert "inception_v3" not in text
        assert not re.search(r"\b(None|nan|NaN|Undefined)\b", text.split("const table")[0])


def test_an_estimate_is_formatted_with_its_interval_if_any() -> None:
    assert with_interval(Estimate(1.25, 1, 2), 2) == "1.25 (1.00 to 2.00)"
    assert with_interval(Estimate(1.25), 1) == "1.2"
    assert with_interval(Estimate(1.25, 1.25, 1.25), 2) == "1.25"
    assert with_interval(None, 2) == "undefined"
