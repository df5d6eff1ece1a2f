"""Names and sources are escaped in Markdown, whatever they contain."""

import re

import pytest
from markdown_it import MarkdownIt

from colorization.pages.rendering import Table, code, without_undefined
from test_tables import NAMES

HOSTILE = [*NAMES, "a`b.jpg", "``", "`", "a```\n# Title", "<b>.jpg", "[a](b)", "a|b.jpg", "x" * 300]


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_a_name_is_one_span_of_code_and_nothing_else(name: str) -> None:
    (inline,) = [token for token in MarkdownIt().parse(f"1. {code(name)}: end") if token.children]
    span, rest = inline.children or []
    assert (span.type, rest.type, rest.content) == ("code_inline", "text", ": end")
    assert span.content == name.encode("unicode_escape").decode() or name.isprintable()
    assert span.content.strip() == name.strip() or not name.isprintable()


@pytest.mark.parametrize("text", ["a: 1\nb: 2", "# ```\n# ````\na: 1", "~~~"])
def test_a_block_of_code_ends_where_its_text_does(text: str) -> None:
    block, after = (
        token for token in MarkdownIt().parse(f"{code(text, 'yaml')}\n\nend") if token.content
    )
    assert (block.type, block.info, block.content) == ("fence", "yaml", f"{text}\n")
    assert after.content == "end"


def test_control_characters_are_escaped() -> None:
    assert code("a\r\x1b[31mb.jpg") == r"`a\r\x1b[31mb.jpg`"
    assert not re.search(r"[\x00-\x1f]", code("".join(map(chr, range(32)))))


def test_only_columns_that_are_undefined_in_every_row_are_left_out() -> None:
    rows = [["first", "undefined", "undefined"], ["second", "1.0", "undefined"]]
    assert without_undefined(Table(["", "old", "new"], rows)) == Table(
        ["", "old"], [["first", "undefined"], ["second", "1.0"]]
    )
    assert without_undefined(Table(["", "a"], [])) == Table(["", "a"], [])
