"""The event table: what each channel holds of a release after an act of the office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from distributor.rendering import dates
from tests.stories import BODY, LANGUAGES, LEADS, Held


@dataclass(frozen=True)
class Row:
    """What the channels hold after an act; pairs are in Swedish and English.

    ``opening`` are the first lines of the mail, with the words that the notice on top has.
    ``entry`` is what became of the release's entry in the feeds: it is ``new``, it has ``new text``
    at the old time, it ``moved``, it is a ``stub``, or it is ``gone``.
    """

    act: str
    prefix: tuple[str, str] = ("", "")
    opening: tuple[str, str] = ("", "")
    text: str = "first"
    mailed: bool = True
    status: str = "usable"
    page: int = 200
    entry: str = "moved"
    notice: bool = False
    signal: str = ""
    kind: str = ""


WITHDRAWN = ("ÅTERKALLAT: ", "WITHDRAWN: ")
USE_NEITHER = (
    "ÅTERKALLAT\nAnvänd varken text eller bilder.\nSiffrorna är fel.",
    "WITHDRAWN\nUse neither text nor images.\nThe figures are wrong.",
)
ROWS = {
    "first": Row("published", entry="new"),
    "invitation": Row(
        "published",
        ("Pressinbjudan: ", "Press invitation: "),
        entry="new",
    ),
    "lift": Row("published", entry="new", text="fact"),
    "language": Row("updated", mailed=False, entry="new text", text="language", kind="language"),
    "update": Row(
        "updated",
        ("UPPDATERAD: ", "UPDATED: "),
        ("UPPDATERING\nVi har bytt dag och sal.", "UPDATE\nWe have changed day and room."),
        text="update",
        signal="update",
        kind="update",
    ),
    "changed": Row(
        "updated",
        ("ÄNDRAD: ", "CHANGED: "),
        ("ÄNDRAT\nVi har bytt dag och sal.", "CHANGED\nWe have changed day and room."),
        text="update",
        notice=True,
        signal="update",
        kind="update",
    ),
    "cancelled": Row(
        "updated",
        ("INSTÄLLD: ", "CANCELLED: "),
        ("INSTÄLLT\nVi har bytt dag och sal.", "CANCELLED\nWe have changed day and room."),
        text="update",
        notice=True,
        signal="update",
        kind="update",
    ),
    "fact": Row(
        "corrected",
        ("RÄTTELSE: ", "CORRECTION: "),
        (
            "RÄTTELSE\nFel: från 16 år\nRätt: från 18 år\nÅldern var fel.",
            "CORRECTION\nWrong: from 16 years\nRight: from 18 years\nThe age was wrong.",
        ),
        text="fact",
        notice=True,
        signal="correction",
        kind="fact",
    ),
    "withheld": Row(
        "withheld",
        ("AVVAKTA: ", "HOLD: "),
        (
            "AVVAKTA: ANVÄND INTE UPPGIFTERNA\nVi har dragit in det här tills vidare. Använd det "
            "inte förrän vi hör av oss.\nSiffrorna är fel.",
            "HOLD: DO NOT USE THIS YET\nWe have put this on hold. Please do not use it until you "
            "hear from us.\nThe figures are wrong.",
        ),
        status="withheld",
        entry="stub",
        notice=True,
    ),
    "resumed": Row(
        "resumed",
        ("KLART ATT ANVÄNDA: ", "CLEARED FOR USE: "),
        (
            "KLART ATT ANVÄNDA\nUppgifterna får användas igen.\nSiffrorna stämmer.",
            "CLEARED FOR USE\nYou may use this again.\nThe figures are right.",
        ),
        text="fact",
        notice=True,
    ),
    "withdrawn": Row(
        "withdrawn",
        WITHDRAWN,
        USE_NEITHER,
        status="canceled",
        page=410,
        entry="stub",
        notice=True,
    ),
    "erased": Row(
        "withdrawn",
        WITHDRAWN,
        USE_NEITHER,
        mailed=False,
        status="canceled",
        page=410,
        entry="gone",
    ),
    "erased at once": Row(
        "withdrawn",
        WITHDRAWN,
        USE_NEITHER,
        status="canceled",
        page=410,
        entry="gone",
    ),
}


def said(pair: tuple[str, str], language: str) -> str:
    return pair[LANGUAGES.index(language)]


def subject(row: Row, held: Held, language: str) -> str:
    """How mail, notice and chat head it; what is erased has no title."""
    day = dates.day(datetime.fromisoformat(held.published), language, "Europe/Stockholm")
    dated = said((f"pressmeddelande {day}", f"press release of {day}"), language)
    return said(row.prefix, language) + (held.title or dated)


def lines(row: Row, language: str) -> list[str]:
    """What the notice says under its heading."""
    return said(row.opening, language).split("\n")[1:]


def not_told(row: Row, held: Held, language: str) -> list[str]:
    """Words that nothing sent by this act may hold: all of the text, or what it said before."""
    if row.status == "usable":
        return [lead for key, lead in LEADS[language].items() if key != row.text]
    title = [held.issued_as] if row.entry == "gone" else []
    return [*title, *BODY[language], *LEADS[language].values()]
