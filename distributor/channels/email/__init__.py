"""Mail: composed once per edition, language and segment, filled per reader."""

from distributor.channels.email.composing import compose
from distributor.channels.email.composition import Composition, Reader, fill, sample
from distributor.channels.email.digest import Digest, compose_digest
from distributor.channels.email.headers import Sender
from distributor.channels.email.letter import Letter, compose_letter
from distributor.channels.email.release_mail import SEGMENTS

__all__ = [
    "SEGMENTS",
    "Composition",
    "Digest",
    "Letter",
    "Reader",
    "Sender",
    "compose",
    "compose_digest",
    "compose_letter",
    "fill",
    "sample",
]
