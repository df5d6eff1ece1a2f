"""Tools that all rooms use: errors, files that appear whole, records, progress and identity.

Nothing here changes a byte of a result, so no stage in dvc.yaml depends on this room. It imports
no other room.
"""
