"""What the house fills in where a release says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distributor.newsroom import registers

if TYPE_CHECKING:
    from distributor.newsroom.models import ReleasePage


def fill_in(page: ReleasePage) -> list[str]:
    """Give ``page`` the house's place and contacts where it has none; names what was filled in.

    The house's text about the sender is not copied: it is taken when an edition is made.
    """
    filled = []
    if not page.place:
        page.place = registers.house(page.language).place
        filled += ["place"] if page.place else []
    if not page.contacts:
        contacts = registers.contacts(page.language)
        page.contacts = [("house", contact) for contact in contacts]
        filled += ["contacts"] if contacts else []
    return filled
