"""What people read of one evaluation: tables, pictures, Markdown and HTML."""
