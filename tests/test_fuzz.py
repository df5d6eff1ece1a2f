"""Damaged input is accepted, excluded with a reason, or refused in one line.

`make test` tries some hundred mutants, `make soak` over twenty thousand, in processes of their own,
whose memory is measured and which no mutant may hold for long.
"""

import functools
import io
import json
import multiprocessing
import re
import resource
import shutil
import signal
import tarfile
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagecodecs
import keras
import numpy as np
import pytest
import tifffile
from PIL import Image

import shared
from colorization.colorizing import colorizer, originals
from colorization.colorizing.mark import mark
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.core.settings import load_params
from colorization.networks import catalog
from colorization.packaging import manifest
from colorization.photos.preprocessing import preprocess
from colorization.photos.split import split_archive
from colorization.sources import archives, fetching, fingerprints
from mutations import mutants
from packaged import write_package
from samples import PARAMS, ROOT, encoded, pack, scene

SECONDS_EACH = 60
MEMORY = 2 * 2**20  # KiB, of the process that tries all mutants of a kind
AT_A_TIME = 250  # mutants in one archive of images

TAKEN = "taken"
Try = Callable[[bytes, Path], str]  # returns TAKEN, or another good outcome in a few words

HOSTILE_YAML = [
    *(b"!!int six", b"!!float abc", b"!!python/object:os.system", b"!!timestamp x", b"!!binary x"),
    *(b"0b_", b"0x_", b"1:30", b"1e999", b"-.inf", b".nan", b"2020-13-01", b"9" * 5000, b"-1"),
    *(b"[" * 3000, b"{" * 500, b"&a [*a]", b"*a", b"<<: *a", b"? ", b"|", b"'", b'"', b"#", b"~"),
    *(b"\t", b"\x00", b"\xff", b"true", b"1.5"),
]
HOSTILE_JSON = [
    *(b"null", b"-1", b"0", b"1e999", b"NaN", b"9" * 30, b"true", b"[]", b"{}", b"2147483648"),
    *(
        b"Lambda",
        b"keras.layers",
        b"builtins",
        b"../../x",
        b"\\ud800",
        b"[" * 2000,
        b'"',
        b"x" * 999,
    ),
]


def planes(rgb: np.ndarray) -> list[bytes]:
    """TIFFs of a kind that tifffile decodes: 16 bits, each color in a plane of its own."""
    wide = np.moveaxis(rgb, -1, 0).astype(np.uint16) * 257
    layouts: list[dict[str, Any]] = [
        {"compression": "lzw", "predictor": True, "tile": (16, 16)},
        {"compression": "deflate", "rowsperstrip": 16, "byteorder": ">"},
        {"bigtiff": True},
    ]
    made = []
    for layout in layouts:
        content = io.BytesIO()
        tifffile.imwrite(content, wide, photometric="rgb", planarconfig="separate", **layout)
        made.append(content.getvalue())
    return made


@functools.cache
def images() -> list[bytes]:
    rgb = scene(1)
    picture = Image.fromarray(rgb)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    in_a_tiff = exif.tobytes()  # Pillow writes no parts of EXIF into one
    exif[0x8769] = {0x9003: "2020:01:01 00:00:00"}
    transparent = picture.copy()
    transparent.putalpha(Image.fromarray(rgb[..., 1]))
    return [
        encoded(picture, "JPEG", exif=exif),
        encoded(picture, "JPEG", progressive=True),
        encoded(picture.convert("CMYK"), "JPEG"),
        encoded(picture, "PNG", exif=exif),
        encoded(rgb[..., 0].astype(np.uint16) * 257, "PNG"),
        encoded(transparent, "PNG"),
        encoded(picture.quantize(16), "PNG", transparency=3),
        encoded(picture, "TIFF", compression="tiff_lzw", exif=in_a_tiff),
        encoded(picture, "TIFF", compression="tiff_deflate"),
        *planes(rgb),
        encoded(transparent, "WEBP", lossless=True, exif=exif),
        encoded(picture, "WEBP"),
        encoded(picture, "GIF"),
        encoded(picture, "BMP"),
        encoded(transparent, "AVIF", speed=10, exif=exif),
        encoded(picture, "JPEG2000"),
        *(bytes(imagecodecs.jpegxl_encode(rgb, lossless=lossless)) for lossless in (True, False)),
    ]


