import base64
import hashlib
import hmac
import time


def verify(headers, raw_body, secrets, now=None):
    """Whether raw_body (bytes, before any parsing) was signed with one of the whsec_ secrets.

    The names in headers are in lower case, or the mapping ignores case.
    """
    ident = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    tokens = headers.get("webhook-signature", "").split(" ")
    if not ident or not (stamp.isascii() and stamp.isdigit()):
        return False
    if abs((time.time() if now is None else now) - int(stamp)) > 300:
        return False
    signed = f"{ident}.{stamp}.".encode() + raw_body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    good = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys]
    given = [token[3:].encode() for token in tokens if token.startswith("v1,")]
    return any(hmac.compare_digest(g, known) for g in given for known in good)
