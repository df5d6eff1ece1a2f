"""What every room needs: errors, files that appear whole, typed records, progress, identity.

Nothing here changes a byte of a result, so no stage depends on it. It imports no other room.
"""