def colorize(content: bytes, folder: Path) -> str:
    """Decode a photograph as `colorize` does, and write it in each format."""
    path = folder / "photograph"
    path.write_bytes(content)
    original = originals.read_original(path)
    colored = originals.join(original.rgb, np.zeros((8, 8, 2), np.float32))
    deep = originals.read_in_full_depth(path)
    originals.encode_png(
        deep, originals.join(deep.rgb, np.zeros((8, 8, 2), np.float32)), mark("ab" * 32, None, 1)
    )
    for ending in (".jpg", ".png", ".tif", ".webp"):
        originals.write_original(original, colored, folder / f"written{ending}")
        originals.read_original(folder / f"written{ending}")
    return TAKEN


MEMBERS = {f"folder/{seed}.png": encoded(scene(seed)) for seed in range(3)}


def zips() -> list[bytes]:
    made = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", method) as archive:
            for name, member in MEMBERS.items():
                archive.writestr(name, member)
        made.append(content.getvalue())
    return made


def tars() -> list[bytes]:
    made = []
    for compression in ("", "gz", "bz2", "xz"):
        for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            content = io.BytesIO()
            with tarfile.open(fileobj=content, mode=f"w:{compression}", format=form) as archive:  # type: ignore[call-overload]
                for name, member in MEMBERS.items():
                    header = tarfile.TarInfo(name)
                    header.size = len(member)
                    archive.addfile(header, io.BytesIO(member))
                link = tarfile.TarInfo(f"{'long' * 40}.png")
                link.type, link.linkname = tarfile.SYMTYPE, "../0.png"
                archive.addfile(link)
            made.append(content.getvalue())
    return made


def fetch(content: bytes, folder: Path) -> str:
    """Check and fetch an archive as the stages `check` and `download` do, and read every member."""
    source, out = folder / "source", folder / "raw.zip"
    source.write_bytes(content)
    download = PARAMS.download.model_copy(update={"source": str(source)})
    fingerprints.fingerprint_source(download.source, folder / "memory")
    fetching.fetch(download, out, folder / "unfinished")
    outcomes = TAKEN
    for name in archives.image_names(out):
        try:
            archives.read_member(out, name)
        except ColorizationError:
            outcomes = "taken, with damaged members"
    return outcomes


def profiles() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "profiles").glob("*.yaml"))]


def load_settings(content: bytes, folder: Path) -> str:
    path = folder / "params.yaml"
    path.write_bytes(content)
    load_params(path, catalog.declared())
    return TAKEN


@functools.cache
def package() -> Path:
    """A small model that takes an embedding, as `package` writes it."""
    L, embedding = keras.Input((None, None, 1), name="L"), keras.Input((1000,), name="embedding")
    scale = keras.layers.Dense(4)(embedding)
    features = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(L)
    features = keras.layers.BatchNormalization()(features)
    features = keras.layers.Multiply()([features, keras.layers.Reshape((1, 1, 4))(scale)])
    ab = keras.layers.Conv2D(2, 3, padding="same", activation="tanh")(features)
    model, statistics = keras.Model([L, embedding], ab), np.ones((2, 1000), np.float32)

    def make(folder: Path) -> None:
        write_package(folder / "package", model, "bn_maxpool", statistics)

    return shared.made_once("fuzzed", make)[0] / "package"


def unpack_with(name: str) -> Try:
    def unpack(content: bytes, folder: Path) -> str:
        """Load a package of which one file was exchanged, and its sum with it."""
        copy = shutil.copytree(package(), folder / "package")
        (copy / name).write_bytes(content)
        if name != manifest.NAME:
            result = json.loads((copy / manifest.NAME).read_text())
            result["files"][name] = sha256_of(copy / name)
            (copy / manifest.NAME).write_text(json.dumps(result))
        colorizer.load(copy)
        return TAKEN

    return unpack


@dataclass(frozen=True)
class Kind:
    """What is mutated, where it goes, and how many mutants a soak tries.

    Of the originals, all but those that are `refused` are taken.
    """

    originals: Callable[[], list[bytes]]
    attempt: Try
    soak: int
    tokens: list[bytes] | None = None
    refused: int = 0


def file_of_package(name: str) -> Callable[[], list[bytes]]:
    return lambda: [(package() / name).read_bytes()]


