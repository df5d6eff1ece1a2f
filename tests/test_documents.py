"""README and docs against what they speak of: references, code, commands, links, pictures."""

import re
import runpy
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from markdown_it import MarkdownIt
from PIL import Image

import readme
from colorization.colorizing.command import main as colorize
from colorization.core.settings import Variant, load_params
from colorization.networks import catalog
from colorization.networks.architecture import build_network
from colorization.scoring import metrics
from colorization.scoring.metrics import METRICS, Metric
from colorization.scoring.reference import Colorized, Reference
from conftest import Project, environment, stages_run
from evaluated import evaluation, rows, sweep
from packaged import with_embedding, with_vividness
from samples import ROOT, VARIANTS, encoded, pack, scene
from test_published import write
from web import Site, serve

PAGES = {str(page.relative_to(ROOT)): page for page in readme.pages()}
PAGES |= {name: ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "studies/README.md")}

# Commands of the pages that no test here runs, and why.
NOT_RUN = {
    "make repro": "it installs; the stages that it runs are run by test_pipeline",
    "make test": "it is this suite",
    "make soak": "it takes hours",
    "make lint": "it runs before the tests",
    "make readme": "it writes the files that are compared here",
    "make lock": "it asks a network",
    "make study": "the fixture `study` runs the same stages",
    "dvc repro -P --keep-going": "the fixture `study` runs it",
    "make study CLUSTER=tcp://HOST:8786": "test_cluster runs it",
    "pip install .": "it asks a network",
    "pip install '.[page]'": "it asks a network",
    "make .venv/installed && . .venv/bin/activate": "it asks a network",
    "python3 -m venv env && . env/bin/activate": "the tests run in an environment already",
    "pip install -r benchmarks/requirements.txt": "it asks a network",
    "pip install torch==2.13.0": "it asks a network",
    "pip install --no-deps -r tools/requirements-efficientnet.txt": "it asks a network",
    "python tools/efficientnet_lite2.py efficientnet_lite2.weights.h5": "it needs PyTorch",
    '.venv/bin/pip install "jax[cuda13]"': "it asks a network, and is of use with a GPU",
    ". .venv/bin/activate": "the tests run in an environment already",
    ".venv/bin/pre-commit install": "it asks a network",
    "colorize-page": "it serves until it is stopped; test_page opens it",
    "dvc remote add --default storage /some/folder": "test_pipeline has a folder for it",
    "dvc push --run-cache": "test_pipeline",
    "dvc pull --run-cache --allow-missing": "test_pipeline",
    "git checkout REV && dvc checkout --allow-missing": "test_pipeline",
    "dvc remote add --default shared ssh://host/path/to/shared": "test_cluster has a folder",
    "dask scheduler": "test_cluster starts one",
    "dask worker tcp://HOST:8786 --nthreads 1": "test_cluster starts two",
    "dask ssh host1 host2 host3 --nthreads 1": "it needs other machines",
    "make publish STUDY=mine": "test_published and test_pipeline do so at tiny settings",
    "dvc exp run -S download.source=https://example.org/photographs.zip": "followed below",
}
# It adds a value that the variant's line does not override yet.
OVERRIDE = "dvc exp run -S '++variants.bn_maxpool.train.learning_rate=0.0001'"
# Of the variants of the pages, `plain` alone is trained here.
EXPERIMENT = "dvc exp run -S model.variant=spatial_dropout"
ANOTHER_LINE = "dvc exp run -S model.variant=bn_maxpool_slow"
# Commands that would run what follows as well, which test_pipeline does; here DVC stops there.
STOP = {
    "dvc exp run -S download.source=../photos.zip -S preprocess.image_size=96": "preprocess",
    "dvc exp run -S download.source=https://example.org/photographs.zip": "split",
    "dvc exp run -S download.source=photographs": "split",
    "dvc exp run -S train.epochs=12": "check",
    OVERRIDE: "experiments/dvc.yaml:inputs@bn_maxpool",
    EXPERIMENT: "experiments/dvc.yaml:inputs@spatial_dropout",
    ANOTHER_LINE: "experiments/dvc.yaml:inputs@bn_maxpool_slow",
}
# Python that needs what no test has: a cluster, the network.
NEEDS = ("dask_jobqueue", "dask_kubernetes", "keras.applications")


