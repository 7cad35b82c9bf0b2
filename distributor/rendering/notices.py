"""What an edition says on top of itself: what was wrong, what is new, what may not be used."""

from collections.abc import Sequence
from dataclasses import dataclass

from distributor.release import Release, Site
from distributor.rendering.dates import written
from distributor.rendering.subject import news
from distributor.rendering.words import word


@dataclass(frozen=True, slots=True)
class Notice:
    """``kind`` is as in :func:`distributor.rendering.subject.news`; ``lines`` are pairs of a label
    (or "") and plain text."""

    kind: str
    title: str
    lines: tuple[tuple[str, str], ...]


def notice(release: Release, site: Site) -> Notice | None:
    """The notice of this edition, or None if it has nothing to say but its text.

    A correction of language says nothing. One of fact begins with what was wrong and what is
    right; where neither is given the note stands for both.
    """
    kind = news(release)
    if kind in ("", "language"):
        return None
    language, correction = release.language, release.correction
    when = written(release.updated_at, language, site.time_zone) if release.updated_at else ""
    lines: list[tuple[str, str]] = []
    if kind in ("withheld", "withdrawn", "resumed"):
        key = {"withheld": "held_text"}.get(kind, f"{kind}_text")
        lines.append(("", word(language, key)))
        lines.append(("", release.reason))
    if correction is not None and release.status == "usable" and correction.kind != "language":
        lines.append((word(language, "wrong"), correction.wrong or ""))
        lines.append((word(language, "right"), correction.right or ""))
        lines.append(("", correction.note))
    if when and kind not in ("withheld", "withdrawn", "resumed"):
        at = "corrected_at" if kind == "fact" else "updated_at"
        lines.append(("", word(language, at, moment=when)))
    kept = tuple((name, text) for name, text in lines if text)
    return Notice(kind, word(language, _TITLES[kind]), kept)


def notices(
    release: Release, site: Site, corrections: Sequence[Release] = ()
) -> list[tuple[int, Notice]]:
    """What a reader is told above the text: the notice of this edition, then earlier ones of fact.

    ``corrections`` are the editions that corrected facts of it, the newest first: they are told of
    whatever was edited since, but not while the text is withheld or withdrawn. Each notice comes
    with the number of its edition.
    """
    usable = release.status == "usable"
    older = (each for each in corrections if usable and each.version != release.version)
    told = ((each.version, notice(each, site)) for each in (release, *older))
    return [(number, each) for number, each in told if each]


_TITLES = {
    "fact": "correction",
    "update": "update",
    "changed": "event_changed",
    "cancelled": "event_cancelled",
    "withheld": "held",
    "withdrawn": "withdrawn",
    "resumed": "resumed",
}
