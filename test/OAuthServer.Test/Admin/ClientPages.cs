using System.Net;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>What tests of the administration of clients share.</summary>
internal static class ClientPages
{
    /// <summary>A browser somebody new is signed in with.</summary>
    public static async Task<(Browser Browser, Person Person)> SignedInAsync(this TestServer server, string name, string role)
    {
        var (person, browser) = (await server.UserAsync(name, role), server.NewBrowser());
        await browser.SignInAsync(person);
        return (browser, person);
    }

    /// <summary>An administrator at work.</summary>
    public static async Task<Browser> OliviaAsync(this TestServer server) => (await server.SignedInAsync("olivia", "admin")).Browser;

    /// <summary>The page of a client, or one about it.</summary>
    public static string Of(string client, string path = Paths.AdminClient) => $"{path}?id={Uri.EscapeDataString(client)}";

    /// <summary>The page's text, decoded, its markup left in.</summary>
    public static string Text(this Reply reply) => WebUtility.HtmlDecode(reply.Body);
}
