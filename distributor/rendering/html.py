"""A release as HTML: one form for mail, page, feeds, webhook and ninjs."""

import re
from collections.abc import Sequence
from html import escape

from distributor.release import (
    Attachment,
    Block,
    EmbedLink,
    FactBox,
    Heading,
    Image,
    Items,
    Paragraph,
    Quote,
    Release,
    Site,
    Statement,
)
from distributor.rendering import addresses, files
from distributor.rendering.cleaning import clean_html
from distributor.rendering.dates import day, span
from distributor.rendering.inline import plain
from distributor.rendering.notices import Notice, notices
from distributor.rendering.subject import under_embargo
from distributor.rendering.words import is_swedish, word

_TALSTRECK = re.compile(r"\s*[-‐‑–—―]\s+")
_MAIL_PICTURE = 536
"""The widest picture in mail, in CSS pixels: 600 less the margins."""


def body_html(release: Release, site: Site) -> str:
    """The body's blocks as HTML.

    Only ``p h2 h3 ul ol li blockquote figure img figcaption aside a strong em br`` occur, with
    ``href src alt width height lang start``, and absolute https, http, mailto and tel addresses
    in ASCII. Equal releases give equal strings.
    """
    return "\n".join(body_blocks(release, site))


def body_blocks(release: Release, site: Site, *, mail: bool = False) -> list[str]:
    """Each of the body's blocks as HTML; in ``mail`` with the small renditions of pictures."""
    return [
        clean_html(_block(block, release.language, mail), release.url) for block in release.body
    ]


def text_html(release: Release, site: Site, *, corrections: Sequence[Release] = ()) -> str:
    """The whole text of ``release`` as a feed gives it.

    What this edition and the ``corrections`` before it corrected, place and date, lead, event,
    body, contacts, boilerplate, what it replaces, other languages. Of a withheld or withdrawn
    release the reason and the contacts alone.
    """
    parts = [notice_html(told, release) for _, told in notices(release, site, corrections)]
    if release.status == "usable":
        parts += [
            dateline_html(release, site),
            element("p", element("strong", escape(release.lead))) if release.lead else "",
            event_html(release, site),
            *body_blocks(release, site),
        ]
    parts.append(contacts_html(release))
    if release.status == "usable":
        parts += [
            boilerplate_html(release, site),
            replaces_html(release, site),
            translations_html(release),
        ]
    return clean_html("\n".join(part for part in parts if part), release.url)


def notice_html(told: Notice, release: Release) -> str:
    """The box on top that says what was corrected, withheld or withdrawn."""
    lines = [element("h2", escape(told.title))]
    lines += [
        element(
            "p", f"{element('strong', escape(name + ':'))} {escape(text)}" if name else escape(text)
        )
        for name, text in told.lines
    ]
    return element("aside", "\n".join(lines))


def dateline(release: Release, site: Site) -> str:
    """``Värmdö, 15 november 2023``: the place and the date of publication, as far as known."""
    date = (
        day(release.published_at, release.language, site.time_zone) if release.published_at else ""
    )
    return ", ".join(part for part in (release.place, date) if part)


def dateline_html(release: Release, site: Site) -> str:
    line = dateline(release, site)
    return element("p", escape(line)) if line else ""


def event_html(release: Release, site: Site) -> str:
    """When, where and how to register, with a link to the ``.ics``, which is not there before
    an embargo lifts; "" without an event."""
    event = release.event
    if event is None:
        return ""
    where = ", ".join(part for part in (event.place, event.address) if part)
    lines = [
        ("time", escape(span(event.start, event.end, release.language, site.time_zone))),
        ("place", escape(where)),
        ("web", link(event.url, event.url) if event.url else ""),
        ("registration", linked(event.registration)),
    ]
    rows = [element("h2", escape(word(release.language, "event")))]
    if event.status != "planned":
        status = word(release.language, f"event_{event.status}")
        rows.append(element("p", element("strong", escape(status))))
    rows += [
        element("p", f"{element('strong', escape(word(release.language, key)) + ':')} {value}")
        for key, value in lines
        if value
    ]
    if not under_embargo(release):
        ics = link(addresses.calendar(site, release.id), word(release.language, "calendar"))
        rows.append(element("p", ics))
    return element("aside", "\n".join(rows))


def contacts_html(release: Release) -> str:
    """The press contacts under their heading; "" without any."""
    if not release.contacts:
        return ""
    people = []
    for contact in release.contacts:
        lines = [
            element("strong", escape(contact.name)),
            escape(", ".join(part for part in (contact.role, contact.organisation) if part)),
            link(telephone(contact.phone), contact.phone) if contact.phone else "",
            link(f"mailto:{contact.email}", contact.email) if contact.email else "",
            escape(contact.hours),
        ]
        people.append(element("p", "<br>".join(line for line in lines if line)))
    return "\n".join([element("h2", escape(word(release.language, "contact"))), *people])


def boilerplate_html(release: Release, site: Site) -> str:
    """``Om …`` and the house's text, a paragraph for each part between blank lines."""
    if not release.boilerplate:
        return ""
    heading = element("h2", escape(word(release.language, "about", name=site.name)))
    return "\n".join([heading, paragraphs(release.boilerplate)])


