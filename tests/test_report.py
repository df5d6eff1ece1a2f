"""The report: the same figures in Markdown and HTML, escaped, without external resources."""

import dataclasses
import html
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from colorization.core.model_records import Pretrained
from colorization.core.provenance import Provenance
from colorization.packaging.package import Origin, model_card
from colorization.pages import rendering, report, writing
from colorization.pages.report import Content
from evaluated import evaluation, files_in, rows, run
from samples import scene
from test_inventory import TABLE

PAGES = ("markdown", "html")
CONTENT = Content(
    evaluation=evaluation(
        rows(
            model_psnr_rgb_db=[24.0, 25.0, 26.0, 24.0, 25.0, 26.5],
            gray_psnr_rgb_db=[15.0, 16.0, 17.0, 15.0, 16.0, 17.0],
        ),
        precision="mixed_bfloat16",
    ),
    split=TABLE,
    params="# a <comment> & more\ntrain:\n  epochs: 7",
    source="scenes",
)
HERE = Provenance(
    runs={
        "embed": run("embed", 12.34),
        "train": run("train", 56.78, images_per_second=91.2, devices=("Abacus", "Soroban")),
    },
    commit="0123456789ab with uncommitted changes",
)
ELSEWHERE = Provenance(runs={}, commit="unknown")


def render(page: str, content: Content = CONTENT, provenance: Provenance = HERE) -> str:
    if page == "markdown":
        return report.markdown(content)
    figures = dict.fromkeys(("curves.png", "chroma.png"), "data:image/png;base64,AAAA")
    return report.html(content, provenance, figures)


def with_rows(table: pd.DataFrame) -> Content:
    return dataclasses.replace(CONTENT, evaluation=evaluation(table))


def with_training(**changes: Any) -> Content:
    return dataclasses.replace(CONTENT, evaluation=evaluation(**changes))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "fact",
    [
        "25.08 ± 0.42",  # deviation 1.02 over the root of 6
        "16.00 ± 0.37",
        "0.8765 ± 0.0000",
        "6.12 ± 0.31",
        "0.90 ± 0.00",
        "92.25 ± 0.00",
        "89.75 ± 0.00",
        "0.01235 ± 0.00000",
        "16.75 ± 0.00",
        "0.8123 ± 0.0000",
        "bn_maxpool removes 61.8 ± 0.0% of the squared error of the constant color; its PSNR is",
        "9.08 ± 0.08 dB above gray",
        "On 6 of 6 test images",
        "Means over 6 of 6 test images",
        "seed 3",
        "im0.jpg",
        "CIEDE2000 7.12, gray 12.12",
        "6,571,234 parameters",
        "9 images",
        "3 train, 1 validation, 1 test",
        "2 unusable, 1 too small, 1 near duplicate",
        "2 (28.6%) have a mean chroma under 2",
        "3 more look the same",
        "epoch 2",
        "inception_v3",
        "mixed_bfloat16",
        "# a <comment> & more",
    ],
)
def test_both_pages_report_every_fact(page: str, fact: str) -> None:
    text = render(page).replace("`", "")
    if page == "html":
        text = html.unescape(re.sub(r"</?code[^>]*>", "", re.sub(r"<br>", ": ", text)))
    assert fact in text


WHERE_IT_RAN = (
    "0123456789ab with uncommitted changes",
    "Abacus, Soroban: <code>Abacus <9></code>, 2 cores, <code>Linux</code>",
    "Python 3.11.7, keras 3",
    "12.3",
    "56.8",
    "91.2",
)


@pytest.mark.parametrize("fact", WHERE_IT_RAN)
def test_only_the_html_page_reports_commit_times_and_hardware(fact: str) -> None:
    assert fact in html.unescape(render("html"))
    assert fact not in render("markdown")
    assert fact not in html.unescape(render("html", CONTENT, ELSEWHERE))


def test_trainings_that_were_not_run_here_are_marked() -> None:
    text = render("html", CONTENT, ELSEWHERE)
    assert "unknown: the model comes from a cache or a remote" in text
    assert "come from a cache or a remote" in text
    assert not re.search(r"\b(None|Undefined)\b", text)


