"""Packages of models that take hints: cut in two, they predict as the whole model does."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tifffile
from PIL import Image

import colorization
from colorization.color import lab
from colorization.colorizing import command
from colorization.colorizing.colorizer import Colorizer
from colorization.colorizing.hints import Hint
from colorization.colorizing.prepared import Prepared
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.networks.vividness import AdjustableModel
from colorization.packaging.hints import cut_at_hints
from colorization.packaging.manifest import NAME
from packaged import hinted_model, with_hints, write_package
from samples import scene

RED, BLUE = (200, 30, 40), (20, 60, 220)


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return colorization.load(with_hints())


@pytest.fixture(scope="module")
def adjustable() -> AdjustableModel:
    split = AdjustableModel.of(hinted_model())
    assert split is not None
    return split


def prepared(seed: int, height: int, width: int) -> Prepared:
    """A photograph of ten times the network's width and height."""
    L = np.random.default_rng(seed).uniform(-1, 1, (height, width, 1)).astype(np.float32)
    return Prepared(L, None, (10 * width, 10 * height))


def whole(model: AdjustableModel, L: np.ndarray, hints: np.ndarray | None) -> np.ndarray:
    """Logits of the model before it is cut."""
    return np.asarray(model.logits_model.predict_on_batch([L[None], hints]))[0]


def test_the_parts_of_a_model_compute_what_it_computes(adjustable: AdjustableModel) -> None:
    model = adjustable.logits_model
    encoder, rest = cut_at_hints(model)
    assert [tensor.name for tensor in encoder.inputs] == ["L"]
    assert [tensor.name for tensor in rest.inputs] == ["features_1", "features_2", "hints"]
    L = prepared(1, 32, 64).L[None]
    hints = np.random.default_rng(2).uniform(-1, 1, (1, 16, 32, 3)).astype(np.float32)
    parts = rest.predict_on_batch([*encoder.predict_on_batch(L), hints])
    np.testing.assert_array_equal(parts, model.predict_on_batch([L, hints]))


def test_what_hints_do_not_affect_is_computed_once() -> None:
    L = keras.Input((None, None, 1), name="L")
    hints = keras.Input((None, None, 3), name="hints")
    shared = keras.layers.Conv2D(4, 1)(L)
    joined = keras.layers.Concatenate()([shared, hints])
    later = keras.layers.Conv2D(2, 1)(shared)  # not affected either
    model = keras.Model([L, hints], keras.layers.Conv2D(2, 1)(joined) + later + later)
    encoder, rest = cut_at_hints(model)
    assert [feature.shape[-1] for feature in encoder.outputs] == [4, 2]
    assert rest.count_params() == 7 * 2 + 2


