"""Using a trained model: packages, the command `colorize`, the API, exports."""