def test_all_files_but_the_html_page_have_the_same_bytes_anywhere(
    tmp_path: Path,
) -> None:
    folders = writing.Folders(tmp_path / "evaluation", tmp_path / "colors")
    folders.evaluation.mkdir()
    for name in writing.COPIED:
        (folders.evaluation / name).write_text(name)
    folders.colors.mkdir()
    (folders.colors / "ab_bins.csv").write_text("bins")
    for results, provenance in (("here", HERE), ("elsewhere", ELSEWHERE)):
        writing.write_results(folders, CONTENT, provenance, tmp_path / results)
    names = files_in(tmp_path / "here")
    assert names == files_in(tmp_path / "elsewhere")
    assert {"report.md", "metrics.json", "ab_bins.csv", "samples.png"} < names
    differing = {
        name
        for name in names
        if (tmp_path / "here" / name).read_bytes() != (tmp_path / "elsewhere" / name).read_bytes()
    }
    assert differing == {writing.PAGE} == {"report.html"}


def test_both_pages_hold_the_same_figures() -> None:
    def numbers(text: str) -> set[str]:
        text = re.sub(r"<(style|head|script)>.*?</\1>|<[^>]*>", " ", text, flags=re.S)
        return set(re.findall(r"\d+\.\d+", html.unescape(text)))

    assert numbers(render("markdown")) == numbers(render("html", CONTENT, ELSEWHERE))


def test_text_of_others_is_escaped_in_html() -> None:
    evil = '"><script>alert(1)</script>'
    table = rows()
    table["name"] = evil
    network = Pretrained(network=evil, weights="random")
    content = Content(
        evaluation=evaluation(table, embedding=network),
        source=evil,
        params=evil,
        split=CONTENT.split.assign(reason=evil),
    )
    page = render("html", content, dataclasses.replace(HERE, commit=evil))
    # The network stands twice; reasons are one row; each of three images has three alternative
    # texts and a caption.
    assert page.count("&lt;script&gt;alert") == 6 + 3 * 4
    assert page.count("<script") == 1
    assert "Abacus &lt;9&gt;" in page


def test_the_html_page_needs_nothing_beside_it() -> None:
    page = render("html")
    assert "@import" not in page
    assert "http:" not in page
    assert "https:" not in page
    targets = re.findall(r"(?:src|href|srcset|url)\s*[=(]\s*[\"']?([^\"' )>]+)", page)
    assert len(targets) == 1 + 3 * 3 + 2  # icon, images, plots
    assert all(target.startswith("data:") for target in targets)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'; img-src data:;" in policy[1]


def test_every_image_has_an_alternative_text() -> None:
    images = re.findall(r"<img [^>]*>", render("html"))
    texts = [re.search(r'alt="([^"]+)"', image) for image in images]
    assert len(images) == 3 * 3 + 2
    assert all(texts)


def test_the_markdown_page_shows_the_pictures_that_git_keeps_and_names_the_others() -> None:
    text = render("markdown")
    assert re.findall(r"!\[[^]]*\]\(([^)]*)\)", text) == ["best.png", "worst.png"]
    assert set(re.findall(r"`(\w+\.png)`", text)) == {"curves.png", "chroma.png", "samples.png"}


@pytest.mark.parametrize("side", [64, 224, 1024])
def test_a_page_with_the_usual_number_of_photographs_stays_under_3_megabytes(side: int) -> None:
    # Noise on top of a scene: harder to compress than any photograph.
    noise = np.random.default_rng(1).integers(-12, 12, (side, side, 3))
    image = np.clip(scene(1, side, side) + noise, 0, 255).astype(np.uint8)
    assert 24 * 3 * len(rendering.photograph_url(image)) < 2.9e6


@pytest.mark.parametrize("page", PAGES)
def test_random_weights_are_named_in_plain_words(page: str) -> None:
    words = "inception_v3 has random weights: its features carry no semantics."
    assert words in render(page)
    imagenet = Pretrained(network="inception_v3", weights="imagenet", precision="float32")
    assert words not in render(page, with_training(embedding=imagenet))
    encoder = Pretrained(network="vgg16", weights="random")
    through = render(page, with_training(embedding=None, encoder=encoder))
    assert words.replace("inception_v3", "vgg16") in through


