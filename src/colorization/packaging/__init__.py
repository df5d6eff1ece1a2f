"""Turning a trained model into what works without Keras: a package, its card, a SavedModel."""
