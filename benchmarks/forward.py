"""Compare the forward pass of each variant's network with the same network in PyTorch.

Prints Markdown tables: images per second (medians), ratios and peak memory. Needs
benchmarks/requirements.txt.

    python benchmarks/forward.py --variants mobilenet_unet --image_size 96
"""

from functools import partial

import torch

import turns
from arguments import build_parser
from colorization.backbones.precision import choose_precision
from colorization.networks.architecture import takes_embedding
from steps import batch, compiled
from torch_networks import NETWORKS, prepared

TORCH = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main(variants: list[str], image_size: int, batch_size: int, rounds: int) -> None:
    shape = (batch_size, image_size)
    print(f"{turns.machine('torch')}\n\n{image_size} px, batches of {batch_size}\n")
    chosen = f"ours, {choose_precision('auto', float16=False)}"
    for variant in variants:
        methods = {
            f"ours, {policy}": partial(keras_pass, policy)
            for policy in ("float32", "mixed_bfloat16")
        } | {f"PyTorch, {name}": partial(torch_pass, dtype) for name, dtype in TORCH.items()}
        passes = {name: partial(method, variant, shape) for name, method in methods.items()}
        measured = turns.measure(passes, rounds)
        print(f"\n## {variant}\n\n{turns.table(measured, chosen, batch_size)}", flush=True)


def keras_pass(policy: str, variant: str, shape: tuple[int, int]) -> turns.Step:
    model = compiled(variant, policy)
    inputs, _ = batch(variant, shape, embedding=takes_embedding(model))
    return lambda: model.predict_on_batch(inputs)


def torch_pass(dtype: torch.dtype, variant: str, shape: tuple[int, int]) -> turns.Step:
    network, given, _ = prepared(variant, shape)
    network.eval()

    def forward() -> None:
        with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            network(*given)

    return forward


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--variants", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--image_size", type=int, default=224)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
