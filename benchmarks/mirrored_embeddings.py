"""Compare the embeddings of photographs with those of their mirror images, and of others.

    python benchmarks/mirrored_embeddings.py --archive photos.zip --weights mobilenet.h5

A training mirrors photographs at random, but gives them the embedding of the original.
"""

from pathlib import Path

import numpy as np

import turns
from arguments import build_parser
from colorization.core.settings import Embed
from colorization.embedding import imagenet
from colorization.embedding.photographs import decode_batches
from colorization.embedding.standardization import fit_normalization, normalize
from colorization.pages.rendering import Table, markdown_table
from colorization.sources import archives


def main(archive: Path, network: str, weights: str, count: int, batch_size: int) -> None:
    params = Embed.model_validate(
        {
            "network": network,
            "weights": weights,
            "seed": 1,
            "batch_size": batch_size,
            "precision": "float32",
        }
    )
    predict = imagenet.compile_embedder(imagenet.build_embedder(params))
    names = archives.image_names(archive)[:count]
    batches = [names[start : start + batch_size] for start in range(0, len(names), batch_size)]
    originals, mirrored = [], []
    side = imagenet.NETWORKS[params.network].image_size
    for _, squares in decode_batches(archive, batches, side):
        originals.append(predict(squares))
        mirrored.append(predict(np.ascontiguousarray(squares[:, :, ::-1])))
    logits, of_mirrored = np.concatenate(originals), np.concatenate(mirrored)
    mean_and_deviation = fit_normalization(logits)
    own = normalize(logits, mean_and_deviation).astype(np.float64)
    mirror = normalize(of_mirrored, mean_and_deviation).astype(np.float64)
    to_own, to_mirror = cosines(own, own), cosines(mirror, own)
    others = ~np.eye(len(own), dtype=bool)
    nearest = to_own.max(axis=1, where=others, initial=-1)
    same_class = logits.argmax(axis=1) == of_mirrored.argmax(axis=1)
    rows = [
        ["its own mirror image", *quantiles(np.diag(to_mirror))],
        ["the most similar other photograph", *quantiles(nearest)],
        ["any other photograph", *quantiles(to_own[others])],
    ]
    print(f"{turns.machine('keras')}\n")
    print(f"{len(own):,} photographs, {network}, weights {Path(weights).name}\n")
    print(markdown_table(Table(["cosine with", "median", "5%", "95%"], rows)))
    share = (to_mirror.argmax(axis=1) == np.arange(len(own))).mean()
    print(f"the original is the nearest of all to its mirror image: {share:.1%}")
    print(f"the most probable class is the same: {same_class.mean():.1%}")


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compute the cosine of each row of `one` with each of `other`."""
    return (one / np.linalg.norm(one, axis=1, keepdims=True)) @ (
        other / np.linalg.norm(other, axis=1, keepdims=True)
    ).T


def quantiles(values: np.ndarray) -> list[str]:
    return [f"{value:.2f}" for value in np.quantile(values, [0.5, 0.05, 0.95])]


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--network", choices=imagenet.NETWORKS, default="mobilenet_v2")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--batch_size", type=int, default=16)
    main(**vars(parser.parse_args()))
