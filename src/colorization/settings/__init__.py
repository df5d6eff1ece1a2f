"""The schemas of params.yaml: a module per section, and `whole`, which `check` validates."""
