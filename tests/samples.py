"""One full release and its newsroom, for any test that needs something to send."""

from dataclasses import replace
from datetime import UTC, datetime

from distributor.release import (
    Attachment,
    Contact,
    EmbedLink,
    Event,
    FactBox,
    Heading,
    Image,
    Items,
    Paragraph,
    Quote,
    Release,
    Site,
    Statement,
    Topic,
    Translation,
)

RELEASE_ID = "0192f0c1-7a53-7c1e-9d0e-3f5b8a2c4d6e"


def sample_site() -> Site:
    return Site(
        name="Ekviks kommun",
        url="https://press.ekvik.example",
        languages=("sv", "en"),
        time_zone="Europe/Stockholm",
    )


def sample_release(language: str = "sv") -> Release:
    """A municipality's release with every kind of block, in Swedish or English."""
    return _english() if language == "en" else _swedish()


def sample_invitation(language: str = "sv") -> Release:
    """The same as an invitation to a press viewing."""
    swedish = language != "en"
    event = Event(
        start=datetime(2023, 11, 22, 9, 0, tzinfo=UTC),
        end=datetime(2023, 11, 22, 10, 30, tzinfo=UTC),
        place="Ekviks stadsbibliotek" if swedish else "Ekvik City Library",
        address="Storgatan 12, Ekvik",
        url="https://mote.ekvik.example/visning",
        registration="press@ekvik.example",
    )
    title = (
        "Välkommen till pressvisning av nya biblioteket"
        if swedish
        else "Welcome to a press viewing of the new library"
    )
    return replace(sample_release(language), type="invitation", title=title, event=event)


def _image(alt: str, caption: str) -> Image:
    return Image(
        url="https://press.ekvik.example/media/images/biblioteket.original.jpg",
        alt=alt,
        mime_type="image/jpeg",
        width=3000,
        height=2000,
        bytes=1_843_200,
        sha256="a1" * 32,
        caption=caption,
        credit="Ture Ekman",
        licence="CC BY 4.0",
        web_url="https://press.ekvik.example/media/images/biblioteket.web.jpg",
        web_width=1200,
        web_height=800,
    )


def _attachment(title: str, language: str) -> Attachment:
    return Attachment(
        url="https://press.ekvik.example/media/documents/oppettider.pdf",
        title=title,
        mime_type="application/pdf",
        bytes=412_300,
        sha256="b2" * 32,
        language=language,
    )


