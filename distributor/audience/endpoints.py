"""Webhook endpoints: added, called, given new secrets, and taken out again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from distributor import sealing
from distributor.audience import topics as followed
from distributor.audience.addresses import FORBIDDEN, normal
from distributor.audience.guarding import guard
from distributor.audience.keys import keys
from distributor.audience.models import Endpoint, Secret, Topic
from distributor.audience.subscribing import spaced
from distributor.channels import webhooks
from distributor.channels.webhooks import teams
from distributor.channels.webhooks.signing import new_secret
from distributor.errors import Unavailable
from distributor.release import Site

OVERLAP = 24
LONGEST_OVERLAP = 168
"""Hours for which an old secret still signs beside the new one."""

LIVE_SECRETS = 3
OWNER, UNCONFIRMED = "owner", "unconfirmed"
"""Why an endpoint is disabled: a person did it; its receiver has not said that it wants events."""

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Added:
    """A saved endpoint. ``secret`` is shown this once; None where the format is not signed."""

    endpoint: Endpoint
    secret: str | None = field(repr=False)
    warnings: tuple[str, ...]


def add(
    url: str,
    *,
    format: str,
    name: str = "",
    contact: str = "",
    topics: Sequence[str] = (),
    languages: Sequence[str] = (),
    trusted: bool = False,
) -> Added:
    """Save an endpoint for ``url``; it gets what is issued from now on.

    ``topics`` (slugs) and ``languages``: empty means all. ``name`` is the host where it is empty,
    ``contact`` the operator's address. The URL is looked up and connected to, never posted to: one
    that cannot be reached is saved with a warning. A CloudEvents receiver is asked for consent
    (HTTP webhook specification for event delivery, section 4) and disabled until it gives it.

    Raises:
        Blocked: the guard refuses the URL; nothing is saved.
        ValueError: one line that says what else is wrong; nothing is saved.
    """
    kind = _kind(format, trusted)
    followable = _topics(topics)
    wanted = _languages(languages)
    contact = normal(contact).address if contact else settings.DISTRIBUTOR.site.operator
    url = guard().check(url)
    host = urlsplit(url).netloc
    endpoint = Endpoint(
        salt=uuid.uuid4(),
        name=_name(name or host[:_LONGEST_NAME]),
        contact=contact,
        host=host,
        url_hash=sealing.address_hash(keys(), url),
        format=format,
        languages=wanted,
        trusted=trusted,
        max_per_minute=kind.max_per_minute,
    )
    endpoint.sealed_url = _seal(endpoint, url)
    _refuse_double(endpoint)
    warnings = _self_check(endpoint, url)
    secret = new_secret() if kind.signed else None
    try:
        with transaction.atomic():
            endpoint.save()
            endpoint.topics.set(followable)
            if secret:
                _keep(endpoint, secret)
    except IntegrityError:
        _refuse_double(endpoint)
        raise
    return Added(endpoint, secret, warnings)


def known(ident: int) -> Endpoint:
    """The endpoint with that id.

    Raises:
        ValueError: there is none, or it was deleted.
    """
    endpoint = Endpoint.objects.filter(pk=ident, deleted_at=None).first()
    if endpoint is None:
        raise ValueError(f"there is no endpoint {ident}")
    return endpoint


def live_secrets(idents: Iterable[int]) -> dict[int, list[bytes]]:
    """The sealed secrets that sign now of each of these endpoints, newest first.

    One question for many, and no model for each: of a thousand endpoints this is done for all.
    """
    found: dict[int, list[bytes]] = {ident: [] for ident in idents}
    rows = Secret.objects.filter(endpoint__in=found).exclude(ends_at__lte=timezone.now())
    for ident, sealed in rows.order_by("-created_at", "-pk").values_list("endpoint_id", "sealed"):
        found[ident].append(bytes(sealed))
    return found


def target(endpoint: Endpoint, sealed: Iterable[bytes] | None = None) -> webhooks.Target:
    """The endpoint as it is called: its URL opened, and the secrets that sign now, newest first.

    ``sealed`` are those secrets where :func:`live_secrets` has been asked before.

    Raises:
        ValueError: the key that sealed it is gone, or it was deleted.
    """
    if sealed is None:
        sealed = live_secrets([endpoint.pk])[endpoint.pk]
    return webhooks.Target(
        id=endpoint.pk,
        url=_open(endpoint, endpoint.sealed_url),
        format=endpoint.format,
        secrets=tuple(_open(endpoint, each) for each in sealed),
        headers=_headers(endpoint),
    )


def shown(endpoint: Endpoint) -> str:
    """The URL as anybody may see it: the host, and nothing of the path."""
    try:
        scheme = urlsplit(_open(endpoint, endpoint.sealed_url)).scheme
    except ValueError:
        scheme = "https"
    return f"{scheme}://{endpoint.host}/…"


def try_out(endpoint: Endpoint, site: Site) -> webhooks.Attempt:
    """Send ``endpoint.test`` once, whatever the endpoint's state, and leave that as it is.

    Raises:
        ValueError: it has no secret to sign with, or its key is gone.
    """
    ident = f"msg_{uuid.uuid4().hex}"
    now = timezone.now()
    body = webhooks.test_body(
        endpoint.format,
        site,
        endpoint=endpoint.name,
        webhook_id=ident,
        now=now,
        language=next(iter(endpoint.languages.split()), site.languages[0]),
    )
    return webhooks.attempt(
        guard(), target(endpoint), body, webhook_id=ident, timestamp=int(time.time())
    )


def rotate(endpoint: Endpoint, *, overlap_hours: int = OVERLAP) -> str:
    """Give the endpoint a new secret, and return it; it is shown this once.

    The old ones sign beside it for ``overlap_hours`` (0 to 168) more. Three live at most: a fourth
    ends the oldest.

    Raises:
        ValueError: the format is not signed, or the hours are out of range.
    """
    if not webhooks.FORMATS[endpoint.format].signed:
        raise ValueError(f"{endpoint.format} is not signed: its URL is the secret")
    if not 0 <= overlap_hours <= LONGEST_OVERLAP:
        raise ValueError(f"the old secret can sign for 0 to {LONGEST_OVERLAP} hours more")
    secret = new_secret()
    end = timezone.now() + timedelta(hours=overlap_hours)
    with transaction.atomic():
        # Held so that of two rotations at once the later one sees the earlier one's secret.
        Endpoint.objects.filter(pk=endpoint.pk).update(salt=endpoint.salt)
        kept = _live(endpoint)[: LIVE_SECRETS - 1] if overlap_hours else []
        endpoint.secrets.exclude(pk__in=[old.pk for old in kept]).delete()
        for old in kept:
            old.ends_at = min(old.ends_at or end, end)
            old.save(update_fields=["ends_at"])
        _keep(endpoint, secret)
    return secret


def enable(endpoint: Endpoint) -> tuple[str, ...]:
    """Let an endpoint get what is issued from now on; what it missed is not sent.

    Returns what its self-check warns of. A CloudEvents receiver that gives no consent stays
    disabled.

    Raises:
        Blocked: the guard refuses its URL; it stays disabled.
        ValueError: its key is gone.
    """
    warnings = _self_check(endpoint, _open(endpoint, endpoint.sealed_url))
    endpoint.paused_until = endpoint.failing_since = endpoint.warned_at = None
    endpoint.failures = endpoint.warned = 0
    changed = ["state", "reason", "disabled_at", "max_per_minute"]
    changed += ["paused_until", "failures", "failing_since", "warned", "warned_at"]
    endpoint.save(update_fields=changed)
    return warnings


def disable(endpoint: Endpoint) -> None:
    """Send an endpoint nothing until somebody enables it again."""
    end(endpoint.pk, OWNER)


def end(ident: int, reason: str) -> bool:
    """Disable an endpoint, or only give it another reason; whether it was not disabled before."""
    now = timezone.now()
    there = Endpoint.objects.filter(pk=ident)
    fields = {"state": Endpoint.State.DISABLED, "reason": reason, "paused_until": None}
    ended = there.exclude(state=Endpoint.State.DISABLED).update(**fields, disabled_at=now) == 1
    if not ended:
        there.update(**fields)
    return ended


def wardens() -> list[str]:
    """The addresses of the users who may change endpoints."""
    users = get_user_model()._default_manager.filter(is_active=True).exclude(email="")
    return [user.email for user in users if user.has_perm("audience.change_endpoint")]


def delete(endpoint: Endpoint) -> None:
    """Erase an endpoint's URL, headers and secrets for good; its deliveries stay on record."""
    with transaction.atomic():
        endpoint.secrets.all().delete()
        Endpoint.objects.filter(pk=endpoint.pk).update(
            sealed_url=b"",
            sealed_headers=b"",
            url_hash="",
            deleted_at=timezone.now(),
        )
        end(endpoint.pk, OWNER)


