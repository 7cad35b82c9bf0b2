import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest

from distributor.channels.email import compose_digest, compose_letter, sample
from distributor.errors import Refused
from tests.golden.mails import digest, editions, letter, sender
from tests.samples import sample_release


def both(raw: bytes) -> tuple[EmailMessage, str, str]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    parts = []
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        parts.append(body.get_content().replace("\r\n", "\n"))
    return message, parts[0], parts[1]


def test_a_digest_holds_title_lead_and_link_under_the_topics() -> None:
    message, text, html = both(sample(compose_digest(digest("sv"), sender())))
    assert message["Subject"] == "Nyheter från Ekviks kommun, 15 november 2023"
    release = sample_release()
    for form in (text, html):
        assert release.title in form
        assert release.lead in form
        assert release.url in form
    assert text.index("KULTUR OCH FRITID") < text.index(release.title) < text.index("ÖVRIGT")
    assert "Ekvik &amp; grannarna &lt;delar&gt; bokbåt" in html
    assert '<h3 lang="en"' in html


def test_a_weekly_digest_says_so() -> None:
    message, _, _ = both(sample(compose_digest(replace(digest("en"), pace="weekly"), sender())))
    assert message["Subject"] == "This week’s news from Ekviks kommun, 15 November 2023"


def test_a_digest_holds_nothing_that_is_held_back_or_secret() -> None:
    for kind in ("withheld", "withdrawn", "embargoed"):
        with pytest.raises(ValueError, match="usable, public"):
            compose_digest(replace(digest("sv"), releases=(editions("sv")[kind],)), sender())
    with pytest.raises(ValueError, match="nothing"):
        compose_digest(replace(digest("sv"), releases=()), sender())


def test_a_very_long_digest_keeps_every_title() -> None:
    releases = tuple(
        replace(sample_release(), title=f"Nyhet {number}", lead="Ää " * 190) for number in range(60)
    )
    _, text, html = both(sample(compose_digest(replace(digest("sv"), releases=releases), sender())))
    assert all(f"Nyhet {number}<" in html for number in range(60))
    assert text.count("Ää Ää") >= 60
    assert "Ää Ää" not in html


def test_a_letter_shows_its_code_and_its_link_in_both_parts() -> None:
    message, text, html = both(sample(compose_letter(letter("sv"), sender())))
    assert message["Subject"] == "Bekräfta din prenumeration"
    for form in (text, html):
        assert "482 915" in form
        assert "https://press.ekvik.example/confirm/0a1b2c" in form
        assert "unsubscribe" not in form


def test_a_letter_with_a_forged_subject_is_refused() -> None:
    with pytest.raises(Refused):
        compose_letter(replace(letter("sv"), subject="a\nBcc: x@y.example"), sender())
