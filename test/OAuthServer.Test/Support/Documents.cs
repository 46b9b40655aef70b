using System.Text.Json;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>What hosts of client id documents answer.</summary>
public static class Documents
{
    /// <summary>A good document.</summary>
    public static string Of(string url, string name = "Notes app", params string[] redirects) => JsonSerializer.Serialize(
        new Dictionary<string, object>
        {
            ["client_id"] = url,
            ["client_name"] = name,
            ["redirect_uris"] = redirects.Length > 0 ? redirects : ["http://localhost/callback", "http://127.0.0.1/callback"],
            ["grant_types"] = new[] { "authorization_code", "refresh_token" },
            ["response_types"] = new[] { "code" },
            ["token_endpoint_auth_method"] = "none",
        });

    /// <summary>Answers with a body.</summary>
    public static RequestDelegate Answer(string body, string? cache = null, string type = "application/json", int status = 200,
        params (string Name, string Value)[] headers) => async http =>
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        if (cache is not null) http.Response.Headers.CacheControl = cache;
        foreach (var (name, value) in headers) http.Response.Headers[name] = value;
        await http.Response.WriteAsync(body);
    };

    /// <summary>The client of a document, as an authorization request from this computer meets it.</summary>
    public static async Task<Client> ResolvedAsync(this TestServer server, string id) =>
        (await server.ResolveAsync(id)).Refused(out var error, out var client) ? throw new AssertionException(error.ToString()) : client;

    /// <summary>Why there is none, which a page tells.</summary>
    public static async Task<OAuthError> RefusedAsync(this TestServer server, string id)
    {
        (await server.ResolveAsync(id)).Refused(out var error, out _).Should().BeTrue();
        error!.Should().BeEquivalentTo(new { Code = "invalid_client", Status = 400 }, it => it.ExcludingMissingMembers());
        return error!;
    }

    /// <summary>The one or the other.</summary>
    public static Task<Result<Client>> ResolveAsync(this TestServer server, string id, CancellationToken cancel = default) =>
        server.Get<ClientDocuments>().ResolveAsync(id, "127.0.0.1", cancel);

    /// <summary>A host with a good document at /client.json.</summary>
    public static async Task<DocumentHost> GoodHostAsync(this FakeInternet outside, string? cache = null, params string[] redirects)
    {
        var host = await outside.HostAsync(Answer(""));
        host.Answer = Answer(Of(host.Url(), "Notes app", redirects), cache);
        return host;
    }
}
