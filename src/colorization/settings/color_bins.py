"""`color_bins`: the training of the variants that predict how likely each color is."""

from typing import Annotated

from pydantic import Field

from colorization.settings.learning import Learning


class ColorBins(Learning):
    """`color_bins`: the training of the variants that predict how likely each color is."""

    encoder_rate: Annotated[float, Field(ge=0, le=1)]
    min_chroma: Annotated[float, Field(ge=0, le=134)]  # the largest chroma of sRGB
