using OAuthServer.Federation;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization.Federation;

/// <summary>Ways to sign in beside, or in place of, the password form.</summary>
public sealed record Offers
{
    /// <summary>Companies, in the order of their buttons.</summary>
    public IReadOnlyList<Provider> Providers { get; init; } = [];

    /// <summary>Whether the password form is there.</summary>
    public bool HasPassword { get; init; } = true;

    /// <summary>The company at which a sign-in has failed just now, and why; null: none has.</summary>
    public (Provider Provider, OAuthError Error)? Failed { get; init; }

    /// <summary>The company that does not say when the person signed in there, so that this server asks; null: none.</summary>
    public Provider? WithoutTime { get; init; }
}

/// <summary>Which companies the sign-in page offers at this moment.</summary>
public sealed class SignInOffers(ProviderStates states, Settings settings)
{
    /// <summary>Those that can be reached; the one whose domain the hint is in comes first.</summary>
    /// <param name="hint">The app's login_hint, or what was typed; null: none.</param>
    /// <param name="local">Whether the password form is wanted whatever the settings say.</param>
    public async Task<Offers> ReadAsync(string? hint, bool local, CancellationToken cancel)
    {
        var offered = await states.OfferedAsync(cancel);
        var domain = hint?[(hint.LastIndexOf('@') + 1)..].ToLowerInvariant();
        return new Offers
        {
            Providers = hint is null || !hint.Contains('@') ? offered
                : [.. offered.OrderBy(one => one.Row.EmailDomains.Contains(domain, StringComparer.Ordinal) ? 0 : 1)],
            // With no company at hand there is no other way.
            HasPassword = local || settings.LocalSignIn == "shown" || offered.Count == 0,
        };
    }
}
