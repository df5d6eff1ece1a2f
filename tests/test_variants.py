"""Networks and the variants built of them: records, shapes, weights, gradients, files."""

import filecmp
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import memory
from colorization.core.errors import ColorizationError
from colorization.core.settings import NONE, NetworkInputs, load_params
from colorization.networks import blocks, catalog, saving
from colorization.networks.architecture import Architecture, Network
from first_party import ROOT, imported_files
from samples import VARIANTS, built, calibrated, model_of

# Sums over the layers of kernel height * kernel width * channels in * channels out + biases:
#   encoder  1-64, 64-128, 128-128, 128-256, 256-256, 256-512, 512-512, 512-256, each 3 x 3:
#            640 + 73,856 + 147,584 + 295,168 + 590,080 + 1,180,160 + 2,359,808 + 1,179,904
#   fusion   (256 + 1000)-256, 1 x 1: 321,792
#   decoder  256-128, 128-64, 64-64, 64-32, 32-2, each 3 x 3:
#            295,040 + 73,792 + 36,928 + 18,464 + 578
# bn_maxpool: the 13 convolutions before ab have no bias but four values per filter (scale, shift,
# moving mean and variance), which is 3 * 2,656 more; of these 2,656 filters, 64 + 128 + 128 + 256 +
# 256 + 512 + 512 + 256 are the encoder's, 256 the fusion's, 128 + 64 + 64 + 32 the decoder's.
# bn, max_pooling: strides and pooling have no parameters, so bn has as many as bn_maxpool, and
# max_pooling as many as the baseline. Nor has dropout.
# deeper: the baseline, then
#   encoder  3-64, 64-128, 128-256, each 3 x 3: 1,792 + 73,856 + 295,168
#   bottleneck 256-1024, 5 x 5: 6,554,624
#   decoder  1024-128, then as the baseline's: 1,179,776 + 73,792 + 36,928 + 18,464 + 578
# vgg16: 14,714,688 without top, as Keras documents; of these block1_conv1's 1,792 are trained
#   decoder  512-256, 256-128, 128-64, 64-32, 32-16, 16-2, each 3 x 3:
#            1,179,904 + 295,040 + 73,792 + 18,464 + 4,624 + 290 = 1,572,114
#   the convolution to three channels: 3 + 3
# vgg19: 20,024,384 without top, none of it trained
#   bridge   512-512: 2,359,808
#   decoder  2 x 2 transposed, then two of 3 x 3, the first over the skip too:
#            512-512, 1024-512, 512-512: 1,049,088 + 4,719,104 + 2,359,808
#            512-256, 512-256, 256-256:    524,544 + 1,179,904 +   590,080
#            256-128, 256-128, 128-128:    131,200 +   295,040 +   147,584
#            128-64, 128-64, 64-64:         32,832 +    73,792 +    36,928
#   output   64-2, 1 x 1: 130
# mobilenet_unet: MobileNetV2 has 2,257,984 without top, as Keras documents; of the four values of
#   each of its 17,056 normalized channels, folding leaves one. None of it is trained
#   bridge   1280-256, 3 x 3: 2,949,120
#   skips    576-192, 192-96, 144-64, 96-32, 1 x 1: 110,592 + 18,432 + 9,216 + 3,072
#   decoder  (256 + 192)-256, (256 + 96)-192, (192 + 64)-64, (64 + 32)-64, 3 x 3:
#            1,032,192 + 608,256 + 147,456 + 55,296
#   four values for each of 1,216 filters, two of them not trained
#   output   64-59, 1 x 1: 3,835 for the 59 colors of the scenes here
#   decoder  of vividness: two values and a weight for each color, two for each of 11 operating
#            points, the default, the power of the weights: 201
# efficientnet_unet: up to its last block, EfficientNet-Lite2 has 4,811,072 - 352 * 1280 - 2 * 1280,
#   which are 4,302,416 in kernels and two for each of 27,768 normalized channels, of which folding
#   leaves one. None of it is trained
#   taps     352-256, 120-128, 48-64, 24-32, 1 x 1: 90,112 + 15,360 + 3,072 + 768
#   decoder  256-256, (256 + 128)-256, (256 + 64)-160, (160 + 32)-96, and with four of L 96-96,
#            3 x 3: 589,824 + 884,736 + 460,800 + 165,888 + 86,400
#   four values for each of 1,344 filters, two of them not trained
#   output   96-59, 1 x 1: 5,723; the decoder of vividness as above
PARAMETERS = {
    "baseline": 6_573_794,
    "deeper": 6_573_794 + 370_816 + 6_554_624 + 1_309_538,
    "bn_maxpool": 6_573_794 + 3 * 2_656,
    "bn_maxpool_no_embedding": 6_573_794 + 3 * 2_656 - 1000 * 256,
    "bn": 6_573_794 + 3 * 2_656,
    "max_pooling": 6_573_794,
    "bn_maxpool_embedding_dropout": 6_573_794 + 3 * 2_656,
    "l2": 6_573_794 + 3 * 2_656,
    "spatial_dropout": 6_573_794 + 3 * 2_656,
    "vgg16_conv": 14_714_688 + 1_572_114 + 6,
    "vgg16_repeat": 14_714_688 + 1_572_114,
    "vgg19_unet": 20_024_384 + 13_499_842,
    "mobilenet_unet": 2_257_984 - 3 * 17_056 + 4_933_632 + 4 * 1_216 + 3_835 + 201,
    "efficientnet_unet": 4_302_416 + 27_768 + 2_296_960 + 4 * 1_344 + 5_723 + 201,
}
# Of them not trained: moving means and variances, and what is frozen.
NOT_TRAINED = {
    "baseline": 0,
    "deeper": 0,
    "bn_maxpool": 2 * 2_656,
    "bn_maxpool_no_embedding": 2 * 2_656,
    "bn": 2 * 2_656,
    "max_pooling": 0,
    "bn_maxpool_embedding_dropout": 2 * 2_656,
    "l2": 2 * 2_656,
    "spatial_dropout": 2 * 2_656,
    "vgg16_conv": 14_714_688 - 1_792,
    "vgg16_repeat": 14_714_688 - 1_792,
    "vgg19_unet": 20_024_384,
    "mobilenet_unet": 2_257_984 - 3 * 17_056 + 2 * 1_216 + 201,
    "efficientnet_unet": 4_302_416 + 27_768 + 2 * 1_344 + 201,
}


