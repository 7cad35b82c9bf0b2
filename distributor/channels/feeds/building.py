"""A feed's documents in every format, from one list of entries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from distributor.channels.feeds.atom import atom
from distributor.channels.feeds.check import problems
from distributor.channels.feeds.jsonfeed import jsonfeed
from distributor.channels.feeds.rss import rss
from distributor.channels.feeds.values import Built, Entry, Feed, Tombstone
from distributor.errors import Refused
from distributor.release import Site

LARGE = 2_000_000
"""From so many octets on a document is slow to fetch for its readers: a warning."""


def build(feed: Feed, entries: Sequence[Entry | Tombstone], site: Site) -> Built:
    """``feed`` in RSS, Atom and JSON Feed.

    Which entries it holds is the caller's choice; their order is not: newest ``published`` first,
    then by id. Tombstones are for Atom alone. Each document is read back and checked. The same
    input gives the same bytes, anywhere and at any time: nothing here asks the clock.

    An entry that cannot be written or read back is left out and named; the others go out.

    Raises:
        Refused: (about ``message``) the documents are not valid, for another reason than a single
            entry. What is out must stay.
    """
    listed = sorted(
        (each for each in entries if isinstance(each, Entry)), key=lambda entry: entry.id
    )
    listed.sort(key=lambda entry: entry.published, reverse=True)
    gone = sorted(
        (each for each in entries if isinstance(each, Tombstone)), key=lambda each: each.ref
    )
    documents, wrong = _documents(feed, listed, site, gone)
    left_out: dict[str, str] = {}
    if wrong and not _documents(feed, (), site, gone)[1]:
        for entry in listed:
            _, found = _documents(feed, [entry], site, ())
            if found:
                left_out[entry.id] = found
        listed = [entry for entry in listed if entry.id not in left_out]
        documents, wrong = _documents(feed, listed, site, gone)
    if wrong:
        raise Refused("invalid-feed", f"{feed.name}: {wrong}", about="message")
    warnings = [f"{feed.name}: left out {id}: {why}" for id, why in left_out.items()]
    warnings += [
        f"{feed.name}.{format} has {len(content)} bytes; feeds.entries could be lower"
        for format, content in documents.items()
        if len(content) > LARGE
    ]
    return Built(documents=documents, left_out=tuple(left_out), warnings=tuple(warnings))


def _documents(
    feed: Feed, entries: Sequence[Entry], site: Site, gone: Sequence[Tombstone]
) -> tuple[dict[str, bytes], str]:
    """The documents, and what is wrong with them: one line, or an empty string."""
    try:
        documents = {
            "rss": rss(feed, entries, site),
            "atom": atom(feed, entries, site, gone),
            "json": jsonfeed(feed, entries, site),
        }
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        return {}, f"cannot be written: {error}"
    return documents, "; ".join(islice(problems(feed, entries, documents), 3))
