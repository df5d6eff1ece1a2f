"""Write a contact sheet: one web page with all results, each beside its photograph in gray.

The page is a single file with small images in it, and needs neither a network nor a server. It
links to the results.
"""

import base64
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from colorization.colorizing.accepted import NO_FILE
from colorization.colorizing.jobs import Failure, Kind
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_write
from colorization.core.text import printable

if TYPE_CHECKING:
    from colorization.colorizing.bulk import JobResult
    from colorization.colorizing.thumbnails import Thumbnails

EXTENSIONS = (".html", ".htm")
MOST_OPEN = 20  # failures; a longer list is shown on request
NOTES = {
    Kind.COLORIZED: "",
    Kind.EXISTS: "from an earlier run",
    Kind.IN_COLOR: "in color, left as it is",
}

# Only sheets begin with this line, and nothing else is replaced.
_FIRST_LINE = "<!DOCTYPE html><!-- contact sheet of colorize -->\n"
_STYLE = """
:root {color-scheme: light dark; --page: #f3f3f3; --card: #fff; --mat: #dcdcdc; --text: #222;
    --pale: #666; --line: #d4d4d4; --mark: #0a66c2; --bad: #a3241b;
    font: 15px/1.45 system-ui, sans-serif}
@media (prefers-color-scheme: dark) {
    :root {--page: #1b1b1b; --card: #262626; --mat: #333; --text: #e6e6e6; --pale: #a0a0a0;
        --line: #3c3c3c; --mark: #6cb2ff; --bad: #ff8f85}
}
* {box-sizing: border-box}
body {margin: 0; background: var(--page); color: var(--text)}
header {position: sticky; top: 0; z-index: 1; padding: .6rem 1rem; background: var(--page);
    border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .1rem 1.2rem;
    align-items: baseline}
h1 {margin: 0; font-size: 1.05rem}
header p {margin: 0; color: var(--pale)}
header .keys {margin-left: auto}
@media (hover: none), (max-width: 700px) {header .keys {display: none}}
kbd {padding: 0 .35em; border: 1px solid var(--line); border-radius: 3px; font: inherit;
    font-size: .85em; background: var(--card)}
details, main, .empty {margin: 1rem}
summary {color: var(--bad); font-weight: 600; cursor: pointer}
details ul {margin: .4rem 0; padding-left: 1.3rem}
li {overflow-wrap: anywhere}
main {display: grid; gap: 1rem; counter-reset: entry;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr))}
figure {margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 6px;
    overflow: hidden; counter-increment: entry; display: flex; flex-direction: column;
    content-visibility: auto; contain-intrinsic-size: auto 18rem}
figure:focus-within {outline: 3px solid var(--mark); outline-offset: 1px}
figure a {display: flex; gap: 2px; flex: 1; align-items: center; justify-content: center;
    padding: 6px; outline: none; background: var(--mat); color: var(--pale)}
img {display: block; min-width: 0; max-width: calc(50% - 1px); max-height: 15rem; width: auto;
    height: auto}
img:only-child {max-width: 100%}
figcaption {padding: .35rem .7rem .5rem; border-top: 1px solid var(--line); font-size: .87rem;
    overflow-wrap: anywhere}
figcaption::before {content: counter(entry) ". "; color: var(--pale)}
figcaption small {color: var(--pale)}
"""
_SCRIPT = """
const links = [...document.querySelectorAll('main a')];
const visible = (link) => link.getBoundingClientRect().bottom > 60;
addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !links.length) return;
    const main = document.querySelector('main');
    const row = getComputedStyle(main).gridTemplateColumns.split(' ').length;
    const arrows = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row};
    const step = {j: 1, k: -1, ...arrows}[event.key];
    if (!step) return;
    event.preventDefault();
    const from = links.indexOf(document.activeElement);
    const to = from < 0 ? links.findIndex(visible) : from + step;
    const link = links[Math.min(Math.max(to, 0), links.length - 1)];
    link.focus({preventScroll: true});
    link.closest('figure').scrollIntoView({block: 'center'});
});
"""


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


# The policy lets nothing run or load but what is here, whatever a file's name contains.
_BEGINNING = Template(
    _FIRST_LINE
    + f"""<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="colorize">
<title>Contact sheet: $summary</title>
<style>{_STYLE}</style>
<header>
<h1>Contact sheet</h1>
<p>$summary</p>
<p class="keys"><kbd>j</kbd> <kbd>k</kbd> or arrows: next, previous; <kbd>Enter</kbd>: open</p>
</header>
"""
)
_END = f"<script>{_SCRIPT}</script>\n"


