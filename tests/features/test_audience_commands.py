"""The audience from the command line: what goes in by one command comes out of another."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.utils import timezone

from distributor.audience import matching, subscribing, unsubscribing
from distributor.audience import topics as following
from distributor.audience.guarding import guard
from distributor.audience.models import Consent, Endpoint, Secret, Subscriber
from distributor.service.cli import main
from tests.listeners.http import Listener, answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def cli(capfd):
    """Runs a command in this process; gives its exit code, standard output and standard error."""

    def run(*arguments: str, code: int = 0) -> tuple[str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capfd.readouterr()
        assert ended.value.code == code, (out, err)
        return out, err

    return run


@pytest.fixture
def kultur() -> None:
    following.add("kultur", {"sv": "Kultur", "en": "Culture"})
    following.add("skola", {"sv": "Skola"})


@pytest.fixture
def loopback(settings):
    """Endpoints on 127.0.0.1 are allowed."""
    options = settings.DISTRIBUTOR
    webhooks = options.webhooks.model_validate(
        options.webhooks.model_dump() | {"allow_networks": ["127.0.0.0/8"], "timeout_seconds": 5}
    )
    settings.DISTRIBUTOR = options.model_copy(update={"webhooks": webhooks})
    guard.cache_clear()
    yield
    guard.cache_clear()


def test_topics_are_added_listed_and_ended(cli):
    cli("topics", "add", "vatten", "Vatten", "--name", "en=Water")
    assert json.loads(cli("topics", "list", "--json")[0]) == [
        {"slug": "vatten", "names": {"sv": "Vatten", "en": "Water"}, "ended_at": None}
    ]
    assert "already" in cli("topics", "add", "vatten", "Vatten", code=1)[1]
    assert "all" in cli("topics", "add", "all", "Allt", code=1)[1]
    cli("topics", "add", "luft", "Luft", "--name", "fr=Air", code=1)
    cli("topics", "add", "luft", "Luft", "--name", "Air", code=2)
    cli("topics", "end", "vatten")
    assert "no topic" in cli("topics", "end", "vatten", code=1)[1]
    assert (
        "no such topic" in cli("subscribers", "add", "a@b.example", "--topic", "vatten", code=2)[1]
    )
    cli("topics", "add", "vatten", "Vatten")
    cli("subscribers", "add", "a@b.example", "--topic", "vatten")


@pytest.mark.usefixtures("kultur")
def test_a_reader_added_waits_unless_the_operator_vouches(cli):
    out, _ = cli("subscribers", "add", "Waits@B.example", "--topic", "kultur")
    assert "before they have confirmed" in out
    assert matching.count_readers(["kultur"], "sv") == 0
    cli("subscribers", "add", "agreed@b.example", "--topic", "kultur", "--language", "en",
        "--confirmed")  # fmt: skip
    assert matching.count_readers(["kultur"], "en") == 1

    record = json.loads(cli("subscribers", "show", "agreed@b.example", "--json")[0])
    assert record["state"] == "confirmed"
    assert record["languages"] == ["en"]
    assert record["pace"] == "immediate"
    assert [(each["topic"], each["pace"]) for each in record["topics"]] == [("kultur", "immediate")]
    (consent,) = record["consents"]
    assert consent["basis"] == "consent"
    assert consent["source"] == "command line"
    assert consent["recorded_by"]
    assert record["deliveries"] == []
    assert json.loads(cli("subscribers", "show", "waits@b.example", "--json")[0])["state"] == (
        "unconfirmed"
    )
    assert "unconfirmed" in cli("subscribers", "show", "waits@b.example")[0]
    cli("subscribers", "add", "waits@b.example", "--topic", "kultur", "--confirmed")
    assert matching.count_readers(["kultur"], "sv") == 1


@pytest.mark.usefixtures("kultur")
def test_who_has_unsubscribed_is_not_added_again(cli):
    cli("subscribers", "add", "a@b.example", "--topic", "kultur", "--confirmed")
    unsubscribing.end(Subscriber.objects.get().pk, unsubscribing.ONE_CLICK)
    said = cli("subscribers", "add", "a@b.example", "--topic", "kultur", "--confirmed", code=1)[1]
    assert "unsubscribed" in said
    cli("subscribers", "add", "a@b.example", "--topic", "skola", "--confirmed", code=1)
    assert matching.count_readers(["skola"], "sv") == 0
    assert matching.count_readers(["kultur"], "sv") == 0
    record = json.loads(cli("subscribers", "show", "a@b.example", "--json")[0])
    assert record["state"] == "ended"
    assert record["topics"][0]["reason"] == "one-click"


@pytest.mark.usefixtures("kultur")
def test_wrong_usage_is_said_in_a_line(cli):
    cli("subscribers", "add", "a@b.example", code=2)
    assert "a@" in cli("subscribers", "add", "a@", "--topic", "kultur", code=1)[1]
    cli("subscribers", "add", "a@b.example", "--topic", "kultur", "--language", "fr", code=2)
    assert "no subscriber" in cli("subscribers", "show", "a@b.example", code=1)[1]
    assert "not there yet" in cli("subscribers", "erase", "a@b.example", code=2)[1]
    assert "readable.csv" in cli("subscribers", "import", "/no/readable.csv", code=1)[1]


FAULTY = """\
email;topics;language;pace;name;legal_basis;source;consent_at;unknown
good@a.example;kultur;sv;;Åsa;;;2024-05-01;x
"double@a.example";kultur;;daily;;;;2024-05-01;
DOUBLE@A.example;skola;en;;Dora;;;;
waits@a.example;kultur;;;;;;;
press@a.example;kultur;;;;legitimate_interest;their site;;
no-address;kultur;;;;;;;
;kultur;;;;;;;
topic@a.example;hav;;;;;;;
lang@a.example;kultur;fr;;;;;;
pace@a.example;kultur;;hourly;;;;;
basis@a.example;kultur;;;;whim;;;
source@a.example;kultur;;;;public_task;;;
future@a.example;kultur;;;;;;2999-01-01;
date@a.example;kultur;;;;;;yesterday;
cells@a.example;kultur;;;;;;;;;;more
header@a.example;kultur;;;"two
lines";;;;

