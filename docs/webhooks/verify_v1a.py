import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verify_v1a(headers, raw_body, jwks):
    """Whether raw_body was signed with one of the webhook- keys of /.well-known/jwks.json."""
    ident, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    tokens = headers.get("webhook-signature", "").split(" ")
    for jwk in jwks["keys"]:
        if not jwk["kid"].startswith("webhook-"):
            continue
        key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
        for token in (token for token in tokens if token.startswith("v1a,")):
            try:
                key.verify(base64.b64decode(token[4:]), f"{ident}.{stamp}.".encode() + raw_body)
            except (InvalidSignature, ValueError):
                continue
            return True
    return False
