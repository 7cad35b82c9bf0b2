"""Standard Webhooks signatures: HMAC-SHA256 (``v1``) and Ed25519 (``v1a``).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets as chance
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET = "whsec_"
PRIVATE_KEY = "whsk_"
PUBLIC_KEY = "whpk_"


def sign(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``: a token for each of ``secrets``, in their order.

    Args:
        secrets: ``whsec_…`` for ``v1``, ``whsk_…`` for ``v1a``.
        timestamp: the attempt's Unix time in whole seconds.

    Raises:
        ValueError: there is no secret, or one cannot be read.
    """
    if not secrets:
        raise ValueError("an endpoint without a secret cannot be signed for: rotate its secret")
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return " ".join(_token(secret, signed) for secret in secrets)


def new_secret() -> str:
    """A fresh ``whsec_…`` of 32 random bytes."""
    return SECRET + base64.b64encode(chance.token_bytes(32)).decode()


def check_secret(secret: str) -> None:
    """Whether ``secret``, which somebody brought along, is ``whsec_`` and base64 of 24–64 bytes.

    Raises:
        ValueError: it is not.
    """
    if not secret.startswith(SECRET) or not 24 <= len(_decoded(secret, SECRET)) <= 64:
        raise ValueError("a secret is whsec_ and the base64 of 24 to 64 random bytes")


def new_key() -> str:
    """A fresh ``whsk_…``: base64 of an Ed25519 seed and its public key (RFC 8032)."""
    key = Ed25519PrivateKey.generate()
    seed, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
    return PRIVATE_KEY + base64.b64encode(seed + public).decode()


def public_key(private_key: str) -> str:
    """The ``whpk_…`` of a ``whsk_…``, derived from its seed.

    Raises:
        ValueError: it cannot be read, or the public half that it holds is another one's.
    """
    return PUBLIC_KEY + base64.b64encode(_key(private_key).public_key().public_bytes_raw()).decode()


def jwk(private_key: str) -> dict[str, str]:
    """The public half as a member of a JWKS (RFC 7517, RFC 8037).

    ``kid`` is ``webhook-`` and the key's thumbprint (RFC 7638).
    """
    x = _url_safe(_key(private_key).public_key().public_bytes_raw())
    required = {"crv": "Ed25519", "kty": "OKP", "x": x}
    canonical = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
    kid = "webhook-" + _url_safe(hashlib.sha256(canonical).digest())
    return required | {"alg": "EdDSA", "use": "sig", "kid": kid}


def _token(secret: str, signed: bytes) -> str:
    if secret.startswith(PRIVATE_KEY):
        version, signature = "v1a", _key(secret).sign(signed)
    else:
        version = "v1"
        signature = hmac.digest(_decoded(secret, SECRET), signed, hashlib.sha256)
    return f"{version},{base64.b64encode(signature).decode()}"


def _key(private_key: str) -> Ed25519PrivateKey:
    data = _decoded(private_key, PRIVATE_KEY)
    if len(data) != 64:
        raise ValueError("a whsk_ key is the base64 of 64 bytes")
    key = Ed25519PrivateKey.from_private_bytes(data[:32])
    if key.public_key().public_bytes_raw() != data[32:]:
        raise ValueError("the two halves of the whsk_ key do not belong together")
    return key


def _decoded(text: str, prefix: str) -> bytes:
    try:
        decoded = base64.b64decode(text.removeprefix(prefix), validate=True)
    except binascii.Error:
        decoded = b""
    if not text.startswith(prefix) or not decoded:
        # The text itself stays out of the message: it is a secret.
        raise ValueError(f"this is no {prefix} and base64")
    return decoded


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
