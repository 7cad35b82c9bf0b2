<?php
// Whether $rawBody, which is file_get_contents('php://input'), was signed with one of the whsec_
// secrets. The names in $headers are in lower case: array_change_key_case(getallheaders()).
function verify(array $headers, string $rawBody, array $secrets, ?int $now = null): bool
{
    $id = $headers['webhook-id'] ?? '';
    $stamp = $headers['webhook-timestamp'] ?? '';
    $tokens = explode(' ', $headers['webhook-signature'] ?? '');
    if ($id === '' || !ctype_digit($stamp) || abs(($now ?? time()) - (int) $stamp) > 300) {
        return false;
    }
    foreach ($secrets as $secret) {
        $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
        $good = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$stamp.$rawBody", $key, true));
        foreach ($tokens as $token) {
            if (hash_equals($good, $token)) {
                return true;
            }
        }
    }
    return false;
}
