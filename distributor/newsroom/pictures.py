"""What the public gets of a picture: the original without its position, and a small one for mail.

Pure: bytes in, bytes out.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
MAX_BYTES = 50_000_000
MAIL_BYTES = 200_000
MAIL_WIDTHS = (1200, 900, 600, 400, 240)
_QUALITIES = (85, 75, 65, 50)
_GPS = 0x8825
"""The EXIF tag that points to the GPS directory (CIPA DC-008 §4.6.6)."""
_ROTATED = (5, 6, 7, 8)
"""The EXIF orientations that swap width and height."""


class NotAPicture(ValueError):
    """The bytes are no JPEG, PNG or WebP picture, or a broken or too large one."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture's bytes; ``width`` and ``height`` are in pixels, as a browser shows it."""

    content: bytes
    mime_type: str
    width: int
    height: int


def original(data: bytes) -> Rendition:
    """The picture as it came, without GPS data.

    The bytes are untouched where there is none to take away.

    Raises:
        NotAPicture: one line that says why.
    """
    if len(data) > MAX_BYTES:
        raise NotAPicture(f"it has {len(data):,} bytes; at most {MAX_BYTES:,} are taken")
    picture = _opened(data)
    kind = "JPEG" if picture.format == "MPO" else str(picture.format)
    width, height = picture.size
    if picture.getexif().get(0x0112) in _ROTATED:
        width, height = height, width
    if picture.format == "MPO" or _located(picture, data):
        data = _saved_without_position(picture, kind)
    return Rendition(data, FORMATS[kind], width, height)


def for_mail(source: Rendition) -> Rendition:
    """A rendition of at most 200 kB and 1200 pixels' width, in a format that every mail shows.

    It is ``source`` itself if that already is one.
    """
    plain = source.mime_type in ("image/jpeg", "image/png")
    if plain and len(source.content) <= MAIL_BYTES and source.width <= MAIL_WIDTHS[0]:
        return source
    upright = ImageOps.exif_transpose(_opened(source.content))
    if _transparent(upright):
        for width in MAIL_WIDTHS:
            small = _scaled(upright.convert("RGBA"), width)
            content = _encoded(small, "PNG", optimize=True)
            if len(content) <= MAIL_BYTES:
                return Rendition(content, "image/png", *small.size)
    flat = upright.convert("RGB")
    for width in MAIL_WIDTHS:
        small = _scaled(flat, width)
        for quality in _QUALITIES:
            content = _encoded(small, "JPEG", quality=quality, optimize=True, progressive=True)
            if len(content) <= MAIL_BYTES:
                return Rendition(content, "image/jpeg", *small.size)
    raise NotAPicture("it cannot be made smaller than 200 kB")


def _opened(data: bytes) -> Image.Image:
    """The picture in ``data``, with its pixels read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"])
            picture.load()
    except UnidentifiedImageError:
        raise NotAPicture("it is no JPEG, PNG or WebP picture") from None
    except Image.DecompressionBombError:
        raise NotAPicture("it has too many pixels") from None
    except (OSError, ValueError, SyntaxError, EOFError):
        raise NotAPicture("it is damaged and cannot be read") from None
    return picture


def _located(picture: Image.Image, data: bytes) -> bool:
    """Whether EXIF, XMP or a text chunk may say where the picture was taken."""
    if _GPS in picture.getexif() or b"GPSLatitude" in data or b"GPSLongitude" in data:
        return True
    texts = (value for key, value in picture.info.items() if key not in ("exif", "icc_profile"))
    return any(
        b"GPS" in (text.encode(errors="replace") if isinstance(text, str) else text)
        for text in texts
        if isinstance(text, str | bytes)
    )


def _saved_without_position(picture: Image.Image, kind: str) -> bytes:
    exif = picture.getexif()
    exif.pop(_GPS, None)
    kept = {"exif": exif.tobytes(), "icc_profile": picture.info.get("icc_profile")}
    if kind == "JPEG":
        return _encoded(picture, kind, quality="keep" if picture.format == "JPEG" else 95, **kept)
    if kind == "WEBP":
        return _encoded(picture, kind, quality=95, xmp=b"", **kept)
    return _encoded(picture, kind, **kept)


def _transparent(picture: Image.Image) -> bool:
    if "transparency" in picture.info:
        return True
    if picture.mode not in ("RGBA", "LA", "PA"):
        return False
    lowest, _ = picture.getchannel("A").getextrema()
    return lowest != 255


def _scaled(picture: Image.Image, width: int) -> Image.Image:
    """``picture`` no wider than ``width``, and no higher than twice that."""
    small = picture.copy()
    small.thumbnail((width, 2 * width), Image.Resampling.LANCZOS)
    return small


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(
        buffer, kind, **{key: value for key, value in options.items() if value is not None}
    )
    return buffer.getvalue()
