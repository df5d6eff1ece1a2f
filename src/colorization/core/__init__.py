"""Shared infrastructure: errors, atomic files, records, settings, splits, progress and identity.

No stage in dvc.yaml depends on this package, since its code is meant to change no result. After an
edit that does, such as of the format of tables, use `dvc repro --force`. It imports no other
package of the project.
"""
