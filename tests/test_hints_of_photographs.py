"""The hints of a photograph are read and placed, and likely colors suggested for them."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage import color

from colorization.color import lab
from colorization.colorizing import hints
from colorization.colorizing.borders import Picture
from colorization.colorizing.hints import Hint, as_hints, parse_color, patch_at, read_hints
from colorization.colorizing.predictor import Decoder, Predictor
from colorization.colorizing.prepared import Prepared
from colorization.core.errors import ColorizationError

RED, BLUE = (200, 30, 40), (20, 60, 220)


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("#aa3322", (170, 51, 34)),
        ("#A32", (170, 51, 34)),
        ("firebrick", (178, 34, 34)),
        ("RebeccaPurple", (102, 51, 153)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("#aa332280", (170, 51, 34)),
        ("rgb(300, 0, 256)", (255, 0, 255)),
        ("hsl(0, 300%, 50%)", (255, 0, 0)),
    ],
)
def test_colors_are_read_as_in_css(text: str, rgb: tuple[int, int, int]) -> None:
    assert parse_color(text) == rgb


@pytest.mark.parametrize("wrong", ["", "#12", "aa3322", "reddish", None, 7, (1, 2, 3)])
def test_other_colors_are_refused(wrong: object) -> None:
    with pytest.raises(ColorizationError, match=r"^unknown color .*; use #rrggbb or a CSS name"):
        parse_color(wrong)  # type: ignore[arg-type]


def test_hints_are_pairs_of_a_place_and_a_color() -> None:
    hint = Hint(1.5, 2, RED)
    numbers: Any = (np.float32(1.5), np.int64(2), "#c81e28")
    assert as_hints([hint, numbers]) == [hint, hint]
    assert str(hint) == "#c81e28 at 1.5, 2"


@pytest.mark.parametrize("wrong", [(1, 2), (1, 2, 3, "red"), 7])
def test_a_hint_of_another_form_is_refused(wrong: Any) -> None:
    with pytest.raises(ColorizationError) as caught:
        as_hints([wrong])
    assert str(caught.value) == f"a hint must be (x, y, color); found {wrong!r}"


@pytest.mark.parametrize("wrong", [10**400, -(10**400), float("nan"), float("inf"), "1"])
def test_a_place_that_is_no_finite_number_is_refused(wrong: Any) -> None:
    with pytest.raises(ColorizationError, match=r"^x and y of a hint must be finite numbers"):
        as_hints([(wrong, 2, "red")])


def test_the_surroundings_of_a_place_are_a_square_of_three_pixels() -> None:
    # 25 px of 60 are 20 of 48; 31 of 40 are 24.8 of 32.
    assert patch_at(25, 31, (60, 40), (32, 48, 3)) == np.s_[23:26, 19:22]


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [(0, 0, np.s_[0:2, 0:2]), (59.99, 39.99, np.s_[14:17, 30:33]), (30, 0, np.s_[0:2, 15:18])],
)
def test_at_an_edge_they_are_what_is_inside(x: float, y: float, place: tuple[slice, slice]) -> None:
    assert patch_at(x, y, (60, 40), (16, 32, 1)) == place


@pytest.mark.parametrize(("x", "y"), [(60, 0), (0, 40), (-0.1, 0), (0, -1)])
def test_a_hint_outside_is_refused(x: float, y: float) -> None:
    with pytest.raises(ColorizationError) as caught:
        patch_at(x, y, (60, 40), (16, 32, 1))
    assert str(caught.value) == (
        f"the hint at x {x:g}, y {y:g} is outside the photograph, which is 60 x 40 px"
    )


# The middle half of a photograph, found in a copy of half its size.
WITHIN_BORDER = Picture((15, 10, 45, 30), (60, 40))


def test_within_a_border_hints_belong_to_the_picture() -> None:
    size, shape = (120, 80), (32, 48, 1)
    assert patch_at(60, 40, size, shape, WITHIN_BORDER) == np.s_[15:18, 23:26]
    assert patch_at(30, 20, size, shape, WITHIN_BORDER) == np.s_[0:2, 0:2]


@pytest.mark.parametrize(("x", "y"), [(29.9, 40), (90, 40), (60, 19), (60, 60)])
def test_a_hint_on_a_border_is_refused(x: float, y: float) -> None:
    with pytest.raises(ColorizationError) as caught:
        patch_at(x, y, (120, 80), (32, 48, 1), WITHIN_BORDER)
    assert str(caught.value) == (
        f"the hint at x {x:g}, y {y:g} is on the photograph's border, which stays gray"
    )


def table(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "hints.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_file_holds_the_hints_of_several_photographs(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "\ufefffile,x, y ,color ",
        "a.jpg,10,20.5,#c81e28",
        '"b, c.jpg",3,4, "rgb(20, 60, 220)"',
        " e.jpg , 5 ,6\t,red ",
        "",
        "/photos/d.jpg,0,0,red",
        "a.jpg,1e1,7,firebrick",
    )
    assert read_hints(path) == {
        tmp_path / "a.jpg": [Hint(10, 20.5, RED), Hint(10, 7, (178, 34, 34))],
        tmp_path / "b, c.jpg": [Hint(3, 4, BLUE)],
        tmp_path / "e.jpg": [Hint(5, 6, (255, 0, 0))],
        Path("/photos/d.jpg"): [Hint(0, 0, (255, 0, 0))],
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "line 1: the columns must be file,x,y,color; found "),
        (["file;x;y;color"], "line 1: the columns must be file,x,y,color; found file;x;y;color"),
        (["a.jpg,1,2"], "line 2: 4 fields are needed; found 3"),
        (
            ["a.jpg,1,2,rgb(1,2,3)"],
            "line 2: 4 fields are needed; found 6; a color with commas needs quotes, as in "
            '"rgb(1, 2, 3)"',
        ),
        ([",1,2,red"], "line 2: file must be a path; found ''"),
        (["a\0.jpg,1,2,red"], "line 2: file must be a path; found 'a\\x00.jpg'"),
        (["", "a.jpg,one,2,red"], "line 3: x must be a number; found 'one'"),
        (["a.jpg,1,inf,red"], "line 2: y must be a number; found 'inf'"),
        (
            ["a.jpg,1,2,red", "a.jpg,1,2,reddish"],
            "line 3: unknown color 'reddish'; use #rrggbb or a CSS name such as firebrick",
        ),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, lines: list[str], message: str) -> None:
    header = [] if message.startswith("line 1") else ["file,x,y,color"]
    path = table(tmp_path, *header, *lines)
    with pytest.raises(ColorizationError) as caught:
        read_hints(path)
    assert str(caught.value) == f"{path}, {message}"


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ColorizationError, match=r"no such file$"):
        read_hints(tmp_path / "missing.csv")
    with pytest.raises(ColorizationError, match="not a file, but a folder"):
        read_hints(tmp_path)
    path = tmp_path / "hints.csv"
    path.write_bytes(b"file,x,y,color\n\xff\xfe,1,2,red\n")
    with pytest.raises(ColorizationError, match=r"hints\.csv: not a CSV file in UTF-8 "):
        read_hints(path)
    path.write_text(f"file,x,y,color\na.jpg,1,2,{'r' * (csv.field_size_limit() + 1)}\n")
    with pytest.raises(ColorizationError, match=r"hints\.csv: not a CSV file in UTF-8 \(field"):
        read_hints(path)


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path, "file,x,y,color", f"{'a' * 2**20},1,2,red")
    monkeypatch.setattr(hints, "LARGEST_FILE", 2**20)
    with pytest.raises(ColorizationError) as caught:
        read_hints(path)
    assert str(caught.value) == f"{path}: more than 1 MiB"


CENTERS = np.array([(a, b) for a in range(-60, 61, 10) for b in range(-60, 61, 10)], np.float32)


def decode(logits: np.ndarray, vividness: np.ndarray) -> list[np.ndarray]:
    """The mean color, at twice the size."""
    assert vividness.shape == (len(logits), 1)
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    mean = shares / shares.sum(axis=-1, keepdims=True) @ CENTERS / lab.AB_SCALE
    return [mean.repeat(2, axis=1).repeat(2, axis=2)]


def likely_colors(
    shares: dict[tuple[int, int], float], L_star: float = 60, count: int = 5
) -> list[str]:
    """What is likely at a place whose distribution has these shares of (a*, b*)."""
    predictor = Predictor(lambda L: [L], 32, None, Decoder(decode, 0.5, len(CENTERS)), "0" * 64)
    logits = np.full((16, 16, len(CENTERS)), -30, np.float32)
    for ab, share in shares.items():
        (index,) = np.flatnonzero((np.array(ab) == CENTERS).all(axis=1))
        logits[2:5, 9:12, index] = np.log(share)
    L = np.full((32, 32, 1), L_star / lab.L_SCALE - 1, np.float32)
    return predictor.likely_colors(logits, Prepared(L, None, (320, 320)), 210, 70, count)


def in_lab(text: str) -> np.ndarray:
    return color.rgb2lab(np.array([[parse_color(text)]], np.uint8))[0, 0]


def test_likely_colors_are_the_modes_at_the_lightness_of_the_place() -> None:
    chosen = likely_colors({(40, 30): 0.5, (0, 0): 0.3, (-30, 20): 0.2})
    expected = [(60, 40, 30), (60, 0, 0), (60, -30, 20)]
    np.testing.assert_allclose([in_lab(text) for text in chosen], expected, atol=0.6)


def test_neighboring_colors_count_as_one() -> None:
    mode = {(40, 30): 0.15, (40, 40): 0.2, (30, 40): 0.15}  # half of all, around one color
    chosen = likely_colors({**mode, (-40, 30): 0.3, (0, -40): 0.2})
    assert len(chosen) == 3
    np.testing.assert_allclose(in_lab(chosen[0]), (60, 40, 40), atol=0.6)
    np.testing.assert_allclose(in_lab(chosen[1]), (60, -40, 30), atol=0.6)


def test_likely_colors_look_different_and_improbable_ones_are_left_out() -> None:
    rng = np.random.default_rng(3)
    spread = dict(
        zip(
            map(tuple, CENTERS.astype(int).tolist()),
            rng.dirichlet([0.5] * len(CENTERS)),
            strict=True,
        )
    )
    chosen = [in_lab(text) for text in likely_colors(spread, count=8)]
    differences = np.linalg.norm(np.array(chosen)[:, None] - chosen, axis=-1)
    assert len(chosen) == 8
    assert differences[~np.eye(8, dtype=bool)].min() > 19  # 20, but for rounding to 8 bits
    assert len(likely_colors({(0, 0): 0.9995, (60, 60): 0.0005})) == 1


def test_colors_outside_srgb_are_mapped_into_it() -> None:
    chosen = likely_colors({(60, 60): 0.6, (-60, 60): 0.4}, L_star=95)
    assert len(chosen) == 2
    for text in chosen:
        assert in_lab(text)[0] == pytest.approx(95, abs=0.6)


def test_a_model_that_predicts_one_color_finds_no_others_likely() -> None:
    predictor = Predictor(lambda L: [L], 32, None, None, "0" * 64)
    photograph = Prepared(np.zeros((32, 32, 1), np.float32), None, (320, 320))
    with pytest.raises(ColorizationError, match=r"^this model predicts one color for a place"):
        predictor.likely_colors(np.zeros((32, 32, 2), np.float32), photograph, 1, 1, 3)
