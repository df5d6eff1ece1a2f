"""Chooses and sets the precision that a network's layers compute in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from colorization.backbones.gpus import find_gpus


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Set Keras' dtype policy, such as "mixed_bfloat16", for a block; then restore the old one."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def choose_precision(wanted: str, *, float16: bool) -> str:
    """Choose Keras' dtype policy for a precision of params.yaml.

    Parameters
    ----------
    wanted : str
        "auto", or the name of a policy.
    float16 : bool
        Whether "auto" may choose "mixed_float16", whose numbers range from 6e-8 to 65504.

    Returns
    -------
    str
        For "auto" the fastest policy of the hardware, which is printed with the reason:
        "mixed_bfloat16" on GPUs of compute capability 8 or more, on processors with AMX and on
        AMD's with AVX512-BF16; "mixed_float16" on GPUs of compute capability 7; else "float32".
        With AVX512-BF16, Intel's processors multiply no faster than in float32, AMD's about twice
        as fast: see the matrix rates in results/benchmarks/train_step*.md.
    """
    if wanted != "auto":
        return wanted
    chosen, reason = _fastest(float16)
    print(f"precision: {chosen} ({reason})", flush=True)
    return chosen


def _fastest(float16: bool) -> tuple[str, str]:
    capabilities = [gpu.compute_capability for gpu in find_gpus()]
    if capabilities:
        capability = min(capabilities)
        reason = f"a GPU of compute capability {'.'.join(map(str, capability))}"
        if capability >= (8, 0):
            return "mixed_bfloat16", reason
        return "mixed_float16" if float16 and capability >= (7, 0) else "float32", reason
    vendor, flags = _processor()
    if "amx_bf16" in flags:
        return "mixed_bfloat16", "a processor with AMX"
    if "avx512_bf16" in flags and vendor == "AuthenticAMD":
        return "mixed_bfloat16", "a processor of AMD with AVX512-BF16"
    return "float32", "no GPU, and a processor without fast bfloat16"


def _processor() -> tuple[str, set[str]]:
    """The processor's vendor and flags, as Linux names them; both empty on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "", set()
    facts = {name.strip(): value for name, _, value in (line.partition(":") for line in lines)}
    return facts.get("vendor_id", "").strip(), set(facts.get("flags", "").split())
