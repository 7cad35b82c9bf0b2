"""Markdown (CommonMark, and its tables of pipes) to pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from distributor.newsroom.importing.markup import Reader
from distributor.newsroom.importing.notes import Note, note
from distributor.newsroom.importing.pieces import Source
from distributor.newsroom.importing.tags import KNOWN
from distributor.newsroom.importing.texts import SOFT_BREAK, paragraphs

_PARSER = MarkdownIt("commonmark", {"html": True, "store_labels": True}).enable("table")
_PIPE = re.compile(r"(?<!\\)\|")
_TAG = re.compile(r"\s*</?([a-zA-Z][^\s/>]*)")


def _soft_break(*_arguments: Any) -> str:
    return f"<{SOFT_BREAK}>"


_PARSER.add_render_rule("softbreak", _soft_break)


def read(text: str, *, first_line: int = 1) -> Source:
    """The pieces of a text whose first line is line ``first_line`` of the file.

    A tag that is not HTML is text. What Markdown shows to nobody (comments, titles of links,
    addresses without a link) becomes a note.
    """
    env: dict[str, Any] = {}
    tokens = _PARSER.parse(text, env)
    _fill_rows(tokens, text.split("\n"))
    everything = list(_all(tokens))
    for token in everything:
        _prepare(token, first_line)
    html = str(_PARSER.renderer.render(tokens, _PARSER.options, env))
    reader = Reader(markdown=True)
    reader.feed(html)
    reader.close()
    unseen = [
        note("code", first_line + (token.map or [0])[0], left_out=token.info)
        for token in everything
        if token.type == "fence" and token.info.strip()
    ]
    return Source(
        pieces=reader.pieces,
        notes=[*reader.notes, *unseen, *_unused(text, everything, env, first_line)],
        language=reader.language,
        paragraphs=paragraphs(html),
    )


def _fill_rows(tokens: Sequence[Token], rows: Sequence[str]) -> None:
    """Give the last cell of each row of a table the cells that its head has no column for."""
    row: list[Token] = []
    source = ""
    for token in tokens:
        if token.type == "tr_open" and token.map:
            row, source = [], rows[token.map[0]].strip()
        elif token.type == "inline":
            row.append(token)
        elif token.type == "tr_close" and row:
            cells = _PIPE.split(source.removeprefix("|"))
            for cell in filter(str.strip, cells[len(row) :]):
                extra = _PARSER.parseInline(f" {cell}", {})[0].children
                row[-1].children = [*(row[-1].children or []), *(extra or [])]


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _prepare(token: Token, first_line: int) -> None:
    """Give the HTML of ``token`` its line, an item's number or dash; take unknown tags as text."""
    if token.map and token.nesting == 1:
        token.attrSet("data-line", str(token.map[0] + first_line))
    if token.type == "list_item_open" and token.info.isdigit():
        token.attrSet("value", token.info)
    if token.type == "bullet_list_open" and token.markup == "-":
        token.attrSet("data-dash", "")
    tag = _TAG.match(token.content)
    if tag and tag[1].lower() not in KNOWN:
        if token.type == "html_inline":
            token.type = "text"
        elif token.type == "html_block":
            token.type = "code_block"


def _unused(
    text: str, tokens: Sequence[Token], env: dict[str, Any], first_line: int
) -> Iterator[Note]:
    """A note for every reference definition that no link or picture names."""
    used = {token.meta.get("label") for token in tokens}
    unused = [
        reference["map"]
        for label, reference in env.get("references", {}).items()
        if label not in used
    ] + [reference["map"] for reference in env.get("duplicate_refs", [])]
    rows = text.split("\n")
    for start, end in sorted(unused):
        yield note("reference", start + first_line, left_out=" ".join(rows[start:end]))
