"""MX groups: asked of a real name server on loopback, kept in the database, forgotten in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from distributor.adapters.dns import MailGroups
from distributor.audience.models import Subscriber
from distributor.dispatch import pace_domains
from distributor.dispatch.models import MailDomain
from distributor.dispatch.pace_domains import Domains, Survey
from distributor.errors import Unavailable
from tests.integration.dns_server import NameServer

HOSTS = {
    "kommun.se": ["20 backup.loopia.se.", "10 kommun-se.mail.protection.outlook.com."],
    "liten.se": ["10 mx2.loopia.se.", "10 mx1.loopia.se."],
    "ovrig.se": ["5 MX1.LOOPIA.SE."],
    "tidning.se": ["1 aspmx.l.google.com."],
    "utan.se": [],
    "nej.se": ["0 ."],
}

PATIENCE = 1.0
"""Seconds, where one name is never answered for and another is."""


def resolver(server: NameServer, patience: float = 20.0) -> MailGroups:
    return MailGroups(nameservers=["127.0.0.1"], port=server.port, patience=patience)


def test_domains_with_the_same_provider_are_one_group() -> None:
    with NameServer(HOSTS) as server:
        found = resolver(server).find_all([*HOSTS, "borta.se", "r.example", "xn--vrmd-koa4p.test"])
        assert found == {
            "kommun.se": "microsoft",
            "liten.se": "loopia.se",
            "ovrig.se": "loopia.se",
            "tidning.se": "google",
            "utan.se": "utan.se",
            "nej.se": "nej.se",
            "borta.se": "borta.se",
            "r.example": "r.example",
            "xn--vrmd-koa4p.test": "xn--vrmd-koa4p.test",
        }
        assert sorted(server.asked) == sorted([*HOSTS, "borta.se"])


def test_no_answer_is_no_group() -> None:
    with NameServer(HOSTS, silent=("kommun.se",)) as server:
        found = resolver(server, patience=PATIENCE).find_all(["kommun.se", "liten.se"])
    assert isinstance(found["kommun.se"], Unavailable)
    assert (found["kommun.se"].reason, found["kommun.se"].about) == ("dns", "ours")
    assert found["liten.se"] == "loopia.se"


@pytest.mark.django_db
def test_housekeeping_finds_the_groups_of_the_readers_and_keeps_them_for_seven_days() -> None:
    now = timezone.now()
    readers(["a@kommun.se", "b@kommun.se", "c@tidning.se"])
    readers(["d@liten.se"], confirmed=False)
    survey = Survey()
    survey.turn(now)
    with NameServer(HOSTS) as server:
        assert pace_domains.look_up(resolver(server), now) == 2
        assert pace_domains.look_up(resolver(server), now) == 0
        assert sorted(server.asked) == ["kommun.se", "tidning.se"]
        wanted = ["kommun.se", "tidning.se", "liten.se"]
        groups = {"kommun.se": "microsoft", "tidning.se": "google", "liten.se": "liten.se"}
        assert Domains().load(wanted, now) == groups
        assert Domains().load(wanted, now + timedelta(days=6)) == groups
        assert Domains().load(wanted, now + timedelta(days=8))["kommun.se"] == "kommun.se"
        Subscriber.objects.filter(key="c@tidning.se").delete()
        later = now + timedelta(days=6, hours=1)
        survey.turn(later)
        assert pace_domains.look_up(resolver(server), later) == 1
        assert Domains().load(wanted, now + timedelta(days=8))["kommun.se"] == "microsoft"
    Survey().turn(now + timedelta(days=7, hours=2))
    assert list(MailDomain.objects.values_list("domain", flat=True)) == ["kommun.se"]


@pytest.mark.django_db
def test_a_survey_is_made_once_an_hour() -> None:
    now, survey = timezone.now(), Survey()
    survey.turn(now)
    readers(["a@kommun.se"])
    survey.turn(now + timedelta(minutes=59))
    assert not MailDomain.objects.exists()
    survey.turn(now + timedelta(minutes=61))
    assert MailDomain.objects.exists()


@pytest.mark.django_db
def test_a_name_server_that_is_away_is_left_alone_for_ten_minutes() -> None:
    now = timezone.now()
    pace_domains.note(["kommun.se", "tidning.se"], now)
    MailDomain.objects.update(found_at=now - timedelta(days=6), mail_group="known")
    with NameServer(HOSTS, silent=tuple(HOSTS)) as server:
        assert pace_domains.look_up(resolver(server, patience=0.2), now) == 0
    assert not MailDomain.objects.filter(due_at__lt=now + timedelta(minutes=10)).exists()
    assert Domains().load(["kommun.se"], now)["kommun.se"] == "known"


@pytest.mark.django_db
def test_a_domain_that_never_answers_is_forgotten_and_found_again_while_it_is_in_use() -> None:
    now = timezone.now()
    pace_domains.note(["kommun.se", "tidning.se"], now)
    with NameServer(HOSTS, silent=("kommun.se",)) as server:
        assert pace_domains.look_up(resolver(server, patience=PATIENCE), now) == 1
    assert list(MailDomain.objects.values_list("domain", flat=True)) == ["tidning.se"]


def readers(addresses: list[str], *, confirmed: bool = True) -> None:
    at = timezone.now() if confirmed else None
    Subscriber.objects.bulk_create(
        Subscriber(address=one, key=one, languages=" sv ", confirmed_at=at) for one in addresses
    )
