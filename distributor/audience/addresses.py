"""Email addresses: one form to write to, one key to compare by."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

LONGEST = 254
"""Octets of an address (RFC 5321 §4.5.3.1.3, less the angle brackets)."""

FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Controls, line separators and the characters that turn the direction of writing."""

_LOCAL = 64
_PLAIN = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
"""A dot-atom (RFC 5322 §3.2.3)."""


@dataclass(frozen=True, slots=True)
class Address:
    """``address`` is what mail goes to, ``key`` what tells one person from another."""

    address: str
    key: str


def normal(text: str) -> Address:
    """The address in ``text``, without asking DNS.

    The domain becomes its lower-case A-label (IDNA 2008, RFC 5891); the key has the local part
    casefolded too. Dots and ``+tags`` stay, as they may tell two people apart.

    Raises:
        ValueError: one line that says what is wrong. Quoted local parts, comments, address
            literals and anything over 254 octets are refused.
    """
    if FORBIDDEN.search(text):
        raise ValueError("The address holds a control character or one that turns the direction.")
    text = text.strip()
    local, _, domain = text.rpartition("@")
    if len(local) <= _LOCAL and _PLAIN.fullmatch(local):
        # In a long list the domains repeat, and there is nothing to check in such a local part.
        domain = _domain(domain)
    else:
        checked = _checked(text)
        local, domain = checked.local_part, checked.ascii_domain.lower()
    address, key = f"{local}@{domain}", f"{_folded(local)}@{domain}"
    if len(address.encode()) > LONGEST or len(key) > LONGEST:
        raise ValueError(f"The address is longer than {LONGEST} octets.")
    return Address(address, key)


@lru_cache(maxsize=8192)
def _domain(domain: str) -> str:
    return _checked(f"x@{domain}").ascii_domain.lower()


def _checked(text: str) -> ValidatedEmail:
    try:
        # A name under .test reaches nobody and serves rehearsals (RFC 6761 §6.2).
        return validate_email(text, strict=True, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


def _folded(local: str) -> str:
    return unicodedata.normalize("NFC", local.casefold())


def masked(address: str) -> str:
    """``a…@example.se``: enough for its owner to know it, too little for anybody else."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
