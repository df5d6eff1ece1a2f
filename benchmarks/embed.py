"""Compare embedding with Keras' own network, and with timm's of the same name in PyTorch.

Prints a Markdown table: images per second (medians), ratios, peak memory, and the angle between
our vectors and those of float32. Without a weights file the networks have random weights, which
take the same time. Needs benchmarks/requirements.txt.

    python benchmarks/embed.py --archive photos.zip --networks mobilenet_v2 --weights mobilenet.h5
"""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import timm
import torch

import turns
from arguments import build_parser
from colorization.backbones.precision import dtype_policy
from colorization.core.settings import Embed
from colorization.embedding import imagenet
from colorization.embedding.logits import compute_logits
from colorization.sources import archives

IN_TIMM = {"inception_resnet_v2": "inception_resnet_v2", "mobilenet_v2": "mobilenetv2_100"}
PRECISIONS = ("float32", "mixed_bfloat16")


def main(
    archive: Path, networks: list[str], weights: str, count: int, batch_size: int, rounds: int
) -> None:
    names = archives.image_names(archive)[:count]
    print(f"{turns.machine('torch', 'timm')}\n")
    print(f"{len(names)} photographs, in batches of {batch_size}\n")
    for network in networks:
        params = Embed.model_validate(
            {
                "network": network,
                "weights": weights,
                "seed": 1,
                "batch_size": batch_size,
                "precision": "auto",
            }
        )
        methods = {
            f"ours, {policy}": partial(ours, params, archive, names, policy)
            for policy in PRECISIONS
        }
        methods |= {
            f"model.predict, {policy}": partial(stock, params, len(names), policy)
            for policy in PRECISIONS
        }
        for dtype in (torch.float32, torch.bfloat16):
            methods[f"timm, {dtype}".replace("torch.", "")] = partial(
                peer, network, len(names), dtype, batch_size
            )
        print(f"## {network}, weights {Path(weights).name}\n")
        chosen = f"ours, {imagenet.precision_of(params)}"
        print()
        print(turns.table(turns.measure(methods, rounds), chosen, len(names)))
        cosines = agreement(params, archive, names)
        print(
            "\ncosine of our vectors in mixed_bfloat16 with those in float32: "
            f"{cosines.mean():.5f} on average, {cosines.min():.5f} at least\n"
        )


def ours(params: Embed, archive: Path, names: list[str], policy: str) -> turns.Step:
    """Prepare our network; decoding the photographs is measured, too."""
    predict = imagenet.compile_embedder(imagenet.build_embedder(params, policy))
    return partial(embed, predict, archive, names, params)


def embed(predict: imagenet.Predict, archive: Path, names: list[str], params: Embed) -> np.ndarray:
    side = imagenet.NETWORKS[params.network].image_size
    with tempfile.TemporaryDirectory() as folder, turns.quiet():
        checkpoint = Path(folder) / "logits"
        logits = compute_logits(predict, archive, names, side, params.batch_size, checkpoint)
    return np.stack([logits[name] for name in names])


def stock(params: Embed, count: int, policy: str) -> turns.Step:
    """Prepare Keras' network, for images of its input size."""
    side = imagenet.NETWORKS[params.network].image_size
    with dtype_policy(policy):
        model = imagenet.build_classifier(params)
    images = np.random.default_rng(1).uniform(-1, 1, (count, side, side, 3)).astype(np.float32)
    return lambda: model.predict(images, batch_size=params.batch_size, verbose=0)


def peer(network: str, count: int, dtype: torch.dtype, batch_size: int) -> turns.Step:
    """Resize images to the network's input size, so that resizing is not measured."""
    side = imagenet.NETWORKS[network].image_size
    model = timm.create_model(IN_TIMM[network]).eval().to(dtype, memory_format=torch.channels_last)
    images = torch.rand(count, 3, side, side).to(dtype).to(memory_format=torch.channels_last)

    def step() -> None:
        with torch.inference_mode():
            for batch in images.split(batch_size):
                model(batch)

    return step


def agreement(params: Embed, archive: Path, names: list[str]) -> np.ndarray:
    """Compute the cosine between each image's vectors in both precisions."""
    one, other = (
        np.asarray(ours(params, archive, names, policy)(), np.float64) for policy in PRECISIONS
    )
    return (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--networks", nargs="+", choices=IN_TIMM, default=list(IN_TIMM))
    parser.add_argument("--weights", default="random")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
