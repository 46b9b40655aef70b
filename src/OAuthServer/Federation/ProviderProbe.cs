using OAuthServer.Protocol;

namespace OAuthServer.Federation;

/// <summary>What was found at a provider.</summary>
/// <param name="Outcome">ok, failed, warning or note.</param>
public sealed record ProbeStep(string Outcome, string What);

/// <summary>Walks what a sign-in would: discovery, keys, and whether the provider takes this server's credentials.</summary>
public sealed class ProviderProbe(Upstreams upstreams, CodeExchange codes, Settings settings)
{
    /// <summary>What was found, in order; the first that failed is the last.</summary>
    public async Task<IReadOnlyList<ProbeStep>> WalkAsync(Provider provider, CancellationToken cancel)
    {
        var (steps, row) = (new List<ProbeStep>(), provider.Row);
        var place = ProviderMetadata.PlaceOf(row.Issuer).AbsoluteUri;
        if ((await upstreams.MetadataAsync(provider, cancel)).Refused(out var error, out var metadata))
            return Failed($"discovery: {place}: {error.Reason}");
        steps.Add(new("ok", $"discovery: {place}"));
        if ((await upstreams.ReadAsync(provider, cancel)).Refused(out error, out var upstream))
            return Failed($"keys: {metadata.JwksUri}: {error.Reason}");
        steps.Add(new("ok", $"keys: {metadata.JwksUri}"));

        var redirect = FederationRequests.RedirectUri(settings, row.Id);
        if (await codes.TryCredentialsAsync(upstream, redirect, cancel) is { } refused)
            return Failed($"client authentication ({row.AuthMethod}): {refused.Reason}{(refused.Got is { } got ? $": {got}" : "")}");
        steps.Add(new("ok", $"client authentication ({row.AuthMethod}): not refused"));

        // OpenID Connect Discovery §3: what is not listed is client_secret_basic.
        if (metadata.AuthMethods is { } methods && !methods.Contains(row.AuthMethod))
            steps.Add(new("warning", $"its document does not list {row.AuthMethod}: {Scope.Join(methods)}"));
        if (metadata.SaysWhen is false)
            steps.Add(new("warning", "its document lists no auth_time: who must sign in anew is asked for a factor of this server, and who has "
                + "none cannot go on"));
        if (metadata.SaysWhen is null)
            steps.Add(new("note", "its document lists no claims: whether its id_tokens have auth_time shows at a sign-in"));
        if (metadata.EndSessionEndpoint is null)
            steps.Add(new("note", "it has no end_session_endpoint: nobody is offered to sign out there, too"));
        if (!row.Enabled) steps.Add(new("note", "it is disabled"));
        steps.Add(new("note", $"redirect URI to register there: {redirect}"));
        return steps;

        List<ProbeStep> Failed(string what)
        {
            steps.Add(new ProbeStep("failed", what));
            return steps;
        }
    }
}
