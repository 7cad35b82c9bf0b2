"""What a relay's answer means for the delivery it was given to."""

from __future__ import annotations

import re
from typing import Literal

from distributor.errors import DeliveryError, Refused, Unavailable

Step = Literal["connect", "greeting", "ehlo", "auth", "mail", "rcpt", "data", "end"]
"""Where in the dialogue an answer came; ``end`` is the one to the final dot."""

STOPPING = frozenset({"certificate", "no-starttls", "authentication"})
"""The relay does not let us in. Asking it often makes that worse: it may lock us out for long."""

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?!\S)")
_NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.3", "5.1.6", "5.1.10"})
_NO_SUCH_DOMAIN = frozenset({"5.1.2", "5.4.4"})
_TOO_LARGE = frozenset({"5.2.3", "5.3.4"})
_NOT_LOGGED_IN = frozenset({530, 534, 535, 538})
_UNAUTHENTICATED = re.compile(r"5\.7\.(?:[23]\d|515)")
_RATE = re.compile(
    r"\brates?\b|\bratelimit|\bthrottl|\btoo (?:many(?! errors)|much|fast|quickly|frequent)|\blimit"
    r"|\bslow(?:ing)? down|\bexceed",
    re.IGNORECASE,
)
_UNKNOWN_USER = re.compile(
    r"\bno such (?:user|mailbox|address|recipient|account|person)"
    r"|\b(?:unknown|invalid|nonexistent) (?:local )?(?:user|mailbox|address|recipient|account)"
    r"|\b(?:user|mailbox|address|recipient|account)\b.{0,80}?"
    r"\b(?:unknown|not (?:found|known|exist)|does(?: not|n[o']t) exist|no longer exists)"
    r"|\bno mailbox\b",
    re.IGNORECASE | re.DOTALL,
)
_OF_THE_SENDER = re.compile(r"\bsender|\bmail from|\breturn.path", re.IGNORECASE)
_ACCESS_DENIED = re.compile(r"access denied", re.IGNORECASE)


def enhanced_code(text: str) -> str:
    """The enhanced status code (RFC 3463) at the head of a reply's text, or an empty string."""
    found = _ENHANCED.match(text)
    return found[1] if found else ""


def meaning(code: int, enhanced: str, text: str, at: Step) -> DeliveryError:
    """The failure that the reply ``code`` ``text`` stands for; ``text`` follows the code.

    Never called for the reply that a step hopes for. The enhanced code decides where its first
    digit agrees with the reply code (RFC 3463 §2), else the reply code does. Until ``MAIL`` no
    delivery is judged: there is no connection, and that is the relay's matter. A relay that has
    not yet heard of the recipient says nothing about them.
    """
    reply = f"{code} {text}".strip()
    if enhanced[:1] != str(code)[:1]:
        enhanced = ""
    if at in ("connect", "greeting", "ehlo", "auth"):
        return _no_connection(code, enhanced, reply, at)
    if code in _NOT_LOGGED_IN or enhanced in ("5.7.8", "5.7.9"):
        return Unavailable("authentication", reply, about="relay")
    if 400 <= code <= 499:
        return _later(code, enhanced, text, reply, at)
    if 500 <= code <= 599:
        return _never(code, enhanced, text, reply, at)
    return Unavailable("unexpected-reply", reply, about="relay")


def _no_connection(code: int, enhanced: str, reply: str, at: Step) -> Unavailable:
    if code in _NOT_LOGGED_IN or enhanced in ("5.7.8", "5.7.9") or (at == "auth" and code >= 500):
        return Unavailable("authentication", reply, about="relay")
    return Unavailable("closing" if code == 421 else "no-service", reply, about="relay")


def _later(code: int, enhanced: str, text: str, reply: str, at: Step) -> Unavailable:
    policy = enhanced.startswith("4.7.")
    if code == 421 and not policy:
        return Unavailable("closing", reply, about="relay")
    if enhanced == "4.7.28" or ((policy or enhanced == "4.5.3") and _RATE.search(text)):
        return Unavailable("rate", reply, about="ours")
    if policy:
        return Unavailable("policy", reply, about="ours")
    if enhanced == "4.2.2" and at != "mail":
        return Unavailable("full", reply, about="recipient")
    return Unavailable("temporary", reply, about="unknown")


def _never(code: int, enhanced: str, text: str, reply: str, at: Step) -> Refused:
    if at != "mail":
        reason = _about_recipient(code, enhanced, text, at)
        if reason:
            return Refused(reason, reply, about="recipient")
    if enhanced in _TOO_LARGE or (code == 552 and not enhanced and at != "rcpt"):
        return Refused("too-large", reply, about="message")
    if enhanced.startswith("5.6."):
        return Refused("content", reply, about="message")
    if _UNAUTHENTICATED.fullmatch(enhanced):
        return Refused("unauthenticated", reply, about="ours")
    if enhanced.startswith("5.7.") or (code == 554 and not enhanced):
        return Refused("policy", reply, about="ours")
    if enhanced in ("5.1.7", "5.1.8") or (at == "mail" and enhanced.startswith("5.1.")):
        return Refused("sender", reply, about="ours")
    if enhanced.startswith("5.5.") or (not enhanced and 500 <= code <= 504) or code == 555:
        return Refused("protocol", reply, about="ours")
    return Refused("refused", reply, about="unknown")


def _about_recipient(code: int, enhanced: str, text: str, at: Step) -> str:
    if enhanced in _NO_SUCH_ADDRESS or (enhanced == "5.4.1" and _ACCESS_DENIED.search(text)):
        return "no-such-address"
    if enhanced in _NO_SUCH_DOMAIN:
        return "no-such-domain"
    if enhanced in ("5.2.1", "5.2.2"):
        return "disabled" if enhanced == "5.2.1" else "full"
    if enhanced:
        return ""
    unknown = at == "rcpt" and code in (550, 551, 553) and _UNKNOWN_USER.search(text)
    if code == 556 or (unknown and not _OF_THE_SENDER.search(text)):
        return "no-such-address"
    return ""
