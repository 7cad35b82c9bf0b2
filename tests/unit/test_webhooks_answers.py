"""What each answer means, by the common table and by the formats' own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from distributor.adapters.http import Answer
from distributor.channels.webhooks import FORMATS, said
from distributor.channels.webhooks.answers import retry_after
from distributor.channels.webhooks.teams import retired
from distributor.errors import DeliveryError, Refused, Unavailable

NOW = datetime(2026, 10, 14, 6, 0, tzinfo=UTC)
COMMON = ["standard", "ninjs", "cloudevents"]


def judged(
    format: str, status: int, body: str = "", headers: tuple[tuple[str, str], ...] = ()
) -> DeliveryError | None:
    return FORMATS[format].judge(Answer(status, headers, body.encode(), False, 5))


@pytest.mark.parametrize("format", COMMON)
@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_any_2xx_is_delivered(format: str, status: int) -> None:
    assert judged(format, status, "whatever") is None


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (410, Refused, "gone"),
        (429, Unavailable, "rate_limited"),
        (503, Unavailable, "http_5xx"),
        (500, Unavailable, "http_5xx"),
        (301, Unavailable, "redirect"),
        (308, Unavailable, "redirect"),
        (401, Unavailable, "http_4xx"),
        (422, Unavailable, "http_4xx"),
        (101, Unavailable, "bad_answer"),
        (600, Unavailable, "bad_answer"),
    ],
)
def test_the_common_table(format: str, status: int, kind: type[DeliveryError], reason: str) -> None:
    error = judged(format, status)
    assert type(error) is kind
    assert error.reason == reason
    assert error.about == "recipient"


def test_a_redirect_names_the_new_host_and_no_more_of_it() -> None:
    error = judged("standard", 302, "", (("location", "https://new.example/secret?token=1"),))
    assert error is not None
    assert error.reply == "302 new.example"


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    error = judged("standard", 503, "", (("retry-after", later),))
    assert error is not None
    assert error.wait == pytest.approx(7200, abs=5)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("86400", 86_400),
        ("999999999", 86_400),
        ("9" * 400, 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("0", None),
        ("-1", None),
        ("1e400", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Sun, 99 Nov 2026 08:49:37 GMT", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(status: int, value: str, seconds: float | None) -> None:
    error = judged("standard", status, "", (("retry-after", value),))
    assert error is not None
    assert error.wait == (None if seconds is None else pytest.approx(seconds, abs=5))


def test_retry_after_counts_for_429_and_503_only() -> None:
    error = judged("standard", 500, "", (("retry-after", "60"),))
    assert error is not None
    assert error.wait is None


def test_cloudevents_obeys_longer_waits() -> None:
    error = judged("cloudevents", 429, "", (("retry-after", "200000"),))
    assert error is not None
    assert error.wait == 200_000
    longest = judged("cloudevents", 503, "", (("retry-after", "9" * 300),))
    assert longest is not None
    assert longest.wait is not None
    assert NOW + timedelta(seconds=longest.wait) > NOW


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Wed, 14 Oct 2026 06:01:00 GMT", 60),
        ("Wednesday, 14-Oct-26 06:01:00 GMT", 60),
        ("Wed Oct 14 06:01:00 2026", 60),
        ("Wed, 14 Oct 2026 06:00:00 GMT", None),
        ("Wed, 14 Oct 2026 06:01:00 -0000", 60),
    ],
)
def test_dates_in_every_form_of_http(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_cloudevents_415_is_for_good() -> None:
    error = judged("cloudevents", 415)
    assert isinstance(error, Refused)
    assert (error.reason, error.about) == ("http_4xx", "message")
    assert isinstance(judged("standard", 415), Unavailable)


@pytest.mark.parametrize(
    "word",
    [
        *("no_service", "no_team", "team_disabled", "no_active_hooks", "invalid_token"),
        *("channel_not_found", "channel_is_archived", "action_prohibited"),
        "posting_to_general_channel_denied",
    ],
)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 410])
def test_slack_says_that_the_address_is_dead(word: str, status: int) -> None:
    error = judged("slack", status, word)
    assert isinstance(error, Refused)
    assert error.reason == "target"


@pytest.mark.parametrize(
    "word", ["invalid_payload", "no_text", "invalid_blocks", "msg_blocks_too_long"]
)
def test_slack_says_that_the_message_is_wrong(word: str) -> None:
    error = judged("slack", 400, word)
    assert isinstance(error, Refused)
    assert (error.reason, error.about) == ("http_4xx", "ours")


def test_slack_and_mattermost_say_ok() -> None:
    for format in ("slack", "mattermost"):
        assert judged(format, 200, "ok\n") is None
        for status, body in [(200, "<html>"), (200, ""), (204, ""), (202, "ok")]:
            error = judged(format, status, body)
            assert isinstance(error, Unavailable)
            assert error.reason == "bad_answer"


def test_mattermost_404_is_for_good() -> None:
    error = judged("mattermost", 404, '{"id":"web.incoming_webhook.invalid.app_error"}')
    assert isinstance(error, Refused)
    assert error.reason == "target"


def test_teams() -> None:
    assert judged("teams", 200, "1") is None
    assert judged("teams", 202) is None
    late = judged("teams", 200, "Microsoft Teams endpoint returned HTTP error 403 with ContextId")
    assert isinstance(late, Unavailable)
    assert late.reason == "bad_answer"
    busy = judged("teams", 200, "Microsoft Teams endpoint returned HTTP error 429 with ContextId")
    assert isinstance(busy, Unavailable)
    assert busy.reason == "rate_limited"
    assert isinstance(judged("teams", 204), Unavailable)
    assert retired("https://contoso.webhook.office.com/webhookb2/x")
    assert retired("https://prod-01.westeurope.logic.azure.com/workflows/x")
    assert not retired("https://contoso.example/workflows/x")


def test_google_chat() -> None:
    assert judged("googlechat", 200, '{"name": "spaces/A/messages/B"}') is None
    for body in ("", "ok", "[]", "{}", '{"name": ""}', '"name"'):
        error = judged("googlechat", 200, body)
        assert isinstance(error, Unavailable)
        assert error.reason == "bad_answer"
    wrong = judged("googlechat", 400, "{}")
    assert isinstance(wrong, Refused)
    assert wrong.about == "ours"


def test_what_was_said_is_kept_word_for_word_and_short() -> None:
    assert said(Answer(500, (), b"Databasen \xff\0", False, 1)) == "500 Databasen ��"
    assert len(said(Answer(500, (), b"x" * 9000, False, 1))) == 4100
