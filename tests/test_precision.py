"""The policy that `auto` chooses for each hardware, and the precision of each variant's layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.layers import Conv2D

from colorization.backbones import precision
from colorization.backbones.precision import choose_precision, dtype_policy
from colorization.networks import catalog
from colorization.networks.architecture import takes_embedding
from colorization.networks.encoders import ENCODERS
from colorization.packaging.to_onnx import as_float32
from samples import VARIANTS, model_of
from test_variants import PARAMETERS


def machine(
    monkeypatch: pytest.MonkeyPatch,
    flags: str,
    *capabilities: tuple[int, int],
    vendor: str = "GenuineIntel",
) -> None:
    """Let TensorFlow and Linux report other hardware."""
    details = [{"compute_capability": capability} for capability in capabilities]
    monkeypatch.setattr(precision, "cpu_info", lambda: {"vendor_id": vendor, "flags": flags})
    monkeypatch.setattr(tf.config, "list_physical_devices", {"GPU": range(len(details))}.get)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details[gpu])


@pytest.mark.parametrize(
    ("flags", "capabilities", "chosen", "reason"),
    [
        ("avx2", [], "float32", "without fast bfloat16"),
        ("avx512f avx512_bf16", [], "float32", "without fast bfloat16"),
        ("avx512_bf16 amx_tile amx_bf16", [], "mixed_bfloat16", "AMX"),
        ("amx_bf16", [(9, 0)], "mixed_bfloat16", "GPU of compute capability 9.0"),
        ("amx_bf16", [(7, 5)], "mixed_float16", "GPU of compute capability 7.5"),
        ("amx_bf16", [(6, 1)], "float32", "GPU of compute capability 6.1"),
        ("", [(9, 0), (7, 0)], "mixed_float16", "GPU of compute capability 7.0"),
    ],
)
def test_auto_chooses_the_fastest_policy_and_prints_the_reason(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: str,
    capabilities: list[tuple[int, int]],
    chosen: str,
    reason: str,
) -> None:
    machine(monkeypatch, flags, *capabilities)
    assert choose_precision("auto", float16=True) == chosen
    printed = capsys.readouterr().out
    assert chosen in printed
    assert reason in printed


@pytest.mark.parametrize(
    ("flags", "chosen"), [("avx512f", "float32"), ("avx512f avx512_bf16", "mixed_bfloat16")]
)
def test_avx512_bf16_is_chosen_on_amd_where_it_is_faster(
    monkeypatch: pytest.MonkeyPatch, flags: str, chosen: str
) -> None:
    machine(monkeypatch, flags, vendor="AuthenticAMD")
    assert choose_precision("auto", float16=True) == chosen


def test_without_a_description_of_the_processor_auto_is_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(monkeypatch, "amx_bf16")
    monkeypatch.setattr(precision, "cpu_info", dict)
    assert choose_precision("auto", float16=True) == "float32"


def test_auto_does_not_choose_float16_where_excluded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(monkeypatch, "", (7, 5))
    assert choose_precision("auto", float16=False) == "float32"


def test_a_named_precision_is_kept_whatever_the_hardware(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(monkeypatch, "amx_bf16", (9, 0))
    assert choose_precision("float32", float16=True) == "float32"
    assert not capsys.readouterr().out


def test_the_policy_ends_with_its_block() -> None:
    previous = keras.config.dtype_policy().name
    with dtype_policy("mixed_bfloat16"):
        assert keras.layers.ReLU().compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == previous == "float32"


# Every kind of layer; the others are made of the same blocks.
USUAL = {"bn_maxpool", "deeper", "mobilenet_unet", "vgg16_conv", "vgg19_unet"}


@pytest.mark.parametrize(
    "variant",
    [pytest.param(name, marks=[] if name in USUAL else pytest.mark.soak) for name in PARAMETERS],
)
def test_a_variant_computes_in_bfloat16_except_its_first_and_last_layers(variant: str) -> None:
    model = model_of(variant, precision="mixed_bfloat16")
    assert {weight.dtype for weight in model.weights} <= {"float32", "uint32"}  # dropout's state
    outputs = [layer for layer in model.layers if layer.name in ("ab", "decoder_ab")]
    assert {layer.compute_dtype for layer in outputs} == {"float32"}
    encoder = catalog.load(VARIANTS[variant].network).encoder
    float32_encoder = encoder is not None and ENCODERS[encoder].folded
    nested = model.layers if float32_encoder else model._flatten_layers()
    convolutions = [layer for layer in nested if isinstance(layer, Conv2D)]
    rounded = [layer for layer in convolutions if layer.compute_dtype == "bfloat16"]
    assert len(rounded) >= len(convolutions) - 2  # all but the output and VGG's three channels
    float32 = model_of(variant)
    rng = np.random.default_rng(1)
    L, vector = rng.uniform(-1, 1, (2, 32, 32, 1)), rng.normal(size=(2, 1000))
    inputs = [L, vector] if takes_embedding(model) else [L]
    given = [*inputs, *[None] * (len(model.inputs) - len(inputs))]
    ab, exact = (np.asarray(one(given, training=False)) for one in (model, float32))
    assert ab.dtype == np.float32
    assert (ab != exact).any()
    # bfloat16 has 8 bits, so each of a dozen layers is off by some thousandths.
    assert np.abs(ab - exact).mean() < 0.05 * np.abs(exact).mean()


@pytest.mark.parametrize("variant", ["bn_maxpool", "vgg16_repeat"])  # without and with an encoder
def test_a_packages_copy_of_a_model_computes_in_float32(variant: str) -> None:
    rng = np.random.default_rng(1)
    model, expected = model_of(variant, precision="mixed_bfloat16"), model_of(variant)
    given = [rng.uniform(-1, 1, (2, 32, 32, 1)), rng.normal(size=(2, 1000))][: len(model.inputs)]
    np.testing.assert_array_equal(as_float32(model)(given), expected(given))


@pytest.mark.parametrize("variant", ["vgg16_conv", "vgg16_repeat", "vgg19_unet"])
def test_what_vgg_sees_is_not_rounded_to_bfloat16_before_its_mean_is_subtracted(
    variant: str,
) -> None:
    models = [model_of(variant, precision=name) for name in ("float32", "mixed_bfloat16")]
    L = np.linspace(-1, 1, 1024, dtype=np.float32).reshape(1, 32, 32, 1)
    exact, rounded = [
        np.asarray(keras.Model(model.inputs, model.get_layer("minus_mean").output)([L]))
        for model in models
    ]
    np.testing.assert_array_equal(rounded, exact)