@dataclass(frozen=True)
class Block:
    """A block of code in a page."""

    page: str
    language: str
    code: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, as CommonMark has them."""
    tokens = MarkdownIt().parse(PAGES[page].read_text(encoding="utf-8"))
    return [Block(page, item.info, item.content) for item in tokens if item.type == "fence"]


def commands(page: str) -> Iterator[str]:
    """The commands of a page, without what they say of themselves."""
    for block in blocks(page):
        if block.language in ("sh", "bash"):
            for line in block.code.splitlines():
                if command := re.split(r"(?:^|\s+)#\s", line)[0].strip():
                    yield command


def links(page: str) -> Iterator[str]:
    """Where the links and pictures of a page lead."""
    for token in MarkdownIt("commonmark").enable("table").parse(PAGES[page].read_text()):
        for child in token.children or []:
            target = child.attrs.get("href") or child.attrs.get("src")
            if target:
                yield str(target)


@pytest.mark.parametrize("page", [str(path.relative_to(ROOT)) for path in readme.pages()])
def test_references_are_what_code_and_results_say(page: str) -> None:
    text = PAGES[page].read_text(encoding="utf-8")
    assert readme.with_references(text) == text, "stale: run `make readme`"


def test_every_section_is_on_a_page() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in readme.pages())
    assert {match["name"] for match in readme.MARKED.finditer(text)} == {
        *readme.SECTIONS,
        readme.PRINTED,
    }


def test_a_new_metric_gets_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    hue = Metric("hue", lambda _: 1.0, title="hue", description="mean over the pixels")
    monkeypatch.setattr(metrics, "METRICS", (*METRICS, hue))
    assert readme.metrics_table().splitlines()[-1] == "| hue | mean over the pixels |"
    text = PAGES["docs/metrics.md"].read_text()
    assert readme.with_references(text) != text


def test_the_table_of_the_readme_has_the_papers_variants_and_the_best_of_the_others() -> None:
    lines = {
        "bn_maxpool": Variant(network="bn_maxpool", embedding="imagenet", encoder="none"),
        "control": Variant(network="bn_maxpool", embedding="random_network", encoder="none"),
        "alone": Variant(network="bn_maxpool", embedding="none", encoder="none"),
        "half": Variant(network="bn_maxpool", embedding="imagenet", encoder="none"),
        "vgg19_unet": Variant(network="vgg19_unet", embedding="none", encoder="vgg19"),
    }
    titles = ["|  | error removed, % |", "| --- | ---: |"]
    rows = [
        "| control (random network) | 9.0 |",
        "| alone | 8.0 |",
        "| half | 7.0 |",
        "| constant color | 0.0 |",
        "| bn_maxpool | -1.0 |",
        "| vgg19_unet (gives a constant color) | unranked |",
    ]
    _, alone, _, *others = rows
    assert readme.papers_and_best([*titles, *rows], lines) == [*titles, alone, *others]


def test_the_readme_of_an_unfinished_study_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (readme.STUDY / "study.md").read_text(encoding="utf-8")
    text = re.sub(r"\nNot trained yet.*\n", "", text)
    before, counted, after = text.partition("All means are over")
    line, rest = after.split("\n", 1)
    missing = "Not trained yet, 2 of 44: all seeds of `bn`."
    shutil.copyfile(readme.STUDY / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.setattr(readme, "STUDY", tmp_path)
    monkeypatch.setattr(readme, "ROOT", tmp_path.parent)
    (tmp_path / "study.md").write_text(text)
    whole = readme.study()
    assert "Not trained yet" not in whole
    (tmp_path / "study.md").write_text(f"{before}{counted}{line}\n\n{missing}\n{rest}")
    unfinished = readme.study()
    assert unfinished.endswith(f"{line} {missing}\n")
    assert len(unfinished.splitlines()) == len(whole.splitlines())


def test_a_variant_of_another_network_is_described_by_what_it_is_for() -> None:
    rows = {row.split("|")[1].strip(): row for row in readme.variants_table().splitlines()}
    assert "`bn_maxpool`: whether more photographs help" in rows["`bn_maxpool_half`"]
    assert "`bn_maxpool`: what the embedding adds" in rows["`bn_maxpool_no_embedding`"]
    assert "`baseline`: the paper's learning rate, " in rows["`baseline_paper_rate`"]
    assert " 4.2 " not in "".join(rows.values())  # the paper did not train with less data


def test_a_page_that_lost_a_marker_is_refused() -> None:
    text = PAGES["docs/metrics.md"].read_text()
    with pytest.raises(ValueError, match="has no end marker"):
        readme.with_references(text.replace("<!-- end of metrics -->\n", ""))
    with pytest.raises(ValueError, match="unknown section 'hues'; known: "):
        readme.with_references(re.sub(r"(<!-- |end of )metrics\b", r"\1hues", text))


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    tokens = MarkdownIt().parse(PAGES[page].read_text(encoding="utf-8"))
    headings = [text.content for one, text in pairwise(tokens) if one.type == "heading_open"]
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in links(page):
        if target.startswith("#"):
            assert target[1:] in anchors(page), target
        elif not target.startswith(("http://", "https://")):
            path, _, anchor = target.partition("#")
            assert (PAGES[page].parent / path).exists(), target
            assert not anchor, f"{target}: headings change; link to the page"


def test_the_readme_is_short_and_so_are_the_pages() -> None:
    lengths = {name: len(page.read_text().splitlines()) for name, page in PAGES.items()}
    assert lengths.pop("README.md") <= 130
    assert {name for name, length in lengths.items() if length >= 200} == set()


def test_the_list_of_pages_is_whole() -> None:
    listed = set(links("docs/README.md"))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= listed


def printed(text: str) -> list[str]:
    """What a page shows of what its code prints."""
    return [match[0] for match in readme.MARKED.finditer(text) if match["name"] == readme.PRINTED]


def without_figures(output: str) -> str:
    """Figures and names of photographs differ from data set to data set."""
    return re.sub(r"[-\d.]+|\w+(?=\.jpg|, PSNR)| +", "", output)


def test_the_code_on_packages_runs_and_shows_one_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(with_embedding(), "models/chosen")
    Path("data").mkdir()
    Path("results").mkdir()
    photographs = {"a.jpg": scene(1), "b.jpg": scene(2), "c.jpg": scene(3)}
    pack(Path("data/raw.zip"), {name: encoded(rgb) for name, rgb in photographs.items()})
    split = pd.DataFrame({"name": [*photographs], "split": ["train", "test", "test"]})
    split.to_csv("data/split.csv", index=False)

    text = PAGES["docs/packages.md"].read_text()
    outputs = printed(readme.with_printed(text))
    assert "\nb.jpg, PSNR: gray " in outputs[0]
    assert [*map(without_figures, outputs)] == [*map(without_figures, printed(text))], "stale"
    gray, colors, colorized, truth = np.hsplit(
        np.asarray(Image.open("results/one_photograph.png")), 4
    )
    np.testing.assert_array_equal(truth, photographs["b.jpg"])
    assert np.ptp(gray.astype(int), axis=-1).max() <= 1
    assert np.abs(colorized.astype(int) - truth).max() > 20
    assert np.ptp(colors.astype(int), axis=-1).max() > 20


def test_the_story_runs_on_another_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variant in ("bn_maxpool", "mobilenet_unet"):
        made = evaluation(rows(4), variant=variant)
        images = np.stack([made.samples["best"].images["truth"]] * 5, axis=1)
        made = replace(made, sweep=sweep(images) if variant == "mobilenet_unet" else None)
        piece = Path("studies/photographs/trainings", f"{variant}-1")
        write(made, piece)
        table = pd.read_csv(piece / "test_images.csv")
        of_model = table.columns.str.startswith("model_")
        table.loc[:, of_model].assign(name=table["name"]).to_csv(
            piece / "test_images.csv.gz", index=False
        )
        table.loc[:, ~of_model].to_csv("studies/photographs/photographs.csv.gz", index=False)
    text = PAGES["docs/story.md"].read_text()
    balloons, study, trivial, halves, turned, beside = printed(readme.with_printed(text))
    assert balloons == printed(text)[0], "stale: run `make readme`"
    assert "mobilenet_unet" in study
    assert " of 4 photographs" in trivial
    assert "grayer half" in halves
    assert "vividness" in turned
    assert "bn_maxpool: colorfulness " in beside


def test_the_story_is_of_the_published_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = PAGES["docs/story.md"].read_text()
    assert readme.with_printed(text) == text, "stale: run `make readme`"


def photographs(folder: Path) -> None:
    """The files that the pages' commands take."""
    names = [
        "photo.jpg",
        "holiday/beach.jpg",
        "scans/1990/cat.jpg",
        "mirflickr25k/im1.jpg",
        "box/1.jpg",
    ]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(scene(number)))
    Image.fromarray(scene(9)).save(folder / "old.tif")
    (folder / "hints.csv").write_text(by_heading("docs/hints.md")["The command"][0].code)
    drawn = {f"{number}.jpg": encoded(scene(number)) for number in range(24)}
    pack(folder.parent / "photos.zip", drawn)


