"""The line above a release, the prefix before its title, and what to call an edition."""

from distributor.release import Release, Site
from distributor.rendering.dates import day, short
from distributor.rendering.words import word


def label(release: Release) -> str:
    """``Pressmeddelande``, ``Pressinbjudan`` or ``Nyhet``, in the release's language."""
    return word(release.language, release.type)


def under_embargo(release: Release) -> bool:
    """Whether this edition is for granted readers only."""
    embargoed = release.embargo_until is not None and release.published_at is None
    return release.act == "release.embargoed" or embargoed


def news(release: Release) -> str:
    """What an edition tells those who had an earlier one.

    Returns ``withheld``, ``withdrawn``, ``resumed``, ``fact``, ``cancelled``, ``changed``,
    ``update``, ``language``, or "" for a first issue, a new embargo time or a lift.
    """
    if release.status == "canceled":
        return "withdrawn"
    if release.status == "withheld":
        return "withheld"
    if release.act == "release.resumed" or _resumed_under_embargo(release):
        return "resumed"
    if release.correction is None:
        return ""
    if release.correction.kind == "update" and release.event is not None:
        return "update" if release.event.status == "planned" else release.event.status
    return release.correction.kind


def _resumed_under_embargo(release: Release) -> bool:
    """Under embargo a resume is ``release.embargoed`` like all else; it alone gives a reason."""
    said = bool(release.reason) and release.correction is None
    return release.act == "release.embargoed" and said


def prefix(release: Release, site: Site, *, first: bool, test: bool = False) -> str:
    """What stands before the title in a subject, its blank included; two prefixes at most.

    ``first`` says that the receiver has had no edition before: then corrections are none of their
    business, and only an invitation (or that its event is off) is announced.
    """
    prefixes = [word(release.language, "test")] if test else []
    if release.act == "release.embargoed" and release.embargo_until:
        moment = short(release.embargo_until, release.language, site.time_zone, exact=True)
        prefixes.append(word(release.language, "subject_embargo", moment=moment))
    key = _first_key(release) if first else _follow_up_key(release)
    if key:
        prefixes.append(word(release.language, f"subject_{key}"))
    return "".join(prefixes[:2])


def _follow_up_key(release: Release) -> str:
    told = news(release)
    return _first_key(release) if told in ("", "language") else told


def _first_key(release: Release) -> str:
    told = news(release)
    if told in ("withheld", "withdrawn"):
        return told
    if release.type != "invitation":
        return ""
    cancelled = release.event is not None and release.event.status == "cancelled"
    return "cancelled" if cancelled else "invitation"


def subject(release: Release, site: Site, *, first: bool, test: bool = False) -> str:
    """The subject of a mail about ``release``: :func:`prefix` and the title, never cut."""
    return prefix(release, site, first=first, test=test) + heading(release, site)


def heading(release: Release, site: Site) -> str:
    """The title; of an erased release, which has none, its kind and date in words."""
    if release.title:
        return release.title
    moment = release.published_at or release.updated_at
    if moment is None:
        return label(release)
    return word(
        release.language,
        f"{release.type}_dated",
        day=day(moment, release.language, site.time_zone),
    )
