"""From the bytes of an image file to sRGB, to CIE Lab, and to what a network sees."""
