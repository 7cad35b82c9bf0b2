"""An embargo that ends on a second is told of to the second, lest somebody publishes too early."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from wagtail.users.models import UserProfile

from distributor.audience import grants
from distributor.channels import email
from distributor.dispatch import compositions, fanout, personal
from distributor.dispatch.models import Delivery, Edition
from distributor.newsroom import lifecycle
from distributor.rendering import ninjs
from tests.embargoes import BY, LIFT, SECOND, Clock
from tests.fanning import readers
from tests.newsroom import draft, page_of, told
from tests.stories import parsed, part

if TYPE_CHECKING:
    from distributor.newsroom.models import ReleasePage

pytestmark = pytest.mark.django_db

ZONE = "(CEST, UTC+2)"
SAID = {
    "sv": {0: ("14 oktober", "kl. 06.00"), 30: ("14 oktober", "kl. 06.00.30")},
    "en": {0: ("14 October", "06:00"), 30: ("14 October", "06:00:30")},
}
AT = {"sv": " ", "en": " at "}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def embargoed(language: str, seconds: int, clock: Clock) -> tuple[ReleasePage, Edition]:
    """A page under embargo that was mailed to a granted reader."""
    page = page_of(draft("Ekvik", language=language))
    grants.grant(readers(1)[0], terms_version="1", accepted_at=clock.at - SECOND)
    page.embargo_until = LIFT + timedelta(seconds=seconds)
    page.save_revision()
    edition = lifecycle.publish(page, by=BY)
    fanout.fan_out(edition.pk)
    return page, edition


@pytest.mark.parametrize("seconds", [0, 30])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_readers_are_told_the_second_in_mail_and_on_the_personal_page(
    language: str, seconds: int, clock: Clock, client: Client
) -> None:
    _, edition = embargoed(language, seconds, clock)
    day, time = SAID[language][seconds]
    banner = f"{day} 2026{AT[language]}{time} {ZONE}"
    for segment in ("granted", "link-only"):
        mail = parsed(
            email.sample(email.compose(edition.release, compositions.sender(), segment=segment))
        )
        assert f"{day} {time}: " in mail["Subject"]
        for kind in ("plain", "html"):
            assert part(mail, kind).count(banner) == 2
    link = f"/embargo/{personal.token(Delivery.objects.get(channel='email').pk)}"
    for answer in (client.get(link), client.post(link)):
        assert banner in answer.content.decode()
    note = ninjs.ninjs(edition.release, compositions.site())
    assert banner in str(note)


@pytest.mark.parametrize("seconds", [0, 30])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_editors_are_told_the_second_in_the_admin(
    language: str, seconds: int, clock: Clock
) -> None:
    office = Client()
    user = get_user_model().objects.create_superuser("kim")
    profile = UserProfile.get_for_user(user)
    profile.preferred_language = language
    profile.save()
    office.force_login(user)
    day, time = SAID[language][seconds]
    said = f"{day} 2026{AT[language]}{time} {ZONE}"
    page = page_of(draft("Ekvik"))
    page.embargo_until = LIFT + timedelta(seconds=seconds)
    page.save_revision()
    assert said in told(office.get(reverse("newsroom_act", args=[page.pk, "publish"])))
    lifecycle.publish(page, by=BY)
    assert said in told(office.get(reverse("newsroom_release", args=[page.pk])))
    assert said in told(office.get(reverse("newsroom_act", args=[page.pk, "withdraw"])))
