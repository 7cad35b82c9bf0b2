using System.Security.Cryptography;
using System.Text;

public static class Webhook
{
    // Whether rawBody, read once from Request.Body, was signed with one of the whsec_ secrets.
    // The names in headers are in lower case, or the dictionary ignores case.
    public static bool Verify(
        IReadOnlyDictionary<string, string> headers, byte[] rawBody, IEnumerable<string> secrets,
        long? now = null)
    {
        var id = headers.GetValueOrDefault("webhook-id", "");
        var stamp = headers.GetValueOrDefault("webhook-timestamp", "");
        var tokens = headers.GetValueOrDefault("webhook-signature", "").Split(' ');
        if (id == "" || !long.TryParse(stamp, out var sent)) return false;
        if (Math.Abs((now ?? DateTimeOffset.UtcNow.ToUnixTimeSeconds()) - sent) > 300) return false;
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{stamp}."), .. rawBody];
        var known = secrets.Select(secret => Encoding.ASCII.GetBytes("v1," + Convert.ToBase64String(
            HMACSHA256.HashData(Convert.FromBase64String(secret.Replace("whsec_", "")), signed))));
        return known.Any(good => tokens.Any(token =>
            CryptographicOperations.FixedTimeEquals(good, Encoding.UTF8.GetBytes(token))));
    }
}
