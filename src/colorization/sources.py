"""What `download.source` may name, and how each becomes data/raw.zip."""

import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from colorization import archives
from colorization.errors import ColorizationError
from colorization.files import whole_file
from colorization.params import Download


def _draw_scenes(download: Download, out: Path) -> None:
    # Here, not above: the check at the start of every `dvc repro` only wants the names below.
    from colorization import scenes  # noqa: PLC0415

    archives.write_zip(scenes.draw_all(download.scenes), out)


# Sources that have a name; anything else is the path of a local zip, tar or folder.
NAMED: dict[str, Callable[[Download, Path], None]] = {"scenes": _draw_scenes}


def fetch(download: Download, out: Path) -> None:
    """Bring the images of `download.source` into one zip.

    Parameters
    ----------
    download : Download
    out : Path
        A local zip is copied as it is; a tar or a folder is packed, so that every later stage
        reads one kind of archive, at random.

    Raises
    ------
    ColorizationError
        If the source is missing, damaged, or holds no image.
    """
    if download.source in NAMED:
        NAMED[download.source](download, out)
        return
    source = local_source(download.source)
    if source.is_dir():
        archives.write_zip(archives.folder_members(source), out)
    elif zipfile.is_zipfile(source):
        with whole_file(out) as partial:
            shutil.copyfile(source, partial)
    else:
        with whole_file(out) as partial:
            archives.write_zip(archives.tar_members(source), partial)
            try:
                archives.image_names(partial)
            except ColorizationError as error:
                raise ColorizationError(f"download.source: {source} holds no images") from error


def local_source(source: str) -> Path:
    """The path of a local source.

    Raises
    ------
    ColorizationError
        If it does not exist, is neither a zip, a tar nor a folder, or, where that shows without
        reading it through, holds no images.
    """
    path = Path(source).expanduser()
    if not path.exists():
        names = ", ".join(NAMED)
        raise ColorizationError(
            f"download.source must be {names}, or the path of a zip, a tar or a folder; "
            f"found {source!r}, which does not exist"
        )
    if path.is_dir():
        if not archives.folder_image_names(path):
            raise ColorizationError(f"download.source: {source} holds no images")
    elif zipfile.is_zipfile(path):
        archives.image_names(path)
    elif not _is_tar(path):
        raise ColorizationError(f"download.source: {source} is neither a zip, a tar nor a folder")
    return path


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except EOFError:  # gzip, truncated within its header
        return False
