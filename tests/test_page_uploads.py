"""The page's photographs in memory."""

import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import create_autospec

import numpy as np
import pytest
from PIL import Image

from colorization.color import lab
from colorization.colorizing import spread, uploads
from colorization.colorizing.hints import Hint, parse_color
from colorization.colorizing.predictor import Predictor
from colorization.colorizing.uploads import ForgottenError, Settings, Uploads
from colorization.core.errors import ColorizationError
from packaged import with_vividness
from samples import encoded, scene
from sites import output_of_the_command, write_photographs


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photos"))


@pytest.fixture
def held() -> Iterator[Uploads]:
    opened = Uploads(Predictor.load(with_vividness()), 1)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", ["turned.jpg", "deep.png", "clear & <b>.png"])
def test_a_download_is_the_file_that_the_command_writes(
    held: Uploads, photos: Path, tmp_path: Path, name: str
) -> None:
    upload = held.add((photos / name).read_bytes())
    expected = output_of_the_command(
        with_vividness(), photos / name, tmp_path, "--vividness", "0.75"
    )
    assert held.png(upload, Settings(vividness=0.75)) == expected
    at_default = output_of_the_command(with_vividness(), photos / name, tmp_path / "default")
    assert held.png(upload, Settings()) == at_default != expected


def test_networks_run_once(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither another vividness nor another hint needs them."""
    predict = create_autospec(Predictor.predict, side_effect=Predictor.predict)
    monkeypatch.setattr(Predictor, "predict", predict)
    held = Uploads(Predictor.load(with_vividness()), 1)
    upload = held.add((photos / "turned.jpg").read_bytes())
    adjusted = [
        np.asarray(held.colorized(upload, Settings(vividness=vividness)))
        for vividness in (0, 0.5, 1)
    ]
    held.png(upload, Settings(vividness=1))
    assert all((one != other).any() for one, other in itertools.pairwise(adjusted))
    hinted = Settings(vividness=1, hints=(Hint(50, 90, (200, 40, 40)),))
    assert (np.asarray(held.colorized(upload, hinted)) != adjusted[-1]).any()
    held.png(upload, hinted)
    assert predict.call_count == 1
    assert np.ptp(np.asarray(held.gray(upload)).astype(int), axis=-1).max() <= 1


def test_likely_colors_are_those_that_the_other_hints_leave(held: Uploads, photos: Path) -> None:
    upload = held.add((photos / "turned.jpg").read_bytes())
    alone = held.likely(upload, Settings(), 100, 150)
    assert 1 <= len(alone) <= uploads.LIKELY
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in alone)
    red = (200, 40, 40)
    beside_red = held.likely(upload, Settings(hints=(Hint(95, 150, red),)), 100, 150)
    distances = [
        np.linalg.norm(ab_of(parse_color(colors[0])) - ab_of(red)) for colors in (beside_red, alone)
    ]
    assert distances[0] < distances[1] / 2
    with pytest.raises(ColorizationError, match="outside the photograph"):
        held.likely(upload, Settings(), 200, 150)


def test_one_more_hint_costs_one_computation(
    photos: Path, held: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their number, and the result is that without kept distances."""
    upload = held.add((photos / "turned.jpg").read_bytes())
    photograph, predicted = held[upload].photograph, held[upload].predicted
    hints = tuple(
        Hint(x, y, color)
        for (x, y), color in zip(
            [(20, 30), (100, 40), (60, 150), (110, 80), (100, 170)],
            [(200, 40, 40), (40, 60, 200), (200, 40, 40), (20, 160, 60), (90, 80, 10)],
            strict=True,
        )
    )
    compute = create_autospec(spread._geodesic_distances, side_effect=spread._geodesic_distances)
    monkeypatch.setattr(spread, "_geodesic_distances", compute)
    for count in range(1, len(hints) + 1):
        before = compute.call_count
        settings = Settings(hints=hints[:count])
        kept = held._hinted(held[upload], settings)
        held.likely(upload, settings, 50, 50)
        held.colorized(upload, settings)
        assert compute.call_count == before + 1
        alone = held._predictor.apply_hints(predicted, photograph, settings.hints)
        np.testing.assert_array_equal(kept, alone)
    before = compute.call_count
    held.likely(upload, Settings(hints=hints[:-1]), 100, 170)  # to choose another color
    held.colorized(upload, Settings(hints=(*hints[:-1], Hint(100, 170, (1, 2, 3)))))
    assert compute.call_count == before + 1


def test_kept_distances_count_as_memory(held: Uploads, photos: Path) -> None:
    upload = held.add((photos / "turned.jpg").read_bytes())
    before = held[upload].nbytes
    for x in (50, 150):  # those of former hints are dropped
        held.colorized(upload, Settings(hints=(Hint(x, 90, (200, 40, 40)),)))
        height, width, _ = held[upload].predicted.shape
        assert held[upload].nbytes == before + 4 * height * width


def test_distances_may_drop_the_uploads_that_were_not_used_longest(
    held: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = held.add(encoded(scene(1))), held.add(encoded(scene(1)))
    monkeypatch.setattr(uploads, "MOST_HELD", 2 * held[first].nbytes)
    held.colorized(second, Settings(hints=(Hint(5, 9, (200, 40, 40)),)))
    with pytest.raises(ForgottenError):
        held.gray(first)
    held.gray(second)


def ab_of(color: tuple[int, int, int]) -> np.ndarray:
    return lab.rgb_to_lab(np.array([[color]], np.uint8))[1][0, 0]


def test_previews_are_small_and_downloads_in_full_size(held: Uploads) -> None:
    upload = held.add(encoded(Image.fromarray(scene(1)).resize((3000, 1000)), "JPEG"))
    assert held.colorized(upload, Settings()).size == (1200, 400)
    assert Image.open(io.BytesIO(held.png(upload, Settings()))).size == (3000, 1000)


def test_formats_whose_decoders_take_more_memory_count_twice(held: Uploads) -> None:
    counted = [held[held.add(encoded(scene(1), kind))].pixels for kind in ("PNG", "JPEG2000")]
    assert counted == [48 * 40, 2 * 48 * 40]


def test_the_uploads_that_were_not_used_longest_are_dropped(
    held: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded(scene(1))
    first = held.add(content)
    taken = held[first].nbytes
    assert taken > len(content) + held[first].predicted.nbytes  # not the file alone
    monkeypatch.setattr(uploads, "MOST_HELD", 2 * taken)
    second = held.add(content)
    held.gray(first)
    third = held.add(content)
    with pytest.raises(ForgottenError):
        held.gray(second)
    held.forget(third)
    with pytest.raises(ForgottenError):
        held.colorized(third, Settings())
    held.colorized(first, Settings())


def test_undecodable_uploads_are_not_kept(held: Uploads, photos: Path) -> None:
    with pytest.raises(ColorizationError):
        held.add((photos / "broken.jpg").read_bytes())
