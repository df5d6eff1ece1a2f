"""Which photographs are taken, and where their results go."""

from pathlib import Path

import pytest

from colorization.colorizing.jobs import Failure, plan
from colorization.core.errors import ColorizationError
from samples import encoded, scene

IMAGE = encoded(scene(1, 8, 8))


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(IMAGE)
    return folder


def planned(*inputs: Path | str, output: Path, **options: object) -> tuple[dict, dict]:
    chosen = {"ending": None, "overwrite": False} | options
    jobs, failures = plan([str(path) for path in inputs], output, **chosen)  # type: ignore[arg-type]
    return (
        {str(job.input): str(job.output.relative_to(output)) for job in jobs},
        {failure.input: failure.reason for failure in failures},
    )


def test_a_folder_is_searched_to_the_bottom_and_keeps_its_shape(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "deep/er/b.PNG", "deep/notes.txt", ".hidden.jpg")
    jobs, failures = planned(photos, output=tmp_path / "out")
    assert jobs == {
        str(photos / "a.jpg"): "a.jpg",
        str(photos / "deep/er/b.PNG"): "deep/er/b.PNG",
    }
    assert failures == {}


def test_files_and_globs_go_right_into_the_output_and_each_photograph_once(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "b.jpg", "deep/c.jpg", "d.png")
    jobs, failures = planned(photos / "a.jpg", f"{photos}/**/*.jpg", output=tmp_path / "out")
    assert sorted(jobs.values()) == ["a.jpg", "b.jpg", "c.jpg"]
    assert failures == {}


def test_a_name_with_brackets_is_a_file_before_it_is_a_glob(tmp_path: Path) -> None:
    photos = tree(tmp_path, "photo [1].jpg")
    assert planned(photos / "photo [1].jpg", output=tmp_path / "out")[0] != {}


def test_what_cannot_be_written_becomes_png_and_a_format_holds_for_all(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.gif", "b.bmp", "c.jpeg")
    assert sorted(planned(photos, output=tmp_path / "out")[0].values()) == [
        "a.png",
        "b.png",
        "c.jpeg",
    ]
    jobs, _ = planned(photos, output=tmp_path / "out", ending=".webp")
    assert sorted(jobs.values()) == ["a.webp", "b.webp", "c.webp"]


def test_two_results_of_one_name_are_never_written_over_each_other(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg", "a.png")
    jobs, failures = planned(photos, output=tmp_path / "out", ending=".png", overwrite=True)
    assert list(jobs) == [str(photos / "a.jpg")]
    expected = f"its result has the same name as that of {photos / 'a.jpg'}"
    assert failures == {str(photos / "a.png"): expected}


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg")
    out = tree(tmp_path / "out", "a.jpg")
    jobs, failures = planned(photos, output=out)
    assert jobs == {}
    assert "--overwrite replaces it" in failures[str(photos / "a.jpg")]
    assert planned(photos, output=out, overwrite=True)[0] != {}


def test_an_input_is_never_its_own_output(tmp_path: Path) -> None:
    photos = tree(tmp_path / "photos", "a.jpg")
    (tmp_path / "link").symlink_to(photos)
    for output in (photos, tmp_path / "link"):
        jobs, failures = planned(photos / "a.jpg", output=output, overwrite=True)
        assert jobs == {}
        assert "its result would replace it" in failures[str(photos / "a.jpg")]


def test_what_is_not_there_is_named_and_the_rest_is_taken(tmp_path: Path) -> None:
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
        str(tmp_path / "none.jpg"): "there is no such file or folder",
        str(tmp_path / "empty"): "a folder without images",
        f"{tmp_path}/*.tif": "there is no such file or folder",
    }


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    photos = tree(tmp_path, "a.jpg", "b.jpg")
    with pytest.raises(ColorizationError, match="is a file, not a folder"):
        plan([str(photos / "a.jpg")], photos / "b.jpg", ending=None, overwrite=False)


def test_a_failure_before_its_turn_does_not_count_as_begun(tmp_path: Path) -> None:
    _, failures = plan(["none"], tmp_path, ending=None, overwrite=False)
    assert failures == [Failure("none", "there is no such file or folder", began=False)]