def _kind(format: str, trusted: bool) -> webhooks.Format:
    if format not in webhooks.FORMATS:
        raise ValueError(f"{format!r} is no format; there is {', '.join(webhooks.FORMATS)}")
    kind = webhooks.FORMATS[format]
    if kind.chat and trusted:
        raise ValueError(f"a {format} channel cannot be trusted with what is under embargo")
    return kind


def _topics(slugs: Sequence[str]) -> list[Topic]:
    found = list(followed.followable().filter(slug__in=slugs))
    unknown = set(slugs) - {topic.slug for topic in found}
    if unknown:
        raise ValueError(f"there is no topic {min(unknown)!r}")
    return found


def _languages(languages: Sequence[str]) -> str:
    allowed = settings.DISTRIBUTOR.site.languages
    for language in languages:
        if language not in allowed:
            raise ValueError(
                f"{language!r} is not a language of this site; there is {', '.join(allowed)}"
            )
    return spaced(languages)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or FORBIDDEN.search(name):
        raise ValueError(f"the name has to have 1 to {_LONGEST_NAME} characters, none a control")
    return name


def _refuse_double(endpoint: Endpoint) -> None:
    same = Endpoint.objects.filter(
        url_hash=endpoint.url_hash, format=endpoint.format, deleted_at=None
    ).first()
    if same:
        raise ValueError(f"endpoint {same.pk} ({same.name}) has this URL and format already")


