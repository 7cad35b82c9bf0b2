"""Where things are on the newsroom's site, for all that link to it."""

from urllib.parse import quote, urlsplit

from distributor.release import Release, Site
from distributor.rendering.subject import under_embargo


def host(site: Site) -> str:
    """The site's host, without port, in lower case."""
    return urlsplit(site.url).hostname or "localhost"


def newsroom(site: Site, language: str) -> str:
    """The list of releases: ``/`` in the site's first language, ``/en/`` in another."""
    root = site.url.rstrip("/") + "/"
    if language == site.languages[0] or language not in site.languages:
        return root
    return f"{root}{language}/"


def topic(site: Site, language: str, slug: str) -> str:
    """The newsroom's list of one topic."""
    return f"{newsroom(site, language)}?topic={quote(slug)}"


def permanent(site: Site, release_id: str) -> str:
    """``/releases/<id>/``, which leads to the release's page and names no title."""
    return f"{site.url.rstrip('/')}/releases/{release_id}/"


def page(release: Release, site: Site) -> str:
    """The page that a message about ``release`` leads to.

    Its own address has words of the title in it, which nobody is told before the lift of an
    embargo, nor once it is erased.
    """
    hidden = under_embargo(release) or not release.title
    return permanent(site, release.id) if hidden else release.url


def calendar(site: Site, release_id: str) -> str:
    """The release's ``.ics``."""
    return permanent(site, release_id) + "event.ics"


def unsubscribe(site: Site, token: str) -> str:
    """Where a reader ends a subscription."""
    return f"{site.url.rstrip('/')}/unsubscribe/{token}"


def preferences(site: Site, token: str) -> str:
    """Where a reader changes topics, languages and pace."""
    return f"{site.url.rstrip('/')}/preferences/{token}"


def personal(site: Site, token: str) -> str:
    """A granted reader's own way to a release under embargo."""
    return f"{site.url.rstrip('/')}/embargo/{token}"


def corrections(site: Site, language: str) -> str:
    """The list of what was wrong, with its frame in ``language``."""
    return f"{site.url.rstrip('/')}/corrections/?lang={language}"


def feeds(site: Site) -> str:
    """The page that says how the newsroom can be followed."""
    return f"{site.url.rstrip('/')}/feeds/"


def replaced(release: Release, site: Site) -> str:
    """The page of the release that ``release`` replaces, or an empty string."""
    return permanent(site, release.replaces.rpartition("/")[2]) if release.replaces else ""