def inputs(model: keras.Model, height: int, width: int, count: int = 2) -> list[np.ndarray]:
    """Random values for the model's inputs."""
    rng = np.random.default_rng(1)
    shapes = {
        "L": (count, height, width, 1),
        "embedding": (count, 1000),
        "vividness": (count, 1),  # values below 0 count as 0
    }
    return [rng.uniform(-1, 1, shapes[tensor.name]).astype(np.float32) for tensor in model.inputs]


@pytest.fixture(scope="module", params=PARAMETERS)
def variant(request: pytest.FixtureRequest) -> str:
    """The variants of the study on photographs whose models differ."""
    return request.param


@pytest.fixture(scope="module")
def network(variant: str) -> Iterator[Network]:
    yield built(variant)
    memory.free_networks()


@pytest.fixture(scope="module")
def model(network: Network) -> keras.Model:
    return calibrated(network.model)


@pytest.fixture(scope="module")
def given(model: keras.Model) -> list[np.ndarray]:
    return inputs(model, 32, 32)


@pytest.fixture(scope="module")
def predicted(model: keras.Model, given: list[np.ndarray]) -> np.ndarray:
    """What the model predicts for `given`: a call layer by layer takes up to a second."""
    return np.asarray(model(given, training=False))


@pytest.fixture
def changeable(model: keras.Model) -> Iterator[keras.Model]:
    """The same model, whose weights are restored after the test."""
    initial = model.get_weights()
    yield model
    model.set_weights(initial)


def normalizes_or_drops(model: keras.Model) -> bool:
    return any(
        isinstance(layer, layers.BatchNormalization | layers.SpatialDropout2D | layers.Dropout)
        for layer in model.layers
    )


