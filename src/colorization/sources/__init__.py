"""Bring photographs from archives, folders, URLs or drawn scenes into one zip."""
