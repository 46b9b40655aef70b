using System.Globalization;
using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Clients;

/// <summary>
/// /admin/client/secrets makes another secret, the one change whose answer is a page: it is shown there and never again.
/// /admin/client/secrets/revoke: GET says what it would end, POST ends it.
/// </summary>
public sealed class ClientSecretsEndpoint(
    SignedInGate gate, ClientSettingsEndpoint settingsPage, ClientQueries register, ClientEdits edits, HashQueue hashes, Settings settings,
        TimeProvider time)
{
    public Task AddAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (page.Parameters["id"] is not { } id || await register.FindAsync(id, http.RequestAborted) is not { Origin: "operator" } client)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var now = time.GetUtcNow();
        var problems = new Dictionary<string, string>();
        var expires = End(page.Parameters["expires"]);
        if (page.Parameters["expires"] is not null && !(expires > now))
            problems["expires"] = "Enter a date that is not in the past, such as 2027-12-31.";
        var secret = SecretHash.NewSecret();
        if (problems.Count == 0 && await Edit.TryAsync(async () => await edits.AddSecretAsync(new NewSecret
        {
            ClientId = id,
            Hash = await hashes.MakeAsync(secret, http.RequestAborted),
            Label = page.Parameters["label"]?.Trim() ?? "",
            NotBefore = now,
            ExpiresAt = expires,
        }, page.Author, http.RequestAborted)) is { } refusal)
            problems[refusal.Column ?? ""] = http.Language().Refusal(refusal);

        if (problems.Count > 0)
            await settingsPage.RenderAsync(page, id, view => view with { TypedSecret = page.Parameters, Problems = problems });
        else
            await http.NewSecretAsync(page.NavigationOf(ClientKind.Of(client.Kind)!.Path), new NewSecretView
            {
                ClientId = id,
                Name = client.Name,
                Secret = secret,
                ExpiresAt = expires,
                Curl = CurlLine.Of(settings, client.Kind, client.AuthMethod, client.GrantTypes, id, secret),
            });
    });

    public Task ConfirmAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        if (await FindAsync(page) is not var (secret, client))
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        if (secret.RevokedAt is not null)
        {
            await page.Done(ClientText.At(client.ClientId));
            return;
        }

        var (say, now) = (http.Language(), time.GetUtcNow());
        var reach = await register.ReachAsync(client.ClientId, now.AddSeconds(-client.AccessTokenSeconds), now, http.RequestAborted);
        var others = (await edits.SecretsAsync(client.ClientId, http.RequestAborted))
            .Count(other => other.Id != secret.Id && other.RevokedAt is null && !(other.ExpiresAt <= now));
        var number = secret.Id.ToString(CultureInfo.InvariantCulture);
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(ClientKind.Of(client.Kind)!.Path), new Confirmation
        {
            Title = say["Revoke a secret"],
            Question =
                say.Put("Revoke the secret {0} of {1}?", $"<bdi>{Words.Sanitize(secret.Label, number)}</bdi>",
                    $"<bdi>{say.App(client.Name)}</bdi>"),
            Consequence =
                $"{say["It is refused permanently from now on. Tokens issued with it work until they expire; grants can be refreshed only with another secret."]}",
            Impact = [say.Put("Other secrets in use: {0}", $"{others}"), .. ClientLifecycleEndpoint.Tell(reach, secret.LastUsedAt, say)],
            Sql = ClientEdits.RevokeSecretText(secret.Id),
            Path = Paths.AdminClientSecretRevoke,
            Form = [("secret", number)],
            Button = say["Revoke"],
            Back = ClientText.At(client.ClientId),
        });
    });

    public Task RevokeAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (await FindAsync(page) is not var (secret, client))
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        await edits.RevokeSecretAsync(secret.Id, time.GetUtcNow(), page.Author, http.RequestAborted);
        await page.Done(ClientText.Done(client.ClientId, Notice.Ended));
    });

    private async Task<(SecretSummary Secret, ClientForm Client)?> FindAsync(PageRequest page) =>
        long.TryParse(page.Parameters["secret"], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && await edits.SecretAsync(number, page.Http.RequestAborted) is { } secret
        && await register.FindAsync(secret.ClientId, page.Http.RequestAborted) is { Origin: "operator" } client
            ? (secret, client)
            : null;

    // The day itself counts.
    private static DateTimeOffset? End(string? day) =>
        DateOnly.TryParseExact(day?.Trim(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var last)
            && last < DateOnly.MaxValue
            ? new DateTimeOffset(last.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero)
            : null;
}
