"""Where photographs come from: archives, folders, URLs, drawn scenes; all become one zip."""
