"""`colour_bins`: how the variants that predict how likely each colour is are trained."""

from typing import Annotated

from pydantic import Field

from colorization.settings.learning import Learning


class ColourBins(Learning):
    """`colour_bins`: how the variants that predict how likely each colour is are trained."""

    encoder_rate: Annotated[float, Field(ge=0, le=1)]
    min_chroma: Annotated[float, Field(ge=0, le=134)]  # where sRGB ends
