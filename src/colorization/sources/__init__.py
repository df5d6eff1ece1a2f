"""Collect photographs from archives, folders, URLs or drawn scenes in one zip."""
