using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Keys;

namespace OAuthServer.Admin;

/// <summary>/admin/keys shows the signing keys, makes the next one, and takes a compromised one out.</summary>
public sealed class KeysEndpoint(
    SignedInGate gate, KeyRing ring, SigningKeyStore store, DashboardStore dashboard, Settings settings, TimeProvider time)
{
    public Task ListAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (rows, now) = (await store.ListAsync(http.RequestAborted), time.GetUtcNow());
        var readable = rows.FindAll(row => !ring.Unreadable.Contains(row.Kid));
        var keys = rows.Select(row => new KeyView
        {
            Kid = row.Kid,
            Alg = row.Alg,
            State = readable.Contains(row) ? KeyLine.StateOf(row, readable, now) : null,
            PublishedSince = row.CreatedAt,
            SignsFrom = row.SignsFrom,
            GoneAt = row.RetiredAt ?? KeyLine.GoneAt(row, readable),
            Revoked = row.RetiredAt is not null,
            Unreadable = !readable.Contains(row),
            Pem = SigningKey.Pem(row),
        }).Reverse().ToList();
        var next = settings.SigningAlgorithms.Where(alg => !(KeyLine.Newest(alg, readable) > now))
            .Select(alg => new NextKey(alg, now + KeyRing.NoticeOf(settings))).ToList();
        await http.KeysAsync(page.Antiforgery, page.NavigationOf(Paths.AdminKeys), keys, next, page.Parameters[Notice.Field]);
    });

    public Task RotateAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var alg = page.Parameters[KeysPage.AlgorithmField] ?? settings.Algorithm;
        if (!settings.SigningAlgorithms.Contains(alg))
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var made = await ring.RotateAsync(alg, page.Author, http.RequestAborted);
        await page.Done($"{Paths.AdminKeys}?{Notice.Field}={(made is null ? Notice.Underway : Notice.Rotated)}");
    });

    public Task ConfirmAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (rows, now, say) = (await store.ListAsync(http.RequestAborted), time.GetUtcNow(), http.Language());
        if (rows.Find(row => row.Kid == page.Parameters["kid"]) is not { RetiredAt: null } key)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var live = (await dashboard.HoursAsync(now - KeyLine.LongestToken, http.RequestAborted)).Sum(hour => hour.Issued);
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminKeys), new Confirmation
        {
            Title = say["Revoke a key"],
            Question = say.Put("Revoke {0} now?", $"<code>{key.Kid}</code>"),
            Consequence =
                $"{say["For a compromised key only: it is removed from the JWKS at once, and every token it signed is refused. Otherwise rotate: keys retire automatically once their last token has expired."]}",
            Impact =
            [
                (ring.Unreadable.Contains(key.Kid) ? SigningKeyState.Pending : KeyLine.StateOf(key, rows, now)) switch
                {
                    SigningKeyState.Active =>
                        $"{say["It is the signing key. The next key takes over at once, and is created now if there is none; verifiers may not have fetched it yet."]}",
                    SigningKeyState.Pending => $"{say["It has not signed anything yet."]}",
                    _ => (Markup)$"{say["It no longer signs; tokens it signed may still be in use."]}",
                },
                say.Put("Tokens issued in the last hour, all keys: {0}", $"<strong>{live}</strong>"),
                $"{say["Refresh tokens are not affected: clients use them to get new access tokens."]}",
            ],
            Sql = SigningKeyStore.RetireText(key.Kid),
            Path = Paths.AdminKeysRetire,
            Form = [("kid", key.Kid)],
            Button = say["Revoke key"],
            Back = Paths.AdminKeys,
        });
    });

    public Task RetireAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (page.Parameters["kid"] is { } kid && await ring.RetireNowAsync(kid, page.Author, CancellationToken.None))
            await page.Done($"{Paths.AdminKeys}?{Notice.Field}={Notice.KeyRevoked}");
        else await SignedInGate.NotFoundAsync(page);
    });
}
