"""What search engines are told to fetch: read from the clock, so that no file can be stale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from distributor.channels.feeds import sitemap
from distributor.dispatch import compositions, editions
from distributor.newsroom.models import ReleasePage
from distributor.rendering import addresses

NEWS = timedelta(hours=48)


def document(number: int | None) -> bytes | None:
    """``/sitemap.xml``, or the part with that number, from 1; None if there is no such part.

    Of more than 50,000 addresses the first document is an index of the parts.
    """
    pages = list(_pages())
    parts = -(-len(pages) // sitemap.MOST)
    if number is None:
        if parts <= 1:
            return sitemap.sitemap(pages)
        root = compositions.site().url.rstrip("/")
        return sitemap.index([f"{root}/sitemap-{part}.xml" for part in range(1, parts + 1)])
    if parts <= 1 or not 1 <= number <= parts:
        return None
    return sitemap.sitemap(pages[(number - 1) * sitemap.MOST : number * sitemap.MOST])


def news() -> bytes:
    """``/news-sitemap.xml``: the releases of the last 48 hours."""
    now = timezone.now()
    releases = (edition.release for edition in editions.public(now)[: sitemap.MOST_NEWS])
    articles = (
        sitemap.Article(each.url, each.title, each.language, each.published_at)
        for each in releases
        if each.published_at and each.published_at > now - NEWS
    )
    return sitemap.news(articles, compositions.site().name)


def robots() -> str:
    """``/robots.txt``."""
    root = compositions.site().url.rstrip("/")
    maps = "".join(f"Sitemap: {root}/{name}.xml\n" for name in ("sitemap", "news-sitemap"))
    return f"User-agent: *\nDisallow: /admin/\nDisallow: /api/\nAllow: /feeds/\n\n{maps}"


def _pages() -> Iterator[sitemap.Page]:
    site = compositions.site()
    lists = tuple((code, addresses.newsroom(site, code)) for code in site.languages)
    for _, url in lists:
        yield sitemap.Page(url, alternates=lists if len(lists) > 1 else ())
    keys = dict(ReleasePage.objects.values_list("release_id", "translation_key"))
    columns = ("release_id", "language", "content__url", "public_at", "changed_at")
    shown = list(editions.public().annotate(changed_at=_changed()).values_list(*columns))
    together = defaultdict(list)
    for release_id, language, url, *_ in shown:
        together[keys.get(release_id, release_id)].append((language, url))
    for release_id, _, url, public, changed in shown:
        others = together[keys.get(release_id, release_id)]
        yield sitemap.Page(url, changed or public, tuple(sorted(others)) if len(others) > 1 else ())


def _changed() -> Subquery:
    """When the public text of a release last changed in a way that matters, as its feeds say."""
    told = editions.left().filter(release_id=OuterRef("release_id"), published_at__isnull=False)
    language = Q(act="release.updated", content__correction__kind="language")
    return Subquery(told.exclude(language).order_by("-number").values("leaves_at")[:1])