class Sheet:
    """A contact sheet in progress; memory does not grow with the number of photographs.

    Parameters
    ----------
    path : Path
        One that passes `check`. Missing parent folders are created.

    Raises
    ------
    ColorizationError
        If the folder is not writable.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self._error: OSError | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Without a name, so that nothing is left of it if the program is killed.
            self._entries = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 (`__exit__`)
        except OSError as error:
            raise _unwritable(path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.close()

    def add(self, result: "JobResult") -> None:
        """Add a photograph; one that failed is among the failures of `write` instead.

        If there is no space for it, the photographs that follow matter more: `write` reports it.
        """
        if result.kind is Kind.FAILED:
            return
        self._count += 1
        job = result.job
        linked = job.input if result.kind is Kind.IN_COLOR else job.output
        note = NOTES[result.kind]
        caption = f"<bdi>{_text(job.label)}</bdi>" + (note and f" <small>({note})</small>")
        entry = (
            f'<figure><a href="{self._address(linked)}">{_images(result)}</a>'
            f"<figcaption>{caption}</figcaption></figure>\n"
        )
        try:
            self._entries.write(entry.encode())
        except OSError as error:
            self._error = error

    def write(self, summary: str, failures: Iterable[Failure]) -> None:
        """Write the page.

        Parameters
        ----------
        summary : str
            How many photographs had which outcome.
        failures : iterable of Failure

        Raises
        ------
        ColorizationError
            If it cannot be written, for example on a full disk.
        """
        if self._error is not None:
            raise _unwritable(self._path, self._error)
        try:
            self._entries.seek(0)
            with atomic_write(self._path) as partial, partial.open("wb") as file:
                file.write(_BEGINNING.substitute(summary=_text(summary)).encode())
                file.write(_listed(list(failures)).encode())
                file.write(b"<main>\n" if self._count else b'<p class="empty">No results.</p>\n')
                shutil.copyfileobj(self._entries, file)
                file.write(b"</main>\n" if self._count else b"")
                file.write(_END.encode())
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def _address(self, path: Path) -> str:
        """The address of a file relative to the sheet."""
        here = os.path.realpath(self._path.parent)
        return escape(quote(os.fsencode(os.path.relpath(os.path.realpath(path), here))))


def check(path: Path) -> None:
    """Check that a sheet may be written to a path.

    Raises
    ------
    ColorizationError
        If its name does not end in .html, or it exists and is no contact sheet that can be read.
    """
    if path.suffix.lower() not in EXTENSIONS:
        raise ColorizationError(f"--sheet: {path} must end in .html")
    try:
        if path.exists() and not path.is_file():  # a pipe or a device might never end
            raise ColorizationError(f"--sheet: {path} is {NO_FILE}")
        with path.open("rb") as file:
            is_sheet = file.read(len(_FIRST_LINE)) == _FIRST_LINE.encode()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error) from error
    if not is_sheet:
        raise ColorizationError(f"--sheet: {path} exists, and is no contact sheet; choose another")


def _unwritable(path: Path, error: OSError) -> ColorizationError:
    return ColorizationError(f"--sheet: cannot write {path}: {error.strerror or error}")


def _text(text: str) -> str:
    return escape(printable(text))


def _images(result: "JobResult") -> str:
    thumbnails = result.thumbnails
    if thumbnails is None:
        return "no preview"
    color = _image(thumbnails, thumbnails.color, "in color")
    if result.kind is Kind.IN_COLOR:
        return color
    return _image(thumbnails, thumbnails.gray, "in gray") + color


def _image(thumbnails: "Thumbnails", content: bytes, alt: str) -> str:
    width, height = thumbnails.size
    data = base64.b64encode(content).decode()
    return (
        f'<img src="data:image/webp;base64,{data}" width="{width}" height="{height}" alt="{alt}" '
        'loading="lazy" decoding="async">'
    )


def _listed(failures: list[Failure]) -> str:
    if not failures:
        return ""
    items = (
        f"<li><bdi>{_text(failure.input)}</bdi>: {_text(failure.reason)}</li>\n"
        for failure in failures
    )
    is_open = " open" if len(failures) <= MOST_OPEN else ""
    return (
        f"<details{is_open}><summary>{len(failures):,} failed</summary>\n"
        f"<ul>\n{''.join(items)}</ul></details>\n"
    )
