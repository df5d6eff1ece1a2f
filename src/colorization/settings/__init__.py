"""The sections of params.yaml, a module for each, and the whole that `check` validates."""
