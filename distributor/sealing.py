"""Signed tokens and encrypted fields, from keys handed in."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ID = 8
_MAC = 12
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Keys:
    """The installation's secret and those that it had before, newest first; old ones only read."""

    current: str
    old: tuple[str, ...] = ()

    @property
    def first(self) -> bytes:
        """The oldest secret: what is made of it stays the same when a new one is put in front."""
        return (self.old[-1] if self.old else self.current).encode()

    @property
    def number(self) -> int:
        """The key id of the current secret, 0–255."""
        return _number(self.current)

    def secrets(self, number: int) -> list[bytes]:
        """The secrets with that key id; two may share one."""
        secrets = (self.current, *self.old)
        return [secret.encode() for secret in secrets if _number(secret) == number]


def _number(secret: str) -> int:
    return sha256(b"key id" + secret.encode()).digest()[0]


def _keyed(secret: bytes, purpose: str, size: int) -> blake2b:
    """What a message is added to, to get its MAC of ``size`` octets."""
    key = sha256(b"token" + secret).digest()
    return blake2b(key=key, person=purpose.encode()[:16], digest_size=size)


def _mac(secret: bytes, purpose: str, message: bytes, size: int) -> bytes:
    state = _keyed(secret, purpose, size)
    state.update(message)
    return state.digest()


class Sealer:
    """Makes the tokens of one purpose; keyed once, so that a token costs about a microsecond."""

    def __init__(self, keys: Keys, purpose: str) -> None:
        self._state = _keyed(keys.current.encode(), purpose, _MAC)
        self._number = bytes([keys.number])

    def seal(self, ident: int) -> str:
        """A token for ``ident`` (0 ≤ ident < 2⁶³): 42 lower-case hex digits."""
        body = self._number + ident.to_bytes(_ID, "big")
        state = self._state.copy()
        state.update(body)
        return (body + state.digest()).hex()


def seal(keys: Keys, purpose: str, ident: int) -> str:
    """A token that proves ``ident`` for ``purpose`` and nothing else; it does not expire."""
    return Sealer(keys, purpose).seal(ident)


def unseal(keys: Keys, purpose: str, token: str) -> int | None:
    """The id in ``token``, or None if it was not made by us, for this purpose, letter by letter."""
    if len(token) != 2 * (1 + _ID + _MAC):
        return None
    try:
        raw = bytes.fromhex(token)
    except ValueError:
        return None
    body, mac = raw[: 1 + _ID], raw[1 + _ID :]
    if token != token.lower() or not any(
        hmac.compare_digest(mac, _mac(secret, purpose, body, _MAC))
        for secret in keys.secrets(raw[0])
    ):
        return None
    return int.from_bytes(body[1:], "big")


class Persons:
    """Stand-ins for the readers of one release; keyed once, as a million of them are asked for."""

    def __init__(self, keys: Keys, release_id: str) -> None:
        self._state = _keyed(keys.first, "person", 10)
        self._state.update(f"{release_id}/".encode())

    def person(self, subscriber: int) -> str:
        """20 hex digits, for the Message-ID, telling nothing of the reader."""
        state = self._state.copy()
        state.update(b"%d" % subscriber)
        return state.hexdigest()


def person(keys: Keys, release_id: str, subscriber: int) -> str:
    """20 hex digits for a reader of a release: in the Message-ID, and telling nothing of them."""
    return Persons(keys, release_id).person(subscriber)


def address_hash(keys: Keys, address_key: str) -> str:
    """32 hex digits that stand for an address where the address itself may not be kept."""
    return _mac(keys.first, "address", address_key.encode(), 16).hex()


def encrypt(keys: Keys, plain: bytes, associated: bytes) -> bytes:
    """``plain`` under AES-256-GCM; opens only with the same ``associated`` data."""
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(_field_key(keys.current.encode())).encrypt(nonce, plain, associated)
    return bytes([keys.number]) + nonce + sealed


def decrypt(keys: Keys, sealed: bytes, associated: bytes) -> bytes:
    """The inverse of :func:`encrypt`.

    Raises:
        ValueError: the key is gone, or the bytes or the associated data are not the ones.
    """
    nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    for secret in keys.secrets(sealed[0]) if sealed else ():
        try:
            return AESGCM(_field_key(secret)).decrypt(nonce, body, associated)
        except InvalidTag:
            continue
    raise ValueError(
        "not sealed by a key of site.secret_key or site.old_secret_keys, or changed since"
    )


@lru_cache(maxsize=16)
def _field_key(secret: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"distributor field").derive(secret)
