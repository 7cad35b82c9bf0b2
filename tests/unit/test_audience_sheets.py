"""CSV files as spreadsheets write them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.audience.sheets import Problem, Row, Sheet, bare, guarded

NAME = "Åsa Öberg"


def rows(data: bytes) -> list[Row | Problem]:
    return list(Sheet(io.BytesIO(data), required="email").rows())


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_separator_and_line_end_is_found(encoding, separator, end):
    text = end.join(
        [separator.join(["Email", "NAME"]), separator.join(["a@b.example", NAME]), "", ""]
    )
    assert rows(text.encode(encoding)) == [Row(2, {"email": "a@b.example", "name": NAME})]


def test_lines_are_counted_as_an_editor_does():
    data = b'email,name\n"a@b.example","two\nlines"\n\nc@d.example,x\ne@f.example,"open\n'
    found = rows(data)
    assert [row.line for row in found] == [2, 5, 6]
    assert isinstance(found[2], Problem)


def test_a_row_with_more_cells_than_columns_is_a_problem():
    (problem,) = rows(b"email,name\na@b.example,Lindqvist, Maja\n")
    assert isinstance(problem, Problem)
    assert "quotes" in problem.problem


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "email"),
        (b"address,name\na@b.example,x\n", "email"),
        (b"email,name,Email\n", "more than once"),
        (b"email\n\x81\x8d\n", "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data, said):
    with pytest.raises(ValueError, match=said):
        rows(data)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=30))
def test_a_guarded_cell_is_no_formula_and_comes_back(cell):
    written = guarded(cell)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert bare(written) == cell


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=12)))
def test_what_is_quoted_and_guarded_is_read_back(cells):
    cells = [cell.strip() for cell in cells]
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["email", "name"])
    for cell in cells:
        writer.writerow(["a@b.example", guarded(cell)])
    found = rows(out.getvalue().encode())
    assert [row.cells["name"] for row in found] == cells
