"""Export trained models for use without Keras: ONNX packages with model cards, SavedModels."""
