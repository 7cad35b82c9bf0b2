"""Letters: mails to one person that are no release. Who needs one writes its row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distributor.audience.models import Letter


def write(kind: str, addresses: Iterable[str], language: str, **context: Any) -> list[Letter]:
    """A letter of ``kind`` to each of ``addresses`` once, in ``language``; it is owed from now on.

    ``context`` is what its words are made of, ready for JSON.
    """
    distinct = {address.lower(): address for address in addresses if address}
    return [
        Letter.objects.create(address=address, language=language, kind=kind, context=context)
        for address in distinct.values()
    ]
