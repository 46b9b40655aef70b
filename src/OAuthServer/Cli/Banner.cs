using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Cli;

/// <summary>What is printed once the server listens.</summary>
public static class Banner
{
    /// <summary>Where it is; with the demo world, the playground first of all, then who may sign in and a line that gets a token.</summary>
    public static string Text(Settings settings)
    {
        var text = new StringBuilder($"\n{VisibleText.Escape(settings.DisplayName)} is ready at {settings.Issuer}\n");
        if (settings.Demo && settings.HasPlayground)
            text.Append($"""

                Start here, in a browser:
                  {settings.Issuer}{Paths.Playground}
                  Five steps through OAuth with this server: a machine's token, a person's, a refresh, a stolen token, a revocation.


                """);
        text.Append($"""
              health    {settings.Issuer}{Paths.Health}   {settings.Issuer}{Paths.Ready}
              metadata  {Metadata(settings)}

            """);
        if (settings.Demo)
            text.Append($"""

                Demo sign-ins:
                  alice    alice-demo-password
                  mallory  mallory-demo-password
                  olivia   olivia-demo-password    (administrator)

                A token for a machine:
                  curl -s -u nightly-etl:nightly-etl-secret -d grant_type=client_credentials {settings.Issuer}{Paths.Token}

                Next: docs/tour.md covers sign-in, refresh, revocation and more. Ctrl-C stops the server.

                """);
        return text.ToString();
    }

    // RFC 8414 §3.1: between the host and the issuer's path.
    private static string Metadata(Settings settings) =>
        new Uri(settings.Issuer).GetLeftPart(UriPartial.Authority) + Paths.ServerMetadata + settings.IssuerPath;
}
