using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Html;

/// <summary>An app and its scopes in words, as consent and connected apps show them.</summary>
public static class AppText
{
    private const int LongestScopeText = 200;

    /// <summary>What a scope means, as somebody wrote it, sanitized; its name when nobody did.</summary>
    public static string Scope(string scope, ResourceDirectory.Snapshot known, Language say) =>
        Words.Sanitize(known.TextOf(scope, say.Code)
            ?? (scope == Protocol.Scope.OfflineAccess ? say["Stay connected while you are away"] : ""), scope, LongestScopeText);

    /// <summary>Who vouches for a client's name, if anybody.</summary>
    /// <param name="landsHere">Whether the answer goes to a program on the person's own computer.</param>
    public static Markup Identity(ClientRow client, bool landsHere, DateTimeOffset now, Settings settings, Language say)
    {
        switch (client.Origin)
        {
            case "operator":
                return say.Put("Approved by {0}", $"<strong><bdi>{settings.DisplayName}</bdi></strong>");
            // MCP, Localhost Redirect URI Risks: the document is its publisher's, the program that listens may be anybody's.
            case "document":
                Markup anybody = landsHere
                    ? $"""; <span class="caution">{say["any program on this computer could claim to be this app"]}</span>""" : Markup.None;
                return $"""{say.Put("Published by {0}", $"<strong><bdi>{RedirectUri.Host(client.ClientId)}</bdi></strong>")}{anybody}""";
            default:
                return $"""
                    <span class="caution">{Icons.Caution}{say.Put("This app registered itself on {0}; its name is not verified",
                        $"{say.Day(client.CreatedAt)}")}</span>
                    """;
        }
    }
}
