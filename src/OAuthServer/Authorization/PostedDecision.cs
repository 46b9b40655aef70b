using OAuthServer.Grants;
using OAuthServer.Stores.Users;

namespace OAuthServer.Authorization;

/// <summary>
/// A decision as a browser posts it. Its answer is kept sealed with a key that needs the browser's cookie, the session and every
/// field of the form, the pending request's id among them: the same post (a double click) opens the answer, anything else does not.
/// </summary>
public sealed class PostedDecision
{
    private readonly string key;
    private readonly SessionRow? session;

    /// <param name="session">Null: nobody is signed in.</param>
    /// <param name="browser">The browser's cookie.</param>
    /// <param name="pending">The request it answers.</param>
    /// <param name="form">As posted, without its antiforgery token.</param>
    public PostedDecision(string browser, string pending, SessionRow? session, IEnumerable<KeyValuePair<string, string>> form)
    {
        var fields =
            Consents.Digest(form.OrderBy(field => field.Key, StringComparer.Ordinal).SelectMany(field => new[] { field.Key, field.Value }));
        key = $"answer {browser} {Convert.ToHexString(session?.IdHash ?? [])} {Convert.ToHexString(fields)}";
        (this.session, PendingRequestHash, BrowserHash) = (session, OpaqueToken.Hash(pending), OpaqueToken.Hash(browser));
    }

    /// <summary>Who decides.</summary>
    public SessionRow Session => session ?? throw new InvalidOperationException("nobody is signed in");

    /// <summary>Whose it is; null: nobody is signed in.</summary>
    public string? Subject => session?.Subject.ToString();

    public byte[] PendingRequestHash { get; }

    public byte[] BrowserHash { get; }

    /// <summary>The answer, for the database.</summary>
    public byte[] Seal(string answer) => OpaqueToken.Seal(key, answer);

    /// <summary>The answer, or null when it was given to another decision.</summary>
    public string? Open(byte[] sealedAnswer) => OpaqueToken.TryUnseal(key, sealedAnswer);
}