@pytest.mark.parametrize("hints", [[], [Hint(105, 42, RED)], [Hint(0, 0, BLUE), Hint(9, 319, RED)]])
def test_a_package_predicts_as_the_model(
    colorizer: Colorizer, adjustable: AdjustableModel, hints: list[Hint]
) -> None:
    photograph = prepared(3, 32, 96)
    drawn = np.zeros((1, 16, 48, 3), np.float32)
    for hint in hints:  # 20 px of the photograph are one of the map
        row, column = int(hint.y // 20), int(hint.x // 20)
        _, ab = lab.rgb_to_lab(np.array([[hint.color]], np.uint8))
        drawn[0, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = [*ab[0, 0], 1]
    (logits,) = colorizer.predict([photograph], [hints])
    expected = whole(adjustable, photograph.L, drawn if hints else None)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)
    if hints:
        assert np.abs(logits - whole(adjustable, photograph.L, None)).max() > 0.1
    expected_ab = adjustable.decode(logits[None], 0.25)[0]
    np.testing.assert_allclose(colorizer.decode(logits, 0.25), expected_ab, atol=1e-4)


def test_another_hint_does_not_encode_again(colorizer: Colorizer) -> None:
    photographs = [prepared(1, 32, 32), prepared(2, 64, 32), prepared(3, 32, 32)]
    hints = [[Hint(100, 50, RED)], [], [Hint(3, 5, BLUE), Hint(200, 9, RED)]]
    features = colorizer.encode(photographs)
    for given in (hints, hints[::-1], None):
        together = colorizer.predict_encoded(features, given)
        again = colorizer.predict(photographs, given)
        for index, photograph in enumerate(photographs):
            (alone,) = colorizer.predict([photograph], given and [given[index]])
            np.testing.assert_array_equal(together[index], again[index])
            np.testing.assert_allclose(together[index], alone, atol=1e-4)


def test_the_memory_of_features_is_counted(colorizer: Colorizer) -> None:
    photograph = prepared(1, 32, 64)
    (features,) = colorizer.encode([photograph])
    assert features.nbytes == 4 * (32 * 64 + 16 * 32 * 8 + 8 * 16 * 16)


def test_a_call_takes_hints(colorizer: Colorizer) -> None:
    photograph = scene(1, 120, 80)
    plain, hinted = (
        np.asarray(colorizer(photograph, hints=hints)) for hints in ((), [(60, 20, "#c81e28")])
    )
    assert np.abs(hinted.astype(int) - plain).max() > 10
    np.testing.assert_array_equal(colorizer(photograph, hints=[Hint(60, 20, RED)]), hinted)


def test_hints_belong_to_the_upright_photograph(colorizer: Colorizer, tmp_path: Path) -> None:
    upright = Image.fromarray(scene(1, 120, 80))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated clockwise
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    hints = [(110, 10, "#c81e28")]
    result = colorizer(tmp_path / "turned.png", hints=hints)
    np.testing.assert_array_equal(result, colorizer(upright, hints=hints))


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        (
            [(120, 10, "red")],
            "the hint at x 120, y 10 is outside the photograph, which is 120 x 80 px",
        ),
        (
            [(5, -0.5, "red")],
            "the hint at x 5, y -0.5 is outside the photograph, which is 120 x 80 px",
        ),
        (
            [(5, 5, "reddish")],
            "unknown color 'reddish'; use #rrggbb or a CSS name such as firebrick",
        ),
        ([(5, 5)], "a hint must be (x, y, color); found (5, 5)"),
        (
            [(5, float("nan"), "red")],
            "x and y of a hint must be finite numbers; found (5, nan, 'red')",
        ),
    ],
)
def test_wrong_hints_are_refused(colorizer: Colorizer, hints: Any, message: str) -> None:
    with pytest.raises(ColorizationError) as caught:
        colorizer(scene(1, 120, 80), hints=hints)
    assert str(caught.value) == message


def test_a_model_that_takes_none_refuses_hints(tmp_path: Path) -> None:
    colorizer = Colorizer(lambda L: [np.repeat(L, 2, axis=-1)], 32, None, None, None, "0" * 64)
    assert not colorizer.takes_hints
    with pytest.raises(ColorizationError, match=r"^this model takes no hints$"):
        colorizer(tmp_path / "missing.jpg", hints=[(5, 5, "red")])
    with pytest.raises(ColorizationError, match=r"^this model takes no hints$"):
        colorizer.predict([prepared(1, 32, 32)], [[Hint(5, 5, RED)]])


def changed(tmp_path: Path, **changes: Any) -> Path:
    """A package whose manifest is changed, and lists the files as they are."""
    package = tmp_path / "copy"
    if not package.exists():
        shutil.copytree(with_hints(), package)
    manifest = json.loads((package / NAME).read_text())
    files = {name: sha256_of(package / name) for name in manifest["files"]}
    (package / NAME).write_text(json.dumps(manifest | {"files": files} | changes))
    return package


def refusal(package: Path) -> str:
    with pytest.raises(ColorizationError) as caught:
        colorization.load(package)
    return str(caught.value)


def test_the_card_tells_of_hints() -> None:
    assert "takes hints" in (with_hints() / "README.md").read_text()


def test_the_encoder_must_be_listed(tmp_path: Path) -> None:
    files = json.loads((with_hints() / NAME).read_text())["files"]
    package = changed(
        tmp_path, files={name: files[name] for name in files if name != "encode.onnx"}
    )
    assert refusal(package) == (
        f"{package}: colorization.json does not list encode.onnx; the package is incomplete"
    )


@pytest.mark.parametrize("features", [[8, 9], [16], [8, 16, 1]])
def test_the_encoder_must_compute_the_features_of_the_manifest(
    tmp_path: Path, features: list[int]
) -> None:
    package = changed(tmp_path, features=features)
    names = ", ".join(f"features_{number}" for number in range(1, len(features) + 1))
    assert refusal(package) == f"{package / 'encode.onnx'} is not a network from L to {names}"


