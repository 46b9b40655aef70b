using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Federation;

/// <summary>A provider as it can be reached now: its document and its keys.</summary>
public sealed record Upstream(Provider Provider, ProviderMetadata Metadata, VerificationKeySet Keys);

/// <summary>Discovery and keys of providers, which all servers share (<see cref="KeySets"/>).</summary>
public sealed class Upstreams(KeySets sets, Settings settings)
{
    private readonly bool loopback = new Uri(settings.Issuer).IsLoopback;

    /// <summary>Document and keys; or that the provider cannot be reached, and why.</summary>
    public async Task<Result<Upstream>> ReadAsync(Provider provider, CancellationToken cancel)
    {
        if ((await MetadataAsync(provider, cancel)).Refused(out var error, out var metadata)) return error;
        return (await sets.ReadAsync(metadata.JwksUri, KeysFlaw, cancel)).Refused(out error, out var body)
            ? FederationErrors.Unreachable(error.Reason) : new Upstream(provider, metadata, VerificationKeySet.Read(body).Keys!);
    }

    /// <summary>The document alone.</summary>
    public async Task<Result<ProviderMetadata>> MetadataAsync(Provider provider, CancellationToken cancel)
    {
        var issuer = provider.Row.Issuer;
        return (await sets.ReadAsync(ProviderMetadata.PlaceOf(issuer), body => ProviderMetadata.Read(body, issuer, loopback).Flaw, cancel))
            .Refused(out var error, out var read) ? FederationErrors.Unreachable(error.Reason)
            // Two providers may have one issuer, and its place one document: for the other one it may be none.
            : ProviderMetadata.Read(read, issuer, loopback) is { Metadata: { } metadata } ? metadata
            : FederationErrors.Unreachable("its discovery document names another issuer");
    }

    /// <summary>Where the keys are, as a document says that was fetched; null: it cannot be used.</summary>
    public Uri? JwksUriOf(Provider provider, byte[] document) =>
        ProviderMetadata.Read(document, provider.Row.Issuer, loopback).Metadata?.JwksUri;

    /// <summary>The same with keys as they are now, for a key id that the known ones lack: once a minute, over all servers.</summary>
    public async Task<Upstream> WithNewKeysAsync(Upstream known, CancellationToken cancel) =>
        (await sets.ReadAnewAsync(known.Metadata.JwksUri, KeysFlaw, cancel)).Refused(out _, out var body)
            || VerificationKeySet.Read(body).Keys is not { } keys ? known : known with { Keys = keys };

    private static string? KeysFlaw(byte[] body) => VerificationKeySet.Read(body).Flaw;
}