def card_of(content: Content) -> str:
    evaluated = content.evaluation
    origin = Origin(content.source, content.split)
    card = model_card(evaluated.training, evaluated.summary, None, origin)
    assert "hints" not in card
    return card


@pytest.mark.parametrize("page", [*PAGES, "card"])
def test_a_variant_without_pretrained_network_names_none(
    page: str,
) -> None:
    def message(content: Content) -> str:
        return card_of(content) if page == "card" else render(page, content)

    text = message(with_training(embedding=None, encoder=None))
    assert "bn_maxpool" in text
    assert "6,571,234" in text
    assert "pretrained network" in message(CONTENT)
    assert "pretrained network" not in text
    assert "random weights" not in text
    assert not re.search(r"\b(None|Undefined)\b", text)


@pytest.mark.parametrize("page", PAGES)
def test_a_model_below_a_baseline_is_reported_as_below(page: str) -> None:
    content = with_rows(rows(2, model_psnr_rgb_db=[20.0, 21.0], gray_psnr_rgb_db=[20.4, 21.5]))
    assert "is 0.45 ± 0.05 dB below gray and" in render(page, content)


@pytest.mark.parametrize("page", PAGES)
def test_a_model_with_more_error_than_the_constant_color_is_said_to_add_it(page: str) -> None:
    content = with_rows(rows(2, model_mse_ab=0.033, constant_mse_ab=0.03))
    assert "bn_maxpool adds 10.0 ± 0.0% to the squared error of the constant" in render(
        page, content
    )


@pytest.mark.parametrize("page", [*PAGES, "card"])
def test_a_network_that_gives_a_constant_color_is_called_so(page: str) -> None:
    summary = dataclasses.replace(CONTENT.evaluation.summary, constant_output=True)
    evaluated = dataclasses.replace(CONTENT.evaluation, summary=summary)
    content = dataclasses.replace(CONTENT, evaluation=evaluated)
    text = card_of(content) if page == "card" else render(page, content)
    assert "bn_maxpool gives a constant color." in text
    assert "bn_maxpool removes" not in text


@pytest.mark.parametrize("page", PAGES)
def test_photographs_without_color_say_nothing_and_are_counted(page: str) -> None:
    text = render(page, with_rows(rows(3, mean_chroma=[1.9, 0.0, 1.0])))
    assert "On 0 of 3 test images" in text
    assert "none has enough color" in text
    assert not re.search(r"\b(None|nan|NaN|inf)\b", text)
    assert "On 2 of 3 test images" in render(page, with_rows(rows(3, mean_chroma=[1.9, 2.0, 9.0])))


@pytest.mark.parametrize("page", PAGES)
def test_what_is_undefined_is_neither_none_nor_nan(page: str) -> None:
    undefined = rows(
        1,
        gray_psnr_rgb_db=np.nan,
        gray_psnr_vs_gray_db=np.nan,
        colorfulness=0.0,
        chroma_small_regions=np.nan,
        model_ab_error_small_regions=np.nan,
    )
    text = re.sub(r"<(style|script)>.*?</\1>", "", render(page, with_rows(undefined)), flags=re.S)
    assert "its PSNR is 6.50 dB above the constant color." in text
    assert "exact" in text
    assert "undefined" in text
    assert not re.search(r"\b(None|nan|NaN|inf|Infinity|Undefined)\b", text)


@pytest.mark.parametrize("page", PAGES)
def test_exact_images_are_counted_in_the_table(page: str) -> None:
    table = rows(4, gray_psnr_rgb_db=[np.nan, 20.0, 22.0, np.nan])
    text = render(page, with_rows(table))
    assert "21.00 ± 1.00 (2 exact)" in text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_comparable_baselines_says_so(page: str) -> None:
    table = rows(2, gray_psnr_rgb_db=np.nan, constant_psnr_rgb_db=np.nan)
    text = render(page, with_rows(table))
    assert "too many images are exact to compare its PSNR with the baselines." in text
    assert " stands " not in text


def test_the_table_has_the_model_then_the_baselines() -> None:
    table = report.results_table(CONTENT.evaluation.summary, "bn_maxpool")
    assert [row[0] for row in table.rows] == [
        "bn_maxpool",
        "gray (ab = 0)",
        "constant color (the training set's mean)",
    ]
