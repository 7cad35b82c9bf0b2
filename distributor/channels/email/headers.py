"""The headers of every kind of mail: which there are, in which order, each once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import Header
from email.utils import formataddr
from urllib.parse import quote

from distributor.channels.email.slots import Piece
from distributor.errors import Refused
from distributor.release import Site
from distributor.rendering import addresses
from distributor.rendering.cleaning import a_label

WANTED_SUBJECT, LONGEST_SUBJECT = 70, 300
"""Characters: above the first is worth a remark, above the second no mail is made."""

_LONGEST_LIST_ID = 255
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MAILBOX = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^"<>@,;:]*?)) *<([^<>]*)>')
_WIDTH = 76


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends, as the options have it.

    ``from_`` and ``reply_to`` are one address each (``Name <a@b>`` allowed; ``reply_to`` may be
    empty). ``bounce_domain`` is where mail to unsubscribe arrives, or empty.
    """

    from_: str
    reply_to: str = ""
    bounce_domain: str = ""
    site: Site

    @property
    def domain(self) -> str:
        """The From domain as an A-label."""
        return address(self.from_, "email.from")[1].rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells this mail from others: ``<name.number.person@domain>`` is its Message-ID.

    ``name`` and ``number`` are of ASCII letters, digits and hyphens.
    ``list`` is ``releases`` or ``press``, the first label of its List-Id, or empty for a letter.
    """

    name: str
    number: str
    segment: str
    language: str
    list: str = ""
    follows: bool = False
    archived_at: str = ""
    release_id: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]+\.[A-Za-z0-9-]+", f"{self.name}.{self.number}"):
            raise ValueError(f"{self.name!r} and {self.number!r} cannot be in a Message-ID")


def checked(value: str, what: str) -> str:
    """``value``, fit for a header.

    Raises:
        Refused: it holds a control, a line or paragraph separator, a bidirectional control or a
            lone surrogate. Such a value is never cleaned: somebody meant it.
    """
    unsafe = _UNSAFE.search(value)
    if unsafe:
        raise Refused(
            "unsafe-header",
            f"{what} holds the character U+{ord(unsafe[0]):04X}, which may not stand in a mail's "
            "header: remove it",
            about="message",
        )
    return value


def address(value: str, what: str) -> tuple[str, str]:
    """The display name and the bare address (its domain as an A-label) in ``value``.

    Raises:
        Refused: it is not one address, or not an ASCII one before the ``@``.
    """
    given = _MAILBOX.fullmatch(checked(value, what).strip())
    quoted, name, bare = given.groups(default="") if given else ("", "", value.strip())
    local, _, domain = bare.rpartition("@")
    try:
        host = a_label(domain)
    except ValueError:
        host = ""
    if not (re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+", local) and host):
        raise Refused("unsafe-header", f"{what} {value!r} is not one mail address", about="message")
    return re.sub(r"\\(.)", r"\1", quoted) or name, f"{local}@{host}"


def head(identity: Identity, subject: str, sender: Sender) -> Iterator[Piece]:
    """All headers but ``MIME-Version`` and the content's own, as bytes with slots between.

    Raises:
        Refused: a value may not stand in a header, or the subject is too long.
    """
    if len(subject) > LONGEST_SUBJECT:
        raise Refused(
            "long-subject",
            f"the subject has {len(subject)} characters and may have {LONGEST_SUBJECT}: "
            "shorten the title",
            about="message",
        )
    name, from_ = address(sender.from_, "email.from")
    yield _line("From", mailbox(name or sender.site.name, from_))
    yield b"To: "
    yield "to"
    yield b"\r\n"
    if sender.reply_to:
        yield _line("Reply-To", mailbox(*address(sender.reply_to, "email.reply_to")))
    yield _line("Subject", encoded("Subject", checked(subject, "the subject")))
    yield b"Date: "
    yield "date"
    yield b"\r\nMessage-ID: "
    yield from _message_id(f"<{identity.name}.{identity.number}.", "message_id", sender)
    if identity.follows:
        yield b"In-Reply-To: "
        yield from _message_id(f"<{identity.name}.", "references", sender)
        yield b"References: "
        yield from _message_id(f"<{identity.name}.", "references", sender)
    yield _line("Content-Language", identity.language)
    if identity.list:
        yield from _list_headers(identity, sender)
    else:
        yield _line("Auto-Submitted", "auto-generated")
    if identity.release_id:
        yield _line("Release-Id", identity.release_id)
        yield _line("Release-Version", identity.number)
    if identity.archived_at:
        yield _line("Archived-At", f"<{identity.archived_at}>")


def _message_id(start: str, slot: str, sender: Sender) -> Iterator[Piece]:
    yield start.encode("ascii")
    yield slot
    yield f"@{sender.domain}>\r\n".encode("ascii")


def _list_headers(identity: Identity, sender: Sender) -> Iterator[Piece]:
    site = sender.site
    owner = address(sender.reply_to or sender.from_, "email.reply_to")[1]
    newsroom = addresses.newsroom(site, identity.language)
    yield _line("List-Id", list_id(identity.list, site))
    yield f"List-Unsubscribe: <{addresses.unsubscribe(site, '')}".encode("ascii")
    yield "unsubscribe"
    if sender.bounce_domain:
        yield b">,\r\n <mailto:u+"
        yield "unsubscribe"
        yield f"@{a_label(sender.bounce_domain)}>\r\n".encode("ascii")
    else:
        yield f">,\r\n <mailto:{quote(owner, safe='@')}?subject=unsubscribe%20".encode("ascii")
        yield "unsubscribe"
        yield b">\r\n"
    yield _line("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    yield _line("List-Help", f"<{addresses.feeds(site)}>")
    yield _line("List-Owner", f"<mailto:{quote(owner, safe='@')}>")
    yield _line("List-Archive", f"<{newsroom}>")
    yield _line("List-Post", "NO")
    yield _line("Precedence", "bulk")
    yield _line("X-Auto-Response-Suppress", "OOF, AutoReply")
    short = identity.name.replace("-", "")[:8]
    by = re.sub("[^a-z0-9]", "", sender.domain)[:15].ljust(5, "0")
    yield _line("Feedback-ID", f"{short}:{identity.segment}:{identity.language}:{by}")


def list_id(name: str, site: Site) -> str:
    """``Newsroom <releases.HOST>`` (RFC 2919), of at most 255 octets.

    Raises:
        Refused: the site's name is too long for it.
    """
    host = addresses.host(site)
    value = phrase("List-Id", checked(site.name, "site.name"), f"{name}.{host}")
    if len(value.replace("\r\n", "")) > _LONGEST_LIST_ID:
        raise Refused("long-list-id", "site.name is too long: shorten it", about="message")
    return value


def mailbox(name: str, bare: str) -> str:
    if not name:
        return bare
    return phrase("Reply-To", checked(name, "a sender’s name"), bare)


def phrase(header: str, name: str, bare: str) -> str:
    """``name <bare>`` as RFC 5322 and RFC 2047 have it, folded where it is long."""
    if name.isascii() and "=?" not in name:
        written = formataddr((name, "a@b")).removesuffix(" <a@b>")
    else:
        written = Header(name, "utf-8", _WIDTH, header).encode(linesep="\r\n")
    last = f"{header}: {written}".rpartition("\n")[2]
    fold = " " if len(last) + len(bare) + 3 <= _WIDTH else "\r\n "
    return f"{written}{fold}<{bare}>"


def encoded(header: str, value: str) -> str:
    """Unstructured text, folded, as it reads back to ``value`` (RFC 2047 where need be)."""
    plain = value.isascii() and value == " ".join(value.split()) and "=?" not in value
    charset = "us-ascii" if plain else "utf-8"
    return Header(value, charset, _WIDTH, header).encode(splitchars=" ", linesep="\r\n")


def _line(name: str, value: str) -> bytes:
    checked(value.replace("\r\n ", " "), name)
    return f"{name}: {value}\r\n".encode("ascii")