@pytest.fixture
def checkout(project: Project) -> Project:
    """The reproduced project, with the other files of this checkout."""
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    for name in tracked:
        path = project.root / name
        if not path.exists() and (ROOT / name).exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, path)
    photographs(project.root)
    return project


def test_every_command_that_is_not_run_or_is_stopped_is_on_a_page() -> None:
    listed = {command for page in PAGES for command in commands(page)}
    assert {*NOT_RUN, *STOP} <= listed


def stopped(command: str) -> str:
    """A command as it is run here."""
    return f"{command} {STOP[command]}" if command in STOP else command


def test_commands_run(checkout: Project) -> None:
    """Each once, in the order of the pages, in one project; a page begins with its parameters."""
    lines = {name: VARIANTS[name] for name in ("bn_maxpool", "spatial_dropout")}
    checkout.update_params({"variants": {name: line.model_dump() for name, line in lines.items()}})
    checkout.commit()
    printed: dict[str, str] = {}
    for page in PAGES:
        checkout.succeed("git", "restore", "params.yaml")
        for command in commands(page) if page != "docs/extending.md" else ():
            if command not in NOT_RUN and command not in printed:
                printed[command] = checkout.succeed("bash", "-c", stopped(command))
    assert stages_run(printed[EXPERIMENT]) == ["inputs@spatial_dropout"]
    assert stages_run(printed[OVERRIDE]) == ["inputs@bn_maxpool"]


