<?php
// Whether $rawBody was signed with one of the webhook- keys of /.well-known/jwks.json.
function verify_v1a(array $headers, string $rawBody, array $jwks): bool
{
    [$id, $stamp] = [$headers['webhook-id'] ?? '', $headers['webhook-timestamp'] ?? ''];
    $tokens = explode(' ', $headers['webhook-signature'] ?? '');
    $tokens = array_filter($tokens, fn($token) => str_starts_with($token, 'v1a,'));
    foreach ($jwks['keys'] as $jwk) {
        if (!str_starts_with($jwk['kid'], 'webhook-')) {
            continue;
        }
        $key = base64_decode(strtr($jwk['x'], '-_', '+/'));
        foreach ($tokens as $token) {
            $signature = base64_decode(substr($token, 4));
            if (strlen($signature) === SODIUM_CRYPTO_SIGN_BYTES
                && sodium_crypto_sign_verify_detached($signature, "$id.$stamp.$rawBody", $key)) {
                return true;
            }
        }
    }
    return false;
}
