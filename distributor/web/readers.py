"""Readers' own doors: unsubscribing and preferences, by the signed links in their mail.

Who it is comes from the path alone: no session, no log-in, no cookie, no script, and nothing here
asks Redis. GET and HEAD change nothing, since scanners open every link in a mail.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import get_language_from_request
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from distributor.audience import preferring, unsubscribing
from distributor.audience.addresses import masked
from distributor.audience.keys import keys
from distributor.audience.models import Subscriber, Subscription, Topic
from distributor.audience.topics import followable
from distributor.newsroom import frames, languages
from distributor.sealing import unseal
from distributor.web.words import word

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; img-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
FORM_HOURS = 4
"""How long a preferences page may stay open before it is saved."""

_PACES = (Subscription.Pace.IMMEDIATE, Subscription.Pace.PAUSED)
"""Those that can be chosen anew; a digest that somebody has stays on offer to them."""


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponseBase:
    """One click (RFC 8058), or a page with a button for each topic and one for all.

    The one click ends every subscription; it answers 200 also when it is repeated or the person
    was erased. A token that was not made here is 404, a POST that says neither 400.
    """
    ident = _who("unsubscribe", token)
    fields = _fields(request) if request.method == "POST" else None
    if fields is not None and fields.get("List-Unsubscribe", "").strip() == "One-Click":
        unsubscribing.end(ident, unsubscribing.ONE_CLICK)
        answer = HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
        return _own(answer)
    person = Subscriber.objects.filter(pk=ident).first()
    language = _language(request, person)
    said, status = "", 200
    if fields is not None:
        said, status = _end_chosen(person, fields, language)
    context = _frame(language) | {
        "person": person and masked(person.address),
        "following": _following(person, language),
        "said": said,
        "wrong": status != 200,
    }
    return _own(frames.respond("web/unsubscribe.html", context, status=status))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponseBase:
    """A form with the reader's topics, languages and pace. Without script and cookie.

    The form is good for some hours and for this reader only. Of an erased person: 410.
    """
    ident = _who("preferences", token)
    person = Subscriber.objects.filter(pk=ident).first()
    language = _language(request, person)
    if person is None:
        context = _frame(language) | {"person": None, "said": "", "wrong": False}
        return _own(frames.respond("web/preferences.html", context, status=410))
    said, status = "", 200
    choice = preferring.chosen(person)
    if request.method == "POST":
        fields = _fields(request)
        said, status = _save(person, fields, language)
        choice = _choice(fields, person) if status != 200 and fields else preferring.chosen(person)
    context = _frame(language) | {
        "person": masked(person.address),
        "said": said,
        "wrong": status != 200,
        "form_token": _signer().sign(str(person.pk)),
        "topics": [
            (topic.slug, topic.name(language), topic.slug in choice.topics)
            for topic in followable()
        ],
        "reads": [
            (code, languages.name(code), code in choice.languages)
            for code in settings.DISTRIBUTOR.site.languages
        ],
        "paces": [(pace, pace == choice.pace) for pace in _offered(person)],
    }
    return _own(frames.respond("web/preferences.html", context, status=status))


def _who(purpose: str, token: str) -> int:
    ident = unseal(keys(), purpose, token)
    if ident is None:
        raise Http404
    return ident


def _fields(request: HttpRequest) -> QueryDict:
    """The fields of a form, urlencoded or multipart; none if it cannot be read.

    Whatever a mail service calls a body that is not multipart, and in whatever character set, its
    pair of ASCII words counts: Django would refuse any other set than UTF-8.
    """
    try:
        if request.content_type == "multipart/form-data":
            return request.POST
        return QueryDict(request.body)
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return QueryDict()


def _end_chosen(person: Subscriber | None, fields: QueryDict, language: str) -> tuple[str, int]:
    """Do what a button of the page says; what to tell, and the status."""
    name = settings.DISTRIBUTOR.site.name
    if "all" in fields:
        if person:
            unsubscribing.end(person.pk, unsubscribing.PAGE)
        return word(language, "ended_all", name=name), 200
    topic = Topic.objects.filter(slug=fields.get("topic", "")).first()
    if topic is None:
        return word(language, "bad_body"), 400
    if person:
        unsubscribing.end(person.pk, unsubscribing.PAGE, topic=topic.slug)
    return word(language, "ended_topic", topic=topic.name(language)), 200


def _save(person: Subscriber, fields: QueryDict, language: str) -> tuple[str, int]:
    """Save the form; what to tell, and the status."""
    try:
        signed = _signer().unsign(fields.get("form", ""), max_age=FORM_HOURS * 3600)
    except SignatureExpired:
        return word(language, "too_old"), 400
    except BadSignature:
        signed = ""
    if signed != str(person.pk):
        return word(language, "invalid"), 400
    if "all" in fields:
        unsubscribing.end(person.pk, unsubscribing.PREFERENCES)
        return word(language, "ended_all", name=settings.DISTRIBUTOR.site.name), 200
    choice = _choice(fields, person)
    if fields.get("pace", "") not in _offered(person):
        return word(language, "invalid"), 400
    if not choice.languages:
        return word(language, "choose_language"), 400
    preferring.choose(person, choice)
    if not choice.topics:
        return word(language, "ended_all", name=settings.DISTRIBUTOR.site.name), 200
    return word(language, "saved"), 200


def _choice(fields: QueryDict, person: Subscriber) -> preferring.Choice:
    """What the form's fields choose; of each only what is on offer."""
    slugs = set(followable().values_list("slug", flat=True))
    allowed = settings.DISTRIBUTOR.site.languages
    return preferring.Choice(
        topics=tuple(sorted(set(fields.getlist("topic")) & slugs)),
        languages=tuple(code for code in allowed if code in fields.getlist("language")),
        pace=fields.get("pace", ""),
    )


def _offered(person: Subscriber) -> list[str]:
    now = preferring.chosen(person).pace
    return [pace.value for pace in _PACES] + ([now] if now not in _PACES else [])


def _following(person: Subscriber | None, language: str) -> list[tuple[str, str]]:
    if person is None:
        return []
    live = person.subscriptions.filter(ended_at=None).select_related("topic")
    return [(each.topic.slug, each.topic.name(language)) for each in live.order_by("topic__slug")]


def _language(request: HttpRequest, person: Subscriber | None) -> str:
    """``?lang=``, else what the person reads, of several that which their browser asks for."""
    allowed = settings.DISTRIBUTOR.site.languages
    reads = person.languages.split() if person else []
    browser = get_language_from_request(request)
    preferred = [browser] if browser in reads or not reads else []
    asked = [request.GET.get("lang", ""), *preferred, *reads]
    return next((code for code in asked if code in allowed), str(allowed[0]))


def _frame(language: str) -> dict[str, Any]:
    frame = frames.frame(language)
    return frame | {
        "word": partial(word, language),
        # The other languages of this very page: the token stays out of every link.
        "languages": [(code, name, f"?lang={code}") for code, name, _ in frame["languages"]],
        "noindex": True,
    }


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="preferences")


def _own(response: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        response[name] = value
    return response
