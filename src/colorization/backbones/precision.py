"""Chooses and sets the precision of a network's layers."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from colorization.backbones.gpus import find_gpus
from colorization.core.provenance import cpu_info


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Set Keras' dtype policy, such as "mixed_bfloat16", for the duration of a block."""
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def choose_precision(precision: str, *, float16: bool) -> str:
    """Choose Keras' dtype policy for a precision of params.yaml.

    Parameters
    ----------
    precision : str
        "auto", or the name of a policy.
    float16 : bool
        Whether "auto" may choose "mixed_float16", whose numbers range from 6e-8 to 65504.

    Returns
    -------
    str
        For "auto" the fastest policy of the hardware, printed with the reason: "mixed_bfloat16" on
        GPUs of compute capability 8 or more, on processors with AMX and on AMD's with AVX512-BF16;
        "mixed_float16" on GPUs of compute capability 7; else "float32". With AVX512-BF16, Intel's
        processors multiply no faster than in float32, AMD's about twice as fast: see the matrix
        rates in results/benchmarks/train_step*.md.
    """
    if precision != "auto":
        return precision
    policy, reason = _fastest(float16)
    print(f"precision: {policy} ({reason})", flush=True)
    return policy


def _fastest(float16: bool) -> tuple[str, str]:
    capabilities = [gpu.compute_capability for gpu in find_gpus()]
    if capabilities:
        capability = min(capabilities)
        reason = f"a GPU of compute capability {'.'.join(map(str, capability))}"
        if capability >= (8, 0):
            return "mixed_bfloat16", reason
        return "mixed_float16" if float16 and capability >= (7, 0) else "float32", reason
    processor = cpu_info()
    flags = processor.get("flags", "").split()
    if "amx_bf16" in flags:
        return "mixed_bfloat16", "a processor with AMX"
    if "avx512_bf16" in flags and processor["vendor_id"] == "AuthenticAMD":
        return "mixed_bfloat16", "an AMD processor with AVX512-BF16"
    return "float32", "no GPU, and a processor without fast bfloat16"