def _swedish() -> Release:
    return Release(
        id=RELEASE_ID,
        uri=f"tag:press.ekvik.example,2023:release/{RELEASE_ID}",
        url="https://press.ekvik.example/2023/ekvik-oppnar-dygnet-runt-bibliotek/",
        type="press",
        language="sv",
        title="Ekvik öppnar bibliotek som har öppet dygnet runt",
        lead=(
            "Från den 1 december kan alla med lånekort gå in på Ekviks stadsbibliotek när de vill, "
            "även mitt i natten. Kommunen är först i länet med att hålla hela huset öppet."
        ),
        place="Ekvik",
        body=(
            Paragraph(
                text="Lånekortet blir nyckel till huset. Den som har fyllt 16 år loggar in med "
                'e-legitimation på <a href="https://bibliotek.ekvik.example/nyckel">bibliotekets '
                "sida för nyckelkort</a> och får sedan själv öppna dörren. Personal finns på plats "
                "<strong>klockan 9–19</strong> varje vardag."
            ),
            _image(
                "Tre våningar med bokhyllor kring en ljusgård, i mitten en bred trappa av ek.",
                "Ljusgården är husets mitt. Trappan är byggd av ek från kommunens egen skog.",
            ),
            Heading(text="Tryggt även på natten"),
            Paragraph(
                text="Entrén är bemannad av en väktare mellan klockan 22 och 6. Under försöket i "
                "våras gjordes 4 100 besök utanför ordinarie tid, och inget av dem ledde till en "
                "anmälan."
            ),
            Quote(
                text="Många av våra besökare arbetar när andra är lediga. Nu är biblioteket deras "
                "också, säger Maja Lindqvist, bibliotekschef i Ekviks kommun.",
                name="Maja Lindqvist",
                title="bibliotekschef",
            ),
            Quote(
                text="Jag pluggar till sjuksköterska på natten. Det här är bättre än köksbordet.",
                name="Amir Haddad",
                title="undersköterska och student",
            ),
            Heading(text="Det här kan du göra på natten", level=3),
            Items(
                items=(
                    "Låna och lämna böcker i automaterna.",
                    "Använda datorer, skrivare och <em>alla</em> läsplatser.",
                    'Boka grupprum på <a href="https://bibliotek.ekvik.example/rum">'
                    "bibliotek.ekvik.example/rum</a>.",
                )
            ),
            Items(
                items=("Skaffa lånekort.", "Godkänn reglerna.", "Håll kortet mot dörren."),
                ordered=True,
            ),
            Statement(
                intro="Motiveringen från juryn för Årets bibliotek löd:",
                paragraphs=(
                    "Med enkla medel och stort förtroende har Ekvik gjort ett hus till allas.",
                    "Här visar en liten kommun vad öppenhet betyder i praktiken.",
                ),
                source="Stiftelsen Läsrum",
            ),
            FactBox(
                title="Ekviks stadsbibliotek",
                content=(
                    Paragraph(text="Byggt 1964, ombyggt 2023 för 38 miljoner kronor."),
                    Items(items=("62 000 böcker", "140 läsplatser", "310 000 besök om året")),
                ),
            ),
            _attachment("Öppettider och regler", "sv"),
            EmbedLink(
                url="https://film.ekvik.example/bibliotek-pa-natten",
                title="Film: En natt på biblioteket",
            ),
            Paragraph(
                text="“The library never sleeps” is the motto of the project.", language="en"
            ),
        ),
        contacts=(
            Contact(
                name="Maja Lindqvist",
                role="bibliotekschef",
                organisation="Ekviks kommun",
                phone="+46 (0)8-123 45 67",
                email="maja.lindqvist@ekvik.example",
            ),
            Contact(
                name="Pressjouren",
                phone="08-123 45 00",
                email="press@ekvik.example",
                hours="alla dagar kl. 7–22",
            ),
        ),
        boilerplate=(
            "Ekviks kommun har 27 000 invånare vid kusten söder om Stockholm.\n\n"
            "Kommunen driver fyra bibliotek och en bokbåt."
        ),
        topics=(
            Topic(slug="kultur", name="Kultur och fritid", media_topic="20000038"),
            Topic(slug="digitalisering", name="Digitalisering"),
        ),
        case_number="KS 2023/0417",
        translations=(
            Translation(
                language="en",
                url="https://press.ekvik.example/en/2023/ekvik-opens-round-the-clock-library/",
                title="Ekvik opens a library that never closes",
            ),
        ),
        version=1,
        published_at=datetime(2023, 11, 15, 9, 30, tzinfo=UTC),
        updated_at=datetime(2023, 11, 15, 9, 30, tzinfo=UTC),
    )


def _english() -> Release:
    swedish = _swedish()
    return replace(
        swedish,
        url="https://press.ekvik.example/en/2023/ekvik-opens-round-the-clock-library/",
        language="en",
        title="Ekvik opens a library that never closes",
        lead=(
            "From 1 December anyone with a library card can enter Ekvik City Library whenever they "
            "like, even in the middle of the night. It is the first in the county to keep the "
            "whole house open."
        ),
        body=(
            Paragraph(
                text="The library card becomes the key to the house. Anyone over 16 signs in on "
                '<a href="https://bibliotek.ekvik.example/en/key">the key card page</a> and can '
                "then open the door. Staff are there <strong>from 9 am to 7 pm</strong> on "
                "weekdays."
            ),
            _image(
                "Three floors of bookshelves around an atrium, with a wide oak staircase.",
                "The atrium is the heart of the house. The stairs are oak from the town’s forest.",
            ),
            Heading(text="Safe at night too"),
            Quote(
                text="Many of our visitors work while others rest. Now the library is theirs too.",
                name="Maja Lindqvist",
                title="head librarian",
            ),
            Items(
                items=(
                    "Borrow and return books at the machines.",
                    "Use computers, printers and <em>every</em> desk.",
                )
            ),
            Statement(
                intro="The jury of Library of the Year said:",
                paragraphs=("With simple means and great trust, Ekvik made one house everyone’s.",),
                source="The Läsrum Foundation",
            ),
            FactBox(
                title="Ekvik City Library",
                content=(
                    Paragraph(text="Built in 1964, rebuilt in 2023 for SEK 38 million."),
                    Items(items=("62,000 books", "140 desks", "310,000 visits a year")),
                ),
            ),
            _attachment("Opening hours and rules (in Swedish)", "sv"),
        ),
        contacts=(
            Contact(
                name="Maja Lindqvist",
                role="head librarian",
                organisation="Municipality of Ekvik",
                phone="+46 8 123 45 67",
                email="maja.lindqvist@ekvik.example",
            ),
        ),
        boilerplate="Ekvik has 27,000 inhabitants on the coast south of Stockholm.",
        topics=(Topic(slug="kultur", name="Culture and leisure", media_topic="20000038"),),
        translations=(Translation(language="sv", url=swedish.url, title=swedish.title),),
    )
