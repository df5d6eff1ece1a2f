"""Pages on an evaluation: tables, pictures, Markdown and HTML."""