def replaces_html(release: Release, site: Site) -> str:
    url = addresses.replaced(release, site)
    return element("p", link(url, word(release.language, "replaces"))) if url else ""


def translations_html(release: Release) -> str:
    """Links to the release in other languages, each in its own; "" without any."""
    if not release.translations:
        return ""
    items = [
        element(
            "li",
            link(other.url, translation_name(other.language, other.title)),
            lang=other.language,
        )
        for other in release.translations
    ]
    heading = element("h2", escape(word(release.language, "other_languages")))
    return heading + "\n" + element("ul", "".join(items))


def translation_name(language: str, title: str) -> str:
    """``English: Title``, in that language."""
    names = {"sv": "Svenska", "en": "English"}
    name = names.get(language.split("-")[0].lower(), language)
    return f"{name}: {title}" if title else name


def paragraphs(text: str) -> str:
    """Plain text as ``p`` elements, cut at blank lines; single line breaks stay."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text)]
    return "\n".join(element("p", escape(part).replace("\n", "<br>")) for part in parts if part)


def linked(text: str) -> str:
    """Plain text escaped; if the whole of it is a web or mail address, as a link."""
    text = text.strip()
    if re.fullmatch(r"https?://\S+", text):
        return link(text, text)
    if re.fullmatch(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+", text):
        return link(f"mailto:{text}", text)
    return escape(text)


def telephone(number: str) -> str:
    """``tel:`` and the digits of ``number`` (RFC 3966): ``(0)`` goes after a country code."""
    if number.strip().startswith("+"):
        number = number.replace("(0)", "")
    return "tel:" + re.sub(r"[^\d+]", "", number)


def link(url: str, words: str) -> str:
    return element("a", escape(words), href=url)


def element(name: str, content: str, **attributes: str | int | None) -> str:
    """``<name …>content</name>``; ``content`` is HTML, attributes are plain, None leaves out."""
    listed = "".join(
        f' {key}="{escape(str(value))}"' for key, value in attributes.items() if value is not None
    )
    return f"<{name}{listed}>{content}</{name}>"


def quoted(quote: Quote) -> str:
    """A quote's words as inline HTML, without the dash that the source may have had."""
    return _TALSTRECK.sub("", quote.text, count=1) if _TALSTRECK.match(quote.text) else quote.text


def attribution(quote: Quote) -> str:
    """``Name, title``, or "" where the quote itself names the person."""
    if not quote.name or quote.name.casefold() in plain(quote.text).casefold():
        return ""
    return ", ".join(part for part in (quote.name, quote.title) if part)


def fact_title(box: FactBox, language: str) -> str:
    """``Fakta: title``, unless the title begins with that word."""
    label = word(language, "facts")
    if box.title.casefold().startswith(label.casefold()):
        return box.title
    return f"{label}: {box.title}" if box.title else label


def _block(block: Block, language: str, mail: bool) -> str:
    own = block.language if block.language != language else ""
    lang = own or None
    language = own or language
    match block:
        case Paragraph():
            return element("p", block.text, lang=lang)
        case Heading():
            return element("h3" if block.level == 3 else "h2", escape(block.text), lang=lang)
        case Items():
            items = "".join(element("li", item) for item in block.items)
            return element("ol" if block.ordered else "ul", items, lang=lang)
        case Quote():
            dash = "– " if is_swedish(language) else ""
            source = attribution(block)
            lines = [element("p", dash + quoted(block))]
            lines += [element("p", escape(source))] if source else []
            return element("blockquote", "".join(lines), lang=lang)
        case Statement():
            lines = [element("p", text) for text in block.paragraphs]
            lines += [element("p", escape(block.source))] if block.source else []
            intro = element("p", escape(block.intro), lang=lang) if block.intro else ""
            return intro + element("blockquote", "".join(lines), lang=lang)
        case Image():
            return _figure(block, language, lang, mail)
        case Attachment():
            words = files.described(block, language)
            return element("p", link(block.url, words), lang=lang)
        case FactBox():
            title = element("h2", escape(fact_title(block, language)))
            inner = "".join(_block(part, language, mail) for part in block.content)
            return element("aside", title + inner, lang=lang)
        case EmbedLink():
            return element("p", link(block.url, block.title or block.url), lang=lang)


def _figure(image: Image, language: str, lang: str | None, mail: bool) -> str:
    url, width, height = image.url, image.width, image.height
    if mail and image.web_url:
        url, width, height = image.web_url, image.web_width, image.web_height
    if mail and width > _MAIL_PICTURE:
        width, height = _MAIL_PICTURE, round(height * _MAIL_PICTURE / width)
    alt = "" if image.decorative else image.alt or None
    listed = {"src": url, "alt": alt, "width": width or None, "height": height or None}
    picture = element("img", "", **listed).removesuffix("</img>")
    caption = caption_html(image, language)
    words = element("figcaption", caption) if caption else ""
    return element("figure", picture + words, lang=lang)


def caption_html(image: Image, language: str) -> str:
    return escape(" ".join(part for part in (image.caption, credit(image, language)) if part))


def credit(image: Image, language: str) -> str:
    """``Foto: name``, or ""."""
    return f"{word(language, 'photo')}: {image.credit}" if image.credit else ""
