"""How far a hint reaches, and whether it stops at edges.

Cached test photographs each get one hint of a random color at a random place. What changes is the
distance in CIE ab to the result without hints, at vividness 0. It should change where the thing
continues that the hint is on, and nowhere else. A photograph does not say what belongs to what; its
true colors stand for that: the same as at the hint, or clearly others. Prints a Markdown table over
the distance from the hint, px.

    python benchmarks/hint_reach.py --data data
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

import turns
from arguments import build_parser
from colorization.color import lab
from colorization.color.lab import chroma_of
from colorization.colorizing.colorizer import load
from colorization.colorizing.hints import Hint
from colorization.colorizing.prepared import Prepared
from hint_curve import colorful_photographs

DISTANCES = (6, 12, 24, 48)  # px; nearer, it is the place of the hint itself
SAME, OTHER = 5.0, 20.0  # distance in CIE ab to the true color of the hint's place


def main(model: Path | None, data: Path, images: int) -> None:
    colorizer = load(model)
    photographs = colorful_photographs(data, "test", images)
    side = photographs.shape[1]
    print(f"{turns.machine('onnxruntime')}\n\n{len(photographs)} test photographs\n")
    rng = np.random.default_rng(1)
    changes: dict[str, list[list[float]]] = {"the same thing": [], "elsewhere": []}
    for rgb in photographs:
        x, y = rng.integers(side, size=2).tolist()
        red, green, blue = rng.integers(256, size=3).tolist()
        L, ab = lab.rgb_to_lab(rgb)
        prepared = Prepared(L, None, (side, side))
        (before,) = colorizer.predict([prepared])
        after = colorizer.apply_hints(before, prepared, [Hint(x, y, (red, green, blue))])
        change = chroma_of(colorizer.decode(after, 0.0) - colorizer.decode(before, 0.0))
        rows, columns = np.mgrid[:side, :side]
        distance, difference = np.hypot(rows - y, columns - x), chroma_of(ab - ab[y, x])
        for where, mask in (
            ("the same thing", difference < SAME),
            ("elsewhere", difference > OTHER),
        ):
            rings = (
                change[mask & (distance >= near) & (distance < far)]
                for near, far in pairwise(DISTANCES)
            )
            changes[where].append([ring.mean() if ring.size else np.nan for ring in rings])
    table = {where: np.nanmean(rings, axis=0) for where, rings in changes.items()}
    names = [f"{near} to {far}" for near, far in pairwise(DISTANCES)]
    print(pd.DataFrame(table, index=names).rename_axis("px").to_markdown(floatfmt=".1f"))


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--model", type=Path, help="package; default: the released model")
    parser.add_argument("--data", type=Path, default=Path("data"), help="with lab/ and colors/")
    parser.add_argument("--images", type=int, default=200)
    main(**vars(parser.parse_args()))
