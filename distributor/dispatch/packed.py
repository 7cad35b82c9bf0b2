"""Sets of ids in few bytes: each as its distance from the one before, seven bits to a byte."""

from __future__ import annotations

from collections.abc import Iterable


def pack(ids: Iterable[int]) -> bytes:
    """``ids``, which are not negative, in a byte or two each where they lie close together.

    Raises:
        ValueError: one is negative.
    """
    packed, before = bytearray(), -1
    for ident in sorted(set(ids)):
        if ident < 0:
            raise ValueError(f"{ident} is negative")
        distance, before = ident - before - 1, ident
        while distance > 0x7F:
            packed.append(distance & 0x7F | 0x80)
            distance >>= 7
        packed.append(distance)
    return bytes(packed)


def unpack(packed: bytes | memoryview) -> list[int]:
    """What :func:`pack` was given, in order and without doubles."""
    ids, ident, distance, shift = [], -1, 0, 0
    for byte in bytes(packed):
        distance |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            ident += distance + 1
            ids.append(ident)
            distance = shift = 0
    return ids
