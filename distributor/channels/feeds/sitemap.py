"""Sitemaps for search engines (sitemaps.org 0.9, Google's for news): values in, bytes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from distributor.release import rfc3339
from distributor.rendering.cleaning import clean_text

MOST = 50_000
"""Addresses that one document may have."""
MOST_NEWS = 1_000
_OPEN = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_XHTML = "http://www.w3.org/1999/xhtml"


@dataclass(frozen=True, slots=True)
class Page:
    """``alternates`` are language and address of each translation, this page among them."""

    url: str
    updated: datetime | None = None
    alternates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """A release of the last two days."""

    url: str
    title: str
    language: str
    published: datetime


def sitemap(pages: Iterable[Page]) -> bytes:
    """The addresses of at most :data:`MOST` pages."""
    parts = [f'{_OPEN}<urlset xmlns="{_SITEMAP}" xmlns:xhtml="{_XHTML}">\n']
    for page in pages:
        parts.append(f"<url><loc>{escape(page.url)}</loc>")
        if page.updated:
            parts.append(f"<lastmod>{rfc3339(page.updated)}</lastmod>")
        parts += (
            f'<xhtml:link rel="alternate" hreflang={quoteattr(code)} href={quoteattr(url)}/>'
            for code, url in page.alternates
        )
        parts.append("</url>\n")
    parts.append("</urlset>\n")
    return "".join(parts).encode()


def index(urls: Sequence[str]) -> bytes:
    """The addresses of several sitemaps."""
    listed = "".join(f"<sitemap><loc>{escape(url)}</loc></sitemap>\n" for url in urls)
    return f'{_OPEN}<sitemapindex xmlns="{_SITEMAP}">\n{listed}</sitemapindex>\n'.encode()


def news(articles: Iterable[Article], name: str) -> bytes:
    """At most :data:`MOST_NEWS` new articles of the publication ``name``."""
    parts = [f'{_OPEN}<urlset xmlns="{_SITEMAP}" xmlns:news="{_NEWS}">\n']
    for article in articles:
        parts.append(
            f"<url><loc>{escape(article.url)}</loc><news:news><news:publication>"
            f"<news:name>{escape(clean_text(name))}</news:name>"
            f"<news:language>{escape(article.language)}</news:language></news:publication>"
            f"<news:publication_date>{rfc3339(article.published)}</news:publication_date>"
            f"<news:title>{escape(clean_text(article.title))}</news:title></news:news></url>\n"
        )
    parts.append("</urlset>\n")
    return "".join(parts).encode()
