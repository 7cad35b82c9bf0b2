"""The words of the public pages that no other form of a release needs."""

from __future__ import annotations

from distributor.rendering import words

_PAGES: dict[str, dict[str, str]] = {
    "sv": {
        "all_topics": "Alla ämnen",
        "all_years": "Alla år",
        "back": "Alla nyheter",
        "changed": "Ändrad {moment}",
        "corrections": "Rättelser",
        "corrections_what": "Här står vad som var fel i det vi har publicerat, och vad vi har "
        "återkallat.",
        "credit": "Foto: {name}",
        "feeds": "Flöden",
        "filter": "Visa",
        "filter_heading": "Urval",
        "language_correction": "Språkrättelse {moment}: {note}",
        "kit": "Text, bilder och dokument i en fil (ZIP)",
        "languages": "Språk",
        "licence": "Licens: {licence}",
        "newer": "Nyare",
        "newsroom": "Pressrum",
        "not_after": "Får inte visas efter {moment}.",
        "nothing": "Här finns inget ännu.",
        "nothing_chosen": "Inget stämmer med urvalet.",
        "older": "Äldre",
        "original": "Ladda ned originalet ({kind}, {width} × {height} bildpunkter, {size})",
        "page_of": "Sida {number} av {count}",
        "pages": "Sidor",
        "pictures": "Bilder",
        "published": "Publicerad {moment}",
        "replaced_by": "Det här gäller i stället",
        "show_all": "Visa alla",
        "skip": "Hoppa till innehållet",
        "text": "Hela texten som ren text",
        "topic": "Ämne",
        "year": "År",
    },
    "en": {
        "all_topics": "All topics",
        "all_years": "All years",
        "back": "All news",
        "changed": "Changed {moment}",
        "corrections": "Corrections",
        "corrections_what": "What was wrong in what we have published, and what we have withdrawn.",
        "credit": "Photo: {name}",
        "feeds": "Feeds",
        "filter": "Show",
        "filter_heading": "Selection",
        "language_correction": "Language corrected {moment}: {note}",
        "kit": "Text, pictures and documents in one file (ZIP)",
        "languages": "Languages",
        "licence": "Licence: {licence}",
        "newer": "Newer",
        "newsroom": "Newsroom",
        "not_after": "Not to be shown after {moment}.",
        "nothing": "There is nothing here yet.",
        "nothing_chosen": "Nothing matches the selection.",
        "older": "Older",
        "original": "Download the original ({kind}, {width} × {height} pixels, {size})",
        "page_of": "Page {number} of {count}",
        "pages": "Pages",
        "pictures": "Pictures",
        "published": "Published {moment}",
        "replaced_by": "This applies instead",
        "show_all": "Show all",
        "skip": "Skip to the content",
        "text": "The whole text as plain text",
        "topic": "Topic",
        "year": "Year",
    },
}


def word(language: str, key: str, **values: object) -> str:
    """The page's word for ``key``, else the one that all channels share, as there."""
    own = _PAGES.get(language.split("-")[0].lower(), _PAGES["en"])
    if key in own:
        return own[key].format(**values)
    return words.word(language, key, **{name: str(value) for name, value in values.items()})
