"""The precision that a network's layers compute in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Build layers with a dtype policy of Keras, such as "mixed_bfloat16"; then as before."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def choose_precision(wanted: str, *, float16: bool) -> str:
    """Name Keras' dtype policy for a precision of params.yaml.

    Parameters
    ----------
    wanted : str
        "auto", or the policy itself.
    float16 : bool
        Whether "auto" may choose "mixed_float16", which has no number under 6e-8 or over 65504.

    Returns
    -------
    str
        For "auto" the fastest that the hardware computes, which is printed with the reason:
        "mixed_bfloat16" on GPUs of compute capability 8 and on processors with AMX,
        "mixed_float16" on GPUs of compute capability 7, else "float32". AVX512-BF16 without AMX
        does not count: on the processor of results/benchmarks/train_step.md, which has it, steps
        in bfloat16 take longer than in float32.
    """
    if wanted != "auto":
        return wanted
    chosen, reason = _fastest(float16)
    print(f"precision: {chosen} ({reason})", flush=True)
    return chosen


def _fastest(float16: bool) -> tuple[str, str]:
    import tensorflow as tf  # noqa: PLC0415 (building a model does not need it)

    details = [
        tf.config.experimental.get_device_details(gpu)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    if details:
        capability = min(gpu.get("compute_capability", (0, 0)) for gpu in details)
        reason = f"a GPU of compute capability {'.'.join(map(str, capability))}"
        if capability >= (8, 0):
            return "mixed_bfloat16", reason
        return "mixed_float16" if float16 and capability >= (7, 0) else "float32", reason
    if "amx_bf16" in _processor_flags():
        return "mixed_bfloat16", "a processor with AMX"
    return "float32", "no GPU, and a processor without AMX"


def _processor_flags() -> set[str]:
    """As Linux names them; none on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}
