"""Checks weights files before Keras loads them; needs no Keras."""

import math
import posixpath
from collections.abc import Iterator
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np

EXPANSION = 4  # most bytes declared per byte of file; compression shrinks weights by a tenth


def check_weights_file(path: Path) -> int:
    """Refuse an HDF5 file unless it looks like the weights of a network, as Keras writes them.

    Reading an accepted file takes memory in proportion to its size on disk: each object lies in
    this file, under one name, and all together declare at most `EXPANSION` times its bytes.

    Parameters
    ----------
    path : Path

    Returns
    -------
    int
        How many numbers the file holds.

    Raises
    ------
    ValueError
        If it holds anything but finite numbers, or declares far more bytes than it has.
    Exception
        Any exception of h5py, if the file cannot be read.
    """
    if not path.is_file():  # reading a pipe or a device would never end
        raise ValueError(f"{path.name} is no file")
    with h5py.File(path, "r") as file:
        objects = list(_objects(file))
        declared, size = sum(map(_declared_bytes, objects)), path.stat().st_size
        if declared > EXPANSION * size:
            raise ValueError(f"{path.name} declares {declared} bytes, but has only {size}")
        of_today = path.name.endswith(".weights.h5")  # Keras' own test
        for found in objects:
            _check_lists(found, most=1 if of_today else len(objects))
        numbers = not_finite = 0
        for dataset in objects:
            if isinstance(dataset, h5py.Dataset):
                values = dataset[()]
                numbers += values.size
                not_finite += values.size - np.count_nonzero(np.isfinite(values))
    if not_finite:
        raise ValueError(f"{not_finite} of {numbers} numbers in {path.name} are not finite")
    return numbers


def _objects(file: h5py.File) -> Iterator[h5py.Group | h5py.Dataset]:
    """Yield every group and every dataset; refuse links and second names."""
    seen, waiting = set(), [file]
    while waiting:  # no recursion: a file may nest groups as deeply as it likes
        found = waiting.pop()
        address = h5py.h5o.get_info(found.id).addr
        if address in seen:
            raise ValueError(f"{found.name} has another name too")
        seen.add(address)
        yield found
        if isinstance(found, h5py.Group):
            for name in found:
                if not isinstance(found.get(name, getlink=True), h5py.HardLink):
                    raise ValueError(f"{name} is a link to elsewhere")
                waiting.append(found[name])


def _declared_bytes(found: h5py.Group | h5py.Dataset) -> int:
    """How many bytes of memory an object's numbers take."""
    if isinstance(found, h5py.Group):
        return 0
    if not isinstance(found, h5py.Dataset) or found.shape is None or found.dtype.kind not in "fiu":
        raise ValueError(f"{found.name} does not hold numbers")
    if found.external or found.is_virtual:
        raise ValueError(f"{found.name} lies in another file")
    return math.prod(found.shape) * found.dtype.itemsize


def _check_lists(found: h5py.Group | h5py.Dataset, most: int) -> None:
    """Refuse attributes that list more than `most` items, or the same name twice.

    Keras' older files list the weights of each layer; today's files contain no lists.
    """
    for name in found.attrs:
        size = math.prod(found.attrs.get_id(name).shape or ())
        if size > most:
            raise ValueError(f"{found.name} lists more than there is")
        names = np.atleast_1d(found.attrs[name]).tolist() if size > 1 else []
        if len({posixpath.normpath(name) for name in names}) < len(names):
            raise ValueError(f"{found.name} lists something twice")
