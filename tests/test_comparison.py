"""The comparison: every training and both floors, the same figures in both pages."""

import dataclasses
import html
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from colorization import comparison
from colorization.evaluations import Evaluation

PAGES = ("markdown", "html")


def figures(psnr: float | None) -> dict[str, Any]:
    return {
        "psnr_rgb_db": psnr,
        "psnr_rgb_db_se": 0.25,
        "ssim_rgb": 0.87654,
        "ssim_rgb_se": 0.00123,
        "mse_ab": 0.0123456,
        "mse_ab_se": 0.00078912,
        "exact": 0,
    }


def evaluation(psnr: float, val_mse: list[float], **training: object) -> Evaluation:
    over = {"psnr_rgb_db": psnr - 16, "psnr_rgb_db_se": 0.125}
    return Evaluation(
        metrics={
            "images": 48,
            "model": figures(psnr),
            "gray": figures(15.432) | {"exact": 3},
            "mean_ab": figures(15.987),
            "model_over": {"gray": over, "mean_ab": over},
        },
        training={
            "parameters": 6_571_234,
            "best_epoch": 2,
            "training_images": 720,
            "image_size": 64,
            "pretrained_network": "inception_v3",
            "pretrained_weights": "random",
            "precision": "float32",
            **training,
        },
        history=pd.DataFrame(
            {"epoch": [1, 2, 3], "train_mse": [0.05, 0.03, 0.02], "val_mse": val_mse}
        ),
        samples={"grey": np.zeros((1, 8, 8, 3), np.uint8)},
    )


def timing(seconds: float, rate: float) -> dict[str, Any]:
    machine = {"processor": "Abacus <9>", "cores": 2, "platform": "Linux", "python": "3.11.7"}
    return {"seconds": seconds, "images_per_second": rate, "hardware": machine}


STUDY = comparison.Study(
    evaluations={
        "baseline": evaluation(20.123, [0.06, 0.04, 0.045]),
        "vgg16_conv": evaluation(
            21.987,
            [0.06, 0.04, 0.015],
            parameters=16_286_808,
            best_epoch=3,
            pretrained_network="vgg16",
            pretrained_weights="imagenet",
            precision="mixed_bfloat16",
        ),
    },
    timings={"baseline": timing(90, 12.34), "vgg16_conv": timing(186, 5.06)},
    params="# a <comment> & more\ntrain:\n  epochs: 3",
    commit="0123456789ab with uncommitted changes",
    versions={"tensorflow": "2.21.0"},
)


def render(page: str, study: comparison.Study = STUDY) -> str:
    if page == "markdown":
        return comparison.markdown(study)
    return comparison.html(study, b"curves", b"samples")


def rows_of_table(text: str) -> dict[str, list[str]]:
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line[:1] == "|"]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def test_each_row_holds_the_figures_of_its_training() -> None:
    gathered = comparison.metrics(STUDY.evaluations)
    rows = rows_of_table(comparison.markdown_table(gathered, STUDY.timings))
    assert rows["baseline"] == [
        "20.12 ± 0.25",
        "4.12 ± 0.12",
        "0.8765 ± 0.0012",
        "0.01235 ± 0.00079",
        "6,571,234",
        "1.5",
        "12.3",
        "2",
        "+0.02500",
        "0",
    ]
    assert rows["vgg16_conv"][4:] == ["16,286,808", "3.1", "5.1", "3", "-0.00500", "0"]
    assert rows["floor: gray (ab = 0)"][0] == "15.43 ± 0.25"
    assert rows["floor: gray (ab = 0)"][4:] == [*[""] * 5, "3"]
    assert list(rows)[2:] == [
        "baseline",
        "vgg16_conv",
        "floor: gray (ab = 0)",
        "floor: mean_ab (the training set's mean)",
    ]


def test_the_figures_are_those_of_the_evaluations_and_can_be_written_as_json() -> None:
    gathered = comparison.metrics(STUDY.evaluations)
    assert json.loads(json.dumps(gathered, allow_nan=False)) == gathered
    assert gathered["images"] == 48
    assert gathered["vgg16_conv"]["psnr_rgb_db"] == 21.987
    assert gathered["vgg16_conv"]["over"]["gray"]["psnr_rgb_db"] == pytest.approx(5.987)
    assert gathered["baseline"]["final_gap"] == pytest.approx(0.045 - 0.02)
    assert gathered["mean_ab"] == figures(15.987)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "fact",
    [
        "20.12 ± 0.25",
        "16,286,808",
        "48 test images",
        "720 training images of 64 px",
        "inception_v3 has random weights: its features carry no semantics.",
        "0123456789ab with uncommitted changes",
        "Abacus <9>, 2 cores",
        "float32, mixed_bfloat16",
        "tensorflow 2.21.0",
        "# a <comment> & more",
    ],
)
def test_both_pages_tell_every_fact(page: str, fact: str) -> None:
    text = render(page)
    assert fact in (html.unescape(text) if page == "html" else text)
    assert "vgg16 has random weights" not in text
    assert not re.search(r"\b(None|nan|NaN|Undefined)\b", text)


def test_both_pages_hold_the_same_figures() -> None:
    def numbers(text: str) -> set[str]:
        text = re.sub(r"<head>.*?</head>|data:[^\"]*", "", text, flags=re.S)
        return set(re.findall(r"\d+\.\d+", html.unescape(text)))

    assert numbers(render("markdown")) == numbers(render("html"))


def test_the_html_page_needs_nothing_beside_it_and_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    page = render("html", dataclasses.replace(STUDY, commit=evil, params=evil))
    assert page.count("&lt;script&gt;") == 2
    assert not re.search(r"<script|<link|@import|http", page)
    targets = re.findall(r"(?:src|href|srcset|url)\s*[=(]\s*[\"']?([^\"' )>]+)", page)
    assert len(targets) == 2
    assert all(target.startswith("data:image/png;base64,") for target in targets)


def test_a_seed_is_named_where_there_are_several() -> None:
    one = [("baseline", 1), ("l2", 1)]
    assert list(comparison.training_names(one).values()) == ["baseline", "l2"]
    two = [("baseline", 1), ("baseline", 2)]
    assert list(comparison.training_names(two).values()) == ["baseline (1)", "baseline (2)"]
