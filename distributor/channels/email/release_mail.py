"""A release as a mail: its two parts, in the order in which a reader meets them."""

from dataclasses import dataclass, replace
from html import escape
from typing import Any

from markupsafe import Markup

from distributor.channels.email.frame import frame
from distributor.channels.email.headers import Sender
from distributor.channels.email.slots import Markers
from distributor.release import Attachment, Image, Paragraph, Release, Site
from distributor.rendering import addresses, files, html, text
from distributor.rendering.dates import written_with_zone
from distributor.rendering.notices import notice
from distributor.rendering.subject import heading, label, subject, under_embargo
from distributor.rendering.words import word

SEGMENTS = ("reader", "press", "press-first", "granted", "link-only")
"""Parts of an audience that get the same words: followers, press lists, a press list's first
mail, granted readers under embargo, and those whose mail holds only their personal link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What one segment is told; addresses of a reader's own end in a marker."""

    release: Release
    sender: Sender
    segment: str
    first: bool
    test: bool
    markers: Markers

    @property
    def site(self) -> Site:
        return self.sender.site

    @property
    def subject(self) -> str:
        return subject(self.release, self.site, first=self.first, test=self.test)

    @property
    def is_usable(self) -> bool:
        """Whether the text itself may be told."""
        return self.release.status == "usable" and self.segment != "link-only"

    @property
    def unsubscribe(self) -> str:
        return addresses.unsubscribe(self.site, self.markers["unsubscribe"])

    @property
    def preferences(self) -> str:
        return addresses.preferences(self.site, self.markers["preferences"])

    @property
    def personal(self) -> str:
        """The personal link, or "" outside an embargo."""
        if self.segment not in ("granted", "link-only"):
            return ""
        return addresses.personal(self.site, self.markers["personal"])

    @property
    def banner(self) -> tuple[str, str] | None:
        """What an embargoed mail says first and last: until when, and what is asked."""
        if self.release.act != "release.embargoed" or self.release.embargo_until is None:
            return None
        language = self.release.language
        moment = written_with_zone(
            self.release.embargo_until, language, self.site.time_zone, exact=True
        )
        return word(language, "embargo_banner", moment=moment), word(language, "embargo_request")

    @property
    def action(self) -> tuple[str, str] | None:
        """The one link that leads on: words and address; None where nothing may be read."""
        language = self.release.language
        if self.release.status != "usable":
            return None
        if self.personal:
            return word(language, "embargo_link"), self.personal
        return word(language, "read_on_web"), self.release.url

    @property
    def why(self) -> str:
        kind = {"reader": "reader", "granted": "granted", "link-only": "granted"}
        key = f"why_{kind.get(self.segment, 'press')}"
        return word(self.release.language, key, name=self.site.name)

    @property
    def unsubscribe_words(self) -> str:
        key = "object" if self.segment == "press-first" else "unsubscribe"
        return word(self.release.language, key)


def kept_secret(release: Release, site: Site) -> Release:
    """``release`` as granted readers may have it before the lift.

    Its canonical address and those of its translations, pictures and documents answer 404 until
    then and are left out; captions and titles stay as text.
    """
    if not under_embargo(release):
        return release
    body = tuple(
        Paragraph(text=escape(told), language=block.language)
        if (told := _without_address(block, release.language))
        else block
        for block in release.body
    )
    url = addresses.permanent(site, release.id)
    return replace(release, url=url, translations=(), body=body)


def _without_address(block: object, language: str) -> str:
    if isinstance(block, Image):
        return text.image_text(block, language)
    if isinstance(block, Attachment):
        return files.described(block, language)
    return ""


def text_part(mail: Mail) -> str:
    """Every word, link, caption and contact as plain text; it ends with a line feed."""
    release, site, language = mail.release, mail.site, mail.release.language
    banner = "\n".join(mail.banner) if mail.banner else ""
    parts = [banner]
    if not (mail.first and release.status == "usable"):
        parts.append(text.notice_text(release, site))
    parts += [label(release), heading(release, site)]
    if mail.is_usable:
        parts += [
            text.event_text(release, site, mail=True),
            html.dateline(release, site),
            release.lead,
            *text.body_blocks(release, site, mail=True),
        ]
    elif mail.segment == "link-only":
        parts.append(word(language, "embargo_link_only"))
    if mail.action:
        parts.append(text.address(*mail.action, mail=True))
    parts.append(text.contacts_text(release))
    if mail.is_usable:
        parts += [
            text.boilerplate_text(release, site),
            text.translations_text(release, mail=True),
            text.topics_text(release, site, mail=True),
            text.replaces_text(release, site, mail=True),
            text.case_number(release),
        ]
    parts += [_press_first(mail), *_text_footer(mail), banner]
    return "\n\n".join(part for part in parts if part) + "\n"


def _text_footer(mail: Mail) -> list[str]:
    language = mail.release.language
    return [
        "* * *",
        mail.why,
        text.address(mail.unsubscribe_words, mail.unsubscribe, mail=True),
        text.address(word(language, "preferences"), mail.preferences, mail=True),
        text.address(
            word(language, "sent_by", name=mail.site.name),
            addresses.newsroom(mail.site, language),
            mail=True,
        ),
    ]


def html_blocks(mail: Mail) -> list[str]:
    """The body's blocks as HTML; none where the text may not be told."""
    return html.body_blocks(mail.release, mail.site, mail=True) if mail.is_usable else []


def html_context(mail: Mail, blocks: list[str], *, shortened: bool) -> dict[str, Any]:
    """What the template ``email/release.html`` needs, its markup marked as such."""
    release, site, language = mail.release, mail.site, mail.release.language
    told = None if mail.first and release.status == "usable" else notice(release, site)
    action = mail.action
    if shortened and action:
        action = (word(language, "read_rest"), action[1])
    usable = mail.is_usable
    if mail.segment == "link-only":
        blocks = [html.element("p", escape(word(language, "embargo_link_only")))]
    return frame(site, language, mail.subject) | {
        "banner": mail.banner,
        "notice": told,
        "label": label(release),
        "heading": heading(release, site),
        "event": Markup(html.event_html(release, site) if usable else ""),
        "dateline": html.dateline(release, site) if usable else "",
        "lead": release.lead if usable else "",
        "blocks": [Markup(block) for block in blocks],
        "action": action,
        "contacts": Markup(html.contacts_html(release)),
        "boilerplate": Markup(html.boilerplate_html(release, site) if usable else ""),
        "press_first": _press_first(mail),
        "translations": Markup(html.translations_html(release) if usable else ""),
        "topics": _topics(mail) if usable else [],
        "replaces": Markup(html.replaces_html(release, site) if usable else ""),
        "case_number": text.case_number(release) if usable else "",
        "why": mail.why,
        "unsubscribe": mail.unsubscribe,
        "unsubscribe_words": mail.unsubscribe_words,
        "preferences": mail.preferences,
    }


def _topics(mail: Mail) -> list[tuple[str, str]]:
    release = mail.release
    return [
        (topic.name, addresses.topic(mail.site, release.language, topic.slug))
        for topic in release.topics
    ]


def _press_first(mail: Mail) -> str:
    if mail.segment != "press-first":
        return ""
    return word(mail.release.language, "press_first", name=mail.site.name)
