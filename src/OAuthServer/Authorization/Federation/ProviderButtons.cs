using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization.Federation;

/// <summary>The companies of the sign-in page, a form each.</summary>
internal static class ProviderButtons
{
    /// <summary>What failed at a company just now, with another try; or that this server asks in its place; or nothing.</summary>
    /// <param name="fields">The hidden fields of the page's forms.</param>
    public static Markup Problem(Offers offers, Markup fields, Settings settings, Language say)
    {
        if (offers.WithoutTime is { } silent)
            return $"""
                <p class="note">{say.Put("{0} does not say when you signed in. Enter your password to go on.",
                    FederationText.Name(silent))}</p>
                """;
        if (offers.Failed is not var (provider, error)) return Markup.None;
        Markup again = error.RetryAfter is not null ? Markup.None : Button(provider, fields, $"{say["Try again"]}", settings);
        return $"""
            <p class="error" id="company-problem" role="alert">{Icons.Wrong}{FederationText.Say(error, provider, say)}</p>
            {again}
            """;
    }

    /// <summary>The buttons.</summary>
    public static Markup Section(Offers offers, Markup fields, Settings settings, Language say)
    {
        if (offers.Providers.Count == 0) return Markup.None;
        Markup or = offers.HasPassword ? $"""<p class="note">{say["Or sign in with your company:"]}</p>""" : Markup.None;
        return $"""
            {or}
            {offers.Providers.Select(one => Button(one, fields, say.Put("Continue with {0}", FederationText.Name(one)), settings))}
            """;
    }

    private static Markup Button(Provider provider, Markup fields, Markup text, Settings settings) => $"""
        <form method="post" action="{settings.IssuerPath}{Paths.Federation}/{provider.Id}">
        {fields}
        <button type="submit">{text}</button>
        </form>
        """;
}
