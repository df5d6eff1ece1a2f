"""Color conversions (CIE Lab, gamut mapping), image metrics and color statistics."""
