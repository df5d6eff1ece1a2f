"""Colorize photographs with a packaged model and ONNX Runtime: API, commands and web page."""
