import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.rendering.cleaning import absolute, clean_html, clean_inline, clean_text

BASE = "https://press.ekvik.example/2023/nytt-bibliotek/"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://ekvik.example/å ä?q=ö#ü",
            "https://ekvik.example/%C3%A5%20%C3%A4?q=%C3%B6#%C3%BC",
        ),
        ("https://räksmörgås.example/", "https://xn--rksmrgs-5wao1o.example/"),
        ("HTTPS://EKVIK.example:8443/a%2Fb%", "https://ekvik.example:8443/a%2Fb%25"),
        ("../bild.jpg", "https://press.ekvik.example/2023/bild.jpg"),
        ("#fakta", BASE + "#fakta"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("mailto:press@ekvik.example", "mailto:press@ekvik.example"),
        ("tel:+46812345", "tel:+46812345"),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("http:///x", ""),
        ("https://a b/", ""),
        ("https://[::1", ""),
        ("https://x:99999/", ""),
        ("", BASE),
    ],
)
def test_addresses_are_absolute_and_ascii(url: str, expected: str) -> None:
    assert absolute(url, BASE) == expected


def test_markup_outside_the_list_goes_and_its_words_stay() -> None:
    html = (
        '<p onclick="x()" style="color:red" class="y">Ett <b>två</b> <u>tre</u>'
        '<script>alert(1)</script><img src="b.jpg" alt="" onerror="x()">'
        '<a href="javascript:x()" target="_blank">fyra</a></p><iframe src="//x.example"></iframe>'
    )
    assert clean_html(html, BASE) == (
        f'<p>Ett två tre<img src="{BASE}b.jpg" alt=""><a>fyra</a></p>'
    )


def test_inline_keeps_four_elements_and_names_bold_and_italic_by_meaning() -> None:
    html = '<p><b>Fet</b> <I>kursiv</I><br/><a href="https://ekvik.example/">länk</a></p>'
    assert clean_inline(html) == (
        '<strong>Fet</strong> <em>kursiv</em><br><a href="https://ekvik.example/">länk</a>'
    )


def test_control_characters_go_also_when_written_as_entities() -> None:
    assert clean_html("<p>a&#11;b&#x1;c&#xFFFE;d</p>", BASE) == "<p>abcd</p>"
    assert clean_text("a\r\nb\rc\x00\x0b\x85\ud800\ufffe\U0001ffff\td😀") == "a\nb\nc\td😀"


@given(st.text(st.characters(), max_size=200))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean_html(text, BASE)
    assert clean_html(once, BASE) == once
    assert clean_text(clean_text(text)) == clean_text(text)
    assert clean_inline(clean_inline(text)) == clean_inline(text)
    once.encode("utf-8")


@given(st.text(max_size=60))
def test_any_address_comes_out_absolute_or_not_at_all(url: str) -> None:
    result = absolute(url, BASE)
    assert result == "" or re.fullmatch(r"(https?|mailto|tel):[!-~]+", result)
    assert absolute(result, BASE) in (result, BASE)
