"""Pages on an evaluation, for people: tables, pictures, Markdown and HTML."""
