"""What `colorize` takes and writes; a module of its own, since it is imported before all else."""

# The format of a result, in Pillow's name, by the ending of its file.
FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
LARGEST_FILE = 1_500_000_000  # bytes; 179 megapixels of 64 bits, the most that is decoded, fit
NO_FILE = "not a file, but a folder, a pipe, a socket or a device"
