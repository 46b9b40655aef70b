using FluentAssertions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.ResourceServer;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>The library in applications that were there before it.</summary>
[Behaviour(38)]
public sealed class HostApplicationTest : ServerFixture
{
    [TestCase(true), TestCase(false)]
    public async Task An_application_with_a_default_scheme_keeps_it(bool before)
    {
        await using var app = await StartAsync(Cast.Notes, services =>
        {
            if (before) services.AddAuthentication("Cookies").AddCookie("Cookies", options => options.LoginPath = "/sign-in");
        }, services =>
        {
            if (!before) services.AddAuthentication("Cookies").AddCookie("Cookies", options => options.LoginPath = "/sign-in");
        });

        (await app.Services.GetRequiredService<IAuthenticationSchemeProvider>().GetDefaultChallengeSchemeAsync())!.Name
            .Should().Be("Cookies");
        var page = await GetAsync(app, "/page");
        page.Status.Should().Be(302, "who opens a page is sent to sign in");
        page.Header("Location").Should().Contain("/sign-in");
        var api = await GetAsync(app, "/api");
        api.Status.Should().Be(401);
        api.Header("WWW-Authenticate").Should().StartWith("Bearer ");
        (await GetAsync(app, "/api", (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken)).Status.Should().Be(200);
    }

    [Test]
    public async Task An_application_without_another_scheme_uses_this_one()
    {
        await using var app = await StartAsync(Cast.Notes);

        (await GetAsync(app, "/page")).Header("WWW-Authenticate").Should().StartWith("Bearer ");
        (await GetAsync(app, "/page", (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken)).Status.Should().Be(200);
    }

    [TestCase(Cast.Notes), TestCase(Cast.Sensors)]
    public void A_second_call_says_what_to_do_instead(string second)
    {
        var services = new ServiceCollection();
        services.AddOAuthResource(Server.Issuer, Cast.Notes);

        var again = () => services.AddOAuthResource(Server.Issuer, second);

        again.Should().Throw<InvalidOperationException>()
            .WithMessage($"AddOAuthResource is called a second time, for {second}*an application of its own");
    }

    [TestCase("https://api.example.com", "/")]
    [TestCase("https://api.example.com/", "/")]
    [TestCase("https://api.example.com/notes/", "/notes/")]
    [TestCase("https://api.example.com/my%20notes", "/my%20notes")]
    [TestCase("https://api.example.com/n%C3%B6tes/%E2%82%AC", "/n%C3%B6tes/%E2%82%AC")]
    [TestCase("https://api.example.com/n%c3%b6tes", "/n%c3%b6tes")]
    [TestCase("https://api.example.com/a%2Fb", "/a%2Fb")]
    [TestCase("https://api.example.com/what%3Fwhere%2525", "/what%3Fwhere%2525")]
    [TestCase("https://api.example.com/%7Bid%7D/{x}", "/%7Bid%7D/%7Bx%7D")]
    [TestCase("https://api.example.com/notes?tenant=%C3%B6", "/notes?tenant=%C3%B6")]
    [Rfc(9728, "3.1")]
    public async Task The_document_is_where_the_challenge_says_for_every_resource(string resource, string path)
    {
        await using var app = await StartAsync(resource);

        var challenge = (await GetAsync(app, "/api")).Header("WWW-Authenticate")!;
        var named = challenge.Split('"')[1];
        named.Should().StartWith("https://api.example.com/.well-known/oauth-protected-resource");
        foreach (var place in new[] { named["https://api.example.com".Length..], "/.well-known/oauth-protected-resource" + path })
        {
            var document = await GetAsync(app, place);
            document.Status.Should().Be(200, place);
            document.Json.GetProperty("resource").GetString().Should().Be(resource);
        }

        (await GetAsync(app, "/.well-known/oauth-protected-resource/elsewhere")).Status.Should().Be(404);
    }

    private async Task<WebApplication> StartAsync(
        string resource, Action<IServiceCollection>? before = null, Action<IServiceCollection>? after = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://localhost:{TestServer.FreePort()}");
        builder.Services.AddSingleton<TimeProvider>(Server.Clock);
        before?.Invoke(builder.Services);
        builder.Services.AddOAuthResource(Server.Issuer, resource);
        after?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapOAuthResourceMetadata();
        app.MapGet("/page", () => "page").RequireAuthorization();
        app.MapGet("/api", () => "api").RequireScope("notes:read");
        await app.StartAsync();
        return app;
    }

    private static async Task<Reply> GetAsync(WebApplication app, string path, string? token = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
        // As it is written: what is escaped stays so.
        using var message =
            new HttpRequestMessage(HttpMethod.Get,
                new Uri(app.Urls.First() + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (token is not null) message.Headers.Authorization = new("Bearer", token);
        return await Reply.ReadAsync(await http.SendAsync(message));
    }
}
