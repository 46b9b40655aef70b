using System.Buffers.Text;
using System.Security.Cryptography;

namespace OAuthServer.Http;

/// <summary>
/// Every answer carries a Request-Id of ours; what a client sends under that name is not believed. It begins with a letter, so that
/// <c>why</c> and other commands take it as it is: 95 random bits.
/// </summary>
public static class RequestIds
{
    public const string Header = "Request-Id";

    public static void UseRequestIds(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        Span<byte> random = stackalloc byte[12];
        RandomNumberGenerator.Fill(random);
        random[0] &= 0x7F;
        http.TraceIdentifier = Base64Url.EncodeToString(random);
        http.Response.Headers[Header] = http.TraceIdentifier;
        return next(http);
    });
}
