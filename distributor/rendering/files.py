"""A file in words: what kind it is and how large."""

from urllib.parse import urlsplit

from distributor.release import Attachment
from distributor.rendering.words import is_swedish

_KINDS = {
    "application/pdf": "PDF",
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/zip": "ZIP",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WebP",
    "image/svg+xml": "SVG",
    "text/calendar": "ICS",
    "text/csv": "CSV",
    "text/plain": "TXT",
}


def kind(mime_type: str, url: str = "") -> str:
    """``PDF``, ``Word``, …; for an unknown type the ending of ``url`` in capitals, or ""."""
    known = _KINDS.get(mime_type.partition(";")[0].strip().lower())
    if known:
        return known
    name, dot, ending = urlsplit(url).path.rpartition(".")
    return ending.upper() if name and dot and ending.isalnum() and len(ending) <= 5 else ""


def size(octets: int, language: str) -> str:
    """``412 kB``, ``1,2 MB`` (a decimal point outside Swedish); a thousand octets are 1 kB."""
    if octets < 1_000_000:
        return f"{max(1, round(octets / 1000))} kB"
    number = f"{octets / 1_000_000:.1f}".removesuffix(".0")
    return f"{number.replace('.', ',') if is_swedish(language) else number} MB"


def described(attachment: Attachment, language: str) -> str:
    """``Title (PDF, 412 kB)``."""
    facts = [kind(attachment.mime_type, attachment.url), size(attachment.bytes, language)]
    return f"{attachment.title} ({', '.join(fact for fact in facts if fact)})"