def test_every_model_of_the_study_is_tested_here() -> None:
    def models(names: Iterable[str]) -> set[tuple[str, bool]]:
        lines = (VARIANTS[name] for name in names)
        return {(line.network, line.embedding != NONE) for line in lines}

    assert models(PARAMETERS) == models(VARIANTS)
    assert {network for network, _ in models(VARIANTS)} == set(catalog.names())


@pytest.mark.parametrize("name", catalog.names())
def test_every_file_of_a_network_has_its_record_and_imports_no_other(name: str) -> None:
    record = catalog.load(name)
    assert isinstance(record, Architecture)
    assert record.description
    assert record.section is None or re.fullmatch(r"\d+(\.\d+)+", record.section)
    folder = "src/colorization/architectures"
    assert catalog.source(name) == ROOT / folder / f"{name}.py"
    takes = NetworkInputs(embedding=record.takes_embedding, encoder=record.encoder or NONE)
    assert catalog.declared()[name] == takes
    others = {f"{folder}/{other}.py" for other in catalog.names() if other != name}
    assert not others & imported_files(catalog.source(name))


def test_the_papers_profile_has_the_papers_networks_in_its_order_and_the_fractions() -> None:
    lines = load_params(ROOT / "profiles" / "paper.yaml", catalog.declared()).variants
    records = {name: catalog.load(name) for name in catalog.names()}
    of_the_paper = {name for name, record in records.items() if record.section}
    beyond = {
        "bn",
        "max_pooling",
        "embedding_dropout",
        "mobilenet_unet",
        "efficientnet_unet",
    }
    assert set(records) - of_the_paper == beyond
    assert of_the_paper <= {line.network for line in lines.values()}
    for takes_embedding in (True, False):
        sections = [
            tuple(map(int, section.split(".")))
            for line in lines.values()
            if (record := records[line.network]).takes_embedding == takes_embedding
            and not line.train
            and (section := record.section)
        ]
        assert sections == sorted(sections)
    fractions = {
        name: line.train["fraction"] for name, line in lines.items() if "fraction" in line.train
    }
    assert fractions == {"bn_maxpool_quarter": 0.25, "bn_maxpool_half": 0.5}  # section 4.2


def test_the_training_model_has_the_weights_of_the_saved_model(
    variant: str, network: Network
) -> None:
    assert network.model.name == variant
    saved, trained = network.model.trainable_weights, network.training_model.trainable_weights
    assert {id(weight) for weight in trained} == {id(weight) for weight in saved}


def size(weights: list[keras.Variable]) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def test_the_numbers_of_parameters_are_as_derived_above(model: keras.Model) -> None:
    assert model.count_params() == PARAMETERS[model.name]
    assert size(model.non_trainable_weights) == NOT_TRAINED[model.name]
    assert size(model.trainable_weights) == PARAMETERS[model.name] - NOT_TRAINED[model.name]


def test_ab_has_the_size_of_the_input_and_the_range_of_tanh(model: keras.Model) -> None:
    ab = np.asarray(model(inputs(model, 64, 96), training=False))
    assert (ab.shape, ab.dtype) == ((2, 64, 96, 2), np.float32)
    assert np.abs(ab).max() <= 1
    assert ab.std() > 0


def digest(weight: keras.Variable) -> str:
    """Identifies a weight's bits, in less memory than a copy."""
    return hashlib.sha256(np.array(weight).tobytes()).hexdigest()


