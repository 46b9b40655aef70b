namespace OAuthServer.Html;

/// <summary>Small drawings in the colour of the text beside them. Each is one path; those who hear the page do not meet them.</summary>
public static class Icons
{
    public static Markup Caution { get; } = Draw(
        "m12 9v5m0 3v.01M10.3 4 2.6 17.5A2 2 0 0 0 4.3 20.5h15.4a2 2 0 0 0 1.7-3L13.7 4a2 2 0 0 0-3.4 0Z");

    public static Markup Wrong { get; } = Draw("m12 7.5v5.5m0 3v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z");

    public static Markup Done { get; } = Draw("m8 12.5 2.8 2.8L16.2 9.5M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z");

    /// <summary>A host on the internet.</summary>
    public static Markup Globe { get; } = Draw(
        "m3 12h18M12 3c2.6 2.6 3.8 5.7 3.8 9s-1.2 6.4-3.8 9c-2.6-2.6-3.8-5.7-3.8-9S9.4 5.6 12 3Zm0 18a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z");

    public static Markup Computer { get; } = Draw(
        "m8.5 20.5h7M12 16.5v4M4.5 4h15A1.5 1.5 0 0 1 21 5.5v9.5a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 15V5.5A1.5 1.5 0 0 1 4.5 4Z");

    private static Markup Draw(string path) => $"""<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{path}"/></svg>""";
}
