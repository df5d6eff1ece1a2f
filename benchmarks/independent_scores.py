"""Recompute the scores of a training from its weights, with no code of the pipeline.

An independent witness of `metrics.json`, `test_images.csv` and `gap.csv`, written from the pages in
docs/ and the papers that they cite, so that a mistake would have to be made twice. It decodes the
photographs of `data/raw.zip` with Pillow, converts them with scikit-image, evaluates the network of
`model.json` with NumPy in float32, and computes the metrics of docs/metrics.md, except those of
regions. It takes from the pipeline `split.csv`, the weights, the embeddings, and which photographs
were trained on. The pages had left three things open, which were chosen by what agrees with the
pipeline's files: the filter that resizes, how indices of evenly spaced photographs are rounded, and
that the bins of colors are counted in the cached arrays, not in the photographs.

Prints a Markdown table: each score by the pipeline and by this script, their difference, and the
largest difference of a single photograph. Nothing is called equal or unequal: what was trained in
bfloat16 was also scored in bfloat16, which changes scores a little. `--bfloat16` rounds where
`model.json` says so, to see how much of the difference is due to that.

The networks are those of the paper that predict ab without a pretrained encoder: `baseline`,
`deeper`, `bn`, `max_pooling`, `bn_maxpool`, `l2`, `spatial_dropout`.

    dvc repro experiments/dvc.yaml:evaluate@bn_maxpool-1
    python benchmarks/independent_scores.py bn_maxpool-1
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
from PIL import Image, ImageCms, ImageOps
from skimage.color import colorconv, deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from arguments import build_parser

FILTER = Image.Resampling.BICUBIC  # reproduces data/lab/test/rgb.npy
AB_SCALE = 128.0  # CIE units of a* and b* in one unit of the network
BIN, BINS = 10.0, 27  # CIE units, side of the bins of colors, and how many from -135 to 135
CIE_EPSILON, CIE_KAPPA = 216 / 24389, 24389 / 27  # CIE 15:2004, 8.2.1: where f becomes linear
D65 = np.array([0.95047, 1.0, 1.08883])  # XYZ of white, 2 degree observer, as rgb2lab has it
BISECTIONS = 24  # of the factor on the chroma, more than 8 bits can show
GRID = 16  # blocks across a photograph, in predictions.npz
COLORS = "model", "gray", "constant"
METRICS = (
    "psnr_rgb_db",
    "ssim_rgb",
    "ciede2000_mean",
    "colorfulness",
    "stains_percent",
    "auc_ab_percent",
    "auc_ab_rebalanced_percent",
    "mse_ab",
    "psnr_vs_gray_db",
    "ssim_vs_gray",
)
WEIGHTS = {"best": "model.weights.h5", "last": "last.weights.h5"}
KEYS = {"colorfulness": "colorfulness_ratio"}  # of metrics.json, where not those of its columns
PARTS = {"train": "training_images", "test": "test_images"}  # keys of metrics.json, by split
PARAMS, DATA, MODELS = Path("params.yaml"), Path("data"), Path("models")

Config = dict[str, Any]
Evaluate = Callable[[Config, list[np.ndarray], list[np.ndarray]], np.ndarray]


# The photographs.


def names_of(split: str) -> list[str]:
    table = pd.read_csv(DATA / "split.csv", keep_default_na=False)
    names: list[str] = table.loc[table["split"] == split, "name"].tolist()
    return names


def read_squares(names: list[str], side: int) -> Iterator[np.ndarray]:
    """Read photographs, and reduce their center squares to a size.

    Yields
    ------
    rgb : (side, side, 3) uint8 array
        sRGB.
    """
    with zipfile.ZipFile(DATA / "raw.zip") as archive:
        for name in names:
            with Image.open(io.BytesIO(archive.read(name))) as image:
                upright = to_srgb(ImageOps.exif_transpose(image))
            yield np.asarray(ImageOps.fit(upright, (side, side), FILTER))


def to_srgb(image: Image.Image) -> Image.Image:
    """Convert an image to sRGB, by its color profile if it has one."""
    profile = image.info.get("icc_profile")
    if profile is None or image.mode not in ("RGB", "L", "CMYK"):
        return image.convert("RGB")
    srgb = ImageCms.createProfile("sRGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image.convert("RGB")
    return converted or image  # None if it works in place, which was not asked for


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Compute the network's input, rounded to the 16 bits in which the pipeline keeps it.

    Returns
    -------
    L : (N, H, W, 1) float32 array
        CIE L* / 50 - 1.
    """
    return (rgb2lab(rgb)[..., :1] / 50 - 1).astype(np.float16).astype(np.float32)


