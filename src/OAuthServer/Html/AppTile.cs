using System.Globalization;

namespace OAuthServer.Html;

/// <summary>An app's initial on a tile: drawn here, since a picture the app names would tell its host who is looking.</summary>
public static class AppTile
{
    /// <summary>The same for what is no app.</summary>
    public static Markup Of(Markup drawing) => $"""<span class="tile" aria-hidden="true">{drawing}</span>""";

    /// <param name="name">As the app gave it.</param>
    public static Markup Of(string name, Language say) =>
        $"""<span class="tile" aria-hidden="true"><bdi>{StringInfo.GetNextTextElement(say.App(name)).ToUpperInvariant()}</bdi></span>""";
}
