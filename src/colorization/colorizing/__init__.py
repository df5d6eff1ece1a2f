"""Colorizing with a packaged model, by ONNX Runtime: the API and the command `colorize`."""
