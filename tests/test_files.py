"""A file or folder stands under its name when it is whole, and not before."""

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from colorization.core.files import whole_file, whole_folder

SOURCES = Path(__file__).resolve().parent.parent / "src"


def test_a_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with whole_file(path) as partial:
        partial.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_raising_block_leaves_no_file_and_keeps_the_old_one(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def write(path: Path) -> None:
        with whole_file(path) as partial:
            partial.write_text("half")
            raise error

    old = tmp_path / "old.txt"
    old.write_text("old")
    for path in (tmp_path / "new.txt", old):
        with pytest.raises(error):
            write(path)
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "old"


def test_a_folder_appears_when_the_block_ends_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for content in ("old", "new"):
        with whole_folder(path) as partial:
            (partial / f"{content}.txt").write_text(content)
            assert not (path / "new.txt").exists()
    assert [file.name for file in path.iterdir()] == ["new.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_raising_block_leaves_no_folder_and_keeps_the_old_one(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def fill(path: Path) -> None:
        with whole_folder(path) as partial:
            (partial / "half.txt").write_text("half")
            raise error

    old = tmp_path / "old"
    old.mkdir()
    (old / "old.txt").write_text("old")
    for path in (tmp_path / "new", old):
        with pytest.raises(error):
            fill(path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["old"]
    assert [path.name for path in old.iterdir()] == ["old.txt"]


@pytest.mark.parametrize("renames", [1, 2])
def test_whenever_a_folders_renames_stop_the_old_or_the_new_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    path, rename = tmp_path / "model", Path.rename
    count = 0

    def interrupted(own: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == renames:
            raise KeyboardInterrupt
        return rename(own, target)

    def fill(content: str) -> None:
        with whole_folder(path) as partial:
            (partial / f"{content}.txt").write_text(content)

    fill("old")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fill("new")
    assert [file.name for file in path.iterdir()] == ["old.txt"]
    assert list(tmp_path.iterdir()) == [path]
    rename(path, tmp_path / ".model.old")  # a kill would leave this
    with pytest.raises(ValueError, match="bad"), whole_folder(path):
        raise ValueError("bad")
    assert [file.name for file in path.iterdir()] == ["old.txt"]
    fill("new")
    assert [file.name for file in path.iterdir()] == ["new.txt"]
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_left_is_swept_away(tmp_path: Path) -> None:
    left = tmp_path / ".model.partial"
    left.mkdir()
    (left / "half.txt").write_text("half")
    with whole_folder(tmp_path / "model") as partial:
        (partial / "whole.txt").write_text("whole")
    assert [file.name for file in (tmp_path / "model").iterdir()] == ["whole.txt"]


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_writers_of_one_name_wait_for_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], whole: Callable
) -> None:
    path = tmp_path / "model"
    inside: list[int] = []
    crowds: list[int] = []

    def write(number: int) -> None:
        with whole(path) as partial:
            inside.append(number)
            time.sleep(0.05)
            (partial / "a.txt" if whole is whole_folder else partial).write_text(str(number))
            crowds.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert crowds == [1] * 5
    assert f"waiting for another process that is writing {path}" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_keeps_nobody_waiting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model"
    program = (
        "import sys, time; from pathlib import Path\n"
        "from colorization.core.files import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half')\n"
        "    time.sleep(60)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], env={**os.environ, "PYTHONPATH": str(SOURCES)}
    )
    while not (tmp_path / ".model.partial").exists() and writer.poll() is None:
        time.sleep(0.01)
    writer.kill()
    writer.wait()
    assert (tmp_path / ".model.partial").exists()
    with whole_file(path) as partial:
        partial.write_text("whole")
    assert "waiting" not in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "whole"


def test_a_file_system_that_cannot_flush_folders_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def refusing(kind: Callable[[int], bool]) -> Callable[[int], None]:
        def fsync(handle: int) -> None:
            if kind(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            flush(handle)

        return fsync

    monkeypatch.setattr(os, "fsync", refusing(stat.S_ISDIR))
    with whole_file(tmp_path / "a") as partial:
        partial.write_text("whole")
    assert (tmp_path / "a").read_text() == "whole"
    monkeypatch.setattr(os, "fsync", refusing(stat.S_ISREG))
    with pytest.raises(OSError, match="Invalid argument"), whole_file(tmp_path / "b") as partial:
        partial.write_text("not on the disk")
    assert not (tmp_path / "b").exists()
