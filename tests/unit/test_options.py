"""Options: every key has a default and a comment, and a wrong one stops with one line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from distributor.service import options
from distributor.service.option_sections import Options

FILE = Path(__file__).parents[2] / "config/distributor.toml"

Load = Callable[..., Options]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads from an empty working folder, and so from the package's own file."""

    def load(**environ: str) -> Options:
        return options.load({f"DISTRIBUTOR_{k}": v for k, v in environ.items()}, working=tmp_path)

    return load


def refused(load: Load, **environ: str) -> str:
    with pytest.raises(options.Wrong) as caught:
        load(**environ)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_the_file_holds_every_option_with_its_default_and_a_comment() -> None:
    text = FILE.read_text("utf-8")
    written = tomllib.loads(text)
    known = dict(options.fields())
    plain = {key: value for key, value in written.items() if not isinstance(value, dict)}
    for section in ("site", "database", "redis", "email", "webhooks", "feeds", "retention"):
        plain |= {f"{section}.{key}": value for key, value in written[section].items()}
    default = {key: value for key, value, _ in options.rows(Options())}
    assert plain == {key: default[key] for key in plain}
    for key in set(known) - set(plain):
        name = key.rpartition(".")[2]
        assert f"\n# {name} = " in text, f"{key} is not in the file, not even as a comment"


def test_the_defaults_are_those_that_were_promised(load: Load) -> None:
    got = load()
    assert got.site.url == "http://127.0.0.1:8000"
    assert got.site.languages == ("sv", "en")
    assert got.site.time_zone == "Europe/Stockholm"
    assert (got.email.security, got.email.smtp_port) == ("starttls", 587)
    assert got.email.from_ == "press@press.example"
    assert got.email.digest_at.isoformat("minutes") == "07:30"
    assert got.webhooks.retry_schedule[:3] == (5, 300, 1800)
    assert len(got.webhooks.retry_schedule) == 9
    assert sum(got.webhooks.retry_schedule) == 75 * 3600 + 35 * 60 + 5
    assert got.webhooks.ports == (443, 8443)
    assert (got.feeds.entries, got.feeds.websub_hub, got.undo_seconds) == (50, "builtin", 30)
    assert got.retention.consent == 730


def test_the_environment_goes_before_the_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    mine = tmp_path / "config/distributor.toml"
    mine.write_text('undo_seconds = 5\n[site]\nname = "Ekvik"\n[webhooks]\nslots = 8\n')
    got = load(UNDO_SECONDS="7", SITE__LANGUAGES='["en"]')
    assert (got.undo_seconds, got.site.name, got.webhooks.slots) == (7, "Ekvik", 8)
    assert got.site.languages == ("en",)
    assert got.origin("undo_seconds") == "$DISTRIBUTOR_UNDO_SECONDS"
    assert got.origin("site.name") == str(mine)
    assert got.origin("feeds.entries") == "default"


def test_addresses_of_the_web_are_taken_as_programs_know_them(load: Load) -> None:
    got = load(
        SITE__URL="https://Press.Näset.example:8443/", FEEDS__WEBSUB_HUB="https://näv.example/h"
    )
    assert got.site.url == "https://press.xn--nset-loa.example:8443"
    assert got.feeds.websub_hub == "https://xn--nv-via.example/h"


