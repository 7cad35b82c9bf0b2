"""Pictures and documents in or beside the file. Nothing is fetched from anywhere else."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from distributor.newsroom.importing.draft import FoundImage

MAX_FILE = 50_000_000
"""Octets of one picture or document."""

_SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


def picture(
    source: str, folder: Path | None, inside: Mapping[str, tuple[str, bytes]]
) -> FoundImage | str:
    """The picture at ``source``: a key of ``inside``, a ``data:`` address, or a file of ``folder``.

    Otherwise the rule of the note that says why there is none.
    """
    if source in inside:
        data, name = inside[source][1], source
    elif source.lower().startswith("data:"):
        decoded = _data_url(source)
        if decoded is None:
            return "image-missing"
        data, name = decoded, "picture"
    elif "://" in source or source.startswith("//"):
        return "image-remote"
    else:
        found = beside(folder, unquote(source))
        if found is None:
            return "image-missing"
        data, name = found, Path(unquote(source)).name
    kind = _kind(data)
    if kind is None or len(data) > MAX_FILE:
        return "image-kind"
    if "." not in name:
        name = f"{name}.{_SUFFIX[kind]}"
    return FoundImage(name=name, data=data, mime_type=kind)


def beside(folder: Path | None, name: str) -> bytes | None:
    """The content of the file ``name`` in ``folder`` or below it.

    None if there is no such file, it lies elsewhere, or is larger than :data:`MAX_FILE`.
    """
    if folder is None or not name or "\0" in name:
        return None
    try:
        path = (folder / name).resolve()
        inside = path.is_relative_to(folder.resolve())
        if not (inside and path.is_file() and path.stat().st_size <= MAX_FILE):
            return None
        return path.read_bytes()
    except (OSError, ValueError, RuntimeError):
        return None


def _kind(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _data_url(source: str) -> bytes | None:
    head, comma, content = source.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        return None
    try:
        return base64.b64decode("".join(unquote(content).split()), validate=True)
    except (binascii.Error, ValueError):
        return None
