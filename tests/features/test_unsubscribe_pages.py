"""Unsubscribing and preferences, as a reader, a mail service and a scanner meet them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from distributor.audience import matching, subscribing, topics
from distributor.audience.addresses import normal
from distributor.audience.keys import keys
from distributor.audience.models import Consent, Subscriber, Subscription
from distributor.sealing import seal
from distributor.web import readers

pytestmark = pytest.mark.django_db

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "b0undary"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    f"One-Click\r\n--{BOUNDARY}--\r\n"
)


@pytest.fixture
def reader() -> Subscriber:
    for slug, name in (("kultur", "Kultur"), ("skola", "Skola"), ("vatten", "Vatten")):
        topics.add(slug, {"sv": name, "en": f"{name} (en)"})
    wish = subscribing.Wish(
        address=normal("anna.andersson@tidning.example"),
        paces={"kultur": "immediate", "skola": "immediate"},
        languages=("sv",),
        agreement=subscribing.Agreement(basis="consent", source="a form"),
    )
    subscribing.record([wish], by="test")
    return Subscriber.objects.get(key="anna.andersson@tidning.example")


@pytest.fixture
def strict() -> Client:
    """As the world meets it: with CSRF checks on."""
    return Client(enforce_csrf_checks=True)


def door(reader: Subscriber, purpose: str = "unsubscribe") -> str:
    return f"/{purpose}/{seal(keys(), purpose, reader.pk)}"


def follows(reader: Subscriber) -> set[str]:
    live = Subscription.objects.filter(subscriber=reader, ended_at=None)
    return set(live.values_list("topic__slug", flat=True))


def matched(slug: str = "kultur") -> int:
    return matching.count_readers([slug], "sv")


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, ONE_CLICK),
        (f"{FORM}; charset=us-ascii", ONE_CLICK),
        (f"{FORM}; charset=iso-8859-1", f"{ONE_CLICK}\r\n"),
        ("", ONE_CLICK),
        (f"multipart/form-data; boundary={BOUNDARY}", MULTIPART),
    ],
)
def test_one_click_ends_everything_without_redirect_or_cookie(reader, strict, slash, kind, body):
    assert matched() == 1
    response = strict.generic("POST", door(reader) + slash, body, content_type=kind)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"].startswith("text/plain")
    assert len(response.content) < 100
    assert not response.cookies
    assert follows(reader) == set()
    assert matched() == 0
    ended = Subscription.objects.filter(subscriber=reader)
    assert {wish.ended_reason for wish in ended} == {"one-click"}
    assert Consent.objects.get(subscriber=reader).withdrawn_at is not None


def test_one_click_again_and_for_an_erased_person_is_200(reader, strict):
    path = door(reader)
    for _ in range(2):
        assert strict.post(path, ONE_CLICK, content_type=FORM).status_code == 200
    first = Subscription.objects.filter(subscriber=reader).values_list("ended_at", flat=True)
    assert len(set(first)) == 1
    Subscriber.objects.filter(pk=reader.pk).delete()
    assert strict.post(path, ONE_CLICK, content_type=FORM).status_code == 200
    assert strict.get(path).status_code == 200


def test_a_forged_token_is_404_and_ends_nothing(reader, strict):
    good = seal(keys(), "unsubscribe", reader.pk)
    swapped = "0" if good[-1] != "0" else "1"
    other = seal(keys(), "preferences", reader.pk)
    next_one = good[:16] + f"{int(good[16:18], 16) ^ 1:02x}" + good[18:]
    forged = (good[:-1] + swapped, good[:-1], other, next_one, good.upper(), "0")
    for token in (*forged, "a-b", "a/b", "å", f"{good}.", f"{good}/x", ""):
        path = f"/unsubscribe/{token}"
        assert strict.post(path, ONE_CLICK, content_type=FORM).status_code == 404, token
        assert strict.get(path).status_code == 404
    assert follows(reader) == {"kultur", "skola"}


@pytest.mark.parametrize("purpose", ["unsubscribe", "preferences"])
def test_get_and_head_change_nothing_and_show_little(reader, strict, purpose):
    path = door(reader, purpose)
    before = list(Subscription.objects.values())
    page = strict.get(path)
    assert page.status_code == 200
    assert strict.head(path).status_code == 200
    assert strict.head(path).content == b""
    assert list(Subscription.objects.values()) == before
    assert "a…@tidning.example" in words(page)
    assert "anna" not in page.content.decode()
    assert seal(keys(), purpose, reader.pk) not in page.content.decode()
    assert "<script" not in page.content.decode()
    assert not page.cookies
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert page["X-Robots-Tag"] == "noindex"
    for rule in ("default-src 'none'", "style-src 'self'", "form-action 'self'"):
        assert rule in page["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
@pytest.mark.parametrize("purpose", ["unsubscribe", "preferences"])
def test_other_methods_are_405(reader, strict, purpose, method):
    assert getattr(strict, method)(door(reader, purpose)).status_code == 405


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, ""),
        (FORM, "List-Unsubscribe=Two-Clicks"),
        (FORM, "topic=no-such"),
        ("application/json", '{"List-Unsubscribe": "One-Click"}'),
        ("multipart/form-data; boundary=", "x"),
        (f"multipart/form-data; boundary={BOUNDARY}", "no part at all"),
    ],
)
def test_any_other_body_is_400_with_the_page_and_changes_nothing(reader, strict, kind, body):
    response = strict.generic("POST", door(reader), body, content_type=kind)
    assert response.status_code == 400
    assert "Avsluta Kultur" in words(response)
    assert follows(reader) == {"kultur", "skola"}


@pytest.mark.parametrize("purpose", ["unsubscribe", "preferences"])
def test_the_log_does_not_have_the_readers_link(reader, strict, purpose, caplog):
    path = door(reader, purpose)
    assert strict.post(path, {"nonsense": "1"}).status_code == 400
    assert f"Bad Request: /{purpose}/…" in caplog.text
    assert path.rpartition("/")[2] not in caplog.text


def test_the_buttons_end_one_topic_or_all(reader, strict):
    path = door(reader)
    response = strict.post(path, {"topic": "kultur"})
    assert response.status_code == 200
    assert "Du får inte längre Kultur." in words(response)
    assert "Avsluta Skola" in words(response)
    assert "Avsluta Kultur" not in words(response)
    assert follows(reader) == {"skola"}
    assert Consent.objects.get(subscriber=reader).withdrawn_at is None
    assert "inga fler utskick" in words(strict.post(path, {"all": "1"}))
    assert follows(reader) == set()


def test_the_language_is_asked_for_or_the_readers_or_the_browsers(reader, strict):
    path = door(reader)
    assert 'lang="sv"' in strict.get(path).content.decode()
    assert "Unsubscribe" in words(strict.get(f"{path}?lang=en"))
    assert "Avsluta allt" in words(strict.get(path, headers={"accept-language": "en"}))
    Subscriber.objects.filter(pk=reader.pk).update(languages=" sv en ")
    assert "Avsluta allt" in words(strict.get(path))
    assert "End everything" in words(strict.get(path, headers={"accept-language": "en"}))
    Subscriber.objects.filter(pk=reader.pk).update(languages="")
    assert "End everything" in words(strict.get(path, headers={"accept-language": "en"}))


def form_token(response) -> str:
    return re.search(r'name="form" value="([^"]+)"', response.content.decode()).group(1)


def checked(response) -> set[str]:
    return set(re.findall(r'value="([^"]+)" checked', response.content.decode()))


def test_preferences_are_shown_saved_and_matched(reader, strict):
    path = door(reader, "preferences")
    page = strict.get(path)
    assert checked(page) == {"kultur", "skola", "sv", "immediate"}
    saved = strict.post(
        path,
        {
            "form": form_token(page),
            "topic": ["skola", "vatten"],
            "language": ["sv", "en"],
            "pace": "immediate",
        },
    )
    assert saved.status_code == 200
    assert "Sparat." in words(saved)
    assert checked(saved) == {"skola", "vatten", "sv", "en", "immediate"}
    assert not saved.cookies
    assert follows(reader) == {"skola", "vatten"}
    assert matched("vatten") == 1
    assert matching.count_readers(["vatten"], "en") == 1
    assert matched("kultur") == 0
    ended = Subscription.objects.get(subscriber=reader, topic__slug="kultur")
    assert ended.ended_reason == "preferences page"
    newest = Consent.objects.order_by("-pk").first()
    assert newest.recorded_by == "the reader"
    assert "vatten" in newest.text

    again = strict.post(
        path,
        {
            "form": form_token(page),
            "topic": ["kultur"],
            "language": ["sv"],
            "pace": "paused",
        },
    )
    assert checked(again) == {"kultur", "sv", "paused"}
    assert matched("kultur") == 0


def test_what_a_reader_follows_at_different_paces_stays_so_until_they_choose(reader, strict):
    Subscription.objects.filter(subscriber=reader, topic__slug="skola").update(pace="daily")
    path = door(reader, "preferences")
    page = strict.get(path)
    assert "olika för olika ämnen" in words(page)
    fields = {"form": form_token(page), "topic": ["kultur", "skola"], "language": ["en"]}
    assert strict.post(path, fields | {"pace": ""}).status_code == 200
    paces = Subscription.objects.filter(subscriber=reader).values_list("topic__slug", "pace")
    assert dict(paces) == {"kultur": "immediate", "skola": "daily"}


def test_a_form_that_is_old_or_not_the_readers_changes_nothing(reader, strict, monkeypatch):
    path = door(reader, "preferences")
    token = form_token(strict.get(path))
    fields = {"topic": ["vatten"], "language": ["sv"], "pace": "immediate"}
    for form in ("", token[:-1], readers._signer().sign(str(reader.pk + 1))):
        assert strict.post(path, fields | {"form": form}).status_code == 400
    later = (timezone.now() + timedelta(hours=readers.FORM_HOURS, minutes=1)).timestamp()
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    old = strict.post(path, fields | {"form": token})
    assert old.status_code == 400
    assert "öppen för länge" in words(old)
    assert checked(old) == {"vatten", "sv", "immediate"}
    assert follows(reader) == {"kultur", "skola"}


@pytest.mark.parametrize(
    "wrong", [{"language": []}, {"language": ["fr"]}, {"pace": "hourly"}, {"pace": "daily"}]
)
def test_a_form_with_something_wrong_changes_nothing(reader, strict, wrong):
    path = door(reader, "preferences")
    fields = {
        "form": form_token(strict.get(path)),
        "topic": ["vatten"],
        "language": ["sv"],
        "pace": "immediate",
    }
    assert strict.post(path, fields | wrong).status_code == 400
    assert follows(reader) == {"kultur", "skola"}


@pytest.mark.parametrize("how", [{"all": "1"}, {"topic": []}])
def test_no_topic_or_the_button_ends_all(reader, strict, how):
    path = door(reader, "preferences")
    token = form_token(strict.get(path))
    base = {"form": token, "topic": ["kultur"], "language": ["sv"], "pace": "immediate"}
    assert "inga fler utskick" in words(strict.post(path, base | how))
    assert follows(reader) == set()
    assert Consent.objects.get(subscriber=reader).withdrawn_at is not None


def test_an_erased_persons_preferences_are_gone(reader, strict):
    path = door(reader, "preferences")
    Subscriber.objects.filter(pk=reader.pk).delete()
    assert strict.get(path).status_code == 410
    assert strict.get("/preferences/00").status_code == 404
