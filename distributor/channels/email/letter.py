"""A letter: a mail to one person that is no release, such as a confirmation or a code."""

from dataclasses import dataclass

from distributor.channels.email.composition import Composition
from distributor.channels.email.frame import frame
from distributor.channels.email.headers import Identity, Sender, head
from distributor.channels.email.message import inlined, message, proper
from distributor.channels.email.slots import Markers
from distributor.rendering import text
from distributor.templating import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """``key`` names the letter in its Message-ID: letters, digits and hyphens, one per letter.

    ``code`` is shown large, ``action`` is a link as words and address, ``after`` are paragraphs
    below them. All text is plain.
    """

    key: str
    language: str
    subject: str
    paragraphs: tuple[str, ...]
    code: str = ""
    action: tuple[str, str] | None = None
    after: tuple[str, ...] = ()


def compose_letter(letter: Letter, sender: Sender) -> Composition:
    """The letter, to be filled once; its slots are ``to date message_id``.

    It says that a machine wrote it (RFC 3834 §5) and belongs to no list.

    Raises:
        Refused: the mail breaks a limit or a rule; ``about`` is ``message``.
    """
    proper([letter.subject, *letter.paragraphs, letter.code, *letter.after])
    context = frame(sender.site, letter.language, letter.subject) | {
        "heading": letter.subject,
        "paragraphs": letter.paragraphs,
        "code": letter.code,
        "action": letter.action,
        "after": letter.after,
    }
    identity = Identity(
        name="letter", number=letter.key, segment="letter", language=letter.language
    )
    parts = [letter.subject, *letter.paragraphs, letter.code]
    parts += [text.address(*letter.action, mail=True)] if letter.action else []
    parts += [*letter.after, text.address(context["sent_by"], context["newsroom"], mail=True)]
    return message(
        head(identity, letter.subject, sender),
        "\n\n".join(part for part in parts if part) + "\n",
        inlined(render("email/letter.html", **context)),
        markers=Markers(repr(letter)),
        slots={},
    )
