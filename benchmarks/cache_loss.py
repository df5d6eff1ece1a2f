"""Measure the loss of the cache: photographs converted to float16 L and ab and back to 8-bit sRGB.

python benchmarks/cache_loss.py --archive photos.zip --image_size 224
"""

import tempfile
from pathlib import Path

import numpy as np

from arguments import build_parser
from colorization.color import lab, similarity
from colorization.core.progress import progress
from colorization.dataset import arrays
from colorization.photos import decoding, model_input
from colorization.sources import archives


def main(archive: Path, image_size: int) -> None:
    names = archives.image_names(archive)
    with tempfile.TemporaryDirectory() as folder:
        arrays.create(Path(folder), names, image_size)
        for row, name in enumerate(progress(names, "caching images", len(names))):
            rgb = decoding.to_srgb(decoding.open_image(archives.read_member(archive, name)))
            arrays.fill(Path(folder), row, model_input.center_square(rgb, image_size)[None])
        cached = arrays.read(Path(folder))
        scores, differences = [], []
        for L, ab, rgb in zip(cached.L, cached.ab, cached.rgb, strict=True):
            back = lab.lab_to_rgb(L, ab)
            scores.append(similarity.psnr_rgb_db(rgb, back))
            differences.append(np.abs(back.astype(int) - rgb).max())
    finite = np.array([score for score in scores if np.isfinite(score)] or [np.inf])
    exact = sum(np.isinf(scores))
    print(
        f"{len(names)} photographs at {image_size} px: {exact} come back exactly; "
        f"of the others the PSNR is {finite.mean():.1f} dB on average and {finite.min():.1f} dB at "
        f"worst; no 8-bit value differs by more than {max(differences)}"
    )


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--image_size", type=int, default=224, help="px")
    main(**vars(parser.parse_args()))