def python_without_output(page: str) -> list[str]:
    """The Python of a page after the last output that it shows; what is before it, is run above."""
    text = PAGES[page].read_text()
    rest = text[max([0, *(match.end() for match in readme.MARKED.finditer(text))]) :]
    codes = [block.code for block in blocks(page) if block.language == "python"]
    return [
        code for code in codes if code in rest and not any(package in code for package in NEEDS)
    ]


@pytest.mark.parametrize(
    "page",
    [name for name in PAGES if name != "docs/extending.md" and python_without_output(name)],
)
def test_python_runs(page: str, tmp_path: Path) -> None:
    photographs(tmp_path / "here")
    shutil.copytree(with_vividness(), tmp_path / "here" / "models" / "chosen")
    for code in python_without_output(page):
        done = subprocess.run(
            ["python", "-c", code],
            cwd=tmp_path / "here",
            env=environment() | {"PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_hints_are_given_by_the_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photographs(tmp_path)
    monkeypatch.chdir(tmp_path)
    _, run = by_heading("docs/hints.md")["The command"]
    program, *arguments = shlex.split(run.code)
    assert (program, colorize(arguments)) == ("colorize", 0)
    for name, hint in {
        "photo.jpg": "#7a1f2b at 12, 30",
        "1990/cat.jpg": "#b98a4e at 20, 20",
    }.items():
        assert f"; hint {hint}".encode() in Path("hinted", name).read_bytes()


def by_heading(page: str) -> dict[str, list[Block]]:
    """The blocks of a page under each of its headings."""
    text = PAGES[page].read_text()
    by_title: dict[str, list[Block]] = {}
    rest = blocks(page)
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        count = len(re.findall(r"^ *```\w+$", part, re.MULTILINE))
        by_title[part.splitlines()[0]], rest = rest[:count], rest[count:]
    return by_title


def insert_before(path: Path, line: str, code: str) -> None:
    text = path.read_text()
    place = text.rindex(line)
    path.write_text(text[:place] + code + text[place:])


METRIC_AFTER_THE_MSE = '    Metric(\n        "psnr_vs_gray_db"'


def test_the_variants_the_network_and_the_metric_to_add_are_valid(tmp_path: Path) -> None:
    """The soaked test below also trains and scores them."""
    code, plain, _ = by_heading("docs/extending.md")["Add a network"]
    variant, _ = by_heading("docs/extending.md")["Add a variant"]
    metric, _ = by_heading("docs/extending.md")["Add a metric"]

    path = tmp_path / "plain.py"
    path.write_text(code.code)
    record = runpy.run_path(str(path))["ARCHITECTURE"]
    L = np.zeros((1, 32, 64, 1), np.float32)
    ab = build_network("plain", record, 1).model.predict_on_batch([L])
    assert ab.shape == (1, 32, 64, 2)

    params = tmp_path / "params.yaml"
    shutil.copyfile(ROOT / "profiles/quick.yaml", params)
    insert_before(params, "\nstudy:", variant.code + plain.code)
    lines = load_params(params, catalog.declared() | {"plain": catalog.read_inputs(path)}).variants
    assert {"bn_maxpool_slow", "plain"} <= set(lines)

    source = (ROOT / "src/colorization/scoring/metrics.py").read_text()
    assert source.count(METRIC_AFTER_THE_MSE) == 1
    added = eval(metric.code.strip().removesuffix(","), {**vars(metrics)})  # noqa: S307
    photograph = Reference(scene(1))
    gray = Colorized(photograph, np.zeros_like(photograph.ab))
    assert added.measure(gray) == pytest.approx(np.hypot(*photograph.lab[..., 1:].T).mean())


@pytest.mark.soak
def test_a_variant_a_network_and_a_metric_are_added_by_the_letter(checkout: Project) -> None:
    """Metric and network first, so that one experiment runs both."""
    code, plain, run = by_heading("docs/extending.md")["Add a network"]
    variant, run_variant = by_heading("docs/extending.md")["Add a variant"]
    (checkout.root / "src/colorization/architectures/plain.py").write_text(code.code)
    params = checkout.root / "params.yaml"
    tiny = yaml.safe_load(params.read_text())
    shutil.copyfile(ROOT / "profiles/quick.yaml", params)
    insert_before(params, "\nstudy:", variant.code + plain.code)
    added = yaml.safe_load(params.read_text())["variants"]
    tiny["variants"] = {name: added[name] for name in ("bn_maxpool", "bn_maxpool_slow", "plain")}
    params.write_text(yaml.safe_dump(tiny, sort_keys=False))
    metric, run_again = by_heading("docs/extending.md")["Add a metric"]
    path = checkout.root / "src/colorization/scoring/metrics.py"
    insert_before(path, METRIC_AFTER_THE_MSE, metric.code)

    printed = checkout.succeed("bash", "-ec", run.code)
    assert sorted(stages_run(printed)) == [
        "evaluate@plain-1",
        "inputs@plain",
        "package",
        "report",
        "train@plain-1",
        "trivial",  # for the metric alone
    ]
    report = (checkout.root / "results/report.md").read_text()
    assert "plain" in report.splitlines()[0]
    assert "mean error in ab" in report
    assert '"mean_error_ab"' in (checkout.root / "results/metrics.json").read_text()
    assert stages_run(checkout.succeed("bash", "-ec", run_again.code)) == []
    # So the study does not train it again.
    assert "experiments/dvc.yaml:train@plain-1" not in checkout.read_json("dvc", "status")
    assert ANOTHER_LINE in run_variant.code
    command = run_variant.code.replace(ANOTHER_LINE, stopped(ANOTHER_LINE))
    assert stages_run(checkout.succeed("bash", "-ec", command)) == ["inputs@bn_maxpool_slow"]


def test_a_source_is_added_by_the_letter(checkout: Project) -> None:
    plain, code, entry, run = by_heading("docs/extending.md")["Add a source of photographs"]
    drawn = (checkout.root.parent / "photos.zip").read_bytes()
    with serve(Site(drawn)) as site:
        address = f"http://{site.address}/photographs.zip"
        path = checkout.root / "src/colorization/sources/fetching.py"
        here = code.code.replace("https://example.org/photographs.zip", address)
        assert here != code.code
        insert_before(path, "# Functions of the named sources.\n", here + "\n\n")
        insert_before(path, '    "bsds500": _fetch_bsds500,\n', entry.code)
        for block in (plain, run):
            command = stopped(block.code.strip())
            checkout.succeed(
                "bash", "-ec", command.replace("https://example.org/photographs.zip", address)
            )
            assert len(pd.read_csv(checkout.root / "data/split.csv")) == 24
