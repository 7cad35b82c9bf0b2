"""An invitation's event as an ``.ics`` file (RFC 5545), for the page, the kit and the mail."""

from datetime import UTC, datetime

from icalendar import Calendar, Event, vCalAddress

from distributor.release import Release, Site
from distributor.rendering.subject import heading


def ics(release: Release, site: Site) -> bytes:
    """One VEVENT with ``METHOD:PUBLISH``, times in UTC, CRLF, lines folded at 75 octets.

    The UID is the release's id and SEQUENCE the edition's number, so that a later edition replaces
    an earlier one in a calendar. It is ``CANCELLED`` when the event is off or the release
    withdrawn. It has an ORGANIZER and no ATTENDEE (RFC 5546 §3.2.1). Equal releases give equal
    bytes: DTSTAMP is when the edition leaves.

    Raises:
        ValueError: the release has no event.
    """
    if release.event is None:
        raise ValueError(f"release {release.id} has no event to put into a calendar")
    usable, event = release.status == "usable", release.event
    entry = Event()
    entry.add("uid", release.id)
    entry.add("sequence", release.version)
    entry.add("dtstamp", _utc(release.updated_at or release.published_at or event.start))
    entry.add("dtstart", _utc(event.start))
    if event.end is not None and event.end > event.start:
        entry.add("dtend", _utc(event.end))
    entry.add("summary", heading(release, site))
    off = event.status == "cancelled" or release.status == "canceled"
    entry.add("status", "CANCELLED" if off else "CONFIRMED")
    entry.add("organizer", _organizer(release, site))
    if usable:
        entry.add("location", ", ".join(part for part in (event.place, event.address) if part))
        described = [release.lead, event.registration, event.url]
        entry.add("description", "\n\n".join(part for part in described if part))
        entry.add("url", release.url)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Distributor//Press release distribution//EN")
    calendar.add("method", "PUBLISH")
    calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _organizer(release: Release, site: Site) -> vCalAddress:
    addresses = [contact.email for contact in release.contacts if contact.email]
    organizer = vCalAddress(f"mailto:{addresses[0]}" if addresses else site.url)
    organizer.params["CN"] = site.name
    return organizer
