"""Makes the model that comes with the package: half precision, scores on photographs, its card."""
