"""The report's summary of the images agrees with the split's table."""

import pandas as pd

from colorization.pages.inventory import summarize

ROWS = [
    # split, width, height, mode, sha256, mean_chroma, near_duplicate, reason
    ("train", 500, 375, "RGB", "a", 30.0, "2", ""),
    ("train", 500, 375, "RGB", "a", 30.0, "1", ""),
    ("train", 375, 500, "RGB", "b", 1.99, "5", ""),
    ("validation", 500, 333, "RGB", "c", 2.0, "", ""),
    ("test", 250, 250, "L", "d", 0.0, "3", ""),
    ("excluded", 20, 400, "RGB", "e", 25.0, "", "too small: shorter side under 32 px"),
    ("excluded", 0, 0, "", "", 0.0, "", "unusable: damaged in the archive"),
    ("excluded", 0, 0, "", "f", 0.0, "", "unusable: not an image"),
    ("excluded", 1000, 750, "RGB", "g", 30.0, "5", "near duplicate: of 5 in test"),
]
COLUMNS = ["split", "width", "height", "mode", "sha256", "mean_chroma", "near_duplicate", "reason"]
TABLE = pd.DataFrame(ROWS, columns=COLUMNS)


def test_every_image_is_counted_once() -> None:
    assert summarize(TABLE) == {
        "splits": "3 train, 1 validation, 1 test",
        "excluded": "2 unusable, 1 too small, 1 near duplicate",
        "sizes": "shorter side 20 to 750 px, median 375; 2 of 500 x 375",
        "modes": "6 RGB, 1 L",
        "near gray": "2 (28.6%) have a mean chroma under 2",
        "near duplicates": "2 are copies of one another, 3 more look the same",
    }


def test_without_excluded_images_the_summary_says_none() -> None:
    assert summarize(TABLE.head(5))["excluded"] == "none"


def test_rare_values_are_counted_together() -> None:
    table = TABLE.head(1).loc[[0] * 8].assign(mode=list("ABCDEFGH"))
    assert summarize(table)["modes"] == "1 A, 1 B, 1 C, 1 D, 1 E, 1 F, 2 other"
