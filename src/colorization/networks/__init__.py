"""What variants are made of: blocks, encoders, objectives, and how a model is saved."""