def test_another_file_can_be_named(load: Load, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("undo_seconds = 9\n")
    assert load(CONFIG="other.toml").undo_seconds == 9
    assert "nowhere.toml: No such file" in refused(load, CONFIG="nowhere.toml")
    (tmp_path / "broken.toml").write_text("undo_seconds = \n")
    assert "broken.toml: this is not TOML: " in refused(load, CONFIG="broken.toml")


def test_a_value_may_be_read_from_a_file(load: Load, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hemligt\n")
    got = load(EMAIL__PASSWORD_FILE=str(secret))
    assert got.email.password == "hemligt"
    assert got.origin("email.password") == f"{secret}, named by $DISTRIBUTOR_EMAIL__PASSWORD_FILE"
    line = refused(load, EMAIL__PASSWORD_FILE=str(secret), EMAIL__PASSWORD="x")
    assert "email.password is set twice" in line
    assert "No such file" in refused(load, EMAIL__PASSWORD_FILE=str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("name", "value", "key", "allowed"),
    [
        ("SITE__URL", "press.example.org", "site.url", "http:// or https://"),
        ("SITE__URL", "https://press.example.org/news", "site.url", "no path"),
        ("SITE__URL", "https://press.example.org:99999", "site.url", "perhaps a port"),
        ("SITE__URL", "https://bad host.example", "site.url", "a host"),
        ("FEEDS__WEBSUB_HUB", "https://nä v.example", "feeds.websub_hub", "a URL in https://"),
        ("SITE__NAME", "A\u0007B", "site.name", "without control characters"),
        ("SITE__LANGUAGES", "sv,en", "site.languages", 'such as ["a", "b"]'),
        ("SITE__LANGUAGES", "[]", "site.languages", "at least one"),
        ("SITE__LANGUAGES", '["Svenska"]', "site.languages", 'such as "sv"'),
        ("SITE__TIME_ZONE", "Europe/Ekvik", "site.time_zone", "Europe/Stockholm"),
        ("SITE__PROXIES", '["10.1.2.3/8"]', "site.proxies", "networks such as"),
        ("SITE__OPERATOR", "nobody", "site.operator", "an address"),
        ("DATABASE__URL", "mysql://h/d", "database.url", '"sqlite", or a URL in postgresql://'),
        ("REDIS__URL", "localhost", "redis.url", "redis://"),
        ("EMAIL__FROM", "press", "email.from", "an address such as"),
        ("EMAIL__FROM", "a@b.se\nBcc: c@d.se", "email.from", "an address such as"),
        ("EMAIL__SMTP_HOST", "smtp://mail", "email.smtp_host", "a host name"),
        ("EMAIL__SMTP_PORT", "0", "email.smtp_port", "a whole number from 1 to 65535"),
        ("EMAIL__SECURITY", "ssl", "email.security", "'starttls', 'none' or 'tls'"),
        ("EMAIL__WARM_UP", "perhaps", "email.warm_up", "true or false"),
        ("EMAIL__DIGEST_AT", "7.30", "email.digest_at", '"07:30"'),
        ("EMAIL__RELAYS", '[{"host": "b", "prot": 2}]', "email.relays", "and no other"),
        ("WEBHOOKS__ALLOW_NETWORKS", '["10.0.0.0/7"]', "webhooks.allow_networks", "wider than /8"),
        ("WEBHOOKS__ALLOW_NETWORKS", '["fc00::/6"]', "webhooks.allow_networks", "IPv6: /7"),
        ("WEBHOOKS__CA_FILE", "/none", "webhooks.ca_file", "a file that can be read"),
        ("FEEDS__ENTRIES", "29", "feeds.entries", "a whole number from 30 to 200"),
        ("FEEDS__WEBSUB_HUB", "on", "feeds.websub_hub", '"builtin", or "off", or a URL'),
        ("RETENTION__EVENTS", "0", "retention.events", "a whole number from 1"),
        ("UNDO_SECONDS", "half a minute", "undo_seconds", "a whole number from 0 to 3600"),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_is_allowed(
    load: Load, name: str, value: str, key: str, allowed: str
) -> None:
    line = refused(load, **{name: value})
    assert line.startswith(f"{key} = ")
    assert f"($DISTRIBUTOR_{name})" in line
    assert allowed in line.partition("allowed: ")[2]


def test_a_wrong_value_in_the_file_is_named_with_the_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("[feeds]\nentries = 500\n")
    line = refused(load, CONFIG="my.toml")
    assert line == (
        f"feeds.entries = 500 ({tmp_path}/my.toml): allowed: a whole number from 30 to 200"
    )


def test_an_unknown_key_stops_the_start_and_the_nearest_one_is_offered(
    load: Load, tmp_path: Path
) -> None:
    line = refused(load, EMAIL__SMTP_HOTS="mail")
    assert "DISTRIBUTOR_EMAIL__SMTP_HOTS" in line
    assert "is email.smtp_host meant?" in line
    assert "is undo_seconds meant?" in refused(load, UNDO_SECOND="3")
    (tmp_path / "my.toml").write_text('[site]\nnmae = "x"\n')
    assert "site.nmae" in refused(load, CONFIG="my.toml")
    (tmp_path / "my.toml").write_text('[sight]\nname = "x"\n')
    assert "sight" in refused(load, CONFIG="my.toml")


def test_what_kubernetes_sets_for_a_service_of_this_name_is_no_option(load: Load) -> None:
    load(PORT="tcp://10.0.0.1:80", SERVICE_HOST="10.0.0.1", PORT_8000_TCP_ADDR="10.0.0.1")


def test_every_wrong_option_has_a_line(load: Load) -> None:
    with pytest.raises(options.Wrong) as caught:
        load(UNDO_SECONDS="x", FEEDS__ENTRIES="1")
    assert [line.partition(" = ")[0] for line in caught.value.lines] == [
        "feeds.entries",
        "undo_seconds",
    ]


def test_a_relay_needs_a_sender(load: Load) -> None:
    assert refused(load, EMAIL__SMTP_HOST="mail").startswith('email.from = ""')
    assert load(EMAIL__SMTP_HOST="mail", EMAIL__FROM="Press <a@b.se>").email.smtp_host == "mail"


def test_no_password_goes_in_the_clear_but_to_this_machine(load: Load) -> None:
    clear = {"EMAIL__FROM": "a@b.se", "EMAIL__SECURITY": "none", "EMAIL__PASSWORD": "hemligt"}
    line = refused(load, EMAIL__SMTP_HOST="mail.example", **clear)
    assert line.startswith('email.security = "none"')
    assert "hemligt" not in line
    for host in ("localhost", "127.0.0.1", "::1"):
        load(EMAIL__SMTP_HOST=host, **clear)


def test_further_relays_have_what_they_lack_from_the_first(load: Load) -> None:
    got = load(
        EMAIL__SMTP_HOST="a.example",
        EMAIL__FROM="a@b.se",
        EMAIL__USERNAME="me",
        EMAIL__RELAYS='["b.example:2525", "c.example", {"host": "d.example", "security": "tls"}]',
    )
    assert [(s.host, s.port, s.security, s.username) for s in got.email.servers] == [
        ("a.example", 587, "starttls", "me"),
        ("b.example", 2525, "starttls", "me"),
        ("c.example", 587, "starttls", "me"),
        ("d.example", 465, "tls", "me"),
    ]
    assert load().email.servers == ()


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_the_port_follows_the_security(load: Load, security: str, port: int) -> None:
    assert load(EMAIL__SECURITY=security).email.smtp_port == port


def test_dkim_keys_need_their_names_and_an_rsa_key(load: Load) -> None:
    assert refused(load, EMAIL__DKIM_PRIVATE_KEY="x").startswith("email.dkim_domain")
    named = {"EMAIL__DKIM_DOMAIN": "b.se", "EMAIL__DKIM_ED25519_SELECTOR": "e"}
    line = refused(load, EMAIL__DKIM_ED25519_PRIVATE_KEY="x", **named)
    assert "Ed25519 never signs alone" in line


def test_networks_are_values(load: Load) -> None:
    got = load(WEBHOOKS__ALLOW_NETWORKS='["10.0.0.0/8", "fd00::/8"]')
    assert got.webhooks.allow_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_secrets_are_not_shown(load: Load) -> None:
    got = load(
        SITE__SECRET_KEY="hemlig-hemlig-hemlig",
        SITE__OLD_SECRET_KEYS='["gammal-gammal-gammal"]',
        DATABASE__URL="postgresql://me:hemligt@db/press",
        REDIS__URL="redis://:hemligt@cache/0",
        EMAIL__PASSWORD="hemligt",
        EMAIL__RELAYS='[{"host": "b.example", "password": "hemligt"}]',
        EMAIL__BOUNCE_IMAP="imaps://me:hemligt@mail/INBOX",
    )
    shown = json.dumps(list(options.rows(got)), ensure_ascii=False) + repr(got)
    assert "hemlig" not in shown
    assert "gammal" not in shown
    assert "postgresql://me:***@db/press" in shown
    assert "b.example" in shown
    assert "hemligt" not in refused(load, DATABASE__URL="mysql://me:hemligt@db/press")
    assert "kort" not in refused(load, SITE__SECRET_KEY="kort")


def test_options_cannot_be_changed(load: Load) -> None:
    got = load()
    with pytest.raises(ValidationError):
        got.site.name = "x"
    with pytest.raises(ValidationError):
        got.undo_seconds = 1
