"""What every stage shares: its command line, its errors, its clock.

Importing this module puts this checkout's src/ first on the path: an installed package may belong
to another checkout, as in `dvc exp run --temp`.
"""

import argparse
import inspect
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's greetings would hide our lines.

from colorization.errors import ColorizationError
from colorization.provenance import write_timing

Figures = dict[str, float]  # what a stage measured, keyed by name and unit


def run(main: Callable[..., Figures | None]) -> None:
    """Call a stage's main with the options of the command line.

    Each parameter of `main` is an option of the same name, of the type it is annotated with; one
    annotated `TYPE | None` may be left out. With `--timing FILE` the wall time goes to that file,
    with the figures that `main` returns.

    Exits with status 1 and one line on what the user can mend.
    """
    stage = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    for name, parameter in inspect.signature(main).parameters.items():
        kind = next(iter(get_args(parameter.annotation)), parameter.annotation)
        required = parameter.default is parameter.empty
        parser.add_argument(f"--{name}", type=kind, required=required)
    parser.add_argument("--timing", type=Path)
    options = vars(parser.parse_args())
    timing = options.pop("timing")
    started = time.perf_counter()
    try:
        figures = main(**options) or {}
        if timing:
            write_timing(timing, stage, time.perf_counter() - started, figures)
    except ColorizationError as error:
        sys.exit(f"{stage}: {error}")
    except OSError as error:
        sys.exit(f"{stage}: {error.filename or 'file'}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(f"{stage}: interrupted; the same command begins this stage again")
