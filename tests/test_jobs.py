"""Which photographs are colorized, and the paths of their results."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image

from colorization.colorizing import jobs as planning
from colorization.colorizing.command import parser
from colorization.colorizing.jobs import Failure, plan
from colorization.core.errors import ColorizationError
from colorization.photos import decoding
from samples import ROOT, encoded, scene

IMAGE, TIFF = (encoded(scene(1, 8, 8), kind) for kind in ("PNG", "TIFF"))
SAME_NAME = "its result has the same name as that of {}; rename it, or choose another --output"


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(TIFF if name.lower().endswith((".tif", ".tiff")) else IMAGE)
    return folder


def planned(*inputs: Path | str, output: Path, **options: object) -> tuple[dict, dict]:
    chosen = {"ending": None} | options
    outcome = plan([str(path) for path in inputs], output, **chosen)  # type: ignore[arg-type]
    return (
        {job.label: str(job.output.relative_to(output)) for job in outcome.jobs},
        {failure.input: failure.reason for failure in outcome.failures},
    )


def ignored(folder: Path, output: Path) -> dict[str, int]:
    return dict(plan([str(folder)], output, ending=None).ignored)


def test_a_folder_is_searched_recursively_and_keeps_its_structure(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "deep/er/b.PNG", "deep/notes.txt", ".hidden.jpg")
    jobs, failures = planned(photos, output=tmp_path / "out")
    assert jobs == {
        str(photos / "a.jpg"): "a.jpg",
        str(photos / "deep/er/b.PNG"): "deep/er/b.PNG",
    }
    assert failures == {}


def test_a_file_goes_to_the_top_and_a_match_keeps_its_path_after_the_wildcard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "b.jpg", "deep/c.jpg", "deep/er/d.jpg", "e.png")
    jobs, failures = planned(
        photos / "deep/c.jpg", f"{photos}/**/*.jpg", f"{photos}/*.png", output=tmp_path / "out"
    )
    assert jobs == {
        str(photos / "deep/c.jpg"): "c.jpg",  # taken once, as it is named first
        str(photos / "a.jpg"): "a.jpg",
        str(photos / "b.jpg"): "b.jpg",
        str(photos / "deep/er/d.jpg"): "deep/er/d.jpg",
        str(photos / "e.png"): "e.png",
    }
    assert failures == {}
    monkeypatch.chdir(photos)
    for pattern in ("*/*.jpg", "./*/*.jpg", "../photos/*/*.jpg", "d*p/c.jpg"):
        assert list(planned(pattern, output=tmp_path / "out")[0].values()) == ["deep/c.jpg"]
    assert list(planned("deep/*/../c.jpg", output=tmp_path / "out")[0].values()) == ["c.jpg"]


@pytest.mark.parametrize("end", ["/", "/."])
def test_a_file_with_a_slash_at_its_end_goes_to_the_top_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    photo = tree(tmp_path, "deep/a.jpg") / "deep" / "a.jpg"
    monkeypatch.chdir(tmp_path)
    for named in (f"{photo}{end}", f"deep/a.jpg{end}"):
        (job,) = plan([named], Path("out"), None).jobs
        assert job.output == Path("out/a.jpg")


def test_photographs_of_the_same_name_keep_their_different_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("scans/1990/a.jpg", "scans/1990/b.jpg", "scans/2000/x/a.jpg", "scans/a.jpg")
    monkeypatch.chdir(tree(tmp_path, *names))
    outputs = dict(zip(names, ("1990/a.jpg", "b.jpg", "2000/x/a.jpg", "a.jpg"), strict=True))
    for top in (Path(), tmp_path):
        paths = [top / name for name in reversed(names)]
        jobs, failures = planned(*paths, output=tmp_path / "out")
        assert jobs == {str(top / name): place for name, place in outputs.items()}
        assert failures == {}
    # Folders and globs among them.
    assert planned("scans/1990", "scans/2000/x", output=tmp_path / "out")[0] == {
        "scans/1990/a.jpg": "1990/a.jpg",
        "scans/1990/b.jpg": "b.jpg",
        "scans/2000/x/a.jpg": "2000/x/a.jpg",
    }
    # The name that counts is that of the result.
    tree(tmp_path, "scans/2001/b.png")
    both = ("scans/1990/b.jpg", "scans/2001/b.png")
    jobs, _ = planned(*both, output=tmp_path / "out", ending=".webp")
    assert list(jobs.values()) == ["1990/b.webp", "2001/b.webp"]


def test_a_photograph_given_twice_has_one_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree(tmp_path, "a.jpg", "deep/b.jpg"))
    inputs = ("a.jpg", "./a.jpg", tmp_path / "a.jpg", "deep/../a.jpg")
    assert planned(*inputs, output=tmp_path / "out") == ({"a.jpg": "a.jpg"}, {})


def documented_commands() -> list[list[str]]:
    page = (ROOT / "docs" / "colorizing.md").read_text()
    return [shlex.split(line)[1:] for line in re.findall(r"^colorize .* --output .*$", page, re.M)]


def test_the_documented_examples_have_distinct_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("holiday/a.jpg", "holiday/deep/a.jpg", "old.tif", "photo.jpg")
    scans = ("scans/a.jpg", "scans/1990/a.jpg", "scans/1991/a.jpg", "scans/1991/x/a.jpg")
    monkeypatch.chdir(tree(tmp_path, *names, *scans))
    commands = documented_commands()
    assert any("scans/**/*.jpg" in arguments for arguments in commands)
    for arguments in commands:
        options = parser().parse_args(arguments)
        first = plan(options.inputs, options.output, None)
        assert (first.failures, bool(first.jobs)) == ([], True)
        tree(tmp_path, *(str(job.output) for job in first.jobs))
        again = plan(options.inputs, options.output, None, overwrite=True)
        assert [job.output for job in again.jobs] == [job.output for job in first.jobs]
    jobs, _ = planned("scans/**/*.jpg", output=tmp_path / "out")
    assert jobs == {name: name.removeprefix("scans/") for name in scans}


def test_existing_results_are_skipped(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "b.jpg", "deep/a.jpg", "c.jpg")
    out = tree(tmp_path / "out", "a.jpg", "deep/a.jpg")
    (out / "c.jpg").mkdir()  # no result
    outcome = plan([str(photos)], out, None, skip_existing=True)
    assert [job.input for job in outcome.to_do] == [photos / "b.jpg"]
    assert [job.output for job in outcome.jobs if job.exists] == [out / "a.jpg", out / "deep/a.jpg"]
    reason = f"{out / 'c.jpg'} exists, and is not a file; remove it"
    assert outcome.failures == [Failure(str(photos / "c.jpg"), reason)]


def test_skipped_results_may_be_in_an_input_folder_but_not_be_inputs(tmp_path: Path) -> None:
    photos = tree(tmp_path / "q", "a.jpg", "out/a.jpg")
    outcome = plan([str(photos)], photos / "out", None, skip_existing=True)
    assert (outcome.to_do, outcome.failures, len(outcome.jobs)) == ([], [], 1)
    both = [str(photos / "a.jpg"), str(photos / "out" / "a.jpg")]
    outcome = plan(both, photos, None, skip_existing=True)
    assert outcome.jobs == []
    assert all("would replace" in failure.reason for failure in outcome.failures)


def pages_of(name: str, pages: int) -> Callable[[BinaryIO], int]:
    """A `count_pages` by which the file of a given name has several pages, and others one."""

    def count(file: BinaryIO) -> int:
        if Path(file.name).name != name:
            raise ColorizationError("damaged")
        return pages

    return count


def test_each_page_of_a_tiff_has_a_result_and_a_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tree(tmp_path / "photos", "a.TIF", "b.tiff", "c.jpg", "deep/a.TIF")
    monkeypatch.setattr(decoding, "count_pages", pages_of("b.tiff", 3))
    outcome = plan([str(photos)], tmp_path / "out", None)
    assert [(job.label, str(job.output.relative_to(tmp_path / "out"))) for job in outcome.jobs] == [
        (str(photos / "a.TIF"), "a.TIF"),
        (f"{photos / 'b.tiff'}, page 1", "b-1.tiff"),
        (f"{photos / 'b.tiff'}, page 2", "b-2.tiff"),
        (f"{photos / 'b.tiff'}, page 3", "b-3.tiff"),
        (str(photos / "c.jpg"), "c.jpg"),
        (str(photos / "deep/a.TIF"), "deep/a.TIF"),
    ]
    assert [job.page for job in outcome.jobs] == [None, 0, 1, 2, None, None]


def test_pages_are_counted_whatever_the_extension(tmp_path: Path) -> None:
    fax = tree(tmp_path / "photos", "a.tif") / "fax"
    pages = [Image.fromarray(scene(seed, 8, 8)) for seed in (1, 2)]
    pages[0].save(fax, "TIFF", save_all=True, append_images=pages[1:])
    assert planned(fax, output=tmp_path / "out")[0] == {
        f"{fax}, page 1": "fax-1.png",
        f"{fax}, page 2": "fax-2.png",
    }


def test_each_page_is_skipped_or_refused_separately(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tree(tmp_path / "photos", "b-2.tif", "b.tif")
    monkeypatch.setattr(decoding, "count_pages", pages_of("b.tif", 3))
    out = tree(tmp_path / "out", "b-1.tif")
    outcome = plan([str(photos)], out, None, skip_existing=True)
    assert [job.label for job in outcome.to_do] == [
        str(photos / "b-2.tif"),
        f"{photos / 'b.tif'}, page 3",
    ]
    assert len(outcome.jobs) == 3
    reason = SAME_NAME.format(photos / "b-2.tif")
    assert outcome.failures == [Failure(f"{photos / 'b.tif'}, page 2", reason)]


def test_an_existing_file_with_brackets_is_not_a_glob(tmp_path: Path) -> None:
    photos = tree(tmp_path, "photo [1].jpg")
    assert planned(photos / "photo [1].jpg", output=tmp_path / "out")[0] != {}


def test_unwritable_formats_become_png_and_format_applies_to_all(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.gif", "b.bmp", "c.jpeg")
    assert sorted(planned(photos, output=tmp_path / "out")[0].values()) == [
        "a.png",
        "b.png",
        "c.jpeg",
    ]
    jobs, _ = planned(photos, output=tmp_path / "out", ending=".webp")
    assert sorted(jobs.values()) == ["a.webp", "b.webp", "c.webp"]


def test_results_of_the_same_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "a.png")
    jobs, failures = planned(photos, output=tmp_path / "out", ending=".png", overwrite=True)
    assert list(jobs) == [str(photos / "a.jpg")]
    expected = SAME_NAME.format(photos / "a.jpg")
    assert failures == {str(photos / "a.png"): expected}


def test_existing_results_are_kept_by_default(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg")
    out = tree(tmp_path / "out", "a.jpg")
    jobs, failures = planned(photos, output=out)
    assert jobs == {}
    assert "use --skip-existing or --overwrite" in failures[str(photos / "a.jpg")]
    assert planned(photos, output=out, overwrite=True)[0] != {}


def test_an_input_is_never_its_own_output(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg")
    (tmp_path / "link").symlink_to(photos)
    image = photos / "a.jpg"
    for output in (photos, tmp_path / "link"):
        jobs, failures = planned(image, output=output, overwrite=True)
        assert jobs == {}
        expected = f"its result would replace {image}, an input; choose another --output"
        assert failures == {str(image): expected}


def test_no_result_replaces_another_input(tmp_path: Path) -> None:
    a = tree(tmp_path / "a", "x.jpg", "x.png")
    jobs, failures = planned(a / "x.jpg", a / "x.png", output=a, ending=".png", overwrite=True)
    assert jobs == {}
    expected = f"its result would replace {a / 'x.png'}, an input; choose another --output"
    assert failures == {str(a / "x.jpg"): expected, str(a / "x.png"): expected}


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_no_result_replaces_a_link_to_an_input(tmp_path: Path, link: Callable) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "b.jpg")
    out = tmp_path / "out"
    out.mkdir()
    link(photos / "b.jpg", out / "a.jpg")
    jobs, failures = planned(photos, output=out, overwrite=True)
    assert jobs == {str(photos / "b.jpg"): "b.jpg"}
    expected = f"its result would replace {photos / 'b.jpg'}, an input; choose another --output"
    assert failures == {str(photos / "a.jpg"): expected}


def test_no_result_replaces_an_input_that_is_a_link(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "deep/a.jpg")
    (photos / "link").mkdir()
    (photos / "link" / "a.jpg").symlink_to(photos / "deep" / "a.jpg")
    jobs, failures = planned(
        photos / "a.jpg", photos / "link" / "a.jpg", output=photos / "link", overwrite=True
    )
    assert jobs == {str(photos / "link/a.jpg"): "link/a.jpg"}
    linked = photos / "link/a.jpg"
    expected = f"its result would replace {linked}, an input; choose another --output"
    assert failures == {str(photos / "a.jpg"): expected}


def test_the_output_folder_is_an_input_only_if_given(tmp_path: Path) -> None:
    photos = tree(tmp_path / "q", "a.jpg", "colorized/a.jpg", "colorized/deep/b.jpg")
    out = photos / "colorized"
    assert ignored(photos, out) == {"the output folder": 1}
    for overwrite in (False, True):
        jobs, failures = planned(photos, output=out, overwrite=overwrite)
        assert jobs == {}
        expected = (
            f"{out / 'a.jpg'} exists, in a folder that is an input; "
            "remove it, or choose another --output"
        )
        assert failures == {str(photos / "a.jpg"): expected}
    assert list(planned(out / "deep", output=tmp_path / "q/colorized")[0].values()) == ["b.jpg"]


@pytest.mark.parametrize("pattern", ["*", "**/*.jpg", "**"])
def test_a_glob_does_not_reach_the_output_folder(tmp_path: Path, pattern: str) -> None:
    photos = tree(tmp_path / "q", "a.jpg", "b.jpg", "out/a.jpg", "deep/c.jpg")
    jobs, failures = planned(photos / pattern, output=photos / "out", ending=".png")
    assert {Path(path).name for path in jobs} == {"a.jpg", "b.jpg", "c.jpg"}
    assert not any(path.startswith(str(photos / "out")) for path in jobs)
    assert failures == {}


def test_the_output_folder_among_several_arguments_is_ignored(tmp_path: Path) -> None:
    photos = tree(tmp_path / "q", "a.jpg", "out/z.jpg")
    arguments = sorted(photos.iterdir())  # what a shell makes of q/*
    assert list(planned(*arguments, output=photos / "out")[0]) == [str(photos / "a.jpg")]
    alone = planned(photos / "out", output=photos / "out", ending=".png")[0]
    assert list(alone.values()) == ["z.png"]


def test_a_link_does_not_make_two_results_share_a_file(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "one/a.jpg", "two/a.jpg")
    out = tmp_path / "out"
    (out / "one").mkdir(parents=True)
    (out / "two").symlink_to(out / "one")
    jobs, failures = planned(photos, output=out, overwrite=True)
    assert list(jobs) == [str(photos / "one/a.jpg")]
    expected = SAME_NAME.format(photos / "one/a.jpg")
    assert failures == {str(photos / "two/a.jpg"): expected}


def test_ignored_files_are_counted_by_kind(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "b.jfif", "C.JFIF", "DSC0001", "notes.txt", "x.raw")
    tree(photos, ".a.jpg", ".trash/b.jpg", "__MACOSX/a.jpg", "deep/.DS_Store")
    tree(tmp_path / "elsewhere", "c.jpg")
    (photos / "linked.jpg").symlink_to(tmp_path / "elsewhere")
    assert sorted(planned(photos, output=tmp_path / "out")[0].values()) == [
        "C.JFIF",
        "a.jpg",
        "b.jfif",
    ]
    assert ignored(photos, tmp_path / "out") == {
        "hidden": 4,
        "linked folders": 1,
        ".txt": 1,
        ".raw": 1,
        "without extension": 1,
    }


def test_an_explicit_file_is_tried_whatever_its_extension(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "DSC0001", ".hidden.jpg", "x.raw")
    jobs, failures = planned(*sorted(photos.iterdir()), output=tmp_path / "out")
    assert sorted(jobs.values()) == [".hidden.jpg", "DSC0001.png", "x.png"]
    assert failures == {}


def test_an_empty_name_is_not_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree(tmp_path, "a.jpg"))
    jobs, failures = planned("", "a.jpg", output=tmp_path / "out")
    assert list(jobs) == ["a.jpg"]
    assert failures == {"''": "no such file or folder"}


def test_circular_and_broken_links_are_reported(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg")
    (photos / "loop.jpg").symlink_to("loop.jpg")
    (photos / "nowhere.jpg").symlink_to("nothing")
    expected = {
        str(photos / "loop.jpg"): "a circular link",
        str(photos / "nowhere.jpg"): "a broken link",
    }
    for inputs in ([photos], [f"{photos}/*"], [f"{photos}/**/*.jpg"], sorted(photos.iterdir())):
        jobs, failures = planned(*inputs, output=tmp_path / "out")
        assert jobs == {str(photos / "a.jpg"): "a.jpg"}
        assert failures == expected


def test_an_input_given_twice_fails_once(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.jpg")
    outcome = plan([missing, missing], tmp_path / "out", ending=None)
    assert len(outcome.failures) == 1


def test_a_glob_does_not_follow_circular_links(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "deep/b.jpg", ".hidden/c.jpg")
    for name in ("one", "two", "three"):  # 3^40 ways, until the system has had enough of them
        (photos / name).symlink_to(photos)
    paths = (photos / "a.jpg", photos / "deep/b.jpg")
    for top, pattern in ((photos, "**/*.jpg"), (tmp_path, "**/**/*.jpg")):
        jobs, _ = planned(top / pattern, output=tmp_path / "out")
        assert jobs == {str(path): str(path.relative_to(top)) for path in paths}


def test_globs_of_folders_are_recursive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree(tmp_path, "a.jpg", "one/b.jpg", "one/deep/c.jpg"))
    out = tmp_path.parent / "out"
    everything = {"a.jpg": "a.jpg", "one/b.jpg": "one/b.jpg", "one/deep/c.jpg": "one/deep/c.jpg"}
    assert planned("**", output=out)[0] == everything
    assert planned("on*", output=out)[0] == {
        "one/b.jpg": "one/b.jpg",
        "one/deep/c.jpg": "one/deep/c.jpg",
    }
    assert list(planned("**/deep/*", output=out)[0]) == ["one/deep/c.jpg"]


def test_too_long_names_are_reported(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "b" * 251 + ".jpg")
    long = f"{photos}/{'a' * 300}.jpg"
    jobs, failures = planned(long, photos, output=tmp_path / "out", ending=".jpeg")
    assert len(jobs) == 2  # the disk tells that the second's result has too long a name
    assert failures == {long: "File name too long"}
    with pytest.raises(ColorizationError, match=r"^--output: .*: File name too long$"):
        planned(photos, output=tmp_path / ("o" * 300))


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg")
    os.mkfifo(photos / "pipe.jpg")
    (photos / "link.jpg").symlink_to("pipe.jpg")
    (photos / "zero.jpg").symlink_to("/dev/zero")
    reason = "not a file, but a folder, a pipe, a socket or a device"
    names = ("link.jpg", "pipe.jpg", "zero.jpg")
    jobs, failures = planned(photos, "/dev/zero", output=tmp_path / "out")
    assert jobs == {str(photos / "a.jpg"): "a.jpg"}
    assert failures == {str(photos / name): reason for name in names} | {"/dev/zero": reason}
    assert planned(photos / "pipe.jpg", output=tmp_path / "out")[1] == {
        str(photos / "pipe.jpg"): reason
    }


def dry_run(ordinary: Sequence[str], *arguments: Path) -> tuple[int, list[str], list[str]]:
    """The exit status of a dry run, the lines of stdout and those of stderr."""
    program = [*ordinary, sys.executable, "-m", "colorization.colorizing.command", "--dry-run"]
    command = [*program, "--quiet", "--output", *map(str, arguments)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    return process.returncode, process.stdout.splitlines(), process.stderr.splitlines()


def test_unreadable_folders_are_reported_and_the_others_searched(
    tmp_path: Path, ordinary: Sequence[str]
) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "locked/b.jpg", "blind/c.jpg")
    other = tree(tmp_path / "other", "d.jpg")
    modes = {photos / "locked": 0, photos / "blind": 0o400, other: 0}
    for folder, mode in modes.items():
        folder.chmod(mode)
    out = tmp_path / "out"
    status, jobs, failures = dry_run(ordinary, out, photos, other, other / "d.jpg")
    for folder in modes:
        folder.chmod(0o700)
    assert status == 1
    assert jobs == [f"{photos / 'a.jpg'} -> {out / 'a.jpg'}"]
    names = (photos / "blind/c.jpg", photos / "locked", other, other / "d.jpg")
    assert sorted(failures) == sorted(f"colorize: {name}: Permission denied" for name in names)


def test_an_unwritable_output_folder_is_refused(tmp_path: Path, ordinary: Sequence[str]) -> None:
    photos = tree(tmp_path / "photos", "a.jpg")
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    reason = f"colorize: --output: {out}: Permission denied"
    assert dry_run(ordinary, out, photos) == (2, [], [reason])
    assert dry_run(ordinary, out / "new", photos) == (2, [], [reason])


def test_a_circular_output_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("out")
    with pytest.raises(ColorizationError, match=r"^--output: .*/out: a circular link$"):
        planned(tree(tmp_path / "photos", "a.jpg"), output=tmp_path / "out")


def test_folders_of_any_depth_are_searched_and_too_deep_files_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "DEEPEST", 2)
    photos = tree(tmp_path / "photos", "one/two/a.jpg", "one/two/three/b.jpg")
    jobs, failures = planned(photos, output=tmp_path / "out")
    assert list(jobs.values()) == ["one/two/a.jpg"]
    assert failures == {str(photos / "one/two/three/b.jpg"): "is more than 2 folders deep"}


def test_missing_inputs_are_reported_and_the_others_taken(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg")
    (tmp_path / "empty").mkdir()
    jobs, failures = planned(
        tmp_path / "none.jpg",
        tmp_path / "empty",
        f"{tmp_path}/*.tif",
        photos,
        output=tmp_path / "o",
    )
    assert len(jobs) == 1
    assert failures == {
        str(tmp_path / "none.jpg"): "no such file or folder",
        str(tmp_path / "empty"): "a folder without images",
        f"{tmp_path}/*.tif": "no such file or folder",
    }


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    photos = tree(tmp_path, "a.jpg", "b.jpg")
    with pytest.raises(ColorizationError, match="is a file, not a folder"):
        plan([str(photos / "a.jpg")], photos / "b.jpg", ending=None)
