"""Weights files, looked through before Keras loads them; needs no Keras."""

import math
import posixpath
from collections.abc import Iterator
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np

EXPANSION = 4  # of a compressed file; what networks have learned shrinks by a tenth


def check_weights_file(path: Path) -> int:
    """Refuse an HDF5 file that is not what Keras writes of a network that can be used.

    To read it then takes little more memory than it takes of the disk: each object has one name, in
    this file, and what all of them declare is in proportion to its size.

    Parameters
    ----------
    path : Path

    Returns
    -------
    int
        How many numbers it holds.

    Raises
    ------
    ValueError
        If it holds something else than finite numbers, or declares far more than its size.
    Exception
        Of h5py's, if it cannot be read.
    """
    if not path.is_file():  # a pipe or a device would never end
        raise ValueError(f"{path.name} is no file")
    with h5py.File(path, "r") as file:
        objects = list(_objects(file))
        declared, size = sum(map(_declared_bytes, objects)), path.stat().st_size
        if declared > EXPANSION * size:
            raise ValueError(f"{path.name} declares {declared} bytes, but has only {size}")
        of_today = path.name.endswith(".weights.h5")  # as Keras tells them apart
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
    """Every group and every dataset, each under one name."""
    seen, waiting = set(), [file]
    while waiting:  # without recursion: how deep groups lie is the file's to say
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
    """How much memory it takes to read an object's numbers."""
    if isinstance(found, h5py.Group):
        return 0
    if not isinstance(found, h5py.Dataset) or found.shape is None or found.dtype.kind not in "fiu":
        raise ValueError(f"{found.name} does not hold numbers")
    if found.external or found.is_virtual:
        raise ValueError(f"{found.name} lies in another file")
    return math.prod(found.shape) * found.dtype.itemsize


def _check_lists(found: h5py.Group | h5py.Dataset, most: int) -> None:
    """Refuse a list among the attributes that names more than there is, or something twice.

    Keras' older files list the weights of each layer; in those of today are no lists.
    """
    for name in found.attrs:
        size = math.prod(found.attrs.get_id(name).shape or ())
        if size > most:
            raise ValueError(f"{found.name} lists more than there is")
        names = np.atleast_1d(found.attrs[name]).tolist() if size > 1 else []
        if len({posixpath.normpath(name) for name in names}) < len(names):
            raise ValueError(f"{found.name} lists something twice")
