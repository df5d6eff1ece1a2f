"""Files and folders appear under their name only when complete."""

import errno
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

import pytest

from colorization.core.files import atomic_folder, atomic_write

SOURCES = Path(__file__).resolve().parent.parent / "src"
Whole = Callable[[Path], AbstractContextManager[Path]]


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, empty."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def locks(temporary: Path) -> list[str]:
    return [path.name for path in temporary.rglob("*") if not path.is_dir()]


def in_a_process(program: str, temporary: Path, *arguments: Path, **variables: str) -> str:
    """Run a program with `atomic_write` and its arguments, `given`; return its output."""
    begin = (
        "import errno, fcntl, os, sys; from pathlib import Path\n"
        "from colorization.core.files import atomic_write\n"
        "given = list(map(Path, sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", begin + program, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(SOURCES), "TMPDIR": str(temporary)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with atomic_write(path) as partial:
        partial.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_raising_block_leaves_no_file_and_keeps_the_old_one(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def write(path: Path) -> None:
        with atomic_write(path) as partial:
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
        with atomic_folder(path) as partial:
            (partial / f"{content}.txt").write_text(content)
            assert not (path / "new.txt").exists()
    assert [file.name for file in path.iterdir()] == ["new.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_raising_block_leaves_no_folder_and_keeps_the_old_one(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def fill(path: Path) -> None:
        with atomic_folder(path) as partial:
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
def test_after_an_interrupted_rename_the_old_or_the_new_folder_exists(
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
        with atomic_folder(path) as partial:
            (partial / f"{content}.txt").write_text(content)

    fill("old")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fill("new")
    assert [file.name for file in path.iterdir()] == ["old.txt"]
    assert list(tmp_path.iterdir()) == [path]
    rename(path, tmp_path / ".model.old")  # as after a kill
    with pytest.raises(ValueError, match="bad"), atomic_folder(path):
        raise ValueError("bad")
    assert [file.name for file in path.iterdir()] == ["old.txt"]
    fill("new")
    assert [file.name for file in path.iterdir()] == ["new.txt"]
    assert list(tmp_path.iterdir()) == [path]


def test_partial_files_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "model") as left:
        pass
    left.mkdir()
    (left / "half.txt").write_text("half")
    with atomic_folder(tmp_path / "model") as partial:
        (partial / "whole.txt").write_text("whole")
    assert [file.name for file in (tmp_path / "model").iterdir()] == ["whole.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_link_under_the_hidden_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    with atomic_write(tmp_path / "a") as left:
        left.write_text("whole")
    left.symlink_to("precious")
    with atomic_write(tmp_path / "a") as partial:
        partial.write_text("whole again")
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "a").read_text() == "whole again"
    assert not (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("whole", [atomic_write, atomic_folder])
@pytest.mark.parametrize("locking", [True, False])
def test_writers_of_one_name_wait_for_each_other(
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    whole: Whole,
    locking: bool,
) -> None:
    if not locking:
        monkeypatch.setattr("fcntl.flock", refuse_to_lock)
    path = tmp_path / "model"
    inside: list[int] = []
    crowds: list[int] = []

    def write(number: int) -> None:
        with whole(path) as partial:
            inside.append(number)
            time.sleep(0.05)
            (partial / "a.txt" if whole is atomic_folder else partial).write_text(str(number))
            crowds.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert crowds == [1] * 5
    assert f"waiting for another process writing {path}" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]
    assert locks(temporary) == []


def refuse_to_lock(*_: object) -> NoReturn:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


@pytest.mark.parametrize("locking", [True, False])
def test_nobody_waits_for_a_killed_writer(
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    locking: bool,
) -> None:
    if not locking:
        monkeypatch.setattr("fcntl.flock", refuse_to_lock)
    path = tmp_path / "model"
    program = (
        "import errno, fcntl, sys, time; from pathlib import Path\n"
        "from colorization.core.files import atomic_write\n"
        "def refuse_to_lock(*_): raise OSError(errno.ENOLCK, '')\n"
        f"{'' if locking else 'fcntl.flock = refuse_to_lock'}\n"
        "with atomic_write(Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half')\n"
        "    time.sleep(60)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": str(SOURCES), "TMPDIR": str(temporary)},
    )
    while not list(tmp_path.glob(".model.*.partial")) and writer.poll() is None:
        time.sleep(0.01)
    writer.kill()
    writer.wait()
    (left,) = tmp_path.iterdir()
    with atomic_write(path) as partial:
        assert partial == left
        partial.write_text("whole")
    # filelock removes a stale soft lock at the second attempt.
    assert "waiting" not in capsys.readouterr().out or not locking
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "whole"
    assert locks(temporary) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("gcc"), reason="needs gcc on Linux")
def test_without_locks_files_are_written_and_no_lock_file_stays(
    tmp_path: Path, temporary: Path, number: int
) -> None:
    library, source = tmp_path / "no_flock.so", tmp_path / "no_flock.c"
    refusal = f"int flock(int file, int operation) {{ errno = {number}; return -1; }}"
    source.write_text(f"#include <errno.h>\n{refusal}\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    program = (
        "try: fcntl.flock(0, fcntl.LOCK_EX)\n"
        "except OSError as error: print(error.errno)\n"
        "with atomic_write(given[0], replace=False) as partial: partial.write_text('whole')\n"
    )
    path = tmp_path / "share" / "a.txt"
    printed = in_a_process(program, temporary, path, LD_PRELOAD=str(library))
    assert printed == f"{number}\n"
    assert list(path.parent.iterdir()) == [path]
    assert locks(temporary) == []


@pytest.mark.parametrize("planted", ["a link", "a second name", "a folder", "a foreign file"])
def test_foreign_files_with_the_name_of_a_lock_are_not_touched(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    if planted == "a foreign file" and os.geteuid():
        pytest.skip("needs root")
    (tmp_path / "precious").write_text("precious")
    with atomic_write(tmp_path / "a") as usual:
        usual.write_text("old")
        (name,) = locks(temporary)
    for ending in ("lock", "pid"):
        lock = temporary / f"{name.partition('.')[0]}.{ending}"
        if planted == "a link":
            lock.symlink_to(tmp_path / "precious")
        elif planted == "a second name":
            lock.hardlink_to(tmp_path / "precious")
        elif planted == "a folder":
            lock.mkdir()
        else:
            lock.touch(mode=0o666)
            os.chown(lock, 65534, 65534)
    before = sorted(temporary.iterdir())
    write_both_at_once(tmp_path / "a", usual)
    assert sorted(temporary.iterdir()) == before
    assert (tmp_path / "precious").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "precious"]


def test_without_a_temporary_folder_files_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    write_both_at_once(tmp_path / "a", tmp_path / "a")
    monkeypatch.setattr(tempfile, "gettempdir", no_temporary_folder)
    write_both_at_once(tmp_path / "a", tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "file"]


def no_temporary_folder() -> NoReturn:
    raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")


def write_both_at_once(path: Path, usual: Path) -> None:
    """Write a file twice without locks: the hidden names differ, so both are complete."""
    with atomic_write(path) as partial, atomic_write(path) as second:
        assert len({usual, partial, second}) == 3
        partial.write_text("new")
        second.write_text("newer")
    assert path.read_text() == "new"


def test_two_machines_write_one_name_without_waiting_and_both_completely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    with atomic_write(path) as one:
        one.write_text("one")
        monkeypatch.setattr(platform, "node", lambda: "another")
        with atomic_write(path) as other:
            assert one != other
            other.write_text("other")
        assert path.read_text() == "other"
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def no_link(*_: object) -> NoReturn:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("links", [True, False])
def test_a_file_of_another_machine_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:  # like FAT
        monkeypatch.setattr(os, "link", no_link)
    path = tmp_path / "a"
    with atomic_write(path, replace=False) as partial:
        partial.write_text("ours")
    assert path.read_text() == "ours"

    def write_both() -> None:
        with atomic_write(path, replace=False) as partial:
            partial.write_text("ours")
            path.write_text("another machine's")

    path.unlink()
    with pytest.raises(FileExistsError) as caught:
        write_both()
    assert caught.value.filename == str(path)
    assert path.read_text() == "another machine's"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_accepted_although_nfs_reported_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def forgetful(*names: Path) -> NoReturn:  # like NFS when the reply is lost
        link(*names)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    monkeypatch.setattr(os, "link", forgetful)
    with atomic_write(tmp_path / "a", replace=False) as partial:
        partial.write_text("whole")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]


def test_a_name_of_maximum_length_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 255)
    with atomic_write(path) as partial:
        partial.write_text("whole")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_system_that_cannot_flush_folders_is_supported(
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
    with atomic_write(tmp_path / "a") as partial:
        partial.write_text("whole")
    assert (tmp_path / "a").read_text() == "whole"
    monkeypatch.setattr(os, "fsync", refusing(stat.S_ISREG))
    with pytest.raises(OSError, match="Invalid argument"), atomic_write(tmp_path / "b") as partial:
        partial.write_text("not on the disk")
    assert not (tmp_path / "b").exists()
