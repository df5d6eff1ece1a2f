"""Refuse a wrong params.yaml in our own words: DVC reads it before the stage `check` can."""

import sys
from pathlib import Path

from colorization.core.errors import ColorizationError
from colorization.core.settings import load_params
from colorization.networks import catalog

if __name__ == "__main__":
    try:
        load_params(Path(sys.argv[1]), catalog.declared())
    except ColorizationError as error:
        sys.exit(str(error))