PROCESSES = {
    "photographs, archives and params": {
        "photographs": Kind(images, colorize, 6_000),
        "zips": Kind(zips, fetch, 3_000, refused=2),  # bzip2 and LZMA
        "tars": Kind(tars, fetch, 4_000),
        "params": Kind(profiles, load_settings, 4_000, HOSTILE_YAML),
    },
    "packages": {
        name: Kind(file_of_package(name), unpack_with(name), count, tokens)
        for name, count, tokens in (
            (manifest.NAME, 1_000, HOSTILE_JSON),
            ("model.onnx", 1_500, None),
            ("embedding.npy", 500, None),
        )
    },
}
SEED = 20261125


def try_all(process: str, share: float, report: Path, of_all_workers: Path) -> None:
    """Try the mutants of some kinds, and write down how they ended."""
    shared.folder = of_all_workers
    outcomes: dict[str, Counter[str]] = {}
    wrong = []
    for name, kind in PROCESSES[process].items():
        unharmed = [try_one(kind, content) for content in kind.originals()]
        assert unharmed.count(TAKEN) == len(unharmed) - kind.refused, unharmed
        outcomes[name] = Counter()
        count = round(share * kind.soak)
        for number, content in enumerate(mutants(kind.originals(), count, SEED, kind.tokens)):
            report.with_suffix(".mutant").write_bytes(content)
            signal.alarm(SECONDS_EACH)  # ends the process
            try:
                outcomes[name][try_one(kind, content)] += 1
            except ColorizationError as error:
                outcomes[name]["refused"] += 1
                if not says_something(str(error)):
                    wrong.append(f"{name}, mutant {number}: no message for people: {error!r:.300}")
            except Exception:
                wrong.append(f"{name}, mutant {number}: {traceback.format_exc()}")
            signal.alarm(0)
    memory = most_memory()
    report.write_text(json.dumps({"outcomes": outcomes, "wrong": wrong, "memory": memory}))


def try_one(kind: Kind, content: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return kind.attempt(content, Path(folder))


def most_memory() -> int:
    """The most memory that this process has had, in KiB."""
    try:
        # What getrusage tells begins, on Linux, with what the process that started this one had.
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


def says_something(message: str) -> bool:
    """Whether each line is one that a person can read: no list, not empty after its last colon."""
    return all(
        re.search(r"[^\s:]$", line) and line.isprintable() and len(line) < 1000
        for line in message.split("\n")
    )


@pytest.mark.parametrize("share", [0.02, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("process", PROCESSES)
def test_every_mutant_is_decoded_or_refused(process: str, share: float, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    trying = multiprocessing.get_context("spawn").Process(
        target=try_all, args=(process, share, report, shared.folder)
    )
    trying.start()
    trying.join()
    assert trying.exitcode == 0, f"a mutant held {process} for {SECONDS_EACH} s, or ended it"
    result = json.loads(report.read_text())
    print(f"{result['outcomes']}, {result['memory'] / 1024:.0f} MiB")
    assert result["wrong"] == []
    assert result["memory"] < MEMORY


@pytest.mark.parametrize("count", [AT_A_TIME, pytest.param(5_000, marks=pytest.mark.soak)])
def test_preprocess_decodes_what_split_accepts(count: int, tmp_path: Path) -> None:
    sound = {f"sound{seed:02}.png": encoded(scene(seed)) for seed in range(2, 32)}
    contents = list(mutants(images(), count, SEED))
    for start in range(0, count, AT_A_TIME):
        folder = tmp_path / str(start)
        folder.mkdir()
        mutated = {
            f"{number:05}.jpg": content
            for number, content in enumerate(contents[start : start + AT_A_TIME])
        }
        archive = pack(folder / "raw.zip", sound | mutated)
        settings = PARAMS.split.model_copy(update={"ratios": (0.6, 0.2, 0.2)})
        table = split_archive(archive, settings)
        of_mutants = table["name"].isin(mutated)
        kinds = table["reason"].str.partition(":")[0]
        # Most mutants look the same, and are left out for that: here they are decoded all the same.
        decoded = of_mutants & kinds.isin(["", "near duplicate"])
        assert decoded.sum() > AT_A_TIME / 10
        table.loc[decoded, "split"] = "train"
        (folder / "lab").mkdir()
        small = PARAMS.preprocess.model_copy(update={"image_size": 32})
        preprocess(archive, table, small, folder / "lab")
        refused = table.loc[of_mutants & ~decoded, "reason"]
        assert refused.str.fullmatch(r"[a-z ]+: .*[^\s:]").all(), set(refused)
        shutil.rmtree(folder)