def test_every_trainable_weight_receives_a_gradient_and_a_step_changes_no_frozen_one(
    changeable: keras.Model,
) -> None:
    weights = changeable.trainable_weights
    before = {weight.path: digest(weight) for weight in changeable.weights}
    batch = inputs(changeable, 32, 32, count=4)
    truth = np.random.default_rng(2).uniform(-1, 1, (4, 32, 32, 2)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((changeable(batch, training=True) - truth) ** 2)
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert float(tf.reduce_max(tf.abs(gradient))) > 1e-12, weight.path
    keras.optimizers.Adam(1e-3).apply(gradients, weights)
    trained = {weight.path for weight in weights}
    for weight in changeable.weights:
        changed = digest(weight) != before[weight.path]
        assert changed == (weight.path in trained or "/moving_" in weight.path), weight.path


def test_every_input_matters(
    model: keras.Model, given: list[np.ndarray], predicted: np.ndarray
) -> None:
    for index in range(len(given)):
        changed = [values.copy() for values in given]
        changed[index] = -changed[index]
        assert np.abs(np.asarray(model(changed, training=False)) - predicted).max() > 1e-6


def test_batched_equals_single(
    model: keras.Model, given: list[np.ndarray], predicted: np.ndarray
) -> None:
    for index in range(len(predicted)):
        single = model([values[index : index + 1] for values in given], training=False)
        np.testing.assert_allclose(single[0], predicted[index], atol=1e-5)


def test_training_differs_from_inference_only_with_normalization_or_dropout(
    changeable: keras.Model, given: list[np.ndarray], predicted: np.ndarray
) -> None:
    difference = np.abs(np.asarray(changeable(given, training=True)) - predicted).max()
    assert (difference > 1e-4) == normalizes_or_drops(changeable)


def test_a_seed_gives_the_same_weights(model: keras.Model) -> None:
    again = model_of(model.name)
    for weight, same in zip(model.trainable_weights, again.trainable_weights, strict=True):
        np.testing.assert_array_equal(weight, same, err_msg=weight.path)


@pytest.mark.parametrize("name", ["baseline", "vgg16_repeat"])
def test_another_seed_gives_other_weights(name: str) -> None:
    one, other = (model_of(name, seed).trainable_weights for seed in (1, 2))
    for weight, different in zip(one, other, strict=True):
        if weight.path.endswith("kernel"):
            assert np.abs(np.asarray(weight) - different).max() > 0, weight.path


def save(model: keras.Model, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    saving.save_architecture(model, folder)
    model.save_weights(folder / "model.weights.h5")
    return folder


def test_a_loaded_model_predicts_the_same_bits(
    model: keras.Model, given: list[np.ndarray], predicted: np.ndarray, tmp_path: Path
) -> None:
    loaded = saving.load_model(save(model, tmp_path / "first"))
    assert loaded.name == model.name
    np.testing.assert_array_equal(np.asarray(loaded(given, training=False)), predicted)
    save(loaded, tmp_path / "second")
    for name in ("model.json", "model.weights.h5"):
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert filecmp.cmp(first, second, shallow=False)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a small model."""
    L = keras.Input((None, None, 1), name="L")
    embedding = keras.Input((1000,), name="embedding")
    fused = blocks.RepeatOver(name="fusion")(layers.Conv2D(4, 3, padding="same")(L), embedding)
    small = keras.Model([L, embedding], blocks.ab_output(fused))
    folder = save(small, tmp_path_factory.mktemp("model"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.json", None),
        ("model.json", b""),
        ("model.json", b"\xff"),
        ("model.json", b"{}"),
        ("model.json", b"[]"),
        ("model.json", b"3"),
        ("model.json", b'{"class_name": "Functional", "config": {}}'),
        ("model.json", b'{"class_name": "os.system", "config": {"command": "true"}}'),
        ("model.json", "half"),
        ("model.weights.h5", None),
        ("model.weights.h5", b""),
        ("model.weights.h5", b"text"),
        ("model.weights.h5", "half"),
    ],
)
def test_a_corrupt_directory_is_refused_in_one_line(
    saved: dict[str, bytes], tmp_path: Path, name: str, content: bytes | str | None
) -> None:
    for file, whole in saved.items():
        (tmp_path / file).write_bytes(whole)
    saving.load_model(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        corrupt = truncated(saved[name]) if isinstance(content, str) else content
        (tmp_path / name).write_bytes(corrupt)
    with pytest.raises(ColorizationError) as caught:
        saving.load_model(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: not a model that can be loaded")
    assert "\n" not in str(caught.value)


def test_weights_of_another_architecture_are_refused(
    saved: dict[str, bytes], tmp_path: Path
) -> None:
    save(keras.Sequential([keras.Input((3,)), layers.Dense(2)]), tmp_path)
    (tmp_path / "model.weights.h5").write_bytes(saved["model.weights.h5"])
    with pytest.raises(ColorizationError, match="not a model that can be loaded"):
        saving.load_model(tmp_path)


def test_code_in_a_model_file_is_refused(tmp_path: Path) -> None:
    evil = keras.Sequential([keras.Input((3,)), layers.Lambda(lambda x: x + 1)])
    save(evil, tmp_path)
    assert "__lambda__" in json.dumps(json.loads((tmp_path / "model.json").read_text()))
    with pytest.raises(ColorizationError, match="not a model that can be loaded"):
        saving.load_model(tmp_path)


def test_the_embedding_is_appended_to_the_features_of_each_pixel() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(2, 3, 5, 4)).astype(np.float32)
    vector = rng.normal(size=(2, 7)).astype(np.float32)
    fused = np.asarray(blocks.RepeatOver()(features, vector))
    assert fused.shape == (2, 3, 5, 11)
    np.testing.assert_array_equal(fused[..., :4], features)
    for row in range(3):
        for column in range(5):
            np.testing.assert_array_equal(fused[:, row, column, 4:], vector)


def test_upsampling_repeats_pixels_and_downsampling_halves_the_size() -> None:
    x = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    tensor = keras.Input((2, 2, 1))
    doubled = keras.Model(tensor, blocks.upsample(tensor, name="up"))(x)
    assert np.asarray(doubled)[0, :, :, 0].tolist() == [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [2, 2, 3, 3],
        [2, 2, 3, 3],
    ]
    pooled = blocks.conv_norm_relu_pool(tensor, 3, name="conv", downsample=True)
    strided = blocks.conv_relu(tensor, 3, name="strided", downsample=True)
    assert pooled.shape == strided.shape == (None, 1, 1, 3)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_bilinear_upsampling_agrees_with_keras_for_any_size(dtype: str) -> None:
    features = np.random.default_rng(1).normal(size=(2, 5, 7, 3)).astype(np.float32)
    layer = blocks.BilinearUpsampling(dtype=dtype)
    reference = layers.UpSampling2D(2, interpolation="bilinear", dtype=dtype)
    expected = np.asarray(ops.cast(reference(features), "float32"))
    any_size = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 3))])
    for upsampled in (layer(features), any_size(features)):
        np.testing.assert_array_equal(ops.cast(upsampled, "float32"), expected)
    rebuilt = blocks.BilinearUpsampling.from_config(layer.get_config())
    np.testing.assert_array_equal(ops.cast(rebuilt(features), "float32"), expected)


def convolutions(model: keras.Model) -> list[layers.Conv2D]:
    return [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]


def downsampling(model: keras.Model) -> tuple[list[str], list[str]]:
    """The layers that halve the size: convolutions with a stride, and pooling."""
    strided = [layer.name for layer in convolutions(model) if layer.strides == (2, 2)]
    pooling = [layer.name for layer in model.layers if isinstance(layer, layers.MaxPooling2D)]
    return strided, pooling


@pytest.mark.parametrize(
    ("name", "normalized", "pooled"),
    [
        ("baseline", False, False),
        ("bn", True, False),
        ("max_pooling", False, True),
        ("bn_maxpool", True, True),
    ],
)
def test_normalization_and_pooling_are_combined_in_all_four_ways(
    name: str, normalized: bool, pooled: bool
) -> None:
    model = model_of(name)
    halving = ["encoder_1", "encoder_3", "encoder_5"]  # section 2.4
    expected = ([], [f"{layer}_pool" for layer in halving]) if pooled else (halving, [])
    assert downsampling(model) == expected
    *hidden, ab = convolutions(model)
    assert [layer.name for layer in hidden] == [
        layer.name for layer in convolutions(model_of("baseline")) if layer.name != ab.name
    ]
    for layer in hidden:
        names = {after.name for after in model.layers}
        assert (f"{layer.name}_norm" in names) == normalized
        assert layer.use_bias != normalized
        if normalized:  # before the activation
            norm = model.get_layer(f"{layer.name}_norm")
            assert norm.input is layer.output
            assert model.get_layer(f"{layer.name}_relu").input is norm.output
            assert layer.activation is keras.activations.linear
        else:
            assert layer.activation is keras.activations.relu


def test_dropout_of_the_embedding_drops_half_of_its_elements_for_all_pixels() -> None:
    model = model_of("bn_maxpool_embedding_dropout")
    assert model.get_layer("embedding_drop").input is model.inputs[1]
    fused = keras.Model(model.inputs, model.get_layer("fusion").output)
    L, _ = inputs(model, 32, 32)
    given = [L, np.ones((2, 1000), np.float32)]
    dropped = np.asarray(fused(given, training=True))[..., 256:]
    assert (dropped == dropped[:, :1, :1]).all()
    assert set(np.unique(dropped)) == {0, 2}  # 1 / (1 - 0.5): the mean stays
    assert (dropped[:, 0, 0] == 0).mean() == pytest.approx(0.5, abs=0.05)  # 4 deviations of 2,000
    assert (np.asarray(fused(given, training=False))[..., 256:] == 1).all()


def test_l2_is_bn_maxpool_with_a_penalty_on_every_convolution_kernel() -> None:
    penalized, plain = model_of("l2"), model_of("bn_maxpool")
    assert [layer.name for layer in penalized.layers] == [layer.name for layer in plain.layers]
    assert len(convolutions(penalized)) == 14
    for own, same in zip(penalized.weights, plain.weights, strict=True):
        np.testing.assert_array_equal(own, same, err_msg=own.path)
    squares = sum(
        float((np.asarray(layer.kernel, np.float64) ** 2).sum())
        for layer in convolutions(penalized)
    )
    # keras.regularizers.L2(c) is c times the sum of squares.
    assert sum(float(loss) for loss in penalized.losses) == pytest.approx(0.01 * squares, rel=1e-5)
    assert plain.losses == []


def test_spatial_dropout_follows_every_other_block_of_encoder_and_decoder() -> None:
    model = model_of("spatial_dropout")
    drops = [layer for layer in model.layers if isinstance(layer, layers.SpatialDropout2D)]
    blocks_before = ["encoder_2", "encoder_4", "encoder_6", "encoder_8", "decoder_2", "decoder_4"]
    assert [layer.name for layer in drops] == [f"{block}_drop" for block in blocks_before]
    for layer, block in zip(drops, blocks_before, strict=True):
        assert layer.rate == 0.2
        assert layer.input is model.get_layer(f"{block}_relu").output
    assert model.count_params() == model_of("bn_maxpool").count_params()


def test_spatial_dropout_drops_whole_channels_in_training_alone() -> None:
    keras.utils.set_random_seed(1)
    tensor = keras.Input((6, 5, 400))
    drop = keras.Model(tensor, blocks.spatial_dropout(tensor, name="drop"))
    ones = np.ones((8, 6, 5, 400), np.float32)
    dropped = np.asarray(drop(ones, training=True))
    assert (dropped == dropped[:, :1, :1]).all()
    kept = dropped[:, 0, 0]
    np.testing.assert_allclose(np.unique(kept), [0, 1.25])  # 1 / (1 - 0.2): the mean stays
    assert (kept == 0).mean() == pytest.approx(0.2, abs=0.03)  # 4 standard deviations of 3,200
    np.testing.assert_array_equal(drop(ones, training=False), ones)


def test_deepers_second_encoder_takes_l_and_the_baselines_ab() -> None:
    model = model_of("deeper")
    baseline = model_of("baseline")
    given = inputs(model, 32, 32)
    hybrid = keras.Model(model.inputs, model.get_layer("hybrid").output)
    encoded = np.asarray(hybrid(given, training=False))
    np.testing.assert_array_equal(encoded[..., :1], given[0])
    np.testing.assert_array_equal(encoded[..., 1:], np.asarray(baseline(given, training=False)))
