"""Shared infrastructure: errors, atomic files, records, settings, progress and identity.

Nothing here changes a byte of a result, so no stage in dvc.yaml depends on this package. It imports
no other package of the project.
"""
