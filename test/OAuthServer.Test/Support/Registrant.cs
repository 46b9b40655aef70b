using System.Text;
using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Test.Support;

/// <summary>A client before it is one: registers itself (RFC 7591) and comes back to its registration (RFC 7592).</summary>
public static class Registrant
{
    /// <summary>POST /register with these members; a null value leaves one out.</summary>
    public static Task<Reply> RegisterAsync(this TestServer server, object members, string? token = null) =>
        server.RegisterAsync(JsonSerializer.Serialize(members), token);

    /// <summary>POST /register, octet for octet.</summary>
    public static Task<Reply> RegisterAsync(this TestServer server, string json, string? token = null, string? type = "application/json") =>
        server.SendAsync(HttpMethod.Post, server.Settings.IssuerPath + Paths.Register, Requests.Form(json, type), Bearer(token));

    /// <summary>What most tests register: a public client that the table of cases calls "Case client".</summary>
    public static Task<Reply> RegisterPublicAsync(this TestServer server, params string[] redirects) =>
        server.RegisterAsync(new
        {
            client_name = "Case client",
            redirect_uris = redirects,
            grant_types = new[] { "authorization_code", "refresh_token" },
            response_types = new[] { "code" },
            token_endpoint_auth_method = "none"
        });

    /// <summary>A request to a client's own registration.</summary>
    public static Task<Reply> ManageAsync(this TestServer server, HttpMethod method, string client, string? token, object? body = null) =>
        server.SendAsync(method, $"{server.Settings.IssuerPath}{Paths.Register}/{client}", body is null ? null
            : new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"), Bearer(token));

    /// <summary>An invitation, as clients invite would make it.</summary>
    public static async Task<string> InviteAsync(this TestServer server, string kind = "any", int uses = 1, TimeSpan? life = null)
    {
        var (token, now) = (OpaqueToken.Mint(), server.Clock.GetUtcNow());
        await server.Get<InvitationStore>()
            .AddAsync(OpaqueToken.Hash(token), kind, "a test's", uses, now + (life ?? TimeSpan.FromDays(1)), new Author("cli:test"), now,
                CancellationToken.None);
        return token;
    }

    /// <summary>The registered client, ready to use.</summary>
    public static TestClient ClientOf(this TestServer server, Reply registered)
    {
        var redirects = registered.Strings("redirect_uris");
        return new TestClient(server, registered.Text("client_id")!, registered.Text("client_secret"),
            registered.Text("token_endpoint_auth_method")!, redirects.FirstOrDefault() ?? "");
    }

    public static string? Text(this Reply reply, string member) => reply.Json.TryGetProperty(
        member, out var value) ? value.GetString() : null;

    public static string[] Strings(this Reply reply, string member) =>
        [.. reply.Json.GetProperty(member).EnumerateArray().Select(item => item.GetString()!)];

    public static bool Has(this Reply reply, string member) => reply.Json.TryGetProperty(member, out _);

    /// <summary>
    /// RFC 7591 §3.2.1: 201, JSON, never cached, no nulls, everything in effect, a secret exactly when the method has one.
    /// </summary>
    public static void ShouldBeRegistered(this Reply reply, int status = 201)
    {
        using var scope = new AssertionScope(reply.ToString());
        reply.Status.Should().Be(status);
        if (reply.Status != status) return;
        reply.IsJson.Should().BeTrue();
        reply.Header("Cache-Control").Should().Contain("no-store");
        reply.Json.EnumerateObject().Should().NotContain(member => member.Value.ValueKind == JsonValueKind.Null);
        reply.Text("client_id").Should().MatchRegex("^[A-Za-z0-9_][A-Za-z0-9_-]+$");
        foreach (var member in new[] { "client_id_issued_at", "client_name", "redirect_uris", "grant_types", "response_types",
            "token_endpoint_auth_method", "scope", "registration_client_uri", "registration_access_token" })
            reply.Has(member).Should().BeTrue(member);
        reply.Json.GetProperty("client_id_issued_at").GetInt64().Should().BePositive();
        reply.Text("registration_client_uri").Should().EndWith($"{Paths.Register}/{reply.Text("client_id")}");
        if (status != 201) return;
        reply.Has("client_secret").Should().Be(reply.Text("token_endpoint_auth_method") is not ("none" or "private_key_jwt"));
        reply.Has("client_secret_expires_at").Should().Be(reply.Has("client_secret"));
    }

    /// <summary>
    /// RFC 6750 §3.1 with RFC 9728 §5.1: 401 invalid_token in JSON, a Bearer challenge, an error code in it only when a token came.
    /// </summary>
    public static void ShouldBeChallenged(this Reply reply, bool withToken)
    {
        using var scope = new AssertionScope(reply.ToString());
        reply.Status.Should().Be(401);
        reply.Error.Should().Be("invalid_token");
        reply.Header("Cache-Control").Should().Contain("no-store");
        reply.Header("WWW-Authenticate").Should().StartWith("Bearer resource_metadata=\"http");
        reply.Header("WWW-Authenticate")!.Contains("error=\"invalid_token\"", StringComparison.Ordinal).Should().Be(withToken);
    }

    private static (string, string)[] Bearer(string? token) => token is null ? [] : [("Authorization", $"Bearer {token}")];
}
