using System.Text;
using System.Text.Json;
using OAuthServer.Protocol;

namespace OAuthServer.Diagnosis;

/// <summary>
/// The client of the flow: registered for it (RFC 7591) and deleted afterwards (RFC 7592), or one that is there already and stays.
/// </summary>
internal sealed class Throwaway : IAsyncDisposable
{
    private readonly Remote remote;
    private Uri? management;

    private Throwaway(Remote remote, string id) => (this.remote, Id) = (remote, id);

    public string Id { get; }

    private string? Secret { get; init; }

    private string? Token { get; init; }

    private bool UsesBasic { get; init; }

    /// <summary>Whether it has no secret, so that its refresh tokens must rotate (OAuth 2.1 §4.3.1).</summary>
    public bool IsPublic => Secret is null;

    /// <summary>Whether it was registered for this examination.</summary>
    public bool IsRegistered { get; private init; }

    /// <summary>The client that was named.</summary>
    public static Throwaway Of(Remote remote, string id) => new(remote, id);

    /// <summary>A new client at <paramref name="redirect"/>; null: the server did not register it.</summary>
    public static async Task<(Throwaway? Client, RemoteAnswer Answer)> RegisterAsync(
        Remote remote, Uri endpoint, string redirect, string? scope, CancellationToken cancel)
    {
        var body = new Dictionary<string, object>
        {
            ["client_name"] = "oauth-server doctor (throwaway)",
            ["application_type"] = "native",
            ["redirect_uris"] = new[] { redirect },
            ["grant_types"] = new[] { GrantType.AuthorizationCode.Name, GrantType.RefreshToken.Name },
            ["response_types"] = new[] { "code" },
            ["token_endpoint_auth_method"] = AuthMethod.None.Name,
        };
        if (scope is not null) body["scope"] = scope;
        var answer = await remote.PostJsonAsync(endpoint, JsonSerializer.Serialize(body), cancel);
        if (answer.Status is not (200 or 201) || answer.Text("client_id") is not { } id) return (null, answer);
        var method = answer.Text("token_endpoint_auth_method");
        return (new Throwaway(remote, id)
        {
            Secret = method == AuthMethod.None.Name ? null : answer.Text("client_secret"),
            UsesBasic = method is null || method == AuthMethod.ClientSecretBasic.Name,
            Token = answer.Text("registration_access_token"),
            management = Uri.TryCreate(answer.Text("registration_client_uri"), UriKind.Absolute, out var place)
                && place.Host == endpoint.Host
                && place.Scheme == endpoint.Scheme ? place : null,
            IsRegistered = true,
        }, answer);
    }

    /// <summary>A request of this client, with its credentials.</summary>
    public Task<RemoteAnswer> PostAsync(Uri endpoint, IEnumerable<(string Name, string Value)> form, CancellationToken cancel) =>
        Secret is { } secret && UsesBasic
            ? remote.PostAsync(endpoint, form, cancel, ("Authorization", "Basic " + Convert.ToBase64String(
                Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(Id)}:{Uri.EscapeDataString(secret)}"))))
            : remote.PostAsync(endpoint,
                [.. form, ("client_id", Id), .. Secret is null ? Array.Empty<(string, string)>() : [("client_secret", Secret)]], cancel);

    /// <summary>Deletes it; false: it is still there.</summary>
    public async Task<bool> DeleteAsync(CancellationToken cancel)
    {
        if (management is not { } place || Token is null) return false;
        management = null;
        return await remote.SendAsync(HttpMethod.Delete, place, null, [("Authorization", $"Bearer {Token}")],
            cancel) is { Status: 204 or 200 };
    }

    /// <summary>Deletes it if the examination ended before it could.</summary>
    public async ValueTask DisposeAsync() => await DeleteAsync(CancellationToken.None);
}
