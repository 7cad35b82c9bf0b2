"""Signatures: the published vectors, every token, and keys as a JWKS has them."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from distributor.channels.webhooks import signing
from distributor.channels.webhooks.signing import sign

IDENT = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
KEY = (
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
)
PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
V1A = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="


def test_the_published_vectors() -> None:
    assert sign([SECRET], IDENT, TIMESTAMP, BODY) == V1
    assert sign([KEY], IDENT, TIMESTAMP, BODY) == V1A
    assert sign([SECRET, KEY], IDENT, TIMESTAMP, BODY) == f"{V1} {V1A}"
    assert signing.public_key(KEY) == PUBLIC


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=2**40))
def test_every_secret_signs_in_its_order(body: bytes, timestamp: int) -> None:
    first, second, key = signing.new_secret(), signing.new_secret(), signing.new_key()
    tokens = sign([first, second, key], "msg_x", timestamp, body).split(" ")
    assert [token.partition(",")[0] for token in tokens] == ["v1", "v1", "v1a"]
    signed = f"msg_x.{timestamp}.".encode() + body
    for secret, token in zip((first, second), tokens, strict=False):
        raw = base64.b64decode(secret.removeprefix("whsec_"))
        assert base64.b64decode(token[3:]) == hashlib_hmac(raw, signed)
    public = base64.b64decode(signing.public_key(key).removeprefix("whpk_"))
    Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(tokens[2][4:]), signed)


def hashlib_hmac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 from its definition (RFC 2104), so that nothing is checked against itself."""
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(k ^ 0x36 for k in key) + data).digest()
    return hashlib.sha256(bytes(k ^ 0x5C for k in key) + inner).digest()


def test_new_secrets_are_good_and_differ() -> None:
    secrets = {signing.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    for secret in secrets:
        signing.check_secret(secret)
        assert len(base64.b64decode(secret[6:])) == 32
        assert Webhook(secret)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "secret",
        SECRET.removeprefix("whsec_"),
        "whsec_!!!",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
    ],
)
def test_secrets_that_are_not_taken(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_") as caught:
        signing.check_secret(secret)
    assert len(secret) < 10 or secret not in str(caught.value)


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="without a secret"):
        sign([], "msg_x", 1, b"")


def test_a_key_whose_halves_do_not_match_is_refused() -> None:
    other = base64.b64decode(signing.new_key()[5:])
    mixed = base64.b64decode(KEY[5:])[:32] + other[32:]
    with pytest.raises(ValueError, match="halves"):
        signing.public_key("whsk_" + base64.b64encode(mixed).decode())
    with pytest.raises(ValueError, match="64 bytes"):
        signing.public_key("whsk_" + base64.b64encode(mixed[:40]).decode())


def test_the_jwk_verifies_what_the_key_signed() -> None:
    jwk = signing.jwk(KEY)
    assert jwk == {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "x": "1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4",
        "kid": jwk["kid"],
    }
    thumbprint = hashlib.sha256(
        json.dumps({"crv": "Ed25519", "kty": "OKP", "x": jwk["x"]}, separators=(",", ":")).encode()
    ).digest()
    assert jwk["kid"] == "webhook-" + base64.urlsafe_b64encode(thumbprint).decode().rstrip("=")
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
    public.verify(base64.b64decode(V1A[4:]), f"{IDENT}.{TIMESTAMP}.".encode() + BODY)
