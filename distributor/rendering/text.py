"""A release as plain text: blank lines part the blocks, and no line is wrapped."""

from collections.abc import Callable, Sequence

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
from distributor.rendering.dates import span
from distributor.rendering.html import (
    attribution,
    credit,
    dateline,
    fact_title,
    quoted,
    translation_name,
)
from distributor.rendering.inline import with_addresses, with_addresses_below
from distributor.rendering.notices import Notice, notice, notices
from distributor.rendering.subject import heading, label, under_embargo
from distributor.rendering.words import word


def body_text(release: Release, site: Site) -> str:
    """The body as plain text; a link is ``words (https://…)``."""
    return "\n\n".join(body_blocks(release, site))


def body_blocks(release: Release, site: Site, *, mail: bool = False) -> list[str]:
    """Each of the body's blocks; in ``mail`` an address stands in ``<…>`` on a line of its own."""
    return [_block(block, release.language, mail) for block in release.body]


def text(release: Release, site: Site, *, corrections: Sequence[Release] = ()) -> str:
    """The whole release as plain text, to copy or to save; it ends with a line feed.

    What this edition and the ``corrections`` before it corrected comes before the title. Of a
    withheld or withdrawn release there are the title, the reason and the contacts.
    """
    told = (_notice(each) for _, each in notices(release, site, corrections))
    parts = [label(release), *told, heading(release, site)]
    if release.status == "usable":
        parts += [
            dateline(release, site),
            release.lead,
            event_text(release, site),
            *body_blocks(release, site),
        ]
    parts.append(contacts_text(release))
    if release.status == "usable":
        parts += [
            boilerplate_text(release, site),
            topics_text(release, site),
            replaces_text(release, site),
            translations_text(release),
            case_number(release),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def notice_text(release: Release, site: Site) -> str:
    """What this edition says on top of itself, its title in capitals; "" if nothing."""
    told = notice(release, site)
    return _notice(told) if told else ""


def event_text(release: Release, site: Site, *, mail: bool = False) -> str:
    """When, where and how to register, a line each; "" without an event."""
    event, language = release.event, release.language
    if event is None:
        return ""
    where = ", ".join(part for part in (event.place, event.address) if part)
    rows = [
        ("time", span(event.start, event.end, language, site.time_zone)),
        ("place", where),
        ("web", event.url),
        ("registration", event.registration),
    ]
    lines = [word(language, "event")]
    lines += [] if event.status == "planned" else [word(language, f"event_{event.status}")]
    lines += [f"{word(language, key)}: {value}" for key, value in rows if value]
    if not under_embargo(release):
        lines.append(
            address(word(language, "calendar"), addresses.calendar(site, release.id), mail)
        )
    return "\n".join(lines)


def contacts_text(release: Release) -> str:
    """The press contacts under their heading, a blank line between them; "" without any."""
    people = []
    for contact in release.contacts:
        role = ", ".join(part for part in (contact.role, contact.organisation) if part)
        lines = (contact.name, role, contact.phone, contact.email, contact.hours)
        people.append("\n".join(line for line in lines if line))
    if not people:
        return ""
    return word(release.language, "contact") + "\n" + "\n\n".join(people)


def boilerplate_text(release: Release, site: Site) -> str:
    if not release.boilerplate:
        return ""
    return word(release.language, "about", name=site.name) + "\n" + release.boilerplate.strip()


def topics_text(release: Release, site: Site, *, mail: bool = False) -> str:
    """The topics' names; in mail each with the address of its list."""
    if not release.topics:
        return ""
    name = word(release.language, "topics")
    if not mail:
        return f"{name}: {', '.join(topic.name for topic in release.topics)}"
    lists = (
        address(topic.name, addresses.topic(site, release.language, topic.slug), mail)
        for topic in release.topics
    )
    return "\n".join([name, *lists])


def replaces_text(release: Release, site: Site, *, mail: bool = False) -> str:
    url = addresses.replaced(release, site)
    return address(word(release.language, "replaces"), url, mail) if url else ""


def translations_text(release: Release, *, mail: bool = False) -> str:
    others = [
        address(translation_name(other.language, other.title), other.url, mail)
        for other in release.translations
    ]
    return "\n".join([word(release.language, "other_languages"), *others]) if others else ""


def case_number(release: Release) -> str:
    if not release.case_number:
        return ""
    return f"{word(release.language, 'case_number')}: {release.case_number}"


def _notice(told: Notice) -> str:
    lines = [f"{name}: {line}" if name else line for name, line in told.lines]
    return "\n".join([told.title.upper(), *lines])


def address(words: str, url: str, mail: bool) -> str:
    """``words: https://…``, or in mail the address in ``<…>`` on the next line."""
    if mail:
        return f"{words}\n<{url}>"
    return words if words == url else f"{words}: {url}"


def _block(block: Block, language: str, mail: bool) -> str:
    language = block.language or language
    inline = with_addresses_below if mail else with_addresses
    match block:
        case Paragraph():
            return inline(block.text)
        case Heading():
            return block.text
        case Items():
            return _items(block, inline)
        case Quote():
            lines = ["– " + inline(quoted(block)), attribution(block)]
            return "\n".join(line for line in lines if line)
        case Statement():
            lines = [block.intro, *(inline(text) for text in block.paragraphs), block.source]
            return "\n\n".join(line for line in lines if line)
        case Image():
            if mail:
                return f"{image_text(block, language)}\n<{block.url}>"
            return image_text(block, language, block.url)
        case Attachment():
            return address(files.described(block, language), block.url, mail)
        case FactBox():
            inner = [_block(part, language, mail) for part in block.content]
            return "\n\n".join([fact_title(block, language), *inner])
        case EmbedLink():
            return address(block.title or block.url, block.url, mail)


def _items(block: Items, inline: Callable[[str], str]) -> str:
    marks = (f"{number}." if block.ordered else "•" for number in range(1, len(block.items) + 1))
    return "\n".join(
        f"{mark} {inline(item)}" for mark, item in zip(marks, block.items, strict=True)
    )


def image_text(image: Image, language: str, url: str = "") -> str:
    """``[Bild: alt. Caption. Foto: credit. URL]``, without what is not there."""
    alt = "" if image.decorative else image.alt
    words = [alt, image.caption, credit(image, language)]
    said = [part if part.endswith((".", "!", "?")) else f"{part}." for part in words if part]
    return f"[{word(language, 'image')}: {' '.join([*said, url])}".rstrip() + "]"
