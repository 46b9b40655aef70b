using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Trust;

/// <summary>One line of a trial.</summary>
public sealed record TrialLine(string What, bool Holds, string Detail);

/// <summary>What would become of an assertion, rule by rule; nothing is spent and no token made.</summary>
public sealed class TrustTrial(Assertions assertions, IdentityStore identities, TrustStore store, TimeProvider time)
{
    /// <summary>The checks in their order, the last that was reached last.</summary>
    public async Task<IReadOnlyList<TrialLine>> RunAsync(string text, CancellationToken cancel)
    {
        if ((await assertions.VerifyAsync(text.Trim(), time.GetUtcNow(), cancel)).Refused(out var error, out var assertion))
            return [Refused("assertion", error)];
        var lines = new List<TrialLine> { new("assertion", true, $"signed by {assertion.Issuer.Row.Name}, sub={assertion.Sub}") };
        if (assertion.Issuer.SpeaksForPeople) await PersonAsync(lines, assertion, cancel);
        else await WorkloadAsync(lines, assertion, cancel);
        return lines;
    }

    private async Task PersonAsync(List<TrialLine> lines, Assertion assertion, CancellationToken cancel)
    {
        if (PersonAssertion.Read(assertion).Refused(out var error, out var person))
        {
            lines.Add(Refused("claims", error));
            return;
        }

        var arrived = await identities.FindAsync(person.Identity, cancel);
        lines.Add(arrived is null ? new("person", false, "nobody here is linked to this subject")
            : new("person", true, arrived.Username));
        var isEnabled = (await store.EnabledClientsAsync([person.ClientId], cancel)).Count == 1;
        lines.Add(new("client", isEnabled, isEnabled ? person.ClientId : "the client is not registered here, or disabled"));
    }

    private async Task WorkloadAsync(List<TrialLine> lines, Assertion assertion, CancellationToken cancel)
    {
        var enabled = await store.EnabledClientsAsync([.. assertion.Issuer.Rules.Select(rule => rule.Row.ClientId)], cancel);
        foreach (var rule in assertion.Issuer.Rules)
        {
            var misfits = string.Join("; ", rule.Misfits(assertion.Jwt.Claims));
            lines.Add(new($"rule {rule.Id}", misfits.Length == 0 && rule.Grant is not null,
                misfits.Length > 0 ? misfits : !rule.Row.Enabled ? "fits, and is disabled"
                : !enabled.Contains(rule.Row.ClientId) ? $"fits, and its client {rule.Row.ClientId} is disabled"
                : rule.Grant is null ? "fits, and its grant has ended: disable and enable it" : $"fits: {rule.Row.ClientId}"));
        }

        if (RuleMatch.Find(assertion, null).Refused(out var error, out _)) lines.Add(Refused("without client_id", error));
    }

    private static TrialLine Refused(string what, OAuthError error) =>
        new(what, false, error.Reason + (error.Expected is { } expected ? $"; expected {expected}" : "")
            + (error.Got is { } got ? $", came {got}" : ""));
}
