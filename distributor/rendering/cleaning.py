"""What may pass from a source into a release's text, and from there into any channel.

Markup first (nh3), then addresses, characters last: ``&#11;`` becomes a control character only
when it is parsed.
"""

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import idna
import nh3

SCHEMES = frozenset({"https", "http", "mailto", "tel"})

_INLINE = {"a", "strong", "em", "br"}
_TEXT = {"p", "h2", "h3", "ul", "ol", "li", "blockquote"}
_BLOCKS = _INLINE | _TEXT | {"figure", "img", "figcaption", "aside"}
_ATTRIBUTES = {
    "*": {"lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
}

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x80-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)
_BOLD_OR_ITALIC = re.compile(r"<(/?)(b|i)(?=[\s>])", re.IGNORECASE)
_STRONG_OR_EM = {"b": "strong", "i": "em"}
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IGNORED_IN_URL = str.maketrans("", "", "\t\n\r")
_SAFE = "/%:@!$&'()*+,;=~?[]"


def clean_text(text: str) -> str:
    """Plain text with CR LF and CR as LF, without what no document may hold.

    C0 controls but tab and LF, C1 controls, lone surrogates and noncharacters go (XML 1.0 §2.2
    and Unicode §23.7); all else stays.
    """
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def clean_inline(html: str, base_url: str = "") -> str:
    """HTML with ``a[href]``, ``strong``, ``em`` and ``br`` only; ``b`` and ``i`` become these.

    A link is resolved against ``base_url``; one that stays relative, or has a scheme other than
    https, http, mailto and tel, loses its address.
    """
    renamed = _BOLD_OR_ITALIC.sub(
        lambda tag: f"<{tag[1]}{_STRONG_OR_EM[tag[2].lower()]}", clean_text(html)
    )
    return _clean(renamed, _INLINE, {"a": {"href"}}, base_url)


def clean_html(html: str, base_url: str) -> str:
    """HTML with the elements and attributes of a release's body, and absolute ASCII addresses."""
    return _clean(clean_text(html), _BLOCKS, _ATTRIBUTES, base_url)


def _clean(html: str, tags: set[str], attributes: dict[str, set[str]], base_url: str) -> str:
    def resolved(_tag: str, name: str, value: str) -> str | None:
        return (absolute(value, base_url) or None) if name in ("href", "src") else value

    cleaned = nh3.clean(
        html,
        tags=tags,
        attributes=attributes,
        attribute_filter=resolved,
        link_rel=None,
        url_schemes=set(SCHEMES),
    )
    return clean_text(cleaned)


def absolute(url: str, base: str) -> str:
    """``url`` resolved against ``base``, in ASCII: percent-encoded, the host as an A-label.

    Returns an empty string if no absolute https, http, mailto or tel address comes of it.
    """
    try:
        parts = urlsplit(urljoin(base, clean_text(url).translate(_IGNORED_IN_URL).strip(" \x00")))
        if parts.scheme not in SCHEMES:
            return ""
        host = _network(parts) if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""
    if not (host or (parts.path and parts.scheme in ("mailto", "tel"))):
        return ""
    path, query, fragment = (_percent(part) for part in parts[2:])
    return urlunsplit((parts.scheme, host, path, query, fragment))


def _network(parts: SplitResult) -> str:
    """The authority of ``parts``, or "" if it has no host.

    Raises:
        ValueError: the host or the port is not one.
    """
    if not parts.hostname:
        return ""
    user, at, _ = parts.netloc.rpartition("@")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else a_label(parts.hostname)
    port = "" if parts.port is None else f":{parts.port}"
    return _percent(user) + at + host + port


@lru_cache(maxsize=256)
def a_label(host: str) -> str:
    """``host`` as DNS has it (IDNA 2008, UTS 46), in lower case.

    Raises:
        ValueError: it cannot be one.
    """
    if host.isascii():
        if re.search(r"[^A-Za-z0-9._~-]", host):
            raise ValueError(f"{host!r} is no host name")
        return host.lower()
    return idna.encode(host, uts46=True).decode("ascii")


def _percent(part: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=_SAFE)
