"""The pages: the same figures in both, nothing fetched from elsewhere, nothing left unsaid."""

import dataclasses
import html
import re

import numpy as np
import pandas as pd
import pytest

from colorization.pages import rendering, report
from evaluated import evaluation, rows, timing
from samples import scene
from test_split_summary import TABLE

PAGES = ("markdown", "html")
RUN = report.Run(
    evaluation=evaluation(
        rows(
            model_psnr_rgb_db=[24.0, 25.0, 26.0, 24.0, 25.0, 26.5],
            gray_psnr_rgb_db=[15.0, 16.0, 17.0, 15.0, 16.0, 17.0],
        ),
        precision="mixed_bfloat16",
        devices=["Abacus", "Soroban"],
    ),
    split=TABLE,
    timings={"embed": timing(12.34), "train": timing(56.78, images_per_second=91.2)},
    params="# a <comment> & more\ntrain:\n  epochs: 7",
    source="scenes",
    commit="0123456789ab with uncommitted changes",
    versions={"tensorflow": "2.21.0"},
)


def render(page: str, run: report.Run = RUN) -> str:
    return report.markdown(run) if page == "markdown" else report.html(run, b"curves", b"chroma")


def with_rows(table: pd.DataFrame) -> report.Run:
    return dataclasses.replace(RUN, evaluation=evaluation(table))


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
        "9.08 ± 0.08 dB above gray",
        "6 test images",
        "seed 3",
        "im0.jpg",
        "CIEDE2000 7.12, grey 12.12",
        "6,571,234 parameters",
        "9 images",
        "3 train, 1 validation, 1 test",
        "2 unusable, 1 too small, 1 near duplicate",
        "2 (28.6%) have a mean chroma under 2",
        "3 more look the same",
        "epoch 2",
        "inception_v3",
        "0123456789ab with uncommitted changes",
        "Abacus <9>, 2 cores",
        "mixed_bfloat16, on Abacus, Soroban",
        "tensorflow 2.21.0",
        "56.8",
        "91.2",
        "# a <comment> & more",
    ],
)
def test_both_pages_tell_every_fact(page: str, fact: str) -> None:
    text = render(page).replace("`", "")
    if page == "html":
        text = html.unescape(re.sub(r"<br>", ": ", text))
    assert fact in text


def test_both_pages_hold_the_same_figures() -> None:
    def numbers(text: str) -> set[str]:
        text = re.sub(r"<(style|head|script)>.*?</\1>|<[^>]*>", " ", text, flags=re.S)
        return set(re.findall(r"\d+\.\d+", html.unescape(text)))

    assert numbers(render("markdown")) == numbers(render("html"))


def test_what_others_wrote_is_escaped_in_html() -> None:
    evil = '"><script>alert(1)</script>'
    table = rows()
    table["name"] = evil
    run = dataclasses.replace(
        RUN,
        evaluation=evaluation(table, pretrained_network=evil),
        source=evil,
        commit=evil,
        params=evil,
        split=RUN.split.assign(reason=evil),
    )
    page = render("html", run)
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


def test_the_markdown_page_shows_the_pictures_beside_it() -> None:
    assert set(re.findall(r"!\[[^]]*\]\(([^)]*)\)", render("markdown"))) == {
        "curves.png",
        "chroma.png",
        "samples.png",
        "best.png",
        "worst.png",
    }


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
    imagenet = dataclasses.replace(RUN, evaluation=evaluation(pretrained_weights="imagenet"))
    assert words not in render(page, imagenet)


@pytest.mark.parametrize("page", PAGES)
def test_a_model_below_the_floor_is_said_to_be_below(page: str) -> None:
    run = with_rows(rows(2, model_psnr_rgb_db=[20.0, 21.0], gray_psnr_rgb_db=[20.4, 21.5]))
    assert "stands 0.45 ± 0.05 dB below gray and" in render(page, run)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_undefined_is_neither_none_nor_nan(page: str) -> None:
    undefined = rows(
        1,
        gray_psnr_rgb_db=np.nan,
        gray_psnr_vs_gray_db=np.nan,
        colourfulness=0.0,
        chroma_small_parts=np.nan,
        model_ab_error_small_parts=np.nan,
    )
    text = re.sub(r"<(style|script)>.*?</\1>", "", render(page, with_rows(undefined)), flags=re.S)
    assert "bn_maxpool stands 6.50 dB above mean_ab in PSNR." in text
    assert "exact" in text
    assert "undefined" in text
    assert not re.search(r"\b(None|nan|NaN|inf|Infinity|Undefined)\b", text)


@pytest.mark.parametrize("page", PAGES)
def test_images_met_exactly_are_counted_in_the_table(page: str) -> None:
    table = rows(4, gray_psnr_rgb_db=[np.nan, 20.0, 22.0, np.nan])
    assert "21.00 ± 1.00 (2 exact)" in render(page, with_rows(table))


@pytest.mark.parametrize("page", PAGES)
def test_where_no_floor_can_be_compared_the_page_says_so(page: str) -> None:
    table = rows(2, gray_psnr_rgb_db=np.nan, mean_ab_psnr_rgb_db=np.nan)
    text = render(page, with_rows(table))
    assert "bn_maxpool and the floors met too many images exactly" in text
    assert " stands " not in text


def test_the_table_names_the_model_first_and_every_floor() -> None:
    table = report.results_table(RUN.metrics, "bn_maxpool")
    assert [row[0].text for row in table.rows] == [
        "bn_maxpool",
        "floor: gray (ab = 0)",
        "floor: mean_ab (the training set's mean)",
    ]