def true_ab(rgb: np.ndarray) -> np.ndarray:
    """Return the CIE a* and b* of 8-bit pixels."""
    ab: np.ndarray = rgb2lab(rgb)[..., 1:]
    return ab


def chroma(ab: np.ndarray) -> np.ndarray:
    return np.hypot(ab[..., 0], ab[..., 1])


# The network.


class Network:
    """A Keras model of few kinds of layers, evaluated with NumPy in float32.

    Parameters
    ----------
    description : Path
        The model's `to_json`.
    weights : Path
        The model's `save_weights`.
    bfloat16 : bool
        Whether to round weights and outputs of layers whose precision is bfloat16.
    """

    def __init__(self, description: Path, weights: Path, bfloat16: bool) -> None:
        config = json.loads(description.read_text())["config"]
        self.layers = {layer["name"]: layer for layer in config["layers"]}
        self.last_use = {
            source: name for name, layer in self.layers.items() for source in sources(layer)
        }
        self.output: str = config["output_layers"][0]
        self.bfloat16 = bfloat16
        self.weights = read_weights(weights)
        for name, layer in self.layers.items():
            if layer["class_name"] not in {"InputLayer", *LAYERS}:
                raise SystemExit(
                    f"{description}: {name} is a {layer['class_name']}; this script evaluates only "
                    f"{', '.join(LAYERS)}"
                )

    def predict(self, inputs: dict[str, np.ndarray], batch: int) -> np.ndarray:
        """Predict ab, in the network's units, of all photographs.

        Parameters
        ----------
        inputs : dict of float32 arrays
            The network's inputs by their names: `L` (N, H, W, 1), and perhaps `embedding` (N, D).
        batch : int
            Photographs to evaluate at a time.
        """
        count = len(inputs["L"])
        return np.concatenate(
            [
                self.evaluate({name: array[i : i + batch] for name, array in inputs.items()})
                for i in range(0, count, batch)
            ]
        )

    def evaluate(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        outputs = dict(inputs)
        for name, layer in self.layers.items():  # Keras lists them in the order of evaluation
            if layer["class_name"] == "InputLayer":
                continue
            outputs[name] = self.apply(name, [outputs[source] for source in sources(layer)])
            for source in sources(layer):
                if self.last_use[source] == name:
                    del outputs[source]  # else a batch takes gigabytes
        return outputs[self.output]

    def apply(self, name: str, inputs: list[np.ndarray]) -> np.ndarray:
        layer, weights = self.layers[name], self.weights.get(name, [])
        evaluate = LAYERS[layer["class_name"]]
        if not self.bfloat16 or "bfloat16" not in json.dumps(layer["config"]["dtype"]):
            return evaluate(layer["config"], weights, inputs)
        if layer["class_name"] == "Conv2D":  # a normalization's weights remain in float32
            weights = [round_to_bfloat16(array) for array in weights]
        inputs = [round_to_bfloat16(array) for array in inputs]
        return round_to_bfloat16(evaluate(layer["config"], weights, inputs))


def read_weights(path: Path) -> dict[str, list[np.ndarray]]:
    """Read a Keras weights file: the arrays of each layer, in Keras' order, by the layer's name."""
    with h5py.File(path) as file:
        variables = [group["vars"] for group in file["layers"].values()]
        return {
            group.attrs["name"]: [group[str(i)][()] for i in range(len(group))]
            for group in variables
        }


def sources(layer: Config) -> list[str]:
    """Return the names of the layers whose outputs a layer takes, in the order of its arguments."""
    return [
        tensor["config"]["keras_history"][0]
        for node in layer["inbound_nodes"]
        for argument in node["args"]
        for tensor in (argument if isinstance(argument, list) else [argument])
    ]


def round_to_bfloat16(values: np.ndarray) -> np.ndarray:
    """Round float32 to the nearest bfloat16, ties to even, and store it as float32 again."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return bits.view(np.float32)


def require(config: Config, **values: Any) -> None:
    """End if a layer has a setting that is not evaluated here."""
    for key, value in values.items():
        if config[key] != value:
            raise SystemExit(
                f"{config['name']}: {key} is {config[key]!r}; this script evaluates only {value!r}"
            )


def convolve(config: Config, weights: list[np.ndarray], inputs: list[np.ndarray]) -> np.ndarray:
    """Convolve by one matrix product: each row is the patch below a kernel at one position."""
    require(config, padding="same", dilation_rate=[1, 1], groups=1, data_format="channels_last")
    (x,) = inputs
    kernel = weights[0]
    height, width, channels, filters = kernel.shape
    down, right = config["strides"]
    margins = [(0, 0), margin(x.shape[1], height, down), margin(x.shape[2], width, right), (0, 0)]
    patches = np.lib.stride_tricks.sliding_window_view(
        np.pad(x, margins), (height, width), axis=(1, 2)
    )[:, ::down, ::right]  # (N, rows, columns, channels, height, width)
    rows = patches.transpose(0, 1, 2, 4, 5, 3).reshape(-1, height * width * channels)
    y = (rows @ kernel.reshape(-1, filters)).reshape(*patches.shape[:3], filters)
    if config["use_bias"]:
        y += weights[1]
    return activate(config, [], [y])


def margin(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return how many zeros TensorFlow adds before and after, of an odd number one more after."""
    steps = -(-length // stride)
    total = max((steps - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


def activate(config: Config, _: list[np.ndarray], inputs: list[np.ndarray]) -> np.ndarray:
    if config["activation"] not in ACTIVATIONS:
        raise SystemExit(
            f"{config['name']}: the activation is {config['activation']!r}; this script evaluates "
            f"only {', '.join(ACTIVATIONS)}"
        )
    return ACTIVATIONS[config["activation"]](inputs[0])


def normalize(config: Config, weights: list[np.ndarray], inputs: list[np.ndarray]) -> np.ndarray:
    """Normalize by the moving averages, as batch normalization does in inference."""
    require(config, center=True, scale=True, axis=-1)
    gamma, beta, mean, variance = weights
    scale = gamma / np.sqrt(variance + np.float32(config["epsilon"]))
    return inputs[0] * scale + (beta - mean * scale)


def rectify(config: Config, _: list[np.ndarray], inputs: list[np.ndarray]) -> np.ndarray:
    require(config, max_value=None, negative_slope=0.0, threshold=0.0)
    return np.maximum(inputs[0], 0)


def pool(config: Config, _: list[np.ndarray], inputs: list[np.ndarray]) -> np.ndarray:
    """Return the maximum of each block of 2x2 pixels."""
    require(config, pool_size=[2, 2], strides=[2, 2])
    n, height, width, channels = inputs[0].shape
    return inputs[0].reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def enlarge(config: Config, _: list[np.ndarray], inputs: list[np.ndarray]) -> np.ndarray:
    require(config, interpolation="nearest")
    down, right = config["size"]
    return inputs[0].repeat(down, axis=1).repeat(right, axis=2)


def fuse(_: Config, __: list[np.ndarray], inputs: list[np.ndarray]) -> np.ndarray:
    """Append the embedding to the features of each pixel, as section 2.4 of the paper says."""
    features, embedding = inputs
    shape = (*features.shape[:3], embedding.shape[1])
    repeated = np.broadcast_to(embedding[:, np.newaxis, np.newaxis], shape)
    return np.concatenate([features, repeated], axis=-1)


def concatenate(config: Config, _: list[np.ndarray], inputs: list[np.ndarray]) -> np.ndarray:
    require(config, axis=-1)
    return np.concatenate(inputs, axis=-1)


def pass_on(_: Config, __: list[np.ndarray], inputs: list[np.ndarray]) -> np.ndarray:
    """Return the input: dropout is of the training alone."""
    return inputs[0]


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
}
LAYERS: dict[str, Evaluate] = {
    "Conv2D": convolve,
    "BatchNormalization": normalize,
    "FusedBatchNormalization": normalize,
    "ReLU": rectify,
    "Activation": activate,
    "MaxPooling2D": pool,
    "UpSampling2D": enlarge,
    "RepeatOver": fuse,
    "Concatenate": concatenate,
    "Dropout": pass_on,
    "SpatialDropout2D": pass_on,
}


# The scored image.


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """Convert CIE Lab to sRGB, made paler where sRGB has no such color.

    L* and the hue remain. The chroma is multiplied by the largest factor with which red, green and
    blue round into 0 to 255.

    Parameters
    ----------
    lab : (H, W, 3) float64 array
        CIE Lab, D65.

    Returns
    -------
    rgb : (H, W, 3) uint8 array
        sRGB.
    """
    factor = np.ones(lab.shape[:2])
    outside = ~in_srgb(lab_to_levels(lab))
    factor[outside] = largest_factor(lab[outside])
    return np.rint(lab_to_levels(paler(lab, factor))).clip(0, 255).astype(np.uint8)


def largest_factor(lab: np.ndarray) -> np.ndarray:
    """Return the factor on the chroma that takes each color into sRGB, by bisection."""
    least, most = np.zeros(lab.shape[:-1]), np.ones(lab.shape[:-1])
    for _ in range(BISECTIONS):
        middle = (least + most) / 2
        inside = in_srgb(lab_to_levels(paler(lab, middle)))
        least, most = np.where(inside, middle, least), np.where(inside, most, middle)
    return least


def paler(lab: np.ndarray, factor: np.ndarray) -> np.ndarray:
    return lab * np.stack([np.ones_like(factor), factor, factor], axis=-1)


def in_srgb(levels: np.ndarray) -> np.ndarray:
    """Return which pixels' red, green and blue round into 0 to 255."""
    return np.abs(levels - 127.5).max(axis=-1) <= 128


def lab_to_levels(lab: np.ndarray) -> np.ndarray:
    """Convert CIE Lab to the levels of sRGB, from 0 to 255, beyond which other colors lie.

    scikit-image's `lab2rgb` clips these.

    References
    ----------
    CIE 15:2004, section 8.2.1; IEC 61966-2-1, section 5.2. The matrix is scikit-image's.
    """
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    xyz = D65 * np.where(f**3 > CIE_EPSILON, f**3, (116 * f - 16) / CIE_KAPPA)
    linear = xyz @ colorconv.rgb_from_xyz.T
    curved = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return 255 * np.where(linear > 0.0031308, curved, 12.92 * linear)


# The metrics.


def score(truth: np.ndarray, ab: np.ndarray, counts: np.ndarray) -> dict[str, float]:
    """Score the colors of one photograph.

    Parameters
    ----------
    truth : (H, W, 3) uint8 array
        The photograph, sRGB.
    ab : (H, W, 2) array, or one that broadcasts to it
        The predicted colors, CIE a* and b*.
    counts : (BINS, BINS) int array
        Pixels of the training photographs in each bin of colors.
    """
    lab = rgb2lab(truth)
    predicted = np.broadcast_to(ab, (*lab.shape[:2], 2))
    error = chroma(predicted - lab[..., 1:])
    accuracy = np.maximum(0, 1 - error / 150)  # the mean of error <= t over t in 0..150
    weights = 1 / np.maximum(counts[bins_of(lab[..., 1:])], 1)
    image = lab_to_rgb(np.concatenate([lab[..., :1], predicted], axis=-1))
    gray = lab_to_rgb(lab * [1, 0, 0])
    stained = (chroma(predicted) > 40) & (chroma(lab[..., 1:]) < 15)
    return {
        "mse_ab": mse_ab(lab[..., 1:], predicted),
        "psnr_rgb_db": psnr(truth, image),
        "ssim_rgb": ssim(truth, image),
        "ciede2000_mean": float(deltaE_ciede2000(lab, rgb2lab(image)).mean()),
        "colorfulness": colorfulness(image),
        "stains_percent": 100 * float(stained.mean()),
        "auc_ab_percent": 100 * float(accuracy.mean()),
        "auc_ab_rebalanced_percent": 100 * float((weights * accuracy).sum() / weights.sum()),
        "psnr_vs_gray_db": psnr(gray, image),
        "ssim_vs_gray": ssim(gray, image),
    }


def mse_ab(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Compute the MSE of a* and b* in the network's units, from CIE units."""
    return float(np.square(truth - predicted).mean() / AB_SCALE**2)


def mean_chroma(rgb: np.ndarray) -> float:
    return float(chroma(true_ab(rgb)).mean())


def psnr(truth: np.ndarray, image: np.ndarray) -> float:
    """Compute the PSNR of 8-bit images in dB, or NaN if they are equal."""
    mse = np.square(truth.astype(np.float64) - image).mean()
    return float(10 * np.log10(255**2 / mse)) if mse else np.nan


def ssim(truth: np.ndarray, image: np.ndarray) -> float:
    """Compute the SSIM as Wang et al. (2004) do: 11x11 Gaussian windows that lie in the image."""
    return float(
        structural_similarity(
            truth,
            image,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=255,
            channel_axis=-1,
        )
    )


def colorfulness(image: np.ndarray) -> float:
    """Compute the colorfulness M of Hasler and Süsstrunk (2003)."""
    red, green, blue = np.moveaxis(image.astype(np.float64), -1, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def colors_of_training(squares: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean a* and b* of photographs of one size, and the pixels in each bin of colors.

    They are rounded to 16 bits first. The pipeline counts the colors of its cached arrays, and the
    sides of the bins are numbers of 16 bits, to which colors nearby are rounded.

    Returns
    -------
    mean : (2,) float64 array
        CIE a* and b*.
    counts : (BINS, BINS) int array
        Pixels by the rounded tens of a* and b*, as `bins_of` has them.
    """
    means, counts = [], np.zeros((BINS, BINS), int)
    for rgb in squares:
        ab = AB_SCALE * (true_ab(rgb) / AB_SCALE).astype(np.float16).astype(np.float64)
        means.append(ab.mean(axis=(0, 1)))
        np.add.at(counts, bins_of(ab), 1)
    return np.mean(means, axis=0), counts


def bins_of(ab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the bins of colors, whose centers are multiples of ten."""
    index = np.rint(ab / BIN).astype(int) + BINS // 2
    return index[..., 0], index[..., 1]


# The summaries.


def mean(values: np.ndarray) -> tuple[float, float]:
    """Return the mean over photographs, and its standard error, without those that have none."""
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan
    return float(values.mean()), standard_error(values)


def standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def ratio_of_sums(numerator: np.ndarray, denominator: np.ndarray) -> tuple[float, float]:
    """Return a ratio of sums over the same photographs, and its standard error (delta method)."""
    ratio = numerator.sum() / denominator.sum()
    return float(ratio), standard_error(numerator - ratio * denominator) / denominator.mean()


def ratio_of_means(numerator: np.ndarray, denominator: np.ndarray) -> tuple[float, float]:
    """Return a ratio of means over other photographs, and its standard error (delta method)."""
    above, below = mean(numerator), mean(denominator)
    ratio = above[0] / below[0]
    return ratio, ratio * float(np.hypot(above[1] / above[0], below[1] / below[0]))


def summarize(images: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Summarize the scores of photographs by the keys of `metrics.json`.

    Parameters
    ----------
    images : DataFrame
        Columns as in `test_images.csv`; photographs that are not nearly gray.

    Returns
    -------
    scores : dict of pairs
        Each score with its standard error.
    """
    columns = {name: images[name].to_numpy(np.float64) for name in images}
    scores = {}
    for colors in COLORS:
        left, error = ratio_of_sums(columns[f"{colors}_mse_ab"], columns["constant_mse_ab"])
        scores[f"{colors}.error_removed_percent"] = 100 * (1 - left), 100 * error
        for metric in METRICS:
            values, key = columns[f"{colors}_{metric}"], f"{colors}.{KEYS.get(metric, metric)}"
            is_ratio = metric == "colorfulness"
            scores[key] = ratio_of_sums(values, columns[metric]) if is_ratio else mean(values)
    for baseline in COLORS[1:]:
        gain = columns["model_psnr_rgb_db"] - columns[f"{baseline}_psnr_rgb_db"]
        scores[f"psnr_gain.{baseline}.psnr_rgb_db"] = mean(gain)
    return scores


def summarize_gap(errors: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Summarize the rows of `gap.csv` that are not nearly gray, in the same way."""
    scores = {}
    for weights in WEIGHTS:
        parts = errors.groupby(level="split")[f"mse_ab_{weights}"]
        mse = {split: parts.get_group(split).to_numpy() for split in PARTS}
        for split, key in PARTS.items():
            scores[f"{key}.mse_ab_{weights}"] = mean(mse[split])
        scores[f"test_images.gap_{weights}"] = ratio_of_means(mse["test"], mse["train"])
    return scores


# A training.


@dataclass(frozen=True)
class Training:
    """A training of the workspace, and how to evaluate its network."""

    name: str
    batch: int
    bfloat16: bool

    def read_facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = read_json(MODELS / self.name / "training.json")
        return facts

    def read_embeddings(self, split: str, names: list[str]) -> dict[str, np.ndarray]:
        """Read the embeddings of photographs, as the network's input, if it takes any."""
        variant = self.read_facts()["variant"]
        kind = read_json(DATA / "inputs" / variant / "variant.json")["line"]["embedding"]
        if kind == "none":
            return {}
        folder = DATA / "embeddings" / kind
        row = {name: i for i, name in enumerate(read_json(folder / "names.json")[split])}
        return {"embedding": np.load(folder / f"{split}.npy")[[row[name] for name in names]]}

    def predict(self, split: str, names: list[str], rgb: np.ndarray) -> dict[str, np.ndarray]:
        """Predict the colors of photographs of a split.

        Returns
        -------
        predicted : dict of (N, H, W, 2) float32 arrays
            CIE a* and b*, by the best and by the last weights.
        """
        folder = MODELS / self.name
        inputs = {"L": luminance(rgb)} | self.read_embeddings(split, names)
        return {
            weights: np.float32(AB_SCALE)
            * Network(folder / "model.json", folder / file, self.bfloat16).predict(
                inputs, self.batch
            )
            for weights, file in WEIGHTS.items()
        }

    def some_of_training(self, count: int) -> list[str]:
        """Return as many of the photographs that it was trained on, evenly spaced."""
        rows = np.load(MODELS / self.name / "training_images.npy")
        spaced = np.rint(np.linspace(0, len(rows) - 1, min(count, len(rows)))).astype(int)
        names = names_of("train")
        return [names[row] for row in rows[spaced]]


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_min_chroma() -> float:
    """Read `evaluate.min_chroma` of params.yaml, without a package for YAML."""
    section = re.search(r"^evaluate:.*\n((?:[ #].*\n|\n)*)", PARAMS.read_text(), re.MULTILINE)
    setting = section and re.search(r"^ +min_chroma: *([\d.]+)", section[1], re.MULTILINE)
    if not setting:
        raise SystemExit(f"{PARAMS}: evaluate.min_chroma is not on a line of its own")
    return float(setting[1])


def score_images(
    rgb: np.ndarray, predicted: np.ndarray, constant: np.ndarray, counts: np.ndarray
) -> pd.DataFrame:
    """Score photographs, their gray versions and the constant color, as `test_images.csv` does."""
    rows = []
    for truth, ab in zip(rgb, predicted, strict=True):
        row = {"mean_chroma": mean_chroma(truth), "colorfulness": colorfulness(truth)}
        for name, colors in zip(COLORS, (ab, np.zeros(2), constant), strict=True):
            scores = score(truth, colors, counts)
            row |= {f"{name}_{metric}": value for metric, value in scores.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def errors_of_both_weights(
    split: str, names: list[str], rgb: np.ndarray, predicted: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Compute the MSE of ab of photographs, as `gap.csv` has it."""
    columns: dict[str, Any] = {"split": split, "name": names}
    columns["mean_chroma"] = [mean_chroma(truth) for truth in rgb]
    for weights, colors in predicted.items():
        columns[f"mse_ab_{weights}"] = [
            mse_ab(true_ab(truth), ab) for truth, ab in zip(rgb, colors, strict=True)
        ]
    return pd.DataFrame(columns)


def block_means(ab: np.ndarray) -> np.ndarray:
    """Return the means of the blocks of a grid, in steps of 1/8, as `predictions.npz` has them."""
    n, height, width, _ = ab.shape
    blocks = ab.reshape(n, GRID, height // GRID, GRID, width // GRID, 2)
    return np.rint(8 * blocks.mean(axis=(2, 4))) / 8


# The comparison.


def largest_differences(images: pd.DataFrame, pipeline: pd.DataFrame) -> dict[str, float]:
    """Return the largest difference of a photograph in each metric, by the keys of `metrics.json`.

    That of the colorfulness is in units of the colorfulness itself, not of the ratio.

    Parameters
    ----------
    images, pipeline : DataFrame
        Columns of `test_images.csv`, recomputed and the pipeline's, indexed by photographs.
    """
    columns = [f"{colors}_{metric}" for colors in COLORS for metric in METRICS]
    keys = [f"{colors}.{KEYS.get(metric, metric)}" for colors in COLORS for metric in METRICS]
    largest = (images[columns] - pipeline[columns]).abs().max()
    return dict(zip(keys, largest, strict=True))


def largest_differences_of_gap(errors: pd.DataFrame, pipeline: pd.DataFrame) -> dict[str, float]:
    """Do the same for the columns of `gap.csv`, which should have the same photographs."""
    if len(errors.index.symmetric_difference(pipeline.index)):
        raise SystemExit("gap.csv has other photographs than docs/metrics.md says")
    columns = [f"mse_ab_{weights}" for weights in WEIGHTS]
    largest = (errors[columns] - pipeline[columns]).abs().groupby(level="split").max()
    return {
        f"{key}.{column}": largest[column].to_dict()[split]
        for split, key in PARTS.items()
        for column in columns
    }


def flatten(metrics: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Return nested values by keys with dots; those that are null become NaN."""
    flat: dict[str, float] = {}
    for key, value in metrics.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = np.nan if value is None else value
    return flat


def compare(
    scores: dict[str, tuple[float, float]], metrics: dict[str, float], largest: dict[str, float]
) -> pd.DataFrame:
    """Compare recomputed scores with the pipeline's.

    Parameters
    ----------
    scores : dict of pairs
        Each recomputed score with its standard error.
    metrics : dict
        The content of `metrics.json`.
    largest : dict
        The largest difference of a single photograph.

    Returns
    -------
    table : DataFrame
        A row for each score; numbers as text.
    """
    return pd.DataFrame(
        {
            "score": key,
            "pipeline": text(metrics[key]),
            "recomputed": text(value),
            "difference": text(value - metrics[key], "+.1e"),
            "standard error, pipeline": text(metrics.get(f"{key}_se", np.nan)),
            "standard error, recomputed": text(error),
            "largest difference of a photograph": text(largest.get(key, np.nan), ".1e"),
        }
        for key, (value, error) in scores.items()
    )


def text(value: float, form: str = ".6g") -> str:
    return "" if np.isnan(value) else f"{value:{form}}"


def describe_inputs(name: str, rgb: np.ndarray, ab: np.ndarray, constant: np.ndarray) -> str:
    """Tell how far test photographs, predictions and the constant color are from the pipeline's."""
    pixels = (rgb != np.load(DATA / "lab" / "test" / "rgb.npy")).any(axis=-1).sum()
    with np.load(DATA / "evaluations" / name / "predictions.npz") as predictions:
        apart = np.abs(block_means(ab) - predictions["ab"])
    color = constant - AB_SCALE * np.array(read_json(DATA / "colors" / "mean_ab.json"))
    return (
        f"{pixels} of the {rgb[..., 0].size} pixels of the {len(rgb)} test photographs differ from "
        f"`data/lab/test/rgb.npy`.\nPredicted means of blocks differ from `predictions.npz` by "
        f"{apart.mean():.3f} CIE units on average, {apart.max():.3f} at most.\nThe constant color "
        f"differs from `mean_ab.json` by {np.abs(color).max():.1e} CIE units."
    )


def describe_sets(images: pd.DataFrame, errors: pd.DataFrame, metrics: dict[str, float]) -> str:
    """Tell how many photographs are in the means, here and in the pipeline's."""
    parts = errors.index.get_level_values("split")
    counts = {
        "images_scored": len(images),
        **{f"{key}.images": (parts == split).sum() for split, key in PARTS.items()},
    }
    return "\n".join(
        f"`{key}`: {count} photographs, by the pipeline {metrics[key]}."
        for key, count in counts.items()
    )


def main(name: str, batch: int, bfloat16: bool) -> None:
    training, evaluation = Training(name, batch, bfloat16), DATA / "evaluations" / name
    if not (evaluation / "metrics.json").exists():
        raise SystemExit(f"{name} is not scored: dvc repro experiments/dvc.yaml:evaluate@{name}")
    facts, min_chroma = training.read_facts(), read_min_chroma()
    side, test = facts["image_size"], names_of("test")

    rgb = np.stack(list(read_squares(test, side)))
    predicted = training.predict("test", test, rgb)
    constant, counts = colors_of_training(read_squares(names_of("train"), side))
    images = score_images(rgb, predicted["best"], constant, counts).set_index(pd.Index(test))
    errors = errors_of_both_weights("test", test, rgb, predicted)

    trained = training.some_of_training(len(test))
    rgb_trained = np.stack(list(read_squares(trained, side)))
    predicted_trained = training.predict("train", trained, rgb_trained)
    errors_trained = errors_of_both_weights("train", trained, rgb_trained, predicted_trained)
    errors = pd.concat([errors_trained, errors]).set_index(["split", "name"])

    colorful = images[images["mean_chroma"] >= min_chroma]
    errors_colorful = errors[errors["mean_chroma"] >= min_chroma]
    scores = summarize(colorful) | summarize_gap(errors_colorful)
    largest = largest_differences(
        images, pd.read_csv(evaluation / "test_images.csv", index_col="name")
    ) | largest_differences_of_gap(
        errors, pd.read_csv(evaluation / "gap.csv", index_col=["split", "name"])
    )
    metrics = flatten(read_json(evaluation / "metrics.json"))
    rounded = "bfloat16 where `model.json` says so" if bfloat16 else "float32"
    print(f"`{name}`, trained in {facts['precision']}, recomputed in {rounded}.")
    print(describe_inputs(name, rgb, predicted["best"], constant))
    print(f"{describe_sets(colorful, errors_colorful, metrics)}\n")
    print(compare(scores, metrics, largest).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("name", help="a folder of models/ and data/evaluations/: VARIANT-SEED")
    parser.add_argument("--batch", type=int, default=8, help="photographs evaluated at a time")
    parser.add_argument("--bfloat16", action="store_true", help="round as model.json says")
    main(**vars(parser.parse_args()))
