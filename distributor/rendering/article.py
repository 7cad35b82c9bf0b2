"""A release as JSON-LD, for search engines and fact checkers: schema.org's NewsArticle."""

import json
from collections.abc import Sequence
from typing import Any

from distributor.release import Image, Release, Site, rfc3339
from distributor.rendering import addresses
from distributor.rendering.cleaning import absolute
from distributor.rendering.html import dateline
from distributor.rendering.words import word


def article(release: Release, site: Site, corrections: Sequence[Release] = ()) -> dict[str, Any]:
    """The NewsArticle of a usable ``release``; ``corrections`` are editions that corrected it."""
    document = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": release.url,
        "url": release.url,
        "headline": release.title,
        "description": release.lead,
        "datePublished": rfc3339(release.published_at) if release.published_at else "",
        "dateModified": rfc3339(release.updated_at) if release.updated_at else "",
        "inLanguage": release.language,
        "dateline": dateline(release, site),
        "publisher": {
            "@type": "Organization",
            "name": site.name,
            "url": addresses.newsroom(site, site.languages[0]),
        },
        "image": [_image(image, release.url) for image in release.images],
        "correction": [_correction(each) for each in corrections],
    }
    return {key: value for key, value in document.items() if value}


def json_ld(release: Release, site: Site, corrections: Sequence[Release] = ()) -> str:
    """:func:`article` as JSON that may stand in a ``script`` element."""
    document = json.dumps(article(release, site, corrections), ensure_ascii=False, indent=1)
    return document.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _image(image: Image, base: str) -> dict[str, Any]:
    facts = {
        "@type": "ImageObject",
        "contentUrl": absolute(image.url, base),
        "caption": image.caption,
        "creditText": image.credit,
        "license": image.licence,
        "width": image.width,
        "height": image.height,
    }
    return {key: value for key, value in facts.items() if value}


def _correction(release: Release) -> dict[str, Any]:
    assert release.correction is not None
    lines = {"wrong": release.correction.wrong, "right": release.correction.right}
    told = [f"{word(release.language, key)}: {text}" for key, text in lines.items() if text]
    comment = {
        "@type": "CorrectionComment",
        "text": "\n".join([*told, release.correction.note]).strip(),
        "datePublished": rfc3339(release.updated_at) if release.updated_at else "",
    }
    return {key: value for key, value in comment.items() if value}
