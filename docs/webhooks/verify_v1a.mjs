import { createPublicKey, verify as verifySignature } from "node:crypto";

// Whether rawBody was signed with one of the webhook- keys of /.well-known/jwks.json.
export function verifyV1a(headers, rawBody, jwks) {
  const start = `${headers["webhook-id"] ?? ""}.${headers["webhook-timestamp"] ?? ""}.`;
  const signed = Buffer.concat([Buffer.from(start), rawBody]);
  const given = (headers["webhook-signature"] ?? "")
    .split(" ")
    .filter((token) => token.startsWith("v1a,"))
    .map((token) => Buffer.from(token.slice(4), "base64"));
  return jwks.keys
    .filter((key) => key.kid.startsWith("webhook-"))
    .map((key) => createPublicKey({ key, format: "jwk" }))
    .some((key) => given.some((signature) => verifySignature(null, signed, key, signature)));
}
