"""The pages: the same figures in both, nothing fetched from elsewhere, nothing left unsaid."""

import dataclasses
import html
import re
from typing import Any

import pytest

from colorization import report
from test_split_summary import TABLE

PAGES = ("markdown", "html")


def figures(psnr: float | None, error: float | None = 0.25, exact: int = 0) -> dict[str, Any]:
    return {
        "psnr_rgb_db": psnr,
        "psnr_rgb_db_se": error,
        "ssim_rgb": 0.87654,
        "ssim_rgb_se": 0.00123,
        "mse_ab": 0.0123456,
        "mse_ab_se": 0.00078912,
        "exact": exact,
    }


def timing(seconds: float, **figures: float) -> dict[str, Any]:
    machine = {"processor": "Abacus <9>", "cores": 2, "platform": "Linux", "python": "3.11.7"}
    return {"seconds": seconds, "hardware": machine, **figures}


RUN = report.Run(
    metrics={
        "images": 48,
        "model": figures(24.567),
        "gray": figures(15.432),
        "mean_ab": figures(15.987),
        "model_over": {
            "gray": {"psnr_rgb_db": 9.135, "psnr_rgb_db_se": 0.123},
            "mean_ab": {"psnr_rgb_db": 8.58, "psnr_rgb_db_se": None},
        },
    },
    training={
        "variant": "bn_maxpool",
        "seed": 3,
        "parameters": 6_571_234,
        "best_epoch": 5,
        "image_size": 64,
        "pretrained_network": "inception_v3",
        "pretrained_weights": "random",
        "precision": "mixed_bfloat16",
        "devices": ["Abacus", "Soroban"],
    },
    split=TABLE,
    timings={"embed": timing(12.34), "train": timing(56.78, images_per_second=91.2)},
    params="# a <comment> & more\ntrain:\n  epochs: 7",
    source="scenes",
    commit="0123456789ab with uncommitted changes",
    versions={"tensorflow": "2.21.0"},
)


def render(page: str, run: report.Run) -> str:
    return report.markdown(run) if page == "markdown" else report.html(run, b"curves", b"samples")


def with_training(**changes: object) -> report.Run:
    return dataclasses.replace(RUN, training=RUN.training | changes)


def with_metrics(**changes: dict[str, Any]) -> report.Run:
    return dataclasses.replace(RUN, metrics=RUN.metrics | changes)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "fact",
    [
        "24.57 ± 0.25",
        "15.43 ± 0.25",
        "15.99 ± 0.25",
        "0.8765 ± 0.0012",
        "0.01235 ± 0.00079",
        "9.13 ± 0.12 dB above gray and 8.58 dB above mean_ab",
        "48 test images",
        "seed 3",
        "6,571,234 parameters",
        "9 images",
        "3 train, 1 validation, 1 test",
        "2 unusable, 1 too small, 1 near duplicate",
        "2 (28.6%) have a mean chroma under 2",
        "3 more look the same",
        "epoch 5",
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
    text = render(page, RUN)
    assert fact in (html.unescape(text) if page == "html" else text)


def test_both_pages_hold_the_same_figures() -> None:
    def numbers(text: str) -> set[str]:
        text = re.sub(r"<style>.*?</style>|<head>.*?</head>|data:[^\"]*", "", text, flags=re.S)
        return set(re.findall(r"\d+\.\d+", html.unescape(text)))

    assert numbers(render("markdown", RUN)) == numbers(render("html", RUN))


def test_what_others_wrote_is_escaped_in_html() -> None:
    evil = "<script>alert(1)</script>"
    split = RUN.split.assign(reason=evil)
    run = dataclasses.replace(
        with_training(pretrained_network=evil), source=evil, commit=evil, params=evil, split=split
    )
    page = render("html", run)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 6  # the network stands twice; reasons are one row
    assert "Abacus &lt;9&gt;" in page


def test_the_html_page_needs_nothing_beside_it() -> None:
    page = render("html", RUN)
    assert "<script" not in page
    assert "<link" not in page
    assert "@import" not in page
    targets = re.findall(r"(?:src|href|srcset|url)\s*[=(]\s*[\"']?([^\"' )>]+)", page)
    assert len(targets) == 2
    assert all(target.startswith("data:image/png;base64,") for target in targets)
    assert "http" not in page


def test_the_markdown_page_shows_the_pictures_beside_it() -> None:
    assert set(re.findall(r"!\[[^]]*\]\(([^)]*)\)", render("markdown", RUN))) == {
        "curves.png",
        "samples.png",
    }


@pytest.mark.parametrize("page", PAGES)
def test_random_weights_are_named_in_plain_words(page: str) -> None:
    words = "inception_v3 has random weights: its features carry no semantics."
    assert words in render(page, RUN)
    assert words not in render(page, with_training(pretrained_weights="imagenet"))


@pytest.mark.parametrize("page", PAGES)
def test_a_model_below_the_floor_is_said_to_be_below(page: str) -> None:
    over = {
        "gray": {"psnr_rgb_db": -0.449, "psnr_rgb_db_se": 0.073},
        "mean_ab": {"psnr_rgb_db": 0.026, "psnr_rgb_db_se": 0.02},
    }
    text = render(page, with_metrics(model_over=over))
    assert "stands 0.45 ± 0.07 dB below gray and 0.03 ± 0.02 dB above mean_ab in PSNR" in text


@pytest.mark.parametrize("page", PAGES)
def test_what_is_undefined_is_neither_none_nor_nan(page: str) -> None:
    undefined: dict[str, Any] = {"psnr_rgb_db": None, "psnr_rgb_db_se": None}
    run = with_metrics(
        model=figures(15.0, None),
        gray=figures(None, None, exact=48),
        model_over={"gray": undefined, "mean_ab": undefined | {"psnr_rgb_db": 1.0}},
    )
    text = render(page, run)
    assert "bn_maxpool stands 1.00 dB above mean_ab in PSNR." in text
    assert "48" in text
    assert not re.search(r"\b(None|nan|NaN|Undefined)\b", text)


@pytest.mark.parametrize("page", PAGES)
def test_where_no_floor_can_be_compared_the_page_says_so(page: str) -> None:
    undefined = {"psnr_rgb_db": None, "psnr_rgb_db_se": None}
    text = render(page, with_metrics(model_over={"gray": undefined, "mean_ab": undefined}))
    assert "bn_maxpool and the floors met too many images exactly" in text
    assert " stands " not in text


def test_the_table_names_the_model_first_and_every_floor() -> None:
    assert [row["name"] for row in report.results_table(RUN.metrics, "bn_maxpool")] == [
        "bn_maxpool",
        "floor: gray (ab = 0)",
        "floor: mean_ab (the training set's mean)",
    ]
