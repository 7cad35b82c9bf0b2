"""One mail of every kind, in Swedish and English, as values: what ``*.eml`` beside this holds.

``python -m tests.golden.mails`` writes them anew after a change that is meant.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from distributor.channels.email import (
    Composition,
    Digest,
    Letter,
    Sender,
    compose,
    compose_digest,
    compose_letter,
    sample,
)
from distributor.release import Correction, Event, Release
from tests.samples import sample_invitation, sample_release, sample_site

FOLDER = Path(__file__).parent
FOLLOW_UPS = (
    *("update", "changed", "cancelled", "fact"),
    *("withheld", "resumed", "withdrawn", "erased"),
)
LIFT = datetime(2026, 10, 14, 4, 0, tzinfo=UTC)


def sender() -> Sender:
    return Sender(
        from_="Ekviks kommun <press@ekvik.example>",
        reply_to="press@ekvik.example",
        bounce_domain="bounce.ekvik.example",
        site=sample_site(),
    )


def editions(language: str) -> dict[str, Release]:
    """A release in every state that a mail can be about."""
    release, invitation = sample_release(language), sample_invitation(language)
    assert invitation.event is not None
    swedish = language == "sv"
    gone = "Siffrorna var fel." if swedish else "The figures were wrong."
    news = "Invigningen sänds på webben." if swedish else "The opening is streamed."
    fact = Correction(
        kind="fact",
        note="Antalet platser var fel." if swedish else "The number of desks was wrong.",
        wrong="142 läsplatser" if swedish else "142 desks",
        right="140 läsplatser" if swedish else "140 desks",
    )

    def event(status: str) -> Event:
        assert invitation.event is not None
        return replace(invitation.event, status=status)

    later = replace(release, version=2, updated_at=datetime(2023, 11, 16, 7, 0, tzinfo=UTC))
    changed = replace(later, type="invitation", title=invitation.title, act="release.updated")
    update = Correction(kind="update", note=news)
    stub = replace(later, lead="", body=(), reason=gone)
    return {
        "first": release,
        "news": replace(release, type="news"),
        "invitation": invitation,
        "embargoed": replace(
            release, act="release.embargoed", published_at=None, embargo_until=LIFT
        ),
        "embargoed-resumed": replace(
            later, act="release.embargoed", published_at=None, embargo_until=LIFT, reason=gone
        ),
        "language": replace(
            later, act="release.updated", correction=Correction(kind="language", note="")
        ),
        "update": replace(later, act="release.updated", correction=update),
        "changed": replace(changed, event=event("changed"), correction=update),
        "cancelled": replace(changed, event=event("cancelled"), correction=update),
        "fact": replace(later, act="release.corrected", correction=fact),
        "withheld": replace(stub, act="release.withheld", status="withheld"),
        "resumed": replace(later, act="release.resumed"),
        "withdrawn": replace(stub, act="release.withdrawn", status="canceled"),
        "erased": replace(stub, act="release.withdrawn", status="canceled", title=""),
    }


def compositions() -> Iterator[tuple[str, Composition]]:
    """Every kind of mail with the name of its file."""
    for language in ("sv", "en"):
        releases = editions(language)
        for kind in ("first", "news", "invitation"):
            yield f"{kind}-{language}", compose(releases[kind], sender())
        for segment in ("granted", "link-only"):
            mail = compose(releases["embargoed"], sender(), segment=segment)
            yield f"embargoed-{segment}-{language}", mail
        for kind in FOLLOW_UPS:
            yield f"{kind}-{language}", compose(releases[kind], sender(), first=False)
        press = compose(releases["first"], sender(), segment="press-first")
        yield f"press-first-{language}", press
        yield f"test-{language}", compose(releases["first"], sender(), test=True)
        yield f"digest-{language}", compose_digest(digest(language), sender())
        yield f"letter-{language}", compose_letter(letter(language), sender())


def digest(language: str) -> Digest:
    other = "en" if language == "sv" else "sv"
    return Digest(
        key="20231115-1",
        pace="daily",
        until=datetime(2023, 11, 15, 6, 30, tzinfo=UTC),
        language=language,
        releases=(
            sample_release(language),
            replace(sample_invitation(other), topics=()),
            replace(sample_release(language), title="Ekvik & grannarna <delar> bokbåt", lead=""),
        ),
    )


def letter(language: str) -> Letter:
    swedish = language == "sv"
    return Letter(
        key="17",
        language=language,
        subject="Bekräfta din prenumeration" if swedish else "Confirm your subscription",
        paragraphs=("Skriv koden på sidan." if swedish else "Enter the code on the page.",),
        code="482 915",
        action=(
            "Bekräfta på webben" if swedish else "Confirm on the web",
            "https://press.ekvik.example/confirm/0a1b2c",
        ),
        after=("Koden gäller i 30 minuter." if swedish else "The code is good for 30 minutes.",),
    )


if __name__ == "__main__":
    for name, composition in compositions():
        (FOLDER / f"{name}.eml").write_bytes(sample(composition))
