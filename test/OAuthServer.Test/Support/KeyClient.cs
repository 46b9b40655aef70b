using System.Text.Json.Nodes;
using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>A client that proves itself by key, as its author would write it.</summary>
public sealed class KeyClient(TestServer server, TestClient client, SigningPair key)
{
    public string Id => client.Id;

    public SigningPair Key => key;

    /// <summary>The client without any proof.</summary>
    public TestClient Bare => client;

    /// <summary>The same client talking to another server of the same database.</summary>
    public KeyClient At(TestServer other) => new(other, client.At(other), key);

    /// <summary>The same client with another key.</summary>
    public KeyClient With(SigningPair other) => new(server, client, other);

    /// <summary>A new assertion; header and claims may be changed.</summary>
    public string Assertion(Action<JsonObject, JsonObject>? change = null) =>
        key.Assertion(Id, server.Settings.Issuer, server.Clock.GetUtcNow(), change);

    /// <summary>What proves it in a form.</summary>
    public (string Name, string? Value)[] Proof(Action<JsonObject, JsonObject>? change = null) => Proof(Assertion(change));

    public static (string Name, string? Value)[] Proof(string assertion) =>
        [("client_assertion_type", ClientAssertions.AssertionType), ("client_assertion", assertion)];

    public Task<Reply> CredentialsAsync(Action<JsonObject, JsonObject>? change = null) => client.CredentialsAsync(Proof(change));

    /// <summary>client_credentials with this very assertion.</summary>
    public Task<Reply> CredentialsAsync(string assertion) => client.CredentialsAsync(Proof(assertion));
}

/// <summary>Rows of such clients.</summary>
public static class KeyClients
{
    /// <summary>A client with these keys in its row, or at a URL; the first signs.</summary>
    public static async Task<KeyClient> KeyClientAsync(this TestServer server, SigningPair? key = null, string kind = "machine",
        string? jwksUri = null, string? alg = null, string? id = null, SigningPair[]? keys = null)
    {
        key ??= SigningPair.Ec();
        id ??= $"key-{Guid.NewGuid().ToString("N")[..12]}";
        await server.ExecuteAsync(
            """
            insert into clients (client_id, kind, name, redirect_uris, scopes, default_scopes, resources, default_resource, auth_method,
                                 jwks, jwks_uri, assertion_alg)
            values (@id, @kind, @name, @redirects, @scopes, @defaults, array[@resource], @resource, 'private_key_jwt',
                    @jwks::jsonb, @jwksUri, @alg)
            """,
            new
            {
                id,
                kind,
                name = $"The {id} app",
                redirects = kind == "user-facing" ? new[] { Cast.Redirect } : [],
                scopes = kind == "resource-server" ? [] : new[] { "notes:read", "notes:write" },
                defaults = kind == "machine" ? new[] { "notes:read" } : [],
                resource = Cast.Notes,
                jwks = jwksUri is null ? SigningPair.Jwks(keys ?? [key]) : null,
                jwksUri,
                alg,
            });
        return new KeyClient(server, new TestClient(server, id, null, AuthMethod.NoneName, Cast.Redirect), key);
    }

    /// <summary>The client of a document that offers keys, and none where it may be public too; the document is fresh.</summary>
    public static async Task<KeyClient> KeyDocumentClientAsync(this TestServer server, SigningPair? key = null, bool publicToo = true)
    {
        key ??= SigningPair.Rsa();
        var client = await server.DocumentClientAsync();
        await server.ExecuteAsync(
            "update clients set auth_method = 'private_key_jwt', jwks = @jwks::jsonb, public_too = @publicToo where client_id = @id",
            new { jwks = SigningPair.Jwks(key), publicToo, id = client.Id });
        return new KeyClient(server, client, key);
    }
}
