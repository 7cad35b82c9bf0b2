import re

import pytest

from distributor.channels.email.lint import contrast, darkened, lint
from distributor.channels.email.message import linted
from distributor.errors import Refused
from tests.golden.mails import compositions

GOOD = """<!DOCTYPE html><html lang="sv" dir="ltr"><head><title>T</title><style>
@media (prefers-color-scheme: dark) { .x { color: #eeeeee !important; background-color: #111111
!important; } }</style></head><body><div class="x" lang="sv" dir="ltr"
style="color: #222222; background-color: #ffffff; font-size: 16px; line-height: 1.5">
<h1>Rubrik</h1><p>Text <a href="https://a.example/" style="text-decoration: underline">länk</a>
</p><img src="https://a.example/b.jpg" alt="Bild"></div></body></html>"""


def test_a_good_mail_has_nothing_wrong() -> None:
    assert lint(GOOD) == ()
    assert linted(GOOD) == GOOD


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (' alt="Bild"', "", "no alternative text"),
        ("https://a.example/b.jpg", "data:image/png;base64,x", "address 'data:"),
        ("https://a.example/b.jpg", "cid:1", "address 'cid:"),
        ('<html lang="sv"', "<html", "html has no lang"),
        ('dir="ltr"\nstyle', "style", "the wrapper has no dir"),
        ("<title>T</title>", "", "no title"),
        ("h1>", "h2>", "skips a level"),
        ("h1>", "h2>", "0 h1"),
        ("<h1>Rubrik</h1>", "<h1>A</h1><h1>B</h1>", "2 h1"),
        ("<h1>Rubrik</h1>", "<h1>A</h1><h3>B</h3>", "level 3 skips"),
        ("color: #222222", "color: #999999", "contrast"),
        ("#eeeeee", "#444444", "in dark mode"),
        ("@media", "@supports", "no colours for dark mode"),
        ("color: #222222", "color: teal", "no colour like"),
        ("16px", "13px", "13 px"),
        ("16px", "1em", "not a number"),
        ("line-height: 1.5", "line-height: 1.2", "line height of 1.2"),
        ("underline", "none", "not underlined"),
        (">länk<", "> <", "no words"),
        ('href="https://a.example/"', 'href="javascript:x"', "leads to"),
        ("<p>", "<p><script></script>", "element script"),
        ("<p>", '<p onclick="x()">', "attribute onclick"),
        ("<p>", '<p style="position: absolute">', "property position"),
        ("<p>", '<p style="display: none">', "hides"),
        ("<p>", "<table><tr><td>x</td></tr></table><p>", 'role="presentation"'),
        ("<p>", "<form></form><p>", "element form"),
    ],
)
def test_each_fault_is_found_and_named(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    faulty = GOOD.replace(old, new)
    assert any(problem in found for found in lint(faulty)), lint(faulty)
    with pytest.raises(Refused) as refused:
        linted(faulty)
    assert refused.value.about == "message"


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.01)


def test_dark_mode_is_read_with_its_own_colours() -> None:
    assert re.search(r'class="x"[^>]*#eeeeee', darkened(GOOD))
    assert darkened("<p>x</p>") == ""


def test_every_kind_of_mail_passes() -> None:
    assert len(list(compositions())) > 30
