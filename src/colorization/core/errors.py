"""The one exception that stands for a mistake its user can mend."""


class ColorizationError(Exception):
    """Something the user can mend; the message is one line that names it and the remedy."""
