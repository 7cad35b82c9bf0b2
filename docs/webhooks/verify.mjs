import { createHmac, timingSafeEqual } from "node:crypto";

// Whether rawBody (a Buffer, before any parsing) was signed with one of the whsec_ secrets.
// The names in headers are in lower case, as Node's are.
export function verify(headers, rawBody, secrets, now = Date.now() / 1000) {
  const id = headers["webhook-id"] ?? "";
  const stamp = headers["webhook-timestamp"] ?? "";
  const tokens = (headers["webhook-signature"] ?? "").split(" ");
  if (!id || !/^[0-9]+$/.test(stamp) || Math.abs(now - Number(stamp)) > 300) return false;
  const known = secrets.map((secret) =>
    createHmac("sha256", Buffer.from(secret.replace(/^whsec_/, ""), "base64"))
      .update(`${id}.${stamp}.`)
      .update(rawBody)
      .digest(),
  );
  return tokens
    .filter((token) => token.startsWith("v1,"))
    .map((token) => Buffer.from(token.slice(3), "base64"))
    .some((given) =>
      // timingSafeEqual throws when the lengths differ.
      known.some((good) => good.length === given.length && timingSafeEqual(good, given)),
    );
}
