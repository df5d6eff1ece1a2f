"""pillow-heif, which encodes HEIC in tests, and a mark for the tests that need it."""

import os

import pytest

try:
    import pillow_heif
except ImportError:
    pillow_heif = None
else:
    pillow_heif.register_heif_opener()

# In CI, which installs it, its absence is a failure.
needs_heic = pytest.mark.skipif(
    pillow_heif is None and os.environ.get("CI") != "true",
    reason="needs pillow-heif, of the extra heic",
)
