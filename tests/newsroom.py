"""Drafts and pictures for tests that publish."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from PIL import Image

from distributor.audience.models import Topic
from distributor.dispatch.models import Edition
from distributor.newsroom import drafting, issuing
from distributor.newsroom.importing import Draft, FoundEvent, FoundFile, FoundImage
from distributor.newsroom.models import ReleasePage
from distributor.release import Attachment, Contact, Paragraph, Quote
from distributor.release import Image as ImageBlock
from tests.samples import sample_release

ALT = "Tre våningar med bokhyllor kring en ljusgård."


def photograph(width: int = 1600, height: int = 1000, *, located: bool = True) -> bytes:
    """A JPEG of some size that, if ``located``, tells where it was taken."""
    picture = Image.effect_noise((width, height), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x013B] = "Ture Ekman"
    if located:
        position = exif.get_ifd(0x8825)
        position[1], position[2] = "N", (59.0, 19.0, 0.0)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=90, exif=exif)
    return content.getvalue()


def draft(title: str = "Ekvik öppnar bibliotek på natten", **changes: object) -> Draft:
    """A small Swedish press release that may be published."""
    whole = Draft(
        title=title,
        type="press",
        language="sv",
        lead="Från den 1 december är biblioteket öppet hela dygnet.",
        place="Ekvik",
        body=(
            Paragraph(
                text='Lånekortet blir <strong>nyckel</strong>. <a href="https://e.example/x">Så '
                "gör du</a>."
            ),
            Quote(text="Nu är huset allas, säger Maja Lindqvist.", name="Maja Lindqvist"),
        ),
        contacts=(Contact(name="Maja Lindqvist", phone="08-123 45 67", email="maja@e.example"),),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def sampled(language: str, **changes: object) -> Draft:
    """The full sample as a draft, but for its pictures and documents."""
    full = sample_release(language)
    body = tuple(block for block in full.body if not isinstance(block, ImageBlock | Attachment))
    return draft(
        full.title,
        language=language,
        lead=full.lead,
        body=body,
        contacts=full.contacts,
        boilerplate=full.boilerplate,
        **changes,
    )


def invitation() -> Draft:
    event = FoundEvent(
        start="2027-01-20T09:00", end="2027-01-20T10:00", place="Ekviks stadsbibliotek"
    )
    return draft("Välkommen till pressvisning", type="invitation", event=event)


def found_image(**changes: object) -> FoundImage:
    image = FoundImage(
        name="ljusgården.jpg",
        data=photograph(),
        mime_type="image/jpeg",
        alt=ALT,
        caption="Ljusgården är husets mitt.",
        credit="Ture Ekman",
        licence="CC BY 4.0",
        position=1,
    )
    return replace(image, **changes)  # type: ignore[arg-type]


def found_file() -> FoundFile:
    return FoundFile(name="regler.pdf", data=b"%PDF-1.4\n" * 100, title="Öppettider")


def page_of(words: Draft) -> ReleasePage:
    """A draft in the newsroom."""
    with drafting.whole() as names:
        return drafting.create(words, names)


def publish(page: ReleasePage, leaves_at: datetime | None = None) -> Edition:
    """Publish what the page's newest revision says, as Wagtail does it."""
    revision = page.get_latest_revision()
    issuing.plan(revision, issuer="tests", leaves_at=leaves_at or datetime.now(UTC))
    revision.publish()
    return Edition.objects.get(release_id=page.release_id, revision=str(revision.pk))


def press(client: Client, page: ReleasePage, act: str, **given: object) -> HttpResponse:
    """Look at the screen of ``act`` in the admin, fill in ``given``, and press its button."""
    url = reverse("newsroom_act", args=[page.pk, act])
    shown = client.get(url)
    if shown.status_code != 200:
        return client.get(url, follow=True)
    seen = shown.context["form"].initial
    asked = {name: value for name, value in seen.items() if value is not None}
    return client.post(url, asked | given, follow=True)


def told(response: HttpResponse) -> str:
    """The words of a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(response.content.decode())))


def topic(slug: str = "digitalisering", name: str = "Digitalisering") -> Topic:
    return Topic.objects.get_or_create(slug=slug, defaults={"names": {"sv": name}})[0]
