"""What the public gets of a picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from distributor.newsroom import pictures

GPS = 0x8825
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a exif:GPSLatitude="59,19N"/></x:xmpmeta>'


def saved(kind: str, picture: Image.Image, **options: object) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def exif(*, located: bool, orientation: int = 1) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    found[0x8298] = "Copyright Ture Ekman"
    if located:
        position = found.get_ifd(GPS)
        position[1], position[2] = "N", (59.0, 19.0, 0.0)
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_gps_data_goes_and_the_rest_stays(kind):
    noise = Image.effect_noise((300, 200), 50).convert("RGB")
    data = saved(kind, noise, exif=exif(located=True))
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(GPS)
    made = pictures.original(data)
    seen = Image.open(io.BytesIO(made.content))
    assert (seen.format, seen.size) == (kind, (300, 200))
    assert not seen.getexif().get_ifd(GPS)
    assert seen.getexif()[0x8298] == "Copyright Ture Ekman"
    assert made.mime_type == pictures.FORMATS[kind]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_position_in_xmp_goes_too(kind):
    plain = Image.new("RGB", (60, 40), "red")
    data = saved(kind, plain, xmp=XMP)
    assert b"GPSLatitude" in data
    assert b"GPSLatitude" not in pictures.original(data).content


def test_a_position_in_the_xmp_of_a_png_goes_too():
    from_editor = Image.new("RGB", (60, 40), "red")
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    data = saved("PNG", from_editor, pnginfo=text)
    assert b"GPSLatitude" in data
    assert b"GPSLatitude" not in pictures.original(data).content


def test_a_position_that_cannot_be_read_goes_too():
    """A camera's broken GPS directory, and XMP that is spread over segments of its own."""
    plain = Image.effect_noise((80, 60), 40).convert("RGB")
    data = saved("JPEG", plain, exif=exif(located=True))
    entry = data.index(b"\x88\x25\x00\x04\x00\x00\x00\x01") + 8
    data = data[:entry] + b"\x00\x3d\x09\x00" + data[entry + 4 :]
    assert GPS in Image.open(io.BytesIO(data)).getexif()
    assert GPS not in Image.open(io.BytesIO(pictures.original(data).content)).getexif()

    extended = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + XMP
    segment = b"\xff\xe1" + (len(extended) + 2).to_bytes(2, "big") + extended
    data = saved("JPEG", plain)
    assert b"GPSLatitude" not in pictures.original(data[:2] + segment + data[2:]).content


def test_a_position_in_a_text_of_a_png_goes_too():
    text = PngInfo()
    text.add_text("Comment", "GPSPosition 59 N", zip=True)
    data = saved("PNG", Image.new("RGB", (60, 40), "red"), pnginfo=text)
    assert "Comment" not in Image.open(io.BytesIO(pictures.original(data).content)).info


def test_the_second_picture_of_a_phone_goes_with_its_position():
    first, second = (Image.effect_noise((80, 60), 40).convert("RGB") for _ in range(2))
    data = saved("MPO", first, save_all=True, append_images=[second], exif=exif(located=True))
    made = pictures.original(data)
    seen = Image.open(io.BytesIO(made.content))
    assert (seen.format, made.mime_type) == ("JPEG", "image/jpeg")
    assert not seen.getexif().get_ifd(GPS)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_without_position_keeps_its_bytes(kind):
    data = saved(kind, Image.new("RGB", (30, 20), "blue"), exif=exif(located=False))
    assert pictures.original(data).content == data


def test_a_turned_picture_has_the_size_that_is_seen():
    data = saved("JPEG", Image.new("RGB", (400, 200)), exif=exif(located=False, orientation=6))
    made = pictures.original(data)
    assert (made.width, made.height) == (200, 400)


@pytest.mark.parametrize(
    ("kind", "mode", "size"),
    [
        ("JPEG", "RGB", (4000, 3000)),
        ("JPEG", "CMYK", (2500, 500)),
        ("PNG", "RGBA", (1500, 1500)),
        ("PNG", "P", (2000, 900)),
        ("PNG", "I;16", (1300, 700)),
        ("WEBP", "RGBA", (1400, 1400)),
        ("JPEG", "L", (300, 6000)),
    ],
)
def test_the_picture_in_mail_is_small_and_of_a_kind_that_mail_shows(kind, mode, size):
    noise = Image.effect_noise(size, 90)
    picture = noise if mode == "L" else noise.convert("I;16" if mode == "I;16" else "RGB")
    if mode not in ("I;16", "L"):
        picture = picture.convert(mode)
    if mode == "RGBA":
        picture.putalpha(noise)
    source = pictures.original(saved(kind, picture))
    made = pictures.for_mail(source)
    seen = Image.open(io.BytesIO(made.content))
    assert len(made.content) <= pictures.MAIL_BYTES
    assert seen.size == (made.width, made.height)
    assert made.width <= pictures.MAIL_WIDTHS[0]
    assert seen.format in ("JPEG", "PNG")
    assert abs(made.width / made.height - source.width / source.height) < 0.05


def test_a_small_picture_is_its_own_in_mail():
    source = pictures.original(saved("JPEG", Image.new("RGB", (600, 400), "green")))
    assert pictures.for_mail(source) is source


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no JPEG, PNG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no JPEG, PNG or WebP"),
        (b"GIF89a" + b"\0" * 60, "no JPEG, PNG or WebP"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 60, "JPEG|damaged"),
        (b"\0" * (pictures.MAX_BYTES + 1), "at most 50,000,000"),
    ],
)
def test_what_is_no_picture_is_refused_in_a_line(data, said):
    with pytest.raises(pictures.NotAPicture, match=said) as refused:
        pictures.original(data)
    assert "\n" not in str(refused.value)
