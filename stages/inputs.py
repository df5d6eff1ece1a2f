"""Stage `inputs`: a variant's line of params.yaml -> all that only this variant depends on.

variant.json   its line, the identity of its encoder's weights, the hash of its network's source
embeddings     its embeddings, if it takes any
"""

from _paths import EMBEDDINGS, INPUTS, PARAMS, WEIGHTS
from _stage import run
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder
from colorization.core.settings import Params
from colorization.networks import catalog
from colorization.networks.inputs import write_inputs


def main(variant: str) -> None:
    variants = Params.load(PARAMS).variants
    if variant not in variants:
        raise ColorizationError(
            f"the variant must be one of {', '.join(variants)}; found {variant}"
        )
    line = variants[variant]
    source = catalog.source(line.network)
    encoder = WEIGHTS / f"{line.encoder}.json"
    with atomic_folder(INPUTS / variant) as folder:
        write_inputs(line, source, encoder, EMBEDDINGS / line.embedding, folder)


if __name__ == "__main__":
    run(main)
