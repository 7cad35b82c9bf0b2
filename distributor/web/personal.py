"""A granted reader's personal link to a release under embargo, and the files behind it.

GET shows a button and POST the release, since scanners open every link in a mail. No cookie is set.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

import structlog
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from markupsafe import Markup

from distributor.dispatch import compositions, personal
from distributor.dispatch.models import EditionFile
from distributor.dispatch.personal import Link, Way
from distributor.newsroom import frames, showing
from distributor.release import Attachment, Block, Image, Release
from distributor.rendering import addresses, dates, html
from distributor.rendering.notices import notice
from distributor.web.words import word

SECONDS = 15 * 60
"""How long the address of a picture or document is good that a personal page gives."""
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}

_log = structlog.get_logger()


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The way to the text while the grant holds, then to the public page.

    A token that was not made here is not found. Each opening is logged, by the number of the mail.
    """
    link = personal.link(token)
    if link is None:
        raise Http404
    match link.way:
        case Way.PUBLIC:
            site = compositions.site()
            return _own(HttpResponseRedirect(addresses.permanent(site, link.edition.release.id)))
        case Way.CLOSED:
            return _told(link, word(link.edition.language, "embargo_closed"), 403)
        case Way.STOPPED:
            return _told(link, "", 410 if link.edition.status == "canceled" else 200)
        case Way.OPEN:
            return _words(link) if request.method == "POST" else _told(link, "", 200, button=True)


def file(sha256: str, signed: str) -> EditionFile | None:
    """The file that a personal page gave an address to, while that and the grant hold."""
    try:
        delivery = _signer(sha256).unsign(signed, max_age=SECONDS)
    except BadSignature:
        return None
    link = personal.of(int(delivery))
    if link is None or link.way is not Way.OPEN:
        return None
    shown = link.edition.files.filter(sha256=sha256).first()
    over = shown and shown.expires_at and shown.expires_at <= timezone.now()
    return None if over else shown


def _told(link: Link, said: str, status: int, *, button: bool = False) -> HttpResponse:
    words, site = link.edition.release, compositions.site()
    stopped = notice(words, site) if link.way is Way.STOPPED else None
    context = _frame(words) | {
        "said": said,
        "notice": stopped,
        "contacts": Markup(html.contacts_html(words)) if stopped else "",
        "banner": _banner(words) if button else "",
        "button": button,
    }
    return _own(frames.respond("web/embargo.html", context, status=status))


def _words(link: Link) -> HttpResponse:
    _log.info(
        "embargo.opened",
        release=str(link.edition.release_id),
        edition=link.edition.number,
        delivery=link.delivery,
    )
    site = compositions.site()
    words = link.edition.release.without_expired(timezone.now())
    words = replace(
        words,
        url=addresses.permanent(site, words.id),
        translations=(),
        body=tuple(_signed(block, link.delivery) for block in words.body),
    )
    context = showing.private(words) | _frame(words)
    context |= {"banner": _banner(words), "text_url": "", "kit_url": ""}
    return _own(frames.respond("web/embargo_release.html", context))


def _frame(words: Release) -> dict[str, Any]:
    # The other languages lead to the newsroom: the token stays out of every link.
    return frames.frame(words.language) | {"word": partial(word, words.language), "noindex": True}


def _banner(words: Release) -> str:
    assert words.embargo_until is not None
    site, language = compositions.site(), words.language
    moment = dates.written_with_zone(words.embargo_until, language, site.time_zone, exact=True)
    request = word(language, "embargo_request")
    return f"{word(language, 'embargo_banner', moment=moment)} {request}"


def _signed(block: Block, delivery: int) -> Block:
    if not isinstance(block, Image | Attachment):
        return block
    if isinstance(block, Attachment):
        return replace(block, url=_address(block.url, delivery))
    web = _address(block.web_url, delivery) if block.web_url else ""
    return replace(block, url=_address(block.url, delivery), web_url=web)


def _address(url: str, delivery: int) -> str:
    sha256 = url.rpartition("/files/")[2].partition("/")[0]
    return f"{url}?signed={quote(_signer(sha256).sign(str(delivery)))}"


def _signer(sha256: str) -> TimestampSigner:
    return TimestampSigner(salt=f"embargo file {sha256}")


def _own(response: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        response[name] = value
    return response
