"""From a trained model to what works without Keras: a package, its card, a SavedModel."""