def _self_check(endpoint: Endpoint, url: str) -> tuple[str, ...]:
    """Set the endpoint's state by what its address is like now; what a person should know of it.

    Raises:
        Blocked: it may not be opened.
    """
    endpoint.state, endpoint.reason = Endpoint.State.ENABLED, ""
    before, endpoint.disabled_at = endpoint.disabled_at, None
    warnings = []
    if endpoint.format == Endpoint.Format.TEAMS and teams.retired(url):
        warnings.append("Microsoft retires such connectors: take the URL of a workflow instead")
    try:
        guard().probe(url)
        if endpoint.format == Endpoint.Format.CLOUDEVENTS:
            warnings += _ask(endpoint, url)
    except Unavailable as error:
        warnings.append(f"{endpoint.host} cannot be reached now ({error.reason})")
        if endpoint.format == Endpoint.Format.CLOUDEVENTS:
            endpoint.state, endpoint.reason = Endpoint.State.DISABLED, UNCONFIRMED
    if endpoint.state == Endpoint.State.DISABLED:
        endpoint.disabled_at = before or timezone.now()
    return tuple(warnings)


def _ask(endpoint: Endpoint, url: str) -> list[str]:
    consent = webhooks.handshake(
        guard(), url, _headers(endpoint), per_minute=endpoint.max_per_minute
    )
    if not consent.given:
        endpoint.state, endpoint.reason = Endpoint.State.DISABLED, UNCONFIRMED
        return [
            "the receiver has not allowed this site (WebHook-Allowed-Origin): it is disabled "
            "until it does and is enabled again"
        ]
    if consent.per_minute:
        endpoint.max_per_minute = min(endpoint.max_per_minute, consent.per_minute)
    return []


def _keep(endpoint: Endpoint, secret: str) -> None:
    Secret.objects.create(endpoint=endpoint, sealed=_seal(endpoint, secret))


def _live(endpoint: Endpoint) -> list[Secret]:
    """The secrets that sign now, newest first."""
    now = timezone.now()
    live = [each for each in endpoint.secrets.all() if each.ends_at is None or each.ends_at > now]
    return sorted(live, key=lambda each: (each.created_at, each.pk), reverse=True)


def _headers(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    """The endpoint's own header fields, kept a line each."""
    if not endpoint.sealed_headers:
        return ()
    lines = _open(endpoint, endpoint.sealed_headers).splitlines()
    return tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))


def _seal(endpoint: Endpoint, text: str) -> bytes:
    return sealing.encrypt(keys(), text.encode(), endpoint.salt.bytes)


def _open(endpoint: Endpoint, sealed: bytes | memoryview) -> str:
    return sealing.decrypt(keys(), bytes(sealed), endpoint.salt.bytes).decode()
