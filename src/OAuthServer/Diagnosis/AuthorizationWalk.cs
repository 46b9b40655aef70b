using OAuthServer.Protocol;

namespace OAuthServer.Diagnosis;

/// <summary>How an authorization request ended.</summary>
internal sealed record Landing
{
    /// <summary>What the client was sent: code or error, state, iss; null: nothing.</summary>
    public Parameters? Response { get; init; }

    /// <summary>Where the browser was sent with it.</summary>
    public Uri? To { get; init; }

    /// <summary>The page where it ended otherwise.</summary>
    public RemoteAnswer? Page { get; init; }

    /// <summary>Why nobody could go on from there; null: the server refused.</summary>
    public string? Stuck { get; init; }

    public string? Code => Response?["code"];

    /// <summary>The server said no, to the client or on a page.</summary>
    public bool IsRefused => Response?["error"] is not null || (Response is null && Stuck is null);

    /// <summary>In a few words.</summary>
    public string Seen => Response?["error"] ?? (Response is not null ? $"{To?.GetLeftPart(UriPartial.Path)} was sent {Sent}" : Stuck
        ?? $"a page, {Page?.Seen}");

    /// <summary>At the client, with the parameters of the query, or of the fragment as the implicit grant has it.</summary>
    public static Landing At(Uri to) =>
        new() { To = to, Response = Parameters.OfQuery(to.Query.Length > 1 ? to.Query : to.Fragment.TrimStart('#')) };

    private string Sent => string.Join(" and ", Response!.All.Select(one => one.Key));
}

/// <summary>
/// A browser without scripts: follows an authorization request through the pages of sign-in and consent, until the server would send
/// it to the client. The password is typed into pages of the authorization endpoint's own origin and nowhere else.
/// </summary>
internal sealed class AuthorizationWalk(Remote remote, DoctorOptions options, Uri authorize)
{
    public const string NotAccepted = "the name or the password was not accepted";

    private const int MostSteps = 16;

    private static readonly (string, string) AcceptsPages = ("Accept", "text/html,application/xhtml+xml");
    private bool hasTyped;

    public async Task<Landing> GoAsync(IEnumerable<(string Name, string Value)> parameters, CancellationToken cancel)
    {
        hasTyped = false;
        var page = await remote.GetAsync(Examination.WithQuery(authorize, parameters), cancel, AcceptsPages);
        for (var i = 0; i < MostSteps; i++)
        {
            if (page.Problem is not null) return new Landing { Page = page, Stuck = page.Problem };
            if (page.Location is { } to)
            {
                if (IsClient(to)) return Landing.At(to);
                if (!IsOwn(to))
                    return new Landing { Page = page, Stuck = $"it leads to {to.GetLeftPart(UriPartial.Authority)}, another site" };
                page = await remote.GetAsync(to, cancel, AcceptsPages);
                continue;
            }

            var (next, stuck) = await SubmitAsync(page, cancel);
            if (next is null) return new Landing { Page = page, Stuck = stuck };
            page = next;
        }

        return new Landing { Page = page, Stuck = $"more than {MostSteps} steps" };
    }

    private async Task<(RemoteAnswer? Next, string? Stuck)> SubmitAsync(RemoteAnswer page, CancellationToken cancel)
    {
        var forms = HtmlForm.Of(page);
        if (forms.Find(form => form.Password is not null) is { } signIn)
        {
            if (hasTyped) return (null, NotAccepted);
            if (options.Username is null || options.Password is null) return (null, "it shows the sign-in");
            if (!IsOwn(signIn.Action)) return (null, "the sign-in form is sent to another site");
            // Whoever changed the metadata on its way has named a host of their own.
            if (signIn.Action.GetLeftPart(UriPartial.Authority) != options.Issuer.GetLeftPart(UriPartial.Authority))
                return (null, "the sign-in is on another host than the issuer, and no password is sent there");
            if (!signIn.IsPost) return (null, "the sign-in form would put the password into a URL");
            hasTyped = true;
            return (await SendAsync(signIn, signIn.Filled(signIn.Allow, (signIn.Username, options.Username), (signIn.Password,
                options.Password)),
                cancel), null);
        }

        // The name first, on a page of its own.
        if (forms.Find(form => form.Username is not null) is { } name && options.Username is not null && !hasTyped && IsOwn(name.Action))
            return (await SendAsync(name, name.Filled(name.Allow, (name.Username, options.Username)), cancel), null);
        if (page.Status < 400 && forms.Find(form => form.IsPost && form.Allow is not null && IsOwn(form.Action)) is { } consent)
            return (await SendAsync(consent, consent.Filled(consent.Allow), cancel), null);
        return (null, page.Status switch
        {
            429 => "too many requests; try again in a minute",
            >= 500 => $"a fault, {page.Status}",
            >= 400 => null,
            _ => "a page whose form cannot be filled in without a script",
        });
    }

    private Task<RemoteAnswer> SendAsync(HtmlForm form, IEnumerable<(string, string)> fields, CancellationToken cancel) =>
        form.IsPost ? remote.PostAsync(form.Action, fields, cancel, AcceptsPages,
                ("Origin", form.Action.GetLeftPart(UriPartial.Authority)), ("Referer", form.Action.GetLeftPart(UriPartial.Authority) + "/"))
            : remote.GetAsync(Examination.WithQuery(new Uri(form.Action.GetLeftPart(UriPartial.Path)), fields), cancel, AcceptsPages);

    private bool IsOwn(Uri url) => url.GetLeftPart(UriPartial.Authority) == authorize.GetLeftPart(UriPartial.Authority);

    // Or where a wrong redirect URI of ours leads. Nothing is ever sent there.
    private bool IsClient(Uri url)
    {
        var client = new Uri(options.RedirectUri);
        return url.GetLeftPart(UriPartial.Path) == client.GetLeftPart(UriPartial.Path)
            || (!IsOwn(url) && (url.GetLeftPart(UriPartial.Authority) == client.GetLeftPart(UriPartial.Authority)
                || url.Host == new Uri(Examination.Nowhere).Host));
    }
}