left@a.example;kultur;;;;;;2024-05-01;
bounced@a.example;kultur;;;;;;2024-05-01;
"""
WRONG = {
    7: "email",
    8: "email",
    9: "topics",
    10: "language",
    11: "pace",
    12: "legal_basis",
    13: "source",
    14: "consent_at",
    15: "consent_at",
    16: "",
    17: "name",
    20: "email",
    21: "email",
}


@pytest.fixture
def gone(kultur):
    """One who has unsubscribed and one whose mail bounced."""
    subscribing.record(
        [
            subscribing.Wish(
                address=subscribing.Address(address, address),
                paces={"kultur": "immediate"},
                languages=("sv",),
                agreement=subscribing.Agreement(basis="consent", source="test"),
            )
            for address in ("left@a.example", "bounced@a.example")
        ],
        by="test",
    )
    unsubscribing.end(Subscriber.objects.get(key="left@a.example").pk, unsubscribing.ONE_CLICK)
    Subscriber.objects.filter(key="bounced@a.example").update(suppressed="no-such-address")


@pytest.mark.usefixtures("gone")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_import_takes_the_good_rows_and_names_every_fault(cli, tmp_path, encoding):
    file = tmp_path / "readers.csv"
    file.write_text(FAULTY, encoding)
    before = Subscriber.objects.count(), Consent.objects.count()
    tried = json.loads(cli("subscribers", "import", str(file), "--dry-run", "--json")[0])
    assert (Subscriber.objects.count(), Consent.objects.count()) == before

    done = json.loads(cli("subscribers", "import", str(file), "--json")[0])
    assert done == tried
    assert (done["added"], done["merged"], done["waiting"]) == (4, 1, 1)
    assert {each["line"]: each["column"] for each in done["refused"]} == WRONG
    assert (done["suppressed"], done["ended"]) == (1, 1)
    assert done["ignored_columns"] == ["unknown"]
    double = json.loads(cli("subscribers", "show", "double@a.example", "--json")[0])
    assert {each["topic"]: each["pace"] for each in double["topics"]} == {
        "kultur": "daily",
        "skola": "immediate",
    }
    assert double["languages"] == ["sv", "en"]
    assert double["name"] == "Dora"
    assert json.loads(cli("subscribers", "show", "good@a.example", "--json")[0])["name"] == "Åsa"
    assert matching.count_readers(["kultur"], "sv") == 2

    again = json.loads(cli("subscribers", "import", str(file), "--json")[0])
    assert (again["added"], again["merged"]) == (0, 5)
    assert len(again["refused"]) == len(WRONG)
    assert matching.count_readers(["kultur"], "sv") == 2


@pytest.mark.usefixtures("kultur")
def test_an_import_by_the_operators_word_records_who_said_so(cli, tmp_path):
    file = tmp_path / "wire.csv"
    file.write_text("email\na@b.example\nc@d.example\n")
    out, _ = cli("subscribers", "import", str(file), "--topic", "skola")
    assert "2 people added" in out
    assert "2 of those added have not agreed" in out
    assert matching.count_readers(["skola"], "sv") == 0
    out, _ = cli("subscribers", "import", str(file), "--topic", "skola", "--confirmed")
    assert "not agreed" not in out
    assert matching.count_readers(["skola"], "sv") == 2
    consent = Consent.objects.first()
    assert (consent.basis, consent.source) == ("consent", "wire.csv")
    assert consent.recorded_by


@pytest.mark.usefixtures("kultur")
def test_a_long_import_tells_how_far_it_is_and_a_short_one_does_not(cli, tmp_path):
    file = tmp_path / "wire.csv"
    file.write_text("email;;\na@b.example;;\n")
    arguments = ("subscribers", "import", str(file), "--topic", "skola", "--dry-run")
    assert cli(*arguments)[1] == ""
    file.write_text("email\n" + "a@b.example\n" * 10_000 + f"{'x' * 1_000_000}\n")
    out, err = cli(*arguments)
    assert "1 people would be added, 9999 rows would be merged, 1 rows refused" in out
    assert "reading (bytes): " in err
    assert "importing (rows): 10000 of 10000" in err


@pytest.mark.usefixtures("gone")
def test_an_export_comes_back_the_same_and_runs_no_formula(cli, tmp_path):
    file = tmp_path / "in.csv"
    file.write_text(
        "email,topics,language,name,consent_at\n"
        "=cmd@a.example,kultur;skola,sv;en,'=HYPERLINK(1),2024-05-01\n"
        "+plus@a.example,kultur,en,-1,2024-05-01\n"
    )
    cli("subscribers", "import", str(file))
    out, err = cli("subscribers", "export")
    assert err.strip() == "2 readers."
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert {row["email"] for row in rows} == {"'=cmd@a.example", "'+plus@a.example"}
    assert {row["name"] for row in rows} == {"'=HYPERLINK(1)", "'-1"}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    Subscriber.objects.filter(key__startswith="=cmd").delete()
    Subscriber.objects.filter(key__startswith="+plus").delete()
    back = tmp_path / "back.csv"
    back.write_text(out, newline="")
    assert json.loads(cli("subscribers", "import", str(back), "--json")[0])["added"] == 2
    assert cli("subscribers", "export")[0] == out


def test_a_refused_address_is_not_saved_and_the_rule_is_named(cli):
    for url, rule in (
        ("http://127.0.0.1:9/x", "scheme"),
        ("https://127.0.0.1/x", "machine"),
        ("https://user:pw@example.com/", "userinfo"),
    ):
        _, err = cli("endpoints", "add", url, "--format", "standard", code=1)
        assert rule in err
        assert "pw" not in err
    assert not Endpoint.objects.exists()


@pytest.mark.usefixtures("loopback", "kultur")
def test_an_endpoint_is_added_tested_rotated_disabled_and_deleted(cli):
    with Listener(answer(200, body=b"thanks\x1b[2J")) as listener:
        url = listener.url("/hook?key=s3cr3t")
        added = json.loads(
            cli("endpoints", "add", url, "--topic", "kultur", "--lang", "sv", "--name", "Intranet",
                "--contact", "it@b.example", "--trusted", "--json")[0]
        )  # fmt: skip
        ident = str(added["id"])
        assert added["format"] == "standard"
        assert added["secret"].startswith("whsec_")
        assert added["url"] == f"http://127.0.0.1:{listener.port}/…"
        assert listener.requests == []
        assert "already" in cli("endpoints", "add", url, code=1)[1]

        out, _ = cli("endpoints", "test", ident)
        assert "Status 200" in out
        assert "thanks" in out
        assert "\x1b" not in out
        second = json.loads(cli("endpoints", "rotate", ident, "--json")[0])["secret"]
        cli("endpoints", "disable", ident)
        assert json.loads(cli("endpoints", "test", ident, "--json")[0])["delivered"] is True
        (first_call, second_call) = listener.wait_for(2)
        assert json.loads(first_call.body)["type"] == "endpoint.test"
        assert first_call.target == "/hook?key=s3cr3t"
        assert len(first_call.header("webhook-signature").split()) == 1
        assert len(second_call.header("webhook-signature").split()) == 2
        assert second != added["secret"]

        (listed,) = json.loads(cli("endpoints", "list", "--json")[0])
        assert (listed["state"], listed["reason"]) == ("disabled", "owner")
        assert (listed["topics"], listed["languages"]) == (["kultur"], ["sv"])
        cli("endpoints", "enable", ident)
        now = timezone.now()
        for since in (f"{now:%Y-%m-%dT%H:%MZ}", f"{now:%Y-%m-%dT%H:%M:%SZ}", f"{now:%FT%T+00:00}"):
            assert "missed nothing" in cli("endpoints", "replay", ident, "--since", since)[0]
        assert (
            "last 30 days" in cli("endpoints", "replay", ident, "--since", "2020-01-01", code=1)[1]
        )
        assert "is no time" in cli("endpoints", "replay", ident, "--since", "yesterday", code=1)[1]
        everything = cli("endpoints", "list")[0] + cli("endpoints", "list", "--json")[0]
        for hidden in ("s3cr3t", "/hook", added["secret"], second):
            assert hidden not in everything

        cli("endpoints", "delete", ident)
        assert json.loads(cli("endpoints", "list", "--json")[0]) == []
        assert "no endpoint" in cli("endpoints", "test", ident, code=1)[1]
        assert bytes(Endpoint.objects.get().sealed_url) == b""
        assert not Secret.objects.exists()
        cli("endpoints", "add", url)
    assert "no endpoint" in cli("endpoints", "replay", ident, "--since", "2026-01-01", code=1)[1]


@pytest.mark.usefixtures("loopback")
def test_an_endpoint_that_says_no_or_is_not_there_fails_the_test(cli):
    with Listener(answer(500)) as listener:
        url = listener.url("/x")
        ident = str(json.loads(cli("endpoints", "add", url, "--json")[0])["id"])
        out, err = cli("endpoints", "test", ident, code=1)
        assert "Status 500" in out
        assert "http_5xx" in err
    assert "connect" in cli("endpoints", "test", ident, code=1)[1]
    assert Endpoint.objects.get().failures == 0
    out, err = cli("endpoints", "add", url, "--format", "slack", "--json")
    assert "cannot be reached" in err
    assert json.loads(out)["secret"] is None
    assert "trusted" in cli("endpoints", "add", url, "--format", "teams", "--trusted", code=1)[1]
    assert "no topic" in cli("endpoints", "add", url, "--topic", "luft", code=1)[1]
