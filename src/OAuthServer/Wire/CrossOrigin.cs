using OAuthServer.Protocol;

namespace OAuthServer.Wire;

/// <summary>
/// CORS for what a page on another origin may call: metadata, JWKS, token, revoke, register (and a
/// client's own registration), errors and preflights included; never /authorize and the pages (RFC 9700 §2.6). Without credentials, so any origin may be let in.
/// </summary>
public static class CrossOrigin
{
    private static readonly string[] Open = [Paths.Token, Paths.Revoke, Paths.Register, Paths.Jwks, Paths.ServerMetadata, Paths.ResourceMetadata, "/.well-known/openid-configuration"];

    public static void UseCrossOrigin(this IApplicationBuilder app, Settings settings) =>
        app.UseWhen(
            http => Open.Any(path => http.Request.Path.StartsWithSegments(path) || http.Request.Path.StartsWithSegments(settings.IssuerPath + path)),
            open => open.UseCors(policy => policy
                .AllowAnyOrigin()
                .WithMethods("GET", "POST", "HEAD", "PUT", "DELETE")
                .AllowAnyHeader()
                .WithExposedHeaders("WWW-Authenticate", "Retry-After", RequestIds.Header)
                .SetPreflightMaxAge(TimeSpan.FromHours(1))));
}
