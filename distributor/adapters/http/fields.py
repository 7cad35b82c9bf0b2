"""Header fields (RFC 9110 section 5): which may be sent, and how they are written."""

import re
from collections.abc import Iterable, Sequence

from distributor.adapters.http.blocked import Blocked

MAX_OWN = 10
MAX_VALUE = 4096

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_FRAMING = {
    *("host", "connection", "keep-alive", "content-length", "transfer-encoding", "te", "trailer"),
    *("upgrade", "expect", "accept-encoding", "cookie"),
}
_FRAMING_PREFIXES = ("proxy-",)
_OURS_PREFIXES = ("content-", "webhook-")


def check_own(fields: Sequence[tuple[str, str]]) -> None:
    """Whether ``fields`` may be an endpoint's own: asked at every save and every sending.

    Raises:
        Blocked: there are more than ten, one is there twice, a name is reserved or no token, or a
            value is too long, holds a control character, or begins or ends with white space.
    """
    if len(fields) > MAX_OWN:
        raise Blocked("header", f"More than {MAX_OWN} headers.")
    names = [name.lower() for name, _ in fields]
    if len(set(names)) < len(names):
        raise Blocked("header", "A header is given twice.")
    check(fields)
    for name in names:
        if name.startswith(_OURS_PREFIXES):
            raise Blocked("header", f"The header {name} is set by the program itself.")


def check(fields: Iterable[tuple[str, str]]) -> None:
    """Whether ``fields`` can be sent at all.

    Raises:
        Blocked: a name is no token or would change how the message is framed or routed, or a
            value could not stand on one line.
    """
    for name, value in fields:
        if not _NAME.fullmatch(name):
            raise Blocked("header", "A header's name may have letters, digits and hyphens only.")
        lower = name.lower()
        if lower in _FRAMING or lower.startswith(_FRAMING_PREFIXES):
            raise Blocked("header", f"The header {lower} is set by the program itself.")
        if len(value) > MAX_VALUE:
            raise Blocked("header", f"The value of {lower} is longer than {MAX_VALUE} characters.")
        if not _VALUE.fullmatch(value) or value != value.strip():
            raise Blocked(
                "header",
                f"The value of {lower} has a line break, a control character or a letter outside "
                "Latin-1 in it, or begins or ends with a space.",
            )
