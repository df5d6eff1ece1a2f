"""Colorizing agrees with evaluation, keeps L, and never sees color."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from PIL import Image

import colorization
from colorization.color import lab
from colorization.colorizing.colorizer import Colorizer
from colorization.colorizing.command import main
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.dataset.examples import Examples
from colorization.embedding.standardization import read_normalization
from colorization.networks.architecture import takes_embedding
from colorization.packaging.manifest import NAME
from colorization.scoring import scorer
from packaged import (
    adjustable_model,
    scenes_with_embeddings,
    untrained,
    with_embedding,
    with_vividness,
    write_package,
)
from samples import VARIANTS, encoded, scene

# One of each: variants of one network would be one model here.
NETWORKS = sorted({line.network: name for name, line in reversed(VARIANTS.items())}.values())
# A conversion takes long. `make test` has a network with the embedding, and a small one with what
# the others consist of; test_pipeline converts two more.
USUAL: dict[str, tuple[Callable[[], Path], Callable[[], keras.Model]]] = {
    "baseline": (with_embedding, partial(untrained, "baseline")),
    "adjustable": (with_vividness, adjustable_model),
}


@pytest.fixture(scope="module")
def package() -> Path:
    return with_embedding()


@pytest.fixture(scope="module")
def colorizer(package: Path) -> Colorizer:
    return colorization.load(package)


def compare_at_other_sizes(package: Path, model: keras.Model) -> None:
    """The network in a package gives the ab that Keras gives, for other programs too."""
    network, *decoder = (
        onnxruntime.InferenceSession(package / name)
        for name in ("model.onnx", "decode.onnx")
        if (package / name).exists()
    )
    names = [item.name for item in model.inputs]
    for count, height, width in ((1, 32, 32), (3, 32, 128), (2, 96, 64)):
        rng = np.random.default_rng(count)
        inputs = [rng.uniform(-1, 1, (count, height, width, 1))]
        inputs += [rng.uniform(0, 1, (count, item.shape[1])) for item in model.inputs[1:]]
        given = [item.astype(np.float32) for item in inputs]
        inputs_by_name = dict(zip(names, given, strict=True))
        position = inputs_by_name.pop("vividness", None)
        (actual,) = network.run(None, inputs_by_name)
        if decoder:
            (actual,) = decoder[0].run(["ab"], {"logits": actual, "vividness": position})
        expected = model.predict_on_batch(given)
        # Rounding alone moves the saturated ab of a deep random network by 0.013 in CIE units.
        np.testing.assert_allclose(actual, expected, atol=0.05 / lab.AB_SCALE)
        assert np.abs(expected).max() > 0.05


@pytest.mark.parametrize(
    ("variant", "precision"),
    [
        *((variant, "float32") for variant in USUAL),
        *(
            pytest.param(variant, precision, marks=pytest.mark.soak)
            for variant in NETWORKS
            for precision in ("float32", "mixed_bfloat16")
            if variant not in USUAL
        ),
    ],
)
def test_a_test_photograph_gets_the_pixels_that_evaluation_measured(
    tmp_path: Path, variant: str, precision: str
) -> None:
    test = scenes_with_embeddings()
    if variant in USUAL:
        make_package, make_model = USUAL[variant]
        package, model = make_package(), make_model()
    else:
        model = untrained(variant, precision)
        mean_and_deviation = read_normalization(with_embedding() / "embedding.npy")
        package = write_package(tmp_path / variant, model, variant, mean_and_deviation)
    if not takes_embedding(model):
        test = Examples(test.images, None)
    if precision == "float32":
        compare_at_other_sizes(package, model)
    colorize = colorization.load(package)
    measured = scorer.colorize(model, test, range(len(test)), 2)["colorized"]
    assert np.abs(measured.astype(int) - test.images.rgb).max() > 20  # it does colorize
    if precision != "float32":
        exact = scorer.colorize(untrained(variant), test, range(len(test)), 2)["colorized"]
    for index, expected in enumerate(measured):
        path = tmp_path / f"{index}.png"
        Image.fromarray(test.images.rgb[index]).save(path)
        actual = np.asarray(colorize(path)).astype(int)
        difference = np.abs(actual - expected)
        if precision == "float32":
            assert difference.max() <= 1
        else:  # packages compute in float32: no further off than evaluation itself
            assert difference.mean() <= 1
            assert difference.max() <= np.abs(expected.astype(int) - exact[index]).max()


def test_colors_of_the_input_are_ignored(colorizer: Colorizer) -> None:
    color = scene(3, 96, 80)
    gray = lab.lab_to_rgb(lab.rgb_to_lab(color)[0], np.zeros(2))[..., 1]
    versions = (
        Image.fromarray(color),
        Image.fromarray(np.stack([gray] * 3, axis=-1)),
        Image.fromarray(gray),  # mode L
    )
    ab = [colorizer.predict([colorizer.prepare_input(image)])[0] for image in versions]
    np.testing.assert_array_equal(ab[1], ab[2])
    # The gray one's L is rounded to 8 bits, by 0.2 of L* at most.
    assert np.abs(ab[0] - ab[1]).mean() < 0.05 * np.abs(ab[0]).mean()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (31, 33), (640, 200), (97, 64)])
def test_the_result_has_the_photographs_size(colorizer: Colorizer, size: tuple[int, int]) -> None:
    result = colorizer(Image.fromarray(scene(1, 64, 64)).resize(size))
    assert (result.mode, result.size) == ("RGB", size)


def test_the_result_keeps_the_photographs_own_lightness(colorizer: Colorizer) -> None:
    photograph = scene(5, 200, 120)
    faint = np.asarray(colorizer(photograph, saturation=0.1))
    before, after = (lab.rgb_to_lab(rgb)[0] for rgb in (photograph, faint))
    assert np.abs(after - before).max() * lab.L_SCALE < 1.5  # 8-bit rounding
    gray = np.asarray(colorizer(photograph, saturation=0))
    assert np.ptp(gray.astype(int), axis=-1).max() <= 1


@pytest.mark.parametrize("kind", ["array", "image", "path"])
def test_lightness_is_kept_under_transparent_pixels(
    colorizer: Colorizer, tmp_path: Path, kind: str
) -> None:
    photograph = Image.fromarray(scene(5, 80, 60))
    hidden = photograph.copy()
    hidden.putalpha(0)
    hidden.save(tmp_path / "hidden.png")
    kinds = {"array": np.asarray(hidden), "image": hidden, "path": tmp_path / "hidden.png"}
    given: Any = kinds[kind]
    result = np.asarray(colorizer(given, saturation=0)).astype(int)
    np.testing.assert_array_equal(result, np.asarray(colorizer(photograph, saturation=0)))
    assert (colorizer.prepare_input(given).L == 1).all()  # white


@pytest.mark.parametrize("kind", ["path", "image"])
def test_a_truncated_photograph_is_refused(colorizer: Colorizer, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.jpg"
    content = encoded(scene(7, 80, 60), "JPEG")
    path.write_bytes(content[: len(content) // 2])
    with (
        Image.open(path) as image,
        pytest.raises(ColorizationError, match=r"^cannot be decoded: "),
    ):
        colorizer(path if kind == "path" else image)


def test_arrays_images_and_paths_give_the_same(colorizer: Colorizer, tmp_path: Path) -> None:
    photograph = scene(7, 80, 60)
    Image.fromarray(photograph).save(tmp_path / "a.png")
    results = [
        np.asarray(colorizer(given))
        for given in (
            photograph,
            Image.fromarray(photograph),
            tmp_path / "a.png",
            str(tmp_path / "a.png"),
        )
    ]
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def test_several_photographs_equal_single_ones_and_the_network_gets_one_at_a_time(
    colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, given = colorizer._network, []

    def recorded(*arrays: np.ndarray) -> Sequence[np.ndarray]:
        given.append(len(arrays[0]))
        return network(*arrays)

    monkeypatch.setattr(colorizer, "_network", recorded)
    photographs = [
        colorizer.prepare_input(Image.fromarray(scene(seed, *size)))
        for seed, size in enumerate([(64, 64), (96, 64), (64, 64), (64, 200)])
    ]
    for one, together in zip(photographs, colorizer.predict(photographs), strict=True):
        np.testing.assert_array_equal(colorizer.predict([one])[0], together)
        assert together.shape == (*one.L.shape[:2], 2)
    assert set(given) == {1}


def tampered(package: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(package, tmp_path / "copy"))


def rewrite(package: Path, **changes: Any) -> None:
    """Change the manifest, as one who tampers knowingly would."""
    manifest = json.loads((package / NAME).read_text())
    (package / NAME).write_text(json.dumps(manifest | changes))


def refusal(package: Path) -> str:
    with pytest.raises(ColorizationError) as caught:
        colorization.load(package)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["model.onnx", "embedder.onnx", "embedding.npy", "README.md"])
def test_a_package_with_a_missing_or_changed_file_is_refused(
    package: Path, tmp_path: Path, name: str
) -> None:
    copy = tampered(package, tmp_path)
    (copy / name).write_bytes((copy / name).read_bytes()[:-1] + b"!")
    assert refusal(copy).endswith(f"{name} is not the file that was packaged")
    (copy / name).unlink()
    assert f"{name} is missing" in refusal(copy)


def test_a_folder_that_is_not_a_package_is_refused(tmp_path: Path) -> None:
    assert "is not a packaged model" in refusal(tmp_path / "nothing")
    (tmp_path / NAME).write_text("{}")
    assert "Field required" in refusal(tmp_path)
    (tmp_path / NAME).write_text("not JSON")
    assert "Invalid JSON" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["../elsewhere", "/etc/passwd", "a/b", ".hidden"])
def test_a_manifest_cannot_list_files_outside_the_package(
    package: Path, tmp_path: Path, name: str
) -> None:
    copy = tampered(package, tmp_path)
    rewrite(copy, files={name: "0" * 64})
    assert "String should match pattern" in refusal(copy)


def test_pickled_embeddings_are_not_loaded(package: Path, tmp_path: Path) -> None:
    copy = tampered(package, tmp_path)
    np.save(copy / "embedding.npy", np.array([{"a": 1}], object), allow_pickle=True)
    files = json.loads((copy / NAME).read_text())["files"]
    rewrite(copy, files=files | {"embedding.npy": sha256_of(copy / "embedding.npy")})
    assert "embedding.npy" in refusal(copy)


def test_a_pipe_is_refused(colorizer: Colorizer, tmp_path: Path) -> None:
    pipe = tmp_path / "photo.jpg"
    os.mkfifo(pipe)
    with pytest.raises(ColorizationError, match=r"^not a file, but a folder, a pipe"):
        colorizer(pipe)


def test_the_default_vividness_is_the_packages(tmp_path: Path) -> None:
    package = with_vividness()
    colorize = colorization.load(package)
    photograph = scene(3, 96, 64)
    by_default = np.asarray(colorize(photograph)).astype(int)
    assert colorize.vividness == 0.5
    np.testing.assert_array_equal(colorize(photograph, vividness=0.5), by_default)
    assert np.abs(np.asarray(colorize(photograph, vividness=0.0)) - by_default).max() > 2
    for beyond in (-0.1, 1.5, float("nan"), 10**400):
        with pytest.raises(ColorizationError, match="vividness must be from 0 to 1; found"):
            colorize(photograph, vividness=beyond)
    Image.fromarray(photograph).save(tmp_path / "photo.png")
    options = ["--model", str(package), "--output", str(tmp_path / "out"), "--vividness", "0"]
    assert main([str(tmp_path / "photo.png"), *options]) == 0
    np.testing.assert_array_equal(
        Image.open(tmp_path / "out" / "photo.png"), colorize(photograph, vividness=0)
    )


def test_a_hint_outside_the_photograph_is_refused() -> None:
    colorize = colorization.load(with_vividness())
    with pytest.raises(ColorizationError) as caught:
        colorize(scene(1), hints=[(0, 0, "red"), (48, 5, "#aa3322")])
    assert str(caught.value) == (
        "the hint at x 48, y 5 is outside the photograph, which is 48 x 40 px"
    )


def test_hints_are_refused_by_a_model_without_them(colorizer: Colorizer) -> None:
    with pytest.raises(ColorizationError, match=r"^this model takes no hints$"):
        colorizer(scene(1), hints=[(1, 1, "red")])


def test_vividness_is_refused_by_a_model_without_it(colorizer: Colorizer) -> None:
    assert colorizer.vividness is None
    with pytest.raises(ColorizationError, match="this model has no vividness; use saturation"):
        colorizer(scene(3), vividness=0.5)