def test_both_parts_are_checked(tmp_path: Path) -> None:
    package = changed(tmp_path)
    shutil.copyfile(package / "encode.onnx", package / "model.onnx")
    changed(tmp_path)
    assert refusal(package) == (
        f"{package / 'model.onnx'} is not a network from features_1, features_2, hints to logits"
    )


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photographs, and a TIFF with two pages."""
    folder = tmp_path / "photos"
    folder.mkdir()
    pages = [Image.fromarray(scene(seed, 120, 80)) for seed in (1, 2)]
    pages[0].save(folder / "a.png")
    pages[1].save(folder / "b.png")
    tifffile.imwrite(folder / "scan.tif", np.stack(list(map(np.asarray, pages))), photometric="rgb")
    return folder


def run(photos: Path, *lines: str, inputs: Sequence[str] = ("a.png", "b.png")) -> int:
    """Run the command with a file of hints beside the photographs."""
    (photos / "hints.csv").write_text("\n".join(["file,x,y,color", *lines]))
    paths = [str(photos / name) for name in inputs]
    options = ["--output", str(photos.parent / "out"), "--hints", str(photos / "hints.csv")]
    return command.main([*paths, *options, "--model", str(with_hints()), "--quiet"])


def test_the_command_gives_each_photograph_its_hints(
    colorizer: Colorizer, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)  # files are relative to the folder of the CSV
    assert run(photos, "a.png,60,20,#c81e28", f"{photos / 'a.png'},20,70,blue") == 0
    hints = [(60, 20, "#c81e28"), (20, 70, "blue")]
    for name, given in {"a.png": hints, "b.png": []}.items():
        with Image.open(photos.parent / "out" / name) as result:
            np.testing.assert_array_equal(result, colorizer(photos / name, hints=given))
            parameters = result.info["xmp"].decode().split("stEvt:parameters>")[1]
        told = "; hint #c81e28 at 60, 20; hint #0000ff at 20, 70" if given else ""
        assert parameters.removesuffix("</") == (
            f"model sha256 {colorizer.sha256}; vividness 0.5; saturation 1{told}"
        )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a.png,1,2,reddish"], "hints.csv, line 2: unknown color 'reddish'; use #rrggbb or a CSS"),
        (["c.png,1,2,red"], "c.png is not among the photographs to colorize"),
        (["scan.tif,1,2,red"], "scan.tif has 2 pages; save the page as a file of its own"),
    ],
)
def test_a_wrong_file_of_hints_is_refused_before_colorizing(
    photos: Path, capsys: pytest.CaptureFixture[str], lines: list[str], message: str
) -> None:
    assert run(photos, *lines, inputs=["a.png", "scan.tif"]) == command.WRONG_USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"colorize: --hints: {photos / message}")
    assert not (photos.parent / "out").exists()


def test_a_hint_outside_its_photograph_fails_this_one_alone(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photos, "a.png,120,3,red", "b.png,1,1,red") == command.SOME_FAILED
    assert capsys.readouterr().err == (
        f"colorize: {photos / 'a.png'}: the hint at x 120, y 3 is outside the photograph, "
        "which is 120 x 80 px\n"
    )
    assert [path.name for path in (photos.parent / "out").iterdir()] == ["b.png"]


def test_hints_of_photographs_with_results_are_no_mistake(photos: Path) -> None:
    out = photos.parent / "out"
    out.mkdir()
    shutil.copyfile(photos / "b.png", out / "b.png")
    (photos / "hints.csv").write_text("file,x,y,color\nb.png,1,1,red\n")
    options = ["--output", str(out), "--hints", str(photos / "hints.csv"), "--skip-existing"]
    inputs = [str(photos / name) for name in ("a.png", "b.png")]
    assert command.main([*inputs, *options, "--dry-run"]) == 0


def test_the_command_refuses_hints_for_a_model_that_takes_none(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    L = keras.Input((None, None, 1), name="L")
    plain = write_package(
        tmp_path / "plain", keras.Model(L, keras.layers.Conv2D(2, 1)(L)), "vgg16_repeat"
    )
    (photos / "hints.csv").write_text("file,x,y,color\na.png,1,1,red\n")
    options = ["--output", str(tmp_path / "out"), "--hints", str(photos / "hints.csv")]
    assert command.main([str(photos / "a.png"), *options, "--model", str(plain)]) == 2
    assert capsys.readouterr().err == "colorize: --hints: this model takes no hints\n"
