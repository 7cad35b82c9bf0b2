"""What kind of correction a change looks like; whoever corrects decides."""

from __future__ import annotations

import re
from collections import Counter

from distributor.release import Release, Site
from distributor.rendering.text import body_text

_LINK = re.compile(r'href="([^"]*)"')
_NUMBER = re.compile(r"\d+(?:[.,:  ]\d+)*")
_WITHIN = re.compile(r"(?<=[\w,;] )\w[\w-]*")
_WORD = re.compile(r"\w+")
_NEWS = 5
"""From how many words on what is added is taken for news."""


def suggested_kind(old: Release, new: Release, site: Site) -> str:
    """``language``, ``update`` or ``fact``, as far as the words tell.

    ``fact`` if the title, a number, name, contact or link is another; ``update`` if an event was
    changed or cancelled, or a sentence was added; else ``language``.
    """
    if old.event and new.event and old.event.status != new.event.status:
        return "update"
    if (old.title, old.contacts, old.event) != (new.title, new.contacts, new.event):
        return "fact"
    before, after = (f"{each.lead}\n{body_text(each, site)}" for each in (old, new))
    told, tells = _facts(old, before), _facts(new, after)
    if told - tells:
        return "fact"
    if len(_WORD.findall(after)) - len(_WORD.findall(before)) > _NEWS:
        return "update"
    return "fact" if tells - told else "language"


def _facts(release: Release, text: str) -> Counter[str]:
    """The numbers, names and links of a release."""
    names = (word for word in _WITHIN.findall(text) if word[0].isupper())
    links = _LINK.findall(str(release.to_dict()["body"]))
    return Counter([*_NUMBER.findall(text), *names, *links])
